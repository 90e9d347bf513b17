import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import type { MetricDelay, MetricFault } from './cloudwatch/arrival.ts';
import { type CloudWatch, createCloudWatch } from './cloudwatch/cloudwatch.ts';
import { createFaultPlan, type Fault, type FaultKind, type FaultPlan, type ServiceId } from './faults.ts';
import {
  AwsError,
  type Call,
  type MetricSink,
  type Operations,
  type SimulatorContext,
  type World,
} from './operation.ts';
import { seededRandom } from './random.ts';
import { accessDenied, internalError, resourceOf, throttled } from './refusals.ts';
import { stsOperations } from './sts/operations.ts';
import { createThrottle, type Rate } from './throttle.ts';
import { type Exchange, openExchange } from './wire/exchange.ts';
import type { WireRequest, WireResponse } from './wire/protocol.ts';
import { serviceModels } from './wire/services.ts';

export interface SimulatorOptions<W extends World = World> {
  readonly clock: Clock;
  /** Decides everything that is random; the same seed gives the same AWS. */
  readonly seed: number;
  readonly region?: string;
  readonly accountId?: string;
  /** Makes the part of AWS that behaves with time. */
  readonly world: (context: SimulatorContext) => W;
  readonly faults?: readonly Fault[];
  /** How long after its end a metric's period becomes readable; see {@link MetricDelay}. */
  readonly metricDelay?: MetricDelay;
  readonly metricFaults?: readonly MetricFault[];
  /** Token buckets by service; none means never throttled. */
  readonly throttle?: Readonly<Partial<Record<ServiceId, Rate>>>;
  /** The port to listen on, on the loopback interface; any free one if 0. */
  readonly port?: number;
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
  /** Stops listening and breaks every connection. */
  close(): Promise<void>;
  /** The environment in which a child process talks to this AWS, and lives in its time. */
  env(): Record<string, string>;
}

/**
 * Starts an AWS on the loopback interface, for the services of {@link serviceModels}.
 *
 * @throws Error when the world or a fault names a service or an operation that AWS does not have
 */
export async function startSimulator<W extends World>(options: SimulatorOptions<W>): Promise<Simulator<W>> {
  const { clock, seed, region = 'eu-west-1', accountId = '123456789012', port = 0 } = options;
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
  });
  const services: Readonly<Record<string, Operations>> = {
    STS: stsOperations,
    CloudWatch: cloudwatch.operations,
    ...world.services,
  };
  for (const [service, operations] of Object.entries(services)) {
    for (const operation of Object.keys(operations)) mustExist(service, operation);
  }
  const faults = createFaultPlan();
  const addFault = (fault: Fault) => {
    mustExist(fault.service, fault.operation);
    faults.add(fault);
  };
  for (const fault of options.faults ?? []) addFault(fault);
  const mayCall = createThrottle(options.throttle);
  const calls: Mutable<RecordedCall>[] = [];
  const bugs: string[] = [];
  let latest = Number.NEGATIVE_INFINITY;

  /** Answers a call, or tells why it gets no answer. */
  async function serve(
    exchange: Exchange,
    recorded: Mutable<RecordedCall>,
  ): Promise<WireResponse | NoAnswer> {
    const { service, operation } = exchange;
    const call: Call = { now: recorded.time, region, accountId };
    const fault = faults.strike({ n: recorded.n, service: service.id, operation: operation.name });
    if (fault) recorded.fault = fault.kind;
    const input = exchange.input();
    recorded.input = input;
    if (fault?.kind === 'throttle') throw throttled(service.id);
    if (fault?.kind === 'internal-error') throw internalError(service.id);
    if (fault?.kind === 'access-denied') {
      const resource = fault.resource ?? resourceOf(service.id, input, call);
      throw accessDenied(service.id, operation.name, resource, call);
    }
    if (fault && !fault.after && (fault.kind === 'timeout' || fault.kind === 'kill')) return fault.kind;
    if (!mayCall(service.id, call.now)) throw throttled(service.id);

    world.advance(call.now);
    cloudwatch.advance(call.now);
    const perform = services[service.id]?.[operation.name];
    if (!perform) {
      bugs.push(`${service.id} ${operation.name} is not simulated`);
      throw new AwsError('NotImplemented', `${service.id} ${operation.name} is not simulated`, 501);
    }
    // The schema has just made sure that the input is what the operation takes.
    const response = exchange.answer((await perform(input as never, call)) ?? {});
    return fault && isNoAnswer(fault.kind) ? fault.kind : response;
  }

  async function handle(request: WireRequest): Promise<WireResponse | NoAnswer> {
    const started = systemClock.now();
    latest = Math.max(latest, clock.now());
    const requestId = randomUUID();
    const exchange = openExchange(serviceModels, request, requestId);
    const recorded: Mutable<RecordedCall> = {
      n: calls.length + 1,
      time: latest,
      service: exchange?.service.id ?? 'unknown',
      operation: exchange?.operation.name ?? String(request.headers['x-amz-target'] ?? request.url),
      input: undefined,
      outcome: 'pending',
      ms: 0,
    };
    calls.push(recorded);
    let answer: WireResponse | NoAnswer;
    if (!exchange) {
      recorded.outcome = 'UnknownOperationException';
      answer = unknownOperation(recorded.operation);
    } else {
      try {
        answer = await serve(exchange, recorded);
        recorded.outcome = typeof answer === 'string' ? answer : 'ok';
      } catch (error) {
        const refusal = error instanceof AwsError ? error : simulatorBug(error, recorded);
        if (refusal !== error)
          bugs.push(error instanceof Error ? (error.stack ?? error.message) : refusal.message);
        recorded.outcome = refusal.name;
        answer = exchange.refuse(refusal);
      }
    }
    recorded.ms = systemClock.now() - started;
    if (answer === 'kill') options.onKill?.(recorded);
    if (typeof answer === 'string') return answer;
    return { ...answer, headers: { ...answer.headers, 'x-amzn-requestid': requestId } };
  }

  const server = createServer((request, response) => {
    void readRequest(request)
      .then(handle)
      .then(
        (answer) => deliver(answer, response),
        () => response.destroy(),
      );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    calls,
    world,
    metrics: cloudwatch.sink,
    cloudwatch,
    faults: { ...faults, add: addFault },
    bugs,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
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

const isNoAnswer = (kind: FaultKind): kind is NoAnswer =>
  kind === 'timeout' || kind === 'lost-answer' || kind === 'kill';

function mustExist(serviceId: string | undefined, operation: string | undefined): void {
  const candidates = serviceModels.filter((model) => serviceId === undefined || model.id === serviceId);
  if (candidates.length === 0) {
    throw new Error(`no service "${serviceId}"; there are ${serviceModels.map((m) => m.id).join(', ')}`);
  }
  if (operation !== undefined && !candidates.some((model) => model.operations.has(operation))) {
    throw new Error(`${serviceId ?? 'no service'} has no operation "${operation}"`);
  }
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

async function readRequest(request: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    headers: request.headers,
    body: Buffer.concat(chunks),
  };
}

function deliver(answer: WireResponse | NoAnswer, response: ServerResponse): void {
  if (answer === 'lost-answer') {
    response.destroy();
    return;
  }
  // A call that is never answered keeps its connection until the client gives up or the simulator closes.
  if (answer === 'timeout' || answer === 'kill') return;
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
}
