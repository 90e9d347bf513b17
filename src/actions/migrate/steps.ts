import { DeployError, isOutage } from '../../errors.ts';
import { holderOf } from '../../github/run-identity.ts';
import type { StepRecord } from '../../migrations/entry.ts';
import { type HeldLock, LOCK_TAG } from '../../migrations/lock.ts';
import type { EcsTask, Logs, TaskOrder, Tasks } from '../../ports.ts';
import { runTask, type TaskEnd } from '../../task-run/run-task.ts';
import type { ActionContext } from '../action.ts';
import type { Identity } from './identity.ts';
import type { Inputs, Words } from './inputs.ts';
import type { Prepared } from './prepare.ts';

/** One command that is run as a task. */
export interface Step {
  /** `status`, `command 2`, `verify`: the same in every attempt of a run. */
  readonly name: string;
  readonly command: Words | undefined;
  /** It changes nothing, so that every attempt runs it anew. */
  readonly probe: boolean;
  readonly timeoutMs: number;
}

/** How a step ended, in this attempt or in an earlier one. */
export type StepEnd =
  | { readonly kind: 'ran'; readonly end: TaskEnd }
  | { readonly kind: 'done-before'; readonly task: string | undefined };

export interface StepWorld {
  readonly inputs: Inputs;
  readonly prepared: Prepared;
  /** ARN of the revision that runs. */
  readonly revision: string;
  readonly identity: Identity;
  readonly lock: HeldLock;
  readonly tasks: Tasks;
  readonly logs: Logs;
  readonly context: ActionContext;
  /** Heard before a command is started that may change something. */
  begun(): void;
}

/** Longer than one try of RunTask takes. */
const RENEW_MS = 30_000;

/** What an exit code is noted as where the command never ran, or nobody knows how it ended. */
const NO_EXIT_CODE = -1;
/** The same for 0 of a command that was told to stop: it may have given up in good order. */
const CUT_OFF = -2;

/**
 * Runs steps one after the other, each noted in the lock before it is begun: an attempt that was cut off is found again
 * by the next, and a run that has lost the lock starts nothing.
 */
export class StepRunner {
  readonly #world: StepWorld;
  #records: readonly StepRecord[];
  /** Whether there may be a task that was never heard of. */
  #nobodyKnows = false;

  constructor(world: StepWorld) {
    this.#world = world;
    this.#records = world.lock.steps;
  }

  /** Of all attempts of the run; of probes, only those that have not ended. */
  get records(): readonly StepRecord[] {
    return this.#records;
  }

  /** Whether every task has ended. */
  get nothingRuns(): boolean {
    if (this.#nobodyKnows) return false;
    return this.#records.every(({ task, exitCode }) => task === undefined || exitCode !== undefined);
  }

  /** Whether any command has run that may have changed something. */
  get hasRun(): boolean {
    return this.#records.some(({ exitCode = NO_EXIT_CODE }) => exitCode !== NO_EXIT_CODE);
  }

  run(step: Step): Promise<StepEnd> {
    const attempt = this.#world.context.env['GITHUB_RUN_ATTEMPT'] || '1';
    return this.#begin(step, step.probe ? `${step.name} of attempt ${attempt}` : step.name, 0);
  }

  async #begin(step: Step, name: string, generation: number): Promise<StepEnd> {
    const { lock, identity, tasks, prepared } = this.#world;
    const token = identity.token(name, generation);
    const record = this.#records.findLast((each) => each.token === token);
    if (record?.exitCode === 0) return { kind: 'done-before', task: record.task };
    if (record?.exitCode !== undefined) return this.#begin(step, name, generation + 1);
    const { task } = record ?? {};
    const earlier =
      task === undefined ? undefined : (await tasks.describe(prepared.cluster, [task])).get(task);
    if (task !== undefined && !earlier) {
      // ECS forgets a task an hour after its end, and nobody was there to note it.
      this.#world.context.reporter.info(
        `ECS has forgotten the task ${task} of an earlier attempt, and nobody knows how it ended: it is run again.`,
      );
      this.#put({ token, task, exitCode: NO_EXIT_CODE });
      return this.#begin(step, name, generation + 1);
    }
    this.#put({ token, ...(task !== undefined && { task }) });
    await lock.note(this.#records);
    if (!step.probe) this.#world.begun();
    const end = await this.#follow(step, token, earlier);
    // An end that is not known stays open: the next attempt looks at the task itself.
    const exitCode = notedCode(end);
    if (exitCode !== undefined && step.probe) this.#drop(token);
    else if (exitCode !== undefined) this.#put({ token, ...(end.task && { task: end.task.arn }), exitCode });
    const over = exitCode !== undefined || end.task?.status === 'STOPPED';
    const stays = end.verdict === 'succeeded' || end.verdict === 'cancelled';
    // A failure that began in an earlier attempt is that attempt's.
    const failedBefore = earlier?.stopping && over && !stays;
    return failedBefore ? this.#begin(step, name, generation + 1) : { kind: 'ran', end };
  }

  #follow(step: Step, token: string, earlier: EcsTask | undefined): Promise<TaskEnd> {
    const { lock, tasks, logs, prepared, context } = this.#world;
    const { clock, reporter, cancelled, env } = context;
    const { container, definition } = prepared;
    return runTask(
      {
        ...(earlier ? { adopt: earlier } : { order: this.#orderOf(step, token) }),
        container,
        definition,
        timeoutMs: step.timeoutMs,
        by: holderOf(env),
      },
      {
        tasks: this.#whileHeld(tasks),
        logs,
        clock,
        reporter,
        cancelled,
        started: async (task) => {
          this.#put({ token, task: task.arn });
          await lock.note(this.#records).catch((error: unknown) => {
            // The task runs, and others find it by who has started it.
            if (!isOutage(error)) throw error;
            reporter.warning(
              `Systems Manager does not answer; the task is not noted in the lock: ${error.message}`,
            );
          });
        },
      },
    );
  }

  /** ECS may have no room for minutes: the hold is renewed before a task is started that late. */
  #whileHeld(tasks: Tasks): Tasks {
    const { lock, context } = this.#world;
    let asked = false;
    const before = async () => {
      if (context.clock.now() > lock.startBefore - RENEW_MS) {
        await lock.note(this.#records).catch((error: unknown) => {
          throw asked ? this.#unsure(error) : error;
        });
      }
      asked = true;
    };
    return { ...tasks, run: (order, wait) => tasks.run(order, wait && { ...wait, before }) };
  }

  /** A try of RunTask may have started the task, and its answer was lost. */
  #unsure(error: unknown): unknown {
    this.#nobodyKnows = true;
    if (!(error instanceof DeployError)) return error;
    const { message, next, cause } = error;
    return new DeployError(message, {
      state: 'Whether ECS has started the task is not known: the post step looks for it, and stops it.',
      ...(next !== undefined && { next }),
      cause,
    });
  }

  #orderOf({ command, name }: Step, token: string): TaskOrder {
    const { inputs, prepared, revision, identity } = this.#world;
    const { placement, container } = prepared;
    return {
      // By the name of an ARN alone, that of another account would be one here; beside a service it was looked at.
      cluster: inputs.service === undefined ? inputs.cluster : prepared.cluster,
      taskDefinition: revision,
      placement,
      container,
      ...(command && { command }),
      ...(Object.keys(inputs.environment).length > 0 && { environment: inputs.environment }),
      ...inputs.overrides,
      startedBy: identity.startedBy,
      tags: { [LOCK_TAG]: inputs.lock, 'deploy-actions:step': name },
      token,
    };
  }

  /** The last record of a token is the one that counts. */
  #put(record: StepRecord): void {
    this.#drop(record.token);
    this.#records = [...this.#records, record];
  }

  /** What a probe has said is asked again in any case: no room is kept for it. */
  #drop(token: string): void {
    this.#records = this.#records.filter((each) => each.token !== token);
  }
}

/** Only what has ended by itself is done, whatever the exit code says of what was told to stop. */
function notedCode({ verdict, exitCode }: TaskEnd): number | undefined {
  if (verdict === 'never-started') return NO_EXIT_CODE;
  return exitCode === 0 && verdict !== 'succeeded' ? CUT_OFF : exitCode;
}
