import { describe, expect, it } from 'vitest';
import type { Contestant, Side } from '../contestant.ts';
import { alarm } from './alarm.ts';
import { argo } from './argo.ts';
import { documents } from './documents.ts';
import { flagger } from './flagger.ts';
import { kayenta } from './kayenta.ts';
import { answers, side } from './play.ts';

const times = (count: number, minute: Side): readonly Side[] => Array(count).fill(minute);
const errors = (count: number, requests = 100): Side => side(requests, { errors: count });
const verySlow = (count: number, requests = 100): Side => side(requests, { slow: count, verySlow: count });
const NONE = side(0);
const WELL = side(100);

/** The minute in which a contestant rolls back. */
function rolledBack(
  contestant: Contestant,
  canary: readonly Side[],
  stable?: readonly Side[],
): number | undefined {
  const given = answers(contestant, canary, stable && { stable });
  return given.at(-1) === 'roll-back' ? given.length : undefined;
}

describe('fixed thresholds', () => {
  it('roll back in the first minute above 2%, not at 2%', () => {
    expect(rolledBack(documents('errors'), [NONE, errors(2), errors(3)])).toBe(3);
    expect(rolledBack(documents('slow'), [NONE, verySlow(5), verySlow(6)])).toBe(3);
  });

  it('end a step only below 1% over its minutes', () => {
    expect(rolledBack(documents('errors'), times(15, errors(1)))).toBe(15);
    expect(rolledBack(documents('errors'), [WELL, ...times(14, errors(1))])).toBeUndefined();
    expect(rolledBack(documents('slow'), times(15, side(100, { slow: 5 })))).toBeUndefined();
    expect(
      rolledBack(documents('slow'), [side(100, { slow: 6 }), ...times(14, side(100, { slow: 5 }))]),
    ).toBe(15);
  });

  it('count each step for itself, and one without requests as not shown', () => {
    expect(rolledBack(documents('errors'), [...times(15, WELL), ...times(15, errors(1))])).toBe(30);
    expect(rolledBack(documents('errors'), times(15, NONE))).toBe(15);
    expect(rolledBack(documents('slow'), times(15, NONE))).toBe(15);
  });
});

describe('Flagger', () => {
  it('rolls back at the fifth failed check of all, where no requests fail a check and the threshold does not', () => {
    const failing = [errors(2), WELL, NONE, errors(1), errors(100), WELL, errors(2)];
    expect(rolledBack(flagger('errors'), [...failing, ...times(20, WELL), errors(2)])).toBe(28);
    expect(rolledBack(flagger('errors'), [...failing, ...times(20, WELL)])).toBeUndefined();
    expect(rolledBack(flagger('slow'), [verySlow(1), ...times(5, verySlow(2))])).toBe(6);
  });

  it('leaves a step after as many passed checks as it has minutes', () => {
    const given = answers(flagger('errors'), [errors(2), WELL, WELL, errors(2), WELL, WELL, WELL, WELL], {
      minutes: 3,
    });
    expect(given).toEqual(['stay', 'stay', 'stay', 'stay', 'go-on', 'stay', 'stay', 'go-on']);
  });
});

describe('Argo Rollouts', () => {
  it('aborts at the fourth failed measurement of five minutes, which 95% do not fail', () => {
    expect(rolledBack(argo('errors'), times(45, errors(5)))).toBeUndefined();
    expect(rolledBack(argo('errors'), times(45, errors(6)))).toBe(20);
    expect(rolledBack(argo('slow'), times(45, verySlow(5)))).toBeUndefined();
    expect(rolledBack(argo('slow'), times(45, verySlow(6)))).toBe(20);
  });

  it('fails a measurement without requests, and counts failures over the whole rollout', () => {
    const bad = [...times(4, WELL), errors(26)];
    expect(rolledBack(argo('errors'), [...bad, ...times(10, WELL), ...times(5, NONE), ...bad, ...bad])).toBe(
      30,
    );
  });
});

describe('Kayenta', () => {
  const varied = (base: number, count = 15): readonly Side[] =>
    Array.from({ length: count }, (_, minute) => errors(base + (minute % 3), 1000));

  it('judges at the end of a step, over all minutes of the rollout', () => {
    expect(rolledBack(kayenta('errors'), varied(12), varied(5))).toBe(15);
    expect(rolledBack(kayenta('errors'), varied(5), varied(12))).toBeUndefined();
    // Those minutes alone are High, but not behind a step that was well.
    expect(rolledBack(kayenta('errors'), [...varied(5), ...varied(12)], varied(5, 30))).toBeUndefined();
  });

  it('passes equal samples, and tells constant ones apart', () => {
    expect(rolledBack(kayenta('errors'), varied(20), varied(20).toReversed())).toBeUndefined();
    expect(rolledBack(kayenta('errors'), [NONE, ...times(14, WELL)], times(15, WELL))).toBeUndefined();
    expect(rolledBack(kayenta('errors'), times(15, errors(2)), times(15, errors(1)))).toBe(15);
    expect(rolledBack(kayenta('slow'), times(15, verySlow(100)), times(15, WELL))).toBe(15);
  });

  it('rolls back without data, and passes where no interval can be had', () => {
    expect(rolledBack(kayenta('errors'), times(15, NONE), times(15, WELL))).toBe(15);
    expect(rolledBack(kayenta('errors'), [errors(100), ...times(14, NONE)], times(15, WELL))).toBeUndefined();
  });
});

describe('a CloudWatch alarm', () => {
  it('rolls back after two breaching minutes, not on the threshold', () => {
    expect(rolledBack(alarm('errors'), [errors(2), errors(1), errors(2), errors(2)])).toBe(4);
    expect(rolledBack(alarm('slow'), [verySlow(6), verySlow(5), verySlow(6), verySlow(6)])).toBe(4);
  });

  it('skips minutes without requests within its last four', () => {
    expect(rolledBack(alarm('errors'), [WELL, errors(2), NONE, errors(2)])).toBe(4);
    expect(rolledBack(alarm('errors'), [WELL, errors(2), NONE, NONE])).toBeUndefined();
    expect(rolledBack(alarm('errors'), [WELL, NONE, NONE, NONE, errors(2), WELL])).toBeUndefined();
  });

  it('takes a lone breaching minute once a newer one is missing', () => {
    expect(rolledBack(alarm('errors'), [errors(2)])).toBeUndefined();
    expect(rolledBack(alarm('errors'), [errors(2), NONE])).toBe(2);
    expect(rolledBack(alarm('errors'), times(15, NONE))).toBeUndefined();
  });
});
