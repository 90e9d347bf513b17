import type { End } from './play.ts';

/** How one judge's rollouts of a cell ended. It is the same in whatever order they were played. */
export interface Tally {
  readonly runs: number;
  /** How many were promoted and taken back, by the minutes that were judged. */
  readonly promoted: readonly number[];
  readonly takenBack: readonly number[];
  /** Requests that users saw fail on the canary, in all rollouts. */
  readonly failed: number;
}

export const NO_RUNS: Tally = { runs: 0, promoted: [], takenBack: [], failed: 0 };

export function tally(ends: readonly End[]): Tally {
  const [promoted, takenBack]: [number[], number[]] = [[], []];
  let failed = 0;
  for (const end of ends) {
    const counts = end.promoted ? promoted : takenBack;
    while (counts.length <= end.minutes) counts.push(0);
    counts[end.minutes] = (counts[end.minutes] ?? 0) + 1;
    failed += end.failed;
  }
  return { runs: ends.length, promoted, takenBack, failed };
}

export const merged = (one: Tally, other: Tally): Tally => ({
  runs: one.runs + other.runs,
  promoted: added(one.promoted, other.promoted),
  takenBack: added(one.takenBack, other.takenBack),
  failed: one.failed + other.failed,
});

const added = (some: readonly number[], others: readonly number[]): readonly number[] =>
  Array.from(
    { length: Math.max(some.length, others.length) },
    (_, index) => (some[index] ?? 0) + (others[index] ?? 0),
  );

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

/** Share of the rollouts that were taken back: false rollbacks where the release is healthy. */
export const takenBackShare = ({ takenBack, runs }: Tally): number => sum(takenBack) / runs;
/** Share of the rollouts that were promoted: missed regressions where it is not. */
export const promotedShare = ({ promoted, runs }: Tally): number => sum(promoted) / runs;
export const meanFailed = ({ failed, runs }: Tally): number => failed / runs;

/** Median minutes of the rollouts that were taken back; undefined where none was. */
export const minutesToTakeBack = ({ takenBack }: Tally): number | undefined =>
  median(takenBack, sum(takenBack));
export const minutesToPromote = ({ promoted }: Tally): number | undefined => median(promoted, sum(promoted));

/** Median minutes until a regression is taken back, over all rollouts: infinite where most are promoted. */
export const minutesToCatch = ({ takenBack, runs }: Tally): number =>
  median(takenBack, runs) ?? Number.POSITIVE_INFINITY;

/** The minutes within which half of `all` have ended; undefined where fewer ever do. */
function median(counts: readonly number[], all: number): number | undefined {
  if (all === 0) return undefined;
  let ended = 0;
  for (const [minutes, count] of counts.entries()) {
    ended += count;
    if (ended * 2 >= all) return minutes;
  }
  return undefined;
}
