import { readFileSync } from 'node:fs';
import type { DescribeServicesCommandOutput } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import type { RolloutRecord } from '../../src/report/record.ts';
import type { RecordedCall } from '../../src/simulator/server.ts';
import { putAlarmIn, setAlarm } from './alarm-by-hand.ts';
import { inWorld, PROMOTED, TAKEN_BACK } from './world.ts';

const MINUTE = 60_000;
const SECOND = 1_000;

const recordOf = (path: string | undefined): RolloutRecord =>
  JSON.parse(readFileSync(path ?? '', 'utf8')) as RolloutRecord;

/** When the first decision for which `so` holds was made, ms of the simulated time. */
function decidedAt(
  { entries }: RolloutRecord,
  so: (decision: RolloutRecord['entries'][number] & { kind: 'decision' }) => boolean,
): number {
  const found = entries.find((entry) => entry.kind === 'decision' && so(entry));
  if (!found) throw new Error('the record holds no such decision');
  return found.at;
}

/** Simulated ms that calls took within a span of time: real time that a scaled clock makes long. */
const latency = ({ entries }: RolloutRecord, from: number, until: number): number =>
  entries
    .filter((entry) => entry.kind === 'call')
    .filter(({ at }) => at >= from && at <= until)
    .reduce((longest, { ms }) => longest + ms, 0);

/** Calls in each minute that lies wholly within a span of time. */
function perMinute(calls: readonly RecordedCall[], from: number, until: number): number[] {
  const counts: number[] = [];
  for (let start = from; start + MINUTE <= until; start += MINUTE) {
    counts.push(calls.filter(({ time }) => time >= start && time < start + MINUTE).length);
  }
  return counts;
}

describe.concurrent('measured', () => {
  test('a bake makes at most 8 calls a minute, and the traffic is back 2 s after the decision', async () => {
    await inWorld({ scale: 30 }, async (world) => {
      await putAlarmIn(world, 'orders', 'OK');
      const step = world.start({ alarms: 'orders', gates: '', steps: '10% for 15m' });
      await step.says(/the end of the step 10% for 15m, 10m/);
      await setAlarm(world, 'orders', 'ALARM');
      const { outputs } = await step.done;
      const record = recordOf(outputs['record']);
      const baking = decidedAt(
        record,
        ({ phase }) => phase.kind === 'stepping' && phase.verifiedAt !== undefined,
      );
      const decided = decidedAt(record, ({ phase }) => phase.kind === 'rolling-back');
      const counts = perMinute(world.calls, baking, decided);
      const back = Math.max(...world.shifts.filter(({ share }) => share === 0).map(({ call }) => call.time));
      const took = back - decided;
      console.info(
        `calls a minute of a bake: ${counts.join(', ')}; weights back ${took} ms after the decision`,
      );
      expect(counts.length).toBeGreaterThanOrEqual(4);
      expect(counts.reduce((sum, count) => sum + count, 0) / counts.length).toBeLessThanOrEqual(8);
      expect(took).toBeLessThan(2 * SECOND + latency(record, decided, back));
      return TAKEN_BACK;
    });
  });

  test('a service that is stable is noticed within 5 s', async () => {
    await inWorld({ scale: 30 }, async (world) => {
      const { outputs } = await world.release({ gates: 'crashes = 0', steps: '100% for 10s' });
      const record = recordOf(outputs['record']);
      const { services } = await world.ask<DescribeServicesCommandOutput>('ECS', 'DescribeServices', {
        cluster: 'prod',
        services: ['web'],
      });
      const stable = services?.[0]?.deployments?.[0]?.updatedAt?.getTime() ?? 0;
      const noticed = decidedAt(record, ({ phase }) => phase.kind === 'cleaning');
      console.info(`a stable service is noticed after ${noticed - stable} ms`);
      expect(noticed).toBeGreaterThanOrEqual(stable);
      expect(noticed - stable).toBeLessThan(5 * SECOND + latency(record, stable, noticed));
      return PROMOTED;
    });
  });
});

describe.concurrent('throttling slows a rollout and does not fail it', () => {
  for (const [name, behaviours, ending] of [
    ['a sound', {}, PROMOTED],
    ['a bad', { 'app:v2': { errorRate: 0.1 } }, TAKEN_BACK],
  ] as const) {
    test(`when AWS takes one call in twenty seconds, for ${name} release`, async () => {
      const slow = { rate: 0.05, burst: 2 };
      const throttle = { ECS: slow, 'Elastic Load Balancing v2': slow, CloudWatch: slow };
      await inWorld({ throttle, behaviours }, async (world) => {
        const step = await world.release();
        expect(step.outputs['outcome'], step.log).toBe(ending === PROMOTED ? 'promoted' : 'rolled-back');
        expect(step.log).not.toContain('an error inside');
        expect(world.calls.some(({ outcome }) => /Throttl/.test(outcome))).toBe(true);
        return ending;
      });
    });

    test(`when AWS throttles every third call, for ${name} release`, async () => {
      const faults = Array.from({ length: 200 }, (_, index) => ({
        kind: 'throttle' as const,
        call: 3 * index + 3,
      }));
      await inWorld({ faults, behaviours }, async (world) => {
        const step = await world.release();
        expect(step.outputs['outcome'], step.log).toBe(ending === PROMOTED ? 'promoted' : 'rolled-back');
        expect(step.log).not.toContain('an error inside');
        expect(world.calls.filter(({ fault }) => fault === 'throttle').length).toBeGreaterThan(20);
        return ending;
      });
    });
  }
});
