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

/** What a stage has come to: whether its jobs were green, and what its deploy says. */
type End = readonly [result: string, outcome?: string];
const PROMOTED: End = ['success', 'promoted'];
const SKIPPED: End = ['skipped'];

/** Whether a job runs after stages that have ended so, of so many that were asked for. */
function runs(name: string, ends: readonly End[], run: Status = 'success', count = 4): boolean {
  const needs = Object.fromEntries(
    [PROMOTED, ...ends].map(([result, outcome = ''], index) => [
      index === 0 ? 'image' : `stage-${index}`,
      { result, outputs: { outcome } },
    ]),
  );
  const contexts = { inputs: { stages: JSON.stringify(Array(count).fill({ environment: 'dev' })) }, needs };
  return holds(jobs[name]?.if, { contexts, status: run, jobStatus: run });
}

it('a stage follows the one before, whichever jobs were skipped there, and nothing but a promotion', () => {
  for (const index of [1, 2, 3]) {
    const follows = (end: End, run?: Status, count?: number) =>
      runs(`stage-${index + 1}`, [...Array(index - 1).fill(PROMOTED), end], run, count);
    expect(follows(PROMOTED)).toBe(true);
    // What GitHub's own success() says after a called workflow with a job that was skipped.
    expect(follows(PROMOTED, 'failure')).toBe(true);
    for (const result of ['failure', 'cancelled', 'skipped']) {
      expect(follows([result])).toBe(false);
      expect(follows([result, 'promoted'])).toBe(false);
    }
    // Green all the same: somebody else has deployed during the watch; the output is lost.
    expect(follows(['success', 'superseded'])).toBe(false);
    expect(follows(['success', ''])).toBe(false);
    expect(follows(PROMOTED, 'cancelled')).toBe(false);
    expect(follows(PROMOTED, 'success', index)).toBe(false);
  }
});

it('a promotion that ends before its last stage is never green', () => {
  const last = jobs['stopped'];
  expect(last?.needs).toEqual(['stage-1', 'stage-2', 'stage-3']);
  for (const ended of [1, 2, 3, 4]) {
    const after = (end: End, run?: Status, count?: number) => {
      const ends = [...Array(ended - 1).fill(PROMOTED), end, ...Array(4 - ended).fill(SKIPPED)];
      return runs('stopped', ends.slice(0, 3), run, count);
    };
    expect(after(PROMOTED)).toBe(false);
    for (const outcome of ['superseded', '']) {
      expect(after(['success', outcome])).toBe(ended < 4);
      // Nothing was to follow.
      expect(after(['success', outcome], 'success', ended)).toBe(false);
      expect(after(['success', outcome], 'cancelled')).toBe(false);
    }
    // Red, or cancelled, by itself.
    for (const result of ['failure', 'cancelled', 'skipped']) expect(after([result])).toBe(false);
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
