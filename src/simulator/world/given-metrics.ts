import type { ScenarioMetric } from '../scenario/scenario.ts';
import type { Kernel } from './kernel.ts';

const MINUTE = 60_000;

/** Writes the metrics of a scenario once a minute, from now on; `start` (ms) is what their times are after. */
export function writeGivenMetrics(kernel: Kernel, metrics: readonly ScenarioMetric[], start: number): void {
  if (metrics.length === 0) return;
  const { events } = kernel;
  for (const { namespace, name, dimensions, unit, value, later = [] } of metrics) {
    const passed = later.filter(({ after }) => start + after <= events.now);
    kernel.metrics.add({
      namespace,
      name,
      dimensions,
      at: events.now,
      value: passed.at(-1)?.value ?? value,
      ...(unit !== undefined && { unit }),
    });
  }
  events.after(MINUTE, () => writeGivenMetrics(kernel, metrics, start));
}
