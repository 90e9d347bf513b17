import { isFormerAttempt } from '../github/run-identity.ts';
import type { ParameterVersion } from '../ports.ts';
import { type Entry, type Hold, type MigrationRecord, readEntry } from './entry.ts';

/**
 * The lock's log. AWS cannot write a parameter only if nobody else has, but it gives every write a version of its own,
 * and keeps the last hundred with their texts. So an entry names the entry that it follows, and counts only if that is
 * the last one that has counted: of two writers at once, the one with the lower version wins, and the other sees it when
 * it reads the history back.
 */

/**
 * How long a hold is believed in while no task of it runs, in ms from its last entry, by AWS's own clock: long enough
 * for a step to be noted, and short enough for the next run to wait when a runner has died.
 */
export const LEASE_MS = 120_000;

/** An entry that counts. */
export interface Counted extends Entry {
  readonly version: number;
  /** When it was written, by AWS's clock, in ms since the epoch. */
  readonly at: number;
}

export interface Journal {
  /** The entries that count, as far back as AWS remembers, oldest first. */
  readonly entries: readonly Counted[];
  readonly last: Counted | undefined;
  /** The ids of all entries that were read, whether or not they count. */
  readonly ids: ReadonlySet<string>;
  /** The highest version that was read; 0 where there is none. */
  readonly newest: number;
  /** Whether nothing has been forgotten yet. */
  readonly whole: boolean;
  /** Why nobody can say who holds the lock. */
  readonly unclear?: string;
}

/** Reads the log from the versions that AWS gives, in any order. */
export function readJournal(versions: readonly ParameterVersion[]): Journal {
  const sorted = [...new Map(versions.map((each) => [each.version, each])).values()].sort(
    (a, b) => a.version - b.version,
  );
  const [first] = sorted;
  const newest = sorted.at(-1)?.version ?? 0;
  const whole = first === undefined || first.version === 1;
  const ids = new Set<string>();
  const known = { ids, newest, whole };
  if (!first) return { ...known, entries: [], last: undefined };
  const lost = (unclear: string): Journal => ({ ...known, entries: [], last: undefined, unclear });
  if (newest - first.version + 1 !== sorted.length) return lost('versions are missing in between');
  const entries: Counted[] = [];
  for (const { version, at, value } of sorted) {
    const reading = readEntry(value);
    if (reading.kind === 'newer') {
      return lost(`version ${version} was written by a newer deploy-actions than this one`);
    }
    if (reading.kind !== 'entry') continue;
    entries.push({ ...reading.entry, version, at });
    ids.add(reading.entry.id);
  }
  const start = whole ? 0 : firstCertain(entries);
  if (start === undefined) {
    return lost('what was written last has followed on none of the versions that AWS still has');
  }
  const counted: Counted[] = whole ? [] : entries.slice(start, start + 1);
  for (const entry of entries.slice(start + counted.length)) {
    if (mayFollow(counted.at(-1), entry)) counted.push(entry);
  }
  return { ...known, entries: counted, last: counted.at(-1) };
}

/**
 * Where the beginning is forgotten: the first entry that another one follows. Only what counts is ever followed, since
 * every writer has read the log; what was refused is followed by none.
 */
function firstCertain(entries: readonly Counted[]): number | undefined {
  const followed = new Set(entries.map(({ after }) => after));
  const index = entries.findIndex(({ id }) => followed.has(id));
  return index < 0 ? undefined : index;
}

/** Whether an entry counts when `last` is the last one that has counted. */
function mayFollow(last: Counted | undefined, entry: Counted): boolean {
  if (entry.after !== (last?.id ?? '')) return false;
  const goesOn = last !== undefined && !last.free && entry.hold.id === last.hold.id;
  if (entry.free || goesOn) return goesOn;
  const takes = entry.hold.id === entry.id;
  if (last === undefined || last.free) return takes;
  return takes && (isSameRun(last.hold, entry.hold) || entry.at - last.at >= LEASE_MS);
}

/** Whether a hold is that of a former attempt of the same run, which has ended when GitHub starts the next one. */
export const isSameRun = (former: Hold, now: Pick<Hold, 'holder' | 'runKey'>): boolean =>
  former.runKey === now.runKey && isFormerAttempt(former.holder, now.holder);

/** What steps have ended with that somebody has taken back since. */
const TAKEN_BACK = -3;

/**
 * The last steps of a run: of its former attempts, whoever has held the lock since. None of them counts as done when an
 * undo has come after a migration, or a migration after an undo.
 */
export function stepsOf({ entries }: Journal, runKey: string): Hold['steps'] {
  const index = entries.findLastIndex(({ hold }) => hold.runKey === runKey);
  const own = entries[index];
  if (!own) return [];
  const opposite = own.record?.outcome === 'undone' ? 'migrated' : 'undone';
  const takenBack = entries.slice(index + 1).some(({ record }) => record?.outcome === opposite);
  const { steps } = own.hold;
  return takenBack ? steps.map((step) => ({ ...step, exitCode: step.exitCode || TAKEN_BACK })) : steps;
}

/** What an entry that follows `last` says of the past. */
export function pastAfter(last: Counted | undefined): Pick<Entry, 'past' | 'forgotten'> {
  if (!last) return { past: [] };
  const ended = last.free ? last.record : brokenOff(last);
  const past =
    ended && ended.outcome !== 'nothing-to-do' ? [ended, ...withoutBroken(last.past, ended)] : last.past;
  return { past, ...(last.forgotten !== undefined && { forgotten: last.forgotten }) };
}

/** A run's next attempt knows more of what became of it. */
const withoutBroken = (past: readonly MigrationRecord[], { runKey }: MigrationRecord) =>
  past.filter((each) => each.outcome !== 'unknown' || each.runKey !== runKey);

/** The migration of a hold that nobody has given back: it may have done anything once a task was ordered. */
export function brokenOff({ hold, at, free }: Counted): MigrationRecord | undefined {
  if (free || hold.steps.length === 0) return undefined;
  return { ...hold.plan, holder: hold.holder, runKey: hold.runKey, at, outcome: 'unknown' };
}

/** Migrations that may have changed a database. */
export interface PastMigrations {
  /** Newest first. */
  readonly migrations: readonly MigrationRecord[];
  /** False when there may have been others that are forgotten by now. */
  readonly complete: boolean;
}

/**
 * The migrations that ended at `at` (ms) or later, or have not ended yet, whose outcome is then `unknown`.
 * A journal that is `unclear` knows nothing, and is not complete.
 */
export function migrationsSince(journal: Journal, at: number): PastMigrations {
  const all = new Map<string, MigrationRecord>();
  const add = (record: MigrationRecord | undefined): void => {
    if (!record || record.outcome === 'nothing-to-do' || record.at < at) return;
    all.set(`${record.runKey} ${record.at}`, record);
  };
  for (const [index, entry] of journal.entries.entries()) {
    for (const record of entry.past) add(record);
    add(entry.record);
    const next = journal.entries[index + 1];
    const broken = next?.hold.id === entry.hold.id ? undefined : brokenOff(entry);
    // The last hold may be alive: it has not ended before anything.
    if (broken) add(next ? broken : { ...broken, at: Math.max(broken.at, at) });
  }
  const forgotten = journal.entries[0]?.forgotten;
  const complete = journal.unclear === undefined && (forgotten === undefined || forgotten < at);
  const sorted = [...all.values()].sort((a, b) => b.at - a.at);
  const migrations = sorted.filter(
    ({ outcome, runKey }, index) =>
      outcome !== 'unknown' || !sorted.slice(0, index).some((later) => later.runKey === runKey),
  );
  return { migrations, complete };
}
