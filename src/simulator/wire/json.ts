import type { NormalizedSchema } from '@smithy/core/schema';
import { faultOf, type Protocol, UnreadableRequest, type WireRequest } from './protocol.ts';
import { walk } from './walk.ts';

/** awsJson 1.0 and 1.1: they differ in the content type only, which the answer repeats. */
export const jsonProtocol: Protocol = {
  readInput(operation, request) {
    return fromJson(operation.input, parse(request.body.toString() || '{}'));
  },

  writeOutput(_service, operation, output, request) {
    return {
      status: 200,
      headers: { 'content-type': contentType(request) },
      body: JSON.stringify(toJson(operation.output, output)),
    };
  },

  writeError(service, error, request) {
    const headers: Record<string, string> = { 'content-type': contentType(request) };
    if (service.queryCompatible) headers['x-amzn-query-error'] = `${error.code};${faultOf(error)}`;
    const body = JSON.stringify({ __type: error.type, message: error.message, ...error.body });
    // Whatever its model says: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html.
    const status = service.queryCompatible || error.status >= 500 ? error.status : 400;
    return { status, headers, body };
  },
};

function contentType(request: WireRequest): string {
  return request.headers['content-type'] ?? 'application/x-amz-json-1.1';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UnreadableRequest('the body is not JSON', { cause });
  }
}

function fromJson(schema: NormalizedSchema, raw: unknown): unknown {
  // AWS takes null for an absent member.
  if (raw === null) return undefined;
  if (schema.isTimestampSchema()) return typeof raw === 'number' ? new Date(Math.round(raw * 1000)) : raw;
  if (schema.isBlobSchema())
    return typeof raw === 'string' ? new Uint8Array(Buffer.from(raw, 'base64')) : raw;
  if (schema.isNumericSchema()) return typeof raw === 'string' ? (unusualNumbers.get(raw) ?? raw) : raw;
  return walk(schema, raw, fromJson);
}

/** A value as awsJson writes it, to be made a text by JSON.stringify. */
export function toJson(schema: NormalizedSchema, value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return walk(schema, value, toJson);
}

const unusualNumbers = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);
