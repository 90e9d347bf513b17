import { ConfigError, DeployError } from '../../errors.ts';
import { holderOf } from '../../github/run-identity.ts';
import { type HeldLock, type MigrationRecord, takeLock } from '../../migrations/lock.ts';
import { connectToTasks, type TaskAdapters } from '../aws-adapters.ts';
import { revision } from '../../report/narrate.ts';
import type { ActionContext } from '../action.ts';
import { connectToRepositories, connectToStacks } from '../aws-adapters.ts';
import { withEcrImages } from '../ecr-images.ts';
import { IMAGE_INPUTS } from '../render-task-definition/render-inputs.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { carryOut, type Outcome } from './carry-out.ts';
import { identityOf } from './identity.ts';
import { type Inputs, readInputs, STACK_INPUTS } from './inputs.ts';
import { type Prepared, prepare } from './prepare.ts';
import { describePlan, publicCommands, summaryOf } from './report.ts';
import { ended, keepForPost } from './state.ts';
import { stepRunner } from './steps.ts';
import { requireUndoable } from './undo.ts';

/** Runs a database migration as a task in ECS, once, and tells how it ended. */
export async function run(context: ActionContext): Promise<void> {
  const { reporter, env, clock, cancelled } = context;
  const stacks = () => connectToStacks(clock, cancelled);
  const named = await withStackOutputs(context.input, STACK_INPUTS, stacks);
  const input = await withEcrImages(named, IMAGE_INPUTS, () => connectToRepositories(clock, cancelled));
  const inputs = await readInputs(input);
  const aws = await connectToTasks(clock);
  const prepared = await prepare(inputs, context, aws);
  if (inputs.undo) await requireUndoable(inputs, aws.parameters);
  for (const line of describePlan(inputs, prepared)) reporter.info(line);
  if (inputs.compatible === false && !inputs.undo) reporter.warning(BREAKING);
  if (inputs.dryRun) {
    reporter.notice('Dry run: nothing was changed.');
    return;
  }
  const identity = identityOf(inputs, env);
  const lock = await takeLock(
    inputs.lock,
    {
      runKey: identity.runKey,
      holder: holderOf(env),
      cluster: prepared.cluster,
      startedBy: identity.startedBy,
      waitMs: inputs.lockWaitMs,
    },
    { parameters: aws.parameters, tasks: aws.tasks, clock, say: reporter.info, cancelled },
  );
  const { cluster } = prepared;
  keepForPost(reporter, { cluster, lock: inputs.lock, runKey: identity.runKey, startedBy: identity.startedBy, task: '' });
  const outcome = await underLock(context, inputs, prepared, lock, aws, identity);
  await conclude(context, inputs, outcome);
}

const BREAKING =
  'The change was found incompatible with the code that runs: from here on until the new release has taken over, requests may fail, and after a rollback they will. The steps of check-migrations lead to the same end without that.';

async function underLock(
  context: ActionContext,
  inputs: Inputs,
  prepared: Prepared,
  lock: HeldLock,
  aws: TaskAdapters,
  identity: ReturnType<typeof identityOf>,
): Promise<Outcome> {
  const { reporter, clock, env } = context;
  const release = async (outcome: MigrationRecord['outcome'], taskDefinition?: string) => {
    const sha = env['GITHUB_SHA'];
    await lock.release({
      holder: holderOf(env),
      runKey: identity.runKey,
      at: clock.now(),
      outcome,
      command: publicCommands(inputs),
      ...(sha && { commit: sha }),
      ...(inputs.service !== undefined && { service: inputs.service }),
      ...(taskDefinition !== undefined && { taskDefinition }),
      ...(inputs.compatible !== undefined && { compatible: inputs.compatible }),
      backups: inputs.backups,
    });
    ended(reporter);
  };
  let arn: string | undefined = prepared.revision;
  try {
    if (arn === undefined) {
      const registration = await aws.taskDefinitions.register(prepared.definition);
      arn = registration.arn;
      reporter.info(`${revision(arn)} ${registration.created ? 'was registered' : 'is the same and used again'}`);
    }
    const runStep = stepRunner({ ...aws, inputs, prepared, revision: arn, identity, lock, context });
    const outcome = await carryOut(inputs, runStep, reporter);
    // A task that may still run keeps the lock; the post step, or the next run, looks at it again.
    if (outcome.settled) await release(outcome.record, arn);
    return { ...outcome, taskDefinition: arn };
  } catch (error) {
    // Nothing was begun, or it is not known what became of it: then the task in ECS speaks for itself.
    if (error instanceof ConfigError) await release('failed', arn);
    throw error;
  }
}

async function conclude({ reporter }: ActionContext, inputs: Inputs, outcome: Outcome): Promise<void> {
  reporter.output('outcome', outcome.word);
  reporter.output('task-definition-arn', outcome.taskDefinition ?? '');
  reporter.output('task-arns', outcome.tasks.join('\n'));
  reporter.output('exit-code', outcome.exitCode === undefined ? '' : String(outcome.exitCode));
  reporter.output('compatible', inputs.compatible === undefined ? '' : String(inputs.compatible));
  await reporter.summary(summaryOf(inputs, outcome));
  if (outcome.failure) {
    const { message, state, next } = outcome.failure;
    throw new DeployError(message, { state, next });
  }
  reporter.notice(outcome.headline);
}
