import { expect, it } from 'vitest';
import { createArrival } from '../../src/simulator/cloudwatch/arrival.ts';
import { MetricStore } from '../../src/simulator/cloudwatch/store.ts';

const MINUTE = 60_000;

it('knows a metric by what its dimensions say, whichever object they are in', () => {
  const store = new MetricStore(createArrival(1, 0, []));
  const own = { TargetGroup: 'web', LoadBalancer: 'shop' };
  const equal = { LoadBalancer: 'shop', TargetGroup: 'web' };
  const other = { TargetGroup: 'web-green', LoadBalancer: 'shop' };
  const add = (namespace: string, name: string, dimensions: Record<string, string>) =>
    store.add({ namespace, name, dimensions, at: 0, value: 1 });
  const count = (namespace: string, name: string, dimensions: Record<string, string>) =>
    store.read({ namespace, name, dimensions }, 0, MINUTE, MINUTE)?.count;

  for (const dimensions of [own, own, equal, own]) add('A', 'Requests', dimensions);
  add('A', 'Errors', own);
  for (let turn = 0; turn < 2; turn++) {
    add('B', 'Requests', own);
    add('A', 'Requests', own);
  }
  add('A', 'Requests', other);

  expect(count('A', 'Requests', { ...own })).toBe(6);
  expect(count('A', 'Requests', equal)).toBe(6);
  expect(count('A', 'Errors', own)).toBe(1);
  expect(count('B', 'Requests', own)).toBe(2);
  expect(count('A', 'Requests', other)).toBe(1);
  expect(store.list(MINUTE)).toHaveLength(4);
});
