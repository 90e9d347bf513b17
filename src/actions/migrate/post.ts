import { holderOf } from '../../github/run-identity.ts';
import { LOCK_TAG, resumeHold } from '../../migrations/lock.ts';
import type { EcsTask } from '../../ports.ts';
import type { ActionContext } from '../action.ts';
import { connectToLock } from '../aws-adapters.ts';
import { fromMain } from './state.ts';

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
  const { cluster, runKey, startedBy } = state;
  const { tasks, parameters } = await connectToLock(clock);
  const world = { parameters, tasks, clock, say: reporter.info, cancelled };
  const resume = () => resumeHold(state.lock, { runKey, holder: holderOf(env) }, world);
  const known = new Set(state.tasks);
  for (const { task, exitCode } of (await resume())?.steps ?? []) {
    if (task !== undefined && exitCode === undefined) known.add(task);
  }
  const until = clock.now() + PATIENCE_MS;
  for (;;) {
    const listed = await tasks.startedBy(cluster, startedBy);
    for (const { arn, tags } of listed) if (tags[LOCK_TAG] === state.lock) known.add(arn);
    // ECS lists no task that was told to stop, whatever still runs of it.
    const found = known.size > 0 ? await tasks.describe(cluster, [...known]) : new Map<string, EcsTask>();
    const running = [...found.values()].filter(runs);
    if (running.length === 0) break;
    for (const { arn, stopping } of running) {
      if (!stopping) await tasks.stop(cluster, arn, `deploy-actions: cut off (${holderOf(env)})`);
    }
    if (clock.now() > until) {
      reporter.warning(
        'The task of the migration was told to stop and has not ended yet. Its lock frees itself when it has; look at the database before the next release.',
      );
      return;
    }
    await clock.sleep(LOOK_EVERY_MS);
  }
  const lock = await resume();
  if (!lock) return;
  await lock.release(state.record && { ...state.record, at: clock.now() });
  reporter.info('Nothing of the migration runs any more, and its lock is free.');
}

/** Once its containers have ended, ECS takes a while to put a task away. */
const runs = ({ status, containers }: EcsTask): boolean =>
  status !== 'STOPPED' && !(containers.length > 0 && containers.every((each) => each.status === 'STOPPED'));
