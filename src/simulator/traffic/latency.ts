import { multinomial, normal } from '../world/chance.ts';
import type { Latency } from './behaviour.ts';

type Random = () => number;

/** `count` requests that took `ms` milliseconds. */
export interface LatencySample {
  readonly ms: number;
  readonly count: number;
}

/** Up to this many requests are drawn one by one. */
const ONE_BY_ONE = 40;
/** The 95th percentile of the standard normal distribution. */
const Z95 = 1.6448536269514722;

/** Bins by their share of requests, finer towards the tail that judges look at: 18 x 5%, 9 x 1%, 10 x 0.1%. */
const WIDTHS: readonly number[] = [
  ...Array.from({ length: 18 }, () => 0.05),
  ...Array.from({ length: 9 }, () => 0.01),
  ...Array.from({ length: 10 }, () => 0.001),
];

/**
 * The inverse of the standard normal distribution function (Acklam's rational approximation, error below 1.2e-9);
 * https://web.archive.org/web/2015/http://home.online.no/~pjacklam/notes/invnorm/
 */
export function normalQuantile(p: number): number {
  const tail = (q: number): number =>
    (((((-7.784894002430293e-3 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) *
      q +
      4.374664141464968) *
      q +
      2.938163982698783) /
    ((((7.784695709041462e-3 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q +
      1);
  if (p < 0.02425) return tail(Math.sqrt(-2 * Math.log(p)));
  if (p > 1 - 0.02425) return -tail(Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5;
  const r = q * q;
  return (
    ((((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
      2.506628277459239) *
      q) /
    (((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
      13.28068155288572) *
      r +
      1)
  );
}

/** The bins' edges on the standard normal scale. The outermost edges stand for the rest of both tails. */
const EDGES: readonly number[] = (() => {
  let p = 0;
  const edges = [normalQuantile(0.0005)];
  for (const width of WIDTHS) {
    p += width;
    edges.push(normalQuantile(Math.min(p, 0.9999)));
  }
  return edges;
})();

/** A bin with many requests is spread over several values, this many requests each, but not too many values. */
const PART = 15;
const MOST_PARTS = 5;
/** Multiples of it, modulo 1, fill the unit interval evenly. */
const GOLDEN = 0.6180339887498949;

/**
 * The latencies of `count` requests that follow the distribution. Large counts are drawn as counts per bin
 * (multinomial), so that the number of requests above any bound varies as it would if each were drawn.
 *
 * @param turn a number that grows from call to call: a bin's requests share a value or few, which
 *   wander evenly through the bin with it. Random values would move them over a bound together, and too often.
 */
export function drawLatencies(
  random: Random,
  latency: Latency,
  count: number,
  turn: number,
): LatencySample[] {
  const mu = Math.log(latency.p50);
  const sigma = Math.log(Math.max(latency.p95, latency.p50) / latency.p50) / Z95;
  if (count <= ONE_BY_ONE) {
    return Array.from({ length: count }, () => ({ ms: Math.exp(mu + sigma * normal(random)), count: 1 }));
  }
  const samples: LatencySample[] = [];
  multinomial(random, count, WIDTHS).forEach((inBin, bin) => {
    if (inBin === 0) return;
    const low = EDGES[bin] ?? 0;
    const width = (EDGES[bin + 1] ?? low) - low;
    const parts = Math.min(MOST_PARTS, Math.ceil(inBin / PART));
    const within = ((turn + bin) * GOLDEN) % 1;
    for (let part = 0; part < parts; part++) {
      const z = low + (width * (part + within)) / parts;
      const share = Math.floor((inBin * (part + 1)) / parts) - Math.floor((inBin * part) / parts);
      samples.push({ ms: Math.exp(mu + sigma * z), count: share });
    }
  });
  return samples;
}
