import type { Clock } from '../clock.ts';
import type { EcsTask, Logs, Reporter, TaskOrder, Tasks } from '../ports.ts';
import type { TaskDefinition } from '../taskdef/definition.ts';

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
 * it ended. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
 *
 * @throws ConfigError for an order that ECS cannot carry out; DeployError when ECS had no room for the task, or does
 * not let this run look at it
 */
export async function runTask(_run: TaskRun, _world: TaskWorld): Promise<TaskEnd> {
  throw new Error('not yet');
}
