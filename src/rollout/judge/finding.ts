/**
 * What a gate says:
 * - `abort`: take the release back now;
 * - `fail`: the bound does not hold; at the end of a step that takes the release back;
 * - `pass`: the bound holds, or the canary is not worse than stable by more than it may be;
 * - `undecided`: compared with stable, the canary is neither shown to be worse nor shown not to be;
 * - `no-evidence`: too little is known to say anything.
 */
export type Verdict = 'abort' | 'fail' | 'pass' | 'undecided' | 'no-evidence';

export interface Finding extends Assessment {
  readonly gate: string;
  readonly warnOnly: boolean;
}

export interface Assessment {
  readonly verdict: Verdict;
  /** The numbers and the periods behind the verdict, in a sentence. */
  readonly text: string;
  /** Metrics are on their way that will say more. */
  readonly waiting?: true;
  /** Stable itself fails, so nothing is said of the canary. */
  readonly stableFails?: true;
  /** It passes so clearly that a step need not go on for it. */
  readonly sure?: true;
}

/** What the gates are asked at. */
export interface Ruling {
  /** Start of the present step, ms since the epoch: bounds are judged on the minutes since then. */
  readonly since: number;
  /** When its bake ended, once it is to be decided: all of its minutes have to be known then. */
  readonly bakeEnd?: number;
  /** Requests that a bound has to rest on before it is believed to hold. */
  readonly minRequests: number;
  /** Steps of the rollout, each of which may fail a bound by chance. */
  readonly steps: number;
  /** Percent of the traffic that the canary has in the present step. */
  readonly weight: number;
  /** What a comparison says while stable itself fails: nothing, or what it can. */
  readonly onStableFailing: 'hold' | 'proceed';
  /** What the texts call the side that is judged; the canary where nothing else is said. */
  readonly subject?: string;
}

/** What the texts call the side that is judged. */
export const subjectOf = ({ subject = 'the canary' }: Ruling): string => subject;
