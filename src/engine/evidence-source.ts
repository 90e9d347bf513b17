import type { MetricQuery, MetricValues } from '../ports.ts';
import type { Gate } from '../rollout/gates.ts';
import type { Period } from '../rollout/judge/evidence.ts';

/** A metric that the user's `config` defines for `metric NAME` gates. */
export type CustomMetric =
  | {
      readonly namespace: string;
      readonly metric: string;
      readonly dimensions: Readonly<Record<string, string>>;
      readonly stat: string;
    }
  | {
      readonly expression: string;
      readonly metrics: Readonly<Record<string, Exclude<CustomMetric, { expression: string }>>>;
    };

/** Where one side's (stable's or the canary's) metrics are found. */
export interface MeteredSide {
  readonly cluster: string;
  readonly service: string;
  readonly targetGroups: readonly { readonly arn: string; readonly loadBalancerArns: readonly string[] }[];
}

const MINUTE = 60_000;
/** How long after its end a minute may still grow; metrics come one to a few minutes late. */
const GROWS_FOR_MS = 5 * MINUTE;
/** Requests and answers of a minute may differ by as much, and by what is under way at its edges. */
const TOLERANCE = 0.005;

/** Which numbers of a period a query's values go into. */
interface Reading {
  readonly query: MetricQuery;
  /** The custom metric that it belongs to. */
  readonly metric?: string;
  readonly put?: (period: Draft, value: number) => void;
}

interface Draft {
  start: number;
  requests: number;
  answered: number;
  connectionErrors: number;
  errors5xx: number;
  errors4xx: number;
  latencySumMs?: number;
  timed?: number;
  slower: Record<number, number>;
  means: Record<string, number>;
}

/** Reads the metrics that gates need of one side, by the minute. */
export class EvidenceSource {
  readonly queries: readonly MetricQuery[];
  readonly #readings: readonly Reading[];
  readonly #slowerThan: readonly number[];

  /**
   * @param prefix begins every query id, so that both sides fit into one call; a lower-case letter
   */
  constructor(
    prefix: string,
    side: MeteredSide,
    gates: readonly Gate[],
    custom: Readonly<Record<string, CustomMetric>>,
  ) {
    this.#slowerThan = slowerThan(gates);
    this.#readings = [
      ...side.targetGroups.flatMap((group, index) =>
        group.loadBalancerArns.flatMap((balancer, nth) =>
          loadBalancerReadings(`${prefix}${index}x${nth}`, group.arn, balancer, this.#slowerThan),
        ),
      ),
      ...serviceReadings(prefix, side, gates),
      ...customReadings(prefix, side, gates, custom),
    ];
    this.queries = this.#readings.map(({ query }) => query);
  }

  /** The queries of each custom metric; the first one's id is the metric's own, and begins those of its operands. */
  get custom(): ReadonlyMap<string, readonly MetricQuery[]> {
    const named = this.#readings.flatMap(({ metric, query }) =>
      metric === undefined ? [] : { metric, query },
    );
    const queries = new Map<string, MetricQuery[]>();
    for (const { metric, query } of named) queries.set(metric, [...(queries.get(metric) ?? []), query]);
    return queries;
  }

  /**
   * The minutes from `from` up to `to` (both whole minutes, ms), oldest first, without gaps. Each metric of a minute
   * arrives on its own, and one without errors never does: so a minute's requests count once the answers of all
   * classes add up to them, or once it is so old that nothing more will come.
   *
   * @param metricDelayMs how old a minute has to be before its metrics count as complete
   */
  periods(
    { values }: MetricValues,
    from: number,
    to: number,
    { now, metricDelayMs }: { readonly now: number; readonly metricDelayMs: number },
  ): readonly Period[] {
    const periods: Period[] = [];
    for (let start = from; start < to; start += MINUTE) {
      const draft: Draft = {
        start,
        requests: 0,
        answered: 0,
        connectionErrors: 0,
        errors5xx: 0,
        errors4xx: 0,
        slower: Object.fromEntries(this.#slowerThan.map((ms) => [ms, 0])),
        means: {},
      };
      for (const { query, put } of this.#readings) {
        const value = values.get(query.id)?.get(start);
        if (value !== undefined) put?.(draft, value);
      }
      const { connectionErrors: _, ...period } = draft;
      const age = now - start - MINUTE;
      const old = age >= Math.max(GROWS_FOR_MS, metricDelayMs);
      const whole = old || (period.requests > 0 && addsUp(draft));
      const settled = age >= metricDelayMs && whole;
      periods.push({
        ...period,
        settled,
        ...(!whole && { requests: 0 }),
        // An average says by nothing whether more is to come.
        ...(age < metricDelayMs && { means: {} }),
      });
    }
    return periods;
  }
}

/**
 * Whether what became of the requests is known: the class of their answer, or the connection that failed. A request
 * that begins in one minute and is answered in the next makes a difference, so some may be missing or too many: about
 * as many as there are under way at a time.
 */
function addsUp({ requests, answered, connectionErrors, latencySumMs = 0 }: Draft): boolean {
  const underWay = latencySumMs / MINUTE;
  const tolerance = TOLERANCE * requests + underWay + 3 * Math.sqrt(underWay);
  return answered + connectionErrors >= requests - tolerance && answered <= requests + tolerance;
}

/** The response times (ms) beyond which gates count requests as slow. */
function slowerThan(gates: readonly Gate[]): readonly number[] {
  const limits = gates.flatMap((gate) => {
    const { measure } = gate;
    if (measure.kind === 'share' && measure.of === 'slow') return [measure.slowerThanMs];
    if (measure.kind !== 'percentile' || gate.kind !== 'bound') return [];
    return [gate.bound.value, ...(gate.abort ? [gate.abort.value] : [])];
  });
  return [...new Set(limits)].sort((a, b) => a - b);
}

const balancerName = (arn: string): string => arn.split(':loadbalancer/').at(-1) ?? arn;
const groupName = (arn: string): string => arn.split(':').at(-1) ?? arn;

function loadBalancerReadings(
  id: string,
  targetGroup: string,
  balancer: string,
  slow: readonly number[],
): Reading[] {
  const query = (suffix: string, metric: string, stat: string): MetricQuery => ({
    id: `${id}_${suffix}`,
    namespace: 'AWS/ApplicationELB',
    metric,
    dimensions: { LoadBalancer: balancerName(balancer), TargetGroup: groupName(targetGroup) },
    stat,
  });
  return [
    {
      query: query('requests', 'RequestCount', 'Sum'),
      put: (period, value) => {
        period.requests += value;
      },
    },
    {
      query: query('e5', 'HTTPCode_Target_5XX_Count', 'Sum'),
      put: (period, value) => {
        period.errors5xx += value;
        period.answered += value;
      },
    },
    {
      query: query('e4', 'HTTPCode_Target_4XX_Count', 'Sum'),
      put: (period, value) => {
        period.errors4xx += value;
        period.answered += value;
      },
    },
    ...['2', '3'].map((digit) => ({
      query: query(`ok${digit}`, `HTTPCode_Target_${digit}XX_Count`, 'Sum'),
      put: (period: Draft, value: number) => {
        period.answered += value;
      },
    })),
    {
      query: query('refused', 'TargetConnectionErrorCount', 'Sum'),
      put: (period, value) => {
        period.connectionErrors += value;
      },
    },
    {
      query: query('timed', 'TargetResponseTime', 'SampleCount'),
      put: (period, value) => {
        period.timed = (period.timed ?? 0) + value;
      },
    },
    {
      query: query('time', 'TargetResponseTime', 'Sum'),
      put: (period, value) => {
        period.latencySumMs = (period.latencySumMs ?? 0) + value * 1000;
      },
    },
    // TC(0.3:) counts the values above 0.3: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
    ...slow.map((ms) => ({
      query: query(`slow${ms}`, 'TargetResponseTime', `TC(${ms / 1000}:)`),
      put: (period: Draft, value: number) => {
        period.slower[ms] = (period.slower[ms] ?? 0) + value;
      },
    })),
  ];
}

function serviceReadings(prefix: string, side: MeteredSide, gates: readonly Gate[]): Reading[] {
  const wanted = (of: string) => gates.some(({ measure }) => measure.kind === 'mean' && measure.of === of);
  const reading = (name: 'cpu' | 'memory', metric: string): Reading => ({
    query: {
      id: `${prefix}_${name}`,
      namespace: 'AWS/ECS',
      metric,
      dimensions: { ClusterName: side.cluster, ServiceName: side.service },
      stat: 'Average',
    },
    put: (period, value) => {
      period.means[name] = value / 100;
    },
  });
  return [
    ...(wanted('cpu') ? [reading('cpu', 'CPUUtilization')] : []),
    ...(wanted('memory') ? [reading('memory', 'MemoryUtilization')] : []),
  ];
}

function customReadings(
  prefix: string,
  side: MeteredSide,
  gates: readonly Gate[],
  custom: Readonly<Record<string, CustomMetric>>,
): Reading[] {
  const names = new Set(
    gates.flatMap(({ measure }) =>
      measure.kind === 'mean' && measure.of === 'metric' ? [measure.name] : [],
    ),
  );
  return [...names].flatMap((name, index): Reading[] => {
    const metric = custom[name];
    if (!metric) return [];
    const put = (period: Draft, value: number) => {
      period.means[name] = value;
    };
    const id = `${prefix}_m${index}`;
    if (!('expression' in metric)) return [{ query: metricQuery(id, metric, side), put, metric: name }];
    // Ids of operands are the user's own; both sides go into one call, so each gets the side's prefix.
    const operands = Object.keys(metric.metrics);
    const own = (text: string) =>
      text.replace(/[a-zA-Z_]\w*/g, (word) => (operands.includes(word) ? `${id}_${word}` : word));
    return [
      { query: { id, expression: own(metric.expression) }, put, metric: name },
      ...Object.entries(metric.metrics).map(([operand, source]) => ({
        query: { ...metricQuery(`${id}_${operand}`, source, side), hidden: true },
        metric: name,
      })),
    ];
  });
}

/** What may stand in a custom metric's dimensions for values that differ between stable and canary. */
const PLACES: Readonly<Record<string, (side: MeteredSide) => string>> = {
  '{cluster}': ({ cluster }) => cluster,
  '{service}': ({ service }) => service,
  '{target-group}': ({ targetGroups }) => groupName(targetGroups[0]?.arn ?? ''),
  '{load-balancer}': ({ targetGroups }) => balancerName(targetGroups[0]?.loadBalancerArns[0] ?? ''),
};

function metricQuery(
  id: string,
  { namespace, metric, dimensions, stat }: Exclude<CustomMetric, { expression: string }>,
  side: MeteredSide,
): MetricQuery & { metric: string } {
  const filled = Object.entries(dimensions).map(([name, value]) => [name, PLACES[value]?.(side) ?? value]);
  return { id, namespace, metric, dimensions: Object.fromEntries(filled), stat };
}
