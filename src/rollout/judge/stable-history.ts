import { chanceOfCount } from './distributions.ts';

/** Requests of one side in one minute, and how many of them were faults. */
export interface Counted {
  readonly requests: number;
  readonly faults: number;
}

/** Minutes over which stable's usual rate is taken: short enough to follow the day. */
const HOUR = 60;
/** Stable's last minutes are what tells whether the hour before still holds. */
const RECENT = 5;
/** Where more ordinary moments than that look as bad as the last minutes, the hour before them holds without reserve; */
const AS_BAD = 0.3;
/** where more look as good, it does, too. */
const AS_GOOD = 0.1;
/** Where so few moments look as bad, stable has changed, and it fails where so many of its requests do. */
const CHANGED_CHANCE = 0.001;
const FAILING_RATE = 0.05;
/** Minutes that faults come in bursts may be joined by: what hangs together for longer is a change of the rate. */
const BURST = 5;
/** An estimate of the dispersion is as often too small as too large, and too small blames the innocent. */
const CAUTION = 1.1;
/** Two sides are never quite alike. */
const LEAST_DISPERSION = 0.01;
/** A stable that was seen for few minutes may be more restless than it showed: as much as a burst to 3.5 times in them. */
const UNSEEN = 6;

/**
 * What stable has done, minute by minute: its usual rate of faults, and how much more that swings than chance alone
 * would make it. Every number is had in a time that does not grow with the minutes.
 */
export class StableHistory {
  readonly #all = new Sums();
  /** Without the minutes in which something befell the whole service. */
  readonly #usual = new Sums();
  /** How many of them there were after each minute. */
  readonly #usualAfter: number[] = [0];
  readonly #minutes = new Swing();
  readonly #bursts = new Swing();

  /**
   * @param before minutes before the rollout, oldest first: how restless stable is, is learned from all of them but
   *   those in which it failed
   */
  constructor(before: Iterable<Counted> = []) {
    for (const minute of before) this.#add(minute, (): boolean => this.failing);
  }

  /** A minute of the rollout. What is out of line is a change of the whole service, of which nothing is learned. */
  add(minute: Counted): void {
    this.#add(minute, () => this.#asBad <= CHANGED_CHANCE);
  }

  #add(minute: Counted, unusual: () => boolean): void {
    if (minute.requests === 0) return;
    this.#all.add(minute);
    if (!unusual()) {
      this.#usual.add(minute);
      this.#minutes.add(minute);
      if (this.#usual.count % BURST === 0) this.#bursts.add(this.#usual.last(BURST));
    }
    this.#usualAfter.push(this.#usual.count);
  }

  /** The usual hour before the newest minute. */
  get hour(): Counted {
    return this.#usualBefore(1);
  }

  /** The last minutes, and the usual hour before them. */
  get recent(): { readonly now: Counted; readonly before: Counted } {
    return { now: this.#all.last(RECENT), before: this.#usualBefore(RECENT) };
  }

  #usualBefore(minutes: number): Counted {
    const then = this.#usualAfter[Math.max(0, this.#all.count - minutes)] ?? 0;
    return this.#usual.last(HOUR, this.#usual.count - then);
  }

  /** How likely stable's last minutes would be as bad as they are, if all were as in the hour before. */
  get #asBad(): number {
    return this.#chanceOf(0);
  }

  /** How likely they would be as good. */
  get #asGood(): number {
    return 1 - this.#chanceOf(1);
  }

  /** How likely as many faults as in the last minutes, and `more`, would be. */
  #chanceOf(more: number): number {
    const { now, before } = this.recent;
    if (before.requests === 0) return 1 - more;
    // Half a fault, because none in an hour does not mean that there can be none.
    const expected = (now.requests * (before.faults + 0.5)) / before.requests;
    return chanceOfCount(now.faults + more, expected, this.dispersion / RECENT);
  }

  /** Whether stable itself fails in its last minutes, as it did not in the hour before. */
  get failing(): boolean {
    const { now } = this.recent;
    return now.faults >= FAILING_RATE * now.requests && this.#asBad <= CHANGED_CHANCE;
  }

  /** From 0 to 1, how well the hour before holds now: stable may have got worse since, or better. */
  get steadiness(): number {
    return Math.min(1, this.#asBad / AS_BAD, this.#asGood / AS_GOOD);
  }

  /**
   * Variance of a minute's rate beyond chance, relative to the square of its mean: by the method of moments, over
   * single minutes and over bursts, whichever shows more. 0 where the rate is steady.
   */
  get dispersion(): number {
    return Math.max(this.#minutes.dispersion, BURST * this.#bursts.dispersion);
  }

  /** The dispersion that another side than stable has to be granted. */
  get allowance(): number {
    return Math.max(LEAST_DISPERSION, UNSEEN / Math.max(1, this.#usual.count), this.dispersion);
  }
}

/** Minutes, of which any stretch can be added up at once. */
class Sums {
  readonly #requests: number[] = [0];
  readonly #faults: number[] = [0];

  add({ requests, faults }: Counted): void {
    this.#requests.push((this.#requests.at(-1) ?? 0) + requests);
    this.#faults.push((this.#faults.at(-1) ?? 0) + faults);
  }

  get count(): number {
    return this.#requests.length - 1;
  }

  /** The last minutes before the newest `skip` ones. */
  last(minutes: number, skip = 0): Counted {
    const end = Math.max(0, this.count - skip);
    const start = Math.max(0, end - minutes);
    const over = (sums: readonly number[]) => (sums[end] ?? 0) - (sums[start] ?? 0);
    return { requests: over(this.#requests), faults: over(this.#faults) };
  }
}

/** Sums from which the variance of rates between stretches of time follows. */
class Swing {
  #count = 0;
  #requests = 0;
  #faults = 0;
  #faultsSquared = 0;
  #requestsSquared = 0;
  #product = 0;

  add({ requests, faults }: Counted): void {
    this.#count++;
    this.#requests += requests;
    this.#faults += faults;
    this.#faultsSquared += faults * faults;
    this.#requestsSquared += requests * requests;
    this.#product += requests * faults;
  }

  get dispersion(): number {
    if (this.#count < 4 || this.#faults === 0) return 0;
    const rate = this.#faults / this.#requests;
    const expected = rate * rate * this.#requestsSquared;
    const squares = this.#faultsSquared - 2 * rate * this.#product + expected;
    const beyondChance = ((squares - this.#faults) / expected) * (this.#count / (this.#count - 1));
    // What chance alone makes of it, so that few faults do not pass for bursts.
    const error = Math.sqrt(2 * expected + this.#faults) / expected;
    return Math.max(0, CAUTION * beyondChance - 2 * error);
  }
}
