import type { Evidence, Period } from './judge/evidence.ts';

const MINUTES_BEFORE = 10;
/** Fewer requests a minute than these grow manifold by chance. */
const LEAST_REQUESTS = 60;
/** Growth below this is a day's ups and downs, for which every task has room. */
const NOTABLE = 1.25;

/** Requests a minute that the service has had lately; `undefined` where they are too few to compare others with. */
export function usualRequests(before: readonly Period[]): number | undefined {
  const recent = before.filter(({ settled }) => settled).slice(-MINUTES_BEFORE);
  const mean = recent.reduce((sum, { requests }) => sum + requests, 0) / Math.max(1, recent.length);
  return mean < LEAST_REQUESTS ? undefined : mean;
}

/**
 * How many times as many requests as usual both sides have together, in the lesser of the last two minutes that are
 * known; 1 where that is not notably more. Stable's own load does not tell: the canary has taken a part of it.
 */
export function growthOf({ canary, stable }: Pick<Evidence, 'canary' | 'stable'>, usual: number): number {
  const others = new Map(stable.map((period) => [period.start, period]));
  const totals = canary.flatMap((period) => {
    const other = others.get(period.start);
    return period.settled && other?.settled ? [period.requests + other.requests] : [];
  });
  const [last, former] = totals.slice(-2);
  if (last === undefined || former === undefined) return 1;
  const growth = Math.min(last, former) / usual;
  return growth < NOTABLE ? 1 : growth;
}
