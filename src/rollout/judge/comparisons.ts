import { type ComparisonGate, formatShare, type Margin, type Share } from '../gates.ts';
import { type ComparedMinute, compareMinute, rateOf, shifted } from './compared-minute.ts';
import { describeComparison, describeCrashes, describeSides } from './comparison-wording.ts';
import type { Evidence } from './evidence.ts';
import { type Assessment, type Ruling, subjectOf } from './finding.ts';
import { type Counting, faultOf, RequestCounter, silentMinutes } from './requests.ts';
import { evidenceOfBetter, evidenceOfWorse, tellingMinutes } from './sequential-test.ts';
import { StableHistory } from './stable-history.ts';
import { did, ratio, span } from './wording.ts';
import { bothTests, Worsening, withMargin } from './worsening.ts';

/** How sure a step has to be, where the gate says nothing, that the canary is not worse by more than it may be. */
export const CONFIDENCE = 0.99;
/** Without a margin, any sure worsening takes a release back; a step may end when it surely is smaller than these. */
const TOLERATED: readonly Margin[] = [
  { kind: 'factor', value: 2 },
  { kind: 'points', value: 0.005 },
];
/** Requests that the canary would have had before their absence is put down to anything but chance: e^-10. */
const MISSED_REQUESTS = 10;
/** Tasks of one service crash by themselves, not in bursts of the service. */
const LIKE_EACH_OTHER = 0.01;

/** What is known of both sides, minute by minute. */
interface Sides {
  readonly minutes: readonly ComparedMinute[];
  readonly history: StableHistory;
}

/** Puts the canary's minutes beside stable's; those of which one side is not known yet are left out. */
function sidesOf(counting: Counting, evidence: Evidence, ruling: Ruling): Sides {
  const { canary, before, stable: known } = countBoth(counting, evidence);
  const history = new StableHistory(before);
  const ofCanary = new Map(canary.map((minute) => [minute.start, minute]));
  const ofStable = new Map(known.map((minute) => [minute.start, minute]));
  const minutes = evidence.stable.flatMap(({ start, settled, requests }): ComparedMinute[] => {
    // All the traffic is the canary's, so stable's none need not be waited for.
    const idle = (settled && requests === 0) || (ruling.weight >= 100 && start >= ruling.since);
    const stable = ofStable.get(start) ?? (idle ? NO_REQUESTS : undefined);
    if (!stable) return [];
    history.add(stable);
    const minute = ofCanary.get(start);
    const compared = minute && compareMinute(start, minute, stable, history);
    return compared ? [compared] : [];
  });
  return { minutes, history };
}

const NO_REQUESTS = { requests: 0, faults: 0 };

/** Both sides' minutes of which is known what is counted. */
function countBoth(counting: Counting, evidence: Evidence): RequestCounter['sides'] {
  if (counting.of !== 'unanswered') return new RequestCounter(counting, evidence).sides;
  const { before, stable, canary } = evidence;
  const all = silentMinutes([...before, ...stable]);
  const until = silentMinutes(before).length;
  return { canary: silentMinutes(canary), before: all.slice(0, until), stable: all.slice(until) };
}

/** The minutes beside the worst that a step may end with. */
export function tolerated(
  minutes: readonly ComparedMinute[],
  margin: Margin | undefined,
): readonly ComparedMinute[] {
  if (margin) return minutes.map((minute) => withMargin(minute, margin));
  return minutes.map((minute) => {
    const references = TOLERATED.map((each) => shifted(minute.against, each));
    const [first, second] = references;
    if (!first || !second) return minute;
    const worst = rateOf(second) > rateOf(first) ? second : first;
    // Of a rate that is high already, twice as much may be more than all.
    const halfway = (1 + rateOf(minute.against)) / 2;
    return { ...minute, against: rateOf(worst) > halfway ? { rate: halfway } : worst };
  });
}

/**
 * Compares a share of the canary's requests with the same share of stable's, over the same minutes.
 *
 * @param chance of taking back, in the whole rollout, a release that is no worse than it may be
 */
export function assessComparison(
  gate: ComparisonGate,
  measure: Share,
  seen: Evidence,
  ruling: Ruling,
  chance: number,
): Assessment {
  const fault = faultOf(measure);
  const faults = sidesOf(fault, seen, ruling);
  const silence =
    fault.of === '4xx' || !seen.complete ? NOTHING : sidesOf({ of: 'unanswered' }, seen, ruling);
  const ofFaults = evidenceOfWorsening(faults.minutes, gate.margin);
  const ofSilence = evidenceOfWorsening(silence.minutes, gate.margin);
  const evidence = bothTests(ofFaults, ofSilence);
  if (evidence >= 1 / chance) {
    const [counting, { minutes }] =
      bothTests(ofFaults, 0) >= bothTests(0, ofSilence)
        ? [fault, faults]
        : [{ of: 'unanswered' } as const, silence];
    const telling = tellingMinutes(minutes.map((minute) => withMargin(minute, gate.margin)));
    const text = describeComparison(counting, minutes.slice(-telling.length), chance, evidence);
    return { verdict: 'abort', text };
  }
  const missing = unreached(seen, faults.history, ruling);
  if (missing !== undefined) return { verdict: 'no-evidence', text: missing };
  const inStep = ({ minutes }: Sides) => minutes.filter(({ start }) => start >= ruling.since);
  const [step, silent] = [inStep(faults), inStep(silence)];
  if (step.length === 0)
    return { verdict: 'no-evidence', text: 'no minute of stable to compare with is known yet' };
  const doubtful = 1 - (gate.confidence ?? CONFIDENCE);
  const text = [
    describeComparison(fault, step, doubtful),
    ...(silent.some(({ canary }) => canary.faults > 0) ? [describeSides({ of: 'unanswered' }, silent)] : []),
  ].join('; ');
  const failing = stableFails(fault, faults.history) ?? stableFails({ of: 'unanswered' }, silence.history);
  if (failing !== undefined && ruling.onStableFailing === 'hold') {
    return { verdict: 'no-evidence', text: `${failing}; ${text}`, stableFails: true };
  }
  if (!seen.complete) return { verdict: 'no-evidence', text };
  const isSound = (minutes: readonly ComparedMinute[], margin: Margin | undefined) =>
    evidenceOfBetter(tolerated(minutes, margin)) >= 1 / doubtful;
  // Most services leave nothing without an answer, and no multiple of that is anything.
  const silenceMargin = gate.margin?.kind === 'points' ? gate.margin : undefined;
  const sure = isSound(step, gate.margin) && (silence === NOTHING || isSound(silent, silenceMargin));
  if (sure) return { verdict: 'pass', text, sure: true };
  return { verdict: 'undecided', text: `${text}; too few requests to tell whether it is worse` };
}

const NOTHING: Sides = { minutes: [], history: new StableHistory() };

function evidenceOfWorsening(minutes: readonly ComparedMinute[], margin: Margin | undefined): number {
  const worsening = new Worsening(margin);
  for (const minute of minutes) worsening.add(minute);
  return worsening.evidence;
}

/** That the canary gets no requests, and what that means; `undefined` where it does. */
function unreached(evidence: Evidence, history: StableHistory, ruling: Ruling): string | undefined {
  const { since, weight } = ruling;
  const who = subjectOf(ruling);
  const known = evidence.canary.filter(
    ({ start, settled, requests }) => start >= since && (settled || requests > 0),
  );
  const served = known.findLastIndex(({ requests }) => requests > 0);
  const idle = known.slice(served + 1);
  const [first] = idle;
  if (!first) return served < 0 ? 'no minute of the step is known yet' : undefined;
  const others = evidence.stable
    .filter(({ start }) => start >= first.start)
    .reduce((total, { requests }) => total + requests, 0);
  const usual = (history.hour.requests / 60) * idle.length;
  const expected = Math.round(weight < 100 ? (others * weight) / (100 - weight) : usual);
  const share = `though it has ${weight}% of the traffic`;
  if (expected >= MISSED_REQUESTS) {
    const missed =
      weight < 100 ? `stable had ${others}, so about ${expected} were due` : `about ${expected} were due`;
    return `no request has reached ${who}, ${span(idle)}, ${share}: ${missed}; look at its listener rules and at stickiness`;
  }
  if (served >= 0) return undefined;
  return others === 0 && weight < 100
    ? `neither stable nor the canary had a request, ${span(idle)}`
    : `no request has reached ${who} yet, ${span(idle)}; so few are on their way that none had to`;
}

/** That stable itself fails, in the last minutes, as it did not before; `undefined` where it does not. */
function stableFails(counting: Counting, history: StableHistory): string | undefined {
  if (!history.failing) return undefined;
  const { now, before } = history.recent;
  return `stable itself is failing: of its last ${ratio(now.faults, now.requests)} ${did(counting)}, in the hour before ${formatShare(before.faults / before.requests)}; the canary is not to blame for that, and cannot be judged by it`;
}

/**
 * Compares how often the canary's tasks crash with how often stable's do, by the time that they have been running.
 *
 * @param chance of taking back, in the whole rollout, a release whose tasks crash no more often than they may
 */
export function assessCrashes(gate: ComparisonGate, evidence: Evidence, chance: number): Assessment {
  const { lives } = evidence;
  if (!lives) return { verdict: 'no-evidence', text: 'no task has been running yet' };
  const crashes = evidence.crashes.filter(({ stoppedAt }) => stoppedAt >= lives.since);
  const minute: ComparedMinute = {
    start: 0,
    canary: { requests: lives.canaryTaskMinutes, faults: crashes.length },
    against: { requests: lives.stableTaskMinutes, faults: lives.stableCrashes.length },
    dispersion: LIKE_EACH_OTHER,
  };
  const doubt = evidenceOfWorse([withMargin(minute, gate.margin)]);
  const text = describeCrashes(crashes, lives);
  if (doubt >= 1 / chance) return { verdict: 'abort', text };
  if (crashes.length === 0) return { verdict: 'pass', text, sure: true };
  return { verdict: 'undecided', text: `${text}; too few to tell whether its tasks crash more often` };
}
