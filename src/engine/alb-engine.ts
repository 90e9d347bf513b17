import type { Clock } from '../clock.ts';
import { DeployError } from '../errors.ts';
import type { EcsService, Metrics, Route, TargetGroup } from '../ports.ts';
import type { Action, CanaryState, Observation, Phase, Rollout, StableState } from '../rollout/controller.ts';
import { type Evidence, NO_EVIDENCE, type Period, type StoppedTask } from '../rollout/judge/evidence.ts';
import { fromTags, type Ledger, ROLLOUT_TAG, toTags } from '../rollout/ledger.ts';
import { type CustomMetric, EvidenceSource } from './evidence-source.ts';
import { insist } from './insist.ts';
import { LifeTimes } from './life-times.ts';
import { type PreTrafficTest, runPreTrafficTest } from './pre-traffic.ts';
import { describeRoute, Routes, type Stickiness } from './routes.ts';
import { ScaleInHold } from './scale-in-hold.ts';
import type { Cloud, Pair, Site } from './site.ts';
import { StoppedTasks } from './stopped-tasks.ts';

const MINUTE = 60_000;
/** How often each thing is looked at while a step bakes; together at most 8 calls a minute. */
const BAKING = { services: 20_000, health: MINUTE, routes: 2 * MINUTE } as const;
/** Each further target group has a health of its own to ask for, so the services are asked that much less often. */
const SERVICES_LATER_PER_GROUP_MS = 10_000;
/** While something is waited for: soon enough to see it within 5 s. */
const WAITING = 4_000;
/** A write shows up in reads after a while; no AWS service takes longer than this. */
const READ_BACK_LIMIT_MS = 60_000;
const READ_BACK_EVERY_MS = 500;
const MISSING_LIMIT_MS = 30_000;
/** How long a look may keep the others waiting while the canary has traffic. */
const LOOK_PATIENCE_MS = 15_000;
const LOOK_REAL_PATIENCE_MS = 2_000;
/** A rollout looks back for two hours, and to the beginning of a step that is longer; CloudWatch keeps 15 days. */
const LOOK_BACK_MS = 120 * MINUTE;
/** No minute's metrics are there any sooner; what they add up to shows whether they can be judged. */
const SOONEST_METRICS_MS = MINUTE;

export interface EngineSettings {
  readonly rolloutId: string;
  readonly holder: string;
  readonly stickiness: Stickiness;
  readonly alarms: readonly string[];
  readonly customMetrics: Readonly<Record<string, CustomMetric>>;
  /** Stable's minutes before the rollout, oldest first. */
  readonly before: readonly Period[];
  readonly preTrafficTest: PreTrafficTest | undefined;
  readonly warn: (message: string) => void;
}

/** Somebody else drives the rollout now; this run must not touch anything any more. */
export class TakenOver extends Error {
  override readonly name = 'TakenOver';
}

/**
 * Moves traffic by the weights of target groups in listener rules: observes what the controller decides on and
 * carries out what it decides. Every action looks before it makes, so it may be repeated after any interruption.
 */
export class AlbEngine {
  readonly #cloud: Cloud;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #settings: EngineSettings;
  readonly #rollout: Rollout;
  readonly #site: Site;
  readonly #routes: Routes;
  #pairs: readonly [Pair, ...Pair[]];
  #stable: EcsService;
  #canary: EcsService | undefined;
  readonly #scaling: ScaleInHold;
  /** Tasks that stable must keep, as far as is known. */
  #needed: number;
  #tested = false;
  #served: boolean;
  #groupsUncertain = false;
  /** When a canary service was asked for that has not been seen since. */
  #creatingSince: number | undefined;
  #hurryAt = Number.POSITIVE_INFINITY;
  /** When the canary's first traffic was seen in place. */
  #trafficSince: number | undefined;
  #unhealthySince: number | undefined;
  #healthOfCanary = { healthy: 0, unhealthy: 0, targets: 0 };
  #healthOfStable = 0;
  #evidence: Evidence;
  readonly #lives: LifeTimes | undefined;
  readonly #stoppedTasks: StoppedTasks;
  /** What the canary service said last, before it was deleted. */
  #lastEvents: readonly string[] = [];
  #missingSince: number | undefined;
  #interference: string | undefined;
  #weight: number;
  readonly #lookedAt = new Map<string, number>();
  readonly #underWay = new Map<string, Promise<void>>();
  /** Grows with every change: what was asked before it, is not believed after it. */
  #era = 0;

  private constructor(
    cloud: Cloud,
    metrics: Metrics,
    clock: Clock,
    site: Site,
    rollout: Rollout,
    settings: EngineSettings,
  ) {
    this.#cloud = cloud;
    this.#stoppedTasks = new StoppedTasks(cloud.services);
    this.#metrics = metrics;
    this.#clock = clock;
    this.#settings = settings;
    this.#rollout = rollout;
    this.#site = site;
    this.#pairs = site.pairs;
    this.#stable = site.stable;
    this.#canary = site.canary;
    this.#routes = new Routes(cloud.traffic, site, settings.stickiness);
    this.#weight = site.ledger?.weight ?? 0;
    this.#served = this.#weight > 0;
    this.#evidence = { ...NO_EVIDENCE, before: settings.before };
    const compares = rollout.gates.some(
      ({ kind, measure }) => kind === 'vs-stable' && measure.kind === 'crashes',
    );
    this.#lives = compares ? new LifeTimes(cloud.services, site.stable) : undefined;
    const write = (scaling: string) => this.#write({ scaling });
    this.#scaling = new ScaleInHold(cloud.scaling, clock, site, site.ledger?.scaling, write, settings.warn);
    this.#needed = Math.max(rollout.initialTasks, site.stable.desired);
  }

  static async open(
    cloud: Cloud,
    metrics: Metrics,
    clock: Clock,
    site: Site,
    rollout: Rollout,
    settings: EngineSettings,
  ): Promise<AlbEngine> {
    const engine = new AlbEngine(cloud, metrics, clock, site, rollout, settings);
    await engine.#routes.recallOriginals();
    if (engine.#routes.share > 0) engine.#trafficSince = clock.now();
    // A run that died while it prepared may have left a group without the settings of its model.
    engine.#groupsUncertain = site.ledger?.phase === 'preparing';
    return engine;
  }

  /**
   * Little time is left: from `at` on (ms), nothing is waited for that AWS finishes by itself.
   */
  hurry(at = this.#clock.now()): void {
    this.#hurryAt = Math.min(this.#hurryAt, at);
  }

  get share(): number {
    return this.#routes.share;
  }

  async shareNow(): Promise<number | undefined> {
    try {
      await this.#routes.refresh();
      return this.#routes.share;
    } catch {
      return undefined;
    }
  }

  /** Why the canary's tasks stopped, and what its service said last. */
  get story(): { readonly crashes: readonly StoppedTask[]; readonly events: readonly string[] } {
    return { crashes: this.#stoppedTasks.crashes, events: this.#lastEvents };
  }

  /** When it is worth looking again. */
  nextLook(phase: Phase, now: number): number {
    if (phase.kind !== 'stepping' || phase.verifiedAt === undefined) return now + WAITING;
    const due = [
      this.#due('services', this.#whileBaking.services),
      this.#due('health', BAKING.health),
      this.#nextMinuteOfMetrics(now),
    ];
    return Math.max(now + 1_000, Math.min(...due));
  }

  /** What was seen last, without a call: enough to take traffic back. */
  last(): Observation {
    const now = this.#clock.now();
    const canary = this.#canaryState();
    const { bounds } = this.#scaling;
    return {
      now,
      stable: this.#stableState(),
      ...(canary && { canary }),
      targetGroups: this.#targetGroups(),
      routes: this.#routes.state,
      share: this.#routes.share,
      ...(this.#interference !== undefined && { interference: this.#interference }),
      scaling: this.#scaling.state,
      ...(bounds && { bounds: { min: bounds.min, max: bounds.max } }),
      served: this.#served,
      tested: this.#tested,
      evidence: {
        ...this.#evidence,
        crashes: this.#stoppedTasks.crashes,
        ...(this.#lives && { lives: this.#lives.known }),
        unhealthyMs: this.#unhealthySince === undefined ? 0 : now - this.#unhealthySince,
      },
      hurried: now >= this.#hurryAt,
    };
  }

  /** Looks at what the phase depends on, no more often than it changes. */
  async observe(phase: Phase): Promise<Observation> {
    // What is seen is as old as the beginning of the look: slow answers must not make a time limit pass unseen.
    const now = this.#clock.now();
    const baking = phase.kind === 'stepping' && phase.verifiedAt !== undefined;
    const watching = phase.kind === 'stepping' || phase.kind === 'promoting';
    const every = baking ? this.#whileBaking : { services: 0, health: 0, routes: 2 * MINUTE };
    const bearing = watching && this.#routes.share > 0;
    await Promise.all([
      this.#when('services', every.services, () => this.#lookAtServices(watching), bearing),
      this.#canary && this.#targetGroups() === 'all'
        ? this.#when('health', every.health, () => this.#lookAtHealth(phase), bearing)
        : undefined,
      watching ? this.#look('metrics', () => this.#lookAtMetrics(phase), bearing) : undefined,
      bearing ? this.#when('routes', every.routes, () => this.#lookAtRoutes(), bearing) : undefined,
    ]);
    const total = watching ? (phase.load?.total ?? 0) : 0;
    this.#needed = Math.max(this.#rollout.initialTasks, this.#stable.desired, total);
    if (watching) this.#scaling.look(this.#needed);
    return { ...this.last(), now };
  }

  /** Carries one action out; when it returns, AWS has been seen to have taken it. */
  async act(action: Action): Promise<void> {
    const { services } = this.#cloud;
    switch (action.kind) {
      case 'make-target-groups':
        return this.#makeTargetGroups();
      case 'attach':
        await this.#routes.prepare();
        await this.#whileHeld(() => this.#routes.give(0));
        return this.#readBack(0);
      case 'hold-scaling':
        return this.#scaling.hold(this.#needed);
      case 'make-canary':
        return this.#makeCanary(action.tasks);
      case 'scale-canary':
        await this.#whileHeld(async () => {
          if (this.#canary) await services.update(this.#canary, { tasks: action.tasks });
        });
        return this.#forget('services');
      case 'scale-stable':
        await this.#whileHeld(async () => {
          // The scaler may have been quicker, and given more.
          await this.#lookAtServices();
          if (this.#stable.desired < action.tasks)
            await services.update(this.#stable, { tasks: action.tasks });
        });
        return this.#forget('services');
      case 'test':
        return this.#test();
      case 'shift':
        return this.#shift(action.weight);
      case 'update-stable':
        await this.#whileHeld(() =>
          services.update(this.#stable, {
            taskDefinition: action.taskDefinition,
            ...(action.tasks !== this.#stable.desired && { tasks: action.tasks }),
          }),
        );
        return this.#forget('services');
      case 'restore-traffic':
        return this.#restoreTraffic();
      case 'delete-canary':
        // A write of ours, or of a run before us, may have come through late.
        await this.#routes.refresh();
        if (this.#routes.state !== 'original') return;
        await services.delete(this.#stable.cluster, this.#site.canaryName);
        return this.#untilCanaryIs((canary) => canary === undefined || canary.status === 'DRAINING');
      case 'release-scaling':
        return this.#scaling.release();
      case 'delete-target-groups':
        return this.#deleteTargetGroups();
      case 'hold':
      case 'finish':
        return;
    }
  }

  /** Writes down where the rollout stands, for whoever has to go on with it. */
  async note(phase: Phase): Promise<void> {
    const fields: Partial<Ledger> = {
      phase: phase.kind,
      ...(phase.kind === 'rolling-back' && { reason: phase.reason }),
      ...((phase.kind === 'cleaning' || phase.kind === 'done') && {
        outcome: phase.outcome,
        reason: phase.reason,
      }),
      // Whoever comes next need not wait for a holder that has said its last word.
      ...(phase.kind === 'done' && { leaseUntil: this.#clock.now() }),
    };
    await this.#write(fields);
  }

  /** Keeps the lease; whoever finds it run out may take the rollout over. */
  async renewLease(leaseUntil: number): Promise<void> {
    await this.#write({ leaseUntil });
  }

  /**
   * Makes the rollout that was found ours. Of two runs that try at the same time, the one that wrote last holds it.
   *
   * @throws TakenOver when a third run was quicker
   */
  async takeOver(leaseUntil: number): Promise<void> {
    const { rolloutId, holder } = this.#settings;
    const former = this.#site.ledger?.rolloutId;
    await this.#write({ rolloutId, holder, leaseUntil });
    await this.#untilHeld((ledger) => ledger.rolloutId !== former || former === rolloutId);
  }

  async #write(fields: Partial<Ledger>): Promise<void> {
    const arns = this.#pairs.flatMap(({ canary }) => canary?.arn ?? []);
    if (arns.length === 0) return;
    await this.#cloud.traffic.tag(arns, toTags(fields)).catch((error: unknown) => {
      // Whoever took the rollout over may have ended it and removed the group.
      if (!(error instanceof Error && error.name.startsWith('TargetGroupNotFound'))) throw error;
    });
  }

  /** @throws TakenOver when another run has made the rollout its own, or has ended it */
  async #requireHold(): Promise<void> {
    const ledger = await this.#readLedger();
    if (ledger === 'gone') {
      throw new TakenOver('somebody else has ended the rollout and removed the canary target group');
    }
    if (ledger && ledger.rolloutId !== this.#settings.rolloutId) {
      throw new TakenOver(`the rollout was taken over by ${ledger.holder}`);
    }
  }

  /**
   * Makes a change that another run's rollback must not be followed by. AWS is not asked for long at a time, so that
   * whether the rollout is still ours is known before each try: a write that was throttled for minutes could land on a
   * rollout that somebody has ended meanwhile.
   */
  #whileHeld(change: () => Promise<void>): Promise<void> {
    return insist(this.#clock, change, () => this.#requireHold());
  }

  /** Waits until the ledger shows what was written, then makes sure that it is ours. */
  async #untilHeld(shown: (ledger: Ledger) => boolean): Promise<void> {
    await this.#until(async () => {
      const ledger = await this.#readLedger();
      return ledger !== undefined && ledger !== 'gone' && shown(ledger);
    }, 'the tags of the canary target group');
    await this.#requireHold();
  }

  async #readLedger(): Promise<Ledger | 'gone' | undefined> {
    const anchor = this.#pairs[0].canary;
    if (!anchor) return undefined;
    try {
      return fromTags((await this.#cloud.traffic.tags([anchor.arn])).get(anchor.arn) ?? {});
    } catch (error) {
      if (error instanceof Error && error.name.startsWith('TargetGroupNotFound')) return 'gone';
      throw error;
    }
  }

  #targetGroups(): Observation['targetGroups'] {
    const made = this.#pairs.filter(({ canary }) => canary !== undefined).length;
    if (this.#groupsUncertain) return 'some';
    return made === 0 ? 'none' : made === this.#pairs.length ? 'all' : 'some';
  }

  #stableState(): StableState {
    const primary = this.#stable.deployments.find((deployment) => deployment.primary);
    return {
      desired: this.#stable.desired,
      running: this.#stable.running,
      taskDefinition: this.#stable.taskDefinition,
      deployment:
        primary?.state === 'completed' && this.#stable.deployments.length > 1
          ? 'in-progress'
          : (primary?.state ?? 'completed'),
      deploymentReason: primary?.reason ?? '',
      healthy: this.#healthOfStable,
    };
  }

  #canaryState(): CanaryState | undefined {
    if (!this.#canary) return undefined;
    const failed = this.#canary.deployments.find(({ primary, state }) => primary && state === 'failed');
    return {
      desired: this.#canary.desired,
      running: this.#canary.running,
      healthy: this.#healthOfCanary.healthy,
      draining: this.#canary.status === 'DRAINING',
      targets: this.#healthOfCanary.targets,
      ...(failed && { failed: failed.reason }),
    };
  }

  get #whileBaking(): { services: number; health: number; routes: number } {
    return { ...BAKING, services: BAKING.services + (this.#pairs.length - 1) * SERVICES_LATER_PER_GROUP_MS };
  }

  #due(what: string, every: number): number {
    return (this.#lookedAt.get(what) ?? Number.NEGATIVE_INFINITY) + every;
  }

  async #when(what: string, every: number, look: () => Promise<void>, bearing: boolean): Promise<void> {
    const now = this.#clock.now();
    if (now < this.#due(what, every) && !this.#underWay.has(what)) return;
    const noted = async () => {
      await look();
      this.#lookedAt.set(what, now);
    };
    await this.#look(what, noted, bearing);
  }

  /**
   * Looks, one look of a kind at a time. While the canary has traffic, a look that AWS keeps waiting does not keep what
   * the others have seen from being judged: it goes on in the background, and what was seen before it stands.
   */
  async #look(what: string, look: () => Promise<void>, bearing: boolean): Promise<void> {
    const known = this.#underWay.get(what);
    const underWay =
      known ??
      look().finally(() => {
        if (this.#underWay.get(what) === underWay) this.#underWay.delete(what);
      });
    if (!known) {
      this.#underWay.set(what, underWay);
      // Whoever waits for it hears of its failure; when nobody does any more, the next look does.
      underWay.catch(() => undefined);
    }
    if (!bearing || !this.#lookedAt.has(what)) return underWay;
    const patience = Math.max(LOOK_PATIENCE_MS, LOOK_REAL_PATIENCE_MS * this.#clock.scale);
    const enough = new AbortController();
    try {
      await Promise.race([underWay, this.#clock.sleep(patience, enough.signal)]);
    } finally {
      enough.abort();
    }
  }

  #forget(...what: string[]): void {
    this.#era++;
    for (const each of what) {
      this.#lookedAt.delete(each);
      this.#underWay.delete(each);
    }
  }

  async #lookAtServices(watching = false): Promise<void> {
    const era = this.#era;
    const [stable, canary] = await this.#cloud.services.describe(this.#stable.cluster, [
      this.#stable.name,
      this.#site.canaryName,
    ]);
    if (era !== this.#era) return;
    if (!stable) throw new DeployError(`the service ${this.#stable.name} is gone`);
    const { from, to } = this.#rollout;
    const foreign = stable.taskDefinition !== from && stable.taskDefinition !== to;
    const vanished = this.#canary?.status === 'ACTIVE' && canary?.status !== 'ACTIVE';
    // What a rollback by hand does is no interference: that run has the rollout now.
    if (watching && (foreign || vanished)) await this.#requireHold();
    if (foreign) {
      this.#interference = `somebody else has deployed ${stable.taskDefinition} to the service`;
    }
    this.#stable = stable;
    // A describe may lag behind the creation: a service that was there is gone only when it stays away.
    this.#missingSince = vanished && !canary ? (this.#missingSince ?? this.#clock.now()) : undefined;
    const lagging =
      this.#missingSince !== undefined && this.#clock.now() - this.#missingSince < MISSING_LIMIT_MS;
    if (!lagging) this.#canary = canary;
    if (canary?.status === 'ACTIVE') {
      this.#lastEvents = canary.events.slice(0, 5).map(({ message }) => message);
    }
    await Promise.all([
      canary && this.#stoppedTasks.look(canary, new Set(canary.deployments.map(({ id }) => id))),
      this.#lives?.look(stable, canary, this.#clock.now()),
    ]);
  }

  async #lookAtHealth(phase: Phase): Promise<void> {
    const { traffic } = this.#cloud;
    const stableMatters = phase.kind === 'promoting' || phase.kind === 'rolling-back';
    const [canaries, stables] = await Promise.all([
      Promise.all(this.#pairs.flatMap(({ canary }) => (canary ? [traffic.health(canary.arn)] : []))),
      stableMatters ? Promise.all(this.#pairs.map(({ stable }) => traffic.health(stable.arn))) : [],
    ]);
    this.#healthOfCanary = {
      healthy: Math.min(...canaries.map(({ healthy }) => healthy)),
      unhealthy: Math.max(...canaries.map(({ unhealthy }) => unhealthy)),
      targets: Math.max(
        ...canaries.map(
          ({ healthy, unhealthy, initial, draining }) => healthy + unhealthy + initial + draining,
        ),
      ),
    };
    if (stableMatters) this.#healthOfStable = Math.min(...stables.map(({ healthy }) => healthy));
    const sick = this.#healthOfCanary.unhealthy > 0 && this.#routes.share > 0;
    this.#unhealthySince = sick ? (this.#unhealthySince ?? this.#clock.now()) : undefined;
  }

  /** Somebody (a Terraform apply, a person) may have set the rules back, or elsewhere. */
  async #lookAtRoutes(): Promise<void> {
    await this.#routes.reread();
    const other = this.#routes.unlike(this.#weight);
    if (!other) return;
    await this.#requireHold();
    this.#interference = `somebody else has changed the ${describeRoute(other)}`;
  }

  /** Minutes are ready `metricDelayMs` after their end; a few seconds more let a slow answer be there. */
  #nextMinuteOfMetrics(now: number): number {
    const delay = this.#rollout.metricDelayMs;
    return Math.floor((now - delay) / MINUTE) * MINUTE + MINUTE + delay + 2_000;
  }

  async #lookAtMetrics(phase: Phase): Promise<void> {
    const now = this.#clock.now();
    // Nothing new can be there before the next minute has become ready.
    if (now < (this.#lookedAt.get('metrics') ?? 0)) return;
    const { alarms } = this.#settings;
    const { metricDelayMs } = this.#rollout;
    const bakingSince = phase.kind === 'stepping' ? (phase.verifiedAt ?? now) : now;
    const from = Math.max(
      Math.ceil((this.#trafficSince ?? now) / MINUTE) * MINUTE,
      Math.floor(Math.min(now - LOOK_BACK_MS, bakingSince) / MINUTE) * MINUTE,
    );
    const to = Math.floor((now - Math.min(metricDelayMs, SOONEST_METRICS_MS)) / MINUTE) * MINUTE;
    try {
      const canary = this.#source('c');
      const stable = this.#source('s');
      const needed = this.#trafficSince !== undefined && to > from;
      const [values, found] = await Promise.all([
        needed ? this.#metrics.read([...canary.queries, ...stable.queries], from, to) : undefined,
        alarms.length > 0 ? this.#metrics.alarms(alarms) : [],
      ]);
      const age = { now, metricDelayMs };
      this.#evidence = {
        ...this.#evidence,
        alarms: alarms.map(
          (name) =>
            found.find((alarm) => alarm.name === name) ?? { name, state: 'GONE', reason: '', since: now },
        ),
        ...(values && {
          canary: canary.periods(values, from, to, age),
          stable: stable.periods(values, from, to, age),
          complete: values.complete,
        }),
      };
    } catch (error) {
      if (error instanceof DeployError || this.#stopped(error)) throw error;
      // CloudWatch being away says nothing about the release: what is not known holds it, no more.
      this.#settings.warn(
        `CloudWatch does not answer: ${error instanceof Error ? error.message : String(error)}`,
      );
      this.#evidence = { ...this.#evidence, complete: false };
    }
    this.#lookedAt.set('metrics', this.#nextMinuteOfMetrics(now));
  }

  #stopped(error: unknown): boolean {
    return error instanceof Error && error.name === 'AbortError';
  }

  #source(side: 'c' | 's'): EvidenceSource {
    const groups = this.#pairs.flatMap(({ stable, canary }) => {
      const group = side === 's' ? stable : canary;
      return group ? [{ arn: group.arn, loadBalancerArns: stable.loadBalancerArns }] : [];
    });
    const service = side === 's' ? this.#stable.name : this.#site.canaryName;
    const metered = { cluster: this.#stable.cluster, service, targetGroups: groups };
    return new EvidenceSource(side, metered, this.#rollout.gates, this.#settings.customMetrics);
  }

  /** Whose everything is that the rollout makes: policies allow to change and delete nothing else. */
  get #owner(): Pick<Ledger, 'rolloutId' | 'service'> {
    const { cluster, name } = this.#stable;
    return { rolloutId: this.#settings.rolloutId, service: `${cluster}/${name}` };
  }

  /** The first target group is the lock: AWS makes a name only once, with the tags of whoever came first. */
  async #makeTargetGroups(): Promise<void> {
    const { traffic } = this.#cloud;
    const tags = toTags({
      ...this.#owner,
      holder: this.#settings.holder,
      leaseUntil: this.#clock.now() + LEASE_MS,
      from: this.#rollout.from,
      to: this.#rollout.to,
      phase: 'preparing',
      weight: 0,
      initialTasks: this.#rollout.initialTasks,
    });
    const make = async (pair: Pair): Promise<Pair> => ({
      ...pair,
      canary: await traffic.createLike(pair.stable, pair.canaryName, tags),
    });
    const [first, ...others] = this.#pairs;
    this.#groupsUncertain = true;
    this.#usePairs([await make(first), ...others]);
    await this.#untilHeld(() => true);
    this.#usePairs([this.#pairs[0], ...(await Promise.all(others.map(make)))]);
    this.#groupsUncertain = false;
  }

  /** A creation that was let go of, or whose answer was lost, may have made a group all the same. */
  async #findGroups(): Promise<void> {
    const { traffic } = this.#cloud;
    const made = await traffic.targetGroupsByName(this.#pairs.map(({ canaryName }) => canaryName));
    const tags = await traffic.tags(made.map(({ arn }) => arn));
    const ours = made.filter(({ arn }) => tags.get(arn)?.[ROLLOUT_TAG] === this.#settings.rolloutId);
    const [first, ...others] = this.#pairs.map((pair) => ({
      ...pair,
      canary: pair.canary ?? ours.find(({ name }) => name === pair.canaryName),
    }));
    if (first) this.#usePairs([first, ...others]);
  }

  #usePairs(pairs: readonly [Pair, ...Pair[]]): void {
    this.#pairs = pairs;
    this.#routes.usePairs(pairs);
  }

  async #makeCanary(tasks: number): Promise<void> {
    const { rolloutId } = this.#settings;
    const groups = this.#pairs.flatMap(({ stable, canary }): [string, string][] =>
      canary ? [[stable.arn, canary.arn]] : [],
    );
    this.#creatingSince = this.#clock.now();
    await this.#cloud.services.createLike(this.#stable, {
      name: this.#site.canaryName,
      taskDefinition: this.#rollout.to,
      tasks,
      targetGroups: new Map(groups),
      tags: { ...this.#stable.tags, ...toTags(this.#owner) },
      token: rolloutId.slice(0, 36),
    });
    await this.#untilCanaryIs((canary) => canary?.status === 'ACTIVE');
    this.#creatingSince = undefined;
  }

  async #untilCanaryIs(so: (canary: EcsService | undefined) => boolean): Promise<void> {
    await this.#until(async () => {
      this.#forget('services');
      await this.#lookAtServices();
      return so(this.#canary);
    }, 'the canary service');
  }

  async #until(seen: () => Promise<boolean>, what: string): Promise<void> {
    const limit = this.#clock.now() + READ_BACK_LIMIT_MS;
    while (!(await seen())) {
      if (this.#clock.now() > limit) {
        throw new DeployError(`AWS took the change of ${what}, but does not show it after a minute`);
      }
      await this.#clock.sleep(READ_BACK_EVERY_MS);
    }
  }

  async #readBack(weight: number): Promise<void> {
    let other: Route | undefined;
    await this.#until(async () => {
      await this.#routes.reread();
      other = this.#routes.unlike(weight);
      return other === undefined;
    }, 'the listener rules');
  }

  async #shift(weight: number): Promise<void> {
    // Written before it is true, so that a run which dies in between is known to have given weight.
    await this.#whileHeld(() => this.#write({ weight, phase: 'stepping' }));
    this.#weight = weight;
    this.#served = true;
    await this.#routes.prepare();
    await this.#whileHeld(() => this.#routes.give(weight));
    await this.#readBack(weight);
    this.#trafficSince ??= this.#clock.now();
    this.#lookedAt.set('routes', this.#clock.now());
  }

  async #restoreTraffic(): Promise<void> {
    const { traffic } = this.#cloud;
    await this.#routes.restore();
    await this.#until(async () => {
      await this.#routes.refresh();
      if (this.#routes.state === 'original') return true;
      await this.#routes.restore();
      return false;
    }, 'the listener rules');
    this.#weight = 0;
    await Promise.all(this.#routes.canaryOnly.map(({ ruleArn }) => traffic.deleteRule(ruleArn)));
  }

  async #test(): Promise<void> {
    const test = this.#settings.preTrafficTest;
    if (!test) return;
    await this.#routes.refresh();
    await runPreTrafficTest(test, {
      traffic: this.#cloud.traffic,
      clock: this.#clock,
      routes: this.#routes,
      tags: toTags(this.#owner),
    });
    this.#tested = true;
  }

  async #deleteTargetGroups(): Promise<void> {
    if (this.#groupsUncertain) await this.#findGroups();
    if (await this.#canaryShowsUp()) return;
    await this.#routes.forgetOriginals();
    const [first, ...others] = this.#pairs;
    await Promise.all(others.map(({ canary }) => canary && this.#deleteTargetGroup(canary)));
    // The first holds the ledger, so it goes last.
    if (first.canary) await this.#deleteTargetGroup(first.canary);
    this.#usePairs([
      { ...first, canary: undefined },
      ...others.map((pair) => ({ ...pair, canary: undefined })),
    ]);
    this.#groupsUncertain = false;
  }

  /** A service whose creation was let go of may show up late; its target group has to be there to find it by. */
  async #canaryShowsUp(): Promise<boolean> {
    if (this.#creatingSince === undefined || this.#canary) return false;
    const until = this.#creatingSince + MISSING_LIMIT_MS;
    do {
      this.#forget('services');
      await this.#lookAtServices();
      if (this.#canary) return true;
      await this.#clock.sleep(Math.min(2_000, Math.max(0, until - this.#clock.now())));
    } while (this.#clock.now() < until);
    this.#creatingSince = undefined;
    return false;
  }

  /** A group that no rule names any more may still count as in use for a moment. */
  async #deleteTargetGroup(group: TargetGroup): Promise<void> {
    await this.#until(async () => {
      try {
        await this.#cloud.traffic.deleteTargetGroup(group.arn);
        return true;
      } catch (error) {
        if (!(error instanceof Error && error.name.startsWith('ResourceInUse'))) throw error;
        await this.#routes.refresh();
        if (this.#routes.state !== 'original') await this.#routes.restore();
        return false;
      }
    }, `the target group ${group.name}`);
  }
}

/** How long a holder is believed alive after its last word. */
export const LEASE_MS = 3 * MINUTE;
