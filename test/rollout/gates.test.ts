import { describe, expect, it } from 'vitest';
import { parseGates } from '../../src/rollout/gate-syntax.ts';
import { type Comparison, formatValue, meets } from '../../src/rollout/gates.ts';

describe('meets', () => {
  it.each<[Comparison, boolean, boolean, boolean]>([
    ['<', true, false, false],
    ['<=', true, true, false],
    ['=', false, true, false],
    ['>=', false, true, true],
    ['>', false, false, true],
  ])('%s', (comparison, below, at, above) => {
    const bound = { comparison, value: 2 };
    expect([meets(1, bound), meets(2, bound), meets(3, bound)]).toEqual([below, at, above]);
  });
});

const measureOf = (line: string) => {
  const [gate] = parseGates(line, ['orders']);
  if (!gate) throw new Error(`${line} holds no gate`);
  return gate.measure;
};

describe('formatValue', () => {
  it.each<[string, number, string]>([
    ['error-rate < 1%', 0.012345, '1.23%'],
    ['latency-p95 < 1s', 1_500, '1.5s'],
    ['latency-avg < 1s', 12.34, '12.3ms'],
    ['cpu < 80%', 0.5, '50%'],
    ['crashes = 0', 2, '2'],
    ['unhealthy < 2m', 150_000, '2m30s'],
    ['metric orders > 1', 12_345, '12345'],
    ['metric orders > 1', 1.2345, '1.23'],
  ])('of %s writes %d as %s', (line, value, text) => {
    expect(formatValue(measureOf(line), value)).toBe(text);
  });
});
