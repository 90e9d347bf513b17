import { expect, test } from 'vitest';
import { capture } from '../../src/smoke-test/capture.ts';
import { parseJsonPath } from '../../src/smoke-test/json-path.ts';
import { fillAddress, fillJson } from '../../src/smoke-test/template.ts';

// biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the list of requests
const ID = '${id}';

const captured = (body: string, path: string) => {
  const from = { kind: 'json', path, at: parseJsonPath(path) ?? [] } as const;
  const answer = { status: 200, headers: new Map(), body, cut: false, ms: 1, remoteAddress: undefined };
  const [found] = capture(answer, [{ name: 'id', from, matches: undefined, secret: false }]);
  return found && 'value' in found ? found.value : undefined;
};

test('an id of more digits than a number of JavaScript has is the same in the next request', () => {
  const body = '{"orders":[{"id":1099511627776123457}]}';
  const values = new Map([['id', captured(body, 'orders[0].id') ?? '']]);
  expect(fillAddress(`/orders/${ID}`, values)).toBe('/orders/1099511627776123457');
  // Both sides of a comparison are read in the same way.
  expect(fillJson({ id: ID }, values)).toEqual(JSON.parse(body).orders[0]);
});

test.each([
  ['7', 7],
  ['1.5', 1.5],
  ['1e30', 1e30],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['-12345678901234567890', -12345678901234567890n],
])('the number %s keeps its value', (written, value) => {
  expect(captured(written, '$')).toBe(value);
});
