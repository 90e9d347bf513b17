import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Capacity, canaryTasks, type Load, measureLoad } from '../../src/rollout/capacity.ts';

const AUTO: Capacity = { mode: 'auto', atLeast: 1 };
const FULL: Capacity = { mode: 'full', atLeast: 1 };

describe('measureLoad', () => {
  const size = { initial: 10, now: 10, share: 0, canary: 0, least: 2 };

  it.each<[string, Partial<typeof size>, Load | undefined, Load]>([
    ['is what stable had in the beginning', {}, undefined, { stable: 10, total: 10 }],
    [
      'is more where stable was raised before any traffic moved',
      { now: 14 },
      undefined,
      { stable: 14, total: 14 },
    ],
    [
      'takes the tasks that the autoscaler has added for what half of the traffic needs',
      { now: 12, share: 50 },
      { stable: 10, total: 10 },
      { stable: 12, total: 24 },
    ],
    [
      'stays what it was when the share rises and stable does not',
      { now: 12, share: 90 },
      { stable: 12, total: 13 },
      { stable: 12, total: 13 },
    ],
    [
      'is not more than stable where a raised minimum has added its tasks',
      { now: 16, share: 50, least: 16 },
      { stable: 10, total: 10 },
      { stable: 16, total: 16 },
    ],
    [
      'no more than doubles at one look',
      { now: 11, share: 90 },
      { stable: 10, total: 10 },
      { stable: 11, total: 22 },
    ],
    [
      'does not shrink when somebody takes tasks from stable',
      { now: 4, share: 50 },
      { stable: 12, total: 24 },
      { stable: 4, total: 24 },
    ],
    [
      'learns little from stable when it has no traffic',
      { now: 30, share: 100 },
      { stable: 12, total: 24 },
      { stable: 30, total: 30 },
    ],
    [
      'is at least what an earlier run has given the canary',
      { now: 12, share: 100, canary: 24 },
      undefined,
      { stable: 12, total: 24 },
    ],
  ])('%s', (_, seen, before, load) => {
    expect(measureLoad(AUTO, { ...size, ...seen }, before)).toEqual(load);
  });

  it('grows with the requests where the tasks are there for them', () => {
    expect(measureLoad(AUTO, { ...size, growth: 1.5 }).total).toBe(15);
    // As few as there ever are may have room for many more requests.
    expect(measureLoad(AUTO, { ...size, least: 10, growth: 1.5 }).total).toBe(10);
  });

  it('does not take the least number of canary tasks for a load', () => {
    expect(measureLoad({ mode: 'auto', atLeast: 20 }, { ...size, canary: 20 }).total).toBe(10);
  });
});

describe('canaryTasks', () => {
  const load = { stable: 10, total: 10 };

  it.each<[string, Capacity, number, number]>([
    ['one at least', AUTO, 1, 1],
    ['rounds up', AUTO, 25, 3],
    ['exactly, where it fits', AUTO, 30, 3],
    ['all at 100%', AUTO, 100, 10],
    ['the whole service from the start', FULL, 1, 10],
    ['the number that is asked for', { mode: 'auto', atLeast: 4 }, 5, 4],
    ['more than that where the share needs it', { mode: 'auto', atLeast: 4 }, 50, 5],
    ['more than the service where that is asked for', { mode: 'full', atLeast: 12 }, 5, 12],
  ])('%s', (_, capacity, weight, tasks) => {
    expect(canaryTasks(capacity, load, weight)).toBe(tasks);
  });

  it('is never one too many by the rounding of binary fractions', () => {
    expect(canaryTasks(AUTO, { stable: 100, total: 100 }, 7)).toBe(7);
    expect(canaryTasks(AUTO, { stable: 100, total: 100 }, 55)).toBe(55);
  });

  it('gives a share of the tasks that is never smaller than the share of the traffic', () => {
    const anyCapacity = fc.record({
      mode: fc.constantFrom<Capacity['mode']>('auto', 'full'),
      atLeast: fc.integer({ min: 1, max: 20 }),
    });
    const anySize = fc.record({
      initial: fc.integer({ min: 1, max: 200 }),
      now: fc.integer({ min: 1, max: 200 }),
      share: fc.integer({ min: 0, max: 100 }),
      canary: fc.integer({ min: 0, max: 200 }),
    });
    fc.assert(
      fc.property(anyCapacity, anySize, fc.integer({ min: 1, max: 100 }), (capacity, size, weight) => {
        const found = measureLoad(capacity, size);
        const tasks = canaryTasks(capacity, found, weight);
        expect(tasks).toBeGreaterThanOrEqual((Math.max(size.initial, size.now) * weight) / 100 - 1e-6);
        expect(tasks).toBeGreaterThanOrEqual(capacity.atLeast);
        expect(found.total).toBeGreaterThanOrEqual(Math.max(size.initial, size.now));
        expect(measureLoad(capacity, size, found)).toEqual(found);
      }),
    );
  });
});
