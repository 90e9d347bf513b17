import { ConfigError, type Problem } from '../errors.ts';
import { parseDuration } from './duration.ts';
import {
  type Bound,
  type BoundGate,
  type Comparison,
  type ComparisonGate,
  type Gate,
  type Margin,
  type Measure,
  meets,
} from './gates.ts';
import { listLines } from './list-lines.ts';

interface Kind {
  /** How the value is written. */
  readonly unit: 'percent' | 'duration' | 'number';
  readonly measure: (given: { readonly windowMs: number; readonly slowerThanMs: number }) => Measure;
  /** Counts in metrics are taken per window. */
  readonly window?: true;
  /** Acts on sight, so an `abort` of its own would say it twice, and it is read literally anyway. */
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
    'slower-than': {
      unit: 'percent',
      measure: ({ slowerThanMs }) => ({ kind: 'share', of: 'slow', slowerThanMs }),
    },
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
      measure: ({ windowMs }) => ({ kind: 'count', of: '5xx', windowMs }),
    },
    'http-4xx': {
      unit: 'number',
      window: true,
      onSight: true,
      measure: ({ windowMs }) => ({ kind: 'count', of: '4xx', windowMs }),
    },
    crashes: { unit: 'number', onSight: true, measure: () => ({ kind: 'crashes' }) },
    unhealthy: { unit: 'duration', onSight: true, measure: () => ({ kind: 'unhealthy' }) },
  }),
);

const COMPARABLE = 'error-rate, http-4xx-rate, slower-than DURATION or crashes';

const NAME = String.raw`(?<warn>warn\s+)?(?<name>[\w-]+)(?:\s+(?<subject>[\w.-]+))??`;
const CONFIDENCE = String.raw`(?:\s+confidence\s+(?<confidence>\S+))?`;
const COMPARISON = new RegExp(
  String.raw`^${NAME}\s+vs\s+stable(?:\s*\+\s*(?<points>[^\s+]+)|\s*x\s*(?<factor>[^\sx]+))?${CONFIDENCE}$`,
  'i',
);
const BOUND = new RegExp(
  String.raw`^${NAME}\s*(?<cmp><=|>=|<|>|=)\s*(?<value>\S+?)` +
    String.raw`(?:\s+abort\s*(?<abortCmp><=|>=|<|>|=)\s*(?<abortValue>\S+?))?` +
    String.raw`(?:\s+per\s+(?<window>\S+))?(?<exact>\s+exact)?${CONFIDENCE}$`,
  'i',
);

type Parts = Readonly<Record<string, string | undefined>>;
type Fail = (message: string) => never;

/**
 * Reads gates, one per line: `[warn] NAME < VALUE [abort > VALUE] [per DURATION] [exact | confidence PERCENT]`, or
 * `[warn] NAME vs stable [+ PERCENT | xFACTOR] [confidence PERCENT]`.
 *
 * @param metrics names that `metric NAME` may use
 * @throws ConfigError naming every line that is wrong
 */
export function parseGates(text: string, metrics: readonly string[] = []): readonly Gate[] {
  const problems: Problem[] = [];
  const gates: Gate[] = [];
  for (const [number, line] of listLines(text)) {
    try {
      gates.push(parseGate(line, `gates line ${number}`, metrics));
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
  const comparison = COMPARISON.exec(line)?.groups;
  if (comparison) return readComparison(line, comparison, input, fail);
  const bound = BOUND.exec(line)?.groups;
  if (bound) return readBoundGate(line, bound, input, metrics, fail);
  const hint = /\bvs\b/i.test(line)
    ? 'write what is compared and how much worse it may be: error-rate vs stable + 0.5%'
    : 'write a measure and a bound, error-rate < 1% abort > 2%, or compare it: error-rate vs stable';
  return fail(`not a gate; ${hint}`);
}

function readComparison(line: string, parts: Parts, input: string, fail: Fail): ComparisonGate {
  const { kind, slowerThanMs } = readKind(parts, input, [], fail);
  const measure = kind.measure({ windowMs: 0, slowerThanMs });
  if (measure.kind !== 'share' && measure.kind !== 'crashes') {
    const instead = measure.kind === 'percentile' ? '; for response times write slower-than 300ms' : '';
    return fail(`${parts['name']} cannot be compared; what can is ${COMPARABLE}${instead}`);
  }
  const margin = readMargin(parts, measure, fail);
  const confidence = readConfidence(parts['confidence'], fail);
  return {
    kind: 'vs-stable',
    text: line,
    measure,
    warnOnly: parts['warn'] !== undefined,
    ...(margin && { margin }),
    ...(confidence !== undefined && { confidence }),
  };
}

function readMargin(
  { points, factor }: Parts,
  measure: ComparisonGate['measure'],
  fail: Fail,
): Margin | undefined {
  if (points !== undefined) {
    if (measure.kind === 'crashes') fail('crashes have no percentage; write how many times as many: x2');
    const value = readPercent(points, fail);
    if (value >= 1) fail(`"+ ${points}" would let a release pass of which every request fails`);
    return { kind: 'points', value };
  }
  if (factor === undefined) return undefined;
  const value = Number(factor);
  if (!/^\d+(\.\d+)?$/.test(factor) || value < 1 || value > 1000) {
    fail(`"x${factor}" is not a factor from 1 to 1000, such as x1.5`);
  }
  return { kind: 'factor', value };
}

function readBoundGate(
  line: string,
  parts: Parts,
  input: string,
  metrics: readonly string[],
  fail: Fail,
): BoundGate {
  const { name, kind, slowerThanMs } = readKind(parts, input, metrics, fail);
  if (parts['window'] && !kind.window) fail(`"per" goes with counts only (http-5xx, http-4xx)`);
  const windowMs = kind.window ? readWindow(parts['window'], input, fail) : 0;
  const measure = kind.measure({ windowMs, slowerThanMs });
  const bound = readBound(parts['cmp'] ?? '', parts['value'] ?? '', kind, input, fail);
  const abortText = parts['abortValue'];
  if (abortText !== undefined && kind.onSight) fail(`${name} acts on sight; leave out the abort`);
  const abort =
    abortText === undefined ? undefined : readBound(parts['abortCmp'] ?? '', abortText, kind, input, fail);
  if (abort) requireOpposite(bound, abort, fail);
  if (/percentile|unhealthy/.test(measure.kind) && !bound.comparison.startsWith('<')) {
    fail(`${name} is bounded from above; write ${name} < VALUE`);
  }
  if (measure.kind === 'percentile' && bound.value <= 0) {
    fail(`no request takes ${parts['value']}; write what has to hold: ${name} < 300ms`);
  }
  if (lessIsBetter(measure) && !meets(0, bound)) {
    fail(`even a release without any fault would not meet it; write what has to hold: ${name} < VALUE`);
  }
  const exact = parts['exact'] !== undefined;
  if (exact && kind.onSight) fail(`${name} is taken literally anyway; leave out exact`);
  const confidence = readConfidence(parts['confidence'], fail);
  if (confidence !== undefined && (exact || !isShare(measure))) {
    fail('confidence goes with rates and percentiles that are not exact: only those rest on chance');
  }
  return {
    kind: 'bound',
    text: line,
    measure,
    bound,
    exact,
    warnOnly: parts['warn'] !== undefined,
    ...(abort && { abort }),
    ...(confidence !== undefined && { confidence }),
  };
}

function readKind(
  parts: Parts,
  input: string,
  metrics: readonly string[],
  fail: Fail,
): { readonly name: string; readonly kind: Kind; readonly slowerThanMs: number } {
  const name = (parts['name'] ?? '').toLowerCase();
  const subject = parts['subject'];
  if (name === 'metric' && subject !== undefined) {
    if (!metrics.includes(subject)) {
      const known = metrics.length > 0 ? `it defines ${metrics.join(', ')}` : 'it defines none';
      fail(`the metric ${subject} is not defined under metrics in config; ${known}`);
    }
    const measure: Measure = { kind: 'mean', of: 'metric', name: subject };
    return { name: `metric ${subject}`, kind: { unit: 'number', measure: () => measure }, slowerThanMs: 0 };
  }
  const kind = KINDS.get(name);
  if (!kind) {
    return fail(`there is no measure "${name}"; there are ${[...KINDS.keys()].join(', ')} and metric NAME`);
  }
  if (name !== 'slower-than') {
    return subject === undefined
      ? { name, kind, slowerThanMs: 0 }
      : fail(`"${subject}" is too much after ${name}`);
  }
  if (subject === undefined) return fail('slower-than needs a time: slower-than 300ms');
  const slowerThanMs = parseDuration(subject, input);
  if (slowerThanMs <= 0) fail(`"${subject}" is no time that a request may take`);
  return { name: `${name} ${subject}`, kind, slowerThanMs };
}

const isShare = ({ kind }: Measure): boolean => kind === 'share' || kind === 'percentile';

function readConfidence(text: string | undefined, fail: Fail): number | undefined {
  if (text === undefined) return undefined;
  const confidence = readPercent(text, fail);
  if (confidence < 0.5 || confidence > 0.99999) fail(`"${text}" is not between 50% and 99.999%`);
  return confidence;
}

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
  if (unit === 'percent') return readPercent(text, fail);
  if (text.endsWith('%')) fail(`"${text}" is a share, and a number is asked for`);
  return readNumber(text, fail);
}

function readPercent(text: string, fail: Fail): number {
  const number = readNumber(text.replace(/%$/, ''), fail, text);
  if (!text.endsWith('%')) fail(`"${text}" needs a percent sign`);
  if (number < 0 || number > 100) fail(`"${text}" is not between 0% and 100%`);
  return number / 100;
}

function readNumber(text: string, fail: Fail, written = text): number {
  const number = Number(text);
  if (!/^-?\d+(\.\d+)?$/.test(text) || Number.isNaN(number)) fail(`"${written}" is not a number`);
  return number;
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
