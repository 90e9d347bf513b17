import type { Measure } from '../gates.ts';
import type { Evidence, Period } from './evidence.ts';

/** The requests of some minutes, and how many of them were what a gate calls a fault. */
export interface Tally {
  readonly requests: number;
  /** Those that got no answer from a target among them. */
  readonly faults: number;
  readonly unanswered: number;
  /** Its first and its last minute. */
  readonly first: Period | undefined;
  readonly last: Period | undefined;
}

/** Requests that a gate counts: 5xx or 4xx answers, or those slower than `slowerThan` ms. */
export type Fault = Measure & { readonly kind: 'share' | 'percentile' | 'count' };

const NONE: Tally = { requests: 0, faults: 0, unanswered: 0, first: undefined, last: undefined };

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
  readonly #limit: number;
  readonly #evidence: Evidence;
  readonly #usual: number;

  /** @param limit of a percentile: beyond it (ms) a request is slow */
  constructor(fault: Fault, limit: number, evidence: Evidence) {
    this.#fault = fault;
    this.#limit = limit;
    this.#evidence = evidence;
    this.#usual = usuallyUnanswered(evidence.stable);
  }

  /** The minutes of the canary of which is known what the measure needs, oldest first. */
  get known(): readonly Period[] {
    const { complete, canary } = this.#evidence;
    return canary.filter(
      (period) =>
        period.requests > 0 &&
        (this.#fault.kind !== 'percentile' || isTimed(period)) &&
        // Where CloudWatch kept something back, a minute with more faults than requests lacks its requests.
        (complete || this.#wrong(period) <= period.requests),
    );
  }

  count(periods: readonly Period[]): Tally {
    return this.runs(periods).at(-1) ?? NONE;
  }

  /** The tallies of the newest minute, the newest two, and so on. */
  runs(periods: readonly Period[]): readonly Tally[] {
    const last = periods.at(-1);
    const lastSettled = periods.findLast(({ settled, requests }) => settled && requests > 0);
    const sums = { requests: 0, timed: 0, wrong: 0, settled: 0, answered: 0 };
    return periods.toReversed().map((period) => {
      sums.requests += period.requests;
      // What is missing in a young minute may just not have come yet.
      if (period.settled && period.requests > 0) {
        sums.settled += period.requests;
        sums.answered += period.answered;
      }
      sums.timed += period.timed ?? 0;
      sums.wrong += this.#wrong(period);
      const unanswered = this.#unanswered(sums.settled, sums.answered, lastSettled);
      return {
        requests: this.#fault.kind === 'percentile' ? sums.timed + unanswered : sums.requests,
        faults: sums.wrong + unanswered,
        unanswered,
        first: period,
        last,
      };
    });
  }

  /**
   * Some of the requests at the end of the last minute are still under way: on average as many as response time
   * passes in it (J. D. C. Little, https://doi.org/10.1287/opre.9.3.383). And what stable leaves without an answer, such as
   * WebSockets (101 is in no class that is counted), is not the release's fault.
   */
  #unanswered(requests: number, answered: number, last: Period | undefined): number {
    if (!this.#evidence.complete || (this.#fault.kind !== 'percentile' && this.#fault.of === '4xx')) return 0;
    const underWay = (last?.latencySumMs ?? 0) / 60_000;
    const usual = this.#usual * requests;
    const allowed =
      Math.max(1, underWay + DEVIATES * Math.sqrt(underWay)) +
      usual +
      DEVIATES * Math.sqrt(usual * (1 - this.#usual));
    return Math.max(0, Math.floor(requests - answered - allowed));
  }

  #wrong(period: Period): number {
    if (this.#fault.kind === 'percentile') return period.slower[this.#limit] ?? 0;
    return this.#fault.of === '5xx' ? period.errors5xx : period.errors4xx;
  }
}

/**
 * The response times are a metric of their own, which may come later than the requests. Where not a single request
 * was answered there are none.
 */
const isTimed = ({ timed, answered, settled }: Period): boolean =>
  timed === undefined ? answered === 0 : settled || timed >= ALL_BUT_FEW * answered;

/** The share of stable's requests that are in no count of answers. */
function usuallyUnanswered(stable: readonly Period[]): number {
  const known = stable.filter(({ settled, requests }) => settled && requests > 0);
  const requests = known.reduce((total, period) => total + period.requests, 0);
  const answered = known.reduce((total, period) => total + period.answered, 0);
  return requests === 0 ? 0 : Math.min(1, Math.max(0, (requests - answered) / requests));
}
