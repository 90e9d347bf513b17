import { formatDuration } from './duration.ts';

export type Comparison = '<' | '<=' | '=' | '>=' | '>';

/** A bound: the measure has to compare so with the value. Shares are fractions (0.01 is 1%), times are ms. */
export interface Bound {
  readonly comparison: Comparison;
  readonly value: number;
}

/** A part of the requests: those answered with an error, or those slower than a time. */
export type Share =
  | { readonly kind: 'share'; readonly of: '5xx' | '4xx' }
  | { readonly kind: 'share'; readonly of: 'slow'; readonly slowerThanMs: number };

/**
 * What a gate measures, by the way it has to be judged:
 * - `share`: a part of the requests;
 * - `percentile`: a share too, of the requests slower than the bound;
 * - `mean`: an average over the periods;
 * - `count`: how many in any window of `windowMs`;
 * - `crashes` and `unhealthy`: seen in ECS and the load balancer directly, not in metrics.
 */
export type Measure =
  | Share
  | { readonly kind: 'percentile'; readonly percentile: number }
  | { readonly kind: 'mean'; readonly of: 'latency' | 'cpu' | 'memory' }
  | { readonly kind: 'mean'; readonly of: 'metric'; readonly name: string }
  | { readonly kind: 'count'; readonly of: '5xx' | '4xx'; readonly windowMs: number }
  | { readonly kind: 'crashes' }
  | { readonly kind: 'unhealthy' };

interface AnyGate {
  /** As the user wrote it. */
  readonly text: string;
  /** A gate that only warns never holds a release up nor takes it back. */
  readonly warnOnly: boolean;
  /** How sure a verdict has to be that rests on chance, such as 0.99; shared out among the gates where it is not given. */
  readonly confidence?: number;
}

/** The canary's measure is held against a number. */
export interface BoundGate extends AnyGate {
  readonly kind: 'bound';
  readonly measure: Measure;
  /** Has to hold at the end of a step; for counts, crashes and unhealthy at any time. */
  readonly bound: Bound;
  /** Takes the release back as soon as it holds. */
  readonly abort?: Bound;
  /** The numbers are taken as they are, however few requests they rest on. */
  readonly exact: boolean;
}

/** How much worse than stable the canary may be: percentage points as a fraction (0.005 is 0.5), or a factor. */
export type Margin =
  | { readonly kind: 'points'; readonly value: number }
  | { readonly kind: 'factor'; readonly value: number };

/** The canary is compared with stable over the same minutes. */
export interface ComparisonGate extends AnyGate {
  readonly kind: 'vs-stable';
  readonly measure: Share | { readonly kind: 'crashes' };
  readonly margin?: Margin;
}

/** A condition that the canary has to meet. */
export type Gate = BoundGate | ComparisonGate;

/** Whether a number meets a bound. */
export function meets(value: number, { comparison, value: limit }: Bound): boolean {
  switch (comparison) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '=':
      return value === limit;
    case '>=':
      return value >= limit;
    case '>':
      return value > limit;
  }
}

/** A fraction as people write it: in percent, with three digits that count. */
export const formatShare = (fraction: number): string => `${Number((fraction * 100).toPrecision(3))}%`;

/** A measured value as people write it: a share in percent, a time with its unit, a number as it is. */
export function formatValue(measure: Measure, value: number): string {
  const digits = (n: number) => String(Math.abs(n) < 1000 ? Number(n.toPrecision(3)) : Math.round(n));
  if (measure.kind === 'share') return formatShare(value);
  if (measure.kind === 'percentile' || measure.kind === 'unhealthy') return formatDuration(value);
  if (measure.kind === 'mean' && measure.of === 'latency') return formatDuration(value);
  if (measure.kind === 'mean' && measure.of !== 'metric') return formatShare(value);
  return digits(value);
}
