import type { Margin } from '../gates.ts';
import { type ComparedMinute, shifted } from './compared-minute.ts';
import { SequentialTest } from './sequential-test.ts';

/**
 * How likely it is held beforehand that what makes the canary look worse than the hour before has befallen stable as
 * well, and does not show there yet. So the same minutes alone have to speak against the canary, too, if much less.
 */
const BOTH_WORSE = 0.03;

/** Where stable has no requests that would show what befalls both, so much worse may be what befalls the service. */
const UNACCOMPANIED: Margin = { kind: 'factor', value: 3 };

/** Part of the evidence that is looked for in requests without an answer, which are plain when they come. */
const SILENCE = 0.05;

/** The evidence of two tests of one gate, of what was answered and of what was not. */
export const bothTests = (faults: number, silence: number): number =>
  (1 - SILENCE) * faults + SILENCE * silence;

/** The evidence that the canary is worse than stable, by more than a margin, gathered minute by minute. */
export class Worsening {
  readonly #margin: Margin | undefined;
  readonly #withHour = SequentialTest.ofWorse();
  readonly #sameMinutes = SequentialTest.ofWorse();

  constructor(margin: Margin | undefined) {
    this.#margin = margin;
  }

  add(minute: ComparedMinute): void {
    const granted = minute.stable?.requests === 0 ? withMargin(minute, UNACCOMPANIED) : minute;
    this.#withHour.add(withMargin(granted, this.#margin));
    this.#sameMinutes.add(withMargin(sameMinute(granted), this.#margin));
  }

  /** How many times better a canary that is worse explains what was seen than one that is not, or than both being it. */
  get evidence(): number {
    return 1 / ((1 - BOTH_WORSE) / this.#withHour.evidence + BOTH_WORSE / this.#sameMinutes.evidence);
  }
}

/** The minute beside stable as it would be if it were worse by the margin. */
export const withMargin = (minute: ComparedMinute, margin: Margin | undefined): ComparedMinute =>
  margin ? { ...minute, against: shifted(minute.against, margin) } : minute;

/** The minute beside what stable did in it, and nothing else; all there is where stable had no requests. */
function sameMinute(minute: ComparedMinute): ComparedMinute {
  const { stable, allowance } = minute;
  if (!stable || stable.requests === 0) return minute;
  return { ...minute, against: stable, dispersion: 2 * (allowance ?? minute.dispersion) };
}
