import { nameIn } from '../../arn.ts';
import { awaitDeployment } from '../../engine/await-deployment.ts';
import { keepWatch } from '../../engine/keep-watch.ts';
import { Lookout } from '../../engine/lookout.ts';
import { telling } from '../../engine/telling.ts';
import { WatchRecorder } from '../../engine/watch-recorder.ts';
import { findWatched, type WatchedService } from '../../engine/watched-service.ts';
import { ConfigError, DeployError } from '../../errors.ts';
import { newRolloutId } from '../../github/run-identity.ts';
import type { EcsService } from '../../ports.ts';
import { deploymentStatus } from '../../report/deployment-status.ts';
import { narrateWatch, revision } from '../../report/narrate.ts';
import type { WatchOutcome } from '../../report/watch-record.ts';
import { type FoundLines, summarizeWatch } from '../../report/watch-summary.ts';
import { formatDuration } from '../../rollout/duration.ts';
import { previousRevision, wasTakenBack, wentBack } from '../../rollout/history.ts';
import type { Alarm } from '../../rollout/judge/evidence.ts';
import type { Watch } from '../../watch/decide.ts';
import type { ActionContext } from '../action.ts';
import { withAllProblems } from '../all-problems.ts';
import { type Adapters, connect, connectToLogSearch, connectToStacks } from '../aws-adapters.ts';
import { callJournal } from '../call-journal.ts';
import { findAlarms } from '../canary/prepare.ts';
import { type Announcer, announcerOf } from '../github-deployments.ts';
import { askedRegion } from '../job-region.ts';
import { arnBeside, refersTo } from '../revision-reference.ts';
import { readHistory } from '../rollback/find-target.ts';
import { supersededBy } from '../rollback/superseded.ts';
import { workspaceOf } from '../workspace.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { findLogs, settleGates, type WatchedLogs } from './prepare.ts';
import type { TakenBack } from './take-back.ts';
import { type Ended, foundLines, tellFailure, tellPlan, urlOf, warnOf } from './tell.ts';

/** How long ECS may take to bring the deployment to its end that is to be watched. */
const DEPLOYMENT_MS = 15 * 60_000;

/** Watches a service after its promotion, and rolls it back, or only fails, where it does not do well. */
export async function run(context: ActionContext): Promise<void> {
  const { clock, cancelled, env } = context;
  const stacks = () => connectToStacks(clock, cancelled);
  const inputs = await readInputs(context.input, workspaceOf(env), stacks, askedRegion(env));
  const calls = callJournal();
  const aws = await connect(clock, cancelled, calls.add);
  const announced = inputs.dryRun ? { ...inputs, deployment: undefined } : inputs;
  const announcer = await announcerOf(context, announced, { task: 'rollback', keep: false });
  const monitor = new Monitor(context, inputs, aws, announcer, calls);
  try {
    await monitor.run();
  } catch (error) {
    if (!cancelled.aborted || error instanceof DeployError) throw error;
    throw monitor.cancelled(error);
  } finally {
    await announcer.end();
  }
}

/** What is told of a watch when it is over. */
interface Told {
  readonly outcome: WatchOutcome;
  readonly reason: string;
  /** ARN of what was watched. */
  readonly watched: string;
}

class Monitor {
  readonly #context: ActionContext;
  readonly #inputs: Inputs;
  readonly #aws: Adapters;
  readonly #announcer: Announcer;
  readonly #calls: ReturnType<typeof callJournal>;
  /** ARN of what ran before, as far as ECS remembers. */
  #previous = '';

  constructor(
    context: ActionContext,
    inputs: Inputs,
    aws: Adapters,
    announcer: Announcer,
    calls: ReturnType<typeof callJournal>,
  ) {
    this.#context = context;
    this.#inputs = inputs;
    this.#aws = aws;
    this.#announcer = announcer;
    this.#calls = calls;
  }

  async run(): Promise<void> {
    const { clock, reporter } = this.#context;
    const { taskDefinition } = this.#inputs;
    const service = await this.#describe();
    if (taskDefinition && !refersTo(taskDefinition, service.taskDefinition)) {
      const watched = arnBeside(taskDefinition, service.taskDefinition);
      const why = supersededBy(taskDefinition, service, undefined) ?? '';
      return this.#standBack(service, watched, why);
    }
    const settled = await this.#settle(service);
    if (!settled) return;
    const watched = await findWatched(settled, this.#aws.traffic);
    const previous = this.#remember(settled, watched.taskDefinition);
    const [alarms, standards, logs] = await withAllProblems([
      findAlarms(this.#inputs.alarms, this.#aws.metrics),
      settleGates(this.#inputs, watched, this.#aws.metrics, clock, reporter),
      this.#inputs.patterns.length > 0 ? this.#findLogs(watched) : Promise.resolve(undefined),
      previous,
    ]);
    tellPlan(reporter, this.#inputs, watched, standards.gates, this.#previous);
    if (this.#inputs.dryRun) return reporter.notice('Dry run: nothing is watched, and nothing was changed.');
    const watch = this.#watchFrom(watched.deployedAt, standards.gates);
    await this.#watch(watch, watched, standards.before, alarms, logs);
  }

  #watchFrom(deployedAt: number, gates: Watch['gates']): Watch {
    const { forMs, leastMs, patterns, minRequests, metricDelayMs, onNoEvidence } = this.#inputs;
    return {
      startedAt: this.#context.clock.now(),
      forMs,
      leastMs,
      deployedAt,
      gates,
      patterns,
      minRequests,
      metricDelayMs,
      onNoEvidence,
    };
  }

  /** A record of its own, whose path is told. */
  #record(service: EcsService, taskDefinition: string, watch: Watch): WatchRecorder {
    const { clock, reporter, env } = this.#context;
    const { gates, minRequests, metricDelayMs, ...settings } = watch;
    const recorder = new WatchRecorder(clock, env, (message) => reporter.warning(message), {
      rolloutId: newRolloutId(env),
      cluster: service.cluster,
      service: service.name,
      rollout: { from: this.#previous, to: taskDefinition, gates, minRequests, metricDelayMs },
      watch: settings,
    });
    this.#calls.listen((call) => recorder.called(call));
    reporter.output('record', recorder.path);
    return recorder;
  }

  async #describe(): Promise<EcsService> {
    const { cluster, service } = this.#inputs;
    const [found] = await this.#aws.services.describe(cluster, [service]);
    if (found && found.status === 'ACTIVE') return found;
    throw new ConfigError({
      input: 'service',
      message: `there is no active service "${service}" in the cluster "${nameIn(cluster)}"; check the name, the cluster and AWS_REGION`,
    });
  }

  /** Waits until ECS has brought the deployment to its end; `undefined` where it did not come to a watch. */
  async #settle(service: EcsService): Promise<EcsService | undefined> {
    const { clock, cancelled, reporter } = this.#context;
    const { taskDefinition: watched } = service;
    const [primary] = service.deployments.filter((deployment) => deployment.primary);
    if (service.deployments.length === 1 && primary?.state === 'completed') return service;
    if (this.#inputs.dryRun) {
      reporter.notice(`${service.name} is in the middle of a deployment, whose end a watch would wait for.`);
      return service;
    }
    reporter.info(`Wait for ECS to run ${revision(watched)} everywhere, and nothing else`);
    let said = '';
    try {
      return await awaitDeployment(
        this.#aws.services,
        clock,
        service,
        watched,
        DEPLOYMENT_MS,
        cancelled,
        (line) => {
          if (line !== said) reporter.info(line);
          said = line;
        },
      );
    } catch (error) {
      if (!(error instanceof DeployError) || cancelled.aborted) throw error;
      const now = await this.#describe();
      await this.#remember(now, watched);
      if (now.taskDefinition === watched) {
        await this.#fail(now, { outcome: 'failed', reason: error.message, watched });
        return undefined;
      }
      const why = supersededBy({ kind: 'arn', arn: watched }, now, undefined) ?? error.message;
      await this.#standBack(now, watched, why);
      return undefined;
    }
  }

  async #history(service: EcsService) {
    // What may not be read is not known.
    return readHistory(this.#aws.services.history(service)).catch((error: unknown) => {
      if (error instanceof DeployError) return [];
      throw error;
    });
  }

  async #remember(service: EcsService, watched: string): Promise<void> {
    this.#previous = previousRevision(await this.#history(service), watched) ?? '';
  }

  async #findLogs(watched: WatchedService): Promise<WatchedLogs> {
    const { clock, cancelled, reporter } = this.#context;
    const { search, tasks } = await connectToLogSearch(clock, cancelled, this.#calls.add);
    const { taskDefinitions } = this.#aws;
    return findLogs(this.#inputs, watched, { search, tasks, taskDefinitions, clock }, reporter);
  }

  async #watch(
    watch: Watch,
    watched: WatchedService,
    before: ConstructorParameters<typeof Lookout>[3]['before'],
    alarms: readonly Alarm[],
    logs: WatchedLogs | undefined,
  ): Promise<void> {
    const { clock, cancelled, reporter } = this.#context;
    const { service, taskDefinition } = watched;
    const warn = (message: string) => reporter.warning(message);
    const recorder = this.#record(service, taskDefinition, watch);
    const lookout = new Lookout(this.#aws, clock, watched, {
      watch,
      alarms,
      customMetrics: this.#inputs.customMetrics,
      before,
      warn,
      goneFrom: (now) =>
        now
          ? supersededBy({ kind: 'arn', arn: taskDefinition }, now, undefined)
          : `the service ${service.name} is gone`,
      ...(logs && { logs: logs.watch(watch.startedAt) }),
    });
    const tell = telling(reporter, clock);
    const { decision, seen } = await keepWatch(lookout, watch, {
      clock,
      recorder,
      cancelled,
      say: (each, sighting) =>
        tell(
          narrateWatch(each, sighting),
          each.kind === 'watching' ? each.waitingFor : each.kind,
          each.kind === 'watching',
        ),
    }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      recorder.end(undefined, why);
      if (cancelled.aborted) throw error;
      const after = formatDuration(clock.now() - watch.startedAt);
      const asked = error instanceof DeployError ? error.next : undefined;
      reporter.output('reason', `the watch broke off after ${after}: ${why}`);
      reporter.output('task-definition-arn', taskDefinition);
      reporter.output('previous-task-definition-arn', this.#previous);
      throw new DeployError(why, {
        state: `The watch broke off after ${after}: whether ${revision(taskDefinition)} does well was not decided. This run has changed nothing; ${service.name} ran it when it was seen last.`,
        next: `${asked === undefined ? 'Run' : `${asked} Then run`} this step again: it watches anew.`,
        cause: error,
      });
    });
    if (decision === 'cancelled') {
      recorder.end(undefined, 'cancelled');
      throw this.cancelled(undefined, service.name, taskDefinition);
    }
    const found = foundLines(watched, watch, logs, seen?.lines ?? new Map());
    const story = {
      service: service.name,
      cluster: service.cluster,
      taskDefinition,
      ms: clock.now() - watch.startedAt,
      findings: decision.findings,
      crashes: seen?.evidence.crashes ?? [],
      found,
      id: recorder.record.rolloutId,
    };
    const end = async (outcome: WatchOutcome, reason: string, more = ''): Promise<void> => {
      recorder.end(outcome, reason);
      if (!cancelled.aborted)
        await reporter.summary(`${summarizeWatch({ ...story, outcome, reason })}${more}`);
    };
    warnOf(reporter, decision);
    if (decision.kind === 'superseded') return this.#standBack(service, taskDefinition, decision.reason, end);
    const told = { reason: decision.reason, watched: taskDefinition };
    if (decision.kind === 'failed') {
      tellFailure(reporter, found, decision, story.crashes);
      return this.#fail(service, { ...told, outcome: 'failed' }, { end, found, decision });
    }
    this.#outputs({ ...told, outcome: 'passed' });
    reporter.notice(`${revision(taskDefinition)} has passed: ${decision.reason}.`);
    await end('passed', decision.reason);
  }

  /** Rolls back where that is asked for, and fails. */
  async #fail(
    service: EcsService,
    { reason, watched }: Told,
    watch?: {
      readonly end: (outcome: WatchOutcome, reason: string, more?: string) => Promise<void>;
      readonly found: readonly FoundLines[];
      readonly decision: Ended;
    },
  ): Promise<never> {
    const { env, clock } = this.#context;
    const end = watch?.end ?? (async () => undefined);
    const name = revision(watched);
    this.#announcer.begin({
      kind: 'again',
      task: 'deploy',
      rollout: newRolloutId(env),
      taskDefinition: name,
    });
    this.#announcer.say(deploymentStatus('failure', `Failed its watch: ${reason}`));
    const consoleUrl = watch && urlOf(watch.found, watch.decision);
    const details = { ...(consoleUrl !== undefined && { consoleUrl }) };
    if (this.#inputs.onFailure === 'fail') {
      this.#outputs({ outcome: 'failed', reason, watched });
      await end('failed', reason);
      throw new DeployError(`${name} has failed its watch: ${reason}`, {
        state: `${service.name} runs ${name} on; nothing was changed.`,
        next: 'Run the rollback action for this service, or mend it and release again.',
        ...details,
      });
    }
    let back: TakenBack;
    const began = clock.now();
    try {
      // Most watches have no use for it.
      const { takeBack } = await import('./take-back.ts');
      back = await takeBack(
        this.#context,
        this.#aws,
        this.#inputs,
        watched,
        `${name} has failed its watch: ${reason}`,
        this.#announcer,
      );
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const both = `${reason}; and it could not be rolled back: ${why}`;
      this.#outputs({ outcome: 'rollback-failed', reason: both, watched });
      await end('rollback-failed', both);
      throw new DeployError(`${name} has failed its watch: ${both}`, {
        state:
          (error instanceof DeployError ? error.state : undefined) ??
          `Whether ECS has been asked to roll ${service.name} back is not known.`,
        next:
          (error instanceof DeployError ? error.next : undefined) ??
          'Run the rollback action for this service; it finishes what this run has begun.',
        ...details,
        cause: error,
      });
    }
    if (back.outcome === 'superseded') {
      const both = `${reason}; nothing was rolled back: ${back.reason}`;
      this.#outputs({ outcome: 'superseded', reason: both, watched });
      await end('superseded', both, back.summary);
      throw new DeployError(`${name} has failed its watch: ${both}`, {
        state: `${service.name} runs ${revision(back.runs)}; this run has changed nothing.`,
        ...details,
      });
    }
    this.#previous = back.runs;
    this.#outputs({ outcome: 'rolled-back', reason, watched });
    await end('rolled-back', reason, back.summary);
    throw new DeployError(`${name} has failed its watch and was rolled back: ${reason}`, {
      state: `${service.name} runs ${revision(back.runs)} again, which took ${formatDuration(clock.now() - began)}.`,
      ...details,
    });
  }

  /** What runs is not what is watched: somebody else has decided on it, and that stays. */
  async #standBack(
    service: EcsService,
    watched: string,
    why: string,
    end?: (outcome: WatchOutcome, reason: string) => Promise<void>,
  ): Promise<void> {
    const { reporter } = this.#context;
    const now = await this.#describe().catch(() => service);
    const history = await this.#history(now);
    const byEcs = wasTakenBack(history, watched);
    if (byEcs || wentBack(history, watched, now.taskDefinition)) {
      this.#previous = now.taskDefinition;
      const reason = byEcs
        ? `ECS has taken the deployment of ${revision(watched)} back: ${now.name} runs ${revision(now.taskDefinition)}`
        : `${now.name} was rolled back from ${revision(watched)} to ${revision(now.taskDefinition)} meanwhile`;
      this.#outputs({ outcome: 'rolled-back', reason, watched });
      await end?.('rolled-back', reason);
      throw new DeployError(reason, { state: 'This run has changed nothing.' });
    }
    reporter.warning(`Nothing is watched any more: ${why}. Nothing was changed.`);
    this.#outputs({ outcome: 'superseded', reason: why, watched });
    if (end) return end('superseded', why);
    // By the record `incident` knows that nothing was found bad before; that of the rollout does not say so.
    if (!this.#inputs.dryRun) {
      this.#record(now, watched, this.#watchFrom(0, this.#inputs.gates)).end('superseded', why);
    }
  }

  #outputs({ outcome, reason, watched }: Told): void {
    const { reporter } = this.#context;
    reporter.output('outcome', outcome);
    reporter.output('reason', reason);
    reporter.output('task-definition-arn', watched);
    reporter.output('previous-task-definition-arn', this.#previous);
  }

  cancelled(cause: unknown, name = this.#inputs.service, watched = ''): DeployError {
    const runs = watched === '' ? '' : ` ${name} runs ${revision(watched)} on.`;
    return new DeployError('The watch was cancelled.', {
      state: `It was not decided whether the release does well; nothing was changed.${runs}`,
      next: 'Run this step again: it watches anew.',
      cause,
    });
  }
}
