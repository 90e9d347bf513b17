import { type Bound, type BoundGate, formatValue, type Measure, meets } from '../gates.ts';
import type { Evidence, Period } from './evidence.ts';
import type { Assessment, Ruling } from './finding.ts';
import { span } from './wording.ts';

/** One minute of a mean is noise; so many have to agree in a row. */
const AGREEING_MINUTES = 2;
const MINUTE = 60_000;

type Mean = Measure & { readonly kind: 'mean' };

/** Judges an average over the minutes of the step; an abort needs the newest minutes to agree. */
export function assessMean(
  gate: BoundGate,
  measure: Mean,
  evidence: Evidence,
  { since, minRequests }: Ruling,
): Assessment {
  const agreeing = gate.exact ? 1 : AGREEING_MINUTES;
  const window = evidence.canary.filter(({ start }) => start >= since);
  if (measure.of === 'latency') {
    const enough = gate.exact ? 1 : minRequests;
    const latest = recent(timed(evidence.canary), enough, agreeing);
    const abortValue = meanLatency(latest);
    if (
      gate.abort &&
      abortValue &&
      abortValue.requests >= enough &&
      meets(abortValue.mean, gate.abort) &&
      agree(gate.abort, latest.slice(-agreeing), agreeing, (period) => meanLatency([period])?.mean)
    ) {
      return { verdict: 'abort', text: meanText(measure, abortValue.mean, latest) };
    }
    const value = meanLatency(window);
    if (!value || value.requests < enough || !evidence.complete) {
      return { verdict: 'no-evidence', text: `${value?.requests ?? 0} of at least ${enough} requests` };
    }
    return verdictOf(gate, value.mean, window, timed(window).length);
  }
  const key = measure.of === 'metric' ? measure.name : measure.of;
  const of = (period: Period): number | undefined => period.means[key];
  const newest = evidence.canary.filter((period) => of(period) !== undefined).slice(-agreeing);
  if (gate.abort && agree(gate.abort, newest, agreeing, of)) {
    const mean = sum(newest, (period) => of(period) ?? 0) / newest.length;
    return { verdict: 'abort', text: meanText(measure, mean, newest) };
  }
  const values = window.flatMap((period) => period.means[key] ?? []);
  if (values.length === 0 || !evidence.complete) {
    return { verdict: 'no-evidence', text: `CloudWatch has no value (${span(window)})` };
  }
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  return verdictOf(gate, mean, window, values.length);
}

function verdictOf(
  { measure, bound }: BoundGate,
  value: number,
  window: readonly Period[],
  minutes: number,
): Assessment {
  const text = meanText(measure, value, window);
  if (!meets(value, bound)) return { verdict: 'fail', text };
  return { verdict: 'pass', text, ...(minutes >= AGREEING_MINUTES && { sure: true }) };
}

const sum = (periods: readonly Period[], of: (period: Period) => number): number =>
  periods.reduce((total, period) => total + of(period), 0);

/** The shortest run of the newest minutes that holds `requests` requests; all of them when there are fewer. */
function recent(periods: readonly Period[], requests: number, minutes: number): readonly Period[] {
  let held = 0;
  let from = periods.length;
  while (from > 0 && (held < requests || periods.length - from < minutes)) {
    from--;
    held += periods[from]?.timed ?? 0;
  }
  return periods.slice(from);
}

/** Whether so many minutes meet the bound, with no other minute between them. */
function agree(
  bound: Bound,
  newest: readonly Period[],
  minutes: number,
  value: (period: Period) => number | undefined,
): boolean {
  const [first, last] = [newest[0], newest.at(-1)];
  if (!first || !last || last.start - first.start !== (minutes - 1) * MINUTE) return false;
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
