import { randomOf } from '../random.ts';

/** Milliseconds from a period's end until it can be read: always the same, or drawn for each metric and period. */
export type MetricDelay = number | readonly [min: number, max: number];

/**
 * What goes wrong with metrics:
 * - `drop`: periods that begin in the window never arrive
 * - `withhold`: periods that begin in the window arrive when the window ends, if not later
 * - `halves`: of periods that begin in the window, half of the samples arrive in time, the rest one minute later
 * - `partial-data`: while the window lasts, GetMetricData leaves out the newer half of the values and says `PartialData`
 */
export interface MetricFault {
  readonly kind: 'drop' | 'withhold' | 'halves' | 'partial-data';
  /** Only metrics of this namespace. */
  readonly namespace?: string;
  /** Only metrics of this name. */
  readonly name?: string;
  /** The window, in milliseconds since the epoch; open where not given. */
  readonly from?: number;
  readonly until?: number;
}

/** One minute: the length of a period, in milliseconds. */
export const MINUTE = 60_000;

interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** Decides when periods become readable. */
export interface Arrival {
  /** The longest regular delay, in milliseconds. */
  readonly longest: number;
  /** How much of the period of 60 s that began at `start` can be read at `now`; `key` names the metric in full. */
  share(metric: Named, key: string, start: number, now: number): 'none' | 'half' | 'all';
  /** Whether GetMetricData answers `PartialData` for this metric at `now`. */
  isPartial(metric: Named, now: number): boolean;
}

export function createArrival(seed: number, delay: MetricDelay, faults: readonly MetricFault[]): Arrival {
  const [min, max] = typeof delay === 'number' ? [delay, delay] : delay;
  const find = (kind: MetricFault['kind'], metric: Named, at: number) =>
    faults.find((fault) => fault.kind === kind && concerns(fault, metric, at));
  return {
    longest: max,
    share(metric, key, start, now) {
      if (find('drop', metric, start)) return 'none';
      const regular =
        start + MINUTE + min + (min === max ? 0 : randomOf(seed, `${key}@${start}`) * (max - min));
      const withheld = find('withhold', metric, start);
      const at = Math.max(regular, withheld ? (withheld.until ?? Number.POSITIVE_INFINITY) : 0);
      if (now < at) return 'none';
      return find('halves', metric, start) && now < at + MINUTE ? 'half' : 'all';
    },
    isPartial: (metric, now) => find('partial-data', metric, now) !== undefined,
  };
}

function concerns(fault: MetricFault, metric: Named, at: number): boolean {
  const { namespace, name, from = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = fault;
  if (namespace !== undefined && namespace !== metric.namespace) return false;
  return (name === undefined || name === metric.name) && at >= from && at < until;
}
