/** A token bucket: `burst` calls at once, `rate` calls a second in the long run. */
export interface Rate {
  /** Tokens a second of the simulator's time. */
  readonly rate: number;
  readonly burst: number;
}

/** Token buckets by service; a service without one is never throttled. */
export function createThrottle(
  rates: Readonly<Record<string, Rate>> = {},
): (service: string, now: number) => boolean {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (service, now) => {
    const limit = rates[service];
    if (!limit) return true;
    const bucket = buckets.get(service) ?? { tokens: limit.burst, at: now };
    buckets.set(service, bucket);
    bucket.tokens = Math.min(limit.burst, bucket.tokens + ((now - bucket.at) / 1000) * limit.rate);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  };
}
