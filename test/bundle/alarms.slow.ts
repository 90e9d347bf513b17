import type { DescribeAlarmsOutput, GetDashboardOutput, MetricAlarm } from '@aws-sdk/client-cloudwatch';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { putAlarm } from './alarm-by-hand.ts';
import type { Job } from './start-action.ts';
import { inWorld, openWorld, TAKEN_BACK, type TestWorld } from './world.ts';

const SERVICE = { cluster: 'prod', service: 'web' };
const DEFAULTS = { ...SERVICE, definition: 'defaults' };
const NAMES = ['cpu', 'memory', 'http-5xx', 'error-rate', 'latency-p95', 'unhealthy-hosts'].map(
  (name) => `prod/web/${name}`,
);
const OURS = [
  { Key: 'deploy-actions:service', Value: 'prod/web' },
  { Key: 'deploy-actions:made-by', Value: 'alarms' },
];

const alarmsOf = async (world: TestWorld, prefix = ''): Promise<readonly MetricAlarm[]> =>
  (
    await world.ask<DescribeAlarmsOutput>('CloudWatch', 'DescribeAlarms', {
      AlarmNamePrefix: prefix,
      MaxRecords: 100,
    })
  ).MetricAlarms ?? [];

const namesOf = async (world: TestWorld): Promise<readonly string[]> =>
  (await alarmsOf(world)).map(({ AlarmName = '' }) => AlarmName);

const bodyOf = async (world: TestWorld, DashboardName = 'prod_web') => {
  const { DashboardBody = '' } = await world.ask<GetDashboardOutput>('CloudWatch', 'GetDashboard', {
    DashboardName,
  });
  return JSON.parse(DashboardBody);
};

const passed = async (job: Job, inputs: Readonly<Record<string, string>>) => {
  const step = await job.run('alarms', inputs);
  expect(step.code, step.log).toBe(0);
  return step;
};

describe.concurrent('alarms', () => {
  test('mends what others have changed, and leaves the state of what is right alone', async () => {
    await inWorld({}, async (world) => {
      const job = world.job();
      await passed(job, DEFAULTS);
      const cpu = (await alarmsOf(world, 'prod/web/cpu'))[0] as MetricAlarm;
      await putAlarm(world, 'prod/web/cpu', {
        Namespace: 'AWS/ECS',
        MetricName: 'CPUUtilization',
        Statistic: 'Average',
        Threshold: 95,
        ActionsEnabled: false,
      });
      const configured = (await alarmsOf(world, 'prod/web/memory'))[0]?.AlarmConfigurationUpdatedTimestamp;
      const body = await bodyOf(world);
      body.widgets.pop();
      const DashboardBody = JSON.stringify(body);
      await world.ask('CloudWatch', 'PutDashboard', { DashboardName: 'prod_web', DashboardBody });
      const step = await passed(job, DEFAULTS);
      expect(step.outputs).toMatchObject({ outcome: 'changed', changed: 'prod/web/cpu', created: '' });
      expect(step.outputs['reason']).toBe('alarms: 1 changed, 5 unchanged; dashboard changed');
      expect((await alarmsOf(world, 'prod/web/cpu'))[0]).toMatchObject({
        Threshold: 80,
        ActionsEnabled: true,
        Dimensions: cpu.Dimensions,
      });
      expect((await alarmsOf(world, 'prod/web/memory'))[0]?.AlarmConfigurationUpdatedTimestamp).toEqual(
        configured,
      );
      expect((await passed(job, DEFAULTS)).outputs['outcome']).toBe('unchanged');
      return TAKEN_BACK;
    });
  });

  test("refuses where somebody else's alarm or dashboard has the name, and changes nothing", async () => {
    await inWorld({}, async (world) => {
      await putAlarm(world, 'prod/web/memory');
      await world.ask('CloudWatch', 'PutDashboard', {
        DashboardName: 'prod_web',
        DashboardBody: '{"widgets":[]}',
      });
      const step = await world.job().run('alarms', DEFAULTS);
      expect(step.code).toBe(1);
      expect(step.log).toContain('::error::definition: the alarm "prod/web/memory" is not ours');
      expect(step.log).toContain('::error::dashboard: the dashboard "prod_web" is not ours');
      expect(step.outputs['outcome']).toBe('refused');
      expect(world.changes).toEqual([]);
      expect(await bodyOf(world)).toEqual({ widgets: [] });
      return TAKEN_BACK;
    });
  });

  test('deletes only its own, and only those of this service', async () => {
    await inWorld({}, async (world) => {
      const job = world.job();
      await putAlarm(world, 'prod/web/by-hand');
      await putAlarm(world, 'prod/web/of-another', {
        Tags: [
          { Key: 'deploy-actions:service', Value: 'prod/other' },
          OURS[1] as { Key: string; Value: string },
        ],
      });
      await putAlarm(world, 'prod/webshop/cpu', { Tags: OURS });
      await passed(job, DEFAULTS);
      for (const operation of ['DeleteAlarms', 'DeleteDashboards']) {
        world.simulator.faults.add({ kind: 'lost-answer', service: 'CloudWatch', operation, nth: 1 });
      }
      const step = await passed(job, { ...SERVICE, definition: 'cpu: 70%\ndashboard: false' });
      expect(step.outputs['deleted']?.split('\n').sort()).toEqual(
        NAMES.filter((name) => name !== 'prod/web/cpu').sort(),
      );
      expect(step.outputs).toMatchObject({
        changed: 'prod/web/cpu',
        alarms: 'prod/web/cpu',
        'dashboard-url': '',
      });
      expect(await namesOf(world)).toEqual([
        'prod/web/by-hand',
        'prod/web/cpu',
        'prod/web/of-another',
        'prod/webshop/cpu',
      ]);
      await expect(bodyOf(world)).rejects.toThrow('does not exist');
      return TAKEN_BACK;
    });
  });

  test('says what it would do, and does nothing in a dry run', async () => {
    await inWorld({}, async (world) => {
      const step = await passed(world.job(), { ...DEFAULTS, 'dry-run': 'true' });
      expect(step.outputs).toMatchObject({ outcome: '', created: NAMES.join('\n') });
      expect(step.log).toContain('+ http-5xx > 10');
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('tells all mistakes of a definition at once, with their lines and the words that were meant', async () => {
    await inWorld({}, async (world) => {
      const job = world.job();
      job.file('alarms.yml', 'cpuu: 80%\nlatency-p95: 500\nrds-connections: 180\nhttp-5xx: 10 per 90s\n');
      const step = await job.run('alarms', { ...SERVICE, definition: 'alarms.yml', dashboard: 'a b' });
      expect(step.code).toBe(1);
      for (const said of [
        'alarms.yml line 1, cpuu: is no key of a definition of alarms; did you mean cpu?',
        'alarms.yml line 2, latency-p95: "500" needs a unit',
        'alarms.yml line 3, rds-connections: needs a database',
        'alarms.yml line 4, http-5xx: "10 per 90s" has a period that is not one or more whole minutes',
        'dashboard: "a b" is not the name of a dashboard',
      ]) {
        expect(step.log).toContain(said);
      }
      expect(world.calls).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('looks at the own target groups where the load balancer serves others, and says so', async () => {
    const shop = webShop();
    const scenario = {
      ...shop,
      targetGroups: [...shop.targetGroups, { name: 'other', port: 80 }],
      loadBalancers: shop.loadBalancers.map((balancer) => ({
        ...balancer,
        listeners: balancer.listeners.map((listener) => ({
          ...listener,
          rules: [
            ...(listener.rules ?? []),
            { priority: 20, path: ['/other/*'], forward: [{ targetGroup: 'other', weight: 1 }] },
          ],
        })),
      })),
    };
    await inWorld({ scenario }, async (world) => {
      const step = await passed(world.job(), DEFAULTS);
      expect(step.log).toContain('The load balancer serves others as well');
      const [alarm] = await alarmsOf(world, 'prod/web/http-5xx');
      expect(alarm?.Dimensions?.map(({ Name }) => Name)).toEqual(['TargetGroup', 'LoadBalancer']);
      return TAKEN_BACK;
    });
  });

  test('puts the alarms of ECS for a service without a load balancer', async () => {
    const shop = webShop();
    const worker = { name: 'worker', cluster: 'prod', taskDefinition: 'web:1', desiredCount: 1 };
    const stacks = { shop: { Cluster: 'prod', Service: 'worker' } };
    await inWorld({ scenario: { ...shop, stacks, services: [...shop.services, worker] } }, async (world) => {
      const step = await passed(world.job(), {
        ...DEFAULTS,
        cluster: 'cloudformation:shop.Cluster',
        service: 'cloudformation:shop.Service',
      });
      expect(step.outputs['alarms']).toBe('prod/worker/cpu\nprod/worker/memory');
      expect(step.log).toContain('because the service has no load balancer');
      expect((await bodyOf(world, 'prod_worker')).widgets).toHaveLength(4);
      return TAKEN_BACK;
    });
  });
});

describe.concurrent('an annotation', () => {
  test('alone marks all graphs once for each run, and keeps everything else', async () => {
    await inWorld({}, async (world) => {
      await passed(world.job(), DEFAULTS);
      const before = await bodyOf(world);
      const calls = world.calls.length;
      const job = world.job('1002');
      const step = await passed(job, { ...SERVICE, annotate: 'v2 deployed' });
      expect(step.outputs['reason']).toBe('dashboard marked');
      expect(world.calls.slice(calls).map(({ operation }) => operation)).toEqual([
        'GetDashboard',
        'ListTagsForResource',
        'PutDashboard',
        'GetDashboard',
      ]);
      expect((await passed(job, { ...SERVICE, annotate: 'v2 deployed' })).outputs['outcome']).toBe(
        'unchanged',
      );
      const after = await bodyOf(world);
      const graphs = after.widgets.filter(({ type }: { type: string }) => type === 'metric');
      for (const { properties } of graphs) {
        expect(properties.annotations.vertical).toEqual([
          { label: 'v2 deployed (run 1002)', value: expect.stringMatching(/^2026-01-05T\d\d:\d\d:\d\dZ$/) },
        ]);
        properties.annotations.vertical = [];
      }
      expect(after).toEqual(before);
      return TAKEN_BACK;
    });
  });

  test('needs a dashboard, and none of somebody else', async () => {
    await inWorld({}, async (world) => {
      const step = await world.job().run('alarms', { ...SERVICE, annotate: 'true' });
      expect(step.code).toBe(1);
      expect(step.log).toContain('::error::annotate: there is no dashboard "prod_web" yet');
      await world.ask('CloudWatch', 'PutDashboard', {
        DashboardName: 'prod_web',
        DashboardBody: '{"widgets":[]}',
      });
      const other = await world.job().run('alarms', { ...SERVICE, annotate: 'true' });
      expect(other.log).toContain('the dashboard "prod_web" is not ours');
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });
});

describe.concurrent('when AWS fails', () => {
  const faults: readonly Omit<Fault, 'service'>[] = [
    { kind: 'throttle', operation: 'PutMetricAlarm', nth: 2, times: 2 },
    { kind: 'internal-error', operation: 'PutMetricAlarm', nth: 3 },
    { kind: 'lost-answer', operation: 'PutMetricAlarm', nth: 1 },
    { kind: 'lost-answer', operation: 'PutDashboard', nth: 1 },
    { kind: 'throttle', operation: 'ListTagsForResource', nth: 1, times: 3 },
    { kind: 'internal-error', operation: 'DescribeAlarms', nth: 1 },
  ];
  test.each(faults)('$kind of $operation is sat out', async (fault) => {
    await inWorld({ faults: [{ service: 'CloudWatch', ...fault }] }, async (world) => {
      const job = world.job();
      await passed(job, { ...DEFAULTS, annotate: 'v1' });
      expect([...(await namesOf(world))].sort()).toEqual([...NAMES].sort());
      expect((await passed(job, { ...DEFAULTS, annotate: 'v1' })).outputs['outcome']).toBe('unchanged');
      return TAKEN_BACK;
    });
  });

  test.each([
    ['CloudWatch', 'DescribeAlarms', 'cloudwatch:DescribeAlarms'],
    ['CloudWatch', 'ListTagsForResource', 'cloudwatch:ListTagsForResource'],
    ['CloudWatch', 'PutMetricAlarm', 'cloudwatch:PutMetricAlarm'],
    ['CloudWatch', 'PutDashboard', 'cloudwatch:PutDashboard'],
    ['ECS', 'DescribeServices', 'ecs:DescribeServices'],
  ] as const)('%s %s that is denied is named with its permission', async (service, operation, permission) => {
    await inWorld({ faults: [{ kind: 'access-denied', service, operation }] }, async (world) => {
      // Without an alarm or a dashboard there are no tags to be asked for.
      if (operation === 'ListTagsForResource') await putAlarm(world, 'prod/web/memory');
      const step = await world.job().run('alarms', DEFAULTS);
      expect(step.code).toBe(1);
      expect(step.log).toContain(`Allow ${permission} in the policy`);
      if (operation !== 'PutDashboard') return TAKEN_BACK;
      expect(step.log).toContain('6 of 6 changes of alarms were made');
      expect(step.outputs['outcome']).toBe('failed');
      return TAKEN_BACK;
    });
  });

  // To be killed before the effect of a call is to be killed after that of the call before it.
  test('a run that is killed after any of its calls is completed by the next', async () => {
    const wanted = { ...SERVICE, definition: 'cpu: 80%\nhttp-5xx: 20\nrds: shop-db', annotate: 'v1' };
    let killed = 0;
    for (let ended = false; !ended; ) {
      let kill = () => {};
      const world = await openWorld({}, () => kill());
      try {
        const job = world.job();
        // There is something to be made, changed and deleted.
        await passed(job, { ...SERVICE, definition: 'http-5xx: 10\nmemory: 80%' });
        const call = world.calls.length + killed + 1;
        world.simulator.faults.add({ kind: 'kill', call, after: true });
        const step = job.start('alarms', wanted);
        kill = () => step.process.kill('SIGKILL');
        ended = (await step.done).code === 0;
        if (!ended) killed++;
        world.simulator.faults.clear();
        await passed(job, wanted);
        const names = ['prod/web/cpu', 'prod/web/http-5xx', 'prod/web/rds-connections'];
        expect(await namesOf(world)).toEqual(names);
        expect((await passed(job, wanted)).outputs['outcome']).toBe('unchanged');
        expect(JSON.stringify(await bodyOf(world)).match(/v1 \(run 1001\)/g)).toHaveLength(7);
        expect(world.simulator.bugs).toEqual([]);
      } finally {
        await world.close();
      }
    }
    expect(killed).toBeGreaterThan(10);
  });
});

describe.concurrent('an alarm that was put', () => {
  const BAD = { 'app:v2': { errorRate: 0.2 } };

  test('goes off by a bad release, and canary takes it back', async () => {
    await inWorld({ behaviours: BAD, scale: 300 }, async (world) => {
      const job = world.job();
      const { outputs } = await passed(job, DEFAULTS);
      const step = await world.release(
        { alarms: outputs['alarms'] ?? '', gates: 'crashes = 0', steps: '50% for 60m' },
        job,
      );
      expect(step.code).toBe(1);
      expect(step.outputs['outcome']).toBe('rolled-back');
      expect(step.outputs['reason']).toMatch(/alarm prod\/web\/(http-5xx|error-rate): is in ALARM/);
      return TAKEN_BACK;
    });
  });

  test('stays silent by a good release', async () => {
    await inWorld({ scale: 300 }, async (world) => {
      const job = world.job();
      const { outputs } = await passed(job, DEFAULTS);
      const step = await world.release({ alarms: outputs['alarms'] ?? '', steps: '50% for 15m' }, job);
      expect(step.outputs['outcome'], step.log).toBe('promoted');
      expect((await alarmsOf(world)).map(({ StateValue }) => StateValue)).toEqual(NAMES.map(() => 'OK'));
      return { runs: 'web:2' };
    });
  });

  test.each([
    ['error-rate', 'error-rate: 5%', { errorRate: 0.2 }],
    ['latency-p95', 'latency-p95: 500ms', { latency: { p50: 600, p95: 900 } }],
    [
      'unhealthy-hosts',
      'unhealthy-hosts: 0 for 1m',
      { healthCheck: { kind: 'status', code: 500 } as const, from: 600_000 },
    ],
  ])('%s comes to ALARM', async (name, definition, behaviour) => {
    const { from, ...conduct } = behaviour as { from?: number };
    const now = from === undefined ? conduct : { changes: [{ ...conduct, from: { age: from } }] };
    await inWorld({ behaviours: { 'app:v1': now } }, async (world) => {
      await passed(world.job(), { ...SERVICE, definition });
      // ECS takes unhealthy tasks away soon after, and with them the reason for the alarm.
      const states = new Set<string | undefined>();
      const until = world.clock.now() + 30 * 60_000;
      while (world.clock.now() < until && !states.has('ALARM')) {
        await world.clock.sleep(20_000);
        const now = world.clock.now();
        world.simulator.world.advance(now);
        states.add(world.simulator.cloudwatch.alarmState(`prod/web/${name}`, now));
      }
      expect(states).toContain('ALARM');
      return { ...TAKEN_BACK, lostRequests: true, changedByOthers: true };
    });
  });

  test('on a database comes to ALARM when its connections are too many, and back', async () => {
    const metric = {
      namespace: 'AWS/RDS',
      name: 'DatabaseConnections',
      dimensions: { DBInstanceIdentifier: 'shop-db' },
      unit: 'Count',
    };
    const metrics = [
      {
        ...metric,
        value: 100,
        later: [
          { after: 3 * 3_600_000, value: 190 },
          { after: 4 * 3_600_000, value: 90 },
        ],
      },
    ];
    await inWorld({ scenario: webShop({ override: { metrics } }), scale: 2_000 }, async (world) => {
      await passed(world.job(), {
        ...SERVICE,
        definition: 'rds-connections: { instance: shop-db, above: 180 }',
      });
      const states: (string | undefined)[] = [];
      for (let minute = 0; minute < 600 && states.length < 3; minute++) {
        await world.clock.sleep(60_000);
        world.simulator.world.advance(world.clock.now());
        const state = world.simulator.cloudwatch.alarmState('prod/web/rds-connections', world.clock.now());
        if (state !== states.at(-1) && state !== 'INSUFFICIENT_DATA') states.push(state);
      }
      expect(states).toEqual(['OK', 'ALARM', 'OK']);
      return TAKEN_BACK;
    });
  });
});
