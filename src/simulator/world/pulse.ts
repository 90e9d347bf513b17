import { type Clock, systemClock } from '../../clock.ts';

/** The time between two looks at what is due, in simulated ms. */
const BEAT = 100;
/** The same in real ms, at the least. */
const SHORTEST = 4;

/**
 * Lets the world's time go on by itself while something real takes part in it: a process, or a client that waits at the
 * end of a stream. Otherwise the world only catches up when it is asked something.
 */
export class Pulse {
  readonly #clock: Clock;
  readonly #advance: (now: number) => void;
  readonly #end = new AbortController();
  #needed = 0;
  #beating: Promise<void> | undefined;

  /** @param advance lets everything happen that is due */
  constructor(clock: Clock, advance: (now: number) => void) {
    this.#clock = clock;
    this.#advance = advance;
  }

  get closed(): boolean {
    return this.#end.signal.aborted;
  }

  /** Brings the world up to now. */
  catchUp(): void {
    if (!this.closed) this.#advance(this.#clock.now());
  }

  /** @returns lets the world's time stand still again, as far as nobody else keeps it going */
  keep(): () => void {
    this.#needed += 1;
    this.#beating ??= this.#beat();
    let released = false;
    return () => {
      if (!released) this.#needed -= 1;
      released = true;
    };
  }

  /** Resolves after `ms` milliseconds of the world's time, or when the world is closed. */
  async pause(ms: number): Promise<void> {
    // Not by the world's clock, which a test may move by hand.
    await systemClock.sleep(Math.max(SHORTEST, ms / this.#clock.scale), this.#end.signal);
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#beating;
  }

  async #beat(): Promise<void> {
    while (this.#needed > 0 && !this.closed) {
      await this.pause(BEAT);
      this.catchUp();
    }
    this.#beating = undefined;
  }
}
