import { PLAN } from './play.ts';

/** Kullback-Leibler divergence of one request's outcome, failing at `canary` instead of at `usual`, in nats. */
const divergence = (canary: number, usual: number): number =>
  canary * Math.log(canary / usual) + (canary >= 1 ? 0 : (1 - canary) * Math.log((1 - canary) / (1 - usual)));

/**
 * Requests of the canary that the best sequential test needs on average to tell its rate of faults from the usual
 * one, both known beforehand, when it may be wrong about a sound release in the part `chance` of all cases: Wald's
 * approximation, without the excess over the boundary.
 *
 * A. Wald: Sequential tests of statistical hypotheses. Annals of Mathematical Statistics 16 (1945), 117-186.
 * https://doi.org/10.1214/aoms/1177731118
 */
export const waldRequests = (canary: number, usual: number, chance: number): number =>
  Math.log(1 / chance) / divergence(canary, usual);

/**
 * The same divergence of the faults in one minute, where they have a negative binomial distribution: the counts of
 * requests that fail at a rate which varies from minute to minute by a gamma distribution.
 *
 * @param canary faults in a minute that are expected on the canary
 * @param usual and at the usual rate
 * @param dispersion variance of the rate, relative to the square of its mean
 */
export function burstyDivergence(canary: number, usual: number, dispersion: number): number {
  const shape = 1 / dispersion;
  const rest = Math.log((usual + shape) / (canary + shape));
  return canary * (Math.log(canary / usual) + rest) + shape * rest;
}

/** After how many minutes of the plan a canary has had so many requests; infinite when it never does. */
export const minutesUntil = (requests: number, rate: number): number =>
  minutesToGather(requests, (share) => rate * 60 * share);

/**
 * After how many minutes of the plan something has come to `amount`; infinite when it never does.
 *
 * @param perMinute how much of it a minute brings in which the canary has that share of the traffic
 */
export function minutesToGather(amount: number, perMinute: (share: number) => number): number {
  let [minutes, left] = [0, amount];
  for (const { weight, minutesOfStep } of PLAN) {
    const brought = perMinute(weight / 100);
    if (left <= brought * minutesOfStep) return minutes + left / brought;
    left -= brought * minutesOfStep;
    minutes += minutesOfStep;
  }
  return Number.POSITIVE_INFINITY;
}
