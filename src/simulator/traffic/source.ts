/** How many requests per second arrive, in UTC. */
export interface Rate {
  readonly perSecond: number;
  /** Points over the day, `at` in ms since midnight; between two points the rate runs straight. */
  readonly day?: readonly { readonly at: number; readonly perSecond: number }[];
  /** Times with another rate, in ms since the world's start; the last one that holds counts. */
  readonly bursts?: readonly { readonly from: number; readonly until: number; readonly perSecond: number }[];
}

/** Users who send requests to one listener of a load balancer. */
export interface TrafficSource {
  readonly loadBalancer: string;
  /** The listener's port. */
  readonly port: number;
  readonly path: string;
  readonly host?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly rate: Rate;
  /** Share of requests from clients that have been here before and carry their cookie, 0 to 1. */
  readonly returning: number;
  /** How long a returning client stays on average, in ms. */
  readonly session: number;
}

const DAY = 86_400_000;

/** Requests per second at the time `now` (ms since the epoch) in a world that began at `start`. */
export function rateAt(rate: Rate, now: number, start: number): number {
  const burst = rate.bursts?.findLast(({ from, until }) => now >= start + from && now < start + until);
  if (burst !== undefined) return burst.perSecond;
  const points = rate.day;
  const first = points?.[0];
  const last = points?.at(-1);
  if (points === undefined || first === undefined || last === undefined) return rate.perSecond;
  const time = now % DAY;
  const next = points.find((point) => point.at > time) ?? { at: first.at + DAY, perSecond: first.perSecond };
  const previous = points.findLast((point) => point.at <= time) ?? {
    at: last.at - DAY,
    perSecond: last.perSecond,
  };
  const progress = (time - previous.at) / (next.at - previous.at);
  return previous.perSecond + progress * (next.perSecond - previous.perSecond);
}
