import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shareOf, split, type WeightedGroup } from '../../src/rollout/weights.ts';
import { CANARY, STABLE, sameProportions } from './model-world.ts';

const OTHER = 'arn:other/1';

const groups = (stable: number, other?: number): readonly WeightedGroup[] => [
  ...(other === undefined ? [] : [{ arn: OTHER, weight: other }]),
  { arn: STABLE, weight: stable },
];

/** The weights of the other group (if any), stable and canary. */
const weights = (original: readonly WeightedGroup[], share: number) =>
  split(original, STABLE, CANARY, share)?.map(({ weight }) => weight);

describe('split', () => {
  it.each<[string, readonly WeightedGroup[], number, number[] | undefined]>([
    ['a single group of weight 1', groups(1), 5, [19, 1]],
    ['a single group of weight 1 in thirds', groups(1), 33.3, [665, 332]],
    ['a single group of weight 100', groups(100), 25, [75, 25]],
    ['a group of the largest weight', groups(999), 50, [499, 500]],
    ['one of two groups', groups(1, 3), 50, [6, 1, 1]],
    ['one of two groups near 999', groups(999, 1), 5, [1, 949, 50]],
    ['a group beside one of weight 0', groups(1, 0), 10, [0, 9, 1]],
    ['the smallest share that weights express', groups(1), 0.1, [998, 1]],
    ['weights for which the largest factor is not the closest', groups(7, 200), 5, [600, 20, 1]],
    ['weights that are too coarse', groups(1, 999), 5, undefined],
    ['weights that could only give all', groups(1, 999), 90, undefined],
    ['weights that could only give a third for a half', groups(3, 900), 50, undefined],
    ['a share that is too small', groups(1), 0.04, undefined],
    ['everything, however coarse', groups(1, 999), 100, [999, 0, 1]],
    ['nothing', groups(7, 3), 0, [3, 7, 0]],
    ['nothing, however coarse', groups(1, 999), 0, [999, 1, 0]],
    ['a route that gives the service nothing', groups(0, 5), 50, [5, 0, 0]],
  ])('splits %s', (_, original, share, expected) => {
    expect(weights(original, share)).toEqual(expected);
  });

  it('puts the canary last and leaves the order of the others', () => {
    expect(split(groups(10, 5), STABLE, CANARY, 50)?.map(({ arn }) => arn)).toEqual([OTHER, STABLE, CANARY]);
  });

  it('leaves all others their part, gives whole weights up to 999, and the canary its share or as close as can be', () => {
    const anyOriginal = fc
      .tuple(
        fc.integer({ min: 1, max: 999 }),
        fc.array(fc.integer({ min: 0, max: 999 }), { maxLength: 3 }),
        fc.nat({ max: 3 }),
      )
      .map(([stable, others, at]) => {
        const all = others.map((weight, index) => ({ arn: `arn:other/${index}`, weight }));
        return [...all.slice(0, at), { arn: STABLE, weight: stable }, ...all.slice(at)];
      });
    const anyShare = fc.oneof(
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 0, max: 1000 }).map((tenths) => tenths / 10),
    );
    fc.assert(
      fc.property(anyOriginal, anyShare, (original, share) => {
        const result = split(original, STABLE, CANARY, share);
        if (!result) {
          // Refused only where no factor at all would have done.
          expect(anyFactorDoes(original, share)).toBe(false);
          return;
        }
        expect(sameProportions(original, result)).toBe(true);
        const actual = shareOf(result, STABLE, CANARY);
        expect(Math.abs(actual - share)).toBeLessThanOrEqual(share / 5 + 1e-9);
        expect(actual === 0).toBe(share === 0);
        expect(actual === 100).toBe(share === 100);
      }),
      { numRuns: 2000 },
    );
  });
});

function anyFactorDoes(original: readonly WeightedGroup[], share: number): boolean {
  const whole = original.find(({ arn }) => arn === STABLE)?.weight ?? 0;
  const largest = Math.floor(999 / Math.max(...original.map(({ weight }) => weight)));
  return Array.from({ length: largest }, (_, index) => whole * (index + 1)).some((total) => {
    const part = Math.round((total * share) / 100);
    return part > 0 && part < total && Math.abs((part / total) * 100 - share) < share / 5 - 1e-9;
  });
}

describe('shareOf', () => {
  it.each<[string, readonly WeightedGroup[], number]>([
    ['no canary', groups(10), 0],
    ['a canary of weight 0', [...groups(10), { arn: CANARY, weight: 0 }], 0],
    ['half', [...groups(5, 90), { arn: CANARY, weight: 5 }], 50],
    ['all', [...groups(0), { arn: CANARY, weight: 3 }], 100],
    ['nothing for either', [...groups(0), { arn: CANARY, weight: 0 }], 0],
    ['neither of them', [{ arn: OTHER, weight: 1 }], 0],
  ])('of %s', (_, all, share) => {
    expect(shareOf(all, STABLE, CANARY)).toBe(share);
  });
});
