/**
 * The Mann-Whitney U test by its normal approximation, and the interval of location shifts that it does not reject.
 *
 * H. B. Mann, D. R. Whitney: On a test of whether one of two random variables is stochastically larger than the other.
 * The Annals of Mathematical Statistics 18 (1947), 50-60. https://doi.org/10.1214/aoms/1177730491
 * M. Hollander, D. A. Wolfe, E. Chicken: Nonparametric statistical methods (2014), chapter 4, for ties and the interval.
 */

export interface MannWhitney {
  /** Pairs in which the value of `x` is the larger one; a tie counts half. */
  readonly u: number;
  /** How likely a `u` at least as far from its mean is by chance, if both samples come from one distribution. */
  readonly twoSided: number;
  /** How likely a `u` at least as large is. */
  readonly greater: number;
}

/** How far `x` lies above `y`. */
export interface Shift {
  readonly lower: number;
  readonly upper: number;
  /** Close to the median of all pairs' differences (Hodges and Lehmann). */
  readonly estimate: number;
}

/** Both with the continuity correction. Where all values are tied nothing can be told, and the p-values are 1. */
export function mannWhitney(x: readonly number[], y: readonly number[]): MannWhitney {
  const { excess, deviation } = compare(sorted(x), sorted(y), 0);
  return {
    u: excess + (x.length * y.length) / 2,
    twoSided: deviation === 0 ? 1 : Math.min(1, 2 * normalTail((Math.abs(excess) - 0.5) / deviation)),
    greater: deviation === 0 ? 1 : normalTail((excess - 0.5) / deviation),
  };
}

/**
 * The shifts of `x` against `y` that a two-sided test does not reject: where the standardized U of `x - shift` and `y`
 * passes +`deviates` and -`deviates`, within the smallest and the largest difference of a pair. It is a step function:
 * each bound is close to a difference of a pair, and on a stretch at 0 the estimate is where the search came upon it.
 *
 * @param deviates normal quantile of the confidence: 2.3263 for 98%
 * @param tolerance how exact the three are
 * @returns undefined where each sample is a single value, or the same one throughout: no shift can be rejected
 */
export function shiftInterval(
  x: readonly number[],
  y: readonly number[],
  deviates: number,
  tolerance = 1e-4,
): Shift | undefined {
  const [above, below] = [sorted(x), sorted(y)];
  const smallest = at(above, 0) - at(below, below.length - 1);
  const largest = at(above, above.length - 1) - at(below, 0);
  const statistic = (shift: number): number => standardized(above, below, shift);
  const [first, last] = [statistic(smallest), statistic(largest)];
  if (Number.isNaN(first) || Number.isNaN(last)) return undefined;
  const passes = (level: number): number => {
    if (first <= level) return smallest;
    if (last >= level) return largest;
    const beyond = (shift: number): number => statistic(shift) - level;
    return root(beyond, { x: smallest, y: first - level }, { x: largest, y: last - level }, tolerance);
  };
  return { lower: passes(deviates), upper: passes(-deviates), estimate: passes(0) };
}

/** The continuity correction moves U by half a pair towards its mean. NaN where all values are tied. */
function standardized(x: Float64Array, y: Float64Array, shift: number): number {
  const { excess, deviation } = compare(x, y, shift);
  return (excess - 0.5 * Math.sign(excess)) / deviation;
}

/**
 * By how much U of `x - shift` and `y` lies above its mean, and its standard deviation. Both samples are sorted: one
 * pass over them counts pairs and ties, where ranking them would sort them again for every shift.
 */
function compare(x: Float64Array, y: Float64Array, shift: number): { excess: number; deviation: number } {
  const m = x.length;
  const n = y.length;
  let u = 0;
  let ties = 0;
  let i = 0;
  let j = 0;
  while (i < m || j < n) {
    const left = i < m ? at(x, i) - shift : Infinity;
    const right = j < n ? at(y, j) : Infinity;
    const value = left < right ? left : right;
    const i0 = i;
    const j0 = j;
    while (i < m && at(x, i) - shift === value) i += 1;
    while (j < n && at(y, j) === value) j += 1;
    u += (i - i0) * ((j0 + j) / 2);
    const tied = i - i0 + (j - j0);
    ties += tied * tied * tied - tied;
  }
  const all = m + n;
  const variance = ((m * n) / 12) * (all + 1 - ties / (all * (all - 1)));
  return { excess: u - (m * n) / 2, deviation: Math.sqrt(Math.max(0, variance)) };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Brent's method, in the form that R's uniroot has and those who took it over from there: of the places where a step
 * function is 0, another form would find another one.
 *
 * R. P. Brent: Algorithms for minimization without derivatives (1973), chapter 4.
 */
function root(of: (x: number) => number, from: Point, to: Point, tolerance: number): number {
  if (from.y === 0) return from.x;
  if (to.y === 0) return to.x;
  // The root is between `best` and `opposite`, whose values differ in sign.
  let [previous, best, opposite] = [from, to, from];
  for (let tries = 0; tries < 1000; tries += 1) {
    const moved = best.x - previous.x;
    if (Math.abs(opposite.y) < Math.abs(best.y)) [previous, best, opposite] = [best, opposite, best];
    const least = 2 * Number.EPSILON * Math.abs(best.x) + tolerance / 2;
    const half = (opposite.x - best.x) / 2;
    if (Math.abs(half) <= least || best.y === 0) return best.x;
    let step = half;
    if (Math.abs(moved) >= least && Math.abs(previous.y) > Math.abs(best.y)) {
      step = interpolated(previous, best, opposite, moved, least) ?? half;
    }
    if (Math.abs(step) < least) step = step > 0 ? least : -least;
    const x = best.x + step;
    previous = best;
    best = { x, y: of(x) };
    if (Math.sign(best.y) === Math.sign(opposite.y)) opposite = previous;
  }
  return best.x;
}

/** A step by the secant, or the inverse parabola through three points, if it stays well inside and gets shorter. */
function interpolated(
  previous: Point,
  best: Point,
  opposite: Point,
  moved: number,
  least: number,
): number | undefined {
  const width = opposite.x - best.x;
  const s = best.y / previous.y;
  let p = width * s;
  let q = 1 - s;
  if (previous.x !== opposite.x) {
    const [r, t] = [previous.y / opposite.y, best.y / opposite.y];
    p = s * (width * r * (r - t) - (best.x - previous.x) * (t - 1));
    q = (r - 1) * (t - 1) * (s - 1);
  }
  if (p > 0) q = -q;
  else p = -p;
  const shorter = p < 0.75 * width * q - Math.abs(least * q) / 2 && p < Math.abs((moved * q) / 2);
  return shorter ? p / q : undefined;
}

/**
 * Upper tail of the standard normal distribution: the series near the middle, the continued fraction in the tail.
 * https://dlmf.nist.gov/7.6#E2, https://dlmf.nist.gov/7.9#E1
 */
function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let sum = 0;
    for (let term = z, k = 1; term > sum * 1e-17; k += 2, term *= (z * z) / k) sum += term;
    return 0.5 - density * sum;
  }
  let fraction = z;
  for (let k = 100; k > 0; k -= 1) fraction = z + k / fraction;
  return density / fraction;
}

const sorted = (values: readonly number[]): Float64Array => new Float64Array(values).sort();

const at = (values: Float64Array, index: number): number => values[index] as number;
