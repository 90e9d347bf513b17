import type { Clock } from '../clock.ts';
import type {
  AwsCall,
  Logs,
  Metrics,
  Parameters,
  Repositories,
  Scaling,
  Services,
  Stacks,
  TaskDefinitions,
  Tasks,
  Traffic,
} from '../ports.ts';

/** Every AWS adapter that a rollout needs, over one connection. */
export interface Adapters {
  readonly services: Services;
  readonly taskDefinitions: TaskDefinitions;
  readonly traffic: Traffic;
  readonly metrics: Metrics;
  readonly scaling: Scaling;
  /** From now on calls are not ended by the run's cancellation: what takes a release back must be heard. */
  outlive(): void;
}

/** Opens CloudFormation alone, for inputs that refer to a stack. */
export const connectToStacks = async (clock: Clock, signal: AbortSignal): Promise<Stacks> =>
  (await import('../aws/stacks.ts')).stacks({ clock, signal });

/** Opens ECR alone, for images that are named without their registry. */
export const connectToRepositories = async (clock: Clock, signal: AbortSignal): Promise<Repositories> =>
  (await import('../aws/repositories.ts')).repositories({ clock, signal });

/** What runs a task once needs. */
export interface TaskAdapters {
  readonly tasks: Tasks;
  readonly taskDefinitions: TaskDefinitions;
  readonly logs: Logs;
  readonly parameters: Parameters;
}

/** Calls are not ended by the run's cancellation: it still has a task to stop, and a lock to let go. */
export async function connectToTasks(clock: Clock): Promise<TaskAdapters> {
  const [{ tasks }, { taskDefinitions }, { logs }, { parameters }] = await Promise.all([
    import('../aws/tasks.ts'),
    import('../aws/task-definitions.ts'),
    import('../aws/logs.ts'),
    import('../aws/parameters.ts'),
  ]);
  const connection = { clock };
  return {
    tasks: tasks(connection),
    taskDefinitions: taskDefinitions(connection),
    logs: logs(connection),
    parameters: parameters(connection),
  };
}

/** Loads the SDK clients side by side, which takes most of the start-up time, and connects them. */
export async function connect(
  clock: Clock,
  cancelled: AbortSignal,
  onCall: (call: AwsCall) => void,
): Promise<Adapters> {
  const [{ services }, { taskDefinitions }, { traffic }, { metrics }, { scaling }] = await Promise.all([
    import('../aws/services.ts'),
    import('../aws/task-definitions.ts'),
    import('../aws/traffic.ts'),
    import('../aws/metrics.ts'),
    import('../aws/scaling.ts'),
  ]);
  // A signal of its own: letting go of what is under way must not depend on who asked for the end.
  let controller = new AbortController();
  const abort = () => controller.abort(cancelled.reason);
  if (cancelled.aborted) abort();
  else cancelled.addEventListener('abort', abort, { once: true });
  const connection = {
    clock,
    onCall,
    get signal() {
      return controller.signal;
    },
  };
  return {
    services: services(connection),
    taskDefinitions: taskDefinitions(connection),
    traffic: traffic(connection),
    metrics: metrics(connection),
    scaling: scaling(connection),
    outlive() {
      cancelled.removeEventListener('abort', abort);
      controller.abort(cancelled.reason);
      controller = new AbortController();
    },
  };
}
