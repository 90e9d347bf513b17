import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_EVIDENCE, type StoppedTask } from '../../src/rollout/judge/evidence.ts';
import { decide, type Sighting } from '../../src/watch/decide.ts';
import { DEFAULT_WATCH_GATES } from '../../src/watch/gates.ts';
import { MINUTE, minute, minutes, NOON, seenAt, watchBy } from './watching.ts';

const LITERAL = 'crashes = 0\nunhealthy < 2m';
const CRASH: StoppedTask = {
  arn: 'arn:aws:ecs:eu-west-1:111122223333:task/prod/0af1',
  startedBy: 'ecs-svc/1',
  stopCode: 'EssentialContainerExited',
  reason: 'Essential container in task exited',
  stoppedAt: NOON + MINUTE,
  containers: [{ name: 'web', exitCode: 1 }],
};

const withEvidence = (at: number, evidence: Partial<Sighting['evidence']>): Sighting =>
  seenAt(at, [], { evidence: { ...NO_EVIDENCE, ...evidence } });
const alarm = (state: 'OK' | 'ALARM' | 'GONE', sinceMinute: number) => ({
  alarms: [{ name: 'cpu', state, reason: 'too high', since: NOON + sinceMinute * MINUTE }],
});

describe('a watch', () => {
  const rates = watchBy('error-rate < 0.1%\ncrashes = 0');

  it('goes on to its end, and then for the metrics of its last minutes', () => {
    expect(decide(rates, seenAt(1, []))).toMatchObject({ kind: 'watching', until: NOON + 30 * MINUTE });
    const waiting = decide(rates, seenAt(31, minutes(28)));
    expect(waiting).toMatchObject({ kind: 'watching', until: NOON + 33 * MINUTE });
    expect(waiting).toHaveProperty('waitingFor', 'the metrics of the last minutes');
    expect(decide(rates, seenAt(33, minutes(29)))).toMatchObject({
      kind: 'watching',
      until: NOON + 36 * MINUTE,
    });
    expect(decide(rates, seenAt(33, minutes(30)))).toMatchObject({
      kind: 'passed',
      reason: 'every gate passed for 30m',
      unknown: [],
    });
  });

  it('fails as soon as a bound is surely exceeded, though over the whole watch it would not be', () => {
    // 1.5% of the requests of one minute, 0.05% of all.
    const late = minutes(30, (at) => ({ errors5xx: at === 29 ? 15 : 0 }));
    expect(decide(rates, seenAt(29.5, late.slice(0, 29))).kind).toBe('watching');
    expect(decide(rates, seenAt(33, late))).toMatchObject({
      kind: 'failed',
      reason: 'error-rate < 0.1%: 15 of 1000 requests (1.5%) answered 5xx, 12:29-12:30 UTC',
    });
  });

  it('does not fail by what chance explains', () => {
    const unlucky = minutes(30, (at) => ({ errors5xx: at % 10 === 0 ? 5 : 0 }));
    expect(decide(rates, seenAt(33, unlucky)).kind).toBe('passed');
  });

  it('takes averages over the whole of it', () => {
    const cpu = watchBy('cpu < 80%');
    const busy = minutes(30, (at) => ({ means: { cpu: at < 5 ? 0.95 : 0.5 } }));
    expect(decide(cpu, seenAt(9, busy.slice(0, 5))).kind).toBe('watching');
    expect(decide(cpu, seenAt(33, busy)).kind).toBe('passed');
    const busier = minutes(30, () => ({ means: { cpu: 0.9 } }));
    expect(decide(cpu, seenAt(33, busier))).toMatchObject({
      kind: 'failed',
      reason: 'cpu < 80%: 90% on average, 12:00-12:30 UTC',
    });
  });

  it.each<[string, Sighting, string]>([
    ['a crash', withEvidence(2, { crashes: [CRASH] }), 'crashes = 0: 1; task 0af1 stopped'],
    [
      'a target that stays unhealthy',
      withEvidence(5, { unhealthyMs: 2 * MINUTE }),
      'unhealthy < 2m: 2m; the service has an unhealthy target',
    ],
    ['an alarm', withEvidence(2, alarm('ALARM', 1)), 'alarm cpu: is in ALARM: too high'],
    [
      'a line in the log',
      seenAt(2, [], { lines: new Map([['critical', [{ at: NOON, text: 'FATAL', stream: 's' }]]]) }),
      'log critical: 1 matching line since the watch began, the first at 12:00:00 UTC; none may be there',
    ],
  ])('fails at once by %s', (_what, seen, reason) => {
    const decision = decide(watchBy(LITERAL, { logs: 'critical: ?FATAL' }), seen);
    expect(decision.kind).toBe('failed');
    expect(decision).toHaveProperty('reason', expect.stringContaining(reason));
  });

  it('does not fail by what only warns', () => {
    const watch = watchBy('warn crashes = 0\nwarn error-rate < 0.1%', { logs: 'warn critical: ?FATAL' });
    const seen = seenAt(
      33,
      minutes(30, () => ({ errors5xx: 500 })),
      {
        lines: new Map([['critical', [{ at: NOON, text: 'FATAL', stream: 's' }]]]),
      },
    );
    const decision = decide(watch, {
      ...seen,
      evidence: { ...seen.evidence, crashes: [CRASH] },
    });
    expect(decision.kind).toBe('passed');
    expect(decision.findings.map(({ verdict }) => verdict)).toEqual(['abort', 'abort', 'abort']);
  });

  it('makes nothing of an alarm that was firing before the release, until it fires anew', () => {
    const watch = watchBy(LITERAL);
    const old = decide(watch, withEvidence(2, alarm('ALARM', -30)));
    expect(old.kind).toBe('watching');
    expect(old.findings.at(-1)).toMatchObject({
      gate: 'alarm cpu',
      verdict: 'no-evidence',
      warnOnly: true,
      text: 'has been in ALARM since 2026-01-05T11:30:00.000Z, which is before the release',
    });
    expect(decide(watch, withEvidence(9, alarm('ALARM', 8))).kind).toBe('failed');
  });

  it('is over when the service runs another revision, whatever the gates say', () => {
    const gone = 'web runs web:3, not web:2';
    const seen = { ...withEvidence(2, { crashes: [CRASH] }), gone };
    expect(decide(watchBy(LITERAL), seen)).toMatchObject({ kind: 'superseded', reason: gone });
  });

  it('passes without any request, saying so, or fails where that is asked for', () => {
    const night = minutes(30, () => ({ requests: 0 }));
    expect(decide(rates, seenAt(33, night))).toMatchObject({
      kind: 'passed',
      reason: 'nothing failed within 30m; of "error-rate < 0.1%" nothing can be said',
      unknown: [{ gate: 'error-rate < 0.1%' }],
    });
    const strict = { ...rates, onNoEvidence: 'fail' as const };
    expect(decide(strict, seenAt(33, night))).toMatchObject({
      kind: 'failed',
      reason: 'error-rate < 0.1%: no evidence, 0 of at least 100 requests (no complete minute yet)',
    });
  });

  it('does not take silence of AWS for good news', () => {
    const watch = watchBy(LITERAL, { logs: 'critical: ?FATAL' });
    const looked = (log: number) =>
      seenAt(34, [], {
        seenAt: new Map([
          ['service', NOON + 30 * MINUTE],
          ['targets', NOON + 31 * MINUTE],
          ['logs', NOON + log * MINUTE],
        ]),
      });
    expect(decide(watch, looked(30)).kind).toBe('passed');
    expect(decide(watch, looked(20)).kind).toBe('watching');
    expect(decide(watch, { ...looked(20), now: NOON + 36 * MINUTE })).toMatchObject({
      kind: 'passed',
      unknown: [
        {
          gate: 'log critical',
          text: 'CloudWatch Logs has not answered since 12:20 UTC; until then 0 matching lines since the watch began; none may be there',
        },
      ],
    });
  });

  it('ends early where it may, and only when every gate passes for sure', () => {
    const watch = watchBy('error-rate < 0.1%\ncrashes = 0', { leastMs: 10 * MINUTE });
    expect(decide(watch, seenAt(9, minutes(9))).kind).toBe('watching');
    expect(decide(watch, seenAt(10, minutes(10)))).toMatchObject({
      kind: 'confident',
      reason: 'every gate passes for sure after 10m',
    });
    const few = minutes(10, () => ({ requests: 20 }));
    expect(decide(watch, seenAt(10, few)).kind).toBe('watching');
    expect(decide({ ...watch, leastMs: undefined }, seenAt(10, minutes(10))).kind).toBe('watching');
  });

  it('is not sure of what nobody has been able to look at lately', () => {
    const watch = watchBy(LITERAL, { logs: 'critical: ?FATAL', leastMs: 10 * MINUTE });
    const looked = (on: string, at: number) => {
      const seen = seenAt(12, []);
      return { ...seen, seenAt: new Map([...seen.seenAt, [on as 'logs', NOON + at * MINUTE]]) };
    };
    for (const on of ['service', 'targets', 'logs']) {
      expect(decide(watch, looked(on, 11)).kind).toBe('confident');
      expect(decide(watch, looked(on, 3)).kind, on).toBe('watching');
    }
  });

  it('compares with the time before the release where a gate says so', () => {
    const watch = watchBy('error-rate vs stable');
    const before = Array.from({ length: 60 }, (_, at) => minute(at - 70, { errors5xx: 1 }));
    const stable = minutes(30, () => ({ requests: 0, answered: 0 }));
    const seen = (errors5xx: number) => {
      const canary = minutes(30, () => ({ errors5xx }));
      return seenAt(33, canary, { evidence: { ...NO_EVIDENCE, canary, stable, before } });
    };
    expect(decide(watch, seen(1)).kind).toBe('passed');
    const worse = decide(watch, seen(6));
    expect(worse.kind).toBe('failed');
    expect(worse.findings[0]?.text).toMatch(
      /^\d+ of \d+ requests \(0\.6%\) answered 5xx, and 59 of 59000 requests \(0\.1%\) of the hour before/,
    );
  });

  it('never fails while nothing bad is seen, and always comes to an end', () => {
    const watch = watchBy(DEFAULT_WATCH_GATES, { logs: 'critical: ?FATAL' });
    const known = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(
        known,
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 50 }),
        (count, at, requests) => {
          const { kind } = decide(
            watch,
            seenAt(
              at,
              minutes(count, () => ({ requests })),
            ),
          );
          expect(['watching', 'passed']).toContain(kind);
          if (at >= 36) expect(kind).toBe('passed');
          if (at < 33) expect(kind).toBe('watching');
        },
      ),
      { numRuns: 100 },
    );
  });
});
