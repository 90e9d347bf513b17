import type { Capacity } from '../../src/rollout/capacity.ts';
import {
  type Action,
  type Decision,
  decide,
  type Observation,
  type Phase,
  type Rollout,
} from '../../src/rollout/controller.ts';
import { parseGates } from '../../src/rollout/gate-syntax.ts';
import type { Evidence, Period } from '../../src/rollout/judge/evidence.ts';
import { fromTags, type Ledger, resume, type Tags, toTags } from '../../src/rollout/ledger.ts';
import { complete, type Plan } from '../../src/rollout/plan.ts';
import { shareOf, split, type WeightedGroup } from '../../src/rollout/weights.ts';

/**
 * A small model of ECS, a load balancer and the ledger, in which every action of the controller has its effect, and
 * the loop that drives it. Time, faults and other people come from the scenario, so a run is a pure function of it.
 */
export interface Scenario {
  readonly plan: Plan;
  readonly capacity: Capacity;
  readonly onNoEvidence: Rollout['onNoEvidence'];
  readonly afterHold: Rollout['afterHold'];
  readonly preTrafficTest: boolean;
  readonly initialTasks: number;
  /** What each route forwarded to before the rollout; `STABLE` is among the groups. */
  readonly routes: readonly (readonly WeightedGroup[])[];
  readonly autoscaled: boolean;
  readonly release: {
    readonly startMs: number;
    readonly healthy: boolean;
    /** Errors in percent of the requests, from so many ms after the canary was made. */
    readonly errors: { readonly percent: number; readonly fromMs: number };
    /** Of the whole service. */
    readonly requestsPerMinute: number;
    /** How the new revision does as stable. */
    readonly asStable: 'fine' | 'breaker-rolls-back' | 'breaker-fails' | 'stuck';
  };
  /** ECS stops the old tasks before the new ones run (minimumHealthyPercent 0). */
  readonly stopsFirst: boolean;
  /** How long ECS answers with the state before a write. */
  readonly lagMs: number;
  readonly drainMs: number;
  readonly events: readonly WorldEvent[];
  readonly faults: readonly Fault[];
  /** What the runs want that come after one that died. */
  readonly reruns: readonly Rerun[];
}

export interface WorldEvent {
  readonly atMs: number;
  readonly kind:
    | 'cancel'
    | 'weights-changed'
    | 'rules-reset'
    | 'other-revision'
    | 'canary-deleted'
    | 'canary-scaled-down'
    | 'canary-down'
    | 'stable-down'
    | 'scale-out'
    | 'alarm'
    | 'crash'
    | 'metrics-away';
}

export interface Fault {
  /** Which call, counted over all runs. */
  readonly call: number;
  readonly kind: 'refused' | 'lost-answer' | 'partly' | 'kill-before' | 'kill-after' | 'kill-halfway';
}

/** The same release, another one, the post step of the run that was killed, or a rollback by hand. */
export type Rerun = 'same' | 'other' | 'post' | 'rollback';

export const STABLE = 'arn:stable/1';
export const CANARY = 'arn:canary/1';
export const FROM = 'arn:task-definition/web:1';
export const TO = 'arn:task-definition/web:2';
export const OTHER = 'arn:task-definition/web:3';
const START = Date.UTC(2026, 0, 5, 10, 0, 20);
const MINUTE = 60_000;
const TICK = 5_000;
export const HEALTHY_TIMEOUT = 3 * MINUTE;
const OUTAGE = 4 * MINUTE;
/** More decisions than any run of these scenarios can need. */
const MOST_DECISIONS = 2_500;

interface Task {
  readonly revision: string;
  readonly healthyAt: number;
}

interface Service {
  desired: number;
  revision: string;
  tasks: Task[];
  deployment: 'in-progress' | 'completed' | 'failed';
  reason: string;
  startedAt: number;
  downUntil: number;
  drainedAt?: number;
}

interface ServiceView {
  readonly desired: number;
  readonly revision: string;
  readonly deployment: Service['deployment'];
  readonly reason: string;
}

export interface Ran {
  readonly outcome: 'promoted' | 'rolled-back' | 'never begun';
  readonly reason: string;
  readonly decisions: readonly Decision[];
  readonly violations: readonly string[];
  readonly runs: number;
  readonly world: World;
}

/** What a call does; `halfway`, only a part of it. */
type Effect = (halfway: boolean) => void;

class Killed extends Error {}
class CallFailed extends Error {}

export class World {
  readonly scenario: Scenario;
  readonly rollout: Rollout;
  now = START;
  stable: Service;
  canary: Service | undefined;
  /** Of two: the first carries the ledger. */
  groups = 0;
  tags: Tags = {};
  routes: (readonly WeightedGroup[])[];
  /** Whether the autoscaler may not scale in. */
  held = false;
  cancelled = false;
  otherDeployed = false;
  touchedByOthers = false;
  readonly violations: string[] = [];
  readonly shares: { at: number; share: number }[] = [{ at: START, share: 0 }];
  #calls = 0;
  #events: readonly WorldEvent[];
  #alarm = false;
  #crashes = 0;
  #metricsAwayUntil = 0;
  #canaryMadeAt = Number.POSITIVE_INFINITY;
  #stale: { until: number; stable: ServiceView; canaryDesired: number | undefined } | undefined;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.rollout = {
      from: FROM,
      to: TO,
      plan: complete(scenario.plan),
      gates: parseGates('error-rate < 1% abort > 20%\ncrashes = 0'),
      minRequests: 50,
      metricDelayMs: MINUTE,
      onNoEvidence: scenario.onNoEvidence,
      maxHoldMs: 2 * MINUTE,
      afterHold: scenario.afterHold,
      onStableFailing: 'hold',
      capacity: scenario.capacity,
      initialTasks: scenario.initialTasks,
      preTrafficTest: scenario.preTrafficTest,
      healthyTimeoutMs: HEALTHY_TIMEOUT,
      drainMs: 20_000,
    };
    this.stable = this.#service(FROM, scenario.initialTasks, 'completed');
    this.stable.tasks = this.stable.tasks.map((task) => ({ ...task, healthyAt: START }));
    this.routes = [...scenario.routes];
    this.#events = [...scenario.events].sort((a, b) => a.atMs - b.atMs);
  }

  // ---- what is true ----

  get share(): number {
    return Math.max(0, ...this.routes.map((groups) => shareOf(groups, STABLE, CANARY)));
  }

  get routeState(): Observation['routes'] {
    const attached = this.routes.filter((groups) => groups.some(({ arn }) => arn === CANARY)).length;
    return attached === 0 ? 'original' : attached === this.routes.length ? 'attached' : 'partly';
  }

  healthy(service: Service | undefined): number {
    if (!service || this.now < service.downUntil) return 0;
    return service.tasks.filter(({ healthyAt }) => healthyAt <= this.now).length;
  }

  /** A deleted canary finishes its last requests in the first half of the time that its tasks take to end. */
  get targetsOfCanary(): number {
    const { drainedAt, desired } = this.canary ?? { desired: 0 };
    return drainedAt !== undefined && drainedAt - this.now < this.scenario.drainMs / 2 ? 0 : desired;
  }

  get ledger(): Ledger | undefined {
    return this.groups > 0 ? fromTags(this.tags) : undefined;
  }

  /** Everything that a rollout made is gone, or about to go by itself. */
  get isClean(): boolean {
    return (
      (!this.canary || this.canary.drainedAt !== undefined) &&
      this.groups === 0 &&
      !this.held &&
      this.routes.every((groups, index) => sameGroups(groups, this.scenario.routes[index] ?? []))
    );
  }

  evidence(trafficSince: number | undefined): Evidence {
    const canary: Period[] = [];
    const { errors, requestsPerMinute } = this.scenario.release;
    const first = trafficSince === undefined ? this.now : Math.ceil(trafficSince / MINUTE) * MINUTE;
    for (let start = first; start + 2 * MINUTE <= this.now; start += MINUTE) {
      const share = this.shares.findLast(({ at }) => at <= start)?.share ?? 0;
      const requests = Math.round((requestsPerMinute * share) / 100);
      const failing = start >= this.#canaryMadeAt + errors.fromMs;
      const errors5xx = failing ? Math.round((requests * errors.percent) / 100) : 0;
      canary.push({
        start,
        requests,
        answered: requests,
        errors5xx,
        errors4xx: 0,
        slower: {},
        means: {},
        settled: true,
      });
    }
    return {
      canary,
      stable: [],
      before: [],
      complete: this.now >= this.#metricsAwayUntil,
      crashes: Array.from({ length: this.#crashes }, (_, index) => ({
        arn: `arn:task/${index}`,
        startedBy: 'ecs-svc/1',
        stopCode: 'EssentialContainerExited',
        reason: 'Essential container in task exited',
        stoppedAt: this.now,
        containers: [{ name: 'web', exitCode: 1 }],
      })),
      unhealthyMs: 0,
      alarms: [{ name: 'slow', state: this.#alarm ? 'ALARM' : 'OK', reason: 'too slow', since: this.now }],
    };
  }

  /** What ECS answers: for a while after a write, the state before it. */
  get views(): { stable: ServiceView; canaryDesired: number | undefined } {
    if (this.#stale && this.now < this.#stale.until) return this.#stale;
    return { stable: viewOf(this.stable), canaryDesired: this.canary?.desired };
  }

  // ---- time ----

  wait(ms: number): void {
    const until = this.now + ms;
    while (this.now < until) {
      this.now = Math.min(until, this.now + TICK);
      for (const event of this.#events.filter(({ atMs }) => START + atMs <= this.now)) this.#happen(event);
      this.#events = this.#events.filter(({ atMs }) => START + atMs > this.now);
      this.#settle();
    }
  }

  #happen({ kind }: WorldEvent): void {
    const { canary, stable } = this;
    switch (kind) {
      case 'cancel':
        this.cancelled = true;
        return;
      case 'weights-changed':
        this.#byOthers(
          this.routes.map((groups) =>
            groups.map((group) => (group.arn === CANARY ? { ...group, weight: 7 } : group)),
          ),
        );
        return;
      case 'rules-reset':
        this.#byOthers(this.scenario.routes);
        return;
      case 'other-revision':
        this.otherDeployed = true;
        this.#update(stable, OTHER, stable.desired);
        return;
      case 'canary-deleted':
        if (canary) canary.drainedAt ??= this.now + this.scenario.drainMs;
        return;
      case 'canary-scaled-down':
        if (canary) this.#scale(canary, 1);
        return;
      case 'canary-down':
        if (canary) canary.downUntil = this.now + OUTAGE;
        return;
      case 'stable-down':
        stable.downUntil = this.now + OUTAGE;
        return;
      case 'scale-out':
        if (this.scenario.autoscaled) this.#scale(stable, stable.desired + 1);
        return;
      case 'alarm':
        this.#alarm = true;
        return;
      case 'crash':
        if (canary) this.#crashes++;
        return;
      case 'metrics-away':
        this.#metricsAwayUntil = this.now + 3 * MINUTE;
    }
  }

  #byOthers(routes: readonly (readonly WeightedGroup[])[]): void {
    if (this.share === 0) return;
    this.touchedByOthers = true;
    this.#setRoutes(routes);
  }

  #settle(): void {
    this.#roll(this.stable);
    if (this.canary?.drainedAt !== undefined) {
      if (this.canary.drainedAt <= this.now) this.canary = undefined;
      else this.canary.tasks = [];
    }
    // The autoscaler fits stable to the traffic that it still has.
    if (this.scenario.autoscaled && !this.held) {
      const enough = Math.max(1, Math.ceil((this.scenario.initialTasks * (100 - this.share)) / 100));
      if (this.stable.desired > enough) this.#scale(this.stable, enough);
    }
  }

  /** A rolling deployment, with or without a circuit breaker. */
  #roll(service: Service): void {
    if (service.deployment !== 'in-progress') return;
    const fresh = service.tasks.filter(
      ({ revision, healthyAt }) => revision === service.revision && healthyAt <= this.now,
    );
    if (fresh.length >= service.desired) {
      service.tasks = service.tasks.filter(({ revision }) => revision === service.revision);
      service.deployment = 'completed';
      return;
    }
    const { asStable } = this.scenario.release;
    if (service.revision !== TO || this.now - service.startedAt < 2 * MINUTE) return;
    service.reason = 'ECS deployment circuit breaker: tasks failed to start.';
    if (asStable === 'breaker-fails') service.deployment = 'failed';
    if (asStable === 'breaker-rolls-back') this.#update(service, FROM, service.desired);
  }

  // ---- calls ----

  /** One call to AWS, with whatever the scenario lets go wrong at it. */
  call(effect: Effect): void {
    this.#calls++;
    this.wait(1_000);
    const fault = this.scenario.faults.find(({ call }) => call === this.#calls)?.kind;
    if (fault === 'kill-before') throw new Killed();
    if (fault === 'refused') throw new CallFailed('ThrottlingException');
    effect(fault === 'partly' || fault === 'kill-halfway');
    this.#inspect();
    if (fault === 'kill-after' || fault === 'kill-halfway') throw new Killed();
    if (fault === 'lost-answer' || fault === 'partly') throw new CallFailed('socket hang up');
  }

  carryOut(action: Action, rolloutId: string): void {
    for (const effect of this.#callsOf(action, rolloutId)) this.call(effect);
  }

  #callsOf(action: Action, rolloutId: string): Effect[] {
    switch (action.kind) {
      case 'make-target-groups':
        return [(halfway) => this.#makeGroups(halfway, rolloutId)];
      case 'attach':
        return [(halfway) => this.#splitRoutes(0, halfway)];
      case 'hold-scaling':
        return [
          (halfway) => {
            this.#tag({ scaling: 'scale-in-suspended=false' });
            if (!halfway) this.held = true;
          },
        ];
      case 'make-canary':
        return [
          () => {
            if (this.canary) return;
            this.#canaryMadeAt = this.now;
            this.canary = this.#service(TO, action.tasks, 'completed');
          },
        ];
      case 'scale-canary':
        return [
          () => {
            const { canary } = this;
            if (!canary) return;
            this.#requireUnused(action.tasks < canary.desired, 'the canary is scaled down');
            this.#write(() => this.#scale(canary, action.tasks));
          },
        ];
      case 'scale-stable':
        return [
          () => this.#write(() => this.#scale(this.stable, Math.max(this.stable.desired, action.tasks))),
        ];
      case 'test':
        return [() => undefined];
      case 'shift':
        return [
          () => this.#tag({ weight: action.weight, phase: 'stepping' }),
          (halfway) => this.#splitRoutes(action.weight, halfway),
        ];
      case 'update-stable':
        return [() => this.#write(() => this.#update(this.stable, action.taskDefinition, action.tasks))];
      case 'restore-traffic':
        return [(halfway) => this.#restoreRoutes(halfway)];
      case 'delete-canary':
        return [
          () => {
            this.#requireUnused(true, 'the canary is deleted');
            if (this.canary) this.canary.drainedAt ??= this.now + this.scenario.drainMs;
            this.#settle();
          },
        ];
      case 'release-scaling':
        return [
          (halfway) => {
            this.held = false;
            if (!halfway) this.#tag({ scaling: '' });
          },
        ];
      case 'delete-target-groups':
        return [
          (halfway) => {
            this.#requireUnused(true, 'the target groups are deleted');
            if (this.routeState !== 'original') this.violations.push('a target group in use is deleted');
            if (this.canary && this.targetsOfCanary > 0) {
              this.violations.push('a target group with requests under way is deleted');
            }
            this.groups = halfway ? 1 : 0;
          },
        ];
      case 'hold':
      case 'finish':
        return [];
    }
  }

  #makeGroups(halfway: boolean, rolloutId: string): void {
    if (this.groups === 0) {
      const { from, to, initialTasks } = this.rollout;
      const made = { service: 'main/web', holder: 'run', leaseUntil: this.now, phase: 'preparing' } as const;
      this.tags = toTags({ ...made, rolloutId, from, to, weight: 0, initialTasks });
    }
    this.groups = halfway ? Math.max(1, this.groups) : 2;
  }

  #tag(fields: Partial<Ledger>): void {
    if (this.groups > 0) this.tags = { ...this.tags, ...toTags(fields) };
  }

  note(phase: Phase): void {
    const ended = phase.kind === 'cleaning' || phase.kind === 'done';
    this.call(() =>
      this.#tag({
        phase: phase.kind,
        ...(phase.kind === 'rolling-back' && { reason: phase.reason }),
        ...(ended && { outcome: phase.outcome, reason: phase.reason }),
      }),
    );
  }

  #splitRoutes(weight: number, halfway: boolean): void {
    const wanted = this.scenario.routes.map((groups) => split(groups, STABLE, CANARY, weight));
    this.#setRoutes(
      this.routes.map((groups, index) => (halfway && index > 0 ? groups : (wanted[index] ?? groups))),
    );
  }

  #restoreRoutes(halfway: boolean): void {
    const { routes } = this.scenario;
    this.#setRoutes(
      this.routes.map((groups, index) => (halfway && index > 0 ? groups : (routes[index] ?? []))),
    );
  }

  #setRoutes(routes: readonly (readonly WeightedGroup[])[]): void {
    this.routes = [...routes];
    this.shares.push({ at: this.now, share: this.share });
  }

  /** ECS takes it at once and shows it later. */
  #write(change: () => void): void {
    const before = this.views;
    change();
    this.#stale = { ...before, until: this.now + this.scenario.lagMs };
  }

  #service(revision: string, desired: number, deployment: Service['deployment']): Service {
    const service: Service = {
      desired: 0,
      revision,
      tasks: [],
      deployment,
      reason: '',
      startedAt: this.now,
      downUntil: 0,
    };
    this.#scale(service, desired);
    return service;
  }

  #scale(service: Service, desired: number): void {
    const { startMs, healthy, asStable } = this.scenario.release;
    const good = service === this.stable ? asStable === 'fine' : healthy;
    const healthyAt = service.revision === TO && !good ? Number.POSITIVE_INFINITY : this.now + startMs;
    const missing = desired - service.tasks.filter(({ revision }) => revision === service.revision).length;
    if (missing < 0) service.tasks = service.tasks.slice(0, missing);
    for (let task = 0; task < missing; task++) service.tasks.push({ revision: service.revision, healthyAt });
    service.desired = desired;
  }

  #update(service: Service, revision: string, tasks: number): void {
    if (service.revision !== revision) {
      service.revision = revision;
      service.deployment = 'in-progress';
      service.startedAt = this.now;
      if (this.scenario.stopsFirst) service.tasks = [];
    }
    this.#scale(service, tasks);
  }

  // ---- what must hold whatever happens ----

  #requireUnused(removing: boolean, what: string): void {
    if (removing && this.share > 0) this.violations.push(`${what} with ${this.share}% of the traffic`);
  }

  #inspect(): void {
    this.routes.forEach((groups, index) => {
      const original = this.scenario.routes[index] ?? [];
      if (!this.touchedByOthers && !sameProportions(original, groups)) {
        this.violations.push(`a route's weights are ${JSON.stringify(groups)}`);
      }
    });
    const needed = Math.ceil((this.scenario.initialTasks * (100 - this.share)) / 100);
    if (this.stable.desired < needed) {
      this.violations.push(`stable has ${this.stable.desired} tasks at a share of ${this.share}%`);
    }
  }
}

const viewOf = ({ desired, revision, deployment, reason }: Service): ServiceView => ({
  desired,
  revision,
  deployment,
  reason,
});

const sameGroups = (a: readonly WeightedGroup[], b: readonly WeightedGroup[]): boolean =>
  a.length === b.length &&
  a.every(({ arn, weight }, index) => b[index]?.arn === arn && b[index]?.weight === weight);

/** Whether the other groups keep their proportions, and stable and canary together have what stable had. */
export function sameProportions(
  original: readonly WeightedGroup[],
  groups: readonly WeightedGroup[],
): boolean {
  const total = (all: readonly WeightedGroup[]) => all.reduce((sum, { weight }) => sum + weight, 0);
  const merged = groups
    .filter(({ arn }) => arn !== CANARY)
    .map(({ arn, weight }) => ({
      arn,
      weight: arn === STABLE ? weight + (groups.find((group) => group.arn === CANARY)?.weight ?? 0) : weight,
    }));
  return (
    groups.every(({ weight }) => Number.isInteger(weight) && weight >= 0 && weight <= 999) &&
    merged.length === original.length &&
    merged.every(
      ({ arn, weight }, index) =>
        original[index]?.arn === arn && weight * total(original) === original[index].weight * total(merged),
    )
  );
}

/** One process: the loop of `src/engine/run-rollout.ts` over the model. */
class Process {
  readonly #world: World;
  readonly #rollout: Rollout;
  readonly #rolloutId: string;
  readonly #decisions: Decision[];
  #hurried: boolean;
  #tested = false;
  #scaling: Observation['scaling'];
  #weight: number;
  #trafficSince: number | undefined;
  #interference: string | undefined;
  #healthOfStable = 0;
  #healthOfCanary = 0;
  #views: World['views'];

  constructor(world: World, rollout: Rollout, decisions: Decision[], run: number, hurried: boolean) {
    this.#world = world;
    this.#rollout = rollout;
    this.#decisions = decisions;
    this.#rolloutId = `run-${run}`;
    this.#hurried = hurried;
    this.#views = world.views;
    this.#weight = world.ledger?.weight ?? 0;
    const recorded = world.ledger?.scaling !== undefined;
    this.#scaling = world.scenario.autoscaled ? (recorded ? 'maybe-held' : 'free') : 'none';
    if (world.share > 0) this.#trafficSince = world.now;
  }

  /** Goes on until the rollout is done, or the process dies or gives up. */
  run(first: Phase): void {
    try {
      this.#loop(first);
    } catch (error) {
      if (!(error instanceof Killed || error instanceof CallFailed)) throw error;
    }
  }

  #loop(first: Phase): void {
    const world = this.#world;
    let phase = first;
    let interrupted: string | undefined;
    let noted: Phase['kind'] | undefined;
    let failures = 0;
    while (this.#decisions.length < MOST_DECISIONS) {
      if (world.cancelled) {
        this.#hurried = true;
        interrupted ??= 'the run was cancelled';
      }
      const looks = interrupted === undefined || isRescue(phase);
      if (looks) this.#look(phase);
      const seen: Observation = { ...this.#last(), ...(interrupted !== undefined && { interrupted }) };
      const decision = decide(this.#rollout, phase, seen);
      this.#check(phase, seen, decision, looks);
      this.#decisions.push(decision);
      const { action } = decision;
      const moved = decision.phase.kind !== noted;
      phase = decision.phase;
      if (phase.kind === 'done') {
        if (phase.leftovers) world.note(phase);
        return;
      }
      try {
        if (moved) {
          noted = phase.kind;
          if (action.kind === 'restore-traffic') {
            this.#act(action);
            world.note(phase);
          } else {
            world.note(phase);
            this.#act(action);
          }
        } else this.#act(action);
        if (action.kind === 'hold') {
          const baking = phase.kind === 'stepping' && phase.verifiedAt !== undefined;
          const next = Math.min(
            world.now + (baking ? 20_000 : 4_000),
            action.until ?? Number.POSITIVE_INFINITY,
          );
          world.wait(Math.max(0, next - world.now));
        } else failures = 0;
      } catch (error) {
        if (!(error instanceof CallFailed)) throw error;
        if (!isRescue(phase)) interrupted ??= `an error inside: ${error.message}`;
        else if (++failures >= 5) throw error;
        else world.wait(2_000);
      }
    }
    world.violations.push('it does not end');
  }

  #act(action: Action): void {
    const world = this.#world;
    if (action.kind === 'shift') this.#weight = action.weight;
    if (action.kind === 'restore-traffic') this.#weight = 0;
    if (action.kind === 'hold-scaling') this.#scaling = 'maybe-held';
    world.carryOut(action, this.#rolloutId);
    if (action.kind === 'test') this.#tested = true;
    if (action.kind === 'shift') this.#trafficSince ??= world.now;
    if (action.kind === 'hold-scaling') this.#scaling = 'held';
    if (action.kind === 'release-scaling') this.#scaling = 'free';
  }

  #look(phase: Phase): void {
    const world = this.#world;
    this.#views = world.views;
    if (world.stable.revision === OTHER) this.#interference = 'somebody else has deployed';
    this.#healthOfCanary = world.healthy(world.canary);
    if (phase.kind === 'promoting' || phase.kind === 'rolling-back') {
      this.#healthOfStable = world.healthy(world.stable);
    }
    const watching = phase.kind === 'stepping' || phase.kind === 'promoting';
    const wanted = world.scenario.routes.map((groups) => split(groups, STABLE, CANARY, this.#weight) ?? []);
    const unlike = world.routes.some((groups, index) => !sameGroups(groups, wanted[index] ?? []));
    if (watching && world.share > 0 && this.#weight > 0 && unlike) {
      this.#interference = 'somebody else has changed a rule';
    }
  }

  #last(): Observation {
    const world = this.#world;
    const { stable, canary } = world;
    const { desired, revision, deployment, reason } = this.#views.stable;
    return {
      now: world.now,
      stable: {
        desired,
        running: stable.tasks.length,
        taskDefinition: revision,
        deployment,
        deploymentReason: reason,
        healthy: this.#healthOfStable,
      },
      ...(canary && {
        canary: {
          desired: this.#views.canaryDesired ?? canary.desired,
          running: canary.tasks.length,
          healthy: this.#healthOfCanary,
          draining: canary.drainedAt !== undefined,
          targets: world.targetsOfCanary,
        },
      }),
      targetGroups: world.groups === 0 ? 'none' : world.groups === 1 ? 'some' : 'all',
      routes: world.routeState,
      share: world.share,
      ...(this.#interference !== undefined && { interference: this.#interference }),
      scaling: this.#scaling,
      ...(world.scenario.autoscaled && { bounds: { min: 1, max: 50 } }),
      tested: this.#tested,
      served: true,
      evidence: world.evidence(this.#trafficSince),
      hurried: this.#hurried,
    };
  }

  /** What a single decision has to respect. */
  #check(before: Phase, seen: Observation, { phase, action }: Decision, looked: boolean): void {
    const world = this.#world;
    const broken = (what: string) =>
      world.violations.push(`${before.kind} -> ${phase.kind} ${action.kind}: ${what}`);
    const canaryCarries = (seen.canary?.healthy ?? 0) > 0 && seen.share > 0;
    const healthKnown = looked && (before.kind === 'promoting' || before.kind === 'rolling-back');
    const stableIsDown = healthKnown && seen.stable.healthy === 0 && canaryCarries;
    const toRestore = seen.routes !== 'original' || seen.share > 0;
    if (phase.kind === 'rolling-back' && before.kind !== 'rolling-back') {
      const atOnce = action.kind === 'restore-traffic' || !toRestore || seen.stable.healthy === 0;
      if (!atOnce) broken('traffic does not go back first');
    }
    if (action.kind === 'restore-traffic' && stableIsDown) broken('traffic goes to no healthy task');
    if (action.kind === 'shift') {
      const { capacity, initialTasks } = this.#rollout;
      const weight = capacity.mode === 'full' ? 100 : action.weight;
      const needed = Math.max(capacity.atLeast, Math.ceil((initialTasks * weight) / 100 - 1e-9));
      if ((seen.canary?.healthy ?? 0) < needed) broken('the canary is too small for its share');
    }
    if (action.kind === 'make-canary' && seen.share > 0) broken('traffic went to nothing');
    const noTraffic = ['shift', 'hold', 'update-stable', 'scale-canary'].includes(action.kind);
    const dead = seen.share > 0 && (seen.canary?.healthy ?? 0) === 0;
    if (dead && looked && noTraffic && phase.kind !== 'rolling-back')
      broken('traffic stays on no healthy task');
    if (phase.kind === 'cleaning' && phase.outcome === 'promoted' && before.kind === 'promoting') {
      const old = world.stable.tasks.some(({ revision }) => revision !== TO);
      if (old) broken('a task of stable runs another revision');
      if (world.healthy(world.stable) < world.scenario.initialTasks) broken('stable is too small');
    }
  }
}

const isRescue = ({ kind }: Phase): boolean => kind === 'rolling-back' || kind === 'cleaning';

/** Runs a scenario, with as many runs as it takes until nothing of the rollout is left. */
export function play(scenario: Scenario): Ran {
  const world = new World(scenario);
  const decisions: Decision[] = [];
  let runs = 0;
  let phase: Phase | undefined = { kind: 'preparing', startAt: 0 };
  while (phase && runs < 30) {
    const rerun = runs === 0 ? 'same' : (scenario.reruns[runs - 1] ?? 'same');
    new Process(world, world.rollout, decisions, runs, rerun === 'post').run(phase);
    runs++;
    const { ledger } = world;
    if (!ledger || world.violations.length > 0) break;
    world.cancelled = false;
    const next = scenario.reruns[runs - 1] ?? 'same';
    world.wait(next === 'post' ? 2_000 : 4 * MINUTE);
    const weights = world.rollout.plan.map(({ weight }) => weight);
    const target = next === 'same' ? TO : next === 'other' ? OTHER : undefined;
    phase = resume(ledger, weights, world.share, target, world.now);
  }
  const last = decisions.at(-1)?.phase;
  const ended = last?.kind === 'done' || last?.kind === 'cleaning' ? last : undefined;
  return {
    outcome: ended?.outcome ?? 'never begun',
    reason: ended?.reason ?? '',
    decisions,
    violations: world.violations,
    runs,
    world,
  };
}

/** Whether the canary has kept a step's share for the whole of its bake. */
export function baked({ world }: Ran, step: { readonly weight: number; readonly bakeMs: number }): boolean {
  const shares = [...world.shares, { at: world.now, share: -1 }];
  const [first] = world.scenario.routes.map((groups) => split(groups, STABLE, CANARY, step.weight));
  const expected = Math.max(
    ...world.scenario.routes.map((groups) =>
      shareOf(split(groups, STABLE, CANARY, step.weight) ?? first ?? [], STABLE, CANARY),
    ),
  );
  let since: number | undefined;
  for (const { at, share } of shares) {
    const there = Math.abs(share - expected) < 1e-6;
    if (!there && since !== undefined && at - since >= step.bakeMs) return true;
    since = there ? (since ?? at) : undefined;
  }
  return false;
}
