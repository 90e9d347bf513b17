import { formatDuration } from '../duration.ts';
import { type Bound, formatValue, type Gate, type Measure, meets } from '../gates.ts';
import { describeStop, type Evidence, type Period } from './evidence.ts';

/**
 * What a gate says:
 * - `abort`: take the release back now;
 * - `fail`: the bound does not hold; at the end of a step that takes the release back;
 * - `pass`: the bound holds;
 * - `no-evidence`: too little is known to say either.
 */
export type Verdict = 'abort' | 'fail' | 'pass' | 'no-evidence';

export interface Finding {
  readonly gate: string;
  readonly verdict: Verdict;
  /** The numbers and the periods behind the verdict, in a sentence. */
  readonly text: string;
  readonly warnOnly: boolean;
}

export interface Ruling {
  /** Start of the present step: bounds are judged on the minutes since then. */
  readonly since: number;
  /** Requests that a share has to rest on before it is believed. */
  readonly minRequests: number;
}

/** Judges every gate, and every alarm, on what is known now. */
export function judge(gates: readonly Gate[], evidence: Evidence, ruling: Ruling): readonly Finding[] {
  return [
    ...gates.map((gate) => ({
      ...assess(gate, evidence, ruling),
      gate: gate.text,
      warnOnly: gate.warnOnly,
    })),
    ...evidence.alarms.map((alarm) => ({
      gate: `alarm ${alarm.name}`,
      verdict: alarm.state === 'ALARM' ? ('abort' as const) : ('pass' as const),
      text: alarm.state === 'ALARM' ? `is in ALARM: ${alarm.reason}` : `is ${alarm.state}`,
      warnOnly: false,
    })),
  ];
}

type Assessment = Pick<Finding, 'verdict' | 'text'>;

function assess(gate: Gate, evidence: Evidence, ruling: Ruling): Assessment {
  const { measure } = gate;
  switch (measure.kind) {
    case 'crashes':
      return onSight(gate, evidence.crashes.length, evidence.crashes.map(describeStop).join('\n'));
    case 'unhealthy':
      return onSight(
        gate,
        evidence.unhealthyMs,
        evidence.unhealthyMs > 0 ? 'the canary has an unhealthy target' : 'all targets are healthy',
      );
    case 'count':
      return assessCount(gate, measure, evidence, ruling);
    case 'mean':
      return assessMean(gate, measure, evidence, ruling);
    case 'share':
    case 'percentile':
      return assessShare(gate, measure, evidence, ruling);
  }
}

function onSight({ measure, bound }: Gate, value: number, detail: string): Assessment {
  const said = [formatValue(measure, value), detail].filter((part) => part !== '').join('; ');
  return { verdict: meets(value, bound) ? 'pass' : 'abort', text: said };
}

const sum = (periods: readonly Period[], of: (period: Period) => number): number =>
  periods.reduce((total, period) => total + of(period), 0);

const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16);

const span = (periods: readonly Period[]): string => {
  const [first, last] = [periods[0], periods.at(-1)];
  return first && last ? `${clock(first.start)}-${clock(last.start + 60_000)} UTC` : 'no complete minute yet';
};

const stepPeriods = (evidence: Evidence, since: number): readonly Period[] =>
  evidence.canary.filter(({ start }) => start >= since);

/** Requests of the measure that went wrong; for a percentile, those slower than the bound. */
function bad(measure: Measure, limit: number): (period: Period) => number {
  if (measure.kind === 'percentile') return (period) => period.slower[limit] ?? 0;
  return measure.kind === 'share' && measure.of === '4xx' ? (p) => p.errors4xx : (p) => p.errors5xx;
}

/**
 * A percentile is a share in disguise: p95 < 300 ms says that at most 5% of the requests took longer. Shares add up
 * over minutes and tasks, percentiles do not.
 */
const asShare = (measure: Measure, bound: Bound): Bound =>
  measure.kind === 'percentile'
    ? { comparison: bound.comparison.startsWith('<') ? '<=' : '>', value: 1 - measure.percentile / 100 }
    : bound;

function assessShare(
  gate: Gate,
  measure: Measure,
  evidence: Evidence,
  { since, minRequests }: Ruling,
): Assessment {
  const known = evidence.canary.filter((period) => isKnown(measure, period));
  if (gate.abort) {
    const wrong = bad(measure, gate.abort.value);
    // Where CloudWatch kept something back, a minute with more errors than requests lacks its requests.
    const whole = known.filter((period) => evidence.complete || wrong(period) <= period.requests);
    const window = recent(whole, minRequests);
    const count = sum(window, wrong);
    const requests = sum(window, ({ requests }) => requests);
    // Below the minimum, the requests that are missing count as good: one error of three is no rate yet.
    const least = count / Math.max(requests, minRequests);
    if (count > 0 && meets(least, asShare(measure, gate.abort))) {
      return { verdict: 'abort', text: shareText(measure, gate.abort, count, requests, window) };
    }
  }
  const window = known.filter(({ start }) => start >= since);
  const requests = sum(window, ({ requests }) => requests);
  const count = sum(window, bad(measure, gate.bound.value));
  if (requests < minRequests || requests === 0 || !evidence.complete) {
    return {
      verdict: 'no-evidence',
      text: `${requests} of at least ${Math.max(1, minRequests)} requests (${span(window)})`,
    };
  }
  return {
    verdict: meets(count / requests, asShare(measure, gate.bound)) ? 'pass' : 'fail',
    text: shareText(measure, gate.bound, count, requests, window),
  };
}

/**
 * Metrics of one minute arrive one by one: where the requests are not known yet, or the response times of a
 * percentile are not, the minute would make the share larger or smaller than it is.
 */
const isKnown = (measure: Measure, { requests, latencySumMs }: Period): boolean =>
  requests > 0 && (measure.kind !== 'percentile' || latencySumMs !== undefined);

function shareText(
  measure: Measure,
  bound: Bound,
  count: number,
  requests: number,
  periods: readonly Period[],
) {
  const share = requests === 0 ? '' : ` (${((count / requests) * 100).toPrecision(3)}%)`;
  const what =
    measure.kind === 'percentile'
      ? `${count} of ${requests} requests${share} took longer than ${formatDuration(bound.value)}`
      : `${count} of ${requests} requests${share} answered ${measure.kind === 'share' ? measure.of : ''}`;
  return `${what}, ${span(periods)}`;
}

/** The shortest run of the newest minutes that holds `minRequests` requests; all of them when there are fewer. */
function recent(periods: readonly Period[], minRequests: number): readonly Period[] {
  let requests = 0;
  let from = periods.length;
  while (from > 0 && (requests < minRequests || from === periods.length)) {
    from--;
    requests += periods[from]?.requests ?? 0;
  }
  return periods.slice(from);
}

function assessCount(
  { bound }: Gate,
  measure: Measure & { kind: 'count' },
  evidence: Evidence,
  { since, minRequests }: Ruling,
): Assessment {
  const of = (period: Period) => (measure.of === '5xx' ? period.errors5xx : period.errors4xx);
  const length = measure.windowMs / 60_000;
  let worst: { count: number; periods: readonly Period[] } = { count: 0, periods: [] };
  for (let end = 1; end <= evidence.canary.length; end++) {
    const periods = evidence.canary.slice(Math.max(0, end - length), end);
    const count = sum(periods, of);
    if (worst.periods.length === 0 || count > worst.count) worst = { count, periods };
  }
  const text = `${worst.count} answers ${measure.of} in the worst ${formatDuration(measure.windowMs)}, ${span(worst.periods)}`;
  if (!meets(worst.count, bound)) return { verdict: 'abort', text };
  const requests = sum(stepPeriods(evidence, since), ({ requests }) => requests);
  if (requests === 0 || requests < minRequests || !evidence.complete) {
    return { verdict: 'no-evidence', text: `${requests} of at least ${Math.max(1, minRequests)} requests` };
  }
  return { verdict: 'pass', text };
}

function assessMean(
  gate: Gate,
  measure: Measure & { kind: 'mean' },
  evidence: Evidence,
  { since, minRequests }: Ruling,
): Assessment {
  const window = stepPeriods(evidence, since);
  if (measure.of === 'latency') {
    const latest = recent(evidence.canary, minRequests);
    const abortValue = meanLatency(latest);
    if (
      gate.abort &&
      abortValue &&
      abortValue.requests >= minRequests &&
      meets(abortValue.mean, gate.abort)
    ) {
      return { verdict: 'abort', text: meanText(measure, abortValue.mean, latest) };
    }
    const value = meanLatency(window);
    if (!value || value.requests < minRequests || !evidence.complete) {
      return { verdict: 'no-evidence', text: `${value?.requests ?? 0} of at least ${minRequests} requests` };
    }
    return {
      verdict: meets(value.mean, gate.bound) ? 'pass' : 'fail',
      text: meanText(measure, value.mean, window),
    };
  }
  const key = measure.of === 'metric' ? measure.name : measure.of;
  const newest = evidence.canary.filter((period) => period.means[key] !== undefined).at(-1);
  const newestValue = newest?.means[key];
  if (gate.abort && newest && newestValue !== undefined && meets(newestValue, gate.abort)) {
    return { verdict: 'abort', text: meanText(measure, newestValue, [newest]) };
  }
  const values = window.flatMap((period) => period.means[key] ?? []);
  if (values.length === 0 || !evidence.complete) {
    return { verdict: 'no-evidence', text: `CloudWatch has no value (${span(window)})` };
  }
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  return { verdict: meets(mean, gate.bound) ? 'pass' : 'fail', text: meanText(measure, mean, window) };
}

function meanLatency(periods: readonly Period[]): { mean: number; requests: number } | undefined {
  const timed = periods.filter(({ latencySumMs, requests }) => latencySumMs !== undefined && requests > 0);
  const requests = sum(timed, (period) => period.requests);
  if (requests === 0) return undefined;
  return { mean: sum(timed, ({ latencySumMs }) => latencySumMs ?? 0) / requests, requests };
}

const meanText = (measure: Measure, value: number, periods: readonly Period[]): string =>
  `${formatValue(measure, value)} on average, ${span(periods)}`;
