/** How many calls of AWS a run that waits makes in any minute, at most. */
export const CALLS_A_MINUTE = 20;
const MINUTE_MS = 60_000;

/** The calls of the last minute. Times in ms. */
export class CallBudget {
  #calls: number[] = [];

  /** Counts a call. */
  spend(now: number): void {
    this.#calls = [...this.#calls.filter((at) => now - at < MINUTE_MS), now];
  }

  /** When the next call may be made: `now`, or later. */
  next(now: number): number {
    const recent = this.#calls.filter((at) => now - at < MINUTE_MS);
    const oldest = recent.at(-CALLS_A_MINUTE);
    return oldest === undefined ? now : oldest + MINUTE_MS;
  }
}
