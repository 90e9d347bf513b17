import type { Side } from '../contestant.ts';

/** What a contestant judges: failed requests, or slow ones. */
export type Subject = 'errors' | 'slow';

export type Count = Exclude<keyof Side, 'requests'>;

/**
 * Whether more than `percent` of the requests are counted. In whole numbers, for the bound itself is not to be moved by
 * rounding. A percentile is a share, too: p95 is above 500 ms where more than 5% took longer.
 */
export const isAbove = (side: Side, count: Count, percent: number): boolean =>
  side[count] * 100 > percent * side.requests;

export function total(sides: readonly Side[]): Side {
  const sum = { requests: 0, errors: 0, slow: 0, verySlow: 0 };
  for (const { requests, errors, slow, verySlow } of sides) {
    sum.requests += requests;
    sum.errors += errors;
    sum.slow += slow;
    sum.verySlow += verySlow;
  }
  return sum;
}
