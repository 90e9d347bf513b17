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

const SCALER = { suspended: { scaleIn: false, scaleOut: false, schedule: false } };

it('knows the requests of the last minutes, unless they are few', () => {
  expect(usualRequests(minutes([1, ...Array<number>(15).fill(100)]), SCALER)).toBe(100);
  expect(usualRequests([...minutes([100]), ...minutes([9_000], false)], SCALER)).toBe(100);
  expect(usualRequests(minutes([59]), SCALER)).toBeUndefined();
  expect(usualRequests([], SCALER)).toBeUndefined();
});

it('takes a peak for usual that has lasted, since the service still has the tasks for it', () => {
  expect(usualRequests(minutes([100, 300, 300, 300, 100, 100]), SCALER)).toBe(300);
  expect(usualRequests(minutes([100, 100, 700, 700, 100, 100]), SCALER)).toBe(300);
});

it('knows nothing of a service whose tasks no scaler adds', () => {
  const scaleOut = { suspended: { ...SCALER.suspended, scaleOut: true } };
  expect(usualRequests(minutes([100, 100]), undefined)).toBeUndefined();
  expect(usualRequests(minutes([100, 100]), scaleOut)).toBeUndefined();
});

it.each([
  ['both sides together', [100, 100, 100], [100, 100, 100], 1.25 ** 3],
  ['the least of the last three minutes', [500, 100, 500, 900], [500, 60, 500, 900], 1.25 ** 2],
  ['a step that holds for a while', [70, 70, 70], [70, 70, 70], 1.25],
  ['no more than what is notable', [60, 60, 60], [60, 60, 60], 1],
  ['nothing by a burst at the full hour', [60, 500, 500], [60, 500, 500], 1],
  ['nothing by minutes that one side lacks', [500, 500, 500], [500, 500], 1],
])('takes for growth %s', (_, canary, stable, growth) => {
  expect(growthOf({ canary: minutes(canary), stable: minutes(stable) }, 100)).toBeCloseTo(growth, 9);
});

it('takes no minute that is not settled', () => {
  const many = [500, 500, 500];
  expect(growthOf({ canary: minutes(many, false), stable: minutes(many) }, 100)).toBe(1);
});
