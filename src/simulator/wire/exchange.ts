import { AwsError } from '../operation.ts';
import { cborProtocol } from './cbor.ts';
import { faultsOf } from './check.ts';
import { writeEvents } from './event-stream.ts';
import { jsonProtocol } from './json.ts';
import {
  type Protocol,
  UnreadableRequest,
  type WireError,
  type WireRequest,
  type WireResponse,
  WrongShape,
} from './protocol.ts';
import { ec2Protocol, queryProtocol } from './query.ts';
import { findRest, restXmlProtocol } from './rest-xml.ts';
import { withoutSensitive } from './sensitive.ts';
import type { OperationModel, ServiceModel } from './service.ts';

/** A request of which service and operation are known, and in whose protocol its answer is written. */
export interface Exchange {
  readonly service: ServiceModel;
  readonly operation: OperationModel;
  readonly requestId: string;
  /** The request itself. */
  readonly request: WireRequest;
  /**
   * The input, checked against the operation's schema.
   *
   * @throws AwsError when a member is unknown, missing or mistyped; it names the members
   */
  input(): object;
  /** The same without what must not be shown. */
  shown(input: object): unknown;
  /**
   * The answer, checked against the operation's schema.
   *
   * @throws WrongShape when the simulator's own answer does not fit it
   */
  answer(output: object): WireResponse;
  /** An error as this service writes it: its model decides the status where it knows the error. */
  refuse(error: AwsError): WireResponse;
}

/**
 * Finds out what a request asks for.
 *
 * @returns undefined when no known service has such an operation
 */
export function openExchange(
  services: readonly ServiceModel[],
  request: WireRequest,
  requestId: string,
): Exchange | undefined {
  const found =
    findByTarget(services, request) ??
    findByPath(services, request) ??
    findByAction(services, request) ??
    findByMethod(services, request);
  if (!found) return undefined;
  const { service, operation, protocol } = found;
  return {
    service,
    operation,
    requestId,
    request,
    input: () => readInput(protocol, operation, request),
    shown: (input) => withoutSensitive(operation.input, input),
    answer: (output) => {
      const stream = operation.output.getEventStreamMember();
      if (stream !== '') return writeEvents(operation, stream, output);
      const faults = faultsOf(operation.output, output);
      if (faults.length > 0)
        throw new WrongShape(`${operation.name} answered a wrong shape: ${faults.join('; ')}`);
      return protocol.writeOutput(service, operation, output, request, requestId);
    },
    refuse: (error) => protocol.writeError(service, toWireError(service, error), request, requestId),
  };
}

interface Found {
  readonly service: ServiceModel;
  readonly operation: OperationModel;
  readonly protocol: Protocol;
}

function findByTarget(services: readonly ServiceModel[], request: WireRequest): Found | undefined {
  const [target, name = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
  const service = services.find((s) => s.target !== undefined && s.target === target);
  const operation = service?.operations.get(name);
  return service && operation && { service, operation, protocol: jsonProtocol };
}

function findByPath(services: readonly ServiceModel[], request: WireRequest): Found | undefined {
  if (request.headers['smithy-protocol'] !== 'rpc-v2-cbor') return undefined;
  const [, target, name = ''] = /^\/service\/([^/]+)\/operation\/([^/]+)$/.exec(request.url) ?? [];
  const service = services.find((s) => s.target !== undefined && s.target === target);
  const operation = service?.operations.get(name);
  return service && operation && { service, operation, protocol: cborProtocol };
}

function findByAction(services: readonly ServiceModel[], request: WireRequest): Found | undefined {
  if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return undefined;
  const form = new URLSearchParams(request.body.toString());
  for (const service of services) {
    if (service.version !== form.get('Version')) continue;
    const operation = service.operations.get(form.get('Action') ?? '');
    if (operation) return { service, operation, protocol: service.ec2 ? ec2Protocol : queryProtocol };
  }
  return undefined;
}

function findByMethod(services: readonly ServiceModel[], request: WireRequest): Found | undefined {
  for (const service of services) {
    const operation = findRest(service, request);
    if (operation) return { service, operation, protocol: restXmlProtocol };
  }
  return undefined;
}

function readInput(protocol: Protocol, operation: OperationModel, request: WireRequest): object {
  let input: unknown;
  try {
    input = protocol.readInput(operation, request);
  } catch (error) {
    const code = protocol === restXmlProtocol ? 'MalformedXML' : 'SerializationException';
    if (error instanceof UnreadableRequest) throw new AwsError(code, error.message);
    throw error;
  }
  const faults = faultsOf(operation.input, input);
  if (faults.length === 0 && typeof input === 'object' && input !== null) return input;
  throw new AwsError(
    INVALID.get(protocol) ?? 'ValidationException',
    `${faults.length} validation error${faults.length === 1 ? '' : 's'} detected: ${faults.join('; ')}`,
  );
}

/** The name of the error that says so, where it is not `ValidationException`. */
const INVALID: ReadonlyMap<Protocol, string> = new Map([
  [queryProtocol, 'ValidationError'],
  [ec2Protocol, 'InvalidParameterValue'],
]);

function toWireError(service: ServiceModel, error: AwsError): WireError {
  const model = service.errors.get(error.name);
  return {
    type: model?.id ?? error.name,
    code: model?.code ?? error.name,
    message: error.message,
    status: model?.status ?? error.status,
    body: error.body,
  };
}
