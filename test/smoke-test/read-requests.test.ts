import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRequests } from '../../src/smoke-test/read-requests.ts';
import type { RequestSettings } from '../../src/smoke-test/request.ts';
import type { Json } from '../../src/taskdef/definition.ts';

const SETTINGS: RequestSettings = {
  attempts: 10,
  intervalMs: 30_000,
  requestTimeoutMs: 10_000,
  followRedirects: 'same-host',
  connectTo: undefined,
};

/** Every key that there is, and every kind of value that somebody could give it. */
const KEYS =
  'name method path url headers json form body expect capture after retry attempts interval request-timeout follow-redirects connect-to status schema text latency contains matches header secret equals one-of exists type min';

test('whatever is written, each problem is told, and nothing breaks', () => {
  const text = fc.oneof(
    fc.constantFrom(
      '',
      '/x',
      'GET',
      '200',
      '10s',
      '(',
      'a[0].b',
      'https://x',
      'x:1',
      '$' + '{a}',
      'a',
      '__proto__',
    ),
    fc.string({ maxLength: 5 }),
  );
  const scalar = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.integer({ min: -1, max: 600 }),
    text,
  );
  const key = fc.oneof(fc.constantFrom(...KEYS.split(' ')), text);
  const mapping = (value: fc.Arbitrary<Json>) =>
    fc.dictionary(key, value, { maxKeys: 6 }) as fc.Arbitrary<Json>;
  const item = (depth: number): fc.Arbitrary<Json> =>
    depth === 0
      ? scalar
      : fc.oneof(scalar, fc.array(item(depth - 1), { maxLength: 3 }), mapping(item(depth - 1)));
  const list = fc.array(mapping(item(3)), { maxLength: 3 }) as fc.Arbitrary<Json>;
  fc.assert(
    fc.property(fc.oneof(list, item(1)), fc.boolean(), (document, base) => {
      const problems: string[] = [];
      const complain = (_: unknown, message: string) => problems.push(message);
      const requests = readRequests(document, SETTINGS, base, { complain, written: () => undefined });
      expect(problems.join()).not.toMatch(/undefined|\[object/);
      if (requests.length === 0) expect(problems).not.toEqual([]);
      expect(new Set(requests.map(({ index }) => index)).size).toBe(requests.length);
    }),
    { numRuns: 300 },
  );
});
