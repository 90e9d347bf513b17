import { expect, it } from 'vitest';
import { mannWhitney, shiftInterval } from './mann-whitney.ts';

it('counts the pairs in which x is larger, a tie as half of one', () => {
  expect(mannWhitney([3, 1], [1, 2, 4]).u).toBe(2.5);
  expect(mannWhitney([1, 2, 4], [3, 1]).u).toBe(3.5);
});

it('tells nothing from values that are all tied', () => {
  expect(mannWhitney([7, 7], [7, 7, 7])).toEqual({ u: 3, twoSided: 1, greater: 1 });
  expect(shiftInterval([7, 7], [5, 5, 5], 1.96)).toBeUndefined();
});

it('bounds the shift by differences of pairs, and estimates it close to their median', () => {
  const x = [10.3, 11.1, 12.4, 13.8, 15.2];
  const y = [1.6, 2.9, 3.5, 5.1, 7.7];
  const differences = x.flatMap((value) => y.map((other) => value - other)).sort((a, b) => a - b);
  const { lower, upper, estimate } = shiftInterval(x, y, 1.6449) ?? { lower: 0, upper: 0, estimate: 0 };
  // With 21 of the 25 pairs above, U is 8.5 above its mean: 8 / 4.787 = 1.67 deviates. With 20 it is 1.46.
  expect(lower).toBeCloseTo(differences[4] as number, 3);
  expect(upper).toBeCloseTo(differences[20] as number, 3);
  // U within half a pair of its mean counts as on it.
  expect(estimate).toBeGreaterThan((differences[11] as number) - 1e-4);
  expect(estimate).toBeLessThan((differences[13] as number) + 1e-4);
});

it('stays within the differences of pairs where the samples are too small to reject any', () => {
  expect(shiftInterval([1, 2], [5, 8, 9], 2.3263)).toMatchObject({ lower: -8, upper: -3 });
});
