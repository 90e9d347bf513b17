import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { NormalizedSchema } from '@smithy/core/schema';
import { AwsError } from '../operation.ts';
import { faultOf, type Protocol, UnreadableRequest, type WireRequest } from './protocol.ts';
import { simpleFromText } from './query.ts';
import { type HttpBinding, isOutside, restOf } from './rest-path.ts';
import type { OperationModel, ServiceModel } from './service.ts';
import { element, escapeXml, membersToXml } from './xml.ts';
import { readXml, type XmlElement } from './xml-reader.ts';

/** AWS's restXml, https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html: members all over the request. */
export const restXmlProtocol: Protocol = {
  readInput(operation, request) {
    checkIntegrity(request);
    const input: Record<string, unknown> = {};
    const labels = labelsOf(operation, request);
    const { searchParams } = new URL(request.url, 'http://simulator');
    const rest: [string, NormalizedSchema][] = [];
    for (const [name, schema] of operation.input.structIterator()) {
      const { httpLabel, httpQuery, httpHeader, httpPrefixHeaders, httpPayload } = schema.getMergedTraits();
      if (httpLabel) input[name] = labels[name];
      else if (httpQuery !== undefined) input[name] = fromText(schema, searchParams.get(httpQuery));
      else if (httpHeader !== undefined)
        input[name] = fromText(schema, request.headers[httpHeader.toLowerCase()]);
      else if (httpPrefixHeaders !== undefined) input[name] = prefixed(request, httpPrefixHeaders);
      else if (httpPayload) input[name] = payload(schema, request);
      else rest.push([name, schema]);
    }
    if (rest.length > 0 && request.body.length > 0)
      Object.assign(input, structureFromXml(operation.input, readXml(request.body.toString())));
    return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  },

  writeOutput(service, operation, output) {
    const headers: Record<string, string> = {};
    const given = new Map<string, unknown>(Object.entries(output));
    let body: string | Uint8Array | undefined;
    const inBody: [string, unknown][] = [];
    for (const [name, schema] of operation.output.structIterator()) {
      const value = given.get(name);
      if (value === undefined) continue;
      const { httpHeader, httpPrefixHeaders, httpPayload, xmlName } = schema.getMergedTraits();
      if (httpHeader !== undefined) {
        headers[httpHeader.toLowerCase()] = headerText(schema, value);
      } else if (httpPrefixHeaders !== undefined) {
        for (const [key, text] of Object.entries(value as object))
          headers[`${httpPrefixHeaders}${key}`] = text;
      } else if (httpPayload) {
        body =
          value instanceof Uint8Array || typeof value === 'string'
            ? value
            : document(xmlName ?? schema.getName() ?? name, service, membersToXml(schema, value as object));
      } else inBody.push([name, value]);
    }
    if (body === undefined && inBody.length > 0) {
      const { xmlName } = operation.output.getMergedTraits();
      const root = xmlName ?? operation.output.getName() ?? operation.name;
      body = document(root, service, membersToXml(operation.output, Object.fromEntries(inBody)));
    }
    if (typeof body === 'string') headers['content-type'] ??= 'application/xml';
    return { status: operation.http?.status ?? 200, headers, body: body ?? '' };
  },

  writeError(service, error, _request, requestId) {
    const code = element('Code', escapeXml(error.code)) + element('Message', escapeXml(error.message));
    const more = Object.entries(error.body)
      .map(([name, value]) => element(name, escapeXml(String(value))))
      .join('');
    const request = element('RequestId', requestId);
    const headers: Record<string, string> = { 'content-type': 'application/xml' };
    // S3 alone does not wrap its errors, and says in a header where a bucket is.
    const wrapped = service.id !== 'S3';
    if (!wrapped && error.body['Region'] !== undefined)
      headers['x-amz-bucket-region'] = String(error.body['Region']);
    return {
      status: error.status,
      headers,
      body: wrapped
        ? `${DECLARATION}<ErrorResponse xmlns="${service.xmlNamespace}">${element(
            'Error',
            element('Type', faultOf(error)) + code + more,
          )}${request}</ErrorResponse>`
        : `${DECLARATION}${element('Error', code + more + request)}`,
    };
  },
};

/** A time of the schema's type 5 is written as in ISO 8601: see @smithy/types `static-schemas`. */
const headerText = (schema: NormalizedSchema, value: unknown): string => {
  if (!(value instanceof Date)) return String(value);
  return schema.getSchema() === 5 ? value.toISOString() : value.toUTCString();
};

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

const document = (root: string, { xmlNamespace }: ServiceModel, content: string): string =>
  `${DECLARATION}<${root} xmlns="${xmlNamespace}">${content}</${root}>`;

/**
 * Finds the operation that a request asks for: by its method, its path, and what its query and headers must hold.
 *
 * @returns the one of those that fit that asks for most
 */
export function findRest(service: ServiceModel, request: WireRequest): OperationModel | undefined {
  const { searchParams } = new URL(request.url, 'http://simulator');
  let best: OperationModel | undefined;
  let most = -1;
  for (const operation of service.operations.values()) {
    const { http } = operation;
    if (http === undefined || http.method !== request.method) continue;
    if (restOf(http, operation.input, request.url) === undefined) continue;
    const demands = demandsOf(operation, http, request, searchParams);
    if (demands !== undefined && demands > most) {
      best = operation;
      most = demands;
    }
  }
  return best;
}

/** How much of the query and the headers an operation asks for; undefined when some of it is missing. */
function demandsOf(
  { input }: OperationModel,
  http: HttpBinding,
  request: WireRequest,
  query: URLSearchParams,
): number | undefined {
  let demands = 0;
  for (const [name, value] of http.query) {
    // The SDKs for JavaScript say by it which operation they mean, others do not.
    if (name === 'x-id' && !query.has(name)) continue;
    if (query.get(name) !== value) return undefined;
    demands += 1;
  }
  const required = Number((input.getSchema() as readonly unknown[])[6] ?? 0);
  for (const [, member] of [...input.structIterator()].slice(0, required)) {
    const { httpQuery, httpHeader } = member.getMergedTraits();
    if (httpQuery !== undefined && !query.has(httpQuery)) return undefined;
    if (httpHeader !== undefined && request.headers[httpHeader.toLowerCase()] === undefined) return undefined;
    if (httpQuery !== undefined || httpHeader !== undefined) demands += 1;
  }
  return demands;
}

function labelsOf({ http, input }: OperationModel, { url }: WireRequest): Readonly<Record<string, string>> {
  const rest = http && restOf(http, input, url);
  if (!http || !rest) return {};
  const labels: Record<string, string> = {};
  for (const [name, schema] of input.structIterator())
    if (rest.outside !== undefined && isOutside(http, name, schema)) labels[name] = rest.outside;
  for (const [i, step] of http.path.entries()) {
    const [, name, greedy] = /^\{(\w+)(\+)?\}$/.exec(step) ?? [];
    if (name !== undefined) labels[name] = greedy ? rest.steps.slice(i).join('/') : (rest.steps[i] ?? '');
  }
  return labels;
}

function fromText(schema: NormalizedSchema, text: string | readonly string[] | null | undefined): unknown {
  if (text === null || text === undefined) return undefined;
  const whole = typeof text === 'string' ? text : text.join(',');
  if (!schema.isListSchema()) return simpleFromText(schema, whole);
  return whole.split(',').map((item) => simpleFromText(schema.getValueSchema(), item.trim()));
}

function prefixed({ headers }: WireRequest, prefix: string): object | undefined {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  if (found.length === 0) return undefined;
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), String(value)]));
}

function payload(schema: NormalizedSchema, request: WireRequest): unknown {
  if (schema.isBlobSchema()) return new Uint8Array(request.body);
  if (schema.isStringSchema()) return request.body.toString();
  return request.body.length === 0 ? undefined : fromXml(schema, readXml(request.body.toString()));
}

/** What does not fit the schema is handed on as it is, so that the check can name it. */
function fromXml(schema: NormalizedSchema, node: XmlElement): unknown {
  if (schema.isStructSchema()) return structureFromXml(schema, node);
  if (schema.isListSchema()) return node.children.map((child) => fromXml(schema.getValueSchema(), child));
  return simpleFromText(schema, node.text);
}

function structureFromXml(schema: NormalizedSchema, node: XmlElement): object {
  const members = new Map<string, { name: string; schema: NormalizedSchema }>();
  for (const [name, member] of schema.structIterator())
    members.set(member.getMergedTraits().xmlName ?? name, { name, schema: member });
  const structure: Record<string, unknown> = {};
  for (const child of node.children) {
    const member = members.get(child.name);
    if (member === undefined) structure[child.name] = child.text;
    else if (member.schema.isListSchema() && member.schema.getMergedTraits().xmlFlattened) {
      const before = structure[member.name];
      const item = fromXml(member.schema.getValueSchema(), child);
      structure[member.name] = [...(Array.isArray(before) ? before : []), item];
    } else structure[member.name] = fromXml(member.schema, child);
  }
  return structure;
}

/**
 * Whether a body is the one that was sent: clients tell a checksum of it in a header.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
function checkIntegrity({ headers, body }: WireRequest): void {
  if (headers['content-encoding']?.includes('aws-chunked'))
    throw new UnreadableRequest('bodies in aws-chunked are not simulated');
  const crc = headers['x-amz-checksum-crc32'];
  const actual = Buffer.alloc(4);
  actual.writeUInt32BE(crc32(body));
  if (crc !== undefined && crc !== actual.toString('base64'))
    throw new AwsError('BadDigest', 'The CRC32 you specified did not match the calculated checksum.', 400);
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64'))
    throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.', 400);
}
