/** What one side did in one minute, as its metrics tell. */
export interface Side {
  readonly requests: number;
  readonly errors: number;
  /** Requests that took longer than 300 ms. */
  readonly slow: number;
  /** Requests that took longer than 500 ms; they are among the slow ones. */
  readonly verySlow: number;
}

/** A minute of a rollout, and where in the plan it lies. */
export interface Look {
  readonly canary: Side;
  readonly stable: Side;
  /** Percent of the traffic that the canary had. */
  readonly weight: number;
  /** Minutes that the step has lasted, this one included. */
  readonly minuteOfStep: number;
  /** Minutes that the plan gives to the step. */
  readonly minutesOfStep: number;
}

/**
 * What a judge wants after a minute:
 * - `roll-back`: at once;
 * - `stay`: in this step, even when its minutes are over;
 * - `go-on`: to the next step when its minutes are over;
 * - `advance`: to the next step now.
 */
export type Answer = 'roll-back' | 'stay' | 'go-on' | 'advance';

/** A judge in one rollout; it sees every minute once, in their order. */
export type Run = (look: Look) => Answer;

/** A way to judge releases. */
export interface Contestant {
  readonly name: string;
  /** @param before stable's minutes before the canary got its first traffic, oldest first */
  readonly begin: (before: readonly Side[]) => Run;
}
