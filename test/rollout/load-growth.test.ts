import { expect, it } from 'vitest';
import type { Period } from '../../src/rollout/judge/evidence.ts';
import { growthOf, usualRequests } from '../../src/rollout/load-growth.ts';

const minutes = (requests: readonly number[], settled = true): Period[] =>
  requests.map((each, index) => ({
    start: index * 60_000,
    requests: each,
    answered: each,
    errors5xx: 0,
    errors4xx: 0,
    slower: {},
    means: {},
    settled,
  }));

it('knows the requests of the last minutes, unless they are few', () => {
  expect(usualRequests(minutes([1, ...Array<number>(10).fill(100)]))).toBe(100);
  expect(usualRequests([...minutes([100]), ...minutes([9_000], false)])).toBe(100);
  expect(usualRequests(minutes([59]))).toBeUndefined();
  expect(usualRequests([])).toBeUndefined();
});

it.each([
  ['both sides together', [100, 100], [100, 100], 2],
  ['the lesser of the last two minutes', [500, 100, 900], [500, 50, 900], 1.5],
  ['no more than what is notable', [60, 60], [60, 60], 1],
  ['nothing by one minute', [500], [500], 1],
  ['nothing by minutes that one side lacks', [500, 500], [500], 1],
])('takes for growth %s', (_, canary, stable, growth) => {
  expect(growthOf({ canary: minutes(canary), stable: minutes(stable) }, 100)).toBe(growth);
});

it('takes no minute that is not settled', () => {
  expect(growthOf({ canary: minutes([500, 500], false), stable: minutes([500, 500]) }, 100)).toBe(1);
});
