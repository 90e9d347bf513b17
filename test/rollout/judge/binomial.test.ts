import { describe, expect, it } from 'vitest';
import { chanceOfAtLeast } from '../../../src/rollout/judge/binomial.ts';

describe('the upper tail of the binomial distribution', () => {
  /** The sum as it is written in a textbook. */
  function summed(count: number, requests: number, rate: number): number {
    let term = (1 - rate) ** requests;
    let below = 0;
    for (let k = 0; k < count; k++) {
      below += term;
      term *= ((requests - k) / (k + 1)) * (rate / (1 - rate));
    }
    return 1 - below;
  }

  it.each([
    [1, 3, 0.02],
    [3, 5, 0.02],
    [15, 1000, 0.01],
    [21, 1000, 0.02],
    [60, 1000, 0.05],
    [5, 5, 0.5],
    [400, 700, 0.5],
  ])('of %i of %i at %d is the sum of its terms', (count, requests, rate) => {
    expect(chanceOfAtLeast(count, requests, rate)).toBeCloseTo(summed(count, requests, rate), 10);
  });

  it('reaches from certain to impossible', () => {
    expect(chanceOfAtLeast(0, 100, 0.01)).toBe(1);
    expect(chanceOfAtLeast(101, 100, 0.01)).toBe(0);
    expect(chanceOfAtLeast(1, 100, 0)).toBe(0);
    expect(chanceOfAtLeast(100, 100, 1)).toBe(1);
  });

  it('takes the traffic of a day', () => {
    expect(chanceOfAtLeast(1_000_000, 100_000_000, 0.01)).toBeCloseTo(0.5, 2);
    expect(chanceOfAtLeast(1_005_000, 100_000_000, 0.01)).toBeLessThan(1e-6);
  });
});
