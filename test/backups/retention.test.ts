import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOwn, marksFor, type Occasion } from '../../src/backups/marks.ts';
import { expendable } from '../../src/backups/retention.ts';
import type { Snapshot } from '../../src/backups/source.ts';
import { ORDERS, snapshotOf } from './a-source.ts';

const HERE: Occasion = {
  repository: 'https://github.com/org/shop',
  run: 'https://github.com/org/shop/actions/runs/1001',
  step: 'deploy/backup',
  commit: '',
  label: 'pre-deploy',
};

/** What this action makes, on some run. */
const ours = (run: number, given: Partial<Snapshot> = {}, occasion: Partial<Occasion> = {}): Snapshot => {
  const id = `orders-${occasion.label ?? HERE.label}-20260105-${run}`;
  const of = { ...HERE, run: `${HERE.repository}/actions/runs/${run}`, ...occasion };
  return snapshotOf(ORDERS, { id, beganAt: run, tags: marksFor(id, ORDERS, of), ...given });
};

const idsOf = (some: readonly Snapshot[]) => some.map(({ id }) => id);

test('deletes the oldest of its own beyond those that are kept', () => {
  const there = [ours(3), ours(1), ours(2), ours(1001)];
  expect(idsOf(expendable(there, ORDERS, HERE, 2, new Set()))).toEqual([ours(2).id, ours(1).id]);
  expect(expendable(there, ORDERS, HERE, 4, new Set())).toEqual([]);
});

test('keeps what this run hands on, and what it has made, however old', () => {
  const there = [ours(5), ours(4), ours(3, {}, { run: HERE.run }), ours(2)];
  expect(idsOf(expendable(there, ORDERS, HERE, 1, new Set([ours(4).id])))).toEqual([ours(2).id]);
});

test('counts copies by themselves', () => {
  const copy = (run: number) => {
    const id = `${ours(run).id}-enc`;
    return { ...ours(run), id, tags: marksFor(id, ORDERS, { ...HERE, run: `${run}` }, ours(run).id) };
  };
  const there = [ours(1), copy(1), ours(2), copy(2)];
  expect(idsOf(expendable(there, ORDERS, HERE, 1, new Set()))).toEqual([ours(1).id, copy(1).id]);
});

/** One way each in which a snapshot is not a finished one that this action has made for this very database. */
const STRANGERS: Readonly<Record<string, (one: Snapshot) => Snapshot>> = {
  'taken by hand': (one) => ({ ...one, tags: {} }),
  'taken by hand of a database that was tagged with our marks': (one) => ({ ...one, id: 'orders-by-hand' }),
  'copied by hand with its tags': (one) => ({ ...one, id: `${one.id}-2` }),
  'taken by AWS': (one) => ({ ...one, manual: false }),
  'of another database of the same name': (one) => ({ ...one, sourceIdentity: 'db-2' }),
  'of another kind': (one) => ({ ...one, kind: 'db-cluster' }),
  'of another database': (one) => ({
    ...one,
    tags: { ...one.tags, 'deploy-actions:backup-of': 'db-instance/shop' },
  }),
  'of another label': (one) => ({ ...one, tags: { ...one.tags, 'deploy-actions:label': 'nightly' } }),
  'of another repository': (one) => ({
    ...one,
    tags: { ...one.tags, 'deploy-actions:repository': 'https://github.com/org/other' },
  }),
  unfinished: (one) => ({ ...one, status: 'creating' }),
  failed: (one) => ({ ...one, status: 'failed' }),
  'of an unknown time': (one) => {
    const { beganAt: _began, ...rest } = one;
    return rest;
  },
};

test.each(Object.entries(STRANGERS))('never deletes one that is %s', (_, make) => {
  const there = [make(ours(1)), ours(2), ours(3)];
  expect(idsOf(expendable(there, ORDERS, HERE, 1, new Set()))).toEqual([ours(2).id]);
});

test('nothing but finished snapshots of its own goes, the newest stay, and so does all of this run', () => {
  const strange = Object.values(STRANGERS);
  const one = fc.record({
    run: fc.integer({ min: 990, max: 1_010 }),
    began: fc.integer({ min: 0, max: 50 }),
    stranger: fc.option(fc.nat(strange.length - 1)),
    own: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 30 }), fc.integer({ min: -1, max: 6 }), (drawn, keep) => {
      const there = drawn.map(({ run, began, stranger, own }, index) => {
        const made = ours(run * 100 + index, { beganAt: began }, own ? { run: HERE.run } : {});
        return stranger === null ? made : (strange[stranger] ?? ((same) => same))(made);
      });
      const used = new Set(there.slice(0, 1).map(({ id }) => id));
      const going = new Set(expendable(there, ORDERS, HERE, keep, used));
      const mine = there.filter(
        (each) => isOwn(each, ORDERS, HERE) && each.status === 'available' && each.beganAt !== undefined,
      );
      for (const each of going) {
        expect(mine).toContain(each);
        expect(used.has(each.id)).toBe(false);
        expect(each.tags['deploy-actions:run']).not.toBe(HERE.run);
      }
      const staying = mine.filter((each) => !going.has(each));
      expect(staying.length).toBeGreaterThanOrEqual(Math.min(mine.length, Math.max(1, keep)));
      // No snapshot goes that is newer than one that stays for its age alone.
      const newest = [...mine]
        .sort((a, b) => (b.beganAt ?? 0) - (a.beganAt ?? 0))
        .slice(0, Math.max(1, keep));
      const oldestKept = Math.min(...newest.map(({ beganAt = 0 }) => beganAt));
      for (const { beganAt = 0 } of going) expect(beganAt).toBeLessThanOrEqual(oldestKept);
    }),
    { numRuns: 300 },
  );
});
