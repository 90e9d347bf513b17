import type { TaskDefinition } from '@aws-sdk/client-ecs';
import type { Clock } from '../clock.ts';
import type { RegistryFront } from './ecr/front.ts';

/** One call that reached the simulated AWS, as an operation sees it. */
export interface Call {
  /** The simulator's time when the call arrived, in milliseconds since the epoch. */
  readonly now: number;
  readonly region: string;
  readonly accountId: string;
  /** The ARN of who calls, when the credentials are those of a role that was assumed here. */
  readonly caller?: string;
  /** As STS tells it: `ROLE_ID:SESSION`. */
  readonly userId?: string;
  /** What the client's SDK says of itself. */
  readonly userAgent?: string;
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
  /** ARNs of the roles that may be assumed; any if there is no list. */
  readonly roles?: readonly string[];
  /** Gives the endpoint of an account's container registry in a region, on the loopback interface. */
  registry?(accountId: string, region: string): Promise<RegistryFront>;
  /** The tags that a resource truly has now, by its ARN, whatever describes show; undefined when it does not exist. */
  tagsOf?(arn: string): ReadonlyMap<string, string> | undefined;
  /** A task definition by `family`, `family:revision` or ARN. */
  taskDefinition?(reference: string): TaskDefinition | undefined;
  /** Closes what it has opened. */
  close?(): Promise<void>;
}

/** How the container registries answer: see `SimulatorOptions`. */
export interface RegistryOptions {
  /** The URL of the OCI registry that keeps their content; it is kept in memory if not given. */
  readonly upstream?: string;
}

export interface SimulatorContext {
  readonly clock: Clock;
  readonly metrics: MetricSink;
  readonly region: string;
  readonly accountId: string;
  /** A seeded random number in [0, 1). */
  readonly random: () => number;
  /** Container registries answer on ports of their own; on none without it. */
  readonly registry?: RegistryOptions;
  /** The state that a CloudWatch alarm has at time `at` (ms), from the metrics added so far; undefined without it. */
  readonly alarmState?: (name: string, at: number) => 'OK' | 'ALARM' | 'INSUFFICIENT_DATA' | undefined;
}
