import type { Margin } from '../gates.ts';
import { type ComparedMinute, rateOf, shifted } from './compared-minute.ts';
import { describeStop, type Lives, type StoppedTask } from './evidence.ts';
import type { Counting } from './requests.ts';
import { evidenceOfBetter, evidenceOfWorse } from './sequential-test.ts';
import { confidence, did, ratio, span } from './wording.ts';

/**
 * Both sides' requests and faults, how far apart they are, and how sure that is.
 *
 * @param chance that the interval misses the difference
 * @param evidence how many times better a canary that is worse explains it, where that decides
 */
export function describeComparison(
  counting: Counting,
  minutes: readonly ComparedMinute[],
  chance: number,
  evidence?: number,
): string {
  const hour = minutes.findLast(({ hour }) => hour !== undefined)?.hour;
  const before = hour ? `, and ${ratio(hour.faults, hour.requests)} of the hour before` : '';
  const odds =
    evidence === undefined ? '' : `; chance would show as much in fewer than ${oneOf(evidence)} rollouts`;
  return `${describeSides(counting, minutes)}${before}, ${span(minutes)}: ${describeDifference(minutes, chance)}${odds}`;
}

/** `36 of 1024 requests (3.52%) answered 5xx, 95 of 19230 requests (0.494%) on stable` */
export function describeSides(counting: Counting, minutes: readonly ComparedMinute[]): string {
  const sum = (of: (minute: ComparedMinute) => number) =>
    minutes.reduce((total, minute) => total + of(minute), 0);
  const canary = ratio(
    sum((minute) => minute.canary.faults),
    sum((minute) => minute.canary.requests),
  );
  const beside = sum((minute) => minute.stable?.requests ?? 0);
  // Where all the traffic is the canary's, stable has nothing to say.
  if (beside === 0) return `${canary} ${did(counting)}`;
  const stable = ratio(
    sum((minute) => minute.stable?.faults ?? 0),
    beside,
  );
  return `${canary} ${did(counting)}, ${stable} on stable`;
}

const oneOf = (evidence: number): string =>
  evidence >= 1_000_000 ? '1 of a million' : `1 of ${Math.floor(evidence)}`;

/** `between 1.6 and 4.9 percentage points more, with 99.5% confidence` */
function describeDifference(minutes: readonly ComparedMinute[], chance: number): string {
  const { low, high } = differenceOf(minutes, chance);
  const [worse, better] = [points(high), points(low)];
  const sure = `with ${confidence(chance)} confidence`;
  if (low >= 0) return `between ${better} and ${worse} percentage points more, ${sure}`;
  if (high <= 0) return `between ${-worse} and ${-better} percentage points fewer, ${sure}`;
  return `between ${-better} percentage points fewer and ${worse} more, ${sure}`;
}

/** Percentage points with two digits that count, and none beyond the third decimal place. */
const points = (fraction: number): number =>
  Math.abs(fraction) < 1e-5 ? 0 : Number((fraction * 100).toPrecision(2));

/** The steps in which an end of the interval is closed in on: to a thousandth of what it is looked for in. */
const HALVINGS = 14;

/**
 * Confidence interval of the difference between the canary's rate and stable's, which holds at every look: the
 * differences that the sequential tests do not refute, as fractions.
 */
function differenceOf(
  minutes: readonly ComparedMinute[],
  chance: number,
): { readonly low: number; readonly high: number } {
  const usual = averageRate(minutes);
  const seen = (kind: Margin['kind'], value: number) =>
    minutes.map((minute) => ({ ...minute, against: shifted(minute.against, { kind, value }) }));
  const isMore = (kind: Margin['kind'], value: number) => evidenceOfWorse(seen(kind, value)) >= 1 / chance;
  const isLess = (kind: Margin['kind'], value: number) => evidenceOfBetter(seen(kind, value)) >= 1 / chance;
  const low = isMore('points', 0)
    ? border(0, 1, (points) => isMore('points', points))
    : usual * (border(0, 1, (factor) => isMore('factor', factor)) - 1);
  const high = isLess('points', 0)
    ? usual * (border(0, 1, (factor) => !isLess('factor', factor)) - 1)
    : border(0, 1, (points) => !isLess('points', points));
  return { low: Math.max(low, -usual), high: Math.min(high, 1 - usual) };
}

/** Where something that holds at `from` ceases to hold on the way to `to`. */
function border(from: number, to: number, holds: (value: number) => boolean): number {
  let [inside, outside] = [from, to];
  // Differences are small more often than large, so the first halvings go by orders of magnitude.
  for (let guess = to / 10; guess > 1e-6 && !holds(guess); guess /= 10) outside = guess;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (inside + outside) / 2;
    if (holds(middle)) inside = middle;
    else outside = middle;
  }
  return (inside + outside) / 2;
}

function averageRate(minutes: readonly ComparedMinute[]): number {
  const requests = minutes.reduce((total, { canary }) => total + canary.requests, 0);
  const expected = minutes.reduce(
    (total, { canary, against }) => total + canary.requests * rateOf(against),
    0,
  );
  return requests === 0 ? 0 : expected / requests;
}

export function describeCrashes(
  crashes: readonly StoppedTask[],
  { canaryTaskMinutes, stableTaskMinutes, stableCrashes }: Lives,
): string {
  const times = (count: number) => (count === 1 ? '1 crash' : `${count} crashes`);
  const minutes = (count: number) => (Math.round(count) === 1 ? '1 minute' : `${Math.round(count)} minutes`);
  const canary = `${times(crashes.length)} in ${minutes(canaryTaskMinutes)} of canary tasks`;
  const stable = `${times(stableCrashes.length)} in ${minutes(stableTaskMinutes)} of stable's`;
  return [`${canary}, ${stable}`, ...crashes.map(describeStop)].join('\n');
}
