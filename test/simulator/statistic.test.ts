import { describe, expect, it } from 'vitest';
import { Distribution } from '../../src/simulator/cloudwatch/distribution.ts';
import { parseStatistic } from '../../src/simulator/cloudwatch/statistic.ts';

function samples(...values: number[]): Distribution {
  const distribution = new Distribution();
  for (const value of values) distribution.add(value);
  return distribution;
}

const upTo100 = samples(...Array.from({ length: 100 }, (_, i) => i + 1));

describe('statistics', () => {
  it.each([
    ['SampleCount', 100],
    ['Sum', 5050],
    ['Average', 50.5],
    ['Minimum', 1],
    ['Maximum', 100],
    ['p0', 1],
    ['p50', 50],
    ['p95', 95],
    ['p99.9', 100],
    ['p100', 100],
    ['tm90', 45.5],
    ['TM(:90%)', 45.5],
    ['TM(10%:90%)', 50.5],
    ['TM(10:20)', 15.5],
    ['IQM', 50.5],
    ['tc90', 90],
    ['TC(80%:)', 20],
    ['TC(30:)', 70],
    ['TC(:30)', 30],
    ['TC(10:20)', 10],
    ['TC(1000:)', 0],
    ['ts90', 4095],
    ['TS(80%:)', 1810],
    ['PR(:30)', 30],
    ['PR(30:)', 70],
    ['PR(10:20)', 10],
    ['wm98', (4851 + 2 * 98) / 100],
    ['WM(10%:90%)', (10 * 10 + 4040 + 10 * 90) / 100],
    ['WM(10:90)', (10 * 10 + 4040 + 10 * 90) / 100],
  ])('%s', (name, expected) => {
    expect(parseStatistic(name)?.(upTo100)).toBeCloseTo(expected, 9);
  });

  it('weighs values by their counts', () => {
    const distribution = new Distribution();
    distribution.add(0.1, 960);
    distribution.add(0.5, 40);
    expect(parseStatistic('p95')?.(distribution)).toBe(0.1);
    expect(parseStatistic('p97')?.(distribution)).toBe(0.5);
    expect(parseStatistic('TC(0.3:)')?.(distribution)).toBe(40);
    expect(parseStatistic('PR(0.3:)')?.(distribution)).toBeCloseTo(4, 9);
  });

  it('leaves a mean of nothing out', () => {
    expect(parseStatistic('TM(1000:)')?.(upTo100)).toBeUndefined();
  });

  it.each([
    '',
    'sum',
    'p101',
    'p',
    'TM()',
    'TM(:)',
    'PR(10%:90%)',
    'TC(10%:20)',
    'TC(5:1)',
    'TM(%:90%)',
    'TM(20%:120%)',
  ])('refuses "%s"', (name) => {
    expect(parseStatistic(name)).toBeUndefined();
  });

  it('halves a distribution evenly', () => {
    const distribution = new Distribution();
    distribution.add(1, 100);
    distribution.add(2, 1);
    distribution.add(3, 1);
    expect(distribution.half().sorted).toEqual([
      [1, 50],
      [2, 1],
    ]);
  });
});
