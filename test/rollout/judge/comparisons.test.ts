import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGates } from '../../../src/rollout/gate-syntax.ts';
import {
  type Evidence,
  NO_EVIDENCE,
  type Period,
  type StoppedTask,
} from '../../../src/rollout/judge/evidence.ts';
import type { Finding, Ruling } from '../../../src/rollout/judge/finding.ts';
import { judge } from '../../../src/rollout/judge/judge.ts';

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 0, 5, 12);

type Traffic = readonly [requests: number, errors: number];

/** Minutes from `from` on (in minutes after noon), with so many requests and errors each. */
const minutes = (from: number, traffic: readonly Traffic[]): Period[] =>
  traffic.map(([requests, errors5xx], at) => ({
    start: NOON + (from + at) * MINUTE,
    requests,
    answered: requests,
    errors5xx,
    errors4xx: 0,
    latencySumMs: requests * 40,
    timed: requests,
    slower: { 300: errors5xx },
    means: {},
    settled: true,
  }));

const times = (count: number, ...traffic: Traffic): Traffic[] => Array.from({ length: count }, () => traffic);

const seen = (
  canary: readonly Traffic[],
  stable: readonly Traffic[],
  before: readonly Traffic[] = [],
): Evidence => ({
  ...NO_EVIDENCE,
  canary: minutes(0, canary),
  stable: minutes(0, stable),
  before: minutes(-before.length, before),
});

const RULING: Ruling = { since: NOON, minRequests: 100, steps: 3, weight: 5, onStableFailing: 'hold' };

function asked(gate: string, evidence: Evidence, ruling: Partial<Ruling> = {}): Finding {
  const [finding] = judge(parseGates(gate), evidence, { ...RULING, ...ruling });
  if (!finding) throw new Error('one gate, one finding');
  return finding;
}

/** Three hours of 0.5% of 950 requests a minute. */
const USUAL = [...times(45, 950, 5), ...times(45, 950, 4), ...times(45, 950, 6), ...times(45, 950, 4)];

describe('error-rate vs stable', () => {
  const GATE = 'error-rate vs stable';

  it('aborts on what chance hardly explains, with both sides, the difference and how sure it is', () => {
    const { verdict, text } = asked(GATE, seen(times(3, 50, 4), times(3, 950, 5), USUAL));
    expect(verdict).toBe('abort');
    expect(text).toMatch(
      /^12 of 150 requests \(8%\) answered 5xx, 15 of 2850 requests \(0\.526%\) on stable, and \d+ of 57000 requests \(0\.\d+%\) of the hour before, 12:00-12:03 UTC: between [\d.]+ and [\d.]+ percentage points more, with 99% confidence; chance would show as much in fewer than 1 of (\d+|a million) rollouts$/,
    );
    const [, low, high] = /between ([\d.]+) and ([\d.]+) percentage/.exec(text) ?? [];
    expect(Number(low)).toBeGreaterThan(1);
    expect(Number(low)).toBeLessThan(7.5);
    expect(Number(high)).toBeGreaterThan(7.5);
    expect(Number(high)).toBeLessThan(30);
  });

  it('passes for sure what is not worse by more than half a point', () => {
    const { verdict, sure, text } = asked(GATE, seen(times(5, 5000, 25), times(5, 95_000, 480), USUAL));
    expect({ verdict, sure }).toEqual({ verdict: 'pass', sure: true });
    expect(text).toMatch(/between [\d.]+ percentage points fewer and 0\.\d+ more, with 99% confidence$/);
  });

  it('is undecided on few requests, one of which failed', () => {
    expect(asked(GATE, seen([[20, 1]], [[380, 2]], USUAL))).toMatchObject({
      verdict: 'undecided',
      text: expect.stringMatching(
        /^1 of 20 requests \(5%\) .*; too few requests to tell whether it is worse$/,
      ),
    });
  });

  it('needs no minimum of requests to see what is plain', () => {
    expect(asked(GATE, seen([[6, 5]], [[950, 5]], USUAL)).verdict).toBe('abort');
  });

  it('is told from the minute on in which it began, whatever was before', () => {
    const canary = [...times(10, 500, 2), ...times(3, 500, 40)];
    const { verdict, text } = asked(GATE, seen(canary, times(13, 9500, 50), USUAL));
    expect(verdict).toBe('abort');
    expect(text).toContain('120 of 1500 requests (8%)');
    expect(text).toContain('12:10-12:13 UTC');
  });

  it('counts the minutes of earlier steps for worse, and only those of this step for well enough', () => {
    const evidence = seen(times(10, 5000, 25), times(10, 95_000, 475), USUAL);
    expect(asked(GATE, evidence, { since: NOON + 9.5 * MINUTE }).text).toBe(
      'no minute of the step is known yet',
    );
    const worse = seen([...times(3, 5000, 200), ...times(2, 5000, 25)], times(5, 95_000, 475), USUAL);
    expect(asked(GATE, worse, { since: NOON + 3 * MINUTE }).verdict).toBe('abort');
  });

  it('judges the other faults in the same way', () => {
    const bad = seen(times(3, 50, 4), times(3, 950, 5), USUAL);
    expect(asked('slower-than 300ms vs stable', bad)).toMatchObject({
      verdict: 'abort',
      text: expect.stringContaining('(8%) took longer than 300ms'),
    });
    const unanswered = bad.canary.map((period) => ({ ...period, errors5xx: 0, answered: 40 }));
    expect(asked(GATE, { ...bad, canary: unanswered }).text).toMatch(
      /^2\d of 150 requests \(1\d.*%\) got no answer, 0 of 2850/,
    );
    const clients = bad.canary.map((period) => ({ ...period, errors5xx: 0, errors4xx: 40 }));
    expect(asked('http-4xx-rate vs stable', { ...bad, canary: clients }).verdict).toBe('abort');
  });
});

describe('a margin', () => {
  const twice = seen(times(5, 5000, 50), times(5, 95_000, 475), USUAL);

  it.each<[string, string]>([
    ['error-rate vs stable', 'abort'],
    ['error-rate vs stable + 0.1%', 'abort'],
    ['error-rate vs stable + 2%', 'pass'],
    ['error-rate vs stable x1.2', 'abort'],
    ['error-rate vs stable x5', 'pass'],
  ])('%s of twice the errors: %s', (gate, verdict) => {
    expect(asked(gate, twice).verdict).toBe(verdict);
  });

  it('stands for the default of half a point where it is smaller', () => {
    const same = seen(times(3, 5000, 25), times(3, 95_000, 475), USUAL);
    expect(asked('error-rate vs stable', same).verdict).toBe('pass');
    expect(asked('error-rate vs stable + 0.05%', same).verdict).toBe('undecided');
  });

  it('may be the whole of what a service without errors is granted', () => {
    const clean = times(60, 9500, 0);
    expect(asked('error-rate vs stable', seen(times(3, 500, 10), times(3, 9500, 0), clean)).verdict).toBe(
      'abort',
    );
    expect(
      asked('error-rate vs stable + 5%', seen(times(3, 500, 10), times(3, 9500, 0), clean)).verdict,
    ).toBe('pass');
  });
});

describe('a share that is large by nature', () => {
  it('does not let all of the requests pass as twice as many', () => {
    const slow = seen(times(5, 500, 500), times(5, 9500, 7600), times(60, 9500, 7600));
    expect(asked('slower-than 300ms vs stable', slow).sure).toBeUndefined();
  });

  it('is told with a difference that is possible', () => {
    const { text } = asked(
      'slower-than 300ms vs stable',
      seen(times(5, 500, 500), times(5, 9500, 5700), times(60, 9500, 5700)),
    );
    const [, high] = /and ([\d.]+) (percentage points )?more/.exec(text) ?? [];
    expect(Number(high)).toBeLessThanOrEqual(40);
  });
});

describe('the confidence', () => {
  it('is never told as certainty', () => {
    const clear = seen(times(3, 50, 20), times(3, 950, 5), USUAL);
    expect(asked('error-rate vs stable confidence 99.999%', clear).text).toContain('with 99.999% confidence');
  });

  const doubtful = seen(
    [
      [50, 3],
      [50, 1],
    ],
    times(2, 950, 5),
    USUAL,
  );

  it('is shared out among the gates, unless it is given', () => {
    expect(asked('error-rate vs stable', doubtful).verdict).toBe('undecided');
    expect(asked('error-rate vs stable confidence 70%', doubtful).verdict).toBe('abort');
    const gates = (count: number) => Array.from({ length: count }, () => 'error-rate vs stable').join('\n');
    const clear = seen(times(2, 50, 3), times(2, 950, 5), USUAL);
    const [alone] = judge(parseGates(gates(1)), clear, RULING);
    const [crowded] = judge(parseGates(gates(50)), clear, RULING);
    expect([alone?.verdict, crowded?.verdict]).toEqual(['abort', 'undecided']);
  });

  it('is not spent by gates that only warn, by crashes and by what is exact', () => {
    const others = 'crashes = 0\nunhealthy < 2m\nerror-rate < 50% exact\n';
    const warns = Array.from({ length: 50 }, () => 'warn http-4xx-rate vs stable').join('\n');
    const clear = seen(times(2, 50, 3), times(2, 950, 5), USUAL);
    expect(judge(parseGates(`error-rate vs stable\n${others}${warns}`), clear, RULING)[0]?.verdict).toBe(
      'abort',
    );
  });
});

describe('traffic that stops', () => {
  const GATE = 'error-rate vs stable';
  const idle = (count: number) => times(count, 0, 0);

  it('on both sides says nothing of the release', () => {
    expect(asked(GATE, seen(idle(5), idle(5), USUAL))).toMatchObject({
      verdict: 'no-evidence',
      text: 'neither stable nor the canary had a request, 12:00-12:05 UTC',
    });
  });

  it('leaves what was known before it', () => {
    const evidence = seen([...times(5, 5000, 25), ...idle(5)], [...times(5, 95_000, 475), ...idle(5)], USUAL);
    expect(asked(GATE, evidence).verdict).toBe('pass');
  });

  it('on the canary alone is a finding of its own', () => {
    const evidence = seen([...times(5, 50, 0), ...idle(3)], times(8, 950, 5), USUAL);
    expect(asked(GATE, evidence)).toMatchObject({
      verdict: 'no-evidence',
      text: 'no request has reached the canary, 12:05-12:08 UTC, though it has 5% of the traffic: stable had 2850, so about 150 were due; look at its listener rules and at stickiness',
    });
    expect(asked(GATE, seen(idle(3), times(3, 950, 5), USUAL)).text).toContain('about 150 were due');
    expect(asked(GATE, seen(idle(3), idle(3), USUAL), { weight: 100 }).text).toContain('about 2850 were due');
  });

  it('is none where so few requests were due that they may have missed it by chance', () => {
    expect(asked(GATE, seen(idle(3), times(3, 20, 0), USUAL)).text).toBe(
      'no request has reached the canary yet, 12:00-12:03 UTC; so few are on their way that none had to',
    );
  });
});

describe('a stable that fails itself', () => {
  const GATE = 'error-rate vs stable';
  const both = seen(times(5, 500, 100), times(5, 9500, 1900), times(60, 9500, 48));

  it('is not put down to the canary', () => {
    expect(asked(GATE, both)).toMatchObject({
      verdict: 'no-evidence',
      text: expect.stringMatching(
        /^stable itself is failing: of its last 9500 of 47500 requests \(20%\) answered 5xx, in the hour before 0\.505%; the canary is not to blame for that, and cannot be judged by it; /,
      ),
    });
  });

  it('may be gone on with', () => {
    expect(['pass', 'undecided']).toContain(asked(GATE, both, { onStableFailing: 'proceed' }).verdict);
  });

  it('does not excuse a canary that fails far more', () => {
    const worse = seen(times(8, 500, 450), times(8, 9500, 950), times(60, 9500, 48));
    expect(asked(GATE, worse).verdict).toBe('abort');
  });

  it('does not hide a bad release that comes soon after', () => {
    const incident = [...times(120, 9500, 48), ...times(12, 9500, 2850), ...times(20, 9500, 48)];
    const worse = seen(times(3, 500, 15), times(3, 9500, 48), incident);
    expect(asked(GATE, worse).verdict).toBe('abort');
    expect(asked(GATE, worse).text).toContain('0.505%) of the hour before');
    const begun = [...times(150, 9500, 48), ...times(10, 9500, 2850)];
    expect(asked(GATE, seen(times(3, 500, 15), times(3, 9500, 48), begun)).verdict).toBe('abort');
  });

  it('is compared with where it always fails so often', () => {
    expect(
      asked(GATE, seen(times(5, 5000, 1000), times(5, 95_000, 19_000), times(60, 95_000, 19_000))).verdict,
    ).toBe('pass');
  });
});

describe('requests without an answer', () => {
  const GATE = 'error-rate vs stable';
  /** The share of the requests that get an answer, on each side and before. */
  const answering = (
    evidence: Evidence,
    [canary, stable, before]: readonly [number, number, number],
  ): Evidence => {
    const of = (periods: readonly Period[], share: number) =>
      periods.map((period) => ({ ...period, answered: Math.round(period.requests * share) }));
    return {
      ...evidence,
      canary: of(evidence.canary, canary),
      stable: of(evidence.stable, stable),
      before: of(evidence.before, before),
    };
  };
  const sound = seen(times(5, 500, 2), times(5, 9500, 48), times(60, 9500, 48));

  it('on both sides alike are not put down to the canary', () => {
    expect(asked(GATE, answering(sound, [0.5, 0.5, 1]))).toMatchObject({
      verdict: 'no-evidence',
      stableFails: true,
      text: expect.stringMatching(/^stable itself is failing: of its last .* got no answer/),
    });
    expect(asked(GATE, answering(sound, [0.9, 0.9, 0.95])).verdict).not.toBe('abort');
  });

  it('are not hidden by what stable left without an answer in the hour before', () => {
    const evidence = answering(sound, [0.8, 1, 0.5]);
    expect(asked(GATE, evidence)).toMatchObject({
      verdict: 'abort',
      text: expect.stringMatching(/^4\d\d of 2500 requests \(1\d.*%\) got no answer, 0 of 47500/),
    });
  });

  it('are told beside the others where they decide nothing', () => {
    const text = asked(GATE, answering(sound, [0.94, 0.95, 0.95])).text;
    expect(text).toMatch(
      /; \d+ of 2500 requests \([\d.]+%\) got no answer, \d+ of 47500 requests \([\d.]+%\) on stable/,
    );
  });
});

describe('metrics that come late', () => {
  const GATE = 'error-rate vs stable';
  const whole = seen(times(6, 50, 4), times(6, 950, 5), USUAL);

  it('leave minutes out of which one side is not known yet', () => {
    const unknown = (period: Period): Period => ({ ...period, requests: 0, settled: false });
    const half = { ...whole, stable: whole.stable.map((period, at) => (at < 5 ? unknown(period) : period)) };
    expect(asked(GATE, half).text).toMatch(/^4 of 50 requests/);
    const none = { ...whole, canary: whole.canary.map(unknown) };
    expect(asked(GATE, none)).toMatchObject({
      verdict: 'no-evidence',
      text: 'no minute of the step is known yet',
    });
  });

  it('do not make the side look better whose errors are still on their way', () => {
    const equal = seen(times(4, 75_000, 38), times(4, 225_000, 113), times(60, 225_000, 113));
    const late = (period: Period): Period => ({
      ...period,
      errors5xx: 0,
      answered: period.requests - 113,
      settled: false,
    });
    const found = asked(GATE, {
      ...equal,
      stable: equal.stable.map((period, at) => (at < 3 ? period : late(period))),
    });
    expect(found.verdict).not.toBe('abort');
    expect(found.text).toMatch(/^114 of 225000 requests/);
  });

  it('are judged as if they had come in time, whatever was judged without them', () => {
    const late = asked(GATE, whole);
    judge(parseGates(GATE), { ...whole, canary: whole.canary.slice(0, 2) }, RULING);
    expect(asked(GATE, whole)).toEqual(late);
  });

  it('pass nothing where CloudWatch keeps something back', () => {
    const sound = seen(times(5, 5000, 25), times(5, 95_000, 475), USUAL);
    expect(asked(GATE, { ...sound, complete: false }).verdict).toBe('no-evidence');
  });

  it('hold the end of a step until they are there', () => {
    const sound = seen(times(3, 5000, 25), times(3, 95_000, 475), USUAL);
    expect(asked(GATE, sound, { bakeEnd: NOON + 5 * MINUTE })).toMatchObject({
      verdict: 'no-evidence',
      waiting: true,
    });
  });
});

describe('the day', () => {
  it('may bring stable and the canary other rates than the hour before', () => {
    const before = times(180, 9500, 20);
    const rising = Array.from(
      { length: 30 },
      (_, at): Traffic => [500 + 10 * at, Math.round((500 + 10 * at) * (0.002 + at * 0.0004))],
    );
    const stable = rising.map(([requests, errors]): Traffic => [19 * requests, 19 * errors]);
    for (let until = 1; until <= rising.length; until++) {
      expect(
        asked('error-rate vs stable', seen(rising.slice(0, until), stable.slice(0, until), before)).verdict,
      ).not.toBe('abort');
    }
  });
});

describe('at full weight', () => {
  it('stable has no requests, and the hour before is what there is to compare with', () => {
    const evidence = (errors: number) => seen(times(5, 1000, errors), times(5, 0, 0), USUAL);
    expect(asked('error-rate vs stable', evidence(5), { weight: 100 }).verdict).not.toBe('abort');
    expect(asked('error-rate vs stable', evidence(60), { weight: 100 }).verdict).toBe('abort');
  });

  it('three times the faults may be what befalls the service', () => {
    const evidence = seen(times(10, 10_000, 130), times(10, 0, 0), USUAL);
    expect(asked('error-rate vs stable', evidence, { weight: 100 }).verdict).not.toBe('abort');
  });

  it('is judged even where stable was about to change, and before its idle minutes have settled', () => {
    const changing = [...USUAL, ...times(4, 950, 25)];
    const { stable, ...evidence } = seen(times(3, 1000, 1000), times(3, 0, 0), changing);
    const idle = stable.map((period) => ({ ...period, settled: false }));
    expect(asked('error-rate vs stable', { ...evidence, stable: idle }, { weight: 100 }).verdict).toBe(
      'abort',
    );
  });

  it('says nothing where there is nothing to compare with', () => {
    expect(
      asked('error-rate vs stable', seen(times(3, 1000, 1000), times(3, 0, 0)), { weight: 100 }),
    ).toMatchObject({
      verdict: 'no-evidence',
      text: 'no minute of stable to compare with is known yet',
    });
  });
});

describe('crashes vs stable', () => {
  const crash = (id: number): StoppedTask => ({
    arn: `arn:aws:ecs:eu-west-1:111122223333:task/prod/${id}`,
    startedBy: 'ecs-svc/1',
    stopCode: 'EssentialContainerExited',
    reason: 'Essential container in task exited',
    stoppedAt: NOON,
    containers: [{ name: 'web', exitCode: 1 }],
  });
  const crashes = (count: number) => Array.from({ length: count }, (_, id) => crash(id));
  const lived = (canary: number, stable: number): Evidence => ({
    ...NO_EVIDENCE,
    crashes: crashes(canary),
    lives: { since: NOON, canaryTaskMinutes: 30, stableTaskMinutes: 600, stableCrashes: crashes(stable) },
  });

  it.each<[canary: number, stable: number, verdict: string]>([
    [0, 0, 'pass'],
    [0, 9, 'pass'],
    [1, 0, 'undecided'],
    [2, 0, 'abort'],
    [1, 20, 'undecided'],
    [3, 20, 'undecided'],
    [9, 20, 'abort'],
  ])('of %i in 30 task minutes beside %i in 600: %s', (canary, stable, verdict) => {
    expect(asked('crashes vs stable', lived(canary, stable)).verdict).toBe(verdict);
  });

  it('tells how many there were on both sides, and why tasks stopped', () => {
    expect(asked('crashes vs stable', lived(1, 2)).text).toBe(
      "1 crash in 30 minutes of canary tasks, 2 crashes in 600 minutes of stable's\ntask 0 stopped; EssentialContainerExited; Essential container in task exited; web: exit code 1; too few to tell whether its tasks crash more often",
    );
  });

  it('does not count crashes from before the time that is counted', () => {
    const late = {
      ...lived(5, 0),
      lives: { since: NOON + 1, canaryTaskMinutes: 30, stableTaskMinutes: 600, stableCrashes: [] },
    };
    expect(asked('crashes vs stable', late).verdict).toBe('pass');
  });

  it('knows nothing before a task has been running', () => {
    expect(asked('crashes vs stable', NO_EVIDENCE).verdict).toBe('no-evidence');
  });
});

describe('whatever was seen', () => {
  const anyTraffic = fc.array(
    fc
      .tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 5000 }))
      .map(([requests, errors]): Traffic => [requests, Math.min(requests, errors)]),
    { minLength: 12, maxLength: 12 },
  );

  it('an answer is given, in numbers', () => {
    fc.assert(
      fc.property(anyTraffic, anyTraffic, anyTraffic, (canary, stable, before) => {
        const found = judge(
          parseGates('error-rate vs stable\nslower-than 300ms vs stable + 1%\nerror-rate < 1% abort > 2%'),
          seen(canary, stable, before),
          RULING,
        );
        for (const { text } of found) expect(text).not.toMatch(/NaN|undefined|Infinity| -\d/);
      }),
      { numRuns: 60 },
    );
  });

  it('more errors on the canary never make an abort of it none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 40 }), (first, more) => {
        const verdictOf = (errors: number) =>
          asked('error-rate vs stable', seen([[500, errors]], [[9500, 48]], USUAL)).verdict;
        if (verdictOf(first) === 'abort') expect(verdictOf(first + more)).toBe('abort');
      }),
      { numRuns: 60 },
    );
  });
});
