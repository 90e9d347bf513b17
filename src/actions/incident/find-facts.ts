import { nameIn } from '../../arn.ts';
import type { Clock } from '../../clock.ts';
import { ConfigError } from '../../errors.ts';
import { type Deployed, type Past, type Sides, sidesOf } from '../../incidents/from-ecs.ts';
import type { BadEnd, LogExcerpt, Moment } from '../../incidents/incident.ts';
import { boundedExcerpt, MOST_LINES } from '../../incidents/log-lines.ts';
import type { Recorded } from '../../incidents/recorded.ts';
import type { EcsService, EcsTask, LogEnds, RegisteredTaskDefinition, Services } from '../../ports.ts';
import { revision } from '../../report/narrate.ts';
import { isCrash, type StoppedTask } from '../../rollout/judge/evidence.ts';
import { isEssential, logPlace, logSource } from '../../task-run/log-place.ts';
import { type Difference, diff } from '../../taskdef/diff.ts';
import type { Inputs } from './inputs.ts';

/** What AWS says of an incident; empty where it was not asked, or did not answer. */
export interface Facts {
  readonly service: EcsService | undefined;
  readonly past: Past | undefined;
  readonly sides: Sides;
  readonly definitions: readonly RegisteredTaskDefinition[];
  readonly difference: Difference | undefined;
  /** Those of the failed revision that ECS remembers. */
  readonly tasks: readonly EcsTask[];
  readonly stops: readonly StoppedTask[];
  readonly logs: readonly LogExcerpt[];
  readonly migrations: { readonly compatible: boolean | undefined; readonly text: string } | undefined;
}

export interface Question {
  readonly inputs: Inputs;
  readonly outcome: BadEnd;
  readonly given: Sides;
  readonly recorded: Recorded | undefined;
  /** When it was decided that the release is no good, as far as that is known. */
  readonly at: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Hears of what could not be found out, and why. */
  readonly gap: (what: string, error: unknown) => void;
}

const HISTORY = 10;
/** Tasks whose logs are looked at, and excerpts that are shown of those that have written something. */
const LOOKED_AT = 6;
const MOST_EXCERPTS = 3;
/** The last lines come a little after what they tell of. */
const AFTER_MS = 5_000;

/**
 * Asks ECS and CloudWatch Logs what they know. Whatever they do not say is left out.
 *
 * @throws ConfigError where ECS says that there is no such service or cluster, and no record knows it
 */
export async function findFacts(question: Question): Promise<Facts> {
  const { outcome, given, clock, signal, gap } = question;
  const connection = { clock, signal };
  const [{ services: openServices }, { taskDefinitions: openDefinitions }] = await Promise.all([
    import('../../aws/services.ts'),
    import('../../aws/task-definitions.ts'),
  ]);
  const services = openServices(connection);
  const attempt = async <T>(what: string, act: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await act();
    } catch (error) {
      gap(what, error);
      return undefined;
    }
  };
  const service = await attempt('The service could not be looked at', () => serviceOf(question, services));
  if (service instanceof ConfigError) throw service;
  const history: Deployed[] = [];
  if (service) {
    await attempt('The earlier deployments could not be looked at', async () => {
      for await (const { taskDefinition, status, startedAt } of services.history(service)) {
        history.push({ runs: revision(taskDefinition), status, startedAt });
        if (history.length >= HISTORY) break;
      }
    });
  }
  const past = service && { runs: revision(service.taskDefinition), history, events: momentsOf(service) };
  const sides = sidesOf(outcome, given, past);
  const definitions = openDefinitions(connection);
  const find = async (reference: string | undefined) =>
    reference === undefined
      ? undefined
      : await attempt(`The revision ${reference} could not be looked at`, () => definitions.find(reference));
  const [failed, good] = await Promise.all([find(sides.failed), find(sides.good)]);
  const [{ tasks, stops, logs }, migrations] = await Promise.all([
    lookAtTasks(question, failed, good, attempt),
    service && good
      ? attempt('The migrations could not be looked at', () =>
          migrationsOf(question, good.arn, service, services),
        )
      : undefined,
  ]);
  return {
    service,
    past,
    sides,
    definitions: [failed, good].filter((each) => each !== undefined),
    difference: failed && good ? diff(good.definition, failed.definition) : undefined,
    tasks,
    stops,
    logs,
    migrations,
  };
}

/** @returns the error where the inputs name none that is there */
async function serviceOf(
  { inputs: { cluster, service }, recorded }: Question,
  services: Services,
): Promise<EcsService | ConfigError | undefined> {
  try {
    const [found] = await services.describe(cluster, [service]);
    // One that has a record was there: somebody has deleted it since.
    if (found || recorded) return found;
  } catch (error) {
    const noCluster = error instanceof ConfigError && error.problems.some(({ input }) => input === 'cluster');
    if (!noCluster || recorded) throw error;
    return error;
  }
  return new ConfigError({
    input: 'service',
    message: `there is no service "${service}" in the cluster "${nameIn(cluster)}" of this account and region; check the name, the cluster and AWS_REGION`,
  });
}

type Attempt = <T>(what: string, act: () => Promise<T>) => Promise<T | undefined>;

const momentsOf = ({ events }: EcsService): readonly Moment[] =>
  events.map(({ at, message }) => ({ at, text: message }));

async function lookAtTasks(
  { inputs, recorded, at, clock, signal }: Question,
  failed: RegisteredTaskDefinition | undefined,
  good: RegisteredTaskDefinition | undefined,
  attempt: Attempt,
): Promise<Pick<Facts, 'tasks' | 'stops' | 'logs'>> {
  const known = new Map((recorded?.stops ?? []).map((task) => [task.arn, task]));
  if (!failed) return { tasks: [], stops: [...known.values()], logs: [] };
  const [{ pastTasks }, { logEnds }] = await Promise.all([
    import('../../aws/past-tasks.ts'),
    import('../../aws/log-ends.ts'),
  ]);
  const connection = { clock, signal };
  const tasks =
    (await attempt('The stopped tasks could not be looked at', () =>
      pastTasks(connection).ofRevision(inputs.cluster, failed.arn),
    )) ?? [];
  for (const task of tasks) if (task.stoppedAt !== undefined) known.set(task.arn, stopOf(task));
  const stops = [...known.values()].filter(isTelling);
  if (!inputs.logs) return { tasks, stops, logs: [] };
  // ECS forgets a task after an hour; its log stays.
  const there = new Set(tasks.map(({ arn }) => arn));
  const forgotten = [...known.values()]
    .filter(({ arn }) => !there.has(arn))
    .map((stop) => taskOf(stop, nameIn(inputs.cluster), failed.arn));
  const chosen = mostTelling([...tasks, ...forgotten], at).slice(0, LOOKED_AT);
  const hidden = [failed, good].flatMap((each) => (each ? [each.definition] : []));
  const excerpts = await Promise.all(
    chosen.map((task) => lastLines(task, failed, at, logEnds(connection), attempt)),
  );
  const all = excerpts.flat();
  const written = all.filter(({ lines }) => lines.length > 0).slice(0, MOST_EXCERPTS);
  const shown = written.length > 0 ? written : all.slice(0, 1);
  return { tasks, stops, logs: shown.map((excerpt) => boundedExcerpt(excerpt, hidden)) };
}

/** A task that somebody has stopped, as every rollback does with the canary's, tells nothing, whatever its exit code. */
const isTelling = (stop: StoppedTask): boolean =>
  isCrash(stop) || stop.containers.some(({ reason }) => reason !== undefined);

/** Those first whose end has led to the rollback, the last of them; then what crashed later; then the others. */
function mostTelling(tasks: readonly EcsTask[], at: number): readonly EcsTask[] {
  const ended = ({ stoppedAt = Number.POSITIVE_INFINITY }: EcsTask) => stoppedAt;
  const rank = (task: EcsTask) => {
    if (task.stoppedAt === undefined || !isTelling(stopOf(task))) return 2;
    return task.stoppedAt <= at + AFTER_MS ? 0 : 1;
  };
  return tasks.toSorted((a, b) => rank(a) - rank(b) || (ended(b) > ended(a) ? 1 : -1));
}

async function lastLines(
  task: EcsTask,
  { definition }: RegisteredTaskDefinition,
  at: number,
  logs: LogEnds,
  attempt: Attempt,
): Promise<readonly LogExcerpt[]> {
  const containers = definition.containerDefinitions.filter(isEssential).flatMap(({ name }) => name ?? []);
  const { stoppedAt = at } = task;
  const until = isTelling(stopOf(task)) ? stoppedAt : Math.min(stoppedAt, at);
  const found = containers.map(async (container) => {
    const source = logSource(definition, container);
    if (source.kind === 'elsewhere') {
      await attempt('', () => Promise.reject(new Error(source.why)));
      return undefined;
    }
    const place = logPlace(source, container, task);
    if (!place) return undefined;
    const lines = await attempt('The log could not be read', () =>
      logs.last(place, MOST_LINES, until + AFTER_MS),
    );
    return lines && { task: task.arn.split('/').at(-1) ?? '', container, lines };
  });
  return (await Promise.all(found)).filter((each) => each !== undefined);
}

function stopOf({
  arn,
  startedBy,
  stopCode = '',
  stoppedReason = '',
  stoppedAt = 0,
  containers,
}: EcsTask): StoppedTask {
  return {
    arn,
    startedBy,
    stopCode,
    reason: stoppedReason,
    stoppedAt,
    containers: containers.map(({ name, exitCode, reason }) => ({
      name,
      ...(exitCode !== undefined && { exitCode }),
      ...(reason !== undefined && { reason }),
    })),
  };
}

const taskOf = (stop: StoppedTask, cluster: string, taskDefinition: string): EcsTask => ({
  arn: stop.arn,
  cluster,
  taskDefinition,
  status: 'STOPPED',
  stopping: true,
  startedBy: stop.startedBy,
  tags: {},
  stopCode: stop.stopCode,
  stoppedReason: stop.reason,
  createdAt: 0,
  stoppedAt: stop.stoppedAt,
  containers: stop.containers.map((container) => ({ status: 'STOPPED', ...container })),
});

async function migrationsOf(
  { inputs, clock, signal }: Question,
  good: string,
  service: EcsService,
  services: Parameters<typeof import('../rollback/migration-guard.ts')['judgeMigrations']>[3]['services'],
): Promise<Facts['migrations']> {
  const { judgeMigrations } = await import('../rollback/migration-guard.ts');
  const { compatible, lock } = inputs;
  const migrations = lock === undefined ? ('own' as const) : { lock, strict: false };
  const verdict = await judgeMigrations({ migrations, compatible }, good, service, {
    services,
    clock,
    signal,
  });
  switch (verdict.kind) {
    case 'refuse':
      return { compatible: false, text: verdict.why };
    case 'not-known':
      return { compatible: undefined, text: verdict.why };
    case 'go': {
      const { note } = verdict;
      if (note === undefined) {
        const text = `migrate has no migration on record since ${revision(good)} was deployed; of one that was made otherwise, nobody knows here`;
        return { compatible: undefined, text };
      }
      const known = compatible === true || note.startsWith('Migrations ');
      return { compatible: known ? true : undefined, text: note };
    }
  }
}
