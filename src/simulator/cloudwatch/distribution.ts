/** A value and how often it occurred. */
export type Weighted = readonly [value: number, weight: number];

/** All samples of a metric in some stretch of time, as values and how often each occurred. */
export class Distribution {
  readonly #counts = new Map<number, number>();
  #sorted: readonly Weighted[] | undefined;

  add(value: number, count = 1): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + count);
    this.#sorted = undefined;
  }

  merge(other: Distribution): void {
    for (const [value, count] of other.sorted) this.add(value, count);
  }

  /** The values in ascending order with their counts. */
  get sorted(): readonly Weighted[] {
    this.#sorted ??= [...this.#counts].sort(([a], [b]) => a - b);
    return this.#sorted;
  }

  get count(): number {
    return weightOf(this.sorted);
  }

  get sum(): number {
    return sumOf(this.sorted);
  }

  /** The smallest value of which at least `percent` of all samples are not above. */
  percentile(percent: number): number | undefined {
    const rank = (percent / 100) * this.count;
    let seen = 0;
    for (const [value, count] of this.sorted) {
      seen += count;
      // The sum of counts is exact, the rank is a product: allow it a rounding error.
      if (seen >= rank - 1e-9) return value;
    }
    return this.sorted.at(-1)?.[0];
  }

  /** The samples between two shares (0 to 1) of the sorted whole; a value on a border is taken in part. */
  between(low: number, high: number): Weighted[] {
    const total = this.count;
    const kept: Weighted[] = [];
    let seen = 0;
    for (const [value, count] of this.sorted) {
      const weight = Math.min(seen + count, high * total) - Math.max(seen, low * total);
      if (weight > 1e-9) kept.push([value, weight]);
      seen += count;
    }
    return kept;
  }

  /** The samples with low < value <= high. */
  within(low: number, high: number): Weighted[] {
    return this.sorted.filter(([value]) => value > low && value <= high);
  }

  /** About half of the samples, spread evenly over the values. */
  half(): Distribution {
    const half = new Distribution();
    let up = true;
    for (const [value, count] of this.sorted) {
      const kept = up ? Math.ceil(count / 2) : Math.floor(count / 2);
      if (count % 2 === 1) up = !up;
      if (kept > 0) half.add(value, kept);
    }
    return half;
  }
}

export const weightOf = (samples: readonly Weighted[]): number =>
  samples.reduce((sum, [, weight]) => sum + weight, 0);

export const sumOf = (samples: readonly Weighted[]): number =>
  samples.reduce((sum, [value, weight]) => sum + value * weight, 0);
