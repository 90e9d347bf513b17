import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { debianPrograms } from '../slow/tools.ts';

interface Step {
  readonly id?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const file = resolve(import.meta.dirname, '../../.github/workflows/promote.yml');
const { jobs } = parse(readFileSync(file, 'utf8')) as { jobs: { stages: { steps: readonly Step[] } } };
const step = jobs.stages.steps.find(({ id }) => id === 'stages');

beforeAll(() => debianPrograms({ jq: 'jq' }));

/** Runs the step that looks at the stages, as the runner does. */
function check(stages: unknown, path = process.env['PATH']) {
  const STAGES = typeof stages === 'string' ? stages : JSON.stringify(stages);
  const { status, stdout, stderr, error } = spawnSync(
    '/bin/bash',
    ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step?.run ?? ''],
    { encoding: 'utf8', env: { ...step?.env, PATH: path, STAGES } },
  );
  if (error) throw error;
  expect(stderr).toBe('');
  return { status, lines: stdout.split('\n').filter((line) => line !== '') };
}

const stage = { environment: 'production' };

describe('the stages of a promotion', () => {
  it('pass with every key that there is, and with numbers', () => {
    const keys = step?.env?.['KEYS']?.split(' ') ?? [];
    const full = Object.fromEntries(keys.map((key) => [key, key]));
    for (const stages of [[stage], [{ ...stage, 'backup-keep': 7, config: '' }], Array(4).fill(full)]) {
      expect(check(stages)).toEqual({ status: 0, lines: [] });
    }
  });

  it('are told every mistake, each with its stage', () => {
    const { status, lines } = check([
      { environment: 'production', 'aproval-environment': 'ops' },
      { service: 'web' },
      'production',
      { ...stage, gates: ['crashes = 0'] },
    ]);
    expect(status).toBe(1);
    expect(lines).toEqual([
      expect.stringMatching(
        /^::error::stages: stage 1 has the unknown key "aproval-environment"; a stage takes environment, approval-environment, /,
      ),
      '::error::stages: stage 2 has no environment',
      '::error::stages: stage 3 is no object such as {"environment": "production"}',
      '::error::stages: stage 4: gates is neither a text nor a number',
    ]);
  });

  it.each([
    [[], 'has 0 stages; one to four are possible'],
    [Array(5).fill(stage), 'has 5 stages; one to four are possible'],
    [stage, 'is no JSON list of stages'],
    ['', 'is no JSON list of stages'],
    [`${JSON.stringify([stage])} []`, 'is no JSON list of stages'],
    [[{ environment: '' }], 'stage 1 has no environment'],
    ['[{ environment: production }]', 'is no JSON: '],
  ])('%j are refused', (stages, problem) => {
    const { status, lines } = check(stages);
    expect(status).toBe(1);
    expect(lines).toEqual([expect.stringContaining(`::error::stages: ${problem}`)]);
  });

  it('cannot break a line of the log', () => {
    const { lines } = check([{ ...stage, 'a\n::warning::b': 'c' }]);
    expect(lines).toHaveLength(1);
  });

  it('are not taken where jq is missing', () => {
    const { status, lines } = check([stage], dirname(file));
    expect(status).toBe(1);
    expect(lines).toEqual(['::error::The check of the input stages needs jq on the runner']);
  });
});
