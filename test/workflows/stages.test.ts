import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { holds, type Status } from './expressions.ts';

const WORKFLOWS = resolve(import.meta.dirname, '../../.github/workflows');

interface Workflow {
  readonly on: {
    readonly workflow_call: {
      readonly inputs: Readonly<Record<string, { type: string; description: string }>>;
    };
  };
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly if?: string;
        readonly with?: object;
        readonly needs?: unknown;
        readonly steps?: readonly { readonly id?: string; readonly env?: Readonly<Record<string, string>> }[];
      }
    >
  >;
}

const workflow = (name: string): Workflow =>
  parse(readFileSync(join(WORKFLOWS, `${name}.yml`), 'utf8')) as Workflow;

const { on, jobs } = workflow('promote');
const stages = Object.entries(jobs).filter(([name]) => name.startsWith('stage-'));

it('all stages of a promotion are the same but for their place', () => {
  const inPlace = stages.map(([, stage], index) =>
    JSON.parse(
      JSON.stringify({ ...stage, needs: undefined, if: undefined })
        .replaceAll(`fromJSON(inputs.stages)[${index}]`, 'STAGE')
        .replaceAll(`stage ${index + 1}`, 'stage'),
    ),
  );
  expect(inPlace).toEqual(Array(4).fill(inPlace[0]));
  expect(stages.map(([, { needs }]) => needs)).toEqual([
    'image',
    ['image', 'stage-1'],
    ['image', 'stage-2'],
    ['image', 'stage-3'],
  ]);
});

it('a stage follows the one before, whichever jobs were skipped there, and nothing but a success', () => {
  const follows = (index: number, before: string, run: Status = 'success', count = 4) => {
    const [, stage] = stages[index] ?? [];
    const needs = { image: { result: 'success' }, [`stage-${index}`]: { result: before } };
    const list = JSON.stringify(Array(count).fill({ environment: 'production' }));
    const contexts = { inputs: { stages: list }, needs };
    return holds(stage?.if, { contexts, status: run, jobStatus: run });
  };
  for (const index of [1, 2, 3]) {
    expect(follows(index, 'success')).toBe(true);
    // What GitHub's own success() says after a called workflow with a job that was skipped.
    expect(follows(index, 'success', 'failure')).toBe(true);
    for (const result of ['failure', 'cancelled', 'skipped']) expect(follows(index, result)).toBe(false);
    expect(follows(index, 'success', 'cancelled')).toBe(false);
    expect(follows(index, 'success', 'success', index)).toBe(false);
  }
});

it('a promotion hands on what it takes under the names and with the types of a deployment', () => {
  const theirs = workflow('deploy').on.workflow_call.inputs;
  const passed = Object.keys(stages[0]?.[1].with ?? {});
  expect(passed.filter((name) => !(name in theirs))).toEqual([]);
  const own = ['stages', 'image', 'images', 'repository', 'version', 'environment', 'role', 'region'];
  const shared = Object.entries(on.workflow_call.inputs).filter(([name]) => !own.includes(name));
  for (const [name, { type }] of shared) {
    expect(passed, name).toContain(name);
    expect(type, name).toBe(theirs[name]?.type);
  }
});

it('the keys that a stage may have are those that its job reads, and those that the input describes', () => {
  const [check] = jobs['stages']?.steps?.filter(({ id }) => id === 'stages') ?? [];
  const known = check?.env?.['KEYS']?.split(' ') ?? [];
  const read = [...JSON.stringify(stages).matchAll(/\bmatrix\.stage\.([\w-]+)/g)].map(([, key]) => key);
  expect(known.toSorted()).toEqual([...new Set(read)].toSorted());
  const [described = ''] = on.workflow_call.inputs['stages']?.description.split('. What a stage') ?? [];
  expect([...described.matchAll(/`([\w-]+)`/g)].map(([, key]) => key)).toEqual(known);
});
