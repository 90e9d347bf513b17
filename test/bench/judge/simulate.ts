import { type Cell, firstSeed, releaseOf } from './cells.ts';
import { contestantsFor, NAMES, type Name, OURS, UNTIL_CONFIDENT } from './contestants.ts';
import { type End, play } from './play.ts';
import { Traffic } from './release.ts';
import { type Tally, tally } from './tally.ts';

export type Tallies = Readonly<Record<Name, Tally>>;

/** Plays the rollouts of a cell from number `from` up to, but not including, number `to`: all judges on the same traffic. */
export function simulate(cell: Cell, from: number, to: number): Tallies {
  const contestants = contestantsFor(cell.kind);
  const release = releaseOf(cell);
  const first = firstSeed(cell);
  const ends = new Map<Name, End[]>(NAMES.map((name) => [name, []]));
  for (let run = from; run < to; run++) {
    const traffic = new Traffic(release, first + run);
    const confident = play(contestants[UNTIL_CONFIDENT], traffic, release);
    for (const name of NAMES) {
      // Ours are one judge up to where a step ends early; where none does, it need not be asked twice.
      const known = name === UNTIL_CONFIDENT || (name === OURS && !confident.early);
      ends.get(name)?.push(known ? confident : play(contestants[name], traffic, release));
    }
  }
  return tallies((name) => tally(ends.get(name) ?? []));
}

const tallies = (of: (name: Name) => Tally): Tallies =>
  Object.fromEntries(NAMES.map((name) => [name, of(name)])) as Tallies;
