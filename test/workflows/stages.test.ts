import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

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
