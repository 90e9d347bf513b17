/** Draws from the distributions that traffic follows. `random` gives seeded numbers in [0, 1). */

type Random = () => number;

/** A standard normal number (Box-Muller). */
export function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}

/** How many events happen when `mean` are expected; exact below a mean of 60, the rounded normal above. */
export function poisson(random: Random, mean: number): number {
  if (mean <= 0) return 0;
  if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}

/** How many of `trials` succeed with probability `p` each; exact where the normal curve would be off. */
export function binomial(random: Random, trials: number, p: number): number {
  if (trials <= 0 || p <= 0) return 0;
  if (p >= 1) return trials;
  if (p > 0.5) return trials - binomial(random, trials, 1 - p);
  const mean = trials * p;
  if (mean > 60) {
    const drawn = Math.round(mean + Math.sqrt(mean * (1 - p)) * normal(random));
    return Math.min(trials, Math.max(0, drawn));
  }
  // Inversion: walk up the distribution function until it passes the drawn number.
  const ratio = p / (1 - p);
  let probability = (1 - p) ** trials;
  let rest = random();
  let count = 0;
  while (rest > probability && count < trials) {
    rest -= probability;
    probability *= (ratio * (trials - count)) / (count + 1);
    count++;
  }
  return count;
}

/**
 * Divides `total` at random over the given weights: a multinomial draw as successive binomials.
 * All-zero weights give all zeros.
 */
export function multinomial(random: Random, total: number, weights: readonly number[]): number[] {
  let restWeight = weights.reduce((sum, weight) => sum + weight, 0);
  let rest = total;
  return weights.map((weight) => {
    if (rest <= 0 || weight <= 0) return 0;
    const drawn = weight >= restWeight ? rest : binomial(random, rest, weight / restWeight);
    restWeight -= weight;
    rest -= drawn;
    return drawn;
  });
}
