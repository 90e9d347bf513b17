import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { RolloutRecord } from '../../src/report/record.ts';
import type { Finding } from '../../src/rollout/judge/finding.ts';
import { FAILING, METRICS, nameOf, SLOW, takesBack } from './failing-gates.ts';
import { inWorld, PROMOTED, TAKEN_BACK } from './world.ts';

/** What a sound release of the usual world meets. */
const PASSING = [
  'error-rate < 1% abort > 2%',
  'http-4xx-rate < 5%',
  'latency-p50 < 100ms',
  'latency-p90 < 200ms',
  'latency-p95 < 300ms abort > 500ms',
  'latency-p99 < 500ms',
  'latency-avg < 100ms',
  'http-5xx < 10 per 1m',
  'http-4xx < 60 per 2m',
  'crashes = 0',
  'unhealthy < 2m',
  'cpu < 50%',
  'memory < 80%',
  'metric bad-requests < 30',
  'metric bad-percent < 5',
];

/** What the gates said when they were asked for the last time in a bake. */
function lastFindings(path: string | undefined): readonly Finding[] {
  const { entries } = JSON.parse(readFileSync(path ?? '', 'utf8')) as RolloutRecord;
  const decisions = entries.filter((entry) => entry.kind === 'decision');
  const last = decisions.findLast(({ phase, findings }) => phase.kind === 'stepping' && findings.length > 0);
  return last?.findings ?? [];
}

describe.concurrent('gates', () => {
  test('let a sound release pass, each with evidence of its own', async () => {
    await inWorld({}, async (world) => {
      const job = world.job();
      job.file('canary.yml', METRICS);
      const step = await world.release(
        { config: 'canary.yml', steps: '50% for 3m', gates: PASSING.join('\n') },
        job,
      );
      expect(step.log).toContain('web:2 is promoted');
      const record = JSON.parse(readFileSync(step.outputs['record'] ?? '', 'utf8')) as RolloutRecord;
      const asked = record.entries.flatMap((entry) =>
        entry.kind === 'decision' && entry.phase.kind === 'stepping' ? [entry.findings] : [],
      );
      const passed = asked.some((findings) => findings.every(({ verdict }) => verdict === 'pass'));
      expect(passed, 'every gate passed at one time').toBe(true);
      expect(record.outcome).toBe('promoted');
      await world.expectSettled(PROMOTED, 4);
      return PROMOTED;
    });
  });

  // The others: canary-failing-gates.slow.ts.
  for (const failing of FAILING.filter((_, index) => index % 5 === 2)) {
    test(`take a release back that does not meet ${nameOf(failing)}`, () => takesBack(failing));
  }

  for (const [name, broken, message] of [
    ['bad-percent', METRICS.replace('100 * bad / total', '100 * bad /'), 'Error in expression'],
    ['bad-requests', METRICS.replace('stat: Sum', 'stat: Most'), 'Most'],
  ] as const) {
    test(`name the metric ${name} of the config that CloudWatch does not take, before anything is changed`, async () => {
      await inWorld({}, async (world) => {
        const job = world.job();
        job.file('canary.yml', broken);
        const gates = 'metric bad-requests < 30\nmetric bad-percent < 5';
        const step = await world.release({ config: 'canary.yml', gates }, job);
        expect(step.code).toBe(1);
        expect(step.log).toMatch(
          new RegExp(`::error::metrics\\.${name}: CloudWatch does not take it: .*${message}`),
        );
        expect(step.log).not.toMatch(/sm\d/);
        expect(world.changes).toEqual([]);
        return TAKEN_BACK;
      });
    });
  }

  test('abort in the middle of a step, not only at its end', async () => {
    await inWorld({ behaviours: { 'app:v2': { errorRate: 0.2 } } }, async (world) => {
      const step = await world.release({ steps: '50% for 60m', gates: 'error-rate < 1% abort > 2%' });
      expect(step.outputs['outcome']).toBe('rolled-back');
      const [first, last] = [world.shifts.find(({ share }) => share === 50), world.shifts.at(-1)];
      expect((last?.call.time ?? 0) - (first?.call.time ?? 0)).toBeLessThan(10 * 60_000);
      return TAKEN_BACK;
    });
  });

  test('only warn where the user says so', async () => {
    await inWorld({ behaviours: { 'app:v2': { errorRate: 0.1 } } }, async (world) => {
      const step = await world.release({ gates: 'warn error-rate < 1% abort > 2%\ncrashes = 0' });
      expect(step.outputs['outcome']).toBe('promoted');
      expect(step.summary).toContain('(warns only)');
      return PROMOTED;
    });
  });

  test('of the default set call slow what is slow for the service', async () => {
    await inWorld(
      { behaviours: { 'app:v1': { latency: { p50: 400, p95: 900 } }, 'app:v2': SLOW } },
      async (world) => {
        const step = await world.release({ gates: '' });
        expect(step.log).toMatch(
          /::notice::7\d%25 of the service's requests are what "slower-than 300ms vs stable" calls slow, so "slower-than 1s vs stable" takes its place/,
        );
        expect(step.outputs['outcome']).toBe('promoted');
        return PROMOTED;
      },
    );
  });

  test('of the default set take back what is worse than the service, and say by how much and how sure', async () => {
    const failing = { errorRate: 0.03 };
    await inWorld({ behaviours: { 'app:v1': { errorRate: 0.004 }, 'app:v2': failing } }, async (world) => {
      const step = await world.release({ gates: '' });
      expect(step.outputs['reason']).toMatch(
        /^error-rate vs stable: \d+ of \d+ requests \([\d.]+%\) answered 5xx, \d+ of \d+ requests \([\d.]+%\) on stable, and \d+ of \d+ requests \([\d.]+%\) of the hour before, \d\d:\d\d-\d\d:\d\d UTC: between [\d.]+ and [\d.]+ percentage points more, with 99.5% confidence; chance would show as much in fewer than 1 of (\d+|a million) rollouts$/,
      );
      return TAKEN_BACK;
    });
  });

  test('compared with stable take a slower release back', async () => {
    await inWorld({ behaviours: { 'app:v2': SLOW } }, async (world) => {
      const step = await world.release({ gates: 'slower-than 300ms vs stable + 5%' });
      expect(step.outputs['reason']).toMatch(/^slower-than 300ms vs stable \+ 5%: .* took longer than 300ms/);
      return TAKEN_BACK;
    });
  });

  test('compared with stable let a release pass that fails as often as stable', async () => {
    const failing = { errorRate: 0.1 };
    await inWorld({ behaviours: { 'app:v1': failing, 'app:v2': failing } }, async (world) => {
      const step = await world.release({ gates: 'error-rate vs stable' });
      expect(step.outputs['outcome']).toBe('promoted');
      return PROMOTED;
    });
  });

  test('compared with stable let few requests go on to the next step, unless it is to be held', async () => {
    const few = { rate: 1, tasks: 1 };
    await inWorld(few, async (world) => {
      const step = await world.release({ gates: 'error-rate vs stable' });
      expect(lastFindings(step.outputs['record'])).toMatchObject([
        { verdict: 'undecided', text: expect.stringContaining('too few requests to tell') },
      ]);
      expect(step.outputs['outcome']).toBe('promoted');
      return PROMOTED;
    });
    await inWorld(few, async (world) => {
      const step = await world.release({
        gates: 'error-rate vs stable',
        'on-no-evidence': 'hold',
        'max-hold': '3m',
      });
      expect(step.outputs['reason']).toMatch(/^error-rate vs stable: undecided, .* after holding for 3m$/);
      return TAKEN_BACK;
    });
  });

  test('taken literally let one error of few requests decide', async () => {
    await inWorld({ rate: 2, tasks: 1, behaviours: { 'app:v2': { errorRate: 0.04 } } }, async (world) => {
      const step = await world.release({ steps: '50% for 10m', gates: 'error-rate < 1% abort > 2% exact' });
      expect(step.outputs['reason']).toMatch(/^error-rate < 1% abort > 2% exact: \d of \d+ requests/);
      return TAKEN_BACK;
    });
  });

  test('of crashes compare the time that tasks have been running', async () => {
    const crash = { after: 200_000, exitCode: 1 };
    await inWorld({ scale: 150, tasks: 16, behaviours: { 'app:v2': { crash } } }, async (world) => {
      const step = await world.release({ gates: 'crashes vs stable', steps: '50% for 10m' });
      expect(step.outputs['reason']).toMatch(
        /^crashes vs stable: [2-9] crashes in \d+ minutes of canary tasks, 0 crashes in \d{4} minutes of stable's\n.*exit code 1/,
      );
      return { ...TAKEN_BACK, lostRequests: true };
    });
  });

  test('that pass for sure end a step early, and not before its shortest time', async () => {
    await inWorld({ rate: 500, tasks: 8, scale: 120 }, async (world) => {
      const step = await world.release({ bake: 'until-confident (min 3m, max 15m)', steps: '50% for 15m' });
      const { entries } = JSON.parse(readFileSync(step.outputs['record'] ?? '', 'utf8')) as RolloutRecord;
      const phases = entries.flatMap((entry) => (entry.kind === 'decision' ? [entry] : []));
      const baked = phases.find(({ phase }) => phase.kind === 'stepping' && phase.verifiedAt !== undefined);
      const ended = phases.find(({ phase }) => phase.kind === 'promoting');
      const minutes = ((ended?.at ?? 0) - (baked?.at ?? 0)) / 60_000;
      expect(minutes).toBeGreaterThanOrEqual(3);
      expect(minutes).toBeLessThan(14);
      return PROMOTED;
    });
  });

  test('catch a release that crashes on start, before its first user, and say why', async () => {
    const crash = { after: 0, exitCode: 1, reason: 'CannotFindModule' };
    await inWorld({ behaviours: { 'app:v2': { crash } } }, async (world) => {
      const step = await world.release({ gates: 'crashes = 0' });
      expect(step.outputs['outcome']).toBe('rolled-back');
      expect(step.log).toMatch(/exit code 1/);
      expect(step.summary).toContain('Stopped tasks');
      expect(world.shifts.every(({ share }) => share === 0)).toBe(true);
      return TAKEN_BACK;
    });
  });

  test('catch a release that crashes after a while', async () => {
    const crash = { after: 150_000, exitCode: 137, reason: 'OutOfMemoryError: container killed' };
    await inWorld({ behaviours: { 'app:v2': { crash } } }, async (world) => {
      const step = await world.release({ steps: '50% for 10m', gates: 'crashes = 0' });
      expect(step.outputs['outcome']).toBe('rolled-back');
      expect(step.log).toMatch(/exit code 137/);
      expect(step.log).toContain('OutOfMemoryError');
      return { ...TAKEN_BACK, lostRequests: true };
    });
  });

  test('catch a release whose health checks begin to fail', async () => {
    const changes = [{ from: { age: 240_000 }, healthCheck: { kind: 'status', code: 500 } }] as const;
    await inWorld({ behaviours: { 'app:v2': { changes } } }, async (world) => {
      const step = await world.release({ steps: '50% for 10m', gates: 'unhealthy < 30s\ncrashes = 0' });
      expect(step.outputs['outcome']).toBe('rolled-back');
      expect(step.outputs['reason']).toMatch(/unhealthy|no healthy task|health check/i);
      return { ...TAKEN_BACK, lostRequests: true };
    });
  });

  test('are judged at the last step as at the first', async () => {
    const changes = [{ from: { share: 0.5 }, errorRate: 0.1 }];
    await inWorld({ behaviours: { 'app:v2': { changes } } }, async (world) => {
      const step = await world.release({ steps: '10% for 3m\n50% for 3m' });
      expect(step.outputs['outcome']).toBe('rolled-back');
      expect(world.shifts.map(({ share }) => Math.round(share))).toContain(50);
      expect(lastFindings(step.outputs['record']).length).toBeGreaterThan(0);
      return TAKEN_BACK;
    });
  });
});
