/** How many tasks the canary gets: `auto` fits each step's share, `full` is the whole service from the start. */
export interface Capacity {
  readonly mode: 'auto' | 'full';
  /** The canary never has fewer tasks than this. */
  readonly atLeast: number;
}

/** How much the service has to carry, as far as its autoscaler has let us know. */
export interface Load {
  /** Stable's desired tasks when this was found out. */
  readonly stable: number;
  /** Tasks that the whole traffic needs. */
  readonly total: number;
  /** Tasks that the rollout itself has asked for stable: having them says nothing of the load. */
  readonly asked?: number;
}

/** What is known of the size of a service in the middle of a rollout. */
export interface ServiceSize {
  /** Desired tasks when the rollout began, carrying all the traffic. */
  readonly initial: number;
  /** Desired tasks now; an autoscaler may have changed them. */
  readonly now: number;
  /** Percent of the traffic that the canary has now. */
  readonly share: number;
  /** Desired tasks of the canary, if it is there. */
  readonly canary: number;
  /** Tasks that the autoscaler gives stable in any case, by its minimum, which a schedule may raise. */
  readonly least?: number;
  /** How many times as many requests there are as when the rollout began; an autoscaler would go by that. */
  readonly growth?: number;
}

/** What is known of the load before anything has been looked at; a canary of an earlier run was sized by that run. */
const unknown = ({ initial, canary }: ServiceSize, { atLeast }: Capacity): Load => ({
  stable: initial,
  total: Math.max(initial, canary > atLeast ? canary : 0),
});

/**
 * The load, after a look at the service. Where the autoscaler has added tasks to stable, it has sized them for
 * stable's part of the traffic at that time, so the whole is that much larger. One look never more than doubles it:
 * at a share of 90% a single task would stand for ten. The load is not believed to shrink, because scale-in is held.
 * Tasks that a raised minimum has added say nothing of a part: the whole service would have got as many.
 *
 * @param before what the last look has found out
 */
export function measureLoad(capacity: Capacity, size: ServiceSize, before = unknown(size, capacity)): Load {
  const { now, share, initial, least: floor = 0, growth = 1 } = size;
  const { asked = 0 } = before;
  // A service that has no more tasks than it always has may have room for many times as many requests.
  const grown = initial > floor ? Math.ceil(initial * growth - 1e-9) : initial;
  const known = Math.max(before.total, grown);
  if (now <= Math.max(before.stable, asked)) return { ...before, stable: now, total: known };
  const least = Math.max(known, now);
  if (now <= floor) return { ...before, stable: now, total: least };
  const whole = share >= 100 ? now : Math.ceil(now / (1 - share / 100) - 1e-9);
  return { ...before, stable: now, total: Math.max(least, Math.min(whole, 2 * least)) };
}

/** Tasks that the canary needs before it may get `weight` percent of the traffic; at least one. */
export function canaryTasks({ mode, atLeast }: Capacity, { total }: Load, weight: number): number {
  const fitting = mode === 'full' ? total : Math.ceil((total * weight) / 100 - 1e-9);
  return Math.max(1, atLeast, fitting);
}
