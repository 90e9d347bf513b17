import { CreateServiceCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import {
  CreateTargetGroupCommand,
  ModifyListenerCommand,
  ModifyRuleCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/simulator/random.ts';
import { type WebShopOptions, webShop } from '../../src/simulator/scenario/web-shop.ts';
import { behaviourOf, conductAt, STEADY } from '../../src/simulator/traffic/behaviour.ts';
import { drawLatencies, normalQuantile } from '../../src/simulator/traffic/latency.ts';
import { cpuPercent, underLoad } from '../../src/simulator/traffic/load.ts';
import { rateAt } from '../../src/simulator/traffic/source.ts';
import { binomial, multinomial, poisson } from '../../src/simulator/world/chance.ts';
import { open, PROMPT } from './world-under-test.ts';

type World = ReturnType<typeof open>;

const forward = (stable: string, canary: string, weight: number, sticky: boolean) => [
  {
    Type: 'forward' as const,
    ForwardConfig: {
      TargetGroups: [
        { TargetGroupArn: stable, Weight: 100 - weight },
        { TargetGroupArn: canary, Weight: weight },
      ],
      TargetGroupStickinessConfig: sticky ? { Enabled: true, DurationSeconds: 600 } : { Enabled: false },
    },
  },
];

/** A world with a canary service `web-canary` on `app:v2` behind its own group, and a hand on the weight. */
function withCanary(options: WebShopOptions = {}, sticky = false, tasks = 1) {
  const aws: World = open(webShop({ images: ['app:v1', 'app:v2'], rate: 100, override: PROMPT, ...options }));
  const { TargetGroups = [] } = aws.send(
    new CreateTargetGroupCommand({
      Name: 'canary',
      TargetType: 'ip',
      Port: 8080,
      HealthCheckIntervalSeconds: 10,
      HealthyThresholdCount: 2,
    }),
  );
  const canary = TargetGroups[0]?.TargetGroupArn ?? '';
  const stable = aws.targetGroup();
  const shift = (weight: number): void => {
    const Actions = forward(stable, canary, weight, sticky);
    aws.send(new ModifyListenerCommand({ ListenerArn: aws.listener(), DefaultActions: Actions }));
    aws.send(new ModifyRuleCommand({ RuleArn: aws.rules()[0]?.RuleArn, Actions }));
  };
  shift(0);
  aws.send(
    new CreateServiceCommand({
      cluster: 'prod',
      serviceName: 'web-canary',
      taskDefinition: 'web:2',
      desiredCount: tasks,
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
      loadBalancers: [{ targetGroupArn: canary, containerName: 'web', containerPort: 8080 }],
    }),
  );
  aws.until(() => aws.inState('healthy', 'canary') === tasks);
  /** Share of the requests of the next seconds that the canary gets. */
  const share = (seconds: number): number => {
    const from = aws.clock.now();
    aws.pass(seconds);
    const all = aws.world.users.total({ from }).requests;
    return aws.world.users.total({ from, revision: 'web:2' }).requests / all;
  };
  return { aws, shift, share };
}

describe('weights', () => {
  it('of 5 and 95 send 5% of the requests to the canary, from the very moment on', () => {
    const { aws, shift, share } = withCanary();
    expect(share(60)).toBe(0);
    aws.pass(3.7);
    shift(5);
    // 120 requests/s for 900 s: the standard deviation of the share is below 0.0007.
    expect(Math.abs(share(900) - 0.05)).toBeLessThan(0.0028);
    aws.pass(4.2);
    shift(0);
    expect(share(60)).toBe(0);
  });

  it('that change every few milliseconds do a task no harm: one request in one of them is no load', () => {
    const { aws, shift } = withCanary();
    const from = aws.clock.now();
    for (let turn = 0; turn < 500; turn++) {
      shift(turn % 2 === 0 ? 40 : 60);
      aws.pass(0.003);
    }
    const { requests, errors, slow } = aws.world.users.total({ from });
    expect(requests).toBeGreaterThan(100);
    expect([errors, slow]).toEqual([0, 0]);
  });

  it('that change every few milliseconds take no load from a task: users who send nothing in one of them count', () => {
    const { aws, shift } = withCanary({ rate: 500, behaviours: { 'app:v1': { capacity: 100 } } });
    const from = aws.clock.now();
    for (let turn = 0; turn < 1_000; turn++) {
      shift(0);
      aws.pass(0.002);
    }
    const { requests, errors } = aws.world.users.total({ from });
    // 600 requests/s on 4 tasks for 100 each, from two sources: the standard deviation is below 0.014.
    expect(Math.abs(errors / requests - 1 / 3)).toBeLessThan(0.06);
  });

  it('that are all 0 give 503', () => {
    const aws = open(webShop({ rate: 10, override: PROMPT }));
    const web = aws.targetGroup();
    const Actions = [
      { Type: 'forward' as const, ForwardConfig: { TargetGroups: [{ TargetGroupArn: web, Weight: 0 }] } },
    ];
    aws.send(new ModifyListenerCommand({ ListenerArn: aws.listener(), DefaultActions: Actions }));
    const from = aws.clock.now();
    aws.pass(60);
    expect(aws.sum('HTTPCode_ELB_503_Count')).toBe(aws.world.users.total({ from, revision: '' }).errors);
    expect(aws.sum('HTTPCode_ELB_5XX_Count')).toBeGreaterThan(400);
    expect(aws.world.request({ loadBalancer: 'shop', port: 80 }, { path: '/' }).status).toBe(503);
  });

  it('move returning clients slowly when the action is sticky', () => {
    const { shift, share } = withCanary({}, true);
    shift(50);
    // 30% of the requests are of new clients, who follow the weights at once.
    const atOnce = share(20);
    expect(atOnce).toBeGreaterThan(0.13);
    expect(atOnce).toBeLessThan(0.19);
    share(3_600);
    expect(Math.abs(share(120) - 0.5)).toBeLessThan(0.02);
    shift(0);
    // Those who stay keep going to the canary for a while.
    expect(share(20)).toBeGreaterThan(0.3);
  });
});

describe('behaviour', () => {
  it('fails, slows and refuses requests as the revision’s image says', () => {
    const { aws, shift } = withCanary({
      behaviours: {
        'app:v1': { errorRate: 0, clientErrorRate: 0 },
        'app:v2': { errorRate: 0.05, clientErrorRate: 0.1, latency: { p50: 800, p95: 3_000 } },
      },
    });
    shift(50);
    const from = aws.clock.now();
    aws.pass(600);
    const { requests, errors, slow } = aws.world.users.total({ from, revision: 'web:2' });
    expect(Math.abs(errors / requests - 0.05)).toBeLessThan(0.006);
    expect(slow / requests).toBeGreaterThan(0.3);
    expect(aws.world.users.total({ revision: 'web:1' }).errors).toBe(0);
    const canary = { TargetGroup: 'canary' };
    expect(aws.sum('RequestCount', canary, from)).toBe(requests);
    expect(aws.sum('HTTPCode_Target_5XX_Count', canary, from)).toBe(errors);
    expect(Math.abs(aws.sum('HTTPCode_Target_4XX_Count', canary, from) / requests - 0.095)).toBeLessThan(
      0.01,
    );
    expect(aws.sum('HTTPCode_Target_5XX_Count', { TargetGroup: 'targetgroup/web/' })).toBe(0);
    const slowSamples = aws.samples
      .filter(({ name, value, at }) => name === 'TargetResponseTime' && value > 1 && at >= from)
      .filter(({ dimensions }) => dimensions['TargetGroup']?.includes('canary'))
      .reduce((sum, { count = 1 }) => sum + count, 0);
    expect(slowSamples).toBe(slow);
  });

  it('may change once the revision gets enough of the traffic', () => {
    const { aws, shift } = withCanary({
      behaviours: { 'app:v2': { changes: [{ from: { share: 0.25 }, errorRate: 0.2 }] } },
    });
    const errorsAt = (weight: number): number => {
      shift(weight);
      const from = aws.clock.now();
      aws.pass(120);
      return aws.world.users.total({ from, revision: 'web:2' }).errors;
    };
    expect([errorsAt(5), errorsAt(20)]).toEqual([0, 0]);
    expect(errorsAt(25)).toBeGreaterThan(300);
    expect(errorsAt(10)).toBe(0);
  });

  it('may change with the age of the task, and back', () => {
    const behaviour = {
      ...STEADY,
      changes: [{ from: { age: 60_000 }, until: { age: 90_000 }, errorRate: 1 }],
    };
    const at = (seconds: number) => conductAt(behaviour, seconds * 1000, 0).errorRate;
    expect([at(59), at(60), at(89), at(90)]).toEqual([0, 1, 1, 0]);
  });

  it('is found by the image, its last segment or its tag', () => {
    const [exact, name, tag] = [1, 2, 3].map((capacity) => ({ ...STEADY, capacity }));
    const known = { 'host/app:v2': exact ?? STEADY, 'app:v2': name ?? STEADY, v2: tag ?? STEADY };
    const capacity = (image: string) => behaviourOf(image, known).capacity;
    expect([capacity('host/app:v2'), capacity('other:5000/app:v2'), capacity('api:v2')]).toEqual([1, 2, 3]);
    expect(behaviourOf('app:v3', known)).toBe(STEADY);
  });

  it('suffers under load', () => {
    expect(underLoad(STEADY, 0.7)).toBe(STEADY);
    expect(underLoad(STEADY, 1).latency.p50).toBeCloseTo(STEADY.latency.p50 * 4);
    expect(underLoad(STEADY, 2).errorRate).toBeCloseTo(0.5);
    expect([cpuPercent(0), cpuPercent(0.5), cpuPercent(3)]).toEqual([2, 51, 100]);
    const aws = open(webShop({ rate: 500, behaviours: { 'app:v1': { capacity: 100 } }, override: PROMPT }));
    aws.pass(300);
    // 600 requests/s on 4 tasks for 100 each.
    const { requests, errors } = aws.world.users.total();
    expect(Math.abs(errors / requests - 1 / 3)).toBeLessThan(0.02);
  });
});

describe('targets that do not answer', () => {
  it('cost users 502 between a crash and its detection', () => {
    const crashing = open(
      webShop({
        rate: 200,
        images: ['app:v1', 'app:v2'],
        behaviours: { 'app:v2': { crash: { after: 120_000, exitCode: 1 } } },
        override: PROMPT,
      }),
    );
    crashing.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', taskDefinition: 'web:2' }));
    crashing.pass(400);
    const refused = crashing.sum('HTTPCode_ELB_502_Count');
    expect(refused).toBeGreaterThan(50);
    expect(crashing.sum('TargetConnectionErrorCount', { TargetGroup: 'web' })).toBe(refused);
  });

  it('all get requests when none of them is healthy', () => {
    const aws = open(
      webShop({
        rate: 10,
        tasks: 1,
        minimumHealthyPercent: 0,
        images: ['app:v1', 'app:v2'],
        behaviours: { 'app:v2': { healthCheck: { kind: 'status', code: 500 } } },
        override: PROMPT,
      }),
    );
    aws.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', taskDefinition: 'web:2' }));
    aws.pass(60);
    expect(aws.world.users.total({ revision: 'web:2' }).requests).toBeGreaterThan(100);
  });
});

describe('metrics', () => {
  it('are absent where nothing happened', () => {
    const aws = open(
      webShop({ rate: 0, behaviours: { 'app:v1': { clientErrorRate: 0 } }, override: PROMPT }),
    );
    aws.pass(300);
    const names = new Set(aws.samples.map(({ name }) => name));
    expect([...names].sort()).toEqual([
      'CPUUtilization',
      'HealthyHostCount',
      'MemoryUtilization',
      'UnHealthyHostCount',
    ]);
  });

  it('carry AWS’s dimensions and units', () => {
    const aws = open(webShop({ override: PROMPT }));
    aws.pass(120);
    const shapes = new Set(
      aws.samples.map(({ namespace, name, dimensions, unit }) => {
        const keys = Object.entries(dimensions).map(
          ([key, value]) => `${key}=${value.replace(/[0-9a-f]{16}/, '#')}`,
        );
        return `${namespace} ${name} ${keys.sort().join(' ')} ${unit}`;
      }),
    );
    expect([...shapes]).toEqual(
      expect.arrayContaining([
        'AWS/ApplicationELB RequestCount LoadBalancer=app/shop/# TargetGroup=targetgroup/web/# Count',
        'AWS/ApplicationELB RequestCount LoadBalancer=app/shop/# Count',
        'AWS/ApplicationELB TargetResponseTime LoadBalancer=app/shop/# TargetGroup=targetgroup/web/# Seconds',
        'AWS/ApplicationELB RequestCountPerTarget LoadBalancer=app/shop/# TargetGroup=targetgroup/web/# Count',
        'AWS/ECS CPUUtilization ClusterName=prod ServiceName=web Percent',
      ]),
    );
  });

  it('of a day with 4 tasks take about a second', () => {
    const aws = open(webShop({ override: PROMPT }));
    const before = process.cpuUsage();
    aws.pass(86_400);
    const { user, system } = process.cpuUsage(before);
    expect(aws.sum('RequestCount', { TargetGroup: 'web' }) / (86_400 * 24)).toBeCloseTo(1, 2);
    expect((user + system) / 1e6).toBeLessThan(4);
  });
});

describe('rates', () => {
  const rate = {
    perSecond: 5,
    day: [
      { at: 8 * 3_600_000, perSecond: 10 },
      { at: 20 * 3_600_000, perSecond: 110 },
    ],
    bursts: [{ from: 60_000, until: 120_000, perSecond: 500 }],
  };
  const at = (time: string) =>
    rateAt(rate, Date.parse(`2026-11-02T${time}Z`), Date.parse('2026-11-02T12:00:00Z'));

  it('run straight between the points of the day, over midnight too', () => {
    expect(['08:00:00', '14:00:00', '20:00:00', '02:00:00'].map(at)).toEqual([10, 60, 110, 60]);
  });

  it('jump in a burst', () => {
    expect(['12:00:59', '12:01:00', '12:02:00'].map(at).map(Math.round)).toEqual([43, 500, 44]);
  });
});

describe('draws', () => {
  const moments = (draw: () => number, times = 20_000) => {
    const values = Array.from({ length: times }, draw);
    const mean = values.reduce((sum, value) => sum + value, 0) / times;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / times;
    return { mean, variance };
  };

  it('have the mean and variance of their distribution', () => {
    const random = seededRandom(3);
    for (const mean of [0.3, 12, 200]) {
      const drawn = moments(() => poisson(random, mean));
      expect(Math.abs(drawn.mean / mean - 1)).toBeLessThan(0.03);
      expect(Math.abs(drawn.variance / mean - 1)).toBeLessThan(0.06);
    }
    for (const [n, p] of [
      [20, 0.1],
      [500, 0.9],
      [10_000, 0.3],
    ] as const) {
      const drawn = moments(() => binomial(random, n, p));
      expect(Math.abs(drawn.mean / (n * p) - 1)).toBeLessThan(0.03);
      expect(Math.abs(drawn.variance / (n * p * (1 - p)) - 1)).toBeLessThan(0.06);
    }
    const parts = multinomial(random, 1_000, [1, 0, 3]);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(1_000);
    expect(parts[1]).toBe(0);
  });

  it('of latencies hit the median and the 95th percentile', () => {
    const random = seededRandom(4);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959964, 5);
    for (const count of [30, 3_000]) {
      let [above50, above95, all] = [0, 0, 0];
      for (let turn = 0; turn < 400; turn++) {
        for (const sample of drawLatencies(random, { p50: 80, p95: 200 }, count, turn)) {
          all += sample.count;
          if (sample.ms > 80) above50 += sample.count;
          if (sample.ms > 200) above95 += sample.count;
        }
      }
      expect(all).toBe(count * 400);
      expect(Math.abs(above50 / all - 0.5)).toBeLessThan(0.02);
      expect(Math.abs(above95 / all - 0.05)).toBeLessThan(0.006);
    }
  });

  it('of many latencies vary above a bound as single ones would', () => {
    const random = seededRandom(5);
    let turn = 0;
    // Six slices make a minute of CloudWatch; about 12% lie above the bound.
    const minute = (): number => {
      let above = 0;
      for (let slice = 0; slice < 6; slice++) {
        for (const { ms, count } of drawLatencies(random, { p50: 80, p95: 200 }, 2_000, turn++)) {
          if (ms > 154) above += count;
        }
      }
      return above;
    };
    const { mean, variance } = moments(minute, 2_000);
    const p = mean / 12_000;
    expect(variance / (12_000 * p * (1 - p))).toBeGreaterThan(0.8);
    expect(variance / (12_000 * p * (1 - p))).toBeLessThan(1.5);
  });
});
