import { nameIn } from '../../arn.ts';
import { awaitDeployment } from '../../engine/await-deployment.ts';
import { insist } from '../../engine/insist.ts';
import { findUnfinished } from '../../engine/site.ts';
import { ConfigError, DeployError } from '../../errors.ts';
import { newRolloutId } from '../../github/run-identity.ts';
import type { EcsService } from '../../ports.ts';
import { deploymentStatus } from '../../report/deployment-status.ts';
import { revision } from '../../report/narrate.ts';
import { printable } from '../../taskdef/shape.ts';
import type { ActionContext } from '../action.ts';
import { type Adapters, connect, connectToStacks } from '../aws-adapters.ts';
import { type Announcer, announcerOf } from '../github-deployments.ts';
import { askedRegion } from '../job-region.ts';
import { rescueRollout } from '../rescue-rollout.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { findTarget } from './find-target.ts';
import { type Inputs, readInputs, type ServiceInputs } from './inputs.ts';
import { judgeMigrations } from './migration-guard.ts';
import { isUnderWay, lookAgain, supersededBy } from './superseded.ts';

/** What the last requests of a canary get that somebody does not want any more. */
const DRAIN_MS = 30_000;

/** Brings a service back to a revision that was good: a rollout that is under way first, then the service itself. */
export async function run(context: ActionContext): Promise<void> {
  const { clock, cancelled, env } = context;
  const stackInputs = ['cluster', 'service', 'bucket', 'distribution'];
  const input = await withStackOutputs(context.input, stackInputs, () => connectToStacks(clock, cancelled));
  const inputs = readInputs(input, askedRegion(env));
  if (!inputs.frontend) return void (await runService(context, inputs));
  const { withFrontend } = await import('./frontend.ts');
  await withFrontend(context, inputs, inputs.frontend, (listening) => runService(listening, inputs));
}

async function runService(context: ActionContext, inputs: Inputs): Promise<string | undefined> {
  const { clock, cancelled } = context;
  const aws = await connect(clock, cancelled, () => undefined);
  const announced = inputs.dryRun ? { ...inputs, deployment: undefined } : inputs;
  const announcer = await announcerOf(context, announced, { task: 'rollback', keep: false });
  try {
    return await rollBack(context, aws, inputs, announcer);
  } catch (error) {
    await announcer.failed(error);
    throw error;
  }
}

/**
 * Takes back what is under way, or else the service itself, and sets the outputs.
 *
 * @returns who held the rollout that was under way, and was taken back
 * @throws ConfigError and DeployError where that cannot be done
 */
export async function rollBack(
  context: ActionContext,
  aws: Adapters,
  inputs: ServiceInputs,
  announcer: Announcer,
): Promise<string | undefined> {
  const { clock, cancelled, reporter, env } = context;
  const service = await describe(aws, inputs);
  const site = await findUnfinished(aws, service);
  const ledger = site?.ledger;
  const between = inputs.onlyFrom && supersededBy(inputs.onlyFrom, service, site);
  reporter.output('rollout-ended', 'false');
  if (between !== undefined) {
    await standBack(context, service, between, undefined, announcer);
    return undefined;
  }
  let done: Done | undefined;
  let ended: string | undefined;
  if (site && ledger) {
    const unfinished = isUnderWay(ledger);
    const what = unfinished
      ? `A rollout of ${revision(ledger.to)} is under way (${ledger.phase}), held by ${ledger.holder}`
      : 'A former rollout left parts of its canary';
    reporter.info(what);
    if (inputs.dryRun) {
      const then = unfinished ? `rolled back to ${revision(ledger.from)}` : 'removed';
      reporter.notice(`Dry run: it would be ${then}; nothing was changed.`);
      if (unfinished) return ledger.holder;
    } else {
      // A person's rollback wins over whoever holds the rollout: it takes the hold, and the other run lets go.
      const why = { ...ledger, reason: ledger.reason ?? inputs.reason };
      const rolloutId = newRolloutId(env);
      announcer.begin({
        kind: 'former',
        rollout: ledger.rolloutId,
        taskDefinition: revision(ledger.to),
        otherwise: 'none',
      });
      const { follow } = announcer;
      await rescueRollout(context, aws, site, why, { rolloutId, drainMs: DRAIN_MS, follow });
      done = unfinished
        ? { what: `The rollout of ${revision(ledger.to)} was taken back`, backTo: ledger.from }
        : { what: 'What a former rollout had left was removed' };
      if (unfinished) {
        ended = ledger.holder;
        reporter.output('rollout-ended', 'true');
      }
    }
    const toFormer = inputs.to.kind === 'previous' || inputs.to.kind === 'last-good';
    // What the service ran beside the canary is what a rollback of the rollout leads to, and all there is to do.
    if (unfinished && toFormer && (await describe(aws, inputs)).taskDefinition === ledger.from) {
      announcer.begin(backTo(ledger.from, env));
      announcer.say(deploymentStatus('in_progress', `Back on ${revision(ledger.from)}: ${inputs.reason}`));
      const now = await awaitDeployment(
        aws.services,
        clock,
        service,
        ledger.from,
        inputs.timeoutMs,
        cancelled,
        quietly(reporter.info),
      );
      await warnOfMigrations(context, aws, now, inputs);
      await conclude(context, now, ledger.to, 'the rollout that was under way was taken back', announcer);
      return ended;
    }
  }
  await redeploy(context, aws, await describe(aws, inputs), inputs, done, announcer);
  return ended;
}

/** What was changed before the service itself, and which revision that has led back to. */
interface Done {
  readonly what: string;
  readonly backTo?: string;
}

/** A deployment of the commit that the revision came from. */
const backTo = (arn: string, env: NodeJS.ProcessEnv) =>
  ({ kind: 'back', rollout: newRolloutId(env), taskDefinition: revision(arn) }) as const;

/** All traffic is back on what has run beside the rollout all the time; the database may be ahead of that all the same. */
async function warnOfMigrations(
  { clock, cancelled, reporter }: ActionContext,
  { services }: Adapters,
  service: EcsService,
  inputs: ServiceInputs,
): Promise<void> {
  try {
    const world = { services, clock, signal: cancelled };
    const verdict = await judgeMigrations(inputs, service.taskDefinition, service, world);
    if (verdict.kind === 'go') return;
    const next = verdict.kind === 'refuse' ? ` ${verdict.next}` : '';
    reporter.warning(`The rollout was taken back, and nothing stood in its way. But: ${verdict.why}.${next}`);
  } catch (error) {
    reporter.warning(
      `The migrations could not be looked at: ${error instanceof Error ? printable(error.message) : ''}`,
    );
  }
}

/**
 * @param done what was changed before
 * @throws DeployError when the database stands against the revision
 */
async function requireCompatible(
  { clock, cancelled, reporter }: ActionContext,
  { services }: Adapters,
  service: EcsService,
  target: string,
  inputs: ServiceInputs,
  done: Done | undefined,
): Promise<void> {
  const verdict = await judgeMigrations(inputs, target, service, { services, clock, signal: cancelled });
  if (verdict.kind === 'not-known') return reporter.warning(`${verdict.why}. The rollback goes on.`);
  if (verdict.kind === 'go') return verdict.note === undefined ? undefined : reporter.info(verdict.note);
  throw new DeployError(`${service.name} was not rolled back to ${revision(target)}: ${verdict.why}`, {
    state: done === undefined ? 'Nothing was changed.' : `${done.what}; nothing else was changed.`,
    next: verdict.next,
  });
}

async function describe({ services }: Adapters, { cluster, service }: ServiceInputs): Promise<EcsService> {
  const [found] = await services.describe(cluster, [service]);
  if (found && found.status === 'ACTIVE') return found;
  throw new ConfigError({
    input: 'service',
    message: `there is no active service "${service}" in the cluster "${nameIn(cluster)}"; check the name, the cluster and AWS_REGION`,
  });
}

async function redeploy(
  context: ActionContext,
  aws: Adapters,
  service: EcsService,
  inputs: ServiceInputs,
  done: Done | undefined,
  announcer: Announcer,
): Promise<void> {
  const { clock, cancelled, reporter, env } = context;
  const { onlyFrom } = inputs;
  const other = onlyFrom && supersededBy(onlyFrom, service, undefined, done?.backTo);
  if (other !== undefined) return standBack(context, service, other, done, announcer);
  const target = await findTarget(inputs.to, service, {
    services: aws.services,
    taskDefinitions: aws.taskDefinitions,
    images: async () => (await import('../../aws/images.ts')).images({ clock, signal: cancelled }),
  });
  if (service.controller !== 'ECS') {
    throw new DeployError(
      `the service ${service.name} is deployed by ${service.controller}, which has to roll it back`,
      {
        state: 'Nothing was changed.',
      },
    );
  }
  const before = service.taskDefinition;
  const settled = service.deployments.length === 1 && service.deployments[0]?.state === 'completed';
  if (target.arn === before && settled) {
    reporter.notice(`${service.name} runs ${revision(before)} already: there is nothing to roll back.`);
    const taskDefinition = revision(before);
    announcer.begin({ kind: 'again', task: 'rollback', rollout: newRolloutId(env), taskDefinition });
    return conclude(context, service, before, 'the service runs this revision already', announcer);
  }
  await requireCompatible(context, aws, service, target.arn, inputs, done);
  reporter.info(`Roll ${service.name} back from ${revision(before)} to ${revision(target.arn)}`);
  if (inputs.dryRun) {
    reporter.notice('Dry run: nothing was changed.');
    return;
  }
  // What is looked up above takes its time, and the journal of the migrations even more.
  const between = onlyFrom && (await lookAgain(aws, onlyFrom, service, done?.backTo));
  if (between) return standBack(context, between.service, between.why, done, announcer);
  announcer.begin(backTo(target.arn, env));
  announcer.say(
    deploymentStatus(
      'in_progress',
      `Back from ${revision(before)} to ${revision(target.arn)}: ${inputs.reason}`,
    ),
  );
  const started = clock.now();
  await insist(clock, () => aws.services.update(service, { taskDefinition: target.arn }));
  const now = await awaitDeployment(
    aws.services,
    clock,
    service,
    target.arn,
    inputs.timeoutMs,
    cancelled,
    quietly(reporter.info),
  );
  reporter.info(`Took ${Math.round((clock.now() - started) / 1000)} s`);
  return conclude(context, now, before, inputs.reason, announcer);
}

/** What runs is not what was to be rolled back: somebody else has decided on it, and that stays. */
async function standBack(
  { reporter }: ActionContext,
  service: EcsService,
  why: string,
  done: Done | undefined,
  announcer: Announcer,
): Promise<void> {
  const state = done === undefined ? 'Nothing was changed' : `${done.what}; nothing else was changed`;
  reporter.warning(`No rollback: ${why}. ${state}.`);
  reporter.output('outcome', 'superseded');
  reporter.output('reason', why);
  reporter.output('task-definition-arn', service.taskDefinition);
  reporter.output('previous-task-definition-arn', service.taskDefinition);
  await reporter.summary(`## ⚠️ ${service.name} was not rolled back\n\n${asPlainWords(why)}. ${state}.\n`);
  await announcer.end();
}

/** As plain words in Markdown. */
const asPlainWords = (text: string): string =>
  text.replaceAll('\n', ' ').replace(/[\\`*_{}[\]<>|#]/g, '\\$&');

/** Says a line only when it differs from the one before. */
function quietly(say: (line: string) => void) {
  let said = '';
  return (line: string): void => {
    if (line !== said) say(line);
    said = line;
  };
}

async function conclude(
  { reporter }: ActionContext,
  service: EcsService,
  before: string,
  reason: string,
  announcer: Announcer,
): Promise<void> {
  announcer.say(deploymentStatus('success', `${revision(service.taskDefinition)} runs: ${reason}`));
  const unchanged = service.taskDefinition === before;
  reporter.output('outcome', unchanged ? 'unchanged' : 'rolled-back');
  reporter.output('reason', reason);
  reporter.output('task-definition-arn', service.taskDefinition);
  reporter.output('previous-task-definition-arn', before);
  const line = `${service.name} runs ${revision(service.taskDefinition)}: ${service.running} of ${service.desired} tasks`;
  reporter.notice(line);
  await reporter.summary(
    `## ↩️ ${line}\n\nBefore: \`${revision(before)}\`. Reason: ${asPlainWords(reason)}\n`,
  );
  await announcer.end();
}
