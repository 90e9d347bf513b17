import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readRecord } from '../../src/incidents/recorded.ts';
import type { Fault, ServiceId } from '../../src/simulator/faults.ts';
import { onEnvironment } from '../github/on-environment.ts';
import { putAlarmIn } from './alarm-by-hand.ts';
import {
  afterDeploy,
  CRITICAL,
  deploy,
  KEPT,
  MINUTE,
  monitor,
  recordOf,
  revisionArn,
  startMonitor,
} from './monitored.ts';
import { inWorld, TAKEN_BACK, type TestWorld } from './world.ts';

const LITERAL = { gates: 'crashes = 0\nunhealthy < 2m', for: '10m' };
/** After ten minutes every revision leaks. */
const LEAK = { changes: [{ from: { age: 10 * MINUTE }, errorRate: 0.03 }] };

/** What alarms on the load balancer of the service have in common. */
async function alarmOn(world: TestWorld): Promise<object> {
  const { LoadBalancers = [] } = await world.ask<{ LoadBalancers?: readonly { LoadBalancerArn?: string }[] }>(
    'Elastic Load Balancing v2',
    'DescribeLoadBalancers',
    {},
  );
  return {
    Namespace: 'AWS/ApplicationELB',
    Dimensions: [
      { Name: 'LoadBalancer', Value: LoadBalancers[0]?.LoadBalancerArn?.split(':loadbalancer/').at(-1) },
    ],
    Statistic: 'Sum',
    Period: 60,
    EvaluationPeriods: 1,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'ignore',
  };
}

describe.concurrent('a monitored release', () => {
  for (const rate of [5, 20, 200]) {
    test(`that leaks after ten minutes is rolled back soon, at ${rate} requests a second`, async () => {
      await afterDeploy(
        LEAK,
        async (world) => {
          const step = await monitor(world);
          expect(step.outputs['outcome'], step.log).toBe('rolled-back');
          const { watch } = recordOf(step);
          const update = world.calls.find(({ operation }) => operation === 'UpdateService');
          // Tasks take most of a minute to start.
          const leaks = watch.deployedAt + MINUTE / 2 + 10 * MINUTE;
          const after = ((update?.time ?? Number.NaN) - leaks) / MINUTE;
          console.info(
            `${rate} requests a second: rolled back ${after.toFixed(1)} minutes after the leak began`,
          );
          expect(after).toBeGreaterThan(0);
          expect(after).toBeLessThan(10);
          await world.expectSettled(TAKEN_BACK, 4);
          return TAKEN_BACK;
        },
        { rate },
      );
    });
  }

  test('that gets slow after ten minutes is rolled back', async () => {
    const changes = [{ from: { age: 10 * MINUTE }, latency: { p50: 400, p95: 900 } }];
    await afterDeploy({ changes }, async (world) => {
      const step = await monitor(world);
      expect(step.outputs['outcome'], step.log).toBe('rolled-back');
      expect(step.outputs['reason']).toContain('slower-than 300ms vs stable: ');
      return TAKEN_BACK;
    });
  });

  test('that is sound passes after the whole time', async () => {
    await afterDeploy({ errorRate: 0.0003 }, async (world) => {
      const step = await monitor(world, { 'log-patterns': CRITICAL });
      expect(step.code, step.log).toBe(0);
      expect(step.outputs).toMatchObject({ outcome: 'passed', reason: 'every gate passed for 30m' });
      const { startedAt, endedAt = 0 } = recordOf(step);
      expect(endedAt - startedAt).toBeGreaterThanOrEqual(33 * MINUTE);
      expect(world.calls.length).toBeLessThan(33 * 14);
      return KEPT;
    });
  });

  test('that is sound passes early where it may', async () => {
    await afterDeploy(
      {},
      async (world) => {
        const step = await monitor(world, {
          'until-confident': '5m',
          gates: 'error-rate < 0.1%\ncrashes = 0',
        });
        expect(step.outputs['outcome'], step.log).toBe('passed');
        expect(step.outputs['reason']).toMatch(/^every gate passes for sure after \d+m/);
        const { startedAt, endedAt = 0 } = recordOf(step);
        expect(endedAt - startedAt).toBeLessThan(20 * MINUTE);
        return KEPT;
      },
      { rate: 200 },
    );
  });

  test('passes at night with a warning, and fails where that is asked for', async () => {
    for (const [asked, outcome] of [
      ['proceed', 'passed'],
      ['fail', 'failed'],
    ] as const) {
      await afterDeploy(
        {},
        async (world) => {
          const step = await monitor(world, {
            gates: 'error-rate < 0.1%\ncrashes = 0',
            for: '10m',
            'on-no-evidence': asked,
            'on-failure': 'fail',
          });
          expect(step.outputs['outcome'], step.log).toBe(outcome);
          if (asked === 'proceed') {
            expect(step.log).toContain('::warning::Nothing can be said of "error-rate < 0.1%25"');
          }
          return KEPT;
        },
        { rate: 0 },
      );
    }
  });

  test('whose tasks crash is rolled back', async () => {
    await afterDeploy(
      { crash: { after: 5 * MINUTE, exitCode: 137, reason: 'OutOfMemoryError' } },
      async (world) => {
        const step = await monitor(world, LITERAL);
        expect(step.outputs['outcome'], step.log).toBe('rolled-back');
        expect(step.outputs['reason']).toMatch(
          /^crashes = 0: \d; task \w+ stopped; EssentialContainerExited/,
        );
        expect(step.summary).toContain('### Stopped tasks');
        return { ...TAKEN_BACK, lostRequests: true };
      },
    );
  });

  test('whose targets get unhealthy is rolled back', async () => {
    const changes = [{ from: { age: 5 * MINUTE }, healthCheck: { kind: 'status', code: 500 } as const }];
    await afterDeploy(
      { changes },
      async (world) => {
        const step = await monitor(world, LITERAL);
        expect(step.outputs['outcome'], step.log).toBe('rolled-back');
        expect(step.outputs['reason']).toMatch(/^unhealthy < 2m: /);
        return { ...TAKEN_BACK, lostRequests: true };
      },
      // For so long ECS does not replace them.
      { gracePeriod: 60 * MINUTE },
    );
  });

  test('whose tasks ECS replaces because they fail their health checks is rolled back', async () => {
    const changes = [{ from: { age: 5 * MINUTE }, healthCheck: { kind: 'status', code: 500 } as const }];
    await afterDeploy({ changes }, async (world) => {
      const step = await monitor(world, LITERAL);
      expect(step.outputs['outcome'], step.log).toBe('rolled-back');
      expect(step.outputs['reason']).toMatch(/^crashes = 0: /);
      return { ...TAKEN_BACK, changedByOthers: true, lostRequests: true };
    });
  });

  test('is rolled back by an alarm, but not by one that was firing before', async () => {
    const changes = [{ from: { age: 6 * MINUTE }, errorRate: 0.2 }];
    await inWorld({ scale: 300, behaviours: { 'app:v2': { changes } } }, async (world) => {
      const settings = await alarmOn(world);
      const MetricName = 'HTTPCode_Target_5XX_Count';
      const errors = { ...settings, AlarmName: 'too many errors, web', MetricName, Threshold: 100 };
      await world.ask('CloudWatch', 'PutMetricAlarm', errors);
      await putAlarmIn(world, 'always', 'ALARM');
      await world.clock.sleep(MINUTE);
      await deploy(world, 'web:2');
      await world.prepared();
      const step = await monitor(world, { gates: 'crashes = 0', alarms: 'too many errors, web\nalways' });
      expect(step.outputs['outcome'], step.log).toBe('rolled-back');
      expect(step.outputs['reason']).toMatch(/^alarm too many errors, web: is in ALARM/);
      expect(step.log).toContain('::warning::alarm always has been in ALARM since');
      return TAKEN_BACK;
    });
  });

  test('only fails where that is asked for', async () => {
    const logs = [{ line: 'CRITICAL', after: 3 * MINUTE, every: MINUTE }];
    await afterDeploy({ logs }, async (world) => {
      const step = await monitor(world, { ...LITERAL, 'log-patterns': CRITICAL, 'on-failure': 'fail' });
      expect(step.code).toBe(1);
      expect(step.outputs['outcome'], step.log).toBe('failed');
      expect(step.log).toContain('web runs web:2 on; nothing was changed.');
      expect(world.changes).toEqual([]);
      return KEPT;
    });
  });

  test('is not judged by what others write into the log, nor by what is within the bound', async () => {
    const logs = [{ line: 'timed out', after: 0, every: 5 * MINUTE }];
    await afterDeploy(
      {},
      async (world) => {
        const patterns = `${CRITICAL}\ntimeouts: "timed out" < 10 per 5m`;
        const step = await monitor(world, { ...LITERAL, 'log-patterns': patterns });
        expect(step.outputs['outcome'], step.log).toBe('passed');
        return KEPT;
      },
      {
        behaviours: {
          // Its tasks drain while the first lines of the new ones are read.
          'app:v1': { logs: [{ line: 'FATAL', after: 0, every: 5_000 }] },
          'app:v2': { logs },
        },
      },
    );
  });

  test('that somebody replaces is left to them', async () => {
    await afterDeploy({}, async (world) => {
      const step = startMonitor(world, { ...LITERAL, for: '30m' });
      await step.says('Wait for the end of the watch');
      await deploy(world, 'web:3');
      const { code, outputs, log } = await step.done;
      expect(code, log).toBe(0);
      expect(outputs).toMatchObject({
        outcome: 'superseded',
        'task-definition-arn': revisionArn('web:2'),
        reason: expect.stringContaining('web runs web:3, not web:2'),
      });
      expect(world.changes).toEqual([]);
      return { runs: 'web:3', changedByOthers: true };
    });
  });

  test('that somebody rolls back is not a success', async () => {
    await afterDeploy({}, async (world) => {
      const step = startMonitor(world, { ...LITERAL, for: '30m' });
      await step.says('Wait for the end of the watch');
      await deploy(world, 'web:1');
      const { code, outputs, log } = await step.done;
      expect(code, log).toBe(1);
      expect(outputs).toMatchObject({
        outcome: 'rolled-back',
        reason: 'web was rolled back from web:2 to web:1 meanwhile',
      });
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('that another one has replaced before is not watched', async () => {
    await inWorld({ scale: 300 }, async (world) => {
      const step = await monitor(world, LITERAL);
      expect(step.code, step.log).toBe(0);
      expect(step.outputs).toMatchObject({
        outcome: 'superseded',
        'task-definition-arn': revisionArn('web:2'),
      });
      // Or else an incident would be told of a release that nobody has found bad.
      const record = readRecord(readFileSync(step.outputs['record'] ?? '', 'utf8'));
      expect(record).toMatchObject({ cluster: 'prod', service: 'web', outcome: 'superseded' });
      expect(record?.decidedAt).toBeUndefined();
      return { runs: 'web:1' };
    });
  });

  test('whose deployment ECS takes back by itself is not a success', async () => {
    await inWorld(
      {
        scale: 300,
        behaviours: { 'app:v2': { crash: { after: 0, exitCode: 1 } } },
        circuitBreaker: { rollback: true },
      },
      async (world) => {
        await deploy(world, 'web:2');
        await world.prepared();
        const step = await monitor(world, LITERAL);
        expect(step.code, step.log).toBe(1);
        expect(step.outputs['outcome']).toBe('rolled-back');
        expect(step.outputs['reason']).toContain('ECS has taken the deployment of web:2 back');
        return { ...TAKEN_BACK, changedByOthers: true, lostRequests: true };
      },
    );
  });
});

describe.concurrent('a watch that fails', () => {
  test('while the rollout of its revision was left in its promotion takes all of it back', async () => {
    const logs = [{ line: 'FATAL', after: 0, every: MINUTE }];
    // The first one gives the canary more tasks.
    const faults: Fault[] = [
      { kind: 'kill', service: 'ECS', operation: 'UpdateService', nth: 2, after: true },
    ];
    const scalableTargets = [{ service: 'prod/web', min: 4, max: 20, cpu: 60 }];
    const options = { scale: 120, behaviours: { 'app:v2': { logs } }, override: { scalableTargets }, faults };
    await inWorld(options, async (world) => {
      await world.release({ steps: '50% for 1m', gates: 'crashes = 0' });
      const step = await monitor(world, { ...LITERAL, 'log-patterns': CRITICAL });
      expect(step.code, step.log).toBe(1);
      expect(step.outputs['outcome']).toBe('rolled-back');
      expect(step.outputs['reason']).toMatch(/^log critical: /);
      return TAKEN_BACK;
    });
  });

  test('is told to the GitHub environment of the release', async () => {
    const logs = [{ line: 'FATAL', after: 12 * MINUTE, every: MINUTE }];
    const options = { scale: 120, behaviours: { 'app:v2': { logs } } };
    await onEnvironment(options, async ({ github, release, job, states }) => {
      const released = await release();
      expect(released.code, released.log).toBe(0);
      const step = await job('1002').run('monitor', {
        cluster: 'prod',
        service: 'web',
        'task-definition': 'web:2',
        gates: 'crashes = 0',
        'log-patterns': CRITICAL,
        environment: 'production',
        'github-token': 'secret',
      });
      expect(step.outputs['outcome'], step.log).toBe('rolled-back');
      expect(states()).toEqual(['success failure', 'success']);
      const [deploy, back] = github.deployments;
      expect(deploy?.statuses.at(-1)?.description).toMatch(/^Failed its watch: log critical: /);
      expect(back).toMatchObject({ task: 'rollback:prod/web', payload: { taskDefinition: 'web:1' } });
      expect(step.outputs['deployment-id']).toBe(String(back?.id));
      return TAKEN_BACK;
    });
  });

  test('and has no way back says so', async () => {
    const logs = [{ line: 'FATAL', after: 3 * MINUTE, every: MINUTE }];
    const faults: Fault[] = [{ kind: 'access-denied', service: 'ECS', operation: 'UpdateService' }];
    await afterDeploy(
      { logs },
      async (world) => {
        const step = await monitor(world, { ...LITERAL, 'log-patterns': CRITICAL });
        expect(step.code).toBe(1);
        expect(step.outputs['outcome'], step.log).toBe('rollback-failed');
        expect(step.outputs['reason']).toContain(
          'could not be rolled back: AWS does not allow ecs:UpdateService',
        );
        expect(step.log).toContain('Allow ecs:UpdateService in the policy of the role');
        expect(step.summary).toContain('could not be rolled back');
        return KEPT;
      },
      { faults },
    );
  });

  test('is refused with all that is wrong, before anything is watched', async () => {
    await afterDeploy(
      {},
      async (world) => {
        const inputs = {
          for: '1m',
          gates: 'crashes vs stable',
          'log-patterns': 'critical: "x" ?y',
          alarms: 'none',
        };
        const step = await monitor(world, inputs);
        expect(step.code).toBe(1);
        for (const input of ['for: ', 'gates: ', 'log-patterns line 1: ']) {
          expect(step.log).toContain(`::error::${input}`);
        }
        const wrong = await monitor(world, { ...LITERAL, 'log-patterns': 'a: { $.x }', alarms: 'none' });
        expect(wrong.log).toContain('::error::alarms: there is no CloudWatch alarm "none"');
        expect(wrong.log).toContain('::error::log-patterns: CloudWatch Logs does not take "{ $.x }"');
        const dry = await monitor(world, {
          ...LITERAL,
          cluster: 'cloudformation:shop.Cluster',
          'dry-run': 'true',
        });
        expect(dry.code, dry.log).toBe(0);
        expect(dry.log).toContain('Dry run: nothing is watched, and nothing was changed.');
        return KEPT;
      },
      { override: { stacks: { shop: { Cluster: 'prod' } } } },
    );
  });
});

describe.concurrent('a watch that is disturbed', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`by ${signal} changes nothing, and says so`, async () => {
      await afterDeploy({}, async (world) => {
        const step = startMonitor(world, { 'log-patterns': CRITICAL });
        await step.says('[+1m');
        step.process.kill(signal);
        const { code, log, outputs } = await step.done;
        expect(code).toBe(1);
        expect(log).toContain('::error::The watch was cancelled.');
        expect(log).toContain('web runs web:2 on');
        expect(outputs['outcome']).toBeUndefined();
        expect(world.changes).toEqual([]);
        return KEPT;
      });
    });
  }

  test('by a refusal of AWS fails, and says what it does not know', async () => {
    const faults: Fault[] = [
      { kind: 'access-denied', service: 'CloudWatch', operation: 'GetMetricData', nth: 5, times: 1_000 },
    ];
    await afterDeploy(
      {},
      async (world) => {
        const step = await monitor(world);
        expect(step.code, step.log).toBe(1);
        expect(step.outputs['outcome']).toBeUndefined();
        expect(step.outputs).toMatchObject({
          reason: expect.stringMatching(/^the watch broke off after \d+m.*cloudwatch:GetMetricData/),
          'task-definition-arn': revisionArn('web:2'),
          'previous-task-definition-arn': revisionArn('web:1'),
        });
        expect(step.log).toContain(
          'whether web:2 does well was not decided. This run has changed nothing; web ran it when it was seen last.',
        );
        expect(step.log).toMatch(/Allow cloudwatch:GetMetricData .* Then run this step again/);
        expect(recordOf(step)).toMatchObject({ reason: expect.stringContaining('GetMetricData') });
        expect(world.changes).toEqual([]);
        return KEPT;
      },
      { faults },
    );
  });

  for (const after of [true, false]) {
    test(`by a kill ${after ? 'after' : 'before'} its rollback is ordered is brought to its end by a second run`, async () => {
      const faults: Fault[] = [{ kind: 'kill', service: 'ECS', operation: 'UpdateService', nth: 1, after }];
      await afterDeploy(
        LEAK,
        async (world) => {
          const first = startMonitor(world);
          await world.called(({ operation }) => operation === 'UpdateService');
          first.process.kill('SIGKILL');
          await first.done;
          const again = await monitor(world, {}, world.job('1001', 2));
          expect(again.code, again.log).toBe(1);
          expect(again.outputs['outcome']).toBe('rolled-back');
          expect(again.outputs['reason']).toContain(
            after ? 'web was rolled back from web:2 to web:1 meanwhile' : 'error-rate < 0.1%: ',
          );
          return TAKEN_BACK;
        },
        { faults },
      );
    });
  }

  const calls: readonly (readonly [ServiceId, string])[] = [
    ['ECS', 'DescribeServices'],
    ['ECS', 'ListTasks'],
    ['Elastic Load Balancing v2', 'DescribeTargetHealth'],
    ['CloudWatch', 'GetMetricData'],
    ['CloudWatch Logs', 'FilterLogEvents'],
  ];
  for (const [service, operation] of calls) {
    for (const kind of ['throttle', 'internal-error', 'timeout'] as const) {
      test(`by ${kind} at ${operation} goes on`, async () => {
        await afterDeploy(
          {},
          async (world) => {
            const step = await monitor(world, { for: '10m', 'log-patterns': CRITICAL });
            expect(step.outputs['outcome'], step.log).toBe('passed');
            return KEPT;
          },
          {
            scale: 120,
            faults: [{ kind, service, operation, nth: operation === 'DescribeServices' ? 20 : 3, times: 4 }],
          },
        );
      });
    }
  }
});
