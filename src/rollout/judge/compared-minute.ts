import type { Margin } from '../gates.ts';
import { logBetaBinomial } from './distributions.ts';
import type { Counted, StableHistory } from './stable-history.ts';

/** A minute of the canary, and what its faults are held against. */
export interface ComparedMinute {
  /** Start of the minute, ms since the epoch. */
  readonly start: number;
  readonly canary: Counted;
  /** The same minute of stable, where that is what the canary is compared with. */
  readonly stable?: Counted;
  /** The hour of stable before, where it counts too. */
  readonly hour?: Counted;
  /** What either side's rate may swing beyond chance, relative to the square of its mean. */
  readonly allowance?: number;
  readonly against: Reference;
  /** Variance of the canary's rate against the reference beyond chance, relative to the square of its mean. */
  readonly dispersion: number;
}

/** Stable's requests and faults, or a rate that is known; both may be fractions. */
export type Reference = Counted | { readonly rate: number };

/**
 * How often the hour before a minute counts beside it. Over a rollout that adds up to about what an hour is worth: the
 * less of the traffic the canary has, the more.
 */
const HOUR_COUNTS = { perRequestOfStable: 7, perRequestOfCanary: 2 } as const;

/**
 * Puts a minute of the canary beside the same minute of stable. What stable did in the hour before adds to what the
 * minute shows, as long as stable does as well as it did then; where that has changed, the minute stands alone. Where
 * stable had no requests, its hour or its last minutes, whichever were worse, are all there is.
 *
 * @param history of stable, this minute included
 * @returns nothing where there is nothing to compare with
 */
export function compareMinute(
  start: number,
  canary: Counted,
  stable: Counted,
  history: StableHistory,
): ComparedMinute | undefined {
  const { hour, recent, allowance, steadiness } = history;
  const { perRequestOfStable, perRequestOfCanary } = HOUR_COUNTS;
  const counts = perRequestOfStable * stable.requests + perRequestOfCanary * canary.requests;
  const alone = stable.requests === 0;
  const usual = alone && rateOf(recent.now) > rateOf(hour) ? recent.now : hour;
  const borrowed = Math.min(usual.requests, alone ? counts : counts * steadiness);
  const requests = stable.requests + borrowed;
  if (requests < 1) return undefined;
  const faults = stable.faults + rateOf(usual) * borrowed;
  // The swings of the hour have levelled out; those of the same minute have not.
  const own = stable.requests / requests;
  return {
    start,
    canary,
    stable,
    ...(borrowed > 0 && { hour: usual }),
    against: { requests, faults },
    allowance,
    dispersion: allowance * (1 + own * own),
  };
}

export const rateOf = (reference: Reference): number =>
  'rate' in reference ? reference.rate : reference.requests === 0 ? 0 : reference.faults / reference.requests;

/** The reference as it would be if it were worse by the margin (better, for points below 0 or a factor below 1). */
export function shifted(reference: Reference, { kind, value }: Margin): Reference {
  const rate = rateOf(reference);
  if ('rate' in reference) return { rate: kind === 'points' ? rate + value : rate * value };
  if (kind === 'factor') return { requests: reference.requests / value, faults: reference.faults };
  if (value < 0) return shifted(reference, { kind: 'factor', value: Math.max(1e-9, 1 + value / rate) });
  return { requests: reference.requests, faults: reference.faults + value * reference.requests };
}

/**
 * How much better the canary's faults are explained by odds of so many times those of the reference than by equal ones:
 * the logarithms of the likelihood ratios.
 *
 * Against stable, the faults of both sides are taken as given, and whose they are decides: so the rate itself, which
 * changes over the day, drops out. M. Lindon, A. Malek: Anytime-valid inference for multinomial count data. NeurIPS
 * 2022. https://arxiv.org/abs/2011.03567
 */
export function logLikelihoodRatios(
  { canary, against, dispersion }: ComparedMinute,
  ratios: readonly number[],
): readonly number[] {
  const compared = 'rate' in against ? againstRate(canary, against.rate) : againstSide(canary, against);
  if (compared === undefined) return ratios.map(() => 0);
  const { count, total, share } = compared;
  // Rates that swing are a beta distribution whose logarithm of the odds has the variance `dispersion`, roughly.
  const log = (of: number): number => logBetaBinomial(count, total, of, 1 / (dispersion * of * (1 - of)));
  const equal = log(share);
  return ratios.map((ratio) => {
    const difference = log((ratio * share) / (ratio * share + 1 - share)) - equal;
    return Number.isFinite(difference) ? difference : 0;
  });
}

interface Compared {
  readonly count: number;
  readonly total: number;
  /** The part of `total` that `count` is expected to be where nothing differs. */
  readonly share: number;
}

/** A share of nothing or of everything could be refuted by a single request; none is known that well. */
const FINEST_SHARE = 1e-7;
const known = (share: number): number => Math.min(1 - FINEST_SHARE, Math.max(FINEST_SHARE, share));

function againstRate({ requests, faults }: Counted, rate: number): Compared | undefined {
  if (requests === 0) return undefined;
  // Answers that are counted twice must not make more faults than requests.
  return { count: Math.min(faults, requests), total: requests, share: known(rate) };
}

function againstSide(canary: Counted, stable: Counted): Compared | undefined {
  const total = canary.faults + stable.faults;
  if (total === 0 || canary.requests === 0 || stable.requests === 0) return undefined;
  return { count: canary.faults, total, share: known(canary.requests / (canary.requests + stable.requests)) };
}
