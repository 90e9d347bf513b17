import type { SourceKind } from '../../backups/source.ts';
import type { Clock } from '../../clock.ts';
import type {
  Access,
  LogGroups,
  Metrics,
  Network,
  Parameters,
  Quotas,
  Repositories,
  Scaling,
  Secrets,
  Services,
  Snapshots,
  TaskDefinitions,
  Tasks,
  Traffic,
} from '../../ports.ts';

/** Every part of AWS that a check may look at, opened when one does: most clients take time to load. */
export interface Ports {
  services(): Promise<Services>;
  tasks(): Promise<Tasks>;
  taskDefinitions(): Promise<TaskDefinitions>;
  traffic(): Promise<Traffic>;
  scaling(): Promise<Scaling>;
  metrics(): Promise<Metrics>;
  secrets(): Promise<Secrets>;
  parameters(): Promise<Parameters>;
  logGroups(): Promise<LogGroups>;
  network(): Promise<Network>;
  access(): Promise<Access>;
  quotas(): Promise<Quotas>;
  snapshots(kind: SourceKind): Promise<Snapshots>;
  /** The registry of an account and region. */
  repositories(region: string, account: string): Promise<Repositories>;
  /** ARN of the role that this job runs as; undefined where it is none. */
  ownRole(): Promise<string | undefined>;
}

/** Systems Manager is not what a check waits for, in ms. */
const PATIENCE_MS = 30_000;

export function openPorts(clock: Clock, signal: AbortSignal): Ports {
  const connection = { clock, signal };
  const snapshots = async (kind: SourceKind): Promise<Snapshots> =>
    kind === 'db-instance' || kind === 'db-cluster'
      ? (await import('../../aws/database-snapshots.ts')).databaseSnapshots(connection, kind)
      : (await import('../../aws/cache-snapshots.ts')).cacheSnapshots(connection, kind);
  return {
    services: once(async () => (await import('../../aws/services.ts')).services(connection)),
    tasks: once(async () => (await import('../../aws/tasks.ts')).tasks(connection)),
    taskDefinitions: once(async () =>
      (await import('../../aws/task-definitions.ts')).taskDefinitions(connection),
    ),
    traffic: once(async () => (await import('../../aws/traffic.ts')).traffic(connection)),
    scaling: once(async () => (await import('../../aws/scaling.ts')).scaling(connection)),
    metrics: once(async () => (await import('../../aws/metrics.ts')).metrics(connection)),
    secrets: once(async () => (await import('../../aws/secrets.ts')).secrets(connection)),
    parameters: once(async () =>
      (await import('../../aws/parameters.ts')).parameters(connection, { patienceMs: PATIENCE_MS }),
    ),
    logGroups: once(async () => (await import('../../aws/log-groups.ts')).logGroups(connection)),
    network: once(async () => (await import('../../aws/network.ts')).network(connection)),
    access: once(async () => (await import('../../aws/access.ts')).access(connection)),
    quotas: once(async () => (await import('../../aws/quotas.ts')).quotas(connection)),
    snapshots,
    repositories: async (region, account) =>
      (await import('../../aws/repositories.ts')).repositories(connection, { region, registryId: account }),
    ownRole: once(async () => (await import('../../aws/roles.ts')).ownRole(connection)),
  };
}

/** The same promise to all who ask, made for the first of them. */
export function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** The same by a key. */
export function onceEach<Value>(make: (key: string) => Promise<Value>): (key: string) => Promise<Value> {
  const made = new Map<string, Promise<Value>>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}
