import { describe, expect, it } from 'vitest';
import {
  chanceOfAtLeast,
  chanceOfCount,
  logBetaBinomial,
  logGamma,
} from '../../../src/rollout/judge/distributions.ts';

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

describe('the gamma function', () => {
  it.each<[number, number]>([
    [0.5, Math.log(Math.sqrt(Math.PI))],
    [1, 0],
    [2, 0],
    [5, Math.log(24)],
    [11, Math.log(3_628_800)],
    [100.5, 361.435_540_467_783_6],
    [1e-6, 13.815_509_980_749_43],
    [1e8, 1_742_068_066.103_834_6],
  ])('of %d', (x, value) => {
    expect(logGamma(x) / (value || 1)).toBeCloseTo(value === 0 ? 0 : 1, 11);
  });
});

describe('the upper tail of the negative binomial distribution', () => {
  /** Sum of its terms, https://dlmf.nist.gov/8.17#i, with shape 1 / dispersion. */
  function summed(count: number, mean: number, dispersion: number): number {
    const shape = 1 / dispersion;
    const share = mean / (mean + shape);
    let term = (1 - share) ** shape;
    let below = 0;
    for (let k = 0; k < count; k++) {
      below += term;
      term *= (share * (shape + k)) / (k + 1);
    }
    return 1 - below;
  }

  it.each([
    [1, 0.5, 0.2],
    [5, 2, 1.5],
    [30, 20, 0.1],
    [3, 9, 3],
  ])(
    'of %i where %d are expected, with dispersion %d, is the sum of its terms',
    (count, mean, dispersion) => {
      expect(chanceOfCount(count, mean, dispersion)).toBeCloseTo(summed(count, mean, dispersion), 9);
    },
  );

  it('is the Poisson one without dispersion', () => {
    expect(chanceOfCount(1, 2, 0)).toBeCloseTo(1 - Math.exp(-2), 5);
    expect(chanceOfCount(0, 2, 0)).toBe(1);
    expect(chanceOfCount(1, 0, 0)).toBe(0);
  });
});

describe('the beta-binomial probabilities', () => {
  it.each([
    [7, 0.1, 3],
    [20, 0.6, 0.5],
    [12, 0.05, 1000],
  ])('of %i, with their coefficients, add up to 1', (total, share, precision) => {
    let sum = 0;
    for (let count = 0; count <= total; count++) {
      const coefficient = logGamma(total + 1) - logGamma(count + 1) - logGamma(total - count + 1);
      sum += Math.exp(coefficient + logBetaBinomial(count, total, share, precision));
    }
    expect(sum).toBeCloseTo(1, 9);
  });

  it('are the binomial ones where nothing swings', () => {
    expect(logBetaBinomial(3, 10, 0.2, 1e9)).toBeCloseTo(3 * Math.log(0.2) + 7 * Math.log(0.8), 5);
  });
});
