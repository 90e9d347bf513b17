import type { Kernel } from '../world/kernel.ts';
import { type ScenarioQuotas, usageMetric } from './model.ts';

/** CloudWatch hears of it so often, in ms. */
const EVERY = 300_000;

/** Tells CloudWatch what is used of the limits, from now on. */
export function tellUsage({ events, metrics }: Kernel, quotas: ScenarioQuotas): void {
  const known = Object.entries(quotas).flatMap(([quota, { used }]) =>
    used === undefined ? [] : [{ quota, used }],
  );
  if (known.length === 0) return;
  const tell = () => {
    for (const { quota, used } of known) metrics.add({ ...usageMetric(quota), at: events.now, value: used });
    events.at(events.now + EVERY, tell);
  };
  tell();
}
