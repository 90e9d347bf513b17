import type { MigrationOutcome } from '../../migrations/entry.ts';
import type { Reporter } from '../../ports.ts';
import type { TaskEnd } from '../../task-run/run-task.ts';
import { contradiction, type Failure, failureOf, statusFailure, verificationFailure } from './failure.ts';
import { commandText } from './identity.ts';
import type { Inputs, Probe, Words } from './inputs.ts';
import type { StepEnd, StepRunner } from './steps.ts';

/** A command and how it ended, for the summary. */
export interface Told {
  /** `status`, `command 2`, `verify`. */
  readonly step: string;
  readonly command: string;
  readonly end: string;
  readonly exitCode?: number;
  readonly ms?: number;
}

export interface Outcome {
  readonly word: 'migrated' | 'nothing-to-do' | 'undone' | 'failed';
  /** What is put on record; nothing where no command has run. */
  readonly record: MigrationOutcome | undefined;
  /** Whether nothing of it runs any more. */
  readonly settled: boolean;
  readonly headline: string;
  readonly told: readonly Told[];
  /** ARNs, in the order in which they ran. */
  readonly tasks: readonly string[];
  /** Of the last command. */
  readonly exitCode?: number;
  readonly failure?: Failure;
}

type Steps = Pick<StepRunner, 'run'>;

/** A probe that tells after a failure what the database says gets no longer than that. */
const LOOK_MS = 5 * 60_000;

/** Status, commands and verification, in that order, each only when the one before allows it. */
export async function carryOut(inputs: Inputs, steps: Steps, reporter: Reporter): Promise<Outcome> {
  const story = new Story(inputs, steps, reporter);
  return (
    (await askStatus(inputs, story)) ??
    (await runCommands(inputs, story)) ??
    (await verify(inputs, story)) ??
    story.end(inputs.undo ? 'undone' : 'migrated', doneText(inputs))
  );
}

function doneText({ commands, undo, verify: probe }: Inputs): string {
  const verified = probe ? ' and verified' : '';
  if (undo) return `The last migration was taken back${verified}.`;
  const several = commands.length > 1 ? ` by ${commands.length} commands` : '';
  return `The database was migrated${several}${verified}.`;
}

/** What was run so far. */
class Story {
  readonly #inputs: Inputs;
  readonly #steps: Steps;
  readonly #reporter: Reporter;
  readonly #told: Told[] = [];
  readonly #tasks: string[] = [];
  exitCode: number | undefined;
  /** Whether the status has said that there is something to do. */
  open = false;

  constructor(inputs: Inputs, steps: Steps, reporter: Reporter) {
    this.#inputs = inputs;
    this.#steps = steps;
    this.#reporter = reporter;
  }

  say(line: string): void {
    this.#reporter.info(line);
  }

  /** The last row tells what the status has said, rather than how its command ended. */
  retell(end: string): void {
    const last = this.#told.pop();
    if (last) this.#told.push({ ...last, end });
  }

  async run(
    name: string,
    command: Words | undefined,
    { probe = false, timeoutMs = this.#inputs.timeoutMs } = {},
  ): Promise<StepEnd> {
    this.say(`${name[0]?.toUpperCase()}${name.slice(1)}: ${commandText(command)}`);
    const end = await this.#steps.run({ name, command, probe, timeoutMs });
    const task = end.kind === 'ran' ? end.end.task?.arn : end.task;
    if (task !== undefined) this.#tasks.push(task);
    this.#told.push(tellOf(name, commandText(command), end));
    return end;
  }

  end(word: Outcome['word'], headline: string, rest: Partial<Outcome> = {}): Outcome {
    return {
      word,
      record: word,
      settled: true,
      headline,
      told: this.#told,
      tasks: this.#tasks,
      ...(this.exitCode !== undefined && { exitCode: this.exitCode }),
      ...rest,
    };
  }

  /**
   * @param end of the command that has not ended well
   * @param done how many commands have, before it
   */
  async fail(message: string, end: TaskEnd, done: number): Promise<Outcome> {
    const says = end.ran && end.verdict !== 'cancelled' ? await this.#look() : undefined;
    const failed = end.verdict === 'failed' || !end.ran ? 'failed' : 'stopped';
    return this.end('failed', message, {
      record: end.ran || done > 0 ? failed : undefined,
      settled: hasEnded(end),
      failure: failureOf(message, end, this.#inputs, { done, ...(says !== undefined && { says }) }),
    });
  }

  /** What the database says of itself; nothing where that cannot be asked. */
  async #look(): Promise<string | undefined> {
    const probe = this.#inputs.verify ?? this.#inputs.status;
    if (!probe) return undefined;
    const options = { probe: true, timeoutMs: LOOK_MS };
    const end = await this.run('look afterwards', probe.command, options).catch(() => undefined);
    if (end?.kind !== 'ran' || !end.end.outputKnown) return undefined;
    const lines = end.end.output.trim().split('\n').slice(-5);
    if (lines.join('') === '') return undefined;
    return `${commandText(probe.command)} says now:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  }
}

async function askStatus({ status }: Inputs, story: Story): Promise<Outcome | undefined> {
  if (!status) return undefined;
  const ran = await story.run('status', status.command, { probe: true });
  if (ran.kind === 'done-before') return undefined;
  const answer = judge(ran.end, status);
  if (answer.kind === 'cut-off') {
    const failure = statusFailure(ran.end);
    return story.end('failed', failure.message, { record: undefined, settled: hasEnded(ran.end), failure });
  }
  if (answer.kind === 'yes') {
    story.retell('nothing to do');
    story.exitCode = ran.end.exitCode;
    return story.end('nothing-to-do', 'The database is up to date: there is nothing to migrate.');
  }
  story.retell('something to do');
  story.say('There is something to do.');
  story.open = true;
  return undefined;
}

async function runCommands(inputs: Inputs, story: Story): Promise<Outcome | undefined> {
  const { commands } = inputs;
  let before = 0;
  for (const [index, command] of commands.entries()) {
    const name = commands.length === 1 ? 'command' : `command ${index + 1}`;
    const ran = await story.run(name, command);
    if (ran.kind === 'done-before') {
      story.say('An earlier attempt of this run has carried it out; it is not run again.');
      story.exitCode = 0;
      before += 1;
      continue;
    }
    story.exitCode = ran.end.exitCode;
    if (ran.end.verdict !== 'succeeded') {
      return story.fail(`${commandText(command)}: ${ran.end.why}`, ran.end, index);
    }
  }
  // With a verification, that one decides.
  if (!story.open || before < commands.length || inputs.verify) return undefined;
  const failure = contradiction(inputs);
  return story.end('failed', failure.message, { record: undefined, failure });
}

async function verify(inputs: Inputs, story: Story): Promise<Outcome | undefined> {
  const { verify: probe } = inputs;
  if (!probe) return undefined;
  const ran = await story.run('verify', probe.command, { probe: true });
  const answer = ran.kind === 'ran' ? judge(ran.end, probe) : YES;
  if (ran.kind === 'done-before' || answer.kind === 'yes') return undefined;
  const failure = verificationFailure(ran.end, answer.kind === 'no' ? answer.why : undefined, inputs);
  return story.end('failed', failure.message, { settled: hasEnded(ran.end), failure });
}

const YES = { kind: 'yes' } as const;
type Answer = typeof YES | { readonly kind: 'no'; readonly why: string } | { readonly kind: 'cut-off' };

/** By its pattern where it has one, which the exit code must not contradict; else by the exit code. */
function judge(end: TaskEnd, { matches }: Probe): Answer {
  if (end.verdict !== 'succeeded' && end.verdict !== 'failed') return { kind: 'cut-off' };
  if (end.verdict === 'failed') return { kind: 'no', why: end.why };
  if (!matches) return YES;
  if (!end.outputKnown) return { kind: 'no', why: 'its output could not be read from CloudWatch Logs.' };
  if (matches.test(end.output)) return YES;
  return { kind: 'no', why: `its output does not match ${matches.source}.` };
}

/** Whether nothing of it can change the database any more. */
function hasEnded({ task, exitCode, ran }: TaskEnd): boolean {
  return !ran || exitCode !== undefined || task?.status === 'STOPPED';
}

function tellOf(step: string, command: string, ran: StepEnd): Told {
  if (ran.kind === 'done-before') return { step, command, end: 'done by an earlier attempt', exitCode: 0 };
  const { verdict, exitCode, ms } = ran.end;
  return {
    step,
    command,
    end: verdict.replaceAll('-', ' '),
    ...(exitCode !== undefined && { exitCode }),
    ms,
  };
}
