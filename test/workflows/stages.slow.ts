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
const { jobs } = parse(readFileSync(file, 'utf8')) as {
  readonly jobs: Readonly<Record<'stages' | 'stopped', { readonly steps: readonly Step[] }>>;
};
const step = jobs.stages.steps.find(({ id }) => id === 'stages');
const [stop] = jobs.stopped.steps;

beforeAll(() => debianPrograms({ jq: 'jq' }));

/** Runs a step as the runner does. */
function perform({ run = '', env: own }: Step = {}, env: Readonly<Record<string, string | undefined>> = {}) {
  const { status, stdout, stderr, error } = spawnSync(
    '/bin/bash',
    ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run],
    { encoding: 'utf8', env: { ...own, PATH: process.env['PATH'], ...env } },
  );
  if (error) throw error;
  expect(stderr).toBe('');
  return { status, lines: stdout.split('\n').filter((line) => line !== '') };
}

/** Runs the step that looks at the stages. */
function check(stages: unknown, path = process.env['PATH']) {
  const STAGES = typeof stages === 'string' ? stages : JSON.stringify(stages);
  return perform(step, { PATH: path, STAGES });
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

describe('a promotion that does not go on', () => {
  const STAGES = JSON.stringify(['dev', 'staging', 'production'].map((environment) => ({ environment })));
  const stopped = (...ends: readonly object[]) => {
    const skipped = { result: 'skipped', outputs: {} };
    const [first = skipped, second = skipped, third = skipped] = ends;
    const needs = { 'stage-1': first, 'stage-2': second, 'stage-3': third };
    return perform(stop, { STAGES, NEEDS: JSON.stringify(needs) });
  };

  it('names the stage that did not see the version through, why, and what to do', () => {
    const outputs = { outcome: 'superseded', reason: 'web runs web:3,\nnot web:2' };
    expect(stopped({ result: 'success', outputs })).toEqual({
      status: 1,
      lines: [
        '::error::staging was not begun: dev did not see this version through (superseded: web runs web:3, not web:2). Run all jobs of this promotion again to bring it there once more, or promote the version that dev is to run',
      ],
    });
  });

  it.each([{}, { reason: '' }])(
    'says no more than is known where a masked value has taken the reason: %j',
    (rest) => {
      const { lines } = stopped({ result: 'success', outputs: { outcome: 'superseded', ...rest } });
      expect(lines).toEqual([expect.stringContaining('through (superseded). Run all jobs')]);
    },
  );

  it.each([{}, { outcome: '', reason: '' }])('fails also where nothing is known of it: %j', (outputs) => {
    const promoted = { result: 'success', outputs: { outcome: 'promoted', reason: 'all steps passed' } };
    const { status, lines } = stopped(promoted, { result: 'success', outputs });
    expect(status).toBe(1);
    expect(lines).toEqual([
      expect.stringContaining(
        '::error::production was not begun: staging did not see this version through (its deploy tells no outcome).',
      ),
    ]);
  });
});
