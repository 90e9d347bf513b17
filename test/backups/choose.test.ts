import { expect, test } from 'vitest';
import { choose } from '../../src/backups/choose.ts';
import { marksFor, type Occasion } from '../../src/backups/marks.ts';
import type { Snapshot } from '../../src/backups/source.ts';
import { ORDERS, snapshotOf } from './a-source.ts';

const NOW = Date.UTC(2026, 0, 5, 12);
const MINUTE = 60_000;
const HERE: Occasion = {
  repository: 'https://github.com/org/shop',
  run: 'https://github.com/org/shop/actions/runs/1001',
  step: 'deploy/backup',
  commit: 'd'.repeat(40),
  label: 'pre-deploy',
};
const EARLIER = { ...HERE, run: 'https://github.com/org/shop/actions/runs/999' };

const taken = (occasion: Occasion, minutesAgo: number, given: Partial<Snapshot> = {}): Snapshot => {
  const id = `orders-pre-deploy-20260105-${occasion.run.split('/').at(-1)}`;
  return snapshotOf(ORDERS, {
    id,
    beganAt: NOW - minutesAgo * MINUTE,
    tags: marksFor(id, ORDERS, occasion),
    ...given,
  });
};

test('makes one when there is none', () => {
  expect(choose([], HERE, NOW, 0).kind).toBe('make');
});

test('goes on with what this step has begun, however long ago', () => {
  const begun = taken(HERE, 600, { status: 'creating' });
  expect(choose([begun], HERE, NOW, 0)).toEqual({ kind: 'continue', snapshot: begun });
});

test('uses what an earlier attempt of this step has finished within the hour, and makes another one after that', () => {
  const recent = taken(HERE, 59);
  expect(choose([recent], HERE, NOW, 0)).toEqual({ kind: 'use', snapshot: recent, why: 'same-step' });
  expect(choose([taken(HERE, 61)], HERE, NOW, 0).kind).toBe('make');
});

test('another step of the run has a backup of its own', () => {
  expect(choose([taken({ ...HERE, step: 'deploy/second' }, 5)], HERE, NOW, 0).kind).toBe('make');
});

test('a finished one of another run serves only within the time that is given', () => {
  const other = taken(EARLIER, 30);
  expect(choose([other], HERE, NOW, 0).kind).toBe('make');
  expect(choose([other], HERE, NOW, 29 * MINUTE).kind).toBe('make');
  expect(choose([other], HERE, NOW, 30 * MINUTE)).toEqual({
    kind: 'use',
    snapshot: other,
    why: 'newer-than',
  });
});

test.each([
  ['unfinished', { status: 'creating' }],
  ['failed', { status: 'failed' }],
  ['of an unknown time', { beganAt: undefined }],
])('one of another run that is %s does not serve', (_, given) => {
  expect(choose([taken(EARLIER, 5, given as Partial<Snapshot>)], HERE, NOW, 60 * MINUTE).kind).toBe('make');
});

test('copies do not serve', () => {
  const copy = taken(EARLIER, 5);
  const tags = marksFor(copy.id, ORDERS, EARLIER, 'orders-pre-deploy-20260105-999');
  expect(choose([{ ...copy, tags }], HERE, NOW, 60 * MINUTE).kind).toBe('make');
});
