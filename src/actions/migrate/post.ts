import { holderOf } from '../../github/run-identity.ts';
import { type HeldLock, LOCK_TAG, resumeHold } from '../../migrations/lock.ts';
import type { EcsTask, Tasks } from '../../ports.ts';
import type { ActionContext } from '../action.ts';
import { connectToTasks } from '../aws-adapters.ts';
import { fromMain, type PostState } from './state.ts';

/** The runner ends its worker about 45 s after a job was cancelled. */
const PATIENCE_MS = 35_000;
const LOOK_EVERY_MS = 3_000;

/**
 * Sees a cancelled migration to its end: the runner gave the main step seconds, and a task that was told to stop has half
 * a minute. Frees the lock when nothing of it runs any more.
 */
export async function run(context: ActionContext): Promise<void> {
  const { reporter, clock, cancelled, env } = context;
  const state = fromMain(reporter);
  if (!state) return;
  const { tasks, parameters } = await connectToTasks(clock);
  const holder = holderOf(env);
  const world = { parameters, tasks, clock, say: reporter.info, cancelled };
  const lock = await resumeHold(state.lock, { runKey: state.runKey, holder }, world);
  if (!lock) return;
  const until = clock.now() + PATIENCE_MS;
  for (;;) {
    const running = await runningTasks(state, lock, tasks);
    if (running.length === 0) break;
    for (const { arn, stopping } of running) {
      if (!stopping) await tasks.stop(state.cluster, arn, `${holder} was cancelled`);
    }
    if (clock.now() > until) {
      reporter.warning(
        'The task of the migration was told to stop and has not ended yet. Its lock frees itself when it has; look at the database before the next release.',
      );
      return;
    }
    await clock.sleep(LOOK_EVERY_MS);
  }
  await lock.release(lock.steps.length > 0 ? { ...state.record, at: clock.now() } : undefined);
  reporter.info('Nothing of the migration runs any more, and its lock is free.');
}

/** Those that are noted, and one whose start was not; ECS lists none that is told to stop already. */
async function runningTasks(
  { cluster, startedBy, lock }: PostState,
  { steps }: HeldLock,
  tasks: Tasks,
): Promise<readonly EcsTask[]> {
  const open = steps.flatMap(({ task, exitCode }) => (task && exitCode === undefined ? [task] : []));
  const [noted, listed] = await Promise.all([
    open.length > 0 ? tasks.describe(cluster, open) : new Map<string, EcsTask>(),
    tasks.startedBy(cluster, startedBy),
  ]);
  const ours = listed.filter(({ tags }) => tags[LOCK_TAG] === lock);
  const all = new Map([...noted.values(), ...ours].map((task) => [task.arn, task]));
  return [...all.values()].filter(({ status }) => status !== 'STOPPED');
}
