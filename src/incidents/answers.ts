import type { Period } from '../rollout/judge/evidence.ts';
import type { Answers } from './incident.ts';

const MINUTE_MS = 60_000;

/**
 * What CloudWatch has told of a release's requests. It tells of a minute long after it is over, so the last minutes of
 * a release that was taken back are never among them.
 *
 * @param periods what it said last of each minute
 * @returns undefined when it has told of no request yet
 */
export function answersIn(periods: Iterable<Period>): Answers | undefined {
  const told = [...periods].filter(({ requests }) => requests > 0);
  if (told.length === 0) return undefined;
  const starts = told.map(({ start }) => start);
  const sum = (of: (period: Period) => number) => told.reduce((total, period) => total + of(period), 0);
  return {
    requests: sum(({ requests }) => requests),
    errors5xx: sum(({ errors5xx }) => errors5xx),
    from: Math.min(...starts),
    to: Math.max(...starts) + MINUTE_MS,
  };
}
