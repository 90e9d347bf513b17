import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readInputs } from '../../src/actions/canary/inputs.ts';
import { ConfigError } from '../../src/errors.ts';

const SCHEMA = resolve(import.meta.dirname, '../../actions/canary/config.schema.json');

const GOOD = `
cluster: production
service: shop
task-definition: taskdef.json
steps:
  - 10% for 5m
  - 100% for 5m
gates:
  - error-rate < 1% abort > 2%
  - metric checkouts > 5
  - metric failures < 0.1
alarms: [errors, 'latency, p95']
min-requests: 50
on-no-evidence: proceed
dry-run: true
metrics:
  checkouts:
    namespace: Shop
    metric: Checkouts
    stat: Sum
    dimensions: { Service: '{service}' }
  failures:
    expression: failed / total
    metrics:
      failed: { namespace: Shop, metric: Failed, stat: Sum }
      total: { namespace: Shop, metric: Orders, stat: Sum }
`;

let workspace: string;
beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), 'deploy-actions-config-'));
});
afterAll(() => rmSync(workspace, { recursive: true }));

const noStacks = () => Promise.reject(new Error('no stack is named'));

const read = (config: string, inputs: Record<string, string> = {}) => {
  writeFileSync(join(workspace, 'canary.yml'), config);
  return readInputs(
    (name) => ({ config: 'canary.yml', ...inputs })[name] ?? '',
    workspace,
    noStacks,
    'eu-west-1',
  );
};

const problems = async (config: string, inputs?: Record<string, string>): Promise<string[]> => {
  const error = await read(config, inputs).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).problems.map(({ input, message }) => `${input}: ${message}`);
};

describe('a config file', () => {
  it('says what the inputs could say, and inputs win over it', async () => {
    const inputs = await read(GOOD, { 'min-requests': '7' });
    expect(inputs).toMatchObject({
      cluster: 'production',
      plan: [
        { weight: 10, bakeMs: 300_000 },
        { weight: 100, bakeMs: 300_000 },
      ],
      alarms: ['errors', 'latency, p95'],
      minRequests: 7,
      onNoEvidence: 'proceed',
      dryRun: true,
      customMetrics: { checkouts: { stat: 'Sum', dimensions: { Service: '{service}' } } },
    });
    expect(inputs.gates.map(({ text }) => text)).toContain('metric failures < 0.1');
  });

  it('is valid by the published schema exactly where it can be read', async () => {
    const validate = new Ajv2020().compile(JSON.parse(readFileSync(SCHEMA, 'utf8')));
    expect(validate(parse(GOOD)), JSON.stringify(validate.errors)).toBe(true);
    const bad = [
      'gate: error-rate < 1%',
      'strategy: fast',
      'on-no-evidence: wait',
      'alarms: { a: b }',
      'metrics: { x: { metric: y } }',
      'metrics: { x: { expression: a } }',
      'min-requests: 0',
    ];
    for (const line of bad) {
      expect(validate(parse(line)), line).toBe(false);
      expect((await problems(`cluster: a\nservice: b\ntask-definition: c\n${line}\n`)).length, line).toBe(1);
    }
  });

  it('names a key that is not known, and the one that was meant', async () => {
    expect(await problems('clutser: a\nservice: b\n')).toEqual([
      'canary.yml: clutser: is not a setting; did you mean cluster?',
    ]);
  });

  it('names the line where it is not YAML, and a file that is not there', async () => {
    expect(await problems('a: [1\nb: 2\n')).toEqual([
      expect.stringMatching(/^config: canary.yml is not YAML: line \d+/),
    ]);
    expect(await problems('', { config: 'none.yml' })).toEqual([
      expect.stringMatching(/^config: none.yml does not exist in .*is actions\/checkout missing/),
    ]);
  });

  it('is never needed: all problems of plain inputs come at once', async () => {
    const inputs = {
      config: '',
      steps: '50%',
      gates: 'speed > 1',
      stickiness: '9',
      capacity: '-1',
      'dry-run': 'yes',
    };
    expect((await problems('', inputs)).map((line) => line.split(':')[0])).toEqual([
      'cluster',
      'service',
      'task-definition',
      'steps line 1',
      'gates line 1',
      'stickiness',
      'capacity',
      'dry-run',
    ]);
  });

  it('names a bake that does not fit the steps beside all other problems', async () => {
    const found = await problems(GOOD, {
      'min-requests': 'many',
      bake: 'until-confident (min 7m)',
    });
    expect(found).toHaveLength(2);
    expect(found.join('\n')).toMatch(/min-requests.*many/);
    expect(found.join('\n')).toMatch(/bake.*7m/s);
  });

  it('that cannot be read hides no problem of the inputs, and what it may hold is not missed', async () => {
    const found = await problems(GOOD, { config: 'nope.yml', strategy: 'fast', capacity: '-1' });
    expect(found.map((line) => line.split(':')[0])).toEqual(['config', 'strategy', 'capacity']);
  });
});
