import { describe, expect, test } from 'vitest';
import { putAlarmIn, setAlarm } from './alarm-by-hand.ts';
import { inWorld, PROMOTED, START, TAKEN_BACK } from './world.ts';

const MINUTE = 60_000;
const BAD = { 'app:v2': { errorRate: 0.1 } };
const ERRORS = 'error-rate < 1% abort > 2%';

describe.concurrent('without any traffic', () => {
  for (const [inputs, ending, reason] of [
    [{ 'max-hold': '3m' }, TAKEN_BACK, /no evidence, 0 of at least 100 requests.*after holding for 3m/],
    [{ 'max-hold': '3m', 'after-hold': 'proceed' }, PROMOTED, /every step was passed/],
    [{ 'on-no-evidence': 'roll-back' }, TAKEN_BACK, /no evidence, 0 of at least 100 requests/],
    [{ 'on-no-evidence': 'proceed' }, PROMOTED, /every step was passed/],
  ] as const) {
    test(`${JSON.stringify(inputs)} leads to ${ending === PROMOTED ? 'a promotion' : 'a rollback'}`, async () => {
      await inWorld({ rate: 0 }, async (world) => {
        const step = await world.release({ ...inputs, gates: ERRORS });
        expect(step.outputs['reason']).toMatch(reason);
        expect(step.code).toBe(ending === PROMOTED ? 0 : 1);
        return ending;
      });
    });
  }

  test('gates that need none decide alone', async () => {
    await inWorld({ rate: 0 }, async (world) => {
      const step = await world.release({ gates: 'crashes = 0\nunhealthy < 2m' });
      expect(step.outputs['outcome']).toBe('promoted');
      return PROMOTED;
    });
  });
});

describe.concurrent('metrics that', () => {
  test('arrive later than they should hold a step until they are there', async () => {
    await inWorld({ metricDelay: 5 * MINUTE }, async (world) => {
      const step = await world.release({ gates: ERRORS, 'max-hold': '20m' });
      expect(step.outputs['outcome']).toBe('promoted');
      const at = (share: number) => world.shifts.find((shift) => shift.share === share)?.call.time ?? 0;
      // The last whole minute of the bake ends after two minutes at the earliest.
      expect(at(100) - at(50)).toBeGreaterThan(7 * MINUTE);
      return PROMOTED;
    });
  });

  test('arrive late still take a bad release back', async () => {
    await inWorld({ metricDelay: 5 * MINUTE, behaviours: BAD }, async (world) => {
      const step = await world.release({ gates: ERRORS, 'max-hold': '20m' });
      expect(step.outputs['reason']).toContain('answered 5xx');
      return TAKEN_BACK;
    });
  });

  test('never arrive take a release back after the hold', async () => {
    const metricFaults = [{ kind: 'drop', namespace: 'AWS/ApplicationELB', from: START }] as const;
    await inWorld({ metricFaults }, async (world) => {
      const step = await world.release({ gates: ERRORS, 'max-hold': '3m' });
      expect(step.outputs['reason']).toMatch(/no evidence.*after holding for 3m/);
      return TAKEN_BACK;
    });
  });

  test('lack the response times alone do not pass a latency gate', async () => {
    const metricFaults = [{ kind: 'drop', name: 'TargetResponseTime', from: START }] as const;
    await inWorld({ metricFaults }, async (world) => {
      const step = await world.release({ gates: 'latency-p95 < 300ms', 'on-no-evidence': 'roll-back' });
      expect(step.outputs['reason']).toContain('latency-p95 < 300ms: no evidence');
      return TAKEN_BACK;
    });
  });

  test('lack the errors for some minutes pass nothing meanwhile', async () => {
    const late = { from: START, until: START + 8 * MINUTE };
    const metricFaults = [{ kind: 'withhold', name: 'HTTPCode_Target_5XX_Count', ...late }] as const;
    await inWorld({ metricFaults, metricDelay: MINUTE, behaviours: BAD }, async (world) => {
      const step = await world.release({ gates: ERRORS });
      expect(step.outputs['outcome'], step.log).toBe('rolled-back');
      return TAKEN_BACK;
    });
  });

  for (const [name, behaviours, ending] of [
    ['a sound', {}, PROMOTED],
    ['a bad', BAD, TAKEN_BACK],
  ] as const) {
    test(`are withheld for a while lead ${name} release to its right end`, async () => {
      const metricFaults = [{ kind: 'withhold', from: START, until: START + 20 * MINUTE }] as const;
      await inWorld({ metricFaults, behaviours }, async (world) => {
        const step = await world.release({ gates: ERRORS });
        expect(world.clock.now()).toBeGreaterThan(START + 20 * MINUTE);
        expect(step.code).toBe(ending === PROMOTED ? 0 : 1);
        return ending;
      });
    });

    test(`come in halves lead ${name} release to its right end`, async () => {
      const metricFaults = [{ kind: 'halves', from: START }] as const;
      await inWorld({ metricFaults, behaviours }, async (world) => {
        const step = await world.release({ gates: ERRORS });
        expect(step.code).toBe(ending === PROMOTED ? 0 : 1);
        return ending;
      });
    });

    test(`CloudWatch calls partial hold ${name} release until they are whole`, async () => {
      const metricFaults = [{ kind: 'partial-data', from: START, until: START + 20 * MINUTE }] as const;
      await inWorld({ metricFaults, behaviours }, async (world) => {
        const step = await world.release({ gates: ERRORS });
        if (ending === PROMOTED) expect(world.clock.now()).toBeGreaterThan(START + 20 * MINUTE);
        expect(step.code).toBe(ending === PROMOTED ? 0 : 1);
        return ending;
      });
    });
  }

  test('cannot be asked for hold a release, with a warning, until CloudWatch answers again', async () => {
    await inWorld({}, async (world) => {
      const step = world.start({ gates: ERRORS, 'max-hold': '10h' });
      await step.says('the end of the step');
      world.simulator.faults.add({
        kind: 'internal-error',
        service: 'CloudWatch',
        operation: 'GetMetricData',
      });
      await step.says('::warning::CloudWatch does not answer');
      world.simulator.faults.clear();
      const { outputs } = await step.done;
      expect(outputs['outcome']).toBe('promoted');
      return PROMOTED;
    });
  });
});

describe.concurrent('an alarm', () => {
  test('that was in ALARM before the start refuses the release', async () => {
    await inWorld({}, async (world) => {
      await putAlarmIn(world, 'orders', 'ALARM');
      await putAlarmIn(world, 'stock', 'OK');
      const step = await world.release({ alarms: 'orders\nstock' });
      expect(step.code).toBe(1);
      expect(step.log).toMatch(/an alarm is in ALARM already.*orders.*7 orders failed/);
      expect(step.log).toContain('Nothing was changed.');
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('that does not exist refuses the release, with its name', async () => {
    await inWorld({}, async (world) => {
      const step = await world.release({ alarms: 'ordres\nstokc' });
      expect(step.code).toBe(1);
      expect(step.log).toContain('::error::alarms: there is no CloudWatch alarm "ordres"');
      expect(step.log).toContain('::error::alarms: there is no CloudWatch alarm "stokc"');
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('that goes off during the rollout takes the release back', async () => {
    await inWorld({}, async (world) => {
      await putAlarmIn(world, 'orders', 'OK');
      const step = world.start({ alarms: 'orders', gates: 'crashes = 0', steps: '50% for 60m' });
      await step.says('Wait for the end of the step 50%');
      await setAlarm(world, 'orders', 'ALARM');
      const { code, outputs } = await step.done;
      expect(code).toBe(1);
      expect(outputs['reason']).toContain('alarm orders: is in ALARM: Threshold Crossed: 7 orders failed');
      return TAKEN_BACK;
    });
  });

  test('on a metric of the load balancer goes off by what users see', async () => {
    await inWorld({ behaviours: BAD }, async (world) => {
      const rule = world.before.rules[0] as { RuleArn: string };
      const LoadBalancer = /listener-rule\/(app\/shop\/\w+)\//.exec(rule.RuleArn)?.[1];
      await world.ask('CloudWatch', 'PutMetricAlarm', {
        AlarmName: 'errors',
        Namespace: 'AWS/ApplicationELB',
        MetricName: 'HTTPCode_Target_5XX_Count',
        Dimensions: [{ Name: 'LoadBalancer', Value: LoadBalancer }],
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 20,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
      });
      const step = await world.release({ alarms: 'errors', gates: 'crashes = 0', steps: '50% for 60m' });
      expect(step.outputs['reason']).toContain('alarm errors: is in ALARM');
      return TAKEN_BACK;
    });
  });

  test('that is deleted during the rollout holds it', async () => {
    await inWorld({}, async (world) => {
      await putAlarmIn(world, 'orders', 'OK');
      const step = world.start({ alarms: 'orders', gates: 'crashes = 0', 'max-hold': '3m' });
      await step.says('Wait for the end of the step 50%');
      await world.ask('CloudWatch', 'DeleteAlarms', { AlarmNames: ['orders'] });
      const { outputs } = await step.done;
      expect(outputs['reason']).toMatch(
        /alarm orders: no evidence, CloudWatch does not know it any more.*holding/,
      );
      return TAKEN_BACK;
    });
  });

  test('that falls silent does not take a release back', async () => {
    await inWorld({}, async (world) => {
      await putAlarmIn(world, 'orders', 'INSUFFICIENT_DATA');
      const step = await world.release({ alarms: 'orders' });
      expect(step.outputs['outcome']).toBe('promoted');
      return PROMOTED;
    });
  });
});
