import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_GATES } from '../../src/rollout/default-gates.ts';
import { parseGates } from '../../src/rollout/gate-syntax.ts';
import type { BoundGate, ComparisonGate, Gate } from '../../src/rollout/gates.ts';
import { problemsOf } from './problems-of.ts';

const read = (line: string, metrics: readonly string[] = ['orders', 'queue.depth']): Omit<Gate, 'text'> => {
  const [gate] = parseGates(line, metrics);
  if (!gate) throw new Error(`${line} holds no gate`);
  const { text: _, ...rest } = gate;
  return rest;
};

describe('parseGates reads', () => {
  it.each<[string, Omit<BoundGate, 'kind' | 'exact' | 'text' | 'warnOnly'> & { exact?: true }]>([
    [
      'error-rate < 1% abort > 2%',
      {
        measure: { kind: 'share', of: '5xx' },
        bound: { comparison: '<', value: 0.01 },
        abort: { comparison: '>', value: 0.02 },
      },
    ],
    ['error-rate = 0%', { measure: { kind: 'share', of: '5xx' }, bound: { comparison: '=', value: 0 } }],
    [
      'http-4xx-rate<=5.5%',
      { measure: { kind: 'share', of: '4xx' }, bound: { comparison: '<=', value: 0.055 } },
    ],
    [
      'latency-p50 < 100ms',
      { measure: { kind: 'percentile', percentile: 50 }, bound: { comparison: '<', value: 100 } },
    ],
    [
      'latency-p90 < 200ms',
      { measure: { kind: 'percentile', percentile: 90 }, bound: { comparison: '<', value: 200 } },
    ],
    [
      'Latency-P95 < 300ms ABORT >= 1.5s',
      {
        measure: { kind: 'percentile', percentile: 95 },
        bound: { comparison: '<', value: 300 },
        abort: { comparison: '>=', value: 1500 },
      },
    ],
    [
      'latency-p99 < 1s',
      { measure: { kind: 'percentile', percentile: 99 }, bound: { comparison: '<', value: 1000 } },
    ],
    [
      'latency-avg < 80ms',
      { measure: { kind: 'mean', of: 'latency' }, bound: { comparison: '<', value: 80 } },
    ],
    ['cpu < 80%', { measure: { kind: 'mean', of: 'cpu' }, bound: { comparison: '<', value: 0.8 } }],
    [
      'memory < 80% abort > 95%',
      {
        measure: { kind: 'mean', of: 'memory' },
        bound: { comparison: '<', value: 0.8 },
        abort: { comparison: '>', value: 0.95 },
      },
    ],
    ['cpu > 5%', { measure: { kind: 'mean', of: 'cpu' }, bound: { comparison: '>', value: 0.05 } }],
    ['crashes = 0', { measure: { kind: 'crashes' }, bound: { comparison: '=', value: 0 } }],
    ['crashes <= 2', { measure: { kind: 'crashes' }, bound: { comparison: '<=', value: 2 } }],
    ['unhealthy < 2m', { measure: { kind: 'unhealthy' }, bound: { comparison: '<', value: 120_000 } }],
    [
      'http-5xx < 10 per 1m',
      { measure: { kind: 'count', of: '5xx', windowMs: 60_000 }, bound: { comparison: '<', value: 10 } },
    ],
    [
      'http-5xx < 10',
      { measure: { kind: 'count', of: '5xx', windowMs: 60_000 }, bound: { comparison: '<', value: 10 } },
    ],
    [
      'http-4xx < 100 per 5m',
      { measure: { kind: 'count', of: '4xx', windowMs: 300_000 }, bound: { comparison: '<', value: 100 } },
    ],
    [
      'metric orders > 20 abort < 5',
      {
        measure: { kind: 'mean', of: 'metric', name: 'orders' },
        bound: { comparison: '>', value: 20 },
        abort: { comparison: '<', value: 5 },
      },
    ],
    [
      'slower-than 300ms < 5% abort > 10%',
      {
        measure: { kind: 'share', of: 'slow', slowerThanMs: 300 },
        bound: { comparison: '<', value: 0.05 },
        abort: { comparison: '>', value: 0.1 },
      },
    ],
    [
      'error-rate < 1% abort > 2% exact',
      {
        measure: { kind: 'share', of: '5xx' },
        bound: { comparison: '<', value: 0.01 },
        abort: { comparison: '>', value: 0.02 },
        exact: true,
      },
    ],
    [
      'latency-p95 < 300ms confidence 99.9%',
      {
        measure: { kind: 'percentile', percentile: 95 },
        bound: { comparison: '<', value: 300 },
        confidence: 0.9990000000000001,
      },
    ],
    [
      'metric queue.depth >= -1.5',
      {
        measure: { kind: 'mean', of: 'metric', name: 'queue.depth' },
        bound: { comparison: '>=', value: -1.5 },
      },
    ],
  ])('%s', (line, gate) => {
    const whole = { kind: 'bound', exact: false, ...gate };
    expect(read(line)).toEqual({ ...whole, warnOnly: false });
    expect(read(`warn ${line}`)).toEqual({ ...whole, warnOnly: true });
    expect(parseGates(`# first\n\n  - ${line}\r\n`, ['orders', 'queue.depth'])).toEqual([
      { ...whole, text: line, warnOnly: false },
    ]);
  });

  it.each<[string, Omit<ComparisonGate, 'kind' | 'text' | 'warnOnly'>]>([
    ['error-rate vs stable', { measure: { kind: 'share', of: '5xx' } }],
    ['HTTP-4xx-rate VS stable', { measure: { kind: 'share', of: '4xx' } }],
    ['slower-than 1.5s vs stable', { measure: { kind: 'share', of: 'slow', slowerThanMs: 1500 } }],
    ['crashes vs stable x3', { measure: { kind: 'crashes' }, margin: { kind: 'factor', value: 3 } }],
    [
      'error-rate vs stable + 0.5%',
      { measure: { kind: 'share', of: '5xx' }, margin: { kind: 'points', value: 0.005 } },
    ],
    [
      'error-rate vs stable +1% confidence 95%',
      { measure: { kind: 'share', of: '5xx' }, margin: { kind: 'points', value: 0.01 }, confidence: 0.95 },
    ],
    [
      'slower-than 300ms vs stable x1.5 confidence 99%',
      {
        measure: { kind: 'share', of: 'slow', slowerThanMs: 300 },
        margin: { kind: 'factor', value: 1.5 },
        confidence: 0.99,
      },
    ],
  ])('%s', (line, gate) => {
    expect(read(line)).toEqual({ kind: 'vs-stable', ...gate, warnOnly: false });
    expect(read(`warn ${line}`)).toEqual({ kind: 'vs-stable', ...gate, warnOnly: true });
  });

  it('the gates that a team gets that writes none', () => {
    expect(parseGates(DEFAULT_GATES).map(({ kind, measure }) => [kind, measure.kind])).toEqual([
      ['vs-stable', 'share'],
      ['vs-stable', 'share'],
      ['bound', 'crashes'],
      ['bound', 'unhealthy'],
    ]);
  });
});

describe('parseGates refuses, naming the line, the value and what to write:', () => {
  it.each<[string, string]>([
    [
      'error-rate',
      '"error-rate": not a gate; write a measure and a bound, error-rate < 1% abort > 2%, or compare it: error-rate vs stable',
    ],
    [
      'error-rate < 1 %',
      '"error-rate < 1 %": not a gate; write a measure and a bound, error-rate < 1% abort > 2%, or compare it: error-rate vs stable',
    ],
    ['error-rate < 1% or so', '"error-rate < 1% or so": not a gate; write a measure and a bound'],
    ['error-rate == 1%', '"error-rate == 1%": not a gate; write a measure and a bound'],
    [
      'errors < 1%',
      '"errors < 1%": there is no measure "errors"; there are error-rate, http-4xx-rate, slower-than, latency-p50',
    ],
    ['latency-p42 < 1s', '"latency-p42 < 1s": there is no measure "latency-p42"; there are'],
    ['constructor < 1', '"constructor < 1": there is no measure "constructor"; there are'],
    ['__proto__ < 1', '"__proto__ < 1": there is no measure "__proto__"; there are'],
    ['warn < 5', '"warn < 5": there is no measure "warn"; there are'],
    ['metric < 5', '"metric < 5": there is no measure "metric"; there are'],
    [
      'metric sales < 5',
      '"metric sales < 5": the metric sales is not defined under metrics in config; it defines orders, queue.depth',
    ],
    ['error-rate < 1', '"error-rate < 1": "1" needs a percent sign'],
    ['error-rate < 101%', '"error-rate < 101%": "101%" is not between 0% and 100%'],
    ['error-rate < -1%', '"error-rate < -1%": "-1%" is not between 0% and 100%'],
    ['error-rate < x%', '"error-rate < x%": "x%" is not a number'],
    ['crashes < 5%', '"crashes < 5%": "5%" is a share, and a number is asked for'],
    ['crashes < 1e2', '"crashes < 1e2": "1e2" is not a number'],
    ['latency-p95 < 300', '"300" is not a duration; write a number with a unit: 90s, 15m or 1h30m'],
    ['latency-p95 < 300ms abort > 5', '"5" is not a duration; write a number with a unit'],
    ['unhealthy < 2', '"2" is not a duration; write a number with a unit'],
    ['http-5xx < 10 per 1', '"1" is not a duration; write a number with a unit'],
    [
      'http-5xx < 10 per 90s',
      '"http-5xx < 10 per 90s": a window is one or more whole minutes, because load balancer metrics come per minute',
    ],
    ['http-5xx < 10 per 0', '"http-5xx < 10 per 0": a window is one or more whole minutes'],
    ['error-rate < 1% per 1m', '"error-rate < 1% per 1m": "per" goes with counts only (http-5xx, http-4xx)'],
    ['crashes = 0 abort > 3', '"crashes = 0 abort > 3": crashes acts on sight; leave out the abort'],
    [
      'unhealthy < 1m abort > 2m',
      '"unhealthy < 1m abort > 2m": unhealthy acts on sight; leave out the abort',
    ],
    ['http-5xx < 10 abort > 20', '"http-5xx < 10 abort > 20": http-5xx acts on sight; leave out the abort'],
    [
      'error-rate < 1% abort < 2%',
      '"error-rate < 1% abort < 2%": the abort has to point the other way than the bound: < VALUE abort > VALUE',
    ],
    ['error-rate = 0% abort > 2%', '"error-rate = 0% abort > 2%": the abort has to point the other way'],
    [
      'error-rate < 2% abort > 1%',
      '"error-rate < 2% abort > 1%": the abort is stricter than the bound, so the bound could never decide',
    ],
    ['metric orders > 5 abort < 20', '"metric orders > 5 abort < 20": the abort is stricter than the bound'],
    [
      'latency-p95 > 300ms',
      '"latency-p95 > 300ms": latency-p95 is bounded from above; write latency-p95 < VALUE',
    ],
    [
      'latency-p95 <= 0',
      '"latency-p95 <= 0": no request takes 0; write what has to hold: latency-p95 < 300ms',
    ],
    [
      'error-rate vs stable + 100%',
      '"error-rate vs stable + 100%": "+ 100%" would let a release pass of which every request fails',
    ],
    ['slower-than < 5%', '"slower-than < 5%": slower-than needs a time: slower-than 300ms'],
    ['slower-than 300 < 5%', '"300" is not a duration; write a number with a unit'],
    ['slower-than 0s < 5%', '"slower-than 0s < 5%": "0s" is no time that a request may take'],
    ['cpu high < 5%', '"cpu high < 5%": "high" is too much after cpu'],
    ['crashes = 0 exact', '"crashes = 0 exact": crashes is taken literally anyway; leave out exact'],
    [
      'error-rate < 1% exact confidence 99%',
      '"error-rate < 1% exact confidence 99%": confidence goes with rates',
    ],
    ['cpu < 80% confidence 99%', '"cpu < 80% confidence 99%": confidence goes with rates and percentiles'],
    ['error-rate < 1% confidence 99', '"error-rate < 1% confidence 99": "99" needs a percent sign'],
    [
      'error-rate vs stable confidence 100%',
      '"error-rate vs stable confidence 100%": "100%" is not between 50% and 99.999%',
    ],
    [
      'error-rate vs stable exact',
      '"error-rate vs stable exact": not a gate; write what is compared and how much worse',
    ],
    ['error-rate vs canary', '"error-rate vs canary": not a gate; write what is compared and how much worse'],
    ['error-rate vs stable + 5', '"error-rate vs stable + 5": "5" needs a percent sign'],
    ['error-rate vs stable x0.5', '"error-rate vs stable x0.5": "x0.5" is not a factor from 1 to 1000'],
    ['error-rate vs stable xx2', '"error-rate vs stable xx2": not a gate'],
    ['crashes vs stable + 5%', '"crashes vs stable + 5%": crashes have no percentage; write how many times'],
    [
      'latency-p95 vs stable',
      '"latency-p95 vs stable": latency-p95 cannot be compared; what can is error-rate, http-4xx-rate, slower-than DURATION or crashes; for response times write slower-than 300ms',
    ],
    ['cpu vs stable', '"cpu vs stable": cpu cannot be compared; what can is'],
    ['unhealthy = 0', '"unhealthy = 0": unhealthy is bounded from above; write unhealthy < VALUE'],
  ])('%s', (line, message) => {
    const [problem, ...more] = problemsOf(() =>
      parseGates(`crashes = 0\n${line}`, ['orders', 'queue.depth']),
    );
    expect(problem).toContain(`gates line 2: ${message}`);
    expect(more).toEqual([]);
  });

  it.each([
    'crashes > 0',
    'crashes = 1',
    'crashes < 0',
    'http-5xx >= 10 per 1m',
    'error-rate > 1%',
    'error-rate < 0%',
    'latency-avg > 10ms',
    'unhealthy < 0',
  ])('%s, because even a release without any fault would be taken back', (line) => {
    const name = line.split(' ')[0];
    expect(problemsOf(() => parseGates(line))).toEqual([
      `gates line 1: "${line}": even a release without any fault would not meet it; write what has to hold: ${name} < VALUE`,
    ]);
  });

  it('nothing of what stands behind a number sign', () => {
    expect(
      parseGates('# all\n- error-rate vs stable # as it runs\n\tcrashes = 0\t# none\r\n').map(
        ({ text }) => text,
      ),
    ).toEqual(['error-rate vs stable', 'crashes = 0']);
  });

  it('the problems of all lines at once', () => {
    expect(
      problemsOf(() => parseGates('x < 1\ncrashes = 0\nerror-rate < 5\n')).map((p) => p.slice(0, 13)),
    ).toEqual(['gates line 1:', 'gates line 3:']);
  });

  it('any text with a ConfigError, or takes it', () => {
    const word = fc.constantFrom(
      'warn',
      'metric',
      'crashes',
      'cpu',
      '<',
      '>',
      '=',
      'abort',
      'per',
      '1',
      '1%',
      '1m',
      'x',
      'vs stable',
      '+',
      'x2',
      'slower-than',
      'exact',
      'confidence',
      '\n',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join(' ')),
        ),
        (text) => {
          for (const problem of problemsOf(() => parseGates(text)))
            expect(problem).toMatch(/^gates line \d+: /);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
