import { type Bound, type BoundGate, formatShare, type Measure, meets } from '../gates.ts';
import type { ComparedMinute } from './compared-minute.ts';
import { chanceOfAtLeast } from './distributions.ts';
import type { Evidence } from './evidence.ts';
import type { Assessment, Ruling } from './finding.ts';
import { type CountedMinute, type Fault, faultOf, RequestCounter, type Tally, tally } from './requests.ts';
import { evidenceOfBetter, evidenceOfWorse, tellingMinutes } from './sequential-test.ts';
import { StableHistory } from './stable-history.ts';
import { did, ratio, silence, spanOf } from './wording.ts';

type ShareMeasure = Measure & { readonly kind: 'share' | 'percentile' };

/** A measured share a little above the bound passes, too, where so many releases that are just at it look as bad. */
const PASS_CHANCE = 0.4;
/** Rates swing a little, even where stable has not been seen to. */
const LEAST_DISPERSION = 0.001;

/**
 * A percentile is a share in disguise: p95 < 300 ms says that at most 5% of the requests took longer. Shares add up
 * over minutes and tasks, percentiles do not.
 */
const asShare = (measure: Measure, bound: Bound): Bound =>
  measure.kind === 'percentile'
    ? { comparison: bound.comparison.startsWith('<') ? '<=' : '>', value: 1 - measure.percentile / 100 }
    : bound;

/**
 * Judges a share of the requests by what chance explains: few requests say little about a rate, and whoever looks
 * every minute sees bad luck now and then.
 *
 * @param chance of taking back, in the whole rollout, a release that meets the bound
 */
export function assessShare(
  gate: BoundGate,
  measure: ShareMeasure,
  evidence: Evidence,
  { since, minRequests, steps }: Ruling,
  chance: number,
): Assessment {
  // A release that meets the bound is far from the abort, unless both are the same share of the requests.
  const same = measure.kind === 'percentile' || gate.abort?.value === gate.bound.value;
  const each = gate.abort && same ? chance / 2 : chance;
  const abort = gate.abort && assessAbort(gate.abort, measure, evidence, each);
  if (abort) return abort;
  const fault = faultOf(measure, gate.bound);
  const counter = new RequestCounter(fault, evidence);
  const minutes = counter.minutes.filter(({ start }) => start >= since);
  const all = tally(minutes);
  const { requests, faults } = all;
  if (requests < minRequests || requests === 0 || !evidence.complete) {
    const text = `${requests} of at least ${Math.max(1, minRequests)} requests (${spanOf(all.first, all.last)})`;
    return { verdict: 'no-evidence', text };
  }
  const bound = asShare(measure, gate.bound);
  const text = describe(fault, all);
  const held = heldAgainst(bound.value, minutes, counter);
  const byChance = chanceOfAtLeast(faults, Math.max(requests, faults), bound.value);
  if (meets(faults / requests, bound) || byChance > PASS_CHANCE) {
    const below = evidenceOfBetter(held) >= 1 / chance;
    return { verdict: 'pass', text, ...(below && { sure: true }) };
  }
  const above = evidenceOfWorse(held) >= steps / each;
  if (above || bound.value === 0) return { verdict: 'fail', text };
  return {
    verdict: 'no-evidence',
    text: `${text}: ${oneIn(byChance)} at ${formatShare(bound.value)} look as bad by chance, so more requests are needed`,
  };
}

const oneIn = (chance: number): string =>
  chance >= 0.01 ? `${Math.round(chance * 100)} of 100 releases` : 'fewer than 1 of 100 releases';

/** The numbers as they are, whatever they rest on: any minute may abort, and the whole step has to meet the bound. */
export function assessShareExactly(
  gate: BoundGate,
  measure: ShareMeasure,
  evidence: Evidence,
  { since }: Ruling,
): Assessment {
  if (gate.abort) {
    const limit = asShare(measure, gate.abort);
    const fault = faultOf(measure, gate.abort);
    const worst = new RequestCounter(fault, evidence).minutes.find(
      ({ requests, faults }) => requests > 0 && meets(faults / requests, limit),
    );
    if (worst) return { verdict: 'abort', text: describe(fault, tally([worst])) };
  }
  const fault = faultOf(measure, gate.bound);
  const all = tally(new RequestCounter(fault, evidence).minutes.filter(({ start }) => start >= since));
  const text = describe(fault, all);
  if (all.requests === 0 || !evidence.complete) return { verdict: 'no-evidence', text };
  return meets(all.faults / all.requests, asShare(measure, gate.bound))
    ? { verdict: 'pass', text, sure: true }
    : { verdict: 'fail', text };
}

function assessAbort(
  abort: Bound,
  measure: ShareMeasure,
  evidence: Evidence,
  chance: number,
): Assessment | undefined {
  const fault = faultOf(measure, abort);
  const counter = new RequestCounter(fault, evidence);
  const { minutes } = counter;
  const { value } = asShare(measure, abort);
  const held = heldAgainst(value, minutes, counter);
  if (evidenceOfWorse(held) < 1 / chance) return undefined;
  const telling = minutes.slice(minutes.length - tellingMinutes(held).length);
  return { verdict: 'abort', text: describe(fault, tally(telling)) };
}

/** Minutes of the canary beside a rate; that it swings is known from stable. */
function heldAgainst(
  rate: number,
  minutes: readonly CountedMinute[],
  counter: RequestCounter,
): readonly ComparedMinute[] {
  const { before, stable } = counter.sides;
  const history = new StableHistory(before);
  for (const minute of stable) history.add(minute);
  const dispersion = Math.max(LEAST_DISPERSION, history.dispersion);
  return minutes.map((minute) => ({ start: minute.start, canary: minute, against: { rate }, dispersion }));
}

const describe = (fault: Fault, { requests, faults, unanswered, first, last }: Tally): string =>
  `${ratio(faults, requests)} ${did(fault)}${silence(unanswered)}, ${spanOf(first, last)}`;
