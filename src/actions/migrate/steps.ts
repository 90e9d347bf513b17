import type { HeldLock, StepRecord } from '../../migrations/lock.ts';
import type { EcsTask, Logs, TaskOrder, Tasks } from '../../ports.ts';
import { runTask, type TaskEnd } from '../../task-run/run-task.ts';
import type { ActionContext } from '../action.ts';
import type { Identity } from './identity.ts';
import type { Inputs, Words } from './inputs.ts';
import type { Prepared } from './prepare.ts';
import { keepForPost } from './state.ts';

/** One command that is run as a task. */
export interface Step {
  /** `status`, `command 2`, `verify`: the same in every attempt of a run. */
  readonly name: string;
  readonly command: Words | undefined;
  /** It changes nothing, so that every attempt runs it anew. */
  readonly probe: boolean;
  /** What it is called where nothing is masked. */
  readonly publicName: string;
  readonly timeoutMs: number;
}

/** How a step ended, in this attempt or in an earlier one. */
export type StepEnd =
  | { readonly kind: 'ran'; readonly end: TaskEnd }
  | { readonly kind: 'done-before'; readonly task: string | undefined };

export interface StepWorld {
  readonly inputs: Inputs;
  readonly prepared: Prepared;
  /** ARN of the revision that runs. */
  readonly revision: string;
  readonly identity: Identity;
  readonly lock: HeldLock;
  readonly tasks: Tasks;
  readonly logs: Logs;
  readonly context: ActionContext;
}

/**
 * Runs steps one after the other, each noted in the lock before it is begun: an attempt that was cut off is found again
 * by the next, and a run that lost the lock starts nothing.
 */
export function stepRunner(world: StepWorld): (step: Step) => Promise<StepEnd> {
  const { lock, identity, tasks, prepared, context } = world;
  let records: readonly StepRecord[] = lock.steps;
  const attempt = context.env['GITHUB_RUN_ATTEMPT'] || '1';

  /** The last record of a token replaces those before. */
  const recordOf = (token: string) => records.findLast((record) => record.token === token);
  const put = (record: StepRecord) => {
    records = [...records.filter(({ token }) => token !== record.token), record];
  };

  async function begin(step: Step, name: string, generation: number): Promise<StepEnd> {
    const token = identity.token(name, generation);
    const record = recordOf(token);
    if (record?.exitCode === 0) return { kind: 'done-before', task: record.task };
    if (record?.exitCode !== undefined) return begin(step, name, generation + 1);
    const earlier = record?.task && (await tasks.describe(prepared.cluster, [record.task])).get(record.task);
    if (record?.task && !earlier) {
      // ECS forgets a task an hour after its end, and how that was nobody has noted.
      put({ ...record, exitCode: -1 });
      return begin(step, name, generation + 1);
    }
    put({ token, ...(record?.task !== undefined && { task: record.task }) });
    await lock.note(records, step.publicName);
    const end = await runTask(
      {
        ...(earlier ? { adopt: earlier } : { order: orderOf(world, step, token) }),
        container: prepared.container,
        definition: prepared.definition,
        timeoutMs: step.timeoutMs,
      },
      {
        tasks,
        logs: world.logs,
        clock: context.clock,
        reporter: context.reporter,
        cancelled: context.cancelled,
        started: async (task: EcsTask) => {
          keepForPost(context.reporter, stateOf(world, task));
          put({ token, task: task.arn });
          await lock.noteStarted(records);
        },
      },
    );
    // An end that is not known stays open: the next attempt looks at the task itself.
    if (end.exitCode !== undefined || end.verdict === 'never-started') {
      put({ token, ...(end.task && { task: end.task.arn }), exitCode: end.exitCode ?? -1 });
    }
    const failedBefore = earlier?.status === 'STOPPED' && end.verdict !== 'succeeded';
    return failedBefore ? begin(step, name, generation + 1) : { kind: 'ran', end };
  }

  return (step) => begin(step, step.probe ? `${step.name} of attempt ${attempt}` : step.name, 0);
}

function orderOf(world: StepWorld, { command, name }: Step, token: string): TaskOrder {
  const { inputs, prepared, revision, identity } = world;
  return {
    cluster: prepared.cluster,
    taskDefinition: revision,
    placement: prepared.placement,
    container: prepared.container,
    ...(command && { command }),
    ...(Object.keys(inputs.environment).length > 0 && { environment: inputs.environment }),
    ...inputs.overrides,
    startedBy: identity.startedBy,
    tags: { 'deploy-actions:migration': inputs.lock, 'deploy-actions:step': name },
    token,
  };
}

const stateOf = ({ inputs, prepared, identity }: StepWorld, task: EcsTask) => ({
  cluster: prepared.cluster,
  lock: inputs.lock,
  runKey: identity.runKey,
  startedBy: identity.startedBy,
  task: task.arn,
});
