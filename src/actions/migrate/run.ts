import { ConfigError, DeployError } from '../../errors.ts';
import { holderOf } from '../../github/run-identity.ts';
import type { MigrationOutcome, MigrationPlan } from '../../migrations/entry.ts';
import { takeLock } from '../../migrations/lock.ts';
import type { Reporter, TaskDefinitions } from '../../ports.ts';
import { revision } from '../../report/narrate.ts';
import type { ActionContext } from '../action.ts';
import { connectToRepositories, connectToStacks, connectToTasks } from '../aws-adapters.ts';
import { withEcrImages } from '../ecr-images.ts';
import { askedRegion } from '../job-region.ts';
import { IMAGE_INPUTS } from '../render-task-definition/render-inputs.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { carryOut, type Outcome } from './carry-out.ts';
import { identityOf, publicName } from './identity.ts';
import { type Inputs, readInputs, STACK_INPUTS } from './inputs.ts';
import { type Prepared, prepare } from './prepare.ts';
import { describePlan, refusalOf, summaryOf } from './report.ts';
import { ended, keepForPost } from './state.ts';
import { StepRunner } from './steps.ts';
import { requireUndoable } from './undo.ts';

/** Runs a database migration as a task in ECS, once, and tells how it ended. */
export async function run(context: ActionContext): Promise<void> {
  const { reporter, env, clock, cancelled } = context;
  const stacks = () => connectToStacks(clock, cancelled);
  const named = await withStackOutputs(context.input, STACK_INPUTS, stacks);
  const input = await withEcrImages(named, IMAGE_INPUTS, () => connectToRepositories(clock, cancelled));
  const inputs = await readInputs(input, askedRegion(env));
  const aws = await connectToTasks(clock);
  const prepared = await prepare(inputs, context, aws);
  if (inputs.undo) await requireUndoable(inputs, aws.parameters);
  for (const line of describePlan(inputs, prepared)) reporter.info(line);
  if (inputs.compatible === false && !inputs.undo) reporter.warning(BREAKING);
  if (
    prepared.placement.capacityProviders?.some(({ name, weight }) => name === 'FARGATE_SPOT' && weight > 0)
  ) {
    reporter.warning(ON_SPOT);
  }
  if (inputs.dryRun) {
    reporter.notice('Dry run: nothing was changed.');
    return;
  }
  const identity = identityOf(inputs, env);
  const arn = prepared.revision ?? (await register(prepared, aws.taskDefinitions, reporter));
  const { cluster } = prepared;
  const { runKey, startedBy } = identity;
  const holder = holderOf(env);
  const plan = planOf(inputs, arn, env);
  const lock = await takeLock(
    inputs.lock,
    { runKey, holder, cluster, startedBy, waitMs: inputs.lockWaitMs, plan },
    { parameters: aws.parameters, tasks: aws.tasks, clock, say: reporter.info, cancelled },
  ).catch((error: unknown) => refused(error, reporter));
  const record = (outcome: MigrationOutcome) => ({ ...plan, holder, runKey, at: clock.now(), outcome });
  const keep = (outcome?: MigrationOutcome, tasks: readonly string[] = []) => {
    const last = outcome && record(outcome);
    keepForPost(reporter, { cluster, lock: inputs.lock, runKey, startedBy, tasks, record: last });
  };
  keep();
  const begun = () => keep('stopped');
  const steps = new StepRunner({ ...aws, inputs, prepared, revision: arn, identity, lock, context, begun });
  let outcome: Outcome;
  try {
    outcome = await carryOut(inputs, steps, reporter);
  } catch (error) {
    // A task of which nobody knows how it ends keeps the lock; the post step, or the next run, looks at it.
    if (steps.nothingRuns && (error instanceof ConfigError || error instanceof DeployError)) {
      await lock.release(steps.hasRun ? record('failed') : undefined, steps.records);
      ended(reporter);
    }
    return await refused(error, reporter);
  }
  if (outcome.settled) {
    await lock.release(outcome.record && record(outcome.record), steps.records);
    ended(reporter);
  } else {
    keep(outcome.record, outcome.tasks);
  }
  await conclude(context, inputs, outcome, arn);
}

/** Nothing was carried out; the job's page says why, as the log does. */
async function refused(error: unknown, reporter: Reporter): Promise<never> {
  reporter.output('outcome', 'failed');
  if (error instanceof ConfigError || error instanceof DeployError) await reporter.summary(refusalOf(error));
  throw error;
}

const ON_SPOT =
  'The task may run on FARGATE_SPOT, which AWS takes back when it needs it, in the middle of a migration too. Give capacity-providers: FARGATE.';

const BREAKING =
  'The change was found incompatible with the code that runs: until the new release has taken over, requests may fail, and after a rollback they will. The steps that check-migrations names lead to the same end without that.';

async function register(
  { definition }: Prepared,
  taskDefinitions: TaskDefinitions,
  reporter: Reporter,
): Promise<string> {
  const { arn, created } = await taskDefinitions.register(definition);
  reporter.info(`${revision(arn)} ${created ? 'was registered' : 'is the same and used again'}`);
  return arn;
}

/** What is kept of the migration in AWS. */
function planOf(inputs: Inputs, taskDefinition: string, env: NodeJS.ProcessEnv): MigrationPlan {
  const { service, compatible, backups, commands } = inputs;
  const commit = env['GITHUB_SHA'];
  return {
    command: commands.map(publicName).join('; '),
    taskDefinition,
    backups,
    ...(commit && { commit }),
    ...(service !== undefined && { service }),
    ...(compatible !== undefined && { compatible }),
  };
}

async function conclude(
  { reporter }: ActionContext,
  inputs: Inputs,
  outcome: Outcome,
  taskDefinition: string,
): Promise<void> {
  reporter.output('outcome', outcome.word);
  reporter.output('task-definition-arn', taskDefinition);
  reporter.output('task-arns', outcome.tasks.join('\n'));
  reporter.output('exit-code', outcome.exitCode === undefined ? '' : String(outcome.exitCode));
  reporter.output('compatible', inputs.compatible === undefined ? '' : String(inputs.compatible));
  await reporter.summary(summaryOf(inputs, outcome, taskDefinition));
  if (outcome.failure) {
    const { message, state, next } = outcome.failure;
    throw new DeployError(message, { state, next });
  }
  reporter.notice(outcome.headline);
}
