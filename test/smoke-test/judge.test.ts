import { describe, expect, test } from 'vitest';
import type { HttpAnswer } from '../../src/smoke-test/exchange.ts';
import { sentenceOf } from '../../src/smoke-test/finding.ts';
import { judge } from '../../src/smoke-test/judge.ts';
import { readExpectations } from '../../src/smoke-test/read-expectations.ts';
import type { Values } from '../../src/smoke-test/template.ts';
import type { Json } from '../../src/taskdef/definition.ts';

const answerOf = (body: Json | undefined, more: Partial<HttpAnswer> = {}): HttpAnswer => ({
  status: 200,
  headers: new Map([['content-type', ['application/json; charset=utf-8']]]),
  body: body === undefined ? '' : JSON.stringify(body),
  cut: false,
  ms: 120,
  remoteAddress: '192.0.2.1',
  ...more,
});

const complain = (path: readonly unknown[], message: string) => {
  throw new Error(`${path.join('.')}: ${message}`);
};

/** What is told of an answer, by an `expect` as people write it. */
const told = (answer: HttpAnswer, expectation: Json, values: Values = new Map()): readonly string[] => {
  const expected = readExpectations(expectation, ['expect'], { complain, written: () => undefined });
  return judge(answer, expected, values, undefined).map((finding) => sentenceOf(finding, (text) => text));
};

const HEALTH = { status: 'UP', n: 5, items: [{ id: 3, tags: ['a', 'b'] }], none: null, 'a.b': true };

describe('a status', () => {
  test.each([[200], ['2xx'], [[200, 204]], ['200-299'], ['404, 2XX']])(
    '%j is that of a good answer',
    (status) => {
      expect(told(answerOf(HEALTH), status)).toEqual([]);
    },
  );

  test.each([
    [201, 'status: expected 201, got 200'],
    [['3xx', 404], 'status: expected 3xx or 404, got 200'],
  ])('%j is not', (status, finding) => {
    expect(told(answerOf(HEALTH), { status })).toEqual([finding]);
  });

  test('is one of success where nothing is said', () => {
    expect(told(answerOf(undefined, { status: 204 }), {})).toEqual([]);
    expect(told(answerOf(undefined, { status: 302 }), {})).toEqual(['status: expected 2xx, got 302']);
  });
});

describe('JSON', () => {
  test.each<[string, Json]>([
    ['status', 'UP'],
    ['$.items[0].id', 3],
    ['items[0].tags', ['a', 'b']],
    ['none', null],
    ['["a.b"]', true],
    ['$', { equals: { 'a.b': true, none: null, items: HEALTH.items, n: 5, status: 'UP' } }],
    ['missing', { exists: false }],
    ['items', { exists: true, length: 1, type: 'list' }],
    ['n', { min: 5, max: 5, type: 'integer', not: 6, 'one-of': [4, 5] }],
    ['status', { matches: '^U', type: 'text', length: 2, contains: 'P' }],
    ['items[0].tags', { contains: 'b' }],
    ['items[0]', { contains: 'id', type: 'mapping' }],
  ])('%s may be %j', (path, expected) => {
    expect(told(answerOf(HEALTH), { json: { [path]: expected } })).toEqual([]);
  });

  test.each<[string, Json, string]>([
    ['status', 'DOWN', 'json status: expected "DOWN", got "UP"'],
    ['n', '5', 'json n: expected "5", got 5'],
    ['items[0].id', 4, 'json items[0].id: expected 4, got 3'],
    ['items[0].tags', ['a', 'c'], 'json items[0].tags[1]: expected "c", got "b"'],
    ['items[0].tags', ['a'], 'json items[0].tags: expected ["a"], got ["a","b"]'],
    ['none', { exists: false }, 'json none: expected no value, got null'],
    ['n', { type: 'text' }, 'json n: expected a value of the type text, got 5'],
    ['n', { min: 6 }, 'json n: expected a number of at least 6, got 5'],
    ['status', { max: 6 }, 'json status: expected a number of at most 6, got "UP"'],
    ['status', { matches: '^D' }, 'json status: expected a text that matches ^D, got "UP"'],
    ['items', { length: 2 }, 'json items: expected a length of 2, got [{"id":3,"tags":["a","b"]}]'],
    ['n', { 'one-of': [1, 2] }, 'json n: expected one of 1, 2, got 5'],
    ['items[1].id', 3, 'json items[1].id: expected 3, got nothing: items is a list of 1'],
    [
      'items[0].name',
      { exists: true },
      'json items[0].name: expected a value, got nothing: items[0] is a mapping with "id","tags"',
    ],
    ['status.code', 1, 'json status.code: expected 1, got nothing: status is a text'],
  ])('%s is not %j', (path, expected, finding) => {
    expect(told(answerOf(HEALTH), { json: { [path]: expected } })).toEqual([finding]);
  });

  test('that differs is told where it does, key by key', () => {
    const expected = { equals: { status: 'UP', n: 6, more: 1, items: HEALTH.items, none: null } };
    expect(told(answerOf(HEALTH), { json: { $: expected } })).toEqual([
      'json n: expected 6, got 5',
      'json more: expected 1, got nothing',
      'json ["a.b"]: expected nothing, got true',
    ]);
  });

  test.each<[string, Partial<HttpAnswer>, string]>([
    ['no JSON', { body: '<html>' }, 'body: is not JSON'],
    ['nothing', { body: '' }, 'body: is empty, and JSON was expected'],
    [
      'too long',
      { body: '{}', cut: true },
      'body: is longer than 1 MiB, of which no more is read, so that it cannot be read as JSON',
    ],
  ])('cannot be read from what is %s', (_, answer, finding) => {
    expect(told(answerOf(undefined, answer), { json: { a: 1 } })).toEqual([finding]);
  });

  test('is held against captured values, with their types', () => {
    const values = new Map<string, string | number>([
      ['id', 3],
      ['word', 'U.*'],
    ]);
    const own = '$' + '{id}';
    expect(told(answerOf(HEALTH), { json: { 'items[0].id': own } }, values)).toEqual([]);
    // A captured value in a pattern stands for itself.
    expect(told(answerOf(HEALTH), { json: { status: { matches: '^$' + '{word}' } } }, values)).toHaveLength(
      1,
    );
  });
});

describe('text', () => {
  const page = answerOf(undefined, { body: 'Welcome to the shop, version 1.2.3' });

  test.each<[Json]>([
    ['Welcome'],
    [['Welcome', 'shop']],
    [{ contains: 'shop', excludes: 'error', matches: '\\d+\\.\\d+' }],
  ])('%j is there', (text) => {
    expect(told(page, { text })).toEqual([]);
  });

  test('that is missing, unwanted or without a match is told', () => {
    expect(told(page, { text: { contains: 'Hello', excludes: 'shop', matches: '^v' } })).toEqual([
      'text: expected "Hello", which is not there',
      'text: expected no "shop", which is there',
      'text: expected a match of ^v, and there is none',
    ]);
    expect(told({ ...page, cut: true }, { text: 'Hello' })).toEqual([
      'text: expected "Hello", which is not there in its first 1 MiB',
    ]);
  });
});

describe('headers', () => {
  test.each<[Json]>([
    [{ 'Content-Type': 'application/json' }],
    [{ 'content-type': 'application/json; charset=utf-8' }],
    [{ 'Content-Type': { contains: 'JSON', matches: '^app', exists: true } }],
    [{ 'X-Other': { exists: false } }],
  ])('%j are those of the answer', (headers) => {
    expect(told(answerOf(HEALTH), { headers })).toEqual([]);
  });

  test('that differ or are missing are told', () => {
    const headers = { 'Content-Type': 'text/html', 'X-Other': 'a', 'X-More': { exists: true } };
    expect(told(answerOf(HEALTH), { headers })).toEqual([
      'header Content-Type: expected "text/html", got "application/json; charset=utf-8"',
      'header X-Other: expected "a", got no such header',
      'header X-More: expected any value, got no such header',
    ]);
  });
});

test('an answer that took too long is told with both times', () => {
  expect(told(answerOf(HEALTH), { latency: '120ms' })).toEqual([]);
  expect(told(answerOf(HEALTH), { latency: '100ms' })).toEqual([
    'latency: expected at most 100ms, got 120ms',
  ]);
});

test('long values are cut, the number of characters told', () => {
  const body = { text: 'x'.repeat(5_000) };
  const [finding = ''] = told(answerOf(body), { json: { text: 'y' } });
  expect(finding).toMatch(/^json text: expected "y", got "x{199}… \(5002 characters\)$/);
});
