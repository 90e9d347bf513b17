/** How many tasks the canary gets: `auto` fits each step's share, `full` is the whole service from the start. */
export interface Capacity {
  readonly mode: 'auto' | 'full';
  /** The canary never has fewer tasks than this. */
  readonly atLeast: number;
}

/** What is known of the stable service's size. */
export interface ServiceSize {
  /** Desired tasks when the rollout began, carrying all the traffic. */
  readonly initial: number;
  /** Desired tasks now; an autoscaler may have changed them. */
  readonly now: number;
  /** Percent of the traffic that the canary has now. */
  readonly share: number;
}

/**
 * Tasks that the whole traffic needs. Where the autoscaler has added tasks to stable since the rollout began, it
 * has sized them for stable's part of the traffic only, so the whole is that much larger.
 */
export function totalTasks({ initial, now, share }: ServiceSize): number {
  if (now <= initial || share >= 100) return Math.max(initial, now);
  return Math.ceil(now / (1 - share / 100) - 1e-9);
}

/** Tasks that the canary needs before it may get `weight` percent of the traffic; at least one. */
export function canaryTasks(capacity: Capacity, size: ServiceSize, weight: number): number {
  const total = totalTasks(size);
  const fitting = capacity.mode === 'full' ? total : Math.ceil((total * weight) / 100 - 1e-9);
  return Math.max(1, capacity.atLeast, fitting);
}
