import { ConfigError, type Problem } from '../errors.ts';
import { formatDuration, parseDuration } from './duration.ts';

export type Comparison = '<' | '<=' | '=' | '>=' | '>';

/** A bound: the measure has to compare so with the value. Shares are fractions (0.01 is 1%), times are ms. */
export interface Bound {
  readonly comparison: Comparison;
  readonly value: number;
}

/**
 * What a gate measures, by the way it has to be judged:
 * - `share`: a part of the requests (errors, or requests slower than the bound, for a percentile);
 * - `mean`: an average over the periods;
 * - `count`: how many in any window of `windowMs`;
 * - `crashes` and `unhealthy`: seen in ECS and the load balancer directly, not in metrics.
 */
export type Measure =
  | { readonly kind: 'share'; readonly of: '5xx' | '4xx' }
  | { readonly kind: 'percentile'; readonly percentile: number }
  | { readonly kind: 'mean'; readonly of: 'latency' | 'cpu' | 'memory' }
  | { readonly kind: 'mean'; readonly of: 'metric'; readonly name: string }
  | { readonly kind: 'count'; readonly of: '5xx' | '4xx'; readonly windowMs: number }
  | { readonly kind: 'crashes' }
  | { readonly kind: 'unhealthy' };

/** A condition that the canary has to meet. */
export interface Gate {
  /** As the user wrote it. */
  readonly text: string;
  readonly measure: Measure;
  /** Has to hold at the end of a step; for counts, crashes and unhealthy at any time. */
  readonly bound: Bound;
  /** Takes the release back as soon as it holds. */
  readonly abort?: Bound;
  /** A gate that only warns never holds a release up nor takes it back. */
  readonly warnOnly: boolean;
}

/** What a team gets that writes no gates. */
export const DEFAULT_GATES = [
  'error-rate < 1% abort > 2%',
  'latency-p95 < 300ms abort > 500ms',
  'crashes = 0',
  'unhealthy < 2m',
].join('\n');

interface Kind {
  /** How the value is written. */
  readonly unit: 'percent' | 'duration' | 'number';
  readonly measure: (windowMs: number) => Measure;
  /** Counts in metrics are taken per window. */
  readonly window?: true;
  /** Acts on sight, so an `abort` of its own would say it twice. */
  readonly onSight?: true;
}

const percentile = (p: number): Kind => ({
  unit: 'duration',
  measure: () => ({ kind: 'percentile', percentile: p }),
});

const KINDS: ReadonlyMap<string, Kind> = new Map(
  Object.entries<Kind>({
    'error-rate': { unit: 'percent', measure: () => ({ kind: 'share', of: '5xx' }) },
    'http-4xx-rate': { unit: 'percent', measure: () => ({ kind: 'share', of: '4xx' }) },
    'latency-p50': percentile(50),
    'latency-p90': percentile(90),
    'latency-p95': percentile(95),
    'latency-p99': percentile(99),
    'latency-avg': { unit: 'duration', measure: () => ({ kind: 'mean', of: 'latency' }) },
    cpu: { unit: 'percent', measure: () => ({ kind: 'mean', of: 'cpu' }) },
    memory: { unit: 'percent', measure: () => ({ kind: 'mean', of: 'memory' }) },
    'http-5xx': {
      unit: 'number',
      window: true,
      onSight: true,
      measure: (windowMs) => ({ kind: 'count', of: '5xx', windowMs }),
    },
    'http-4xx': {
      unit: 'number',
      window: true,
      onSight: true,
      measure: (windowMs) => ({ kind: 'count', of: '4xx', windowMs }),
    },
    crashes: { unit: 'number', onSight: true, measure: () => ({ kind: 'crashes' }) },
    unhealthy: { unit: 'duration', onSight: true, measure: () => ({ kind: 'unhealthy' }) },
  }),
);

const LINE =
  /^(?<warn>warn\s+)?(?<name>metric\s+[\w.-]+|[\w-]+)\s*(?<cmp><=|>=|<|>|=)\s*(?<value>\S+?)(?:\s+abort\s*(?<abortCmp><=|>=|<|>|=)\s*(?<abortValue>\S+?))?(?:\s+per\s+(?<window>\S+))?$/i;

/**
 * Reads gates, one per line: `[warn] NAME < VALUE [abort > VALUE] [per DURATION]`.
 *
 * @param metrics names that `metric NAME` may use
 * @throws ConfigError naming every line that is wrong
 */
export function parseGates(text: string, metrics: readonly string[] = []): readonly Gate[] {
  const problems: Problem[] = [];
  const gates: Gate[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim().replace(/^- /, '');
    if (line === '' || line.startsWith('#')) continue;
    try {
      gates.push(parseGate(line, `gates line ${index + 1}`, metrics));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return gates;
}

function parseGate(line: string, input: string, metrics: readonly string[]): Gate {
  const fail = (message: string): never => {
    throw new ConfigError({ input, message: `"${line}": ${message}` });
  };
  const parts = LINE.exec(line)?.groups;
  if (!parts) return fail('not a gate; write a measure and a bound: error-rate < 1% abort > 2%');
  const name = (parts['name'] ?? '').toLowerCase();
  const metric = /^metric\s+(\S+)$/i.exec(parts['name'] ?? '')?.[1];
  const kind: Kind | undefined =
    metric === undefined
      ? KINDS.get(name)
      : { unit: 'number', measure: () => ({ kind: 'mean', of: 'metric', name: metric }) };
  if (!kind) {
    return fail(`there is no measure "${name}"; there are ${[...KINDS.keys()].join(', ')} and metric NAME`);
  }
  if (metric !== undefined && !metrics.includes(metric)) {
    const known = metrics.length > 0 ? `it defines ${metrics.join(', ')}` : 'it defines none';
    return fail(`the metric ${metric} is not defined under metrics in config; ${known}`);
  }
  if (parts['window'] && !kind.window) fail(`"per" goes with counts only (http-5xx, http-4xx)`);
  const windowMs = kind.window ? readWindow(parts['window'], input, fail) : 0;
  const bound = readBound(parts['cmp'] ?? '', parts['value'] ?? '', kind, input, fail);
  const abortText = parts['abortValue'];
  if (abortText !== undefined && kind.onSight) {
    fail(`${name} acts on sight; leave out the abort`);
  }
  const abort =
    abortText === undefined ? undefined : readBound(parts['abortCmp'] ?? '', abortText, kind, input, fail);
  if (abort) requireOpposite(bound, abort, fail);
  if (/percentile|unhealthy/.test(kind.measure(0).kind) && !bound.comparison.startsWith('<')) {
    fail(`${name} is bounded from above; write ${name} < VALUE`);
  }
  if (lessIsBetter(kind.measure(0)) && !meets(0, bound)) {
    fail(`even a release without any fault would not meet it; write what has to hold: ${name} < VALUE`);
  }
  return {
    text: line,
    measure: kind.measure(windowMs),
    bound,
    ...(abort && { abort }),
    warnOnly: parts['warn'] !== undefined,
  };
}

type Fail = (message: string) => never;

function readWindow(text: string | undefined, input: string, fail: Fail): number {
  const windowMs = text === undefined ? 60_000 : parseDuration(text, input);
  if (windowMs < 60_000 || windowMs % 60_000 !== 0) {
    fail(`a window is one or more whole minutes, because load balancer metrics come per minute`);
  }
  return windowMs;
}

function readBound(comparison: string, text: string, kind: Kind, input: string, fail: Fail): Bound {
  return { comparison: comparison as Comparison, value: readValue(text, kind.unit, input, fail) };
}

/** What counts faults or time, of which nothing is best; the others may well have a lower bound. */
const lessIsBetter = (measure: Measure): boolean => measure.kind !== 'mean' || measure.of === 'latency';

function readValue(text: string, unit: Kind['unit'], input: string, fail: Fail): number {
  if (unit === 'duration') return parseDuration(text, input);
  const number = Number(text.replace(/%$/, ''));
  if (!/^-?\d+(\.\d+)?%?$/.test(text) || Number.isNaN(number)) fail(`"${text}" is not a number`);
  if (unit === 'number') {
    if (text.endsWith('%')) fail(`"${text}" is a share, and a number is asked for`);
    return number;
  }
  if (!text.endsWith('%')) fail(`"${text}" needs a percent sign`);
  if (number < 0 || number > 100) fail(`"${text}" is not between 0% and 100%`);
  return number / 100;
}

function requireOpposite(bound: Bound, abort: Bound, fail: Fail): void {
  const up = bound.comparison.startsWith('<');
  const down = bound.comparison.startsWith('>');
  if (!(up && abort.comparison.startsWith('>')) && !(down && abort.comparison.startsWith('<'))) {
    fail(`the abort has to point the other way than the bound: < VALUE abort > VALUE`);
  }
  if (up ? abort.value < bound.value : abort.value > bound.value) {
    fail('the abort is stricter than the bound, so the bound could never decide');
  }
}

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

/** A measured value as people write it: a share in percent, a time with its unit, a number as it is. */
export function formatValue(measure: Measure, value: number): string {
  const digits = (n: number) => String(Math.abs(n) < 1000 ? Number(n.toPrecision(3)) : Math.round(n));
  if (measure.kind === 'share') return `${digits(value * 100)}%`;
  if (measure.kind === 'percentile' || measure.kind === 'unhealthy') return formatDuration(value);
  if (measure.kind === 'mean' && measure.of === 'latency') return formatDuration(value);
  if (measure.kind === 'mean' && measure.of !== 'metric') return `${digits(value * 100)}%`;
  return digits(value);
}
