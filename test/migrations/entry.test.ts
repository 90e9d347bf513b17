import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Entry,
  entryText,
  MAX_STEPS,
  type MigrationPlan,
  type MigrationRecord,
  readEntry,
  type StepRecord,
} from '../../src/migrations/entry.ts';

const TASKS = 'arn:aws:ecs:eu-west-1:123456789012:task/prod/';
const RUN = 'https://github.com/org/web/actions/runs/1001/attempts/1';
const AT = Date.UTC(2026, 10, 21, 22);

const entry: Entry = {
  id: 'b2',
  after: 'a1',
  free: false,
  hold: {
    id: 'a1',
    holder: RUN,
    runKey: 'k1',
    since: AT,
    cluster: 'prod',
    startedBy: 'deploy-actions/1001',
    steps: [
      { token: 'first', task: `${TASKS}${'1'.repeat(32)}`, exitCode: 0 },
      { token: 'second', task: `${TASKS}${'2'.repeat(32)}` },
      { token: 'third' },
    ],
    plan: {
      command: 'alembic upgrade head',
      commit: 'c0ffee',
      service: 'web',
      compatible: false,
      backups: ['db-1'],
    },
  },
  past: [
    {
      holder: RUN,
      runKey: 'k0',
      at: AT - 1_000,
      outcome: 'migrated',
      command: 'knex migrate:latest',
      backups: [],
    },
  ],
};

const text = fc.string({ unit: 'binary', maxLength: 400 });
const plan: fc.Arbitrary<MigrationPlan> = fc.record(
  {
    command: text,
    commit: fc.string({ maxLength: 40 }),
    service: fc.string({ maxLength: 60 }),
    taskDefinition: fc.string({ maxLength: 300 }),
    compatible: fc.boolean(),
    backups: fc.array(fc.string({ maxLength: 255 }), { maxLength: 12 }),
  },
  { requiredKeys: ['command', 'backups'] },
);
const key = fc.stringMatching(/^[0-9a-f]{32}$/);
const time = fc.integer({ min: AT, max: AT + 1e9 });
const record: fc.Arbitrary<MigrationRecord> = fc
  .tuple(plan, key, time, fc.constantFrom('migrated' as const, 'failed' as const, 'unknown' as const))
  .map(([what, runKey, at, outcome]) => ({ ...what, runKey, at, outcome, holder: RUN }));
const step: fc.Arbitrary<StepRecord> = fc.record(
  {
    token: key,
    task: key.map((id) => `${TASKS}${id}`),
    exitCode: fc.integer({ min: -1, max: 255 }),
  },
  { requiredKeys: ['token'] },
);
const anyEntry: fc.Arbitrary<Entry> = fc
  .record({
    plan,
    steps: fc.array(step, { maxLength: MAX_STEPS }),
    past: fc.array(record, { maxLength: 20 }).map((all) => all.sort((a, b) => b.at - a.at)),
    record: fc.option(record, { nil: undefined }),
  })
  .map(({ plan: its, steps, past, record: ended }) => ({
    ...entry,
    hold: { ...entry.hold, plan: its, steps },
    past,
    free: ended !== undefined,
    ...(ended && { record: ended }),
  }));

const reread = (given: Entry): Entry => {
  const reading = readEntry(entryText(given));
  if (reading.kind !== 'entry') throw new Error(`read as ${reading.kind}`);
  return reading.entry;
};

describe('an entry of the lock', () => {
  it('is read as it was written', () => {
    expect(reread(entry)).toEqual(entry);
    const record: MigrationRecord = {
      ...entry.hold.plan,
      holder: RUN,
      runKey: 'k1',
      at: AT,
      outcome: 'failed',
    };
    expect(reread({ ...entry, free: true, record, forgotten: AT })).toEqual({
      ...entry,
      free: true,
      record,
      forgotten: AT,
    });
  });

  it('tells a person in the console who holds the lock, since when, and what runs', () => {
    expect(entryText(entry)).toMatchInlineSnapshot(`
      "{
      "lock": "held",
      "by": "https://github.com/org/web/actions/runs/1001/attempts/1",
      "since": "2026-11-21T22:00:00.000Z",
      "migration": {"command":"alembic upgrade head","commit":"c0ffee","service":"web","compatible":false,"backups":["db-1"]},
      "cluster": "prod",
      "startedBy": "deploy-actions/1001",
      "tasks": "arn:aws:ecs:eu-west-1:123456789012:task/prod/",
      "steps": ["first task 11111111111111111111111111111111 exit 0","second task 22222222222222222222222222222222","third"],
      "past": [{"outcome":"migrated","at":"2026-11-21T21:59:59.000Z","by":"https://github.com/org/web/actions/runs/1001/attempts/1","key":"k0","command":"knex migrate:latest"}],
      "key": "k1",
      "hold": "a1",
      "id": "b2",
      "after": "a1",
      "format": 1
      }"
    `);
  });

  it('fits into a standard parameter whatever the commands, and keeps what re-runs and rollbacks go by', () => {
    fc.assert(
      fc.property(anyEntry, (given) => {
        const written = entryText(given);
        expect(Buffer.byteLength(written)).toBeLessThanOrEqual(4_096);
        expect(written).not.toContain('{{');
        const read = reread(given);
        const outcomes = ({ hold }: Entry) => hold.steps.map(({ token, exitCode }) => [token, exitCode]);
        expect(outcomes(read)).toEqual(outcomes(given));
        const open = ({ hold }: Entry) => hold.steps.filter(({ exitCode }) => exitCode === undefined).at(-1);
        expect(open(read)).toEqual(open(given));
        expect(read.hold.plan.compatible).toBe((given.record ?? given.hold.plan).compatible);
        // A migration that may stop a rollback is either there, or known to be missing.
        for (const { at, compatible } of given.past) {
          const there = read.past.some((each) => each.at === at && each.compatible === compatible);
          expect(compatible === true || there || (read.forgotten ?? 0) >= at).toBe(true);
        }
      }),
      { seed: 20_261_121, numRuns: 150 },
    );
  });

  it('is not taken for nothing when a newer version has written it, and is when anybody else has', () => {
    expect(readEntry(entryText(entry).replace('"format": 1', '"format": 2'))).toEqual({ kind: 'newer' });
    for (const other of ['', 'free', '{}', '[1]', 'null', '{"format": 1}', '{"format": 1, "id": "x"}']) {
      expect(readEntry(other), other).toEqual({ kind: 'foreign' });
    }
  });

  it('takes no token that could be mistaken for something else', () => {
    const steps = [{ token: 'two words' }];
    expect(() => entryText({ ...entry, hold: { ...entry.hold, steps } })).toThrow('is no token');
  });
});
