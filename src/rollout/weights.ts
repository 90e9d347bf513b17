/** A target group's part of a forward action. Weights are whole numbers from 0 to 999, as ELBv2 takes them. */
export interface WeightedGroup {
  readonly arn: string;
  readonly weight: number;
}

const MAX_WEIGHT = 999;

/**
 * Splits the stable group's weight between stable and canary, leaving the proportions to all other groups of the
 * forward action exactly as they were: the whole action is multiplied by the smallest factor that makes the split
 * exact, or by the one that comes closest where weights up to 999 do not allow that.
 *
 * @param original the groups before the rollout, stable among them, canary not
 * @param share percent of the stable group's traffic for the canary, 0 to 100
 * @returns the groups with the canary last, or `undefined` when the weights are too coarse for this share
 */
export function split(
  original: readonly WeightedGroup[],
  stable: string,
  canary: string,
  share: number,
): readonly WeightedGroup[] | undefined {
  const whole = original.find(({ arn }) => arn === stable)?.weight ?? 0;
  if (share === 0 || whole === 0) return [...original, { arn: canary, weight: 0 }];
  const factor = closestFactor(original, whole, share);
  const total = whole * factor;
  const part = Math.round((total * share) / 100);
  if (share < 100 && (part === 0 || part === total || coarse(part / total, share / 100))) return undefined;
  return [
    ...original.map(({ arn, weight }) => ({
      arn,
      weight: arn === stable ? total - part : weight * factor,
    })),
    { arn: canary, weight: part },
  ];
}

/** More than a fifth off what was asked for is another share, not a rounding. */
const coarse = (actual: number, asked: number): boolean => Math.abs(actual - asked) > asked / 5;

function closestFactor(groups: readonly WeightedGroup[], whole: number, share: number): number {
  const largest = Math.max(1, Math.floor(MAX_WEIGHT / Math.max(...groups.map(({ weight }) => weight))));
  let closest = { factor: 1, off: Number.POSITIVE_INFINITY };
  for (let factor = 1; factor <= largest && closest.off > 0; factor++) {
    const part = (whole * factor * share) / 100;
    const off = Number((Math.abs(part - Math.round(part)) / (whole * factor)).toFixed(12));
    if (off < closest.off) closest = { factor, off };
  }
  return closest.factor;
}

/**
 * The canary's share, in percent, of what a forward action sends to stable and canary together;
 * 0 when neither gets anything.
 */
export function shareOf(groups: readonly WeightedGroup[], stable: string, canary: string): number {
  const weight = (wanted: string) => groups.find(({ arn }) => arn === wanted)?.weight ?? 0;
  const both = weight(stable) + weight(canary);
  return both === 0 ? 0 : (weight(canary) / both) * 100;
}
