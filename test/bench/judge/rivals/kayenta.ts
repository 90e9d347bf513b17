import type { Contestant, Side } from '../contestant.ts';
import { shiftInterval } from '../mann-whitney.ts';
import type { Subject } from './subject.ts';

/** Normal quantile for a two-sided confidence of 98%. */
const DEVIATES = 2.3263478740408408;
const TOLERANCE = 0.25;
/** Standard deviation of the noise that keeps constant samples apart, relative to their value. */
const NOISE = 1e-5;

/**
 * Spinnaker Kayenta's NetflixACAJudge with one metric: the share in percent of the requests in a minute that failed;
 * for slow requests, that took longer than 300 ms.
 * https://github.com/spinnaker/kayenta/blob/master/kayenta-judge/src/main/scala/com/netflix/kayenta/judge/NetflixACAJudge.scala
 *
 * - Judges at the last minute of each step, over all minutes since the rollout began (a growing window), canary against
 *   baseline; here the baseline is stable itself.
 * - Rolls back when the metric is High (direction increase): with confidence 0.98, the lower bound of the canary's shift
 *   by Mann-Whitney is above 0.25 times the estimate of the shift, and the canary's mean is not below the baseline's
 *   (its default effect size). One metric that is High makes a score of 0.
 * - A minute without requests on a side is NaN, and left out on that side. A side without any minute has no data, and
 *   where half of the metrics have none the score is 0: rolls back.
 * - Samples that are identical, or one value overall, pass. Where each side is constant and they differ, Kayenta adds
 *   normal noise of 1e-5 of the value; here that noise is evenly spread and the same every time.
 * - Where no interval can be had (a single minute against constant ones) Kayenta's metric is an error that does not
 *   count: passes.
 */
export const kayenta = (of: Subject): Contestant => ({
  name: `Kayenta (${of})`,
  begin: () => {
    const canary: number[] = [];
    const baseline: number[] = [];
    return (look) => {
      if (look.canary.requests > 0) canary.push(percent(look.canary, of));
      if (look.stable.requests > 0) baseline.push(percent(look.stable, of));
      if (look.minuteOfStep < look.minutesOfStep) return 'go-on';
      const noData = canary.length === 0 || baseline.length === 0;
      return noData || isHigh(canary, baseline) ? 'roll-back' : 'go-on';
    };
  },
});

const percent = (side: Side, of: Subject): number => (side[of] / side.requests) * 100;

function isHigh(canary: readonly number[], baseline: readonly number[]): boolean {
  if (mean(canary) < mean(baseline)) return false;
  const constant = isConstant(canary) && isConstant(baseline);
  if (constant ? canary[0] === baseline[0] : isPermutation(canary, baseline)) return false;
  const shift = constant
    ? shiftInterval(withNoise(canary), withNoise(baseline), DEVIATES)
    : shiftInterval(canary, baseline, DEVIATES);
  return shift !== undefined && shift.lower > TOLERANCE * Math.abs(shift.estimate);
}

const isConstant = (values: readonly number[]): boolean => values.every((value) => value === values[0]);

function isPermutation(some: readonly number[], others: readonly number[]): boolean {
  if (some.length !== others.length) return false;
  const sorted = new Float64Array(others).sort();
  return new Float64Array(some).sort().every((value, index) => value === sorted[index]);
}

/** Evenly spread over ±√3 standard deviations: there, its own standard deviation is that of the noise. */
const withNoise = (values: readonly number[]): readonly number[] =>
  values.map((value, index) => {
    const place = (index + 0.5) / values.length;
    return value * (1 + NOISE * Math.sqrt(3) * (2 * place - 1));
  });

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
