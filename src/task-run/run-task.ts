import type { Clock } from '../clock.ts';
import { ConfigError, DeployError } from '../errors.ts';
import type { EcsTask, Logs, Reporter, TaskOrder, Tasks } from '../ports.ts';
import type { TaskDefinition } from '../taskdef/definition.ts';
import { CallBudget } from './call-budget.ts';
import { orAborted } from './sleep.ts';
import { TaskWatch } from './task-watch.ts';

/** How long a cancelled run waits for the answer of RunTask: the task that it starts has to be stopped. */
const ANSWER_MS = 3_000;

/** A task that is to run once: a new one by its order, or one that runs already. */
export type TaskRun = {
  /** The container whose exit code decides. */
  readonly container: string;
  /** What the task runs: for the place of the log, and for which containers are essential. */
  readonly definition: TaskDefinition;
  /** How long the task may take, in ms; from RunTask, or from when an adopted task was made. */
  readonly timeoutMs: number;
  /** Who runs it, as ECS keeps it in the reason of a stop: the URL of the run. */
  readonly by: string;
} & (
  | { readonly order: TaskOrder; readonly adopt?: undefined }
  | { readonly order?: undefined; readonly adopt: EcsTask }
);

export interface TaskWorld {
  /** Not bound to `cancelled`: a cancelled run still has a task to stop. */
  readonly tasks: Tasks;
  /** The same. */
  readonly logs: Logs;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly cancelled: AbortSignal;
  /**
   * Awaited as soon as the task is known, before anything else is asked of AWS. When it throws, the task is stopped and
   * the error passed on.
   */
  started(task: EcsTask): Promise<void>;
}

export interface TaskEnd {
  /** As it was seen last; `undefined` when a cancel came before RunTask answered. */
  readonly task: EcsTask | undefined;
  /**
   * - `succeeded`: the container ended by itself with 0
   * - `failed`: it ended by itself with another code, or was killed for its memory
   * - `never-started`: it did not run
   * - `stopped`: somebody or something else stopped the task, or ECS has lost it
   * - `timed-out`, `cancelled`: this run stopped it
   */
  readonly verdict: 'succeeded' | 'failed' | 'never-started' | 'stopped' | 'timed-out' | 'cancelled';
  readonly exitCode?: number;
  /** Whole sentences, with AWS's own reason. */
  readonly why: string;
  /** What mends it, where that is known; whole sentences. */
  readonly fix?: string;
  /** Whether the command may have run at all. */
  readonly ran: boolean;
  /** The container's output in the order of its log, without ANSI codes; at most the last 1 MB. */
  readonly output: string;
  /** Whether `output` is all of it (or all of its last 1 MB); false where CloudWatch does not have it, or not yet. */
  readonly outputKnown: boolean;
  /** From RunTask, or from when an adopted task was made, until the end was seen. */
  readonly ms: number;
}

/**
 * Runs one task to its end, or follows one that runs already: its log streams into the job's, and the answer says how
 * it ended. While it waits, it makes at most 20 calls in any minute.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
 *
 * @throws ConfigError for an order that ECS cannot carry out; DeployError when ECS had no room for the task, or does
 * not let this run look at it
 */
export async function runTask(run: TaskRun, world: TaskWorld): Promise<TaskEnd> {
  const { clock } = world;
  const orderedAt = run.adopt?.createdAt ?? clock.now();
  const budget = new CallBudget();
  const task = run.adopt ?? (await start(run.order, run, budget, world));
  if (task === 'unknown' || task === 'none') return cancelledEarly(task, clock.now() - orderedAt);
  const watch = new TaskWatch(run, task, orderedAt, budget, world);
  try {
    return await watch.untilEnd();
  } finally {
    watch.close();
  }
}

/** @returns `none` or `unknown` when a cancel came first: whether there is a task */
async function start(
  order: TaskOrder,
  { timeoutMs }: TaskRun,
  budget: CallBudget,
  { tasks, clock, reporter, cancelled }: TaskWorld,
): Promise<EcsTask | 'none' | 'unknown'> {
  if (cancelled.aborted) return 'none';
  budget.spend(clock.now());
  const wait = { ms: timeoutMs, signal: cancelled, say: (line: string) => reporter.info(line) };
  const starting = tasks.run(order, wait);
  const answer = await orAborted(starting, cancelled);
  if (answer) return answer.value;
  // The task may be there already, and has to be stopped.
  const enough = new AbortController();
  const known = new AbortController();
  void clock.sleep(ANSWER_MS, known.signal).then(() => enough.abort());
  const refused = (error: unknown) => {
    if (error instanceof ConfigError || error instanceof DeployError) return 'none' as const;
    return 'unknown' as const;
  };
  const late = await orAborted(starting.catch(refused), enough.signal);
  known.abort();
  return late?.value ?? 'unknown';
}

/** A cancel came before the task was known. */
const cancelledEarly = (task: 'none' | 'unknown', ms: number): TaskEnd => ({
  task: undefined,
  verdict: 'cancelled',
  why:
    task === 'none'
      ? 'The run was cancelled before a task was started.'
      : 'The run was cancelled before ECS had said whether it started the task.',
  ran: task === 'unknown',
  output: '',
  outputKnown: task === 'none',
  ms,
});
