import type { Clock } from '../clock.ts';
import { isOutage } from '../errors.ts';
import type { EcsService, Metrics, Services, Traffic } from '../ports.ts';
import { type Alarm, type Evidence, NO_EVIDENCE, type Period } from '../rollout/judge/evidence.ts';
import type { Looked, Sighting, Watch } from '../watch/decide.ts';
import { looksBack } from '../watch/gates.ts';
import { type CustomMetric, EvidenceSource } from './evidence-source.ts';
import type { LogWatch } from './log-watch.ts';
import { StoppedTasks } from './stopped-tasks.ts';
import type { WatchedService } from './watched-service.ts';

const MINUTE = 60_000;
/** How often each thing is looked at; together about ten calls a minute. */
const EVERY: Readonly<Record<Looked, number>> = {
  service: 20_000,
  targets: 30_000,
  alarms: 30_000,
  logs: 30_000,
};
/** Two looks in a row have to show that somebody has deployed: describes lag behind writes, and may go back. */
const AGAIN_MS = 5_000;
/** How long a look that AWS keeps waiting may keep the others from being judged. */
const PATIENCE_MS = 15_000;
const REAL_PATIENCE_MS = 2_000;
/** No minute's metrics are there any sooner; what they add up to shows whether they can be judged. */
const SOONEST_METRICS_MS = MINUTE;

export interface LookoutSettings {
  readonly watch: Watch;
  /** As they were found first. */
  readonly alarms: readonly Alarm[];
  readonly customMetrics: Readonly<Record<string, CustomMetric>>;
  /** The service's minutes before the release, oldest first. */
  readonly before: readonly Period[];
  readonly logs?: LogWatch;
  readonly warn: (message: string) => void;
  /** Why the service does not run the watched revision any more; `undefined` while it does. */
  readonly goneFrom: (service: EcsService | undefined) => string | undefined;
}

interface World {
  readonly services: Services;
  readonly traffic: Traffic;
  readonly metrics: Metrics;
}

type Kind = Looked | 'metrics';

/** Looks at a service that is watched. It only reads. */
export class Lookout {
  readonly #world: World;
  readonly #clock: Clock;
  readonly #watched: WatchedService;
  readonly #settings: LookoutSettings;
  readonly #source: EvidenceSource;
  readonly #stopped: StoppedTasks;
  readonly #looks: ReadonlyMap<Kind, (now: number) => Promise<void>>;
  readonly #due = new Map<Kind, number>();
  readonly #underWay = new Map<Kind, Promise<void>>();
  readonly #seenAt = new Map<Looked, number>();
  /** Those that AWS did not answer last. */
  readonly #silent = new Set<Kind>();
  #broken: unknown;
  #goneSeen = 0;
  #gone: string | undefined;
  #unhealthySince: number | undefined;
  #evidence: Evidence;

  constructor(world: World, clock: Clock, watched: WatchedService, settings: LookoutSettings) {
    this.#world = world;
    this.#clock = clock;
    this.#watched = watched;
    this.#settings = settings;
    const { watch, alarms, customMetrics, logs, before } = settings;
    this.#source = new EvidenceSource('s', watched.metered, watch.gates, customMetrics);
    this.#stopped = new StoppedTasks(world.services);
    this.#evidence = { ...NO_EVIDENCE, before, alarms };
    const looks: [Kind, (now: number) => Promise<void>][] = [['service', () => this.#lookAtService()]];
    if (watched.targetGroups.length > 0) looks.push(['targets', (now) => this.#lookAtTargets(now)]);
    if (this.#source.queries.length > 0) looks.push(['metrics', (now) => this.#lookAtMetrics(now)]);
    if (alarms.length > 0) looks.push(['alarms', (now) => this.#lookAtAlarms(now)]);
    if (logs) looks.push(['logs', (now) => logs.look(now)]);
    this.#looks = new Map(looks);
    for (const kind of this.#looks.keys()) {
      if (kind !== 'metrics') this.#seenAt.set(kind, watch.startedAt);
    }
  }

  /** When it is worth looking again, ms since the epoch. */
  get next(): number {
    return Math.min(...[...this.#looks.keys()].map((kind) => this.#due.get(kind) ?? 0));
  }

  /**
   * Looks at what is due, each apart from the others: what AWS keeps waiting does not keep the rest from being judged.
   *
   * @throws what AWS says when it does not allow a look
   */
  async look(): Promise<Sighting> {
    const now = this.#clock.now();
    for (const [kind, look] of this.#looks) {
      if (this.#underWay.has(kind) || now < (this.#due.get(kind) ?? 0)) continue;
      this.#due.set(kind, kind === 'metrics' ? this.#nextMinute(now) : now + EVERY[kind]);
      const underWay = look(now).then(
        () => {
          if (kind !== 'metrics') this.#seenAt.set(kind, now);
          this.#silent.delete(kind);
          this.#underWay.delete(kind);
        },
        (error: unknown) => {
          this.#underWay.delete(kind);
          this.#failed(kind, error);
        },
      );
      this.#underWay.set(kind, underWay);
    }
    const enough = new AbortController();
    const patience = Math.max(PATIENCE_MS, REAL_PATIENCE_MS * this.#clock.scale);
    await Promise.race([Promise.all(this.#underWay.values()), this.#clock.sleep(patience, enough.signal)]);
    enough.abort();
    if (this.#broken !== undefined) throw this.#broken;
    return this.#sighting(now);
  }

  #sighting(now: number): Sighting {
    const { logs } = this.#settings;
    return {
      now,
      evidence: {
        ...this.#evidence,
        crashes: this.#stopped.crashes.filter(({ stoppedAt }) => stoppedAt >= this.#settings.watch.startedAt),
        unhealthyMs: this.#unhealthySince === undefined ? 0 : now - this.#unhealthySince,
      },
      lines: logs?.lines ?? new Map(),
      seenAt: this.#seenAt,
      ...(this.#gone !== undefined && { gone: this.#gone }),
    };
  }

  /** That AWS is away says nothing of the release, and is told once; what it refuses ends the watch. */
  #failed(kind: Kind, error: unknown): void {
    if (error instanceof Error && error.name === 'AbortError') return;
    if (!isOutage(error)) {
      this.#broken ??= error;
      return;
    }
    if (kind === 'metrics') this.#evidence = { ...this.#evidence, complete: false };
    if (this.#silent.has(kind)) return;
    this.#silent.add(kind);
    const { [kind]: what } = NAMES;
    this.#settings.warn(`${what} cannot be seen: AWS does not answer (${error.message}). The watch goes on.`);
  }

  async #lookAtService(): Promise<void> {
    const { cluster, name } = this.#watched.service;
    const { services } = this.#world;
    const [service] = await services.describe(cluster, [name]);
    const gone = this.#settings.goneFrom(service);
    this.#goneSeen = gone === undefined ? 0 : this.#goneSeen + 1;
    if (this.#goneSeen > 1) this.#gone = gone;
    if (gone !== undefined) this.#due.set('service', this.#clock.now() + AGAIN_MS);
    if (!service) return;
    const ours = service.deployments.filter(
      ({ taskDefinition }) => taskDefinition === this.#watched.taskDefinition,
    );
    await this.#stopped.look(service, new Set(ours.map(({ id }) => id)));
  }

  async #lookAtTargets(now: number): Promise<void> {
    const { traffic } = this.#world;
    const health = await Promise.all(this.#watched.targetGroups.map(({ arn }) => traffic.health(arn)));
    const sick = health.some(({ unhealthy }) => unhealthy > 0);
    this.#unhealthySince = sick ? (this.#unhealthySince ?? now) : undefined;
  }

  async #lookAtAlarms(now: number): Promise<void> {
    const alarms = this.#settings.alarms.map(({ name }) => name);
    const found = await this.#world.metrics.alarms(alarms);
    const states = alarms.map(
      (name) =>
        found.find((alarm) => alarm.name === name) ??
        ({ name, state: 'GONE', reason: '', since: now } as const),
    );
    this.#evidence = { ...this.#evidence, alarms: states };
  }

  /** Minutes are ready `metricDelayMs` after their end; a few seconds more let a slow answer be there. */
  #nextMinute(now: number): number {
    const { metricDelayMs: delay } = this.#settings.watch;
    return Math.floor((now - delay) / MINUTE) * MINUTE + MINUTE + delay + 2_000;
  }

  async #lookAtMetrics(now: number): Promise<void> {
    const { startedAt, metricDelayMs, gates, forMs } = this.#settings.watch;
    const from = Math.ceil(startedAt / MINUTE) * MINUTE;
    const known = Math.floor((now - Math.min(metricDelayMs, SOONEST_METRICS_MS)) / MINUTE) * MINUTE;
    const to = Math.min(known, Math.floor((startedAt + forMs) / MINUTE) * MINUTE);
    if (to <= from) return;
    const values = await this.#world.metrics.read(this.#source.queries, from, to);
    const canary = this.#source.periods(values, from, to, { now, metricDelayMs });
    this.#evidence = {
      ...this.#evidence,
      canary,
      stable: gates.some(looksBack) ? canary.map(withoutTraffic) : [],
      complete: values.complete,
    };
  }
}

const NAMES: Readonly<Record<Kind, string>> = {
  service: 'The service',
  targets: 'The health of the targets',
  metrics: 'The metrics',
  alarms: 'The alarms',
  logs: 'The log',
};

/** No other revision has any of the traffic: what there is to compare with is the time before. */
const withoutTraffic = ({ start }: Period): Period => ({
  start,
  requests: 0,
  answered: 0,
  errors5xx: 0,
  errors4xx: 0,
  slower: {},
  means: {},
  settled: true,
});
