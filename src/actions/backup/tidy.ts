import { namePrefix } from '../../backups/names.ts';
import { expendable } from '../../backups/retention.ts';
import type { ActionContext } from '../action.ts';
import type { Surroundings } from './backup.ts';
import { backedUp } from './report.ts';
import { type Outcome, titleOf } from './take.ts';
import { troubleOf } from './words.ts';

/**
 * Deletes older snapshots of this action's own, of databases whose backup is there now. What cannot be deleted is a
 * warning: the backup is there all the same.
 */
export async function keepNewest(
  outcomes: readonly Outcome[],
  { inputs, occasion, snapshotsOf }: Surroundings,
  { reporter, cancelled }: ActionContext,
): Promise<void> {
  const { keep, copy, label } = inputs;
  if (keep === undefined) return;
  for (const { backup, source } of backedUp(outcomes)) {
    const used = new Set(backup.parts.map(({ id }) => id));
    for (const region of [undefined, ...(copy ? [copy.region] : [])]) {
      try {
        const snapshots = await snapshotsOf(source.kind, region);
        const there = await snapshots.list(source, namePrefix(source.kind, source.id, label));
        for (const { id } of expendable(there, source, occasion, keep, used)) {
          if (cancelled.aborted) return;
          await snapshots.delete(id);
          reporter.info(
            `${titleOf(source)}: deleted ${id}${region === undefined ? '' : ` in ${region}`}; the newest ${keep} are kept`,
          );
        }
      } catch (error) {
        if (cancelled.aborted) return;
        const { message, next } = troubleOf(error);
        reporter.warning(
          [
            `${titleOf(source)}: not all of its older snapshots${region === undefined ? '' : ` in ${region}`} could be deleted: ${message}`,
            ...(next === undefined ? [] : [next]),
          ].join('\n'),
        );
      }
    }
  }
}
