import { stripVTControlCharacters } from 'node:util';
import type { MigrationOutcome } from '../../migrations/entry.ts';
import type { Reporter } from '../../ports.ts';
import type { TaskEnd } from '../../task-run/run-task.ts';
import { publicName } from './identity.ts';
import type { Inputs, Probe, Words } from './inputs.ts';
import type { StepEnd, StepRunner } from './steps.ts';

/** One line of the story: a command and how it ended. */
export interface Told {
  readonly command: string;
  readonly end: string;
  readonly exitCode?: number;
  readonly ms?: number;
}

export interface Outcome {
  readonly word: 'migrated' | 'nothing-to-do' | 'undone' | 'failed';
  readonly record: MigrationOutcome;
  /** Whether every task that was started has ended. */
  readonly settled: boolean;
  readonly headline: string;
  readonly told: readonly Told[];
  /** ARNs, in the order in which they ran. */
  readonly tasks: readonly string[];
  /** Of the last command that decided. */
  readonly exitCode?: number;
  readonly failure?: { readonly message: string; readonly state: string; readonly next: string };
}

/** A probe that tells after a failure what the database says gets no longer than that. */
const LOOK_MS = 5 * 60_000;

/** Status, commands and verification, in that order, each only when the one before allows it. */
export async function carryOut(
  inputs: Inputs,
  steps: Pick<StepRunner, 'run'>,
  reporter: Reporter,
): Promise<Outcome> {
  const { commands, status, verify, undo, timeoutMs } = inputs;
  const told: Told[] = [];
  const tasks: string[] = [];
  let exitCode: number | undefined;

  const perform = async (name: string, command: Words | undefined, probe: boolean, timeout = timeoutMs) => {
    const step = { name, command, probe, publicName: publicName(command), timeoutMs: timeout };
    reporter.info(`${heading(name)}: ${command ? command.join(' ') : step.publicName}`);
    const end = await steps.run(step);
    const task = end.kind === 'ran' ? end.end.task?.arn : end.task;
    if (task !== undefined) tasks.push(task);
    told.push(tellOf(step.publicName, end));
    return end;
  };
  const outcome = (rest: Pick<Outcome, 'word' | 'record' | 'headline'> & Partial<Outcome>): Outcome => ({
    settled: true,
    told,
    tasks,
    ...(exitCode !== undefined && { exitCode }),
    ...rest,
  });
  const failed = async (message: string, end: TaskEnd | undefined, done: number): Promise<Outcome> => {
    const cancelled = end?.verdict === 'cancelled';
    const probe = verify ?? status;
    const worthAsking = !cancelled && end?.ran === true && probe !== undefined;
    const says = worthAsking ? await ask(probe, perform) : undefined;
    const state = [
      ...(done > 0 ? [`Of ${commands.length} commands the first ${done} were carried out.`] : []),
      stateAfter(end, inputs),
      ...(says === undefined ? [] : [says]),
    ].join(' ');
    return outcome({
      word: 'failed',
      record: end?.verdict === 'failed' || end?.verdict === 'never-started' || !end ? 'failed' : 'stopped',
      settled: end === undefined || hasEnded(end),
      headline: message,
      failure: { message, state, next: nextOf(inputs, end) },
    });
  };

  if (status) {
    const end = await perform('status', status.command, true);
    if (end.kind === 'ran') {
      const answer = judge(end.end, status);
      if (answer.kind === 'cut-off')
        return failed(`The status could not be asked: ${end.end.why}`, end.end, 0);
      if (answer.kind === 'yes') {
        const headline = 'The database is up to date: there is nothing to migrate.';
        return outcome({ word: 'nothing-to-do', record: 'nothing-to-do', headline });
      }
      reporter.info('There is something to do.');
    }
  }

  for (const [index, command] of commands.entries()) {
    const name = commands.length === 1 ? 'command' : `command ${index + 1}`;
    const end = await perform(name, command, false);
    if (end.kind === 'done-before') {
      reporter.info('An earlier attempt of this run has carried it out already; it is not run again.');
      exitCode = 0;
      continue;
    }
    exitCode = end.end.exitCode;
    if (end.end.verdict !== 'succeeded') {
      return failed(`${publicName(command)}: ${end.end.why}`, end.end, index);
    }
  }

  if (verify) {
    const end = await perform('verify', verify.command, true);
    if (end.kind === 'ran') {
      const answer = judge(end.end, verify);
      if (answer.kind !== 'yes') {
        const why = answer.kind === 'no' ? answer.why : end.end.why;
        return { ...(await failedVerify(why)) };
      }
    }
  }
  const several = commands.length > 1 ? ` (${commands.length} commands)` : '';
  const verified = verify ? ' and verified' : '';
  return outcome(
    undo
      ? { word: 'undone', record: 'undone', headline: `The last migration was taken back${verified}.` }
      : { word: 'migrated', record: 'migrated', headline: `The database was migrated${several}${verified}.` },
  );

  async function failedVerify(why: string): Promise<Outcome> {
    const message = `The verification failed: ${why}`;
    return outcome({
      word: 'failed',
      record: 'failed',
      headline: message,
      failure: {
        message,
        state: `${commands.length === 1 ? 'The command' : 'Every command'} ended with exit code 0; whether the database is as it should be is not confirmed.`,
        next: nextOf(inputs, undefined),
      },
    });
  }
}

const heading = (name: string): string => name[0]?.toUpperCase() + name.slice(1);

type Answer =
  | { readonly kind: 'yes' }
  | { readonly kind: 'no'; readonly why: string }
  | { readonly kind: 'cut-off' };

/** By its pattern where it has one, which the exit code must not contradict; else by the exit code. */
function judge(end: TaskEnd, { matches }: Probe): Answer {
  if (end.verdict !== 'succeeded' && end.verdict !== 'failed') return { kind: 'cut-off' };
  if (!matches) return end.exitCode === 0 ? { kind: 'yes' } : { kind: 'no', why: end.why };
  if (end.verdict === 'failed') return { kind: 'no', why: end.why };
  if (!end.outputKnown) return { kind: 'no', why: 'its output could not be read from CloudWatch Logs.' };
  return matches.test(end.output)
    ? { kind: 'yes' }
    : { kind: 'no', why: `its output does not match ${matches.source}.` };
}

/** What the database says of itself after a failure; nothing when that cannot be asked. */
async function ask(
  probe: Probe,
  perform: (name: string, command: Words, probe: boolean, timeout: number) => Promise<StepEnd>,
): Promise<string | undefined> {
  const end = await perform('look afterwards', probe.command, true, LOOK_MS).catch(() => undefined);
  if (end?.kind !== 'ran' || !end.end.outputKnown) return undefined;
  const lines = stripVTControlCharacters(end.end.output).trim().split('\n').slice(-5);
  if (lines.join('') === '') return undefined;
  return `${publicName(probe.command)} says now:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function hasEnded({ task, verdict }: TaskEnd): boolean {
  return verdict === 'succeeded' || verdict === 'failed' || task?.status === 'STOPPED';
}

function stateAfter(end: TaskEnd | undefined, { interrupted }: Inputs): string {
  if (!end?.ran) return 'The command did not run, so it has changed nothing in the database.';
  if (end.verdict === 'failed') {
    return 'The command ran and ended with an error: what it had committed by then stays in the database.';
  }
  const general =
    'What it had committed stays in the database; what was open in a transaction is taken back, where the database has transactions for changes of its schema, as PostgreSQL does.';
  const still = hasEnded(end)
    ? 'The command was stopped in the middle.'
    : 'The command was told to stop in the middle.';
  return `${still} ${interrupted ?? general}`;
}

function nextOf({ backups, undo }: Inputs, end: TaskEnd | undefined): string {
  const mend =
    end?.fix ??
    (undo
      ? 'Look at the log above. Mend the schema by a new migration rather than by undoing more.'
      : 'Look at the log above, mend the migration, and run this workflow again; do not release code that needs it before.');
  const backup = backups.length > 0 ? ` The backup from before is ${backups.join(', ')}.` : '';
  return `${mend}${backup}`;
}

function tellOf(command: string, end: StepEnd): Told {
  if (end.kind === 'done-before') return { command, end: 'done by an earlier attempt', exitCode: 0 };
  const { verdict, exitCode, ms } = end.end;
  return { command, end: verdict, ...(exitCode !== undefined && { exitCode }), ms };
}
