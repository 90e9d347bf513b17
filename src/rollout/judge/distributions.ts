/**
 * How likely `count` or more faults among `requests` requests are by chance, where each fails with probability
 * `rate`: the upper tail of the binomial distribution. A rate at which this is small lies below the exact confidence
 * interval of what was seen.
 *
 * C. J. Clopper, E. S. Pearson: The use of confidence or fiducial limits illustrated in the case of the binomial.
 * Biometrika 26 (1934), 404-413. https://doi.org/10.1093/biomet/26.4.404
 */
export function chanceOfAtLeast(count: number, requests: number, rate: number): number {
  if (count <= 0) return 1;
  if (rate <= 0 || count > requests) return 0;
  if (rate >= 1) return 1;
  return regularizedBeta(rate, count, requests - count + 1);
}

/**
 * How likely `count` or more faults are where `mean` are expected and the rate itself varies: the upper tail of the
 * negative binomial distribution. https://dlmf.nist.gov/8.17#i
 *
 * @param dispersion variance of the rate, relative to the square of its mean; 0 is the Poisson distribution
 */
export function chanceOfCount(count: number, mean: number, dispersion: number): number {
  if (count <= 0) return 1;
  if (mean <= 0) return 0;
  const shape = 1 / Math.max(dispersion, 1e-6);
  return regularizedBeta(mean / (mean + shape), count, shape);
}

/**
 * Logarithm of the beta-binomial probability of `count` out of `total`, but for the binomial coefficient, which cancels
 * where two of them are compared. Both may be fractions.
 *
 * @param share mean of the beta distribution, between 0 and 1
 * @param precision sum of its two parameters; the larger, the closer to the binomial distribution
 */
export function logBetaBinomial(count: number, total: number, share: number, precision: number): number {
  const a = precision * share;
  const b = precision - a;
  return logGammaRise(a, count) + logGammaRise(b, total - count) - logGammaRise(precision, total);
}

/** So many factors are multiplied sooner than their gamma functions are had. */
const FEW = 8;

/** ln Γ(x + n) - ln Γ(x), for x > 0 and n >= 0. */
function logGammaRise(x: number, n: number): number {
  if (n <= FEW && Number.isInteger(n)) {
    let product = 1;
    for (let factor = 0; factor < n; factor++) product *= x + factor;
    return Math.log(product);
  }
  return logGamma(x + n) - logGamma(x);
}

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** Stirling's series, for x > 0; smaller ones are led back to where it is good to 1e-13. https://dlmf.nist.gov/5.11#i */
export function logGamma(x: number): number {
  let product = 1;
  let shifted = x;
  while (shifted < 12) {
    product *= shifted;
    shifted += 1;
  }
  const inverse = 1 / shifted;
  const square = inverse * inverse;
  const series =
    inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))));
  const large = (shifted - 0.5) * Math.log(shifted) - shifted + HALF_LOG_TWO_PI + series;
  return product === 1 ? large : large - Math.log(product);
}

/**
 * The regularized incomplete beta function by its continued fraction, evaluated with Lentz's method.
 * https://dlmf.nist.gov/8.17#v
 */
function regularizedBeta(x: number, a: number, b: number): number {
  // The fraction converges quickly on this side of the mean; on the other one, its mirror image does.
  if (x > (a + 1) / (a + b + 2)) return 1 - regularizedBeta(1 - x, b, a);
  const front =
    Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const tiny = 1e-300;
  const safe = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / safe(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / safe(1 + even * d);
    c = safe(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / safe(1 + odd * d);
    c = safe(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-12) break;
  }
  return Math.min(1, front * fraction);
}
