import { addressBelow, parseAddress } from './address.ts';
import type { HttpRequest } from './exchange.ts';
import { headerProblem } from './headers.ts';
import { isSameHost } from './redirect.ts';
import type { RequestBody, SmokeRequest } from './request.ts';
import { fill, fillAddress, fillJson, type Values } from './template.ts';

type Headers = readonly (readonly [name: string, value: string])[];

/** What holds for all requests of a step. */
export interface Surroundings {
  readonly base: URL | undefined;
  /** A request's own header of the same name takes the place of one of these. */
  readonly headers: Headers;
  /** Whether a header must not go where an answer leads to. */
  readonly isSecret: (name: string, value: string) => boolean;
}

/** An address that begins with a captured value: which host it names is up to the server. */
const CAPTURED_ADDRESS = /^\$\{(?!\s*env\.)/;

/** @returns the request as it is sent, or why it cannot be: a captured value does not fit its place */
export function prepare(
  request: SmokeRequest,
  { base, headers, isSecret }: Surroundings,
  values: Values,
): HttpRequest | { readonly wrong: string } {
  const url = addressOf(request.target, base, values);
  if (typeof url === 'string') return { wrong: url };
  const { kind, text } = request.target;
  const isLed = kind === 'url' && CAPTURED_ADDRESS.test(text) && base && !isSameHost(base, url);
  const common = isLed ? headers.filter(([name, value]) => !isSecret(name, value)) : headers;
  const own = request.headers.map(([name, value]) => [name, fill(value, values)] as const);
  const bad = own.find(([name, value]) => headerProblem(name, value) !== undefined);
  if (bad) return { wrong: `the header ${bad[0]} ${headerProblem(...bad)}` };
  const has = (list: Headers, name: string) =>
    list.some(([other]) => other.toLowerCase() === name.toLowerCase());
  const all: Headers = [...common.filter(([name]) => !has(own, name)), ...own];
  const body = request.body && writeBody(request.body, values);
  const { connectTo } = request;
  return {
    method: request.method,
    url,
    headers: body?.type && !has(all, 'content-type') ? [...all, ['Content-Type', body.type]] : all,
    ...(body && { body: body.text }),
    // It stands for the host of the step's URL; another host is another server.
    ...(connectTo && (base === undefined || url.host === base.host) && { connectTo }),
  };
}

function addressOf(
  { kind, text }: SmokeRequest['target'],
  base: URL | undefined,
  values: Values,
): URL | string {
  const filled = fillAddress(text, values);
  if (kind === 'path')
    return base ? addressBelow(base, filled) : 'there is no address that the path could be below';
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(filled) || !base) return parseAddress(filled);
  // What a server answers as Location may be a path of its own.
  const url = filled.startsWith('/') ? URL.parse(filled, base.href) : parseAddress(filled);
  return url ?? `"${filled}" is not a URL`;
}

function writeBody(body: RequestBody, values: Values): { readonly text: string; readonly type?: string } {
  switch (body.kind) {
    case 'json':
      return { text: JSON.stringify(fillJson(body.value, values)), type: 'application/json' };
    case 'form':
      return {
        text: new URLSearchParams(
          body.fields.map(([name, value]): [string, string] => [name, fill(value, values)]),
        ).toString(),
        type: 'application/x-www-form-urlencoded',
      };
    default:
      return { text: fill(body.text, values) };
  }
}
