import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGates } from '../../../src/rollout/gate-syntax.ts';
import {
  type Evidence,
  NO_EVIDENCE,
  type Period,
  type StoppedTask,
} from '../../../src/rollout/judge/evidence.ts';
import type { Verdict } from '../../../src/rollout/judge/finding.ts';
import { judge } from '../../../src/rollout/judge/judge.ts';

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 0, 5, 12, 0);

/** One minute, `at` minutes after noon; the step begins at noon. */
const minute = (at: number, of: Partial<Period> = {}): Period => ({
  start: NOON + at * MINUTE,
  requests: 0,
  answered: of.requests ?? 0,
  ...(of.latencySumMs !== undefined && { timed: of.requests ?? 0 }),
  settled: true,
  errors5xx: 0,
  errors4xx: 0,
  slower: {},
  means: {},
  ...of,
});

/** Minutes after noon with so many requests and errors each. */
const traffic = (...minutes: [requests: number, errors5xx: number][]): Evidence => ({
  ...NO_EVIDENCE,
  canary: minutes.map(([requests, errors5xx], at) => minute(at, { requests, errors5xx })),
});

const CRASH: StoppedTask = {
  arn: 'arn:aws:ecs:eu-west-1:111122223333:task/prod/0af1',
  startedBy: 'ecs-svc/1',
  stopCode: 'EssentialContainerExited',
  reason: 'Essential container in task exited',
  stoppedAt: NOON,
  containers: [{ name: 'web', exitCode: 1 }],
};

const AT_HALF = { steps: 1, weight: 50, onStableFailing: 'hold' } as const;

const findings = (gates: string, evidence: Evidence, minRequests = 100) =>
  judge(parseGates(gates, ['orders']), evidence, { ...AT_HALF, since: NOON, minRequests });

const says = (gate: string, evidence: Evidence, minRequests = 100): [Verdict, string] => {
  const [finding] = findings(gate, evidence, minRequests);
  return [finding?.verdict ?? 'pass', finding?.text ?? ''];
};

const verdict = (gate: string, evidence: Evidence, minRequests = 100): Verdict =>
  says(gate, evidence, minRequests)[0];

describe('a share of the requests', () => {
  const GATE = 'error-rate < 1% abort > 2%';

  it.each<[string, Evidence, Verdict, string]>([
    [
      'passes below its bound',
      traffic([500, 1], [500, 2]),
      'pass',
      '3 of 1000 requests (0.3%) answered 5xx, 12:00-12:02 UTC',
    ],
    ['passes at its bound', traffic([1000, 10]), 'pass', '10 of 1000 requests (1%)'],
    [
      'holds above its bound while that may be chance',
      traffic([1000, 15]),
      'no-evidence',
      '15 of 1000 requests (1.5%) answered 5xx, 12:00-12:01 UTC: 8 of 100 releases at 1% look as bad by chance, so more requests are needed',
    ],
    ['fails where it hardly can be', traffic([1000, 25]), 'fail', '25 of 1000 requests (2.5%)'],
    ['fails on a smaller excess of more requests', traffic([10_000, 150]), 'fail', '(1.5%)'],
    ['does not abort beyond the abort while that may be chance', traffic([1000, 30]), 'fail', '(3%)'],
    [
      'aborts where it hardly can be',
      traffic([1000, 45]),
      'abort',
      '45 of 1000 requests (4.5%) answered 5xx, 12:00-12:01 UTC',
    ],
    [
      'aborts on the newest minutes, which good ones before do not dilute',
      traffic([100_000, 0], [200, 20]),
      'abort',
      '20 of 200 requests (10%) answered 5xx, 12:01-12:02 UTC',
    ],
    [
      'is not aborted by what is long over',
      traffic([200, 4], [10_000, 0]),
      'pass',
      '4 of 10200 requests (0.0392%)',
    ],
    [
      'holds when the canary has had fewer than 100 requests',
      traffic([50, 0], [49, 0]),
      'no-evidence',
      '99 of at least 100 requests (12:00-12:02 UTC)',
    ],
    ['passes with 100 requests', traffic([50, 0], [50, 0]), 'pass', '0 of 100 requests (0%)'],
    ['holds without any', traffic(), 'no-evidence', '0 of at least 100 requests (no complete minute yet)'],
    ['holds with minutes without any', traffic([0, 0], [0, 0]), 'no-evidence', '0 of at least 100 requests'],
    [
      'is not aborted by one error of three requests',
      traffic([3, 1]),
      'no-evidence',
      '3 of at least 100 requests',
    ],
    [
      'is aborted by more errors than the minimum could excuse',
      traffic([5, 3]),
      'abort',
      '3 of 5 requests (60%)',
    ],
  ])('%s', (_, evidence, expected, text) => {
    const [found, said] = says(GATE, evidence);
    expect([found, said]).toEqual([expected, expect.stringContaining(text)]);
  });

  it('counts the minutes before the step for an abort, and not for the bound', () => {
    const before = { ...NO_EVIDENCE, canary: [minute(-1, { requests: 1000, errors5xx: 500 })] };
    expect(verdict(GATE, before)).toBe('abort');
    expect(says('error-rate < 1%', before)).toEqual([
      'no-evidence',
      '0 of at least 100 requests (no complete minute yet)',
    ]);
  });

  it('does not count the minute in which the step began for the bound', () => {
    const evidence = { ...NO_EVIDENCE, canary: [minute(0, { requests: 1000, errors5xx: 15 })] };
    const [finding] = judge(parseGates(GATE), evidence, { ...AT_HALF, since: NOON + 1, minRequests: 100 });
    expect(finding?.verdict).toBe('no-evidence');
  });

  it('does not abort on errors whose requests CloudWatch has kept back', () => {
    const canary = [minute(0, { requests: 100 }), minute(1, { requests: 5, errors5xx: 40 })];
    expect(verdict(GATE, { ...NO_EVIDENCE, canary, complete: false })).toBe('no-evidence');
    expect(verdict(GATE, { ...NO_EVIDENCE, canary, complete: true })).toBe('abort');
  });

  it('leaves minutes out whose requests are not known yet', () => {
    const canary = [minute(0, { requests: 1000 }), minute(1, { errors5xx: 40 })];
    expect(verdict(GATE, { ...NO_EVIDENCE, canary })).toBe('pass');
  });

  it('of 4xx does not count 5xx', () => {
    const canary = [minute(0, { requests: 1000, errors5xx: 900, errors4xx: 30 })];
    expect(verdict('http-4xx-rate < 5%', { ...NO_EVIDENCE, canary })).toBe('pass');
    expect(verdict('http-4xx-rate < 1%', { ...NO_EVIDENCE, canary })).toBe('fail');
  });

  it('can be asked to be nothing at all', () => {
    expect(verdict('error-rate = 0%', traffic([1000, 0]))).toBe('pass');
    expect(verdict('error-rate = 0%', traffic([1000, 1]))).toBe('fail');
  });
});

describe('requests without an answer', () => {
  const silent = (...minutes: [requests: number, answered: number, latencySumMs?: number][]) =>
    minutes.map(([requests, answered, latencySumMs = answered * 40], at) =>
      minute(at, { requests, answered, latencySumMs, timed: answered, slower: { 300: 0, 500: 0 } }),
    );
  const of = (canary: readonly Period[], stable: readonly Period[] = []) => ({
    ...NO_EVIDENCE,
    canary,
    stable,
  });

  it('are errors', () => {
    expect(says('error-rate < 1% abort > 2%', of(silent([1000, 950], [1000, 940])))).toEqual([
      'abort',
      '106 of 2000 requests (5.3%) answered 5xx or, 106 of them, not at all, 12:00-12:02 UTC',
    ]);
    expect(says('http-5xx < 40', of(silent([1000, 950], [1000, 940])))).toEqual([
      'abort',
      '56 answers 5xx or, 56 of them, not at all in the worst 1m, 12:01-12:02 UTC',
    ]);
  });

  it('are slow', () => {
    expect(says('latency-p95 < 300ms abort > 500ms', of(silent([1000, 900])))).toEqual([
      'abort',
      '97 of 997 requests (9.73%) took longer than 500ms or, 97 of them, not at all, 12:00-12:01 UTC',
    ]);
    expect(
      verdict('latency-p95 < 300ms abort > 500ms', of([minute(0, { requests: 1000, answered: 0 })])),
    ).toBe('abort');
  });

  it('are no client errors', () => {
    expect(verdict('http-4xx-rate < 1%', of(silent([1000, 0])))).toBe('pass');
  });

  it('are none that are still under way at the end of a minute', () => {
    // 50 requests a second that take a second each.
    const steady = silent([3000, 2950, 2_950_000], [3000, 3000, 3_000_000], [3000, 2990, 3_000_000]);
    for (let until = 1; until <= steady.length; until++) {
      expect(verdict('error-rate < 1% abort > 1%', of(steady.slice(0, until)))).toBe('pass');
    }
  });

  it('are never fewer than none', () => {
    expect(says('error-rate < 1%', of(silent([1000, 1050])))[1]).toContain('0 of 1000 requests');
  });

  it('are no fault of the release where stable has as many', () => {
    const canary = silent([1000, 600], [1000, 610]);
    const stable = silent([9000, 5400], [9000, 5400]);
    expect(verdict('error-rate < 1% abort > 2%', of(canary, stable))).toBe('pass');
    expect(verdict('error-rate < 1% abort > 2%', of(silent([1000, 400]), stable))).toBe('abort');
  });

  it('are not counted in a minute that is not settled', () => {
    const [old, young] = silent([1000, 1000], [1000, 990]);
    if (!old || !young) throw new Error('two minutes');
    expect(says('http-5xx < 5', of([old, { ...young, settled: false }]))).toEqual([
      'pass',
      '0 answers 5xx in the worst 1m, 12:00-12:01 UTC',
    ]);
    expect(verdict('http-5xx < 5', of([old, young]))).toBe('abort');
  });

  it('are not counted while CloudWatch does not tell all', () => {
    const evidence = { ...of(silent([1000, 0])), complete: false };
    expect(verdict('error-rate < 1% abort > 2%', evidence)).toBe('no-evidence');
  });
});

describe('at the end of a bake', () => {
  const atEnd = (gate: string, canary: readonly Period[], complete = true) =>
    judge(
      parseGates(gate),
      { ...NO_EVIDENCE, canary, complete },
      {
        ...AT_HALF,
        since: NOON - 20_000,
        bakeEnd: NOON + 3 * MINUTE + 40_000,
        minRequests: 100,
      },
    )[0];
  const full = (at: number, of: Partial<Period> = {}) => minute(at, { requests: 1000, ...of });

  it('all of its whole minutes have to be known', () => {
    expect(atEnd('error-rate < 1%', [full(0), full(1), full(2)])).toMatchObject({ verdict: 'pass' });
    for (const canary of [
      [full(0), full(1)],
      [full(0), full(1), full(2, { settled: false })],
    ]) {
      expect(atEnd('error-rate < 1%', canary)).toEqual({
        gate: 'error-rate < 1%',
        verdict: 'no-evidence',
        text: 'the metrics of 12:02-12:03 UTC are not all there yet',
        warnOnly: false,
        waiting: true,
      });
    }
  });

  it('nothing is decided on a part of what CloudWatch has', () => {
    const found = atEnd('error-rate < 1%', [full(0), full(1), full(2)], false);
    expect(found).toMatchObject({ verdict: 'no-evidence', waiting: true });
  });

  it('what takes a release back at once does, and what needs no metrics decides', () => {
    expect(atEnd('error-rate < 1% abort > 2%', [full(0, { errors5xx: 500 })])?.verdict).toBe('abort');
    expect(atEnd('crashes = 0', [])).toMatchObject({ verdict: 'pass' });
  });
});

describe('a percentile of the response times', () => {
  const GATE = 'latency-p95 < 300ms abort > 1.5s';
  const slow = (requests: number, over300: number, over1500: number): Evidence => ({
    ...NO_EVIDENCE,
    canary: [minute(0, { requests, latencySumMs: requests * 100, slower: { 300: over300, 1500: over1500 } })],
  });

  it.each<[string, Evidence, Verdict, string]>([
    [
      'passes where one in twenty is slower',
      slow(1000, 50, 0),
      'pass',
      '50 of 1000 requests (5%) took longer than 300ms',
    ],
    [
      'fails where more are',
      slow(1000, 90, 0),
      'fail',
      '90 of 1000 requests (9%) took longer than 300ms, 12:00-12:01 UTC',
    ],
    [
      'aborts where more are slower than the abort',
      slow(1000, 95, 95),
      'abort',
      '95 of 1000 requests (9.5%) took longer than 1.5s',
    ],
    ['fails where fewer are', slow(1000, 90, 50), 'fail', 'took longer than 300ms'],
    [
      'holds where that may be chance',
      slow(1000, 60, 50),
      'no-evidence',
      '9 of 100 releases at 5% look as bad',
    ],
    ['holds with too few requests', slow(99, 0, 0), 'no-evidence', '99 of at least 100 requests'],
  ])('%s', (_, evidence, expected, text) => {
    expect(says(GATE, evidence)).toEqual([expected, expect.stringContaining(text)]);
  });

  it('leaves minutes out whose response times are not known yet', () => {
    const known = minute(0, { requests: 100, latencySumMs: 10_000, slower: { 300: 20 } });
    const canary = [known, minute(1, { requests: 1000 })];
    expect(says('latency-p95 < 300ms', { ...NO_EVIDENCE, canary })).toEqual([
      'fail',
      expect.stringContaining('20 of 100 requests'),
    ]);
  });
});

describe('the mean response time', () => {
  const GATE = 'latency-avg < 100ms abort > 1s';
  const timed = (...minutes: [requests: number, sumMs: number][]): Evidence => ({
    ...NO_EVIDENCE,
    canary: minutes.map(([requests, latencySumMs], at) => minute(at, { requests, latencySumMs })),
  });

  it.each<[string, Evidence, Verdict, string]>([
    [
      'passes below its bound, weighed by requests',
      timed([100, 20_000], [900, 45_000]),
      'pass',
      '65ms on average, 12:00-12:02 UTC',
    ],
    ['fails at its bound', timed([1000, 100_000]), 'fail', '100ms on average'],
    [
      'aborts on the newest minutes',
      timed([90_000, 900_000], [100, 125_000], [100, 125_000]),
      'abort',
      '1.25s on average, 12:01-12:03 UTC',
    ],
    ['does not abort on a single minute', timed([9000, 90_000], [100, 125_000]), 'pass', '23.6ms on average'],
    [
      'does not abort where the newest minute is well again',
      timed([9000, 90_000], [100, 900_000], [100, 10_000]),
      'fail',
      '109ms on average',
    ],
    ['does not abort on a few requests', timed([10, 60_000]), 'no-evidence', '10 of at least 100 requests'],
    ['holds without any', timed(), 'no-evidence', '0 of at least 100 requests'],
  ])('%s', (_, evidence, expected, text) => {
    expect(says(GATE, evidence)).toEqual([expected, expect.stringContaining(text)]);
  });

  it('leaves minutes out of which only a part is known', () => {
    const canary = [
      minute(0, { requests: 1000, latencySumMs: 50_000 }),
      minute(1, { requests: 5000 }),
      minute(2, { latencySumMs: 9_000_000 }),
    ];
    expect(says(GATE, { ...NO_EVIDENCE, canary })).toEqual(['pass', '50ms on average, 12:00-12:03 UTC']);
  });
});

describe('a mean of a metric', () => {
  const means = (name: string, ...values: (number | undefined)[]): Evidence => ({
    ...NO_EVIDENCE,
    canary: values.map((value, at) => minute(at, { means: value === undefined ? {} : { [name]: value } })),
  });

  it.each<[string, Evidence, Verdict, string]>([
    ['cpu < 80% abort > 95%', means('cpu', 0.7, 0.8), 'pass', '75% on average, 12:00-12:02 UTC'],
    ['cpu < 80% abort > 95%', means('cpu', 0.7, 0.94), 'fail', '82% on average'],
    ['cpu < 80% abort > 95%', means('cpu', 0.1, 0.96, 0.98), 'abort', '97% on average, 12:01-12:03 UTC'],
    ['cpu < 80% abort > 95%', means('cpu', 0.1, 0.96), 'pass', '53% on average'],
    ['cpu < 80% abort > 95%', means('cpu', 0.96, undefined, 0.96), 'fail', '96% on average'],
    ['cpu < 80% abort > 95%', means('cpu', 0.96, 0.1), 'pass', '53% on average'],
    ['memory < 80%', means('cpu', 0.5), 'no-evidence', 'CloudWatch has no value (12:00-12:01 UTC)'],
    ['memory < 80%', means('memory', 0.5, undefined), 'pass', '50% on average'],
    ['memory < 80%', means('memory'), 'no-evidence', 'CloudWatch has no value (no complete minute yet)'],
    ['metric orders > 20 abort < 5', means('orders', 25), 'pass', '25 on average'],
    ['metric orders > 20 abort < 5', means('orders', 10), 'fail', '10 on average'],
    ['metric orders > 20 abort < 5', means('orders', 25, 4, 2), 'abort', '3 on average'],
    ['metric orders > 20 abort < 5', means('orders', 25, 0, 0), 'abort', '0 on average'],
    ['metric orders > 20 abort < 5', means('orders', undefined), 'no-evidence', 'CloudWatch has no value'],
  ])('%s', (gate, evidence, expected, text) => {
    expect(says(gate, evidence)).toEqual([expected, expect.stringContaining(text)]);
  });
});

describe('a count', () => {
  it.each<[string, string, Evidence, Verdict, string]>([
    [
      'passes while every window is within',
      'http-5xx < 10 per 1m',
      traffic([100, 9], [100, 9]),
      'pass',
      '9 answers 5xx in the worst 1m, 12:00-12:01 UTC',
    ],
    [
      'aborts on sight of one that is not',
      'http-5xx < 10 per 1m',
      traffic([100, 0], [100, 10], [100, 0]),
      'abort',
      '10 answers 5xx in the worst 1m, 12:01-12:02 UTC',
    ],
    [
      'aborts over a longer window',
      'http-5xx < 10 per 2m',
      traffic([100, 5], [100, 5]),
      'abort',
      '10 answers 5xx in the worst 2m, 12:00-12:02 UTC',
    ],
    [
      'aborts before its window is full',
      'http-5xx < 10 per 5m',
      traffic([100, 12]),
      'abort',
      '12 answers 5xx in the worst 5m',
    ],
    ['aborts without the minimum of requests', 'http-5xx < 10', traffic([12, 12]), 'abort', '12 answers'],
    [
      'holds with too few requests',
      'http-5xx < 10',
      traffic([99, 0]),
      'no-evidence',
      '99 of at least 100 requests',
    ],
    ['holds without any', 'http-5xx < 10', traffic(), 'no-evidence', '0 of at least 100 requests'],
    ['of 4xx does not count 5xx', 'http-4xx < 10', traffic([1000, 500]), 'pass', '0 answers 4xx'],
  ])('%s', (_, gate, evidence, expected, text) => {
    expect(says(gate, evidence)).toEqual([expected, expect.stringContaining(text)]);
  });

  it('counts the minutes before the step, too', () => {
    const canary = [minute(-3, { requests: 100, errors5xx: 50 }), minute(0, { requests: 1000 })];
    expect(verdict('http-5xx < 10', { ...NO_EVIDENCE, canary })).toBe('abort');
  });
});

describe('what is seen in ECS and the load balancer', () => {
  it('aborts with what the stopped tasks said', () => {
    expect(says('crashes = 0', { ...NO_EVIDENCE, crashes: [CRASH] })).toEqual([
      'abort',
      '1; task 0af1 stopped; EssentialContainerExited; Essential container in task exited; web: exit code 1',
    ]);
  });

  it.each<[string, number, Verdict]>([
    ['crashes = 0', 0, 'pass'],
    ['crashes < 2', 1, 'pass'],
    ['crashes < 2', 2, 'abort'],
  ])('%s with %i', (gate, count, expected) => {
    expect(verdict(gate, { ...NO_EVIDENCE, crashes: Array.from({ length: count }, () => CRASH) })).toBe(
      expected,
    );
  });

  it.each<[number, Verdict, string]>([
    [0, 'pass', '0s; all targets are healthy'],
    [119_000, 'pass', '1m59s; the canary has an unhealthy target'],
    [120_000, 'abort', '2m; the canary has an unhealthy target'],
  ])('unhealthy < 2m after %i ms', (unhealthyMs, expected, text) => {
    expect(says('unhealthy < 2m', { ...NO_EVIDENCE, unhealthyMs })).toEqual([expected, text]);
  });
});

describe('alarms', () => {
  it.each<['OK' | 'ALARM' | 'INSUFFICIENT_DATA' | 'GONE', Verdict, string]>([
    ['OK', 'pass', 'is OK'],
    ['ALARM', 'abort', 'is in ALARM: threshold crossed'],
    ['INSUFFICIENT_DATA', 'pass', 'is INSUFFICIENT_DATA'],
    ['GONE', 'no-evidence', 'CloudWatch does not know it any more'],
  ])('in %s: %s', (state, expected, text) => {
    const alarms = [{ name: 'web-5xx', state, reason: 'threshold crossed', since: NOON }];
    expect(findings('', { ...NO_EVIDENCE, alarms })).toEqual([
      {
        gate: 'alarm web-5xx',
        verdict: expected,
        text,
        warnOnly: false,
        ...(expected === 'pass' && { sure: true }),
      },
    ]);
  });
});

describe('all gates', () => {
  it('are answered in their order, those that only warn marked as such, alarms last', () => {
    const alarms = [{ name: 'web-5xx', state: 'OK' as const, reason: '', since: NOON }];
    const all = findings('warn error-rate < 1% abort > 2%\ncrashes = 0', { ...traffic([1000, 900]), alarms });
    expect(all.map(({ gate, verdict, warnOnly }) => [gate, verdict, warnOnly])).toEqual([
      ['warn error-rate < 1% abort > 2%', 'abort', true],
      ['crashes = 0', 'pass', false],
      ['alarm web-5xx', 'pass', false],
    ]);
  });

  const METRIC_GATES = [
    'error-rate < 1% abort > 2%',
    'http-4xx-rate < 5%',
    'latency-p95 < 300ms abort > 500ms',
    'latency-avg < 100ms abort > 200ms',
    'cpu < 80% abort > 90%',
    'metric orders > 20 abort < 5',
    'http-5xx < 10 per 2m',
  ];

  it.each(METRIC_GATES)('%s neither passes nor fails on incomplete evidence', (gate) => {
    const anyPeriods = fc.array(
      fc.record({
        requests: fc.integer({ min: 0, max: 1000 }),
        errors5xx: fc.integer({ min: 0, max: 100 }),
        errors4xx: fc.integer({ min: 0, max: 100 }),
        latencySumMs: fc.integer({ min: 0, max: 100_000 }),
        slower: fc.record({ 300: fc.integer({ min: 0, max: 100 }), 500: fc.integer({ min: 0, max: 100 }) }),
        means: fc.record(
          { cpu: fc.double({ min: 0, max: 1 }), orders: fc.integer({ min: 0, max: 50 }) },
          { requiredKeys: [] },
        ),
      }),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(anyPeriods, (periods) => {
        const canary = periods.map((period, at) => minute(at - 3, period));
        const found = verdict(gate, { ...NO_EVIDENCE, canary, complete: false });
        expect(['no-evidence', 'abort']).toContain(found);
      }),
    );
  });

  it.each(METRIC_GATES)('%s never decides on nothing', (gate) => {
    const canary = [minute(0), minute(1), minute(2)];
    expect(verdict(gate, { ...NO_EVIDENCE, canary }, 1)).toBe('no-evidence');
    expect(verdict(gate, NO_EVIDENCE, 1)).toBe('no-evidence');
  });
});
