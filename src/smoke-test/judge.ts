import { formatDuration } from '../rollout/duration.ts';
import { isList, isObject, type Json } from '../taskdef/definition.ts';
import { kindOf, printable } from '../taskdef/shape.ts';
import { TimeUp, TOO_SLOW, withinTime } from '../time-limit.ts';
import { equalJson } from './equal-json.ts';
import type { HttpAnswer } from './exchange.ts';
import { differs, type Finding, shown } from './finding.ts';
import { jsonPathText, lookUp } from './json-path.ts';
import type { SchemaCheck } from './json-schema.ts';
import type { Expectations, HeaderExpectation, JsonCheck, JsonExpectation } from './request.ts';
import { isExpected } from './status.ts';
import { fill, fillJson, type Values } from './template.ts';

/** A body that is JSON, or why it is none. */
export type ParsedBody = { readonly value: Json } | { readonly wrong: string };

/** In what way an answer is not as expected; nothing when it is. */
export function judge(
  answer: HttpAnswer,
  expect: Expectations,
  values: Values,
  schema: SchemaCheck | undefined,
): readonly Finding[] {
  const wantsJson = expect.json.length > 0 || schema !== undefined;
  return [
    ...(isExpected(answer.status, expect.status)
      ? []
      : [differs('status', expect.status.text, String(answer.status))]),
    ...expect.headers.flatMap((expectation) => judgeHeader(answer, expectation, values)),
    ...(wantsJson ? judgeBody(parseBody(answer), expect, values, schema) : []),
    ...judgeText(answer, expect, values),
    ...(expect.latencyMs !== undefined && answer.ms > expect.latencyMs
      ? [differs('latency', `at most ${formatDuration(expect.latencyMs)}`, formatDuration(answer.ms))]
      : []),
  ];
}

export function parseBody({ body, cut }: HttpAnswer): ParsedBody {
  if (cut)
    return { wrong: 'is longer than 1 MiB, of which no more is read, so that it cannot be read as JSON' };
  if (body.trim() === '') return { wrong: 'is empty, and JSON was expected' };
  try {
    return { value: JSON.parse(body) as Json };
  } catch {
    return { wrong: 'is not JSON' };
  }
}

function judgeBody(
  body: ParsedBody,
  expect: Expectations,
  values: Values,
  schema: SchemaCheck | undefined,
): readonly Finding[] {
  if ('wrong' in body) return [{ what: 'body', message: body.wrong }];
  return [
    ...expect.json.flatMap((expectation) => judgeJson(body.value, expectation, values)),
    ...(schema?.(body.value) ?? []),
  ];
}

function judgeJson(document: Json, { at, checks }: JsonExpectation, values: Values): readonly Finding[] {
  const what = `json ${jsonPathText(at)}`;
  const found = lookUp(document, at);
  if (found.kind === 'found') return checks.flatMap((check) => judgeValue(found.value, check, what, values));
  const absent = checks.every((check) => check.kind === 'exists' && !check.yes);
  if (absent && checks.length > 0) return [];
  const { above, there } = found;
  const keys = isObject(there) ? Object.keys(there) : [];
  const holds = isList(there)
    ? `a list of ${there.length}`
    : isObject(there)
      ? keys.length > 0
        ? `a mapping with ${shown(keys.slice(0, 10)).slice(1, -1)}`
        : 'an empty mapping'
      : kindOf(there);
  const wanted = checks.map((check) => wordsOf(check, values)).join(' and ');
  return [
    differs(
      what,
      wanted,
      `nothing: ${above.length === 0 ? 'the document' : jsonPathText(above)} is ${holds}`,
    ),
  ];
}

function wordsOf(check: JsonCheck, values: Values): string {
  switch (check.kind) {
    case 'equals':
      return shown(fillJson(check.value, values));
    case 'not':
      return `anything but ${shown(fillJson(check.value, values))}`;
    case 'contains':
      return `something that contains ${shown(fillJson(check.value, values))}`;
    case 'one-of':
      return `one of ${check.values.map((value) => shown(fillJson(value, values))).join(', ')}`;
    case 'exists':
      return check.yes ? 'a value' : 'no value';
    case 'type':
      return `a value of the type ${check.type}`;
    case 'matches':
      return `a text that matches ${printable(fill(check.pattern, values))}`;
    case 'length':
      return `a length of ${check.number}`;
    case 'min':
      return `a number of at least ${check.number}`;
    default:
      return `a number of at most ${check.number}`;
  }
}

function judgeValue(actual: Json, check: JsonCheck, what: string, values: Values): readonly Finding[] {
  if (check.kind === 'equals') return differences(fillJson(check.value, values), actual, what);
  const pattern = check.kind === 'matches' ? check.pattern : '';
  return unlessTooSlow(what, pattern, values, () =>
    holds(actual, check, values) ? [] : [differs(what, wordsOf(check, values), shown(actual))],
  );
}

function holds(actual: Json, check: Exclude<JsonCheck, { kind: 'equals' }>, values: Values): boolean {
  switch (check.kind) {
    case 'not':
      return !equalJson(actual, fillJson(check.value, values));
    case 'contains': {
      const wanted = fillJson(check.value, values);
      if (isList(actual)) return actual.some((item) => equalJson(item, wanted));
      if (!isScalar(wanted)) return false;
      if (isObject(actual)) return Object.hasOwn(actual, String(wanted));
      return typeof actual === 'string' && actual.includes(String(wanted));
    }
    case 'one-of':
      return check.values.some((value) => equalJson(actual, fillJson(value, values)));
    case 'exists':
      return check.yes;
    case 'type':
      return isOfType(actual, check.type);
    case 'matches':
      return isScalar(actual) && matches(check.pattern, String(actual), values);
    case 'length':
      return lengthOf(actual) === check.number;
    case 'min':
      return typeof actual === 'number' && actual >= check.number;
    case 'max':
      return typeof actual === 'number' && actual <= check.number;
  }
}

const isScalar = (value: Json): boolean => !isList(value) && !isObject(value) && value !== null;

const lengthOf = (value: Json): number | undefined =>
  typeof value === 'string' || isList(value)
    ? value.length
    : isObject(value)
      ? Object.keys(value).length
      : undefined;

function isOfType(value: Json, type: string): boolean {
  switch (type) {
    case 'list':
    case 'array':
      return isList(value);
    case 'mapping':
    case 'object':
      return isObject(value);
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === (type === 'text' ? 'string' : type);
  }
}

/** Values that a captured text brings into a pattern stand for themselves. */
function matches(pattern: string, text: string, values: Values): boolean {
  const escaped = fill(pattern, values, (value) => value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  const expression = new RegExp(escaped, 'm');
  return withinTime(() => expression.test(text));
}

/** A pattern that takes too long fails what it is a part of, and nothing else. */
function unlessTooSlow(what: string, pattern: string, values: Values, findings: () => readonly Finding[]) {
  try {
    return findings();
  } catch (error) {
    if (!(error instanceof TimeUp)) throw error;
    return [{ what, message: `${printable(fill(pattern, values))} ${TOO_SLOW}` }];
  }
}

const MOST_DIFFERENCES = 10;

/** Where two values differ, down to the places where they do. */
function differences(expected: Json, actual: Json, what: string): readonly Finding[] {
  const found = [...unequal(expected, actual, what)];
  const more = found.length - MOST_DIFFERENCES;
  return more > 0
    ? [...found.slice(0, MOST_DIFFERENCES), { what, message: `differs in ${more} more places` }]
    : found;
}

function* unequal(expected: Json | undefined, actual: Json | undefined, what: string): Generator<Finding> {
  if (expected !== undefined && actual !== undefined && equalJson(expected, actual)) return;
  if (isObject(expected) && isObject(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const below = jsonPathText([key]);
      const whole =
        what === 'json $' ? `json ${below}` : `${what}${below.startsWith('[') ? '' : '.'}${below}`;
      yield* unequal(
        Object.hasOwn(expected, key) ? expected[key] : undefined,
        Object.hasOwn(actual, key) ? actual[key] : undefined,
        whole,
      );
    }
  } else if (isList(expected) && isList(actual) && expected.length === actual.length) {
    for (const [index, item] of expected.entries()) yield* unequal(item, actual[index], `${what}[${index}]`);
  } else {
    const told = (value: Json | undefined) => (value === undefined ? 'nothing' : shown(value));
    yield differs(what, told(expected), told(actual));
  }
}

function judgeText({ body, cut }: HttpAnswer, { text }: Expectations, values: Values): readonly Finding[] {
  const where = cut ? ' in its first 1 MiB' : '';
  return [
    ...text.contains
      .map((part) => fill(part, values))
      .filter((part) => !body.includes(part))
      .map((part) => ({ what: 'text', message: `expected ${shown(part)}, which is not there${where}` })),
    ...text.excludes
      .map((part) => fill(part, values))
      .filter((part) => body.includes(part))
      .map((part) => ({ what: 'text', message: `expected no ${shown(part)}, which is there` })),
    ...text.matches.flatMap((pattern) => {
      const message = `expected a match of ${printable(fill(pattern, values))}, and there is none${where}`;
      return unlessTooSlow('text', pattern, values, () =>
        matches(pattern, body, values) ? [] : [{ what: 'text', message }],
      );
    }),
  ];
}

function judgeHeader(
  { headers }: HttpAnswer,
  { name, checks }: HeaderExpectation,
  values: Values,
): readonly Finding[] {
  const what = `header ${name}`;
  const all = headers.get(name.toLowerCase());
  return checks.flatMap((check): readonly Finding[] => {
    if (check.kind === 'exists') {
      if (check.yes === (all !== undefined)) return [];
      return [
        differs(
          what,
          check.yes ? 'any value' : 'no such header',
          all?.map(shown).join(', ') ?? 'no such header',
        ),
      ];
    }
    const wanted = fill(check.text, values);
    const fits = (actual: string) => {
      if (check.kind === 'contains') return actual.toLowerCase().includes(wanted.toLowerCase());
      if (check.kind === 'matches') return matches(check.text, actual, values);
      return actual === wanted || isMediaType(name, actual, wanted);
    };
    const words =
      check.kind === 'equals'
        ? shown(wanted)
        : `${check.kind === 'matches' ? 'a match of' : 'a value with'} ${shown(wanted)}`;
    return unlessTooSlow(what, check.text, values, () =>
      all?.some(fits) ? [] : [differs(what, words, all?.map(shown).join(', ') ?? 'no such header')],
    );
  });
}

/** `application/json; charset=utf-8` is what is meant by `application/json`. */
const isMediaType = (name: string, actual: string, wanted: string): boolean =>
  name.toLowerCase() === 'content-type' &&
  !wanted.includes(';') &&
  actual.split(';')[0]?.trim().toLowerCase() === wanted.toLowerCase();
