import { runInNewContext } from 'node:vm';

/** Far more than any pattern takes that does not try all ways there are through a text. */
const LIMIT_MS = 1_000;

/** What was to be done in that time was broken off. */
export class TimeUp extends Error {}

/**
 * Does work that may never end, such as a regular expression's: nothing else could end it, as all other work waits.
 *
 * @throws TimeUp when it is not done within a second (or `limitMs`)
 */
export function withinTime<T>(work: () => T, limitMs = LIMIT_MS): T {
  try {
    return runInNewContext('work()', { work }, { timeout: limitMs }) as T;
  } catch (error) {
    // It comes from another realm, whose Error is not this one.
    if ((error as { code?: unknown } | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw new TimeUp('not done in time', { cause: error });
    }
    throw error;
  }
}

/** What is told of a pattern whose search was broken off. */
export const TOO_SLOW = `was searched for ${LIMIT_MS / 1000} s without an end; repetitions inside of repetitions, such as (a+)+, take so long`;
