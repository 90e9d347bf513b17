import type { Clock } from '../clock.ts';

/** One call that reached the simulated AWS, as an operation sees it. */
export interface Call {
  /** The simulator's time when the call arrived, in milliseconds since the epoch. */
  readonly now: number;
  readonly region: string;
  readonly accountId: string;
}

/**
 * One AWS operation. The input is what the SDK's own schema reads from the wire (already checked against it),
 * the answer is checked against the output schema before it is written.
 * `never` lets every service type its operations with the SDK's own `XCommandInput`; the wire calls them through
 * the schema that makes this true.
 */
export type Operation = (input: never, call: Call) => object | undefined | Promise<object | undefined>;

/** A service's operations by their AWS names, such as `DescribeServices`. */
export type Operations = Record<string, Operation>;

/** An error that AWS itself would answer: `name` is the modelled error's name or code. */
export class AwsError extends Error {
  readonly status: number;
  readonly body: Record<string, unknown>;

  constructor(name: string, message: string, status = 400, body: Record<string, unknown> = {}) {
    super(message);
    this.name = name;
    this.status = status;
    this.body = body;
  }
}

/** Where the world writes what happened, for CloudWatch to answer from. */
export interface MetricSink {
  /**
   * Adds a sample (or `count` equal samples) to the metric at time `at` (ms).
   * The store rolls samples up into periods of 60 s; a period becomes readable only some minutes after its end.
   */
  add(sample: {
    namespace: string;
    name: string;
    dimensions: Readonly<Record<string, string>>;
    at: number;
    value: number;
    count?: number;
    unit?: string;
  }): void;
}

/** The part of the simulated AWS that behaves with time: it is told to catch up before each call is answered. */
export interface World {
  /** Lets everything happen that is due up to `now` (ms): task life cycles, health checks, traffic, metrics. */
  advance(now: number): void;
  /** Operations by the SDK's service id: `ECS`, `Elastic Load Balancing v2`, ... */
  readonly services: Readonly<Record<string, Operations>>;
}

export interface SimulatorContext {
  readonly clock: Clock;
  readonly metrics: MetricSink;
  readonly region: string;
  readonly accountId: string;
  /** A seeded random number in [0, 1). */
  readonly random: () => number;
  /** The state that a CloudWatch alarm has at time `at` (ms), from the metrics added so far; undefined without it. */
  readonly alarmState?: (name: string, at: number) => 'OK' | 'ALARM' | 'INSUFFICIENT_DATA' | undefined;
}
