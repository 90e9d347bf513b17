import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../clock.ts';
import { tell } from './arrivals.ts';
import type { MetricDelay, MetricFault } from './cloudwatch/arrival.ts';
import { type CloudWatch, createCloudWatch } from './cloudwatch/cloudwatch.ts';
import type { RegistryFront } from './ecr/front.ts';
import { createFaultPlan, type Fault, type FaultKind, type FaultPlan, type ServiceId } from './faults.ts';
import { listen, type Reply } from './http.ts';
import {
  AwsError,
  type Call,
  type MetricSink,
  type Operations,
  type RegistryOptions,
  type SimulatorContext,
  type World,
} from './operation.ts';
import { seededRandom } from './random.ts';
import { accessDenied, internalError, resourceOf, throttled } from './refusals.ts';
import { Credentials } from './sts/credentials.ts';
import { stsOperations } from './sts/operations.ts';
import { createThrottle, type Rate } from './throttle.ts';
import { type Exchange, openExchange } from './wire/exchange.ts';
import type { WireRequest, WireResponse } from './wire/protocol.ts';
import { lateModel, mustExist, serviceModels } from './wire/services.ts';

export interface SimulatorOptions<W extends World = World> {
  readonly clock: Clock;
  /** Decides everything that is random; the same seed gives the same AWS. */
  readonly seed: number;
  readonly region?: string;
  readonly accountId?: string;
  /** Makes the part of AWS that behaves with time. */
  readonly world: (context: SimulatorContext) => W;
  readonly faults?: readonly Fault[];
  /** How long after its end a metric's period becomes readable; 1 to 3 minutes if not given. */
  readonly metricDelay?: MetricDelay;
  readonly metricFaults?: readonly MetricFault[];
  /** Token buckets by service; a service without one is never throttled. */
  readonly throttle?: Readonly<Partial<Record<ServiceId, Rate>>>;
  /** The port to listen on, on the loopback interface; any free one if 0. */
  readonly port?: number;
  /**
   * Opens ports for the container registries, one for each account and region when it is first needed: `true`
   * keeps their content in memory, `upstream` passes it on to an OCI registry. Without it no port is opened.
   */
  readonly registry?: true | RegistryOptions;
  /** Called when a call has been answered, or has been left without an answer. */
  readonly onCall?: (call: RecordedCall) => void;
  /** Called by a fault of kind `kill`. */
  readonly onKill?: (call: RecordedCall) => void;
}

/** One call that reached the simulator. */
export interface RecordedCall {
  /** The call's number, from 1. */
  readonly n: number;
  /** The simulator's time when it arrived, in milliseconds since the epoch. */
  readonly time: number;
  readonly service: string;
  readonly operation: string;
  /** What was asked; undefined when it could not be read. */
  readonly input: object | undefined;
  /** The same for a log: without what the service calls sensitive. */
  readonly shown: unknown;
  /** `pending`, `ok`, the name of the error that was answered, or the fault that left it without an answer. */
  readonly outcome: string;
  /** The fault that struck the call. */
  readonly fault?: FaultKind;
  /** Real milliseconds from its arrival to its answer. */
  readonly ms: number;
}

export interface Simulator<W extends World = World> {
  /** The endpoint for every service. */
  readonly url: string;
  readonly calls: readonly RecordedCall[];
  readonly world: W;
  readonly metrics: MetricSink;
  readonly cloudwatch: CloudWatch;
  readonly faults: FaultPlan;
  /** What the simulator itself did wrong: answers of a wrong shape, exceptions, operations that it lacks. */
  readonly bugs: readonly string[];
  /**
   * The container registry's endpoint of an account in a region, the simulator's own if not given.
   *
   * @throws Error when the simulator was started without `registry`
   */
  registry(place?: { readonly accountId?: string; readonly region?: string }): Promise<RegistryFront>;
  /** Stops listening and breaks every connection. */
  close(): Promise<void>;
  /** The environment in which a child process talks to this AWS, and lives in its time. */
  env(): Record<string, string>;
}

/**
 * Starts an AWS on the loopback interface. Before each call is answered, the world catches up with the clock.
 *
 * @throws Error when the world or a fault names a service or an operation that AWS does not have
 */
export async function startSimulator<W extends World>(options: SimulatorOptions<W>): Promise<Simulator<W>> {
  const { clock, seed, region = 'eu-west-1', accountId = '123456789012' } = options;
  const cloudwatch = createCloudWatch({
    seed,
    region,
    accountId,
    ...(options.metricDelay === undefined ? {} : { delay: options.metricDelay }),
    ...(options.metricFaults === undefined ? {} : { faults: options.metricFaults }),
  });
  const world = options.world({
    clock,
    metrics: cloudwatch.sink,
    region,
    accountId,
    random: seededRandom(seed),
    alarmState: cloudwatch.alarmState,
    ...(options.registry === undefined
      ? {}
      : { registry: options.registry === true ? {} : options.registry }),
  });
  /** The world with the tags of what CloudWatch has. */
  const seen: Pick<World, 'tagsOf' | 'taskDefinition'> = {
    tagsOf: (arn) =>
      arn.split(':')[2] === 'cloudwatch'
        ? cloudwatch.tagsOf(arn)
        : world.tagsOf
          ? world.tagsOf(arn)
          : new Map(),
    ...(world.taskDefinition && { taskDefinition: world.taskDefinition }),
  };
  const credentials = new Credentials();
  const services: Readonly<Record<string, Operations>> = {
    STS: stsOperations(credentials, world.roles),
    CloudWatch: cloudwatch.operations,
    ...world.services,
  };
  for (const [service, operations] of Object.entries(services)) {
    for (const operation of Object.keys(operations)) mustExist(service, operation);
  }
  const plan = createFaultPlan();
  const faults: FaultPlan = {
    ...plan,
    add: (fault) => {
      mustExist(fault.service, fault.operation);
      plan.add(fault);
    },
  };
  for (const fault of options.faults ?? []) faults.add(fault);
  const mayCall = createThrottle(options.throttle);
  const calls: Mutable<RecordedCall>[] = [];
  const bugs: string[] = [];
  let latest = Number.NEGATIVE_INFINITY;

  function record(request: WireRequest, exchange: Exchange | undefined): Mutable<RecordedCall> {
    // Time never goes backwards, whatever the machine's clock does.
    latest = Math.max(latest, clock.now());
    const recorded: Mutable<RecordedCall> = {
      n: calls.length + 1,
      time: latest,
      service: exchange?.service.id ?? 'unknown',
      operation: exchange?.operation.name ?? String(request.headers['x-amz-target'] ?? request.url),
      input: undefined,
      get shown() {
        return this.input && exchange?.shown(this.input);
      },
      outcome: 'pending',
      ms: 0,
    };
    calls.push(recorded);
    return recorded;
  }

  async function perform(exchange: Exchange, input: object, call: Call): Promise<WireResponse> {
    const { service, operation } = exchange;
    world.advance(call.now);
    cloudwatch.advance(call.now);
    const effect = services[service.id]?.[operation.name];
    if (!effect) {
      const lack = `${service.id} ${operation.name} is not simulated`;
      bugs.push(lack);
      throw new AwsError('NotImplemented', lack, 501);
    }
    // The wire has just made sure, by the schema, that the input is what the operation takes.
    return exchange.answer((await effect(input as never, call)) ?? {});
  }

  async function serve(
    exchange: Exchange,
    recorded: Mutable<RecordedCall>,
  ): Promise<WireResponse | NoAnswer> {
    const service = exchange.service.id;
    const operation = exchange.operation.name;
    const call: Call = {
      now: recorded.time,
      region,
      accountId,
      userAgent: exchange.request.headers['user-agent'] ?? '',
      ...credentials.signer(exchange.request.headers.authorization),
    };
    const fault = faults.strike({ n: recorded.n, service, operation });
    if (fault) recorded.fault = fault.kind;
    const input = exchange.input();
    recorded.input = input;
    tell({ service, operation, input, userAgent: call.userAgent ?? '', call, world: seen });
    if (fault?.kind === 'throttle' || !mayCall(service, call.now)) throw throttled(service);
    if (fault?.kind === 'internal-error') throw internalError(service);
    if (fault?.kind === 'access-denied') {
      throw accessDenied(service, operation, fault.resource ?? resourceOf(service, input, call), call);
    }
    if (!fault) return await perform(exchange, input, call);
    if (fault.kind === 'cut') return cutShort(await perform(exchange, input, call), fault.pieces ?? 2);
    if (fault.kind === 'lost-answer' || fault.after) await perform(exchange, input, call);
    return fault.kind;
  }

  /** A stream whose own mistakes are told: it is written long after its call has been answered. */
  async function* watched(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      if (!(error instanceof CutShort)) {
        bugs.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
      }
      throw error;
    }
  }

  async function handle(request: WireRequest): Promise<Reply> {
    const started = systemClock.now();
    const requestId = randomUUID();
    const late = await lateModel(request.headers.authorization);
    const exchange = openExchange(late ? [late] : serviceModels, request, requestId);
    const recorded = record(request, exchange);
    let answer: WireResponse | NoAnswer;
    try {
      answer = exchange ? await serve(exchange, recorded) : unknownOperation(recorded.operation);
      recorded.outcome = typeof answer === 'string' ? answer : exchange ? 'ok' : 'UnknownOperationException';
    } catch (error) {
      const refusal = error instanceof AwsError ? error : simulatorBug(error, recorded);
      if (refusal !== error)
        bugs.push(error instanceof Error ? (error.stack ?? error.message) : refusal.message);
      recorded.outcome = refusal.name;
      answer = exchange?.refuse(refusal) ?? unknownOperation(recorded.operation);
    }
    recorded.ms = systemClock.now() - started;
    options.onCall?.(recorded);
    if (answer === 'kill') options.onKill?.(recorded);
    if (answer === 'lost-answer') return 'break';
    if (typeof answer === 'string') return 'silence';
    const { body } = answer;
    return {
      ...answer,
      body: typeof body === 'string' || body instanceof Uint8Array ? body : watched(body),
      headers: { ...answer.headers, 'x-amzn-requestid': requestId },
    };
  }

  const { url, close } = await listen(options.port ?? 0, handle);
  return {
    url,
    close: async () => {
      await Promise.all([close(), world.close?.()]);
    },
    registry: async (place = {}) => {
      if (options.registry === undefined || !world.registry) {
        throw new Error('the simulator was started without container registries');
      }
      return await world.registry(place.accountId ?? accountId, place.region ?? region);
    },
    calls,
    world,
    metrics: cloudwatch.sink,
    cloudwatch,
    faults,
    bugs,
    env: () => ({
      AWS_ENDPOINT_URL: url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...(clock === systemClock
        ? {}
        : { DEPLOY_ACTIONS_CLOCK: `${systemClock.now()} ${clock.now()} ${clock.scale}` }),
    }),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Faults that leave a call without an answer. */
type NoAnswer = 'timeout' | 'lost-answer' | 'kill';

class CutShort extends Error {}

/** A stream that breaks after some of its messages, or an object after half of it; any other answer is lost. */
function cutShort(answer: WireResponse, pieces: number): WireResponse | 'lost-answer' {
  const { body } = answer;
  if (body instanceof Uint8Array && answer.headers['content-length'] !== undefined)
    return { ...answer, body: half(body) };
  if (typeof body === 'string' || body instanceof Uint8Array) return 'lost-answer';
  async function* first(whole: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let left = pieces;
    for await (const piece of whole) {
      if (left-- <= 0) throw new CutShort();
      yield piece;
    }
  }
  return { ...answer, body: first(body) };
}

async function* half(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body.subarray(0, body.length / 2);
  throw new CutShort();
}

function simulatorBug(error: unknown, call: RecordedCall): AwsError {
  const what = error instanceof Error ? error.message : String(error);
  return new AwsError(
    'SimulatorBug',
    `the simulator failed at ${call.service} ${call.operation}: ${what}`,
    500,
  );
}

function unknownOperation(operation: string): WireResponse {
  return {
    status: 404,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({
      __type: 'UnknownOperationException',
      message: `there is no operation ${operation}`,
    }),
  };
}
