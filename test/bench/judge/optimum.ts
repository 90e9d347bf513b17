import { FALSE_ROLLBACKS } from '../../../src/rollout/judge/judge.ts';
import { burstDispersion } from './bursts.ts';
import { type Cell, canaryShare, LEAK_AFTER } from './cells.ts';
import { PLAN } from './play.ts';
import { burstyDivergence, minutesToGather, minutesUntil, waldRequests } from './wald.ts';

/**
 * Minutes that the best judge would need on average for this regression, if it knew both rates beforehand and were
 * wrong about as many healthy releases as ours may be; infinite when the plan ends before.
 *
 * - Errors and slow requests: Wald's bound.
 * - Bursts: the same of the minutes' counts, taken as negative binomial with the bursts' long-run variance. It is a
 *   yardstick and not a bound: a judge that knew when bursts begin and end could be quicker.
 * - A leak: Wald's bound counted from when it begins, as if it were there in its whole extent at once.
 *
 * @param times how many times the evidence that is needed
 */
export function optimum(cell: Cell, times = 1): number {
  const { kind, rate, usual } = cell;
  const canary = canaryShare(cell);
  const requests = times * waldRequests(canary, usual, FALSE_ROLLBACKS);
  if (kind === 'bursts') {
    const dispersion = burstDispersion();
    return minutesToGather(times * Math.log(1 / FALSE_ROLLBACKS), (share) =>
      burstyDivergence(rate * 60 * share * canary, rate * 60 * share * usual, dispersion),
    );
  }
  return minutesUntil(kind === 'leak' ? requestsBeforeLeak(rate) + requests : requests, rate);
}

/** The leak begins in the first step. */
const requestsBeforeLeak = (rate: number): number => (rate * 60 * LEAK_AFTER * PLAN[0].weight) / 100;
