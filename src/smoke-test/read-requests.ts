import { isList, isObject, type Json, type JsonObject, type Path } from '../taskdef/definition.ts';
import { kindOf, printable } from '../taskdef/shape.ts';
import { parseAddress, parseHostAndPort } from './address.ts';
import { FieldReader, type Source } from './field-reader.ts';
import { shown } from './finding.ts';
import { headerProblem } from './headers.ts';
import { parseJsonPath } from './json-path.ts';
import { orderProblems } from './order.ts';
import { EXPECTATION_KEYS, readExpectations } from './read-expectations.ts';
import {
  type Capture,
  REDIRECT_POLICIES,
  type RequestBody,
  type RequestSettings,
  type SmokeRequest,
} from './request.ts';
import { namesIn } from './template.ts';

const KEYS = [
  'name',
  'method',
  'path',
  'url',
  'headers',
  'json',
  'form',
  'body',
  'expect',
  'capture',
  'after',
  'retry',
  'attempts',
  'interval',
  'request-timeout',
  'follow-redirects',
  'connect-to',
];

/** What people know by other words, or look for in another place. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    EXPECTATION_KEYS.filter((key) => !KEYS.includes(key)).map((key) => [
      key,
      `it belongs under expect: { ${key}: ... }`,
    ]),
  ),
  data: 'write json, form or body',
  depends: 'write after',
  needs: 'write after',
  query: 'write it into the path: /orders?state=open',
  params: 'write it into the path: /orders?state=open',
  timeout: 'write request-timeout, for one attempt; timeout is an input of the step, for all of it',
  retries: 'write attempts, the first one included',
};

/**
 * Reads the list of requests. All its problems are told, each with the path of the value that is wrong.
 *
 * @param base whether the step has a `url` that paths are below
 * @returns the requests that can be read
 */
export function readRequests(
  list: Json,
  settings: RequestSettings,
  base: boolean,
  source: Source,
): readonly SmokeRequest[] {
  if (!isList(list) || list.length === 0) {
    const is = isList(list) ? 'an empty list' : kindOf(list);
    source.complain(
      [],
      `is ${is}; write "- path: /health" and what else the request needs, for each of them`,
    );
    return [];
  }
  const read = list.flatMap((item, index) => {
    if (isObject(item)) return [readRequest(item, index, settings, base, source)];
    source.complain([index], `is ${kindOf(item)}; write "- path: /health"`);
    return [];
  });
  const names = new Map<string, number>();
  for (const { name, index } of read) {
    const first = names.get(name);
    if (first === undefined) names.set(name, index);
    else if (isObject(list[index]) && list[index]['name'] !== undefined) {
      const message = `"${printable(name)}" is the name of request ${first + 1} as well; give it another`;
      source.complain([index, 'name'], message);
    }
  }
  const requests = read.map((request) =>
    names.get(request.name) === request.index
      ? request
      : { ...request, name: `${request.name} (${request.index + 1})` },
  );
  for (const { index, key, message } of orderProblems(requests)) source.complain([index, ...key], message);
  return requests;
}

function readRequest(
  item: JsonObject,
  index: number,
  settings: RequestSettings,
  base: boolean,
  source: Source,
): SmokeRequest {
  const fields = new FieldReader(item, [index], source);
  fields.knows(KEYS, 'a request', ELSEWHERE);
  const body = readBody(fields, item);
  const method =
    fields.checkedText('method', (text) =>
      /^[A-Z]{1,20}$/i.test(text) && !/^(connect|trace)$/i.test(text)
        ? undefined
        : 'is not a method such as GET or POST',
    ) ?? (body ? 'POST' : 'GET');
  const target = readTarget(fields, base);
  const upper = method.toUpperCase();
  if (body && (upper === 'GET' || upper === 'HEAD')) {
    fields.problem('method', `is ${upper}, which has no body; write POST, or leave out the body`);
  }
  return {
    name: fields.text('name')?.trim() || `${upper} ${target.text}`,
    index,
    method: upper,
    target,
    headers: readHeaders(fields),
    body,
    expect: readExpectations(item['expect'], [index, 'expect'], source),
    captures: readCaptures(fields, source),
    after: fields.texts('after'),
    retry: fields.boolean('retry'),
    attempts: fields.integer('attempts', 1, 1000) ?? settings.attempts,
    intervalMs: fields.duration('interval', true) ?? settings.intervalMs,
    requestTimeoutMs: fields.duration('request-timeout') ?? settings.requestTimeoutMs,
    followRedirects: fields.oneOf('follow-redirects', REDIRECT_POLICIES) ?? settings.followRedirects,
    connectTo: readConnectTo(fields) ?? settings.connectTo,
  };
}

function readTarget(fields: FieldReader, base: boolean): SmokeRequest['target'] {
  const url = fields.text('url')?.trim();
  const path = fields.text('path')?.trim();
  if (url !== undefined && path !== undefined)
    fields.problem('url', 'is given beside path; keep one of them');
  if (url !== undefined) {
    if (namesIn(url).length === 0) {
      const address = url.startsWith('/') ? 'is a path; write it as path' : parseAddress(url);
      if (typeof address === 'string') fields.problem('url', address);
    }
    return { kind: 'url', text: url };
  }
  if (path !== undefined && /^[a-z][a-z0-9+.-]*:\/\//i.test(path)) {
    fields.problem('path', `"${printable(path)}" is a whole address; write it as url`);
  } else if (!base) {
    const where = path === undefined ? 'name' : 'path';
    fields.problem(
      where,
      'there is no address that it could be below; give the input url, or the request a url',
    );
  }
  return { kind: 'path', text: path ?? '' };
}

function readHeaders(fields: FieldReader): SmokeRequest['headers'] {
  const headers = fields.pairs('headers', 'names');
  for (const [name, value] of headers) {
    const wrong = headerProblem(name, value);
    if (wrong !== undefined) fields.problem('headers', `${printable(name)} ${wrong}`);
  }
  return headers;
}

function readConnectTo(fields: FieldReader): RequestSettings['connectTo'] {
  const text = fields.checkedText('connect-to', (given) =>
    parseHostAndPort(given.trim()) ? undefined : 'is not HOST or HOST:PORT',
  );
  return text === undefined ? undefined : parseHostAndPort(text.trim());
}

function readBody(fields: FieldReader, item: JsonObject): RequestBody | undefined {
  const given = ['body', 'json', 'form'].filter((key) => Object.hasOwn(item, key));
  if (given.length > 1) {
    fields.problem(
      given[1] ?? '',
      `is given beside ${given[0]}, and a request has one body; keep one of them`,
    );
  }
  switch (given[0]) {
    case 'json':
      return { kind: 'json', value: item['json'] ?? null };
    case 'form':
      return { kind: 'form', fields: fields.pairs('form', 'names') };
    case 'body':
      return { kind: 'text', text: fields.text('body') ?? '' };
    default:
      return undefined;
  }
}

const CAPTURE_KEYS = ['json', 'header', 'text', 'matches', 'secret'];

function readCaptures(fields: FieldReader, source: Source): readonly Capture[] {
  const captures = fields.below(
    'capture',
    'write a mapping of names to JSON paths, such as { token: access_token }',
  );
  return (captures?.keys ?? []).flatMap((name): readonly Capture[] => {
    const path = [...(captures?.path ?? []), name];
    if (!/^[A-Za-z_][\w-]*$/.test(name) || name === 'env') {
      source.complain(
        path,
        `"${printable(name)}" is no name for a value; take letters, digits and underscores`,
      );
    }
    const value = captures?.get(name);
    if (isObject(value)) return readCapture(name, new FieldReader(value, path, source));
    const text = captures?.text(name);
    const at = text === undefined ? undefined : parseJsonPath(text);
    if (text !== undefined && at) {
      return [{ name, from: { kind: 'json', path: text, at }, matches: undefined, secret: false }];
    }
    source.complain(
      path,
      `${shown(value ?? null)} is not a JSON path; write one, or { header: ... } or { text: ... }`,
    );
    return [nothing(name)];
  });
}

/** Stands for a capture that is wrong, so that who uses its value is not told that there is none. */
const nothing = (name: string): Capture => ({
  name,
  from: { kind: 'text' },
  matches: undefined,
  secret: false,
});

function readCapture(name: string, fields: FieldReader): readonly Capture[] {
  fields.knows(CAPTURE_KEYS, 'a capture');
  const given = ['json', 'header', 'text'].filter((key) => fields.get(key) !== undefined);
  const last = String(fields.path.at(-1));
  if (given.length !== 1) {
    const is = given.length === 0 ? 'does not say what it captures' : `has ${given.join(' and ')}`;
    fields.problem(given[1] ?? 'json', `${last} ${is}; write one of json: PATH, header: NAME, text: PATTERN`);
    return [nothing(name)];
  }
  const secret = fields.boolean('secret');
  const [matches] = fields.patterns('matches', false);
  const json = fields.text('json');
  if (json !== undefined) {
    const at = parseJsonPath(json);
    if (!at) {
      fields.problem('json', `"${printable(json)}" is not a path, such as items[0].id`);
      return [nothing(name)];
    }
    return [{ name, from: { kind: 'json', path: json, at }, matches, secret: secret ?? false }];
  }
  const header = fields.text('header');
  if (header !== undefined) {
    // What a server sets as a cookie is what it knows its users by.
    const cookie = header.toLowerCase() === 'set-cookie';
    return [{ name, from: { kind: 'header', header }, matches, secret: secret ?? cookie }];
  }
  if (matches !== undefined)
    fields.problem('matches', 'is given beside text, which is the pattern itself; keep text');
  const [pattern] = fields.patterns('text', false);
  return [{ name, from: { kind: 'text' }, matches: pattern, secret: secret ?? false }];
}

/** Where a value stands in words: `expect.status`. */
export const pathText = (path: Path): string =>
  path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
