import { type Cell, firstSeed, releaseOf } from './cells.ts';
import { contestantsFor, NAMES, type Name } from './contestants.ts';
import { playAll } from './play.ts';
import { type Tally, tally } from './tally.ts';

export type Tallies = Readonly<Record<Name, Tally>>;

/** Plays the rollouts of a cell from number `from` up to, but not including, number `to`. */
export function simulate(cell: Cell, from: number, to: number): Tallies {
  const contestants = contestantsFor(cell.kind);
  const release = releaseOf(cell);
  const inOrder = NAMES.map((name) => contestants[name]);
  const first = firstSeed(cell);
  const runs = Array.from({ length: to - from }, (_, run) => playAll(inOrder, release, first + from + run));
  const entries = NAMES.map((name, index) => [name, tally(runs.flatMap((ends) => ends[index] ?? []))]);
  return Object.fromEntries(entries);
}
