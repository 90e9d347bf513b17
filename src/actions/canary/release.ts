import { conduct, type Performance, type Stage } from '../../engine/conduct.ts';
import { requireExpressible } from '../../engine/expressible.ts';
import { requireDead } from '../../engine/lease.ts';
import { type Site, surveySite } from '../../engine/site.ts';
import { ConfigError, DeployError } from '../../errors.ts';
import { holderOf, newRolloutId } from '../../github/run-identity.ts';
import type { EcsService } from '../../ports.ts';
import { deploymentStatus } from '../../report/deployment-status.ts';
import { describeForecast } from '../../report/forecast.ts';
import { describeEnd, revision } from '../../report/narrate.ts';
import { summarize } from '../../report/summary.ts';
import type { Rollout } from '../../rollout/controller.ts';
import type { Forecast } from '../../rollout/forecast.ts';
import { describeStop, type Period } from '../../rollout/judge/evidence.ts';
import { type Ledger, resume } from '../../rollout/ledger.ts';
import { usualRequests } from '../../rollout/load-growth.ts';
import { sameDefinition } from '../../taskdef/equal.ts';
import type { ActionContext } from '../action.ts';
import { type Adapters, connect } from '../aws-adapters.ts';
import { callJournal } from '../call-journal.ts';
import { type Announcer, announcerOf, type DeploymentInputs } from '../github-deployments.ts';
import { stageOf } from '../rescue-rollout.ts';
import { forecastOf, foresee, unknownScaling } from './foresee.ts';
import type { RolloutInputs } from './inputs.ts';
import {
  drainOf,
  findAlarms,
  type Release,
  requireQuiet,
  requireReleasable,
  requireSettled,
  requireWayBack,
  settleGates,
} from './prepare.ts';
import { keepForPost } from './state.ts';

/** Where the revision comes from that a rollout releases. */
export interface Source {
  /** What is released, in the log's words. */
  readonly name: string;
  find(aws: Adapters): Promise<Release>;
  /** Why there is nothing to release after all; asked only where no rollout is unfinished. */
  idle?(aws: Adapters, service: EcsService, release: Release): Promise<string | undefined>;
  /** What is said where the service runs the revision already. */
  already(revision: string): string;
}

/** How a release is made, and where GitHub is told of it. */
type ReleaseInputs = RolloutInputs & { readonly deployment: DeploymentInputs | undefined };

/** Releases what a source gives to a service in steps, and takes it back when a gate says so. */
export async function releaseFrom(
  context: ActionContext,
  inputs: ReleaseInputs,
  source: Source,
): Promise<void> {
  const { clock, cancelled } = context;
  const calls = callJournal();
  const aws = await connect(clock, cancelled, calls.add);
  if (inputs.dryRun) return tryDry(context, inputs, aws, source);
  const announcer = await announcerOf(context, inputs, { task: 'deploy', keep: true });
  const stage = { ...stageOf(context, aws, calls.listen), follow: announcer.follow };
  try {
    await release(context, inputs, aws, stage, announcer, source);
  } catch (error) {
    await announcer.failed(error);
    throw error;
  }
}

async function release(
  context: ActionContext,
  inputs: ReleaseInputs,
  aws: Adapters,
  stage: Stage,
  announcer: Announcer,
  source: Source,
): Promise<void> {
  const { reporter, env, clock } = context;
  let [released, first] = await Promise.all([
    source.find(aws),
    surveySite(aws, inputs.cluster, inputs.service),
    findAlarms(inputs.alarms, aws.metrics).then(requireQuiet),
  ]);
  requireReleasable(first, released.definition);
  let site = await withoutLivingHolder(first, context, aws, inputs);
  const idle = site.ledger ? undefined : await source.idle?.(aws, site.stable, released);
  if (idle !== undefined) return leave(context, site, idle, announcer);
  const { gates, before } = await settleGates(inputs, site, aws.metrics, clock, reporter);
  const drainMs = await drainOf(site, aws.traffic);
  const base = rolloutOf(inputs, gates, drainMs);

  if (site.ledger) {
    const ended = await finishFormer(stage, site, released, base, before, inputs, aws, announcer);
    if (ended) return conclude(context, ended, site, announcer);
    site = await surveySite(aws, inputs.cluster, inputs.service);
    // What the service runs may be another revision now, and a copy of it another one as well.
    released = await source.find(aws);
    requireReleasable(site, released.definition);
  }
  site = await withoutOrphan(site, context, aws, inputs);
  requireSettled(site);
  await requireWayBack(site, aws.taskDefinitions);
  requireExpressible(site, inputs);
  reportPlan(context, source.name, forecastOf(site, inputs, gates, drainMs));
  if (site.scalingUnknown !== undefined) reporter.warning(unknownScaling(site.scalingUnknown));

  const to = await register(released, site, aws, context);
  const from = site.stable.taskDefinition;
  if (to === from) {
    reporter.notice(source.already(revision(to)));
    setOutputs(context, { outcome: 'promoted', reason: 'the service runs this revision already', to, from });
    const taskDefinition = revision(to);
    announcer.begin({ kind: 'again', task: 'deploy', rollout: newRolloutId(env), taskDefinition });
    announcer.say(deploymentStatus('success', `The service runs ${taskDefinition} already`));
    return announcer.end();
  }
  const rolloutId = newRolloutId(env);
  announcer.begin({ kind: 'new', task: 'deploy', rollout: rolloutId, taskDefinition: revision(to) });
  keepForPost(reporter, { cluster: site.stable.cluster, service: site.stable.name, rolloutId });
  const usual = usualRequests(before, site.scaling);
  const rollout = {
    ...base,
    ...limitOf(site),
    ...(usual !== undefined && { usualRequests: usual }),
    from,
    to,
    initialTasks: site.stable.desired,
  };
  const performance = await conduct(
    stage,
    site,
    rollout,
    engineSettings(inputs, stage, rolloutId, before),
    () => ({ kind: 'preparing', startAt: 0 }),
    inputs,
  );
  await conclude(context, performance, site, announcer);
}

/** Nothing is to be released, and nothing was changed. */
async function leave(
  context: ActionContext,
  { stable }: Site,
  reason: string,
  announcer: Announcer,
): Promise<void> {
  const { taskDefinition: runs } = stable;
  context.reporter.notice(`Nothing to do for ${stable.name}: ${reason}.`);
  setOutputs(context, { outcome: 'unchanged', reason, to: runs, from: runs });
  await announcer.end();
}

/** What the autoscaler would give the service at most. */
const limitOf = ({ scaling }: Site) => (scaling ? { maxTasks: scaling.max } : {});

function rolloutOf(
  inputs: ReleaseInputs,
  gates: ReleaseInputs['gates'],
  drainMs: number,
): Omit<Rollout, 'from' | 'to' | 'initialTasks'> {
  const { plan, minRequests, metricDelayMs, onNoEvidence, maxHoldMs, afterHold, capacity, onStableFailing } =
    inputs;
  return {
    plan,
    gates,
    minRequests,
    metricDelayMs,
    onNoEvidence,
    maxHoldMs,
    afterHold,
    onStableFailing,
    capacity,
    healthyTimeoutMs: inputs.healthyTimeoutMs,
    drainMs,
    preTrafficTest: inputs.preTrafficUrl !== undefined,
  };
}

function engineSettings(
  inputs: ReleaseInputs,
  { env, cancelled }: Pick<Stage, 'env' | 'cancelled'>,
  rolloutId: string,
  before: readonly Period[],
) {
  const { preTrafficUrl: url, preTrafficHeader: name } = inputs;
  return {
    rolloutId,
    holder: holderOf(env),
    stickiness: inputs.stickiness,
    alarms: inputs.alarms,
    customMetrics: inputs.customMetrics,
    before,
    preTrafficTest:
      url === undefined
        ? undefined
        : { url, header: { name, value: rolloutId }, get: askWithin(cancelled), signal: cancelled },
  };
}

/** Answers the status of a GET; lets go of it when the run is cancelled. */
const askWithin =
  (cancelled: AbortSignal) =>
  async (url: string, headers: Readonly<Record<string, string>>): Promise<number> => {
    const signal = AbortSignal.any([cancelled, AbortSignal.timeout(10_000)]);
    const response = await fetch(url, { headers, redirect: 'manual', signal });
    await response.body?.cancel();
    return response.status;
  };

/** A canary service of ours whose rollout was ended without it: it gets no traffic, and is in the way. */
async function withoutOrphan(
  site: Site,
  { reporter }: ActionContext,
  aws: Adapters,
  inputs: ReleaseInputs,
): Promise<Site> {
  if (site.ledger || site.canary?.status !== 'ACTIVE') return site;
  reporter.warning(`A former run left the service ${site.canaryName}, which is removed first.`);
  await aws.services.delete(site.stable.cluster, site.canaryName);
  return surveySite(aws, inputs.cluster, inputs.service);
}

/** Another run's rollout on the same service: refused while it lives, ours to finish when it is dead. */
async function withoutLivingHolder(
  site: Site,
  { clock, cancelled, env, reporter }: ActionContext,
  aws: Adapters,
  { cluster, service }: ReleaseInputs,
): Promise<Site> {
  const anchor = site.pairs[0].canary;
  if (!site.ledger || !anchor) return site;
  await requireDead(
    site.ledger,
    anchor.arn,
    { traffic: aws.traffic, clock, own: holderOf(env), signal: cancelled },
    (line) => reporter.info(line),
  );
  return surveySite(aws, cluster, service);
}

/**
 * Goes on with a rollout whose run has died: to its end when it is the same release, back otherwise.
 *
 * @returns its end when that is the answer to this run as well
 */
async function finishFormer(
  stage: Stage,
  site: Site,
  release: Release,
  base: Omit<Rollout, 'from' | 'to' | 'initialTasks'>,
  before: readonly Period[],
  inputs: ReleaseInputs,
  aws: Adapters,
  announcer: Announcer,
): Promise<Performance | undefined> {
  const { ledger } = site;
  if (!ledger) return undefined;
  const same = await isSameRelease(release, ledger.to, aws);
  const { reporter, clock, env } = stage;
  reporter.warning(
    ledger.phase === 'done'
      ? `A former run (${ledger.holder}) left parts of a canary, which are removed first.`
      : `A former run (${ledger.holder}) left a rollout of ${revision(ledger.to)} unfinished (${ledger.phase}); it is ${same ? 'gone on with' : 'brought to its end first'}.`,
  );
  const rolloutId = newRolloutId(env);
  keepForPost(reporter, { cluster: site.stable.cluster, service: site.stable.name, rolloutId });
  const { from, to, initialTasks } = ledger;
  announcer.begin({
    kind: 'former',
    rollout: ledger.rolloutId,
    taskDefinition: revision(to),
    otherwise: same && goesOn(ledger) ? { rollout: rolloutId } : 'none',
  });
  const rollout = { ...base, ...limitOf(site), from, to, initialTasks };
  const weights = rollout.plan.map(({ weight }) => weight);
  let resumed = false;
  const performance = await conduct(
    stage,
    site,
    rollout,
    engineSettings(inputs, stage, rolloutId, before),
    (share) => {
      const phase = resume(ledger, weights, share, same ? ledger.to : undefined, clock.now());
      resumed = phase.kind === 'preparing' || phase.kind === 'promoting';
      return phase;
    },
    inputs,
  );
  const answered = resumed || (same && performance.ending.outcome === 'promoted') || stage.cancelled.aborted;
  return answered ? performance : undefined;
}

/** Whether a rollout may still be promoted, or is. */
const goesOn = ({ phase, outcome }: Ledger): boolean =>
  outcome === 'promoted' || phase === 'preparing' || phase === 'stepping' || phase === 'promoting';

async function isSameRelease(release: Release, arn: string, { taskDefinitions }: Adapters): Promise<boolean> {
  if (release.kind === 'revision') return release.arn === arn;
  const former = await taskDefinitions.find(arn);
  return former !== undefined && sameDefinition(former.definition, release.definition);
}

async function register(
  release: Release,
  { stable }: Site,
  aws: Adapters,
  { reporter }: ActionContext,
): Promise<string> {
  if (release.kind === 'revision') return release.arn;
  // It need not be the newest of its family: after a rollback it is not.
  const running = await aws.taskDefinitions.find(stable.taskDefinition);
  if (running?.active && sameDefinition(running.definition, release.definition)) return running.arn;
  const { arn, created } = await aws.taskDefinitions.register(release.definition);
  reporter.info(`${created ? 'Registered' : 'Already registered'}: ${revision(arn)}`);
  return arn;
}

function reportPlan({ reporter }: ActionContext, reference: string, forecast: Forecast): void {
  reporter.startGroup(`Rollout of ${reference} to ${forecast.service} in ${forecast.cluster}`);
  for (const line of describeForecast(forecast)) reporter.info(line);
  reporter.endGroup();
}

/** @throws ConfigError or DeployError with everything that speaks against the release */
async function tryDry(
  context: ActionContext,
  inputs: ReleaseInputs,
  aws: Adapters,
  source: Source,
): Promise<void> {
  const { reporter, clock } = context;
  const { forecast, remarks, faults, situation } = await foresee(
    inputs,
    async () => (await source.find(aws)).definition,
    aws,
    clock,
  );
  if (forecast) reportPlan(context, source.name, forecast);
  for (const { level, text } of remarks) reporter[level](text);
  const [first, ...others] = situation;
  if (faults.length > 0) {
    for (const { message } of situation) reporter.warning(message);
    throw new ConfigError(faults.flatMap(({ problems }) => problems));
  }
  for (const { message } of others) reporter.warning(message);
  if (first) throw first;
  const idle = source.idle && (await idleNow(inputs, aws, source));
  reporter.notice(
    idle === undefined
      ? 'Dry run: nothing was changed.'
      : `Dry run: nothing was changed, and nothing would be: ${idle}.`,
  );
}

async function idleNow(
  { cluster, service }: ReleaseInputs,
  aws: Adapters,
  source: Source,
): Promise<string | undefined> {
  const [[stable], released] = await Promise.all([
    aws.services.describe(cluster, [service]),
    source.find(aws),
  ]);
  return stable && (await source.idle?.(aws, stable, released));
}

interface Outputs {
  readonly outcome: string;
  readonly reason: string;
  readonly to: string;
  readonly from: string;
  readonly rolloutId?: string;
  readonly record?: string;
}

function setOutputs({ reporter }: ActionContext, outputs: Outputs): void {
  reporter.output('outcome', outputs.outcome);
  reporter.output('reason', outputs.reason);
  reporter.output('task-definition-arn', outputs.to);
  reporter.output('previous-task-definition-arn', outputs.from);
  reporter.output('rollout-id', outputs.rolloutId ?? '');
  reporter.output('record', outputs.record ?? '');
}

/** @throws DeployError when the release was taken back, so that the step fails */
async function conclude(
  context: ActionContext,
  { ending, last, recorder, story }: Performance,
  site: Site,
  announcer: Announcer,
): Promise<void> {
  const { reporter, cancelled } = context;
  const { rollout, rolloutId } = recorder.record;
  const { outcome, reason, leftovers } = ending;
  setOutputs(context, {
    outcome,
    reason,
    rolloutId,
    record: recorder.path,
    to: rollout.to,
    from: rollout.from,
  });
  if (!leftovers) reporter.saveState('ended', 'true');
  if (!cancelled.aborted) await reporter.summary(summarize(recorder.record, story));
  await announcer.end();
  if (outcome === 'promoted') {
    reporter.notice(
      `${revision(rollout.to)} is promoted: ${site.stable.name} runs it and has all the traffic.`,
    );
    return;
  }
  if (story.crashes.length + story.events.length > 0 && !cancelled.aborted) {
    reporter.startGroup('What ECS says of the canary');
    for (const task of story.crashes) reporter.info(describeStop(task));
    for (const event of story.events) reporter.info(`event: ${event}`);
    reporter.endGroup();
  }
  throw new DeployError(`${revision(rollout.to)} was taken back: ${reason}`, {
    state: describeEnd(site.stable.name, last, leftovers),
    next: `The record of the rollout is in ${recorder.path}.`,
  });
}
