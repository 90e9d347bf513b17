/**
 * How likely `count` or more faults among `requests` requests are by chance, where each fails with probability
 * `rate`: the upper tail of the binomial distribution, as an incomplete beta function. A rate at which this is small
 * lies below the exact confidence interval of what was seen.
 *
 * C. J. Clopper, E. S. Pearson: The use of confidence or fiducial limits illustrated in the case of the binomial.
 * Biometrika 26 (1934), 404-413. https://doi.org/10.1093/biomet/26.4.404
 */
export function chanceOfAtLeast(count: number, requests: number, rate: number): number {
  if (count <= 0) return 1;
  if (rate <= 0 || count > requests) return 0;
  if (rate >= 1) return 1;
  return incompleteBeta(rate, count, requests - count + 1);
}

/**
 * The regularized incomplete beta function by its continued fraction, evaluated with Lentz's method.
 * https://dlmf.nist.gov/8.17#v
 */
function incompleteBeta(x: number, a: number, b: number): number {
  // The fraction converges quickly on this side of the mean; on the other one, its mirror image does.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
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

/** Lanczos's approximation with g = 7; relative error below 1e-13 for x >= 1. */
function logGamma(x: number): number {
  const coefficients = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ];
  const base = x + 6.5;
  const series = coefficients.reduce(
    (sum, coefficient, index) => sum + coefficient / (x + index),
    0.9999999999998099,
  );
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(series);
}
