import { describe, expect, it } from 'vitest';
import { parseExpression } from '../../src/simulator/cloudwatch/expression.ts';
import { evaluateToSeries, type Series } from '../../src/simulator/cloudwatch/math.ts';

const series = new Map<string, Series>([
  [
    'a',
    new Map([
      [1, 10],
      [2, 20],
      [4, 40],
    ]),
  ],
  ['b', new Map([[2, 5]])],
  ['none', new Map()],
]);

const timestamps = [1, 2, 3, 4];

function evaluate(text: string): Record<string, number> {
  const lookUp = (id: string): Series => series.get(id) ?? new Map();
  const scope = { lookUp, metricIds: [...series.keys()], timestamps, period: 60 };
  return Object.fromEntries(evaluateToSeries(parseExpression(text), scope));
}

describe('metric math', () => {
  it.each([
    ['a', { 1: 10, 2: 20, 4: 40 }],
    ['7', { 1: 7, 2: 7, 3: 7, 4: 7 }],
    ['1 + 2 * 3 ^ 2 - 4 / 2', { 1: 17, 2: 17, 3: 17, 4: 17 }],
    ['-(a - 10)', { 1: 0, 2: -10, 4: -30 }],
    ['a - b', { 2: 15 }],
    ['a / none', {}],
    ['a >= 20', { 1: 0, 2: 1, 4: 1 }],
    ['a > 10 AND a < 40 || a == 10', { 1: 1, 2: 1, 4: 0 }],
    ['FILL(b, 0)', { 1: 0, 2: 5, 3: 0, 4: 0 }],
    ['FILL(none, 1.5)', { 1: 1.5, 2: 1.5, 3: 1.5, 4: 1.5 }],
    ['FILL(b, REPEAT)', { 2: 5, 3: 5, 4: 5 }],
    ['FILL(a, LINEAR)', { 1: 10, 2: 20, 3: 30, 4: 40 }],
    ['SUM([a, b])', { 1: 10, 2: 25, 4: 40 }],
    ['AVG([a, b])', { 1: 10, 2: 12.5, 4: 40 }],
    ['MIN(METRICS())', { 1: 10, 2: 5, 4: 40 }],
    ['SUM(METRICS("b"))', { 2: 5 }],
    ['METRIC_COUNT(METRICS()) + SUM(b) + MAX(a) - MIN(a)', { 1: 38, 2: 38, 3: 38, 4: 38 }],
    ['SUM(none)', {}],
    ['SUM([a, b] * 2)', { 1: 20, 2: 50, 4: 80 }],
    ['IF(a > 15, 1, 0)', { 1: 0, 2: 1, 4: 1 }],
    ['IF(a > 15, a)', { 2: 20, 4: 40 }],
    ['IF(1 > 2, a, b)', { 2: 5 }],
    ['RUNNING_SUM(a)', { 1: 10, 2: 30, 4: 70 }],
    ['DIFF(a)', { 2: 10, 4: 20 }],
    ['RATE(a) * PERIOD(a)', { 2: 10, 4: 20 }],
    ['ABS(b - 7) + CEIL(0.2) + FLOOR(0.8)', { 2: 3 }],
  ])('%s', (text, expected) => {
    expect(evaluate(text)).toEqual(expected);
  });

  it.each([
    ['', 'unexpected end'],
    ['a +', 'unexpected end'],
    ['(a', 'unexpected end'],
    ['a b', 'unexpected "b"'],
    ['SUM(a b)', '"," expected'],
    ['a $ b', 'cannot read'],
    ['METRICS()', 'single time series'],
    ['FILL(a, "x")', 'FILL takes'],
    ['"x" + 1', 'takes numbers'],
    ['IF(a)', 'IF takes'],
    ['SUM()', 'missing'],
  ])('refuses "%s"', (text, message) => {
    expect(() => evaluate(text)).toThrow(message);
  });
});
