import { nameIn } from '../arn.ts';
import { DeployError, isOutage } from '../errors.ts';
import type { EcsTask } from '../ports.ts';
import type { CallBudget } from './call-budget.ts';
import { LogFollower } from './follow-log.ts';
import { isEssential, type LogSource, logPlace, logSource } from './log-place.ts';
import { duration, phaseOf } from './phases.ts';
import type { TaskEnd, TaskRun, TaskWorld } from './run-task.ts';
import { orAborted, sleepUntil } from './sleep.ts';
import {
  endedReason,
  type Interruption,
  interruptedEnd,
  look,
  type Seen,
  type Verdict,
  verdictOf,
} from './verdict.ts';

/** Hardly a task has an end before. */
const FIRST_LOOK_MS = 6_000;
/** With a live session of the log beside it, 20 calls a minute. */
const LOOK_EVERY_MS = 3_000;
/** ECS may show a task a little later than RunTask answers, which may be long after it was asked. */
const APPEARS_MS = 60_000;
/** From the end of its containers to that of the task, as ECS takes the network interface away. */
const DEPROVISIONING_MS = 90_000;
/** From SIGTERM to SIGKILL where the definition says nothing. */
const STOP_TIMEOUT_S = 30;
/** The runner kills a cancelled step after 7.5 s, and the caller has things to put in order in that time. */
const CANCEL_MS = 4_000;
const CANCEL_LOOK_MS = 1_000;

type Ending = Pick<TaskEnd, 'verdict' | 'exitCode' | 'why' | 'fix' | 'ran'>;

/** One task that runs, looked at until it has ended. */
export class TaskWatch {
  readonly #run: TaskRun;
  readonly #world: TaskWorld;
  readonly #budget: CallBudget;
  readonly #since: number;
  readonly #knownSince: number;
  readonly #source: LogSource;
  readonly #closed = new AbortController();
  #task: EcsTask;
  #seen: Seen = { running: false };
  #log: LogFollower | undefined;
  #phase = '';
  #gone = false;
  #outageSince: number | undefined;

  /** @param since when the task was ordered */
  constructor(run: TaskRun, task: EcsTask, since: number, budget: CallBudget, world: TaskWorld) {
    this.#run = run;
    this.#world = world;
    this.#budget = budget;
    this.#since = since;
    this.#knownSince = world.clock.now();
    this.#task = task;
    this.#source = logSource(run.definition, run.container);
  }

  close(): void {
    this.#closed.abort();
    this.#log?.end();
  }

  async untilEnd(): Promise<TaskEnd> {
    const { clock, reporter, cancelled } = this.#world;
    const first = clock.now() + (this.#run.adopt ? LOOK_EVERY_MS : FIRST_LOOK_MS);
    const id = nameIn(this.#task.arn);
    const origin = this.#run.adopt ? 'was started before and is followed' : 'was started';
    reporter.info(`Task ${id} ${origin} in cluster ${this.#task.cluster}.`);
    await this.#announce();
    this.#describeSource();
    const ending =
      this.#observe(this.#task) ?? (await this.#watch(first, this.#limit(this.#since + this.#run.timeoutMs)));
    if (ending) return await this.#conclude(ending);
    return cancelled.aborted ? await this.#cancel() : await this.#timeOut(first);
  }

  /** The caller keeps what it must keep before the task goes its way. */
  async #announce(): Promise<void> {
    try {
      // A cancel does not wait for it: the task has to stop.
      await orAborted(this.#world.started(this.#task), this.#world.cancelled);
    } catch (error) {
      await this.#stop('its start could not be recorded').catch(() => undefined);
      throw error;
    }
  }

  #describeSource(): void {
    const { reporter } = this.#world;
    if (this.#source.kind === 'elsewhere') reporter.info(this.#source.why);
    else for (const note of this.#source.notes) reporter.info(note);
  }

  /** A signal that aborts when the run is cancelled, or at `at`. */
  #limit(at: number): AbortSignal {
    const { clock, cancelled } = this.#world;
    const late = new AbortController();
    void sleepUntil(clock, at, this.#closed.signal).then(() => late.abort());
    return AbortSignal.any([cancelled, late.signal]);
  }

  /**
   * Looks at the task on a grid that starts at `first`.
   *
   * @returns undefined when `limit` aborts before there is a verdict
   */
  async #watch(first: number, limit: AbortSignal): Promise<Ending | undefined> {
    const { clock } = this.#world;
    let readLast = true;
    for (let slot = 0; ; slot = Math.max(slot + 1, Math.ceil((clock.now() - first) / LOOK_EVERY_MS))) {
      await sleepUntil(clock, first + slot * LOOK_EVERY_MS, limit);
      await sleepUntil(clock, this.#budget.next(clock.now()), limit);
      if (limit.aborted) return undefined;
      this.#budget.spend(clock.now());
      if (this.#log?.due && !readLast) {
        readLast = true;
        await orAborted(this.#log.poll(), limit);
        continue;
      }
      readLast = false;
      const seen = await orAborted(this.#look(), limit);
      if (!seen) return undefined;
      const verdict = seen.value;
      if (verdict) return verdict;
    }
  }

  /** Asks ECS once. */
  async #look(): Promise<Ending | undefined> {
    const { tasks, clock } = this.#world;
    const { cluster, arn } = this.#task;
    let found: EcsTask | undefined;
    try {
      found = (await tasks.describe(cluster, [arn])).get(arn);
    } catch (error) {
      this.#bear(error);
      return undefined;
    }
    this.#recover();
    this.#gone = !found;
    if (found) return this.#observe(found);
    return clock.now() - this.#knownSince < APPEARS_MS ? undefined : this.#forgotten();
  }

  /** Takes in what ECS says of the task, and tells what has changed. */
  #observe(task: EcsTask): Verdict | undefined {
    const { container } = this.#run;
    const { reporter } = this.#world;
    this.#task = task;
    const ranBefore = this.#seen.running;
    this.#seen = look(this.#seen, task, container);
    const verdict = verdictOf(task, container, this.#seen);
    const phase = phaseOf(task, container);
    if (phase !== this.#phase && !verdict) reporter.info(`The task ${phase}.`);
    this.#phase = phase;
    if (this.#seen.running && !ranBefore) this.#log?.started();
    if (!this.#log && this.#source.kind === 'cloudwatch') {
      const place = logPlace(this.#source, container, task);
      const world = { ...this.#world, budget: this.#budget };
      const kind = verdict ? 'ended' : this.#seen.running ? 'running' : 'to-come';
      if (place && !neverRan(verdict)) this.#log = new LogFollower(place, kind, world);
    }
    return verdict;
  }

  #bear(error: unknown): void {
    const { clock, reporter } = this.#world;
    if (!isOutage(error)) throw this.#blind(error);
    if (this.#outageSince === undefined) {
      const until = duration(this.#since + this.#run.timeoutMs - clock.now());
      reporter.warning(
        `ECS does not say how task ${nameIn(this.#task.arn)} is doing (${error.message}). The task goes on by itself; ECS is asked again for up to ${until}.`,
      );
    }
    this.#outageSince ??= clock.now();
  }

  #recover(): void {
    if (this.#outageSince === undefined) return;
    const lasted = this.#world.clock.now() - this.#outageSince;
    this.#outageSince = undefined;
    this.#world.reporter.info(`ECS answers again, after ${duration(lasted)}.`);
  }

  #blind(error: unknown): unknown {
    if (!(error instanceof Error)) return error;
    const { arn, cluster } = this.#task;
    return new DeployError(`The task ${nameIn(arn)} cannot be watched: ${error.message}`, {
      state: `The task ${arn} goes on in cluster ${cluster}; how it ends is not known here.`,
      ...(error instanceof DeployError && error.next !== undefined && { next: error.next }),
      cause: error,
    });
  }

  #forgotten(): Ending {
    return {
      verdict: 'stopped',
      why: `ECS does not know the task ${this.#task.arn} any more: it forgets a task an hour after it has stopped. How it ended is not known.`,
      fix: 'Look at its log for how far it came.',
      ran: true,
    };
  }

  async #timeOut(first: number): Promise<TaskEnd> {
    const { reporter, clock, cancelled } = this.#world;
    const { container, definition, timeoutMs } = this.#run;
    const after = duration(timeoutMs);
    const interruption: Interruption = { kind: 'timed-out', after };
    reporter.info(`The task has not ended after ${after} and is stopped now.`);
    const found = definition.containerDefinitions.find(({ name }) => name === container);
    const stopTimeout = Number(found?.['stopTimeout'] ?? STOP_TIMEOUT_S) * 1_000;
    const limit = this.#limit(clock.now() + stopTimeout + DEPROVISIONING_MS);
    const refused = await this.#tryStop(`timed out after ${after}`, limit);
    if (refused === undefined) await this.#watch(first, limit);
    if (cancelled.aborted) return await this.#cancel();
    return await this.#conclude(this.#interrupted(interruption, refused));
  }

  /** The task is stopped first of all; what can be learned in the time that is left comes after. */
  async #cancel(): Promise<TaskEnd> {
    const { clock } = this.#world;
    const within = (ms: number): AbortSignal => {
      const enough = new AbortController();
      void clock.sleep(ms, this.#closed.signal).then(() => enough.abort());
      return enough.signal;
    };
    const all = within(CANCEL_MS);
    const looking = within(CANCEL_MS - CANCEL_LOOK_MS);
    const refused = await this.#tryStop('cancelled', all);
    let ended: Ending | undefined;
    while (!ended && refused === undefined && !looking.aborted) {
      await clock.sleep(CANCEL_LOOK_MS, looking);
      const seen = await orAborted(
        this.#look().catch(() => undefined),
        looking,
      );
      ended = seen?.value;
    }
    const ending = this.#interrupted({ kind: 'cancelled' }, refused);
    const ms = clock.now() - this.#since;
    const log = this.#log && (await this.#log.finish(all, 'hurried'));
    return this.#end(ending, ms, log && { ...log, complete: log.complete && ended !== undefined });
  }

  #interrupted(interruption: Interruption, refused: string | undefined): Ending {
    const { container } = this.#run;
    const told = interruptedEnd(interruption, {
      task: this.#task,
      container,
      seen: this.#seen,
      gone: this.#gone,
    });
    if (refused === undefined) return { verdict: interruption.kind, ...told };
    const { arn, cluster } = this.#task;
    return {
      verdict: interruption.kind,
      why: `${interruption.kind === 'cancelled' ? 'The run was cancelled.' : `The task had not ended after ${interruption.after}.`} It could not be stopped: ${refused}. It may still run.`,
      fix: `Stop it by hand: aws ecs stop-task --cluster ${cluster} --task ${arn}`,
      ran: true,
    };
  }

  async #stop(why: string): Promise<void> {
    const { tasks } = this.#world;
    await tasks.stop(this.#task.cluster, this.#task.arn, `deploy-actions: ${why} (${this.#run.by})`);
  }

  /** @returns why the task could not be stopped */
  async #tryStop(why: string, limit: AbortSignal): Promise<string | undefined> {
    try {
      const done = await orAborted(
        this.#stop(why).then(() => true),
        limit,
      );
      return done ? undefined : 'ECS did not answer in time';
    } catch (error) {
      return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
    }
  }

  /** The verdict stands; the log is read to its end. */
  async #conclude(ending: Ending): Promise<TaskEnd> {
    const { reporter, clock, cancelled } = this.#world;
    const { container, definition } = this.#run;
    const own = definition.containerDefinitions.find(({ name }) => name === container);
    if (own && !isEssential(own) && !this.#task.stopping && ending.exitCode !== undefined) {
      const refused = await this.#tryStop(endedReason(container), this.#limit(clock.now() + 10_000));
      if (refused !== undefined) {
        reporter.warning(
          `Task ${nameIn(this.#task.arn)} still runs, as container ${container} is not essential, and could not be stopped: ${refused}`,
        );
      }
    }
    const ms = clock.now() - this.#since;
    const log = neverRan(ending) ? undefined : this.#log;
    const exit = `Container ${container} ended with exit code ${ending.exitCode}, after ${duration(ms)}`;
    if (ending.exitCode !== undefined) {
      reporter.info(log ? `${exit}; the rest of its log:` : `${exit}.`);
    }
    const read = log && (await log.finish(cancelled, 'patient'));
    const ended = ending.exitCode !== undefined || this.#task.status === 'STOPPED' || this.#gone;
    return this.#end(ending, ms, read && { ...read, complete: read.complete && ended });
  }

  #end(
    ending: Ending,
    ms: number,
    log: { readonly output: string; readonly complete: boolean } | undefined,
  ): TaskEnd {
    return {
      ...ending,
      task: this.#task,
      output: log?.output ?? '',
      outputKnown: log?.complete ?? neverRan(ending),
      ms,
    };
  }
}

const neverRan = (ending: Pick<Ending, 'ran'> | undefined): boolean => ending !== undefined && !ending.ran;
