import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  apply,
  beginHold,
  decodeHold,
  encodeHold,
  isInPlace,
  raiseTo,
  releaseOf,
  type ScalingState,
  withSchedule,
} from '../../src/rollout/scaling-hold.ts';

const FREE = { scaleIn: false, scaleOut: false, schedule: false };
const BEFORE: ScalingState = { min: 2, max: 10, suspended: FREE };
const NOW = Date.UTC(2026, 0, 5, 7, 30);
const hold = beginHold(BEFORE, NOW);
const both = withSchedule(hold, BEFORE, NOW);
const held = { ...FREE, scaleIn: true };
const heldBoth = { ...held, schedule: true };

describe('a hold', () => {
  it('is written and read again', () => {
    const bounds = fc.record({ min: fc.nat(99), max: fc.nat(9_999) });
    const some = fc.oneof(fc.constant({}), bounds, fc.record({ min: fc.nat(9) }));
    fc.assert(
      fc.property(
        fc.record({ scaleIn: fc.boolean(), scaleOut: fc.boolean(), schedule: fc.boolean() }),
        fc.boolean(),
        bounds,
        some,
        some,
        (before, holdsSchedule, between, set, setBefore) => {
          const any = { before, holdsSchedule, since: NOW, bounds: between, set, setBefore };
          const text = encodeHold(any);
          expect(decodeHold(text)).toEqual(any);
          expect(text).toMatch(/^[\w =:.-]{1,256}$/);
        },
      ),
    );
  });

  it('of an older version held the schedule as a whole, and the oldest scale-in alone', () => {
    const old = decodeHold('scale-in-suspended=false scale-out-suspended=true schedule-suspended=false');
    expect(releaseOf(old, { ...BEFORE, suspended: heldBoth }, undefined).change).toEqual({
      suspended: FREE,
    });
    const oldest = decodeHold('scale-in-suspended=false');
    expect(releaseOf(oldest, { ...BEFORE, suspended: heldBoth }, undefined).change).toEqual({
      suspended: { ...FREE, schedule: true },
    });
  });

  it('is in place when all that it suspends is', () => {
    const seen = (suspended: typeof FREE) =>
      [hold, both].map((each) => isInPlace(each, { ...BEFORE, suspended }));
    expect([FREE, held, heldBoth, { ...FREE, schedule: true }].map(seen)).toEqual([
      [false, false],
      [true, false],
      [true, true],
      [false, false],
    ]);
  });
});

describe('scheduled actions', () => {
  it('leave what the last one of each bound has set', () => {
    expect(apply(BEFORE, [{ min: 8, max: 20 }, { min: 3 }])).toMatchObject({ min: 3, max: 20 });
  });

  it('that would turn the bounds round do nothing', () => {
    expect(apply(BEFORE, [{ min: 11 }, { max: 1 }])).toMatchObject({ min: 2, max: 10 });
  });

  it('raise the bounds in the middle of a rollout, and never lower them', () => {
    expect(raiseTo({ min: 8, max: 20 }, BEFORE)).toEqual({ min: 8, max: 20 });
    expect(raiseTo({ min: 1, max: 5 }, BEFORE)).toEqual({});
    expect(raiseTo({ min: 4, max: 5 }, BEFORE)).toEqual({ min: 4 });
  });
});

describe('a release', () => {
  it('gives scale-in free, and leaves alone what was not held', () => {
    const now = { ...BEFORE, max: 30, suspended: { ...heldBoth, scaleOut: true } };
    expect(releaseOf(hold, now, { min: 5, max: 6 })).toEqual({
      change: { suspended: { scaleIn: false, scaleOut: true, schedule: true } },
      said: [],
    });
  });

  it('keeps what its owner had suspended before', () => {
    const suspended = { scaleIn: true, scaleOut: true, schedule: true };
    const owners = beginHold({ ...BEFORE, suspended }, NOW);
    expect(releaseOf(owners, { ...BEFORE, suspended }, undefined)).toEqual({ said: [] });
  });

  it('sets what the schedule has missed in the same call, and so only once', () => {
    const due = { min: 8, max: 20 };
    const { change, said } = releaseOf(both, { ...BEFORE, suspended: heldBoth }, due);
    expect([change, said]).toEqual([{ suspended: FREE, min: 8, max: 20 }, []]);
    const after = { min: 4, max: 20, suspended: FREE };
    expect(releaseOf(both, after, due).change).toBeUndefined();
  });

  it('takes a raise back that the schedule itself has taken back meanwhile', () => {
    const raised = { ...both, set: { min: 8, max: 20 } };
    const now = { min: 8, max: 20, suspended: heldBoth };
    expect(releaseOf(raised, now, { min: 2, max: 10 }).change).toMatchObject({ min: 2, max: 10 });
    // The raise was written down, but its call was not made any more.
    expect(releaseOf(raised, { ...now, min: 2, max: 10 }, { min: 8, max: 20 }).change).toMatchObject({
      min: 8,
      max: 20,
    });
  });

  it('leaves bounds that somebody else has set, and says so', () => {
    const now = { min: 5, max: 10, suspended: heldBoth };
    const { change, said } = releaseOf(both, now, { min: 8, max: 20 });
    expect(change).toEqual({ suspended: FREE, max: 20 });
    expect(said).toEqual(['Somebody else has set its minimum to 5 tasks meanwhile, which stays.']);
    expect(releaseOf(both, { ...now, max: 4, min: 2 }, { min: 8, max: 20 }).change).toEqual({
      suspended: FREE,
      min: 4,
    });
  });

  it('leaves a hold alone that somebody else has ended, and says so', () => {
    const { change, said } = releaseOf(both, { ...BEFORE, suspended: FREE }, { min: 8, max: 20 });
    expect(change).toBeUndefined();
    expect(said).toHaveLength(2);
  });
});
