import type { Conduct } from './behaviour.ts';

/** CPU of a task that has nothing to do. */
const IDLE = 0.02;
/** Up to this share of its capacity a task answers as quickly as it can. */
const COMFORTABLE = 0.7;

/** CPU of a task in percent, by its load: requests per second over its capacity. */
export const cpuPercent = (load: number): number => Math.min(1, IDLE + load * (1 - IDLE)) * 100;

/**
 * How a task answers under load: slower from 70% of its capacity on, four times as slow at 100%;
 * beyond that it fails what it cannot serve.
 */
export function underLoad(conduct: Conduct, load: number): Conduct {
  if (load <= COMFORTABLE) return conduct;
  const strain = Math.min(1, (load - COMFORTABLE) / (1 - COMFORTABLE));
  const slower = 1 + 3 * strain ** 2;
  const { p50, p95 } = conduct.latency;
  const unserved = load > 1 ? 1 - 1 / load : 0;
  return {
    ...conduct,
    latency: { p50: p50 * slower, p95: p95 * slower },
    errorRate: conduct.errorRate + (1 - conduct.errorRate) * unserved,
  };
}
