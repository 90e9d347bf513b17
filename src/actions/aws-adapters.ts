import type { Clock } from '../clock.ts';
import type {
  Access,
  AwsCall,
  Bucket,
  Distributions,
  LogSearch,
  Logs,
  Metrics,
  Network,
  Parameters,
  Quotas,
  Repositories,
  Scaling,
  Secrets,
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

/** Opens one bucket of S3. */
export const connectToBucket = async (clock: Clock, name: string, signal?: AbortSignal): Promise<Bucket> =>
  (await import('../aws/buckets.ts')).bucket({ clock, ...(signal && { signal }) }, name);

/** Opens CloudFront. */
export const connectToDistributions = async (clock: Clock, signal?: AbortSignal): Promise<Distributions> =>
  (await import('../aws/distributions.ts')).distributions({ clock, ...(signal && { signal }) });
/** What a service's surroundings are looked at through. Each is loaded when it is first asked for. */
export interface SurroundingsAdapters {
  secrets(): Promise<Secrets>;
  parameters(): Promise<Pick<Parameters, 'facts'>>;
  network(): Promise<Network>;
  access(): Promise<Access>;
  quotas(): Promise<Quotas>;
}

/** Loads a client of the SDK only where something of its service is to be looked at. */
export function connectToSurroundings(
  clock: Clock,
  signal: AbortSignal,
  onCall?: (call: AwsCall) => void,
): SurroundingsAdapters {
  const connection = { clock, signal, ...(onCall && { onCall }) };
  return {
    secrets: once(async () => (await import('../aws/secrets.ts')).secrets(connection)),
    parameters: once(async () => (await import('../aws/parameters.ts')).parameters(connection)),
    network: once(async () => (await import('../aws/network.ts')).network(connection)),
    access: once(async () => (await import('../aws/access.ts')).access(connection)),
    quotas: once(async () => (await import('../aws/quotas.ts')).quotas(connection)),
  };
}

function once<Made>(make: () => Promise<Made>): () => Promise<Made> {
  let made: Promise<Made> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Opens what keeps the values that tasks get at their start, each where it is first asked for. */
export const connectToVaults = (clock: Clock, signal: AbortSignal) => ({
  secrets: async (): Promise<Secrets> => (await import('../aws/secrets.ts')).secrets({ clock, signal }),
  parameters: async (): Promise<Parameters> =>
    (await import('../aws/parameters.ts')).parameters({ clock, signal }),
});

/** What holds the lock of a database needs: its tasks are what keeps it. */
export interface LockAdapters {
  readonly tasks: Tasks;
  readonly parameters: Parameters;
}

/** What runs tasks under that lock needs. */
export interface TaskAdapters extends LockAdapters {
  readonly taskDefinitions: TaskDefinitions;
  readonly logs: Logs;
}

/** Calls are not ended by the run's cancellation: it still has a task to stop, and a lock to let go. */
export async function connectToLock(clock: Clock): Promise<LockAdapters> {
  const [{ tasks }, { parameters }] = await Promise.all([
    import('../aws/tasks.ts'),
    import('../aws/parameters.ts'),
  ]);
  return { tasks: tasks({ clock }), parameters: parameters({ clock }) };
}

/** The same for what runs the tasks. */
export async function connectToTasks(clock: Clock): Promise<TaskAdapters> {
  const [lock, { taskDefinitions }, { logs }] = await Promise.all([
    connectToLock(clock),
    import('../aws/task-definitions.ts'),
    import('../aws/logs.ts'),
  ]);
  return { ...lock, taskDefinitions: taskDefinitions({ clock }), logs: logs({ clock }) };
}

/** Opens the logs that tasks have written, and what tells whose they are. */
export async function connectToLogSearch(
  clock: Clock,
  signal: AbortSignal,
  onCall: (call: AwsCall) => void,
): Promise<{ readonly search: LogSearch; readonly tasks: Pick<Tasks, 'describe'> }> {
  const [{ logSearch }, { tasks }] = await Promise.all([
    import('../aws/log-search.ts'),
    import('../aws/tasks.ts'),
  ]);
  const connection = { clock, signal, onCall };
  return { search: logSearch(connection), tasks: tasks(connection) };
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
