import type { Clock } from '../../src/clock.ts';

/** A clock that stands still until a test moves it. */
export interface MovedClock extends Clock {
  /** Lets `ms` milliseconds pass. */
  move(ms: number): void;
}

/** 2026-11-21T22:00:00Z, a full hour. */
export const START = Date.UTC(2026, 10, 21, 22);

export function movedClock(start = START): MovedClock {
  let now = start;
  return {
    now: () => now,
    sleep: async () => undefined,
    scale: 1,
    move: (ms) => {
      now += ms;
    },
  };
}
