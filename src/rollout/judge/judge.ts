import { formatDuration } from '../duration.ts';
import { type Bound, formatValue, type Gate, type Measure, meets } from '../gates.ts';
import { chanceOfAtLeast } from './binomial.ts';
import { describeStop, type Evidence, type Period } from './evidence.ts';
import { type Fault, RequestCounter, type Tally } from './requests.ts';

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
  /** There is no evidence yet, because metrics are on their way that will say more. */
  readonly waiting?: true;
}

export interface Ruling {
  /** Start of the present step: bounds are judged on the minutes since then. */
  readonly since: number;
  /** When its bake ended, once it is to be decided: all of its minutes have to be known then. */
  readonly bakeEnd?: number;
  /** Requests that a share has to rest on before it is believed. */
  readonly minRequests: number;
}

/**
 * Few requests say little about a rate, and a rollout looks every minute. So a share aborts only where chance would
 * show as many faults in fewer than one of 1000 looks if the rate were what the gate aborts at,
 */
const ABORT_CHANCE = 0.001;
/** and it fails only where fewer than one of 50 releases that are just at the bound would look as bad. */
const FAIL_CHANCE = 0.02;
/** A share a little above the bound passes, too, where two of five releases that are just at it would look as bad. */
const PASS_CHANCE = 0.4;
/** One minute of a mean is noise; so many have to agree in a row. */
const MEAN_MINUTES = 2;
const MINUTE = 60_000;

/** Judges every gate, and every alarm, on what is known now. */
export function judge(gates: readonly Gate[], evidence: Evidence, ruling: Ruling): readonly Finding[] {
  return [
    ...gates.map((gate) => ({
      ...whenKnown(gate, evidence, ruling, assess(gate, evidence, ruling)),
      gate: gate.text,
      warnOnly: gate.warnOnly,
    })),
    ...evidence.alarms.map((alarm) => ({
      gate: `alarm ${alarm.name}`,
      ...assessAlarm(alarm),
      warnOnly: false,
    })),
  ];
}

type Assessment = Pick<Finding, 'verdict' | 'text' | 'waiting'>;

function assessAlarm({ state, reason }: Evidence['alarms'][number]): Assessment {
  if (state === 'ALARM') return { verdict: 'abort', text: `is in ALARM: ${reason}` };
  if (state === 'GONE') return { verdict: 'no-evidence', text: 'CloudWatch does not know it any more' };
  return { verdict: 'pass', text: `is ${state}` };
}

/** A bound is not decided before CloudWatch has told all that it knows of the step. */
function whenKnown(gate: Gate, evidence: Evidence, ruling: Ruling, found: Assessment): Assessment {
  const { kind } = gate.measure;
  if (found.verdict === 'abort' || kind === 'crashes' || kind === 'unhealthy') return found;
  const { since, bakeEnd } = ruling;
  if (bakeEnd === undefined) return found;
  if (!evidence.complete) return { ...found, waiting: true };
  const settled = new Set(evidence.canary.filter((period) => period.settled).map(({ start }) => start));
  const missing: number[] = [];
  for (let start = Math.ceil(since / MINUTE) * MINUTE; start + MINUTE <= bakeEnd; start += MINUTE) {
    if (!settled.has(start)) missing.push(start);
  }
  const [first, last] = [missing[0], missing.at(-1)];
  if (first === undefined || last === undefined) return found;
  const text = `the metrics of ${clock(first)}-${clock(last + MINUTE)} UTC are not all there yet`;
  return { verdict: 'no-evidence', text, waiting: true };
}

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

const spanOf = (first: Period | undefined, last: Period | undefined): string =>
  first && last ? `${clock(first.start)}-${clock(last.start + MINUTE)} UTC` : 'no complete minute yet';
const span = (periods: readonly Period[]): string => spanOf(periods[0], periods.at(-1));

const stepPeriods = (evidence: Evidence, since: number): readonly Period[] =>
  evidence.canary.filter(({ start }) => start >= since);

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
  measure: Fault,
  evidence: Evidence,
  { since, minRequests }: Ruling,
): Assessment {
  const abort = gate.abort && assessAbort(gate.abort, measure, evidence, minRequests);
  if (abort) return abort;
  const counter = new RequestCounter(measure, gate.bound.value, evidence);
  const tally = counter.count(counter.known.filter(({ start }) => start >= since));
  const { requests, faults, first, last } = tally;
  if (requests < minRequests || requests === 0 || !evidence.complete) {
    return {
      verdict: 'no-evidence',
      text: `${requests} of at least ${Math.max(1, minRequests)} requests (${spanOf(first, last)})`,
    };
  }
  const bound = asShare(measure, gate.bound);
  const text = shareText(measure, gate.bound, tally);
  const chance = chanceOfAtLeast(faults, Math.max(requests, faults), bound.value);
  if (meets(faults / requests, bound) || chance > PASS_CHANCE) return { verdict: 'pass', text };
  if (chance < FAIL_CHANCE) return { verdict: 'fail', text };
  const rate = formatValue({ kind: 'share', of: '5xx' }, bound.value);
  return {
    verdict: 'no-evidence',
    text: `${text}: ${Math.round(chance * 100)} of 100 releases at ${rate} look as bad by chance, so more requests are needed`,
  };
}

/** Over the newest minutes, however many, so that good ones before do not dilute what has begun to fail. */
function assessAbort(
  abort: Bound,
  measure: Fault,
  evidence: Evidence,
  minRequests: number,
): Assessment | undefined {
  const counter = new RequestCounter(measure, abort.value, evidence);
  const bound = asShare(measure, abort);
  let worst: { tally: Tally; chance: number } | undefined;
  for (const tally of counter.runs(counter.known)) {
    const { requests, faults } = tally;
    // Below the minimum, the requests that are missing count as good.
    if (faults === 0 || !meets(faults / Math.max(requests, minRequests), bound)) continue;
    const chance = chanceOfAtLeast(faults, Math.max(requests, faults), bound.value);
    if (chance < (worst?.chance ?? ABORT_CHANCE)) worst = { tally, chance };
  }
  return worst && { verdict: 'abort', text: shareText(measure, abort, worst.tally) };
}

function shareText(
  measure: Fault,
  bound: Bound,
  { requests, faults, unanswered, first, last }: Tally,
): string {
  const share = requests === 0 ? '' : ` (${((faults / requests) * 100).toPrecision(3)}%)`;
  const what =
    measure.kind === 'percentile'
      ? `took longer than ${formatDuration(bound.value)}`
      : `answered ${measure.of}`;
  return `${faults} of ${requests} requests${share} ${what}${silence(unanswered)}, ${spanOf(first, last)}`;
}

const silence = (unanswered: number): string =>
  unanswered === 0 ? '' : ` or, ${unanswered} of them, not at all`;

/** The shortest run of the newest minutes that holds `minRequests` requests; all of them when there are fewer. */
function recent(periods: readonly Period[], minRequests: number): readonly Period[] {
  let requests = 0;
  let from = periods.length;
  while (from > 0 && (requests < minRequests || periods.length - from < MEAN_MINUTES)) {
    from--;
    requests += periods[from]?.timed ?? 0;
  }
  return periods.slice(from);
}

function assessCount(
  { bound }: Gate,
  measure: Measure & { kind: 'count' },
  evidence: Evidence,
  { since, minRequests }: Ruling,
): Assessment {
  const counter = new RequestCounter(measure, 0, evidence);
  const length = measure.windowMs / MINUTE;
  let worst = counter.count([]);
  for (let end = 1; end <= evidence.canary.length; end++) {
    const window = counter.count(evidence.canary.slice(Math.max(0, end - length), end));
    if (worst.first === undefined || window.faults > worst.faults) worst = window;
  }
  const text = `${worst.faults} answers ${measure.of}${silence(worst.unanswered)} in the worst ${formatDuration(measure.windowMs)}, ${spanOf(worst.first, worst.last)}`;
  if (!meets(worst.faults, bound)) return { verdict: 'abort', text };
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
    const latest = recent(timed(evidence.canary), minRequests);
    const abortValue = meanLatency(latest);
    if (
      gate.abort &&
      abortValue &&
      abortValue.requests >= minRequests &&
      meets(abortValue.mean, gate.abort) &&
      agree(gate.abort, latest, (period) => meanLatency([period])?.mean)
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
  const of = (period: Period): number | undefined => period.means[key];
  const newest = evidence.canary.filter((period) => of(period) !== undefined).slice(-MEAN_MINUTES);
  if (gate.abort && agree(gate.abort, newest, of)) {
    const mean = sum(newest, (period) => of(period) ?? 0) / newest.length;
    return { verdict: 'abort', text: meanText(measure, mean, newest) };
  }
  const values = window.flatMap((period) => period.means[key] ?? []);
  if (values.length === 0 || !evidence.complete) {
    return { verdict: 'no-evidence', text: `CloudWatch has no value (${span(window)})` };
  }
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  return { verdict: meets(mean, gate.bound) ? 'pass' : 'fail', text: meanText(measure, mean, window) };
}

/** Whether each of the newest minutes meets the bound, with no other minute between them. */
function agree(
  bound: Bound,
  periods: readonly Period[],
  value: (period: Period) => number | undefined,
): boolean {
  const newest = periods.slice(-MEAN_MINUTES);
  const [first, last] = [newest[0], newest.at(-1)];
  if (!first || !last || last.start - first.start !== (MEAN_MINUTES - 1) * MINUTE) return false;
  return newest.every((period) => {
    const of = value(period);
    return of !== undefined && meets(of, bound);
  });
}

const timed = (periods: readonly Period[]): readonly Period[] =>
  periods.filter((period) => period.latencySumMs !== undefined && (period.timed ?? 0) > 0);

function meanLatency(periods: readonly Period[]): { mean: number; requests: number } | undefined {
  const known = timed(periods);
  const requests = sum(known, (period) => period.timed ?? 0);
  if (requests === 0) return undefined;
  return { mean: sum(known, ({ latencySumMs }) => latencySumMs ?? 0) / requests, requests };
}

const meanText = (measure: Measure, value: number, periods: readonly Period[]): string =>
  `${formatValue(measure, value)} on average, ${span(periods)}`;
