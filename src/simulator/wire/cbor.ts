import { cbor, dateToTag } from '@smithy/core/cbor';
import type { NormalizedSchema } from '@smithy/core/schema';
import { faultOf, type Protocol, UnreadableRequest, type WireResponse } from './protocol.ts';
import { walk } from './walk.ts';

/** Smithy RPC v2 CBOR: what the AWS CLI and botocore speak to CloudWatch. */
export const cborProtocol: Protocol = {
  readInput(operation, request) {
    return fromCbor(operation.input, request.body.length === 0 ? {} : decode(request.body));
  },

  writeOutput(_service, operation, output) {
    return response(200, toCbor(operation.output, output));
  },

  writeError(service, error) {
    const answer = response(error.status, { __type: error.type, message: error.message, ...error.body });
    if (!service.queryCompatible) return answer;
    return {
      ...answer,
      headers: { ...answer.headers, 'x-amzn-query-error': `${error.code};${faultOf(error)}` },
    };
  },
};

function response(status: number, body: unknown): WireResponse {
  const headers = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' };
  return { status, headers, body: cbor.serialize(body) };
}

function decode(body: Uint8Array): unknown {
  try {
    return cbor.deserialize(body);
  } catch (cause) {
    throw new UnreadableRequest('the body is not CBOR', { cause });
  }
}

function fromCbor(schema: NormalizedSchema, raw: unknown): unknown {
  if (raw === null) return undefined;
  // Timestamps come as tag 1: seconds since the epoch.
  if (schema.isTimestampSchema() && typeof raw === 'object' && 'tag' in raw && 'value' in raw) {
    return new Date(Math.round(Number(raw.value) * 1000));
  }
  if (schema.isNumericSchema() && typeof raw === 'bigint') return Number(raw);
  return walk(schema, raw, fromCbor);
}

function toCbor(schema: NormalizedSchema, value: unknown): unknown {
  if (value instanceof Date) return dateToTag(value);
  return walk(schema, value, toCbor);
}
