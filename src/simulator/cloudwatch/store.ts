import type { MetricSink } from '../operation.ts';
import { type Arrival, MINUTE } from './arrival.ts';
import { Distribution } from './distribution.ts';

/** What names a metric: the same name with other dimensions is another metric. */
export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Every sample of every metric, rolled up into periods of 60 s. */
export class MetricStore implements MetricSink {
  readonly #metrics = new Map<string, StoredMetric>();
  /** What was written last with an object of dimensions, by its name: traffic writes with the same few, and often. */
  readonly #written = new WeakMap<MetricIdentity['dimensions'], Map<string, StoredMetric>>();
  readonly #arrival: Arrival;

  constructor(arrival: Arrival) {
    this.#arrival = arrival;
  }

  add(sample: Parameters<MetricSink['add']>[0]): void {
    const { at, value, count = 1, unit } = sample;
    const metric = this.#metricOf(sample);
    if (unit !== undefined) metric.unit = unit;
    const start = Math.floor(at / MINUTE) * MINUTE;
    const period = metric.periods.get(start) ?? new Distribution();
    metric.periods.set(start, period);
    period.add(value, count);
  }

  /** The metric that is written to, made where it is new. */
  #metricOf(sample: MetricIdentity): StoredMetric {
    const { namespace, name, dimensions } = sample;
    let written = this.#written.get(dimensions);
    const known = written?.get(name);
    if (known?.identity.namespace === namespace) return known;
    if (!written) {
      written = new Map();
      this.#written.set(dimensions, written);
    }
    const key = keyOf(sample);
    const metric = this.#metrics.get(key) ?? {
      identity: { namespace, name, dimensions: { ...dimensions } },
      unit: 'None',
      periods: new Map(),
    };
    this.#metrics.set(key, metric);
    written.set(name, metric);
    return metric;
  }

  /**
   * The samples from `start` to `end` (ms, whole minutes) that can be read at `now`; undefined when there are none.
   */
  read(identity: MetricIdentity, start: number, end: number, now: number): Distribution | undefined {
    const key = keyOf(identity);
    const metric = this.#metrics.get(key);
    if (!metric) return undefined;
    const arrived: Distribution[] = [];
    for (let minute = start; minute < end; minute += MINUTE) {
      const period = metric.periods.get(minute);
      if (!period) continue;
      const share = this.#arrival.share(metric.identity, key, minute, now);
      if (share === 'all') arrived.push(period);
      if (share === 'half') arrived.push(period.half());
    }
    const [first, ...others] = arrived;
    if (!first || others.length === 0) return first && first.count > 0 ? first : undefined;
    const all = new Distribution();
    for (const period of arrived) all.merge(period);
    return all.count > 0 ? all : undefined;
  }

  /** The unit that the metric was last written with. */
  unitOf(identity: MetricIdentity): string {
    return this.#metrics.get(keyOf(identity))?.unit ?? 'None';
  }

  isPartial(identity: MetricIdentity, now: number): boolean {
    return this.#arrival.isPartial(identity, now);
  }

  /** The metrics of which something can be read at `now`. */
  list(now: number): MetricIdentity[] {
    return [...this.#metrics]
      .filter(([key, { identity, periods }]) =>
        [...periods.keys()].some((start) => this.#arrival.share(identity, key, start, now) !== 'none'),
      )
      .map(([, { identity }]) => identity);
  }
}

interface StoredMetric {
  readonly identity: MetricIdentity;
  unit: string;
  /** By the start of the period in milliseconds. */
  readonly periods: Map<number, Distribution>;
}

function keyOf({ namespace, name, dimensions }: MetricIdentity): string {
  const sorted = Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([namespace, name, sorted]);
}
