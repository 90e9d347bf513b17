import { type Distribution, sumOf, type Weighted, weightOf } from './distribution.ts';

/** Reduces the samples of a period to a number; undefined when it does not exist for them. */
export type Statistic = (samples: Distribution) => number | undefined;

/**
 * Reads a statistic by CloudWatch's names: `Sum`, `p99.9`, `tm90`, `TM(10%:90%)`, `TC(0.3:)`, `PR(:300)`, ...
 * The lower bound of a range of values is excluded, the upper one included.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
 * @returns undefined when there is no such statistic
 */
export function parseStatistic(text: string): Statistic | undefined {
  return basic.get(text) ?? parseShort(text) ?? parseRange(text);
}

const mean = (samples: readonly Weighted[]): number | undefined => {
  const weight = weightOf(samples);
  return weight > 0 ? sumOf(samples) / weight : undefined;
};

const basic = new Map<string, Statistic>([
  ['SampleCount', (d) => d.count],
  ['Sum', (d) => d.sum],
  ['Average', (d) => mean(d.sorted)],
  ['Minimum', (d) => d.sorted[0]?.[0]],
  ['Maximum', (d) => d.sorted.at(-1)?.[0]],
  ['IQM', (d) => mean(d.between(0.25, 0.75))],
]);

/** `p95`, and `tm95` for `TM(:95%)` and its like. */
function parseShort(text: string): Statistic | undefined {
  const [, kind, digits] = /^(p|tm|wm|tc|ts)(\d{1,2}(?:\.\d{0,10})?|100)$/.exec(text) ?? [];
  if (kind === undefined) return undefined;
  const percent = Number(digits);
  if (kind === 'p') return (d) => d.percentile(percent);
  return byShare(kind.toUpperCase(), 0, percent / 100);
}

function parseRange(text: string): Statistic | undefined {
  const bound = String.raw`((?:\d+(?:\.\d{0,10})?)?)(%?)`;
  const match = new RegExp(`^(TM|WM|TC|TS|PR)\\(${bound}:${bound}\\)$`).exec(text);
  const [, kind = '', low = '', lowSign, high = '', highSign] = match ?? [];
  if (!match || (low === '' && high === '') || (low === '' && lowSign) || (high === '' && highSign))
    return undefined;
  if (low !== '' && high !== '' && lowSign !== highSign) return undefined;
  if (lowSign || highSign) {
    const from = low === '' ? 0 : Number(low) / 100;
    const to = high === '' ? 1 : Number(high) / 100;
    return kind === 'PR' || from > 1 || to > 1 || from >= to ? undefined : byShare(kind, from, to);
  }
  const from = low === '' ? Number.NEGATIVE_INFINITY : Number(low);
  const to = high === '' ? Number.POSITIVE_INFINITY : Number(high);
  return from >= to ? undefined : byValue(kind, from, to);
}

function byShare(kind: string, low: number, high: number): Statistic {
  if (kind === 'WM') {
    return (d) => {
      const edges: Weighted[] = [
        [d.percentile(low * 100) ?? 0, low * d.count],
        [d.percentile(high * 100) ?? 0, (1 - high) * d.count],
      ];
      return mean([...d.between(low, high), ...edges]);
    };
  }
  return (d) => reduce(kind, d.between(low, high), d);
}

function byValue(kind: string, low: number, high: number): Statistic {
  if (kind === 'WM') {
    return (d) => mean(d.sorted.map(([value, weight]) => [Math.min(Math.max(value, low), high), weight]));
  }
  return (d) => reduce(kind, d.within(low, high), d);
}

function reduce(kind: string, kept: readonly Weighted[], all: Distribution): number | undefined {
  if (kind === 'TC') return weightOf(kept);
  if (kind === 'TS') return sumOf(kept);
  if (kind === 'PR') return (weightOf(kept) / all.count) * 100;
  return mean(kept);
}
