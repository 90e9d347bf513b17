import { expect, test } from 'vitest';
import { pauseAfter } from '../../src/github/api-failure.ts';

const failure = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Error =>
  Object.assign(new Error(message), { status, response: { headers } });

test.each([
  // https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
  [
    'a secondary limit without a word of how long',
    failure(403, 'You have exceeded a secondary rate limit.'),
    60_000,
  ],
  ['the same as 429', failure(429, 'You have exceeded a secondary rate limit.'), 60_000],
  ['a secondary limit with one', failure(403, 'secondary rate limit', { 'retry-after': '7' }), 7_000],
  ['a token that may not', failure(403, 'Resource not accessible by integration'), undefined],
  ['an outage', failure(502, 'Server Error'), 1_000],
])('%s', (_, error, pause) => {
  expect(pauseAfter(error, 1, 0, false)).toBe(pause);
});
