import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonPathText, lookUp, parseJsonPath } from '../../src/smoke-test/json-path.ts';

test.each([
  ['status', ['status']],
  ['items[0].id', ['items', 0, 'id']],
  ['$.items[10]', ['items', 10]],
  ['$[0][1]', [0, 1]],
  ['["a.b"].c', ['a.b', 'c']],
  ['$', []],
  ['$ref', ['$ref']],
  ['$.$ref.a', ['$ref', 'a']],
  ['a-b.c d', ['a-b', 'c d']],
])('%s is a path', (text, path) => {
  expect(parseJsonPath(text)).toEqual(path);
});

test.each([[''], ['a..b'], ['a['], ['a[x]'], ['[1'], ['a.'], ['["a]']])('%j is none', (text) => {
  expect(parseJsonPath(text)).toBeUndefined();
});

test('a path that is written is read as the same', () => {
  const path = fc.array(
    fc.oneof(
      fc.nat(),
      fc.string({ unit: fc.constantFrom('a', '$', '.', '[', ']', '"', '\\', ' ', 'é', '0'), minLength: 1 }),
    ),
  );
  fc.assert(
    fc.property(path, (steps) => {
      expect(parseJsonPath(jsonPathText(steps))).toEqual(steps);
    }),
  );
});

test('what a prototype has is not in a document', () => {
  expect(lookUp({ a: {} }, ['a', 'constructor'])).toMatchObject({ kind: 'missing', above: ['a'] });
  expect(lookUp(['x'], ['length'])).toMatchObject({ kind: 'missing' });
});
