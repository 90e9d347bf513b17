import { KIND_WORDS, type SourceKind } from '../backups/source.ts';
import { formatDuration } from '../rollout/duration.ts';
import { type Finding, fail, isUnseen, pass, type Seen, skip, unseen } from './finding.ts';

/** A database or cache, and the newest snapshot of it that can be restored from. */
export interface BackupFacts {
  readonly kind: SourceKind;
  readonly id: string;
  readonly newest: Seen<{
    readonly snapshot:
      | { readonly id: string /** ms since the epoch. */; readonly at: number; readonly manual: boolean }
      | undefined;
  }>;
}

/**
 * @param maxAgeMs how old the newest snapshot may be
 * @param now ms since the epoch
 */
export function checkBackups(
  facts: readonly BackupFacts[],
  maxAgeMs: number,
  now: number,
): readonly Finding[] {
  if (facts.length === 0) return [skip('backup', 'no database is named by backup-db-instances and the like')];
  return facts.map(({ kind, id, newest }) => {
    const subject = `${KIND_WORDS[kind]} ${id}`;
    if (isUnseen(newest)) return unseen('backup', subject, newest);
    const { snapshot } = newest;
    const limit = formatDuration(maxAgeMs);
    const fix = 'Run the backup action before this step, or take a snapshot by hand.';
    if (!snapshot)
      return fail('backup', `${subject} has no snapshot that is available, or does not exist`, fix);
    const age = formatDuration(Math.max(60_000, Math.round((now - snapshot.at) / 60_000) * 60_000));
    const whose = snapshot.manual ? '' : ', which AWS has taken by itself';
    const what = `the newest snapshot of ${subject} is ${age} old (${snapshot.id}${whose})`;
    if (now - snapshot.at <= maxAgeMs) return pass('backup', what);
    return fail('backup', `${what}, and backup-max-age is ${limit}`, fix);
  });
}
