import { type Cell, describe, healthyOf, isClear, isHealthy } from './cells.ts';
import type { Name } from './contestants.ts';
import { optimum } from './optimum.ts';
import type { Tallies } from './simulate.ts';
import { minutesToCatch, takenBackShare } from './tally.ts';

/** What came out of a cell. */
export interface Result {
  readonly cell: Cell;
  readonly judges: Tallies;
  /** Minutes of the best judge; only regressions have one. */
  readonly optimum: number;
}

export const resultOf = (cell: Cell, judges: Tallies): Result => ({
  cell,
  judges,
  optimum: isHealthy(cell) ? Number.NaN : optimum(cell),
});

export const healthy = (results: readonly Result[]): readonly Result[] =>
  results.filter(({ cell }) => isHealthy(cell));

/** Regressions of 4 times the usual rate and more. */
export const clear = (results: readonly Result[]): readonly Result[] =>
  results.filter(({ cell }) => isClear(cell));

/** The healthy release in the same service as a regression. */
export function counterpart(results: readonly Result[], { cell }: Result): Result {
  const wanted = describe(healthyOf(cell));
  const found = results.find((result) => describe(result.cell) === wanted);
  if (!found) throw new Error(`there is no healthy release beside ${describe(cell)}`);
  return found;
}

export const falseRollbacks = ({ judges }: Result, name: Name): number => takenBackShare(judges[name]);

/** The healthy cell in which a judge takes most releases back. */
export function worstHealthy(results: readonly Result[], name: Name): Result {
  const [first, ...rest] = healthy(results);
  if (!first) throw new Error('no cell is healthy');
  return rest.reduce(
    (worst, result) => (falseRollbacks(result, name) > falseRollbacks(worst, name) ? result : worst),
    first,
  );
}

/** Where `name` is quicker to take a regression back than `than`; one that promotes it never does. */
export const quicker = (results: readonly Result[], name: Name, than: Name): readonly Result[] =>
  results.filter(({ judges }) => minutesToCatch(judges[name]) < minutesToCatch(judges[than]));

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
