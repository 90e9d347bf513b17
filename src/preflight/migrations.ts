import { formatDuration } from '../rollout/duration.ts';
import { printable } from '../taskdef/shape.ts';
import { type Finding, fail, pass, skip, warn } from './finding.ts';

/** What the record of a database's migrations says. */
export interface MigrationFacts {
  readonly lock: string;
  /** Whether anything was ever recorded. */
  readonly known: boolean;
  /** Why nobody can say who holds the lock. */
  readonly unclear: string | undefined;
  readonly held:
    | {
        readonly holder: string;
        readonly command: string;
        /** ms since the epoch. */
        readonly since: number;
        /** Whether its run has said something so lately that it has to be believed alive. */
        readonly alive: boolean;
        /** Of this run itself, in an earlier attempt. */
        readonly own: boolean;
      }
    | undefined;
  /** The last migration that has ended, or broken off. */
  readonly last:
    | {
        readonly outcome: string;
        readonly holder: string;
        readonly command: string;
        /** ms since the epoch. */
        readonly at: number;
      }
    | undefined;
}

/** What the outcomes are in words that leave a database in doubt. */
const DOUBTFUL: Readonly<Record<string, string>> = {
  failed: 'failed',
  stopped: 'was stopped',
  unknown: 'broke off, and nobody knows how far it came',
};

/** @param now ms since the epoch */
export function checkMigrations(facts: MigrationFacts, now: number): readonly Finding[] {
  const check = 'migrations';
  const { lock, known, unclear, held, last } = facts;
  if (!known) return [skip(check, `no migration was ever recorded as ${lock}`)];
  if (unclear !== undefined) {
    return [
      warn(
        check,
        `nobody can say who holds the lock ${lock}: ${printable(unclear)}`,
        'Use the version of deploy-actions here that has written it, or make sure that no migration runs.',
      ),
    ];
  }
  const findings: Finding[] = [];
  if (held) {
    const age = formatDuration(Math.max(1_000, Math.round((now - held.since) / 1000) * 1000));
    const what = `the lock ${lock} is held by ${printable(held.holder)} for ${age}${commandOf(held)}`;
    findings.push(
      held.alive && !held.own
        ? fail(check, what, 'Let that run come to its end: its migration is under way.')
        : warn(
            check,
            held.own
              ? `${what}, which was an attempt of this run`
              : `${what}, and its run has said nothing for a while`,
            'If the run is dead, the lock frees itself; look at how far its migration came.',
          ),
    );
  }
  const doubt = last && DOUBTFUL[last.outcome];
  if (last && doubt !== undefined) {
    const at = `${new Date(last.at).toISOString().slice(0, 16)}Z`;
    // No failure: pipelines look before they migrate, and the next run is what mends it.
    findings.push(
      warn(
        check,
        `the last migration ${doubt} (${at}, ${printable(last.holder)})${commandOf(last)}`,
        'Mend it and run migrate again, or take it back: the code that is to be deployed may need what it did not do.',
      ),
    );
  }
  if (findings.length > 0) return findings;
  const ended =
    last && `the last one ${last.outcome === 'undone' ? 'was undone' : 'went well'}${commandOf(last)}`;
  return [pass(check, `no migration is under way${ended ? `; ${ended}` : ''}`)];
}

const commandOf = ({ command }: { readonly command: string }): string =>
  command === '' ? '' : `: "${printable(command)}"`;
