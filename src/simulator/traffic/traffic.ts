import type { RoutedRequest } from '../elbv2/conditions.ts';
import type { ListenerRecord, TargetGroupRecord } from '../elbv2/model.ts';
import { eligible, findListener, type GroupShare, type Route, routeOf } from '../elbv2/routing.ts';
import type { LoadBalancing } from '../elbv2/state.ts';
import { binomial, multinomial, poisson } from '../world/chance.ts';
import type { Kernel } from '../world/kernel.ts';
import type { Conduct } from './behaviour.ts';
import type { Endpoint } from './endpoint.ts';
import { drawLatencies } from './latency.ts';
import type { UserLedger } from './ledger.ts';
import { underLoad } from './load.ts';
import { type GroupOutcome, TrafficMetrics } from './metrics.ts';
import { ReturningClients } from './returning-clients.ts';
import { rateAt, type TrafficSource } from './source.ts';
import { Utilization } from './utilization.ts';

const SLICE = 10_000;
const MINUTE = 60_000;

/** The answer to one real request. */
export interface UserAnswer {
  readonly status: number;
  readonly body: string;
  /** `family:revision` of the task that answered; undefined when the load balancer did. */
  readonly revision: string | undefined;
  /** How long the task took, in ms. */
  readonly latency: number;
}

interface Stretch {
  readonly from: number;
  readonly until: number;
}

/** A source's way through its load balancer, until rules or targets change. */
interface Way {
  readonly version: number;
  readonly listener: ListenerRecord | undefined;
  readonly route: Route | undefined;
}

/** The requests of all sources that a target group gets; it has one load balancer. */
interface Arrivals {
  readonly listener: ListenerRecord;
  requests: number;
  /** How many are to be expected in a second: in a stretch of milliseconds, one that came says nothing of the load. */
  rate: number;
}

/** Targets of a group that answer in the same way, and the requests they got. */
interface Batch {
  readonly endpoint: Endpoint | undefined;
  readonly conduct: Conduct | undefined;
  targets: number;
  requests: number;
}

/**
 * Sends the users' requests through the load balancers to the tasks, in slices of 10 s and up to every change of
 * rules or targets, and writes down what came of it: as metrics, and in the ledger.
 */
export class Traffic {
  readonly #kernel: Kernel;
  readonly #balancing: LoadBalancing;
  readonly #sources: readonly TrafficSource[];
  readonly #ledger: UserLedger;
  readonly #slowOver: number;
  readonly #start: number;
  readonly #metrics: TrafficMetrics;
  readonly #ways = new Map<TrafficSource, Way>();
  readonly #returning = new ReturningClients();
  readonly #eligible = new Map<string, { version: number; endpoints: (Endpoint | undefined)[] }>();
  readonly utilization: Utilization;
  #upTo: number;
  #turn = 0;

  /** @param start when the world's clock begins, in ms; bursts count from it */
  constructor(
    kernel: Kernel,
    balancing: LoadBalancing,
    sources: readonly TrafficSource[],
    ledger: UserLedger,
    slowOver: number,
    start: number,
  ) {
    this.#kernel = kernel;
    this.#balancing = balancing;
    this.#sources = sources;
    this.#ledger = ledger;
    this.#slowOver = slowOver;
    this.#start = start;
    this.#metrics = new TrafficMetrics(kernel);
    this.utilization = new Utilization(balancing, this.#metrics);
    this.#upTo = kernel.events.now;
    balancing.beforeRoutingChange(() => this.catchUp());
  }

  /** Lets requests flow from now on. */
  begin(): void {
    this.#upTo = this.#kernel.events.now;
    this.#next();
  }

  /** Sends everything that arrived up to now. */
  catchUp(): void {
    const until = this.#kernel.events.now;
    const from = this.#upTo;
    if (until <= from) return;
    this.#upTo = until;
    this.#measureShares(from);
    const stretch = { from, until };
    const arrivals = new Map<TargetGroupRecord, Arrivals>();
    for (const source of this.#sources) this.#arrive(source, stretch, arrivals);
    for (const [group, arrived] of arrivals) {
      if (arrived.requests > 0) this.#sendToGroup(group, arrived, stretch);
    }
  }

  /** Sends one request and gives its answer; it counts like any other. */
  request(listener: ListenerRecord, request: RoutedRequest): UserAnswer {
    this.catchUp();
    const { now } = this.#kernel.events;
    const route = routeOf(this.#balancing, listener, request);
    const fixed = route?.action.FixedResponseConfig;
    if (fixed) {
      const status = Number(fixed.StatusCode ?? 200);
      return { status, body: fixed.MessageBody ?? '', revision: undefined, latency: 0 };
    }
    const redirect = route?.action.RedirectConfig;
    if (redirect) {
      const status = redirect.StatusCode === 'HTTP_301' ? 301 : 302;
      return { status, body: '', revision: undefined, latency: 0 };
    }
    const stretch = { from: now, until: now };
    const chosen = route && this.#split(route.groups, 1).find(([, count]) => count > 0)?.[0];
    const endpoints = chosen ? this.#endpoints(chosen) : [];
    if (chosen === undefined || endpoints.length === 0) {
      this.#refuse(stretch, listener, 1);
      return { status: 503, body: 'Service Temporarily Unavailable', revision: undefined, latency: 0 };
    }
    const endpoint = endpoints[Math.floor(this.#kernel.random() * endpoints.length)];
    const conduct = this.#balancing.network.conduct(endpoint, now);
    const outcome = this.#outcome(listener, chosen, endpoints.length);
    this.#serve(stretch, { endpoint, conduct, targets: 1, requests: 1 }, 0, outcome);
    this.#metrics.group(now, outcome);
    if (conduct === undefined || endpoint === undefined || outcome.unanswered > 0) {
      return { status: 502, body: 'Bad Gateway', revision: undefined, latency: 0 };
    }
    const status = outcome.errors > 0 ? 500 : outcome.clientErrors > 0 ? 404 : 200;
    const body = JSON.stringify({ revision: endpoint.revision, path: request.path, status });
    return { status, body, revision: endpoint.revision, latency: outcome.latencies[0]?.ms ?? 0 };
  }

  #next(): void {
    const { events } = this.#kernel;
    const mark = Math.floor(events.now / SLICE) * SLICE + SLICE;
    events.at(mark, () => {
      this.catchUp();
      this.utilization.countHosts(mark - 1);
      if (mark % MINUTE === 0) this.utilization.measureTasks(mark - MINUTE);
      this.#next();
    });
  }

  #way(source: TrafficSource): Way {
    const version = this.#balancing.routingVersion;
    const known = this.#ways.get(source);
    if (known?.version === version) return known;
    const listener = findListener(this.#balancing, source.loadBalancer, source.port);
    const route = listener && routeOf(this.#balancing, listener, source);
    const way = { version, listener, route };
    this.#ways.set(source, way);
    return way;
  }

  #endpoints(group: TargetGroupRecord): (Endpoint | undefined)[] {
    const version = this.#balancing.routingVersion;
    const known = this.#eligible.get(group.arn);
    if (known?.version === version) return known.endpoints;
    const endpoints = eligible(this.#balancing, group);
    this.#eligible.set(group.arn, { version, endpoints });
    return endpoints;
  }

  /** What part of its load balancer's requests each revision can expect now. */
  #measureShares(now: number): void {
    const { shares } = this.#balancing.network;
    const weights = new Map<string, number>();
    const totals = new Map<string, number>();
    const balancers = new Map<string, string>();
    for (const source of this.#sources) {
      const { route } = this.#way(source);
      const rate = rateAt(source.rate, now, this.#start);
      totals.set(source.loadBalancer, (totals.get(source.loadBalancer) ?? 0) + rate);
      for (const { group, share } of route?.groups ?? []) {
        const endpoints = this.#endpoints(group);
        for (const endpoint of endpoints) {
          if (endpoint === undefined) continue;
          const part = (rate * share) / endpoints.length;
          weights.set(endpoint.revision, (weights.get(endpoint.revision) ?? 0) + part);
          balancers.set(endpoint.revision, source.loadBalancer);
        }
      }
    }
    shares.clear();
    for (const [revision, weight] of weights) {
      const total = totals.get(balancers.get(revision) ?? '') ?? 0;
      shares.set(revision, total === 0 ? 0 : weight / total);
    }
  }

  #arrive(source: TrafficSource, stretch: Stretch, arrivals: Map<TargetGroupRecord, Arrivals>): void {
    const { listener, route } = this.#way(source);
    if (listener === undefined) return;
    const seconds = (stretch.until - stretch.from) / 1000;
    const rate = rateAt(source.rate, stretch.from, this.#start);
    const arrived = poisson(this.#kernel.random, rate * seconds);
    if (route?.action.Type !== 'forward') return;
    const groups = route.isSticky
      ? this.#returning.shares(source, route.groups, stretch.until - stretch.from)
      : route.groups;
    let routed = 0;
    for (const [group, requests, share] of this.#split(groups, arrived)) {
      routed += requests;
      const known = arrivals.get(group) ?? { listener, requests: 0, rate: 0 };
      known.requests += requests;
      known.rate += rate * share;
      arrivals.set(group, known);
    }
    // All weights are 0.
    if (routed < arrived) this.#refuse(stretch, listener, arrived - routed);
  }

  #split(groups: readonly GroupShare[], requests: number): [TargetGroupRecord, number, number][] {
    const counts = multinomial(
      this.#kernel.random,
      requests,
      groups.map(({ share }) => share),
    );
    return groups.map(({ group, share }, index) => [group, counts[index] ?? 0, share]);
  }

  #outcome(listener: ListenerRecord, group: TargetGroupRecord, targets: number): GroupOutcome {
    const loadBalancer = this.#balancing.loadBalancers.get(listener.loadBalancerArn)?.dimension ?? '';
    return {
      loadBalancer,
      targetGroup: group.dimension,
      targets,
      ok: 0,
      clientErrors: 0,
      errors: 0,
      connectionErrors: 0,
      unanswered: 0,
      latencies: [],
    };
  }

  #sendToGroup(group: TargetGroupRecord, { listener, requests, rate }: Arrivals, stretch: Stretch): void {
    const endpoints = this.#endpoints(group);
    if (endpoints.length === 0) {
      this.#refuse(stretch, listener, requests);
      return;
    }
    const outcome = this.#outcome(listener, group, endpoints.length);
    for (const batch of this.#batches(endpoints, requests, stretch.from)) {
      this.#serve(stretch, batch, rate / endpoints.length, outcome);
    }
    this.#metrics.group(stretch.from, outcome);
  }

  /** Round robin over the targets; those that answer alike are taken together. */
  #batches(endpoints: readonly (Endpoint | undefined)[], requests: number, now: number): Batch[] {
    const batches = new Map<string, Map<Conduct | undefined, Batch>>();
    const each = Math.floor(requests / endpoints.length);
    const offset = Math.floor(this.#kernel.random() * endpoints.length);
    endpoints.forEach((endpoint, index) => {
      const extra = (index + offset) % endpoints.length < requests % endpoints.length ? 1 : 0;
      const conduct = this.#balancing.network.conduct(endpoint, now);
      const ofRevision = batches.get(endpoint?.revision ?? '') ?? new Map<Conduct | undefined, Batch>();
      batches.set(endpoint?.revision ?? '', ofRevision);
      const batch = ofRevision.get(conduct) ?? { endpoint, conduct, targets: 0, requests: 0 };
      ofRevision.set(conduct, batch);
      batch.targets++;
      batch.requests += each + extra;
      if (endpoint !== undefined) this.utilization.serve(endpoint, each + extra);
    });
    return [...batches.values()]
      .flatMap((ofRevision) => [...ofRevision.values()])
      .filter((batch) => batch.requests > 0);
  }

  #serve(stretch: Stretch, batch: Batch, perTarget: number, outcome: GroupOutcome): void {
    const { random } = this.#kernel;
    const { conduct, requests } = batch;
    if (conduct === undefined) {
      outcome.connectionErrors += requests;
      this.#ledger.add({ ...stretch, revision: '', requests, errors: requests, slow: 0 });
      return;
    }
    const loaded = underLoad(conduct, perTarget / conduct.capacity);
    const unanswered = binomial(random, requests, loaded.unansweredRate);
    const answered = requests - unanswered;
    const errors = binomial(random, answered, loaded.errorRate);
    const clientErrors = binomial(random, answered - errors, loaded.clientErrorRate);
    const latencies = drawLatencies(random, loaded.latency, answered, this.#turn++);
    outcome.unanswered += unanswered;
    outcome.errors += errors;
    outcome.clientErrors += clientErrors;
    outcome.ok += answered - errors - clientErrors;
    let slow = 0;
    for (const sample of latencies) {
      outcome.latencies.push(sample);
      if (sample.ms > this.#slowOver) slow += sample.count;
    }
    const revision = batch.endpoint?.revision ?? '';
    this.#ledger.add({ ...stretch, revision, requests, errors: errors + unanswered, slow });
  }

  #refuse(stretch: Stretch, listener: ListenerRecord, requests: number): void {
    const loadBalancer = this.#balancing.loadBalancers.get(listener.loadBalancerArn)?.dimension ?? '';
    this.#metrics.refused(stretch.from, loadBalancer, 503, requests);
    this.#ledger.add({ ...stretch, revision: '', requests, errors: requests, slow: 0 });
  }
}
