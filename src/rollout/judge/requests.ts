import type { Bound, Measure } from '../gates.ts';
import type { Evidence, Period } from './evidence.ts';
import type { Counted } from './stable-history.ts';

/** What a gate calls a fault: 5xx or 4xx answers, or those that took longer than a time. */
export type Fault = { readonly of: '5xx' | '4xx' } | { readonly of: 'slow'; readonly slowerThanMs: number };

/** What is counted: a fault, or that no answer came. */
export type Counting = Fault | { readonly of: 'unanswered' };

/** The fault that a measure counts; a percentile counts what takes longer than its bound. */
export function faultOf(
  measure: Measure & { readonly kind: 'share' | 'percentile' | 'count' },
  bound?: Bound,
): Fault {
  if (measure.kind === 'percentile') return { of: 'slow', slowerThanMs: bound?.value ?? 0 };
  return measure;
}

/** The requests of some minutes, and how many of them were faults. */
export interface Tally extends Counted {
  /** Faults that are requests without an answer of a target. */
  readonly unanswered: number;
  readonly first: { readonly start: number } | undefined;
  readonly last: { readonly start: number } | undefined;
}

/** A minute's requests and faults. */
export interface CountedMinute extends Counted {
  /** Its start, ms since the epoch. */
  readonly start: number;
  readonly unanswered: number;
}

/** Some answers are given without a response time, and some are counted a moment later than their request. */
const ALL_BUT_FEW = 0.995;

/** Normal deviates that a number may differ from what is expected before it says something. */
const DEVIATES = 3;

/**
 * Counts faults over minutes. What the load balancer answers itself (502 for a connection that is refused or reset,
 * 504 for a target that never answers) is in RequestCount of the target group and in no HTTPCode_Target count: it is
 * what is left when all answers are taken away, and the worst of faults.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 */
export class RequestCounter {
  readonly #fault: Fault;
  readonly #evidence: Evidence;
  readonly #usual: number;

  constructor(fault: Fault, evidence: Evidence) {
    this.#fault = fault;
    this.#evidence = evidence;
    this.#usual = usuallyUnanswered([...evidence.before, ...evidence.stable]);
  }

  /** The minutes of the canary of which is known what the measure needs, oldest first. */
  get known(): readonly Period[] {
    return this.#evidence.canary.filter((period) => this.#isKnown(period));
  }

  /** The faults of all the minutes together. */
  count(periods: readonly Period[]): Tally {
    return tally(this.#add(periods));
  }

  /** The known minutes of the canary, each with its own faults. */
  get minutes(): readonly CountedMinute[] {
    return this.#add(this.known);
  }

  /**
   * Both sides' settled minutes with the faults that they answered with. One side's metrics come before the other's, and
   * those of its errors last: a minute whose errors are still on their way would make the other side look worse.
   */
  get sides(): {
    readonly before: readonly CountedMinute[];
    readonly stable: readonly CountedMinute[];
    readonly canary: readonly CountedMinute[];
  } {
    const of = (periods: readonly Period[]) =>
      periods.filter((period) => period.settled && this.#isKnown(period)).map(this.#answered);
    const { before, stable, canary } = this.#evidence;
    return { before: of(before), stable: of(stable), canary: of(canary) };
  }

  readonly #answered = (period: Period): CountedMinute => {
    const requests = this.#requests(period);
    return { start: period.start, requests, faults: Math.min(requests, this.#wrong(period)), unanswered: 0 };
  };

  #isKnown(period: Period): boolean {
    return (
      period.requests > 0 &&
      (this.#fault.of !== 'slow' || isTimed(period)) &&
      // Where CloudWatch kept something back, a minute with more faults than requests lacks its requests.
      (this.#evidence.complete || this.#wrong(period) <= period.requests)
    );
  }

  #requests(period: Period): number {
    return this.#fault.of === 'slow' ? (period.timed ?? 0) : period.requests;
  }

  /** Each minute with the faults that it answered with and the requests that it did not answer. */
  #add(periods: readonly Period[]): readonly CountedMinute[] {
    const counted = this.#evidence.complete && this.#fault.of !== '4xx';
    const silence = counted ? unanswered(periods, this.#usual) : periods.map(() => 0);
    return periods.map((period, index) => {
      const missing = silence[index] ?? 0;
      return {
        start: period.start,
        requests: this.#requests(period) + (this.#fault.of === 'slow' ? missing : 0),
        faults: this.#wrong(period) + missing,
        unanswered: missing,
      };
    });
  }

  #wrong(period: Period): number {
    if (this.#fault.of === 'slow') return period.slower[this.#fault.slowerThanMs] ?? 0;
    return this.#fault.of === '5xx' ? period.errors5xx : period.errors4xx;
  }
}

export function tally(minutes: readonly CountedMinute[]): Tally {
  const total = (of: (minute: CountedMinute) => number) =>
    minutes.reduce((sum, minute) => sum + of(minute), 0);
  return {
    requests: total(({ requests }) => requests),
    faults: total(({ faults }) => faults),
    unanswered: total(({ unanswered }) => unanswered),
    first: minutes[0],
    last: minutes.at(-1),
  };
}

/**
 * The response times are a metric of their own, which may come later than the requests. Where not a single request
 * was answered there are none.
 */
const isTimed = ({ timed, answered, settled }: Period): boolean =>
  timed === undefined ? answered === 0 : settled || timed >= ALL_BUT_FEW * answered;

/** Minutes of one side with the requests that got no answer, for those of which that is known. */
export function silentMinutes(periods: readonly Period[]): readonly CountedMinute[] {
  const known = periods.filter(({ settled, requests }) => settled && requests > 0);
  const silence = unanswered(known, 0);
  return known.map(({ start, requests }, index) => {
    const faults = silence[index] ?? 0;
    return { start, requests, faults, unanswered: faults };
  });
}

/**
 * How many requests got no answer, by minute. They are told from those that are still under way over all minutes so far,
 * and put down to the minute in which they come to light. Some of the requests at the end of the last minute are still
 * under way: on average as many as response time passes in it (J. D. C. Little, https://doi.org/10.1287/opre.9.3.383).
 *
 * @param usual share that is no fault, because stable leaves as many: WebSockets (101 is in no class that is counted)
 */
function unanswered(periods: readonly Period[], usual: number): readonly number[] {
  let [requests, answered, found] = [0, 0, 0];
  return periods.map((period) => {
    // What is missing in a young minute may just not have come yet.
    if (period.settled && period.requests > 0) {
      requests += period.requests;
      answered += period.answered;
    }
    const underWay = (period.latencySumMs ?? 0) / 60_000;
    const allowed =
      Math.max(1, underWay + DEVIATES * Math.sqrt(underWay)) +
      usual * requests +
      DEVIATES * Math.sqrt(usual * (1 - usual) * requests);
    const more = Math.max(0, Math.floor(requests - answered - allowed) - found);
    found += more;
    return more;
  });
}

/** The share of stable's requests that are in no count of answers. */
function usuallyUnanswered(stable: readonly Period[]): number {
  const known = stable.filter(({ settled, requests }) => settled && requests > 0);
  const requests = known.reduce((total, period) => total + period.requests, 0);
  const answered = known.reduce((total, period) => total + period.answered, 0);
  return requests === 0 ? 0 : Math.min(1, Math.max(0, (requests - answered) / requests));
}
