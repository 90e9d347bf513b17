import type { MetricSink, SimulatorContext } from '../operation.ts';
import { EventQueue } from './queue.ts';

/** What every part of the simulated world shares: time, chance, names and the place where metrics go. */
export interface Kernel {
  readonly events: EventQueue;
  readonly metrics: MetricSink;
  readonly region: string;
  readonly accountId: string;
  /** A seeded random number in [0, 1). */
  readonly random: () => number;
  /** A random number of milliseconds in [min, max). */
  readonly between: (min: number, max: number) => number;
  /** How long a write stays invisible to describes, in ms; drawn anew for each write. */
  readonly consistencyLag: () => number;
  /** An ARN of this account and region. */
  readonly arn: (service: string, resource: string) => string;
}

/** @param start where the world's time begins, in ms since the epoch */
export function createKernel(
  context: SimulatorContext,
  start: number,
  lag: { readonly min: number; readonly max: number },
): Kernel {
  const between = (min: number, max: number): number => min + context.random() * (max - min);
  return {
    events: new EventQueue(start),
    metrics: context.metrics,
    region: context.region,
    accountId: context.accountId,
    random: context.random,
    between,
    consistencyLag: () => Math.round(between(lag.min, lag.max)),
    arn: (service, resource) => `arn:aws:${service}:${context.region}:${context.accountId}:${resource}`,
  };
}
