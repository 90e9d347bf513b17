import type { IncomingHttpHeaders } from 'node:http';
import type { OperationModel, ServiceModel } from './service.ts';

/** One HTTP request, read to its end. */
export interface WireRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces that come bit by bit: an event stream, one message each. */
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** An error as every protocol can write it. */
export interface WireError {
  /** The full shape name where the service models the error, else its bare name. */
  readonly type: string;
  /** The query protocol's code. */
  readonly code: string;
  readonly message: string;
  readonly status: number;
  /** Further members of the error. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** How one AWS protocol reads a request's input and writes its answer. */
export interface Protocol {
  /** Gives a value for the schema check to judge: what cannot be read stays as it came. */
  readInput(operation: OperationModel, request: WireRequest): unknown;
  writeOutput(
    service: ServiceModel,
    operation: OperationModel,
    output: object,
    request: WireRequest,
    requestId: string,
  ): WireResponse;
  writeError(service: ServiceModel, error: WireError, request: WireRequest, requestId: string): WireResponse;
}

/** A request that cannot even be read, such as one that is not JSON; `message` says what is wrong with it. */
export class UnreadableRequest extends Error {
  override readonly name = 'UnreadableRequest';
}

/** The simulator answered something that AWS cannot answer: a bug of the simulator. */
export class WrongShape extends Error {
  override readonly name = 'WrongShape';
}

/** Whose fault an error is, in the words of the query protocol. */
export const faultOf = (error: WireError): string => (error.status < 500 ? 'Sender' : 'Receiver');
