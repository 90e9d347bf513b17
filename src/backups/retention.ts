import { newestFirst } from './choose.ts';
import { copiedFrom, isOfRun, isOwn, type Occasion } from './marks.ts';
import type { Snapshot, Source } from './source.ts';

/**
 * The snapshots of a database that may be deleted so that its newest ones are kept. Only finished ones that this action
 * has made for this very database, repository and label count and may go; none of this run, none of `used`, and never
 * the newest. Copies are counted by themselves.
 *
 * @param there all snapshots that AWS shows, whoever made them
 * @param keep how many stay at least; from 1
 * @param used ids of snapshots that this run hands on
 */
export function expendable(
  there: readonly Snapshot[],
  source: Pick<Source, 'kind' | 'id' | 'identity'>,
  occasion: Occasion,
  keep: number,
  used: ReadonlySet<string>,
): readonly Snapshot[] {
  const finished = there.filter(
    (snapshot) =>
      isOwn(snapshot, source, occasion) && snapshot.status === 'available' && snapshot.beganAt !== undefined,
  );
  const isCopy = (snapshot: Snapshot) => copiedFrom(snapshot) !== undefined;
  const surplus = (some: readonly Snapshot[]) => newestFirst(some).slice(Math.max(1, keep));
  return [
    ...surplus(finished.filter((snapshot) => !isCopy(snapshot))),
    ...surplus(finished.filter(isCopy)),
  ].filter((snapshot) => !isOfRun(snapshot, occasion) && !used.has(snapshot.id));
}
