import type { TaskEnd } from '../../task-run/run-task.ts';
import type { Inputs } from './inputs.ts';

/** What a user has to know when a migration did not come to its end. */
export interface Failure {
  readonly message: string;
  /** What is known of the database. */
  readonly state: string;
  readonly next: string;
}

/** What was to be run. */
type Plan = Pick<Inputs, 'commands' | 'backups' | 'undo' | 'preset'>;

/**
 * @param end of the command that has not ended well
 * @param known how many commands had ended well before, and what the database says of itself now
 */
export function failureOf(
  message: string,
  end: TaskEnd,
  inputs: Plan,
  { done, says = '' }: { readonly done: number; readonly says?: string },
): Failure {
  const before = done === 0 ? '' : `${done} of ${inputs.commands.length} commands ended well before it.`;
  const state = [before, stateAfter(end, inputs), says].filter((part) => part !== '').join(' ');
  return { message, state, next: nextOf(inputs, end) };
}

/**
 * @param end of the verification
 * @param answer why it says no; without it, it was cut off before it could say anything
 */
export function verificationFailure(end: TaskEnd, answer: string | undefined, inputs: Plan): Failure {
  const ended = inputs.commands.length === 1 ? 'The command' : 'Every command';
  return {
    message:
      answer === undefined
        ? `The verification was not told: ${end.why}`
        : `The verification failed: ${answer}`,
    state: `${ended} ended with exit code 0; whether the database is as it should be is not confirmed.`,
    next: nextOf(inputs, answer === undefined ? end : undefined),
  };
}

/** @param end of the status, which was cut off before it could tell anything */
export function statusFailure({ why, fix }: TaskEnd): Failure {
  return {
    message: `The status was not told: ${why}`,
    state: 'The migration was not begun.',
    next: fix ?? 'Look at its log, and run this workflow again.',
  };
}

/** The status wants what an earlier attempt of the run has done, which no attempt does twice. */
export const contradiction = ({ backups }: Plan): Failure => ({
  message:
    'The status says that there is something to do, although an earlier attempt of this run has migrated.',
  state:
    'Nothing was run but the status. Either the migration was taken back since, or the status cannot tell.',
  next: `Look at the database. To migrate again, start a new run of the workflow rather than this one again.${backupText(backups)}`,
});

const IN_GENERAL =
  'What it had committed stays; what was open in a transaction is taken back, where the database has transactions for changes of its schema, as PostgreSQL does.';

function stateAfter({ task, ran, verdict, exitCode }: TaskEnd, { preset }: Plan): string {
  if (!ran) return 'The command did not run, so it has changed nothing in the database.';
  if (verdict === 'failed') {
    return preset?.failureLeavesTheSame
      ? `The command ran and ended with an error. ${preset.interrupted}`
      : 'The command ran and ended with an error: what it had committed by then stays in the database.';
  }
  if (!task) return 'Whether the command runs is not known: the post step looks for its task, and stops it.';
  if (exitCode === 0) {
    return 'The command was told to stop, and ended with exit code 0 all the same: it may have done all that it was to do.';
  }
  const told = task.stopping ? 'was told to stop' : 'may still run, or be stopped';
  const stopped = exitCode === undefined ? told : 'was stopped';
  return `The command ${stopped} in the middle. ${preset?.interrupted ?? IN_GENERAL}`;
}

const RELEASE = 'release no code that needs it before.';

function nextOf({ backups, undo }: Plan, end: TaskEnd | undefined): string {
  const look =
    end?.verdict === 'cancelled'
      ? `Run this job again to go on: a command that has ended well is not run again. Until then ${RELEASE}`
      : undo
        ? 'Look at its log. Mend the schema by a new migration rather than by undoing more.'
        : `Look at its log, mend the migration, and run this workflow again; ${RELEASE}`;
  return `${end?.fix ?? look}${backupText(backups)}`;
}

const backupText = (backups: readonly string[]): string =>
  backups.length > 0 ? ` The backup from before is ${backups.join(', ')}.` : '';
