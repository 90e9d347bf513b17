import type { Evidence, Period } from './judge/evidence.ts';
import type { ScalingState } from './scaling-hold.ts';

/** As long as that, a scaler keeps the tasks of a peak. */
const MINUTES_BEFORE = 15;
/** As many minutes in a row a scaler waits for: what passes sooner is a burst. */
const MINUTES_IN_A_ROW = 3;
/** Fewer requests a minute than these grow manifold by chance. */
const LEAST_REQUESTS = 60;
/** Growth below this is a day's ups and downs, for which every task has room. */
const NOTABLE = 1.25;

/** The least of the minutes that a scaler looks at together, for each that ends such a row. */
const sustained = (requests: readonly number[]): readonly number[] =>
  requests
    .slice(MINUTES_IN_A_ROW - 1)
    .map((_, index) => Math.min(...requests.slice(index, index + MINUTES_IN_A_ROW)));

/**
 * Requests a minute that the service has had lately, and has its tasks for.
 *
 * @param scaler whether it has its tasks by its load: one that may not add any leaves their number to somebody else
 * @returns `undefined` where they are too few to compare others with, or say nothing of the tasks
 */
export function usualRequests(
  before: readonly Period[],
  scaler: Pick<ScalingState, 'suspended'> | undefined,
): number | undefined {
  if (!scaler || scaler.suspended.scaleOut) return undefined;
  const recent = before.filter(({ settled }) => settled).slice(-MINUTES_BEFORE);
  const requests = recent.map((period) => period.requests);
  const mean = requests.reduce((sum, each) => sum + each, 0) / Math.max(1, requests.length);
  return mean < LEAST_REQUESTS ? undefined : Math.max(mean, ...sustained(requests));
}

/**
 * How many times as many requests as usual both sides have together, in the least of the last minutes that are known; 1
 * where that is not notably more. Stable's own load does not tell: the canary has taken a part of it. It grows in steps,
 * so that tasks that are asked for become healthy before more of them are.
 */
export function growthOf({ canary, stable }: Pick<Evidence, 'canary' | 'stable'>, usual: number): number {
  const others = new Map(stable.map((period) => [period.start, period]));
  const totals = canary.flatMap((period) => {
    const other = others.get(period.start);
    return period.settled && other?.settled ? [period.requests + other.requests] : [];
  });
  const growth = (sustained(totals).at(-1) ?? 0) / usual;
  return growth < NOTABLE ? 1 : NOTABLE ** Math.floor(Math.log(growth) / Math.log(NOTABLE) + 1e-9);
}
