import { type ComparedMinute, logLikelihoodRatios } from './compared-minute.ts';

/** Odds of the canary's faults, times those of what it is held against, that count as worse. */
const WORSE = [1.5, 2.25, 4, 8, 20, 60, 200, 1000] as const;
/** And those that count as better. */
const BETTER = [0.7, 0.5, 0.3, 0.1, 0.02] as const;

/** Beyond doubt; more would overflow. */
const MOST = 1e200;

/** The part of the evidence that is set on the first minute. */
const FROM_THE_FIRST = 0.7;

/** The part that is set on the n-th minute, from 1 on; what begins late has to make up for the many minutes it may. */
const setOn = (minute: number): number =>
  minute === 1 ? FROM_THE_FIRST : (2 * (1 - FROM_THE_FIRST)) / (minute * (minute + 1));

/**
 * A test that may be looked at after every minute: how many times better the minutes are explained by a canary that is
 * worse (or better) than by one that is equal to what it is held against. Where that is so or the other way round, the
 * value ever passes 1/α in at most the part α of all rollouts, however often it is looked at (J. Ville 1939), so there
 * is nothing to correct for the looks.
 *
 * It is a mixture of likelihood ratios, over how much worse the canary is and over when it began to be (H. Robbins:
 * Statistical methods related to the law of the iterated logarithm. Annals of Mathematical Statistics 41 (1970),
 * 1397-1409, https://doi.org/10.1214/aoms/1177696786; for releases: M. Lindon, C. Sanden, V. Shirikian: Rapid regression
 * detection in software deployments through sequential testing. KDD 2022. https://arxiv.org/abs/2205.14762).
 */
export class SequentialTest {
  readonly #ratios: readonly number[];
  readonly #setOn: (minute: number) => number;
  /** Likelihood ratio by ratio of odds, of all beginnings so far together. */
  readonly #weights: number[];
  #minutes = 0;
  /** What is left for beginnings to come. */
  #rest = 1;

  private constructor(ratios: readonly number[], setOn: (minute: number) => number) {
    this.#ratios = ratios;
    this.#setOn = setOn;
    this.#weights = ratios.map(() => 0);
  }

  /** Whether the canary is worse, from the first minute on or from some later one. */
  static ofWorse(): SequentialTest {
    return new SequentialTest(WORSE, setOn);
  }

  /** Whether the canary is better, in all minutes together. */
  static ofBetter(): SequentialTest {
    return new SequentialTest(BETTER, (minute) => (minute === 1 ? 1 : 0));
  }

  add(minute: ComparedMinute): void {
    this.#minutes++;
    const beginning = this.#setOn(this.#minutes);
    this.#rest -= beginning;
    const logs = logLikelihoodRatios(minute, this.#ratios);
    for (let index = 0; index < this.#weights.length; index++) {
      const weight = ((this.#weights[index] ?? 0) + beginning) * Math.exp(logs[index] ?? 0);
      this.#weights[index] = Math.min(MOST, weight);
    }
  }

  /** How many times better the alternative explains what was seen. */
  get evidence(): number {
    return this.#rest + this.#weights.reduce((sum, weight) => sum + weight, 0) / this.#ratios.length;
  }
}

export const evidenceOfWorse = (minutes: readonly ComparedMinute[]): number =>
  after(SequentialTest.ofWorse(), minutes);

export const evidenceOfBetter = (minutes: readonly ComparedMinute[]): number =>
  after(SequentialTest.ofBetter(), minutes);

function after(test: SequentialTest, minutes: readonly ComparedMinute[]): number {
  for (const minute of minutes) test.add(minute);
  return test.evidence;
}

/** Where what makes the canary look worse began: the minutes from there on are the most telling ones. */
export function tellingMinutes(minutes: readonly ComparedMinute[]): readonly ComparedMinute[] {
  let best = { index: 0, evidence: Number.NEGATIVE_INFINITY };
  const sums = WORSE.map(() => 0);
  for (let index = minutes.length - 1; index >= 0; index--) {
    const minute = minutes[index];
    if (!minute) continue;
    for (const [nth, log] of logLikelihoodRatios(minute, WORSE).entries()) sums[nth] = (sums[nth] ?? 0) + log;
    const evidence = Math.log(setOn(index + 1)) + Math.max(...sums);
    if (evidence > best.evidence) best = { index, evidence };
  }
  return minutes.slice(best.index);
}
