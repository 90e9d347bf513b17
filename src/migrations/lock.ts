import { randomBytes } from 'node:crypto';
import { nameIn } from '../arn.ts';
import type { Clock } from '../clock.ts';
import { ConfigError, DeployError, isOutage } from '../errors.ts';
import type { EcsTask, Parameters, Tasks } from '../ports.ts';
import { formatDuration } from '../rollout/duration.ts';
import { printable } from '../taskdef/shape.ts';
import {
  type Entry,
  entryText,
  type Hold,
  MAX_STEPS,
  type MigrationPlan,
  type MigrationRecord,
  type StepRecord,
} from './entry.ts';
import {
  type Counted,
  isSameRun,
  type Journal,
  LEASE_MS,
  pastAfter,
  readJournal,
  stepsOf,
} from './journal.ts';

/** A task of a migration carries the lock's name under this key: a run may have tasks of several locks. */
export const LOCK_TAG = 'deploy-actions:lock';

/** The holder trusts its own hold for less long than others do: clocks may differ, and a call takes its time. */
const OWN_LEASE_MS = LEASE_MS - 30_000;
/** A look takes up to six calls: three pages of the log, and three for the tasks. */
const LOOK_EVERY_MS = 20_000;
const SAY_EVERY_MS = 60_000;
/** How long the log is read again for what a write has put there, and a call is tried again that AWS did not answer. */
const PATIENCE_MS = 60_000;
const REREAD_MS = 500;

export interface LockRequest {
  /** Of all attempts of this step alone. */
  readonly runKey: string;
  /** URL of the run. */
  readonly holder: string;
  /** The cluster's name, and what the run's tasks are started by. */
  readonly cluster: string;
  readonly startedBy: string;
  /** How long to wait for others, in ms. */
  readonly waitMs: number;
  /** For those who wait, and for the record of a run that breaks off. */
  readonly plan: MigrationPlan;
}

export interface LockWorld {
  /** Whose calls outlive the run's cancellation, so that the lock can be given back. */
  readonly parameters: Parameters;
  readonly tasks: Tasks;
  readonly clock: Clock;
  say(line: string): void;
  readonly cancelled: AbortSignal;
}

export interface HeldLock {
  /** Of this run and of its former attempts: what was noted last. */
  readonly steps: readonly StepRecord[];
  /** Until when a task may be started without another `note`, in ms since the epoch. */
  readonly startBefore: number;
  /**
   * Writes down the steps so far: before a task is ordered (its token), and after. Makes sure that the lock is still
   * held, and holds it for longer.
   *
   * @throws DeployError when the lock was lost: nothing may be started any more
   */
  note(steps: readonly StepRecord[]): Promise<void>;
  /**
   * Gives the lock back, with what became of the migration. It never throws: a lock that is not given back frees
   * itself, and the migration is then on record with the outcome `unknown`.
   */
  release(record?: MigrationRecord, steps?: readonly StepRecord[]): Promise<void>;
}

/**
 * The name of the parameter that is the lock.
 *
 * @throws ConfigError when Systems Manager takes no such name
 */
export function lockParameter(lock: string, input = 'lock'): string {
  if (/^[\w.-]+(\/[\w.-]+){0,9}$/.test(lock) && lock.length <= 600)
    return `/deploy-actions/migrations/${lock}`;
  throw new ConfigError({
    input,
    message: `"${lock}" is no name for a lock; write letters, digits, dots, dashes, underscores, and slashes between them, such as production/shop`,
  });
}

/**
 * Takes the lock, when need be after waiting for others. A former attempt of the same run is followed at once; anyone
 * else's hold ends when it is given back, or two minutes after its last word and its last task.
 *
 * @throws ConfigError for a name that cannot be; DeployError when others hold the lock for too long, or the run is
 *   cancelled: nothing was changed then
 */
export async function takeLock(lock: string, request: LockRequest, world: LockWorld): Promise<HeldLock> {
  const { clock, say } = world;
  const log = openLog(lockParameter(lock), world);
  const limit = clock.now() + request.waitMs;
  const waiting = patientTeller(lock, limit, world);
  let journal = await log.read();
  for (;;) {
    const { last } = journal;
    const obstacle = await obstacleTo(lock, journal, request, world);
    if (!obstacle || !last) {
      const left = last?.free === false ? last.hold : undefined;
      if (left) say(`Taking over the lock ${lock}, which ${printable(left.holder)} has left without a word`);
      const sentAt = clock.now();
      const entry = entryThatTakes(journal, request, sentAt);
      journal = await log.write(entry);
      if (journal.last?.id === entry.id) {
        const held = holdOn(lock, entry, sentAt, log, world);
        if (left && !isSameRun(left, request))
          await outlast(lock, left, request.cluster, held, waiting, world);
        return held;
      }
      // Somebody was faster, and is looked at; or by AWS's clock it was too early.
      if (!last || journal.last?.id !== last.id) continue;
    }
    await waiting(obstacle ?? heldBy(lock, last, clock.now()));
    journal = await log.read();
  }
}

/**
 * The hold of a main step that was cut off, for its own post step: nobody waits for what the same run has left.
 *
 * @returns undefined when the lock was given back, or is another's by now
 */
export async function resumeHold(
  lock: string,
  { runKey, holder }: Pick<LockRequest, 'runKey' | 'holder'>,
  world: LockWorld,
): Promise<HeldLock | undefined> {
  const log = openLog(lockParameter(lock), world);
  const { last } = await log.read();
  if (!last || last.free || last.hold.runKey !== runKey || last.hold.holder !== holder) return undefined;
  return holdOn(lock, last, last.at, log, world);
}

function entryThatTakes(journal: Journal, request: LockRequest, now: number): Entry {
  const { runKey, holder, cluster, startedBy, plan } = request;
  const id = newId();
  const steps = stepsOf(journal, runKey);
  return {
    id,
    after: journal.last?.id ?? '',
    free: false,
    hold: { id, holder, runKey, since: now, cluster, startedBy, steps, plan },
    ...pastAfter(journal.last),
  };
}

const newId = (): string => randomBytes(8).toString('hex');

function holdOn(lock: string, taken: Entry, takenAt: number, log: Log, world: LockWorld): HeldLock {
  const { clock, say } = world;
  let last = taken;
  let startBefore = takenAt + OWN_LEASE_MS;

  /** @throws DeployError when somebody else has the lock */
  async function append(next: Pick<Entry, 'hold' | 'free' | 'record'>): Promise<void> {
    const sentAt = clock.now();
    const { past, forgotten } = last;
    const kept = { past, ...(forgotten !== undefined && { forgotten }) };
    const entry: Entry = { ...next, ...kept, id: newId(), after: last.id };
    const journal = await log.write(entry);
    const counts = journal.entries.some(({ id }) => id === entry.id);
    if (!counts || (!entry.free && journal.last?.hold.id !== entry.hold.id)) throw lost(lock, journal);
    last = entry;
    startBefore = sentAt + OWN_LEASE_MS;
  }

  return {
    get steps() {
      return last.hold.steps;
    },
    get startBefore() {
      return startBefore;
    },
    note: (steps) => append({ hold: { ...last.hold, steps: fitting(steps) }, free: false }),
    async release(record, steps = last.hold.steps) {
      try {
        const hold = { ...last.hold, steps: fitting(steps) };
        await append({ hold, free: true, ...(record && { record }) });
      } catch (error) {
        const why = error instanceof Error ? printable(error.message) : '';
        say(
          `The lock ${lock} was not given back: ${why}. A lock frees itself within ${formatDuration(LEASE_MS)}.`,
        );
      }
    },
  };
}

/** Tries that have failed make room for later ones. */
function fitting(steps: readonly StepRecord[]): readonly StepRecord[] {
  let surplus = steps.length - MAX_STEPS;
  return steps.filter(({ exitCode }) => surplus <= 0 || !exitCode || surplus-- <= 0);
}

function lost(lock: string, { last, unclear }: Journal): DeployError {
  const now = last
    ? `${last.free ? 'it was taken and given back by' : 'it is held by'} ${last.hold.holder}`
    : unclear;
  return new DeployError(
    `this run has lost the lock ${lock}: ${printable(now ?? 'its parameter was deleted')}`,
    {
      state: `Nothing was started after that. A hold ends ${formatDuration(LEASE_MS)} after its last word when no task of it runs: this run was silent for too long.`,
      next: 'Look at what that run has done, then run this step again.',
    },
  );
}

/** Why the lock cannot be taken now. */
interface Obstacle {
  readonly what: string;
  /** What somebody can do who knows that the holder is dead. */
  readonly fix: string;
  /** When to look again at the latest, in ms since the epoch. */
  readonly until?: number;
}

async function obstacleTo(
  lock: string,
  journal: Journal,
  request: LockRequest,
  world: LockWorld,
): Promise<Obstacle | undefined> {
  const { last, unclear } = journal;
  if (unclear !== undefined) {
    throw new DeployError(`nobody can say who holds the lock ${lock}: ${unclear}`, {
      state: 'Nothing was changed by this run.',
      next: `Make sure that no migration runs. If a newer deploy-actions has written it, use that one here too; else delete the lock, and with it the record of past migrations: aws ssm delete-parameter --name ${lockParameter(lock)}`,
    });
  }
  if (!last || last.free || isSameRun(last.hold, request)) return undefined;
  const { hold, at } = last;
  const obstacle = heldBy(lock, last, world.clock.now());
  // AWS's clock decides in the end, and may be a little behind ours.
  if (world.clock.now() < at + LEASE_MS) return obstacle;
  const task = await aliveTask(lock, hold, request.cluster, world);
  if (!task) return undefined;
  if (task instanceof Error) {
    const what = `${obstacle.what}; whether a task of it runs, ECS does not say: ${printable(task.message)}`;
    return { what, fix: obstacle.fix };
  }
  const id = nameIn(task.arn);
  if (task.stoppedAt !== undefined) {
    const what = `${obstacle.what}; its task ${id} has just ended`;
    return { what, fix: obstacle.fix, until: task.stoppedAt + LEASE_MS };
  }
  const what = `${obstacle.what}; its task ${id} is ${task.status}`;
  return { what, fix: `${obstacle.fix} ${stopping(hold.cluster, id)}` };
}

const stopping = (cluster: string, task: string): string =>
  `If the task hangs, stop it: aws ecs stop-task --cluster ${cluster} --task ${task}`;

function heldBy(lock: string, { hold, at }: Counted, now: number): Obstacle {
  const command = hold.plan.command === '' ? '' : `, running "${hold.plan.command}"`;
  const age = formatDuration(Math.max(1_000, round(now - hold.since)));
  return {
    what: printable(
      `the lock ${lock} is held by ${hold.holder} since ${clockTime(hold.since)} (${age})${command}`,
    ),
    fix: `A lock whose run is dead frees itself ${formatDuration(LEASE_MS)} after the run's last word and the end of its task.`,
    ...(now < at + LEASE_MS && { until: at + LEASE_MS }),
  };
}

const round = (ms: number): number => Math.round(ms / 1000) * 1000;
const clockTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/**
 * A task of the hold that has not stopped, or has only just: the holder is about to say how it went.
 *
 * @returns an error when ECS does not answer, so that there may be one
 */
async function aliveTask(
  lock: string,
  { cluster, startedBy, steps }: Hold,
  ownCluster: string,
  { tasks, clock }: LockWorld,
): Promise<EcsTask | Error | undefined> {
  const open = steps.flatMap(({ task, exitCode }) =>
    task === undefined || exitCode !== undefined ? [] : [task],
  );
  try {
    const [noted, started] = await Promise.all([
      open.length > 0 ? tasks.describe(cluster, open) : new Map<string, EcsTask>(),
      tasks.startedBy(cluster, startedBy),
    ]);
    const ours = started.filter(({ tags }) => (tags[LOCK_TAG] ?? lock) === lock);
    const all = [...noted.values(), ...ours];
    return (
      all.find(({ status }) => status !== 'STOPPED') ??
      all.find(({ stoppedAt = 0 }) => clock.now() < stoppedAt + LEASE_MS)
    );
  } catch (error) {
    if (isOutage(error)) return error;
    // A cluster that is gone runs no tasks; our own has to be there.
    if (error instanceof ConfigError && cluster !== ownCluster) return undefined;
    throw error;
  }
}

/** Says who is in the way, again every minute, and waits a little. */
function patientTeller(lock: string, limit: number, { clock, say, cancelled }: LockWorld) {
  let saidAt = Number.NEGATIVE_INFINITY;
  return async ({ what, fix, until = Number.POSITIVE_INFINITY }: Obstacle): Promise<void> => {
    const now = clock.now();
    if (now >= limit) {
      throw new DeployError(`gave up waiting: ${what}`, {
        state: 'Nothing was changed by this run.',
        next: `Let that run come to its end, then run this step again; or give it a longer lock-wait. ${fix}`,
      });
    }
    if (now - saidAt >= SAY_EVERY_MS) {
      say(`${what[0]?.toUpperCase()}${what.slice(1)}; waiting until ${clockTime(limit)} at the latest`);
      saidAt = now;
    }
    await clock.sleep(Math.max(1_000, Math.min(LOOK_EVERY_MS, until - now, limit - now)), cancelled);
    if (!cancelled.aborted) return;
    throw new DeployError(`cancelled while waiting for the lock ${lock}`, {
      state: 'Nothing was changed by this run.',
    });
  };
}

/**
 * A run that froze between its last word and RunTask has started its task after we took the lock: it learns at its
 * next word that it has lost it. Until then its task runs, and ours must not.
 */
async function outlast(
  lock: string,
  former: Hold,
  cluster: string,
  held: HeldLock,
  waiting: (obstacle: Obstacle) => Promise<void>,
  world: LockWorld,
): Promise<void> {
  const { clock } = world;
  try {
    for (;;) {
      const task = await aliveTask(lock, former, cluster, world);
      if (!task || 'stoppedAt' in task) return;
      await waiting(
        task instanceof Error
          ? {
              what: printable(`whether a task of ${former.holder} runs, ECS does not say: ${task.message}`),
              fix: '',
            }
          : {
              what: printable(
                `a task of ${former.holder} (${task.arn}) runs on the database of the lock ${lock}`,
              ),
              fix: stopping(former.cluster, nameIn(task.arn)),
            },
      );
      if (held.startBefore - clock.now() < LEASE_MS / 2) await held.note(held.steps);
    }
  } catch (error) {
    await held.release();
    throw error;
  }
}

interface Log {
  read(): Promise<Journal>;
  /** Writes an entry, and gives the log in which it stands: whether it counts, is decided there. */
  write(entry: Entry): Promise<Journal>;
}

/** Reads lag behind writes, versions in between may be missing for a moment, and answers get lost. */
function openLog(name: string, { parameters, clock }: LockWorld): Log {
  /** Reads until `enough`, for as long as that makes sense; then gives what there is, or the outage that there was. */
  async function readUntil(enough: (journal: Journal) => boolean, patienceMs: number): Promise<Journal> {
    const start = clock.now();
    for (let pause = REREAD_MS; ; pause = Math.min(5_000, pause * 1.5)) {
      try {
        const journal = readJournal(await parameters.history(name));
        if (enough(journal) || clock.now() >= start + patienceMs) return journal;
      } catch (error) {
        if (!isOutage(error) || clock.now() >= start + PATIENCE_MS) throw error;
      }
      await clock.sleep(pause);
    }
  }

  return {
    read: () => readUntil(({ unclear }) => unclear === undefined, 5_000),
    async write(entry) {
      const text = entryText(entry);
      const limit = clock.now() + PATIENCE_MS;
      for (;;) {
        const attempt = await parameters.append(name, text).then(
          (version) => ({ version }),
          (error: unknown) => {
            if (isOutage(error)) return { error };
            throw error;
          },
        );
        const there = ({ newest, ids, unclear }: Journal): boolean =>
          ids.has(entry.id) || (unclear === undefined && 'version' in attempt && newest >= attempt.version);
        // Of two times the same entry, the first counts: what may have been lost is written again.
        const journal = await readUntil(there, 'version' in attempt ? PATIENCE_MS : 3_000);
        if (there(journal)) return journal;
        if ('error' in attempt && clock.now() < limit) continue;
        throw new DeployError(`Systems Manager does not show what was written to ${name}`, {
          state: 'Nothing was started after that.',
          next: 'Run this step again; when this happens often, look at the AWS Health Dashboard.',
          ...('error' in attempt && { cause: attempt.error }),
        });
      }
    },
  };
}
