import { describe, expect, test } from 'vitest';
import { listenDataPlane } from '../../src/simulator/elbv2/data-plane.ts';
import type { Scenario, ScenarioTargetGroup } from '../../src/simulator/scenario/scenario.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { inWorld, PROMOTED, TAKEN_BACK, type TestWorld } from './world.ts';

const BASE = webShop({ images: ['app:v1', 'app:v2', 'app:v3'] });
const [WEB] = BASE.targetGroups;
if (!WEB) throw new Error('the web shop has changed');

const to = (targetGroup: string, weight = 1) => [{ targetGroup, weight }];

/** Attributes of a target group that keeps a client with one of its targets. */
const STICKY: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a cookie of the load balancer': {
    'stickiness.enabled': 'true',
    'stickiness.lb_cookie.duration_seconds': '900',
  },
  'a cookie of the application': {
    'stickiness.enabled': 'true',
    'stickiness.type': 'app_cookie',
    'stickiness.app_cookie.cookie_name': 'SESSION',
    'stickiness.app_cookie.duration_seconds': '900',
  },
};

const withWeb = (change: Partial<ScenarioTargetGroup>): Scenario => ({
  ...BASE,
  targetGroups: [{ ...WEB, ...change }],
});

interface Forward {
  readonly ForwardConfig?: {
    readonly TargetGroupStickinessConfig?: { readonly Enabled?: boolean; readonly DurationSeconds?: number };
  };
}

/** Group stickiness that each write of a rule gave, without repetitions. */
const stickiness = (world: TestWorld): unknown[] => {
  const written = world.shifts.map(({ call }) => {
    const input = call.input as { Actions?: Forward[]; DefaultActions?: Forward[] };
    const config = (input.Actions ?? input.DefaultActions)?.[0]?.ForwardConfig?.TargetGroupStickinessConfig;
    return `${config?.Enabled ? 'on' : 'off'} ${config?.DurationSeconds ?? ''}`.trim();
  });
  return [...new Set(written)];
};

describe.concurrent('a target group whose targets are sticky', () => {
  for (const [by, attributes] of Object.entries(STICKY)) {
    test(`by ${by} is split with group stickiness, as the plan says`, async () => {
      await inWorld({ scenario: withWeb({ attributes }) }, async (world) => {
        const step = await world.release();
        expect(step.outputs['outcome']).toBe('promoted');
        expect(step.log).toMatch(
          /stickiness: +clients stay on their side for 15m \(.*\), since the target group web is sticky itself/,
        );
        expect(stickiness(world)).toEqual(['on 900', 'off']);
        const given = world.calls.flatMap(({ operation, input }) =>
          operation === 'ModifyTargetGroupAttributes'
            ? (input as { Attributes: { Key: string; Value: string }[] }).Attributes
            : [],
        );
        const deregistration = { 'deregistration_delay.timeout_seconds': '30' };
        expect(Object.fromEntries(given.map(({ Key, Value }) => [Key, Value]))).toEqual({
          ...attributes,
          ...deregistration,
        });
        return PROMOTED;
      });
    });
  }

  test('is taken back to exactly what it was', async () => {
    const attributes = STICKY['a cookie of the load balancer'] ?? {};
    const scenario = { ...withWeb({ attributes }), behaviours: { 'app:v2': { errorRate: 0.1 } } };
    await inWorld({ scenario }, async (world) => {
      expect((await world.release()).outputs['outcome']).toBe('rolled-back');
      return TAKEN_BACK;
    });
  });

  test('cannot go without, which is said before anything is changed', async () => {
    const attributes = STICKY['a cookie of the load balancer'] ?? {};
    await inWorld({ scenario: withWeb({ attributes }) }, async (world) => {
      const step = await world.release({ stickiness: 'off' });
      expect(step.code).toBe(1);
      expect(step.log).toMatch(/::error::stickiness: off is not possible for the .*the target group "web"/);
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });
});

test('a duration that stands beside a stickiness that is off comes back with it', async () => {
  await inWorld({}, async (world) => {
    const rules = world.before.rules as readonly {
      RuleArn: string;
      IsDefault: boolean;
      Actions: readonly { ForwardConfig: object }[];
    }[];
    const [rule] = rules.filter(({ IsDefault }) => !IsDefault);
    const [action] = rule?.Actions ?? [];
    const TargetGroupStickinessConfig = { Enabled: false, DurationSeconds: 7200 };
    await world.ask('Elastic Load Balancing v2', 'ModifyRule', {
      RuleArn: rule?.RuleArn,
      Actions: [{ ...action, ForwardConfig: { ...action?.ForwardConfig, TargetGroupStickinessConfig } }],
    });
    await world.prepared();
    const step = await world.release({ stickiness: '1h' });
    expect(step.outputs['outcome']).toBe('promoted');
    expect(stickiness(world)).toEqual(expect.arrayContaining(['on 3600', 'off 7200', 'off']));
    return PROMOTED;
  });
});

/** The service serves a second port, by a target group of its own. */
const twoPorts = (forward: { readonly web: string; readonly admin: string }): Scenario => ({
  ...BASE,
  targetGroups: [WEB, { ...WEB, name: 'web-admin' }],
  services: BASE.services.map((service) => ({
    ...service,
    targetGroups: ['web', 'web-admin'].map((name) => ({ name, container: 'web', port: 8080 })),
  })),
  loadBalancers: [
    {
      name: 'shop',
      listeners: [
        {
          port: 80,
          forward: to(forward.web),
          rules: [{ priority: 10, path: ['/admin/*'], forward: to(forward.admin) }],
        },
      ],
    },
  ],
});

describe.concurrent('a service with two target groups', () => {
  test('that one rule leads to is refused before anything is changed', async () => {
    const scenario = twoPorts({ web: 'web', admin: 'web-admin' });
    const both = [...to('web'), ...to('web-admin')];
    const loadBalancers = [{ name: 'shop', listeners: [{ port: 80, forward: both }] }];
    await inWorld({ scenario: { ...scenario, loadBalancers } }, async (world) => {
      const step = await world.release();
      expect(step.code).toBe(1);
      expect(step.log).toMatch(/::error::service: .*forwards to several target groups of the service/);
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('of which one was deleted is refused, naming it', async () => {
    await inWorld({ scenario: twoPorts({ web: 'web', admin: 'web-admin' }) }, async (world) => {
      const rules = world.before.rules as readonly { RuleArn: string; IsDefault: boolean }[];
      const RuleArn = rules.find(({ IsDefault }) => !IsDefault)?.RuleArn;
      await world.ask('Elastic Load Balancing v2', 'DeleteRule', { RuleArn });
      const groups = world.before.targetGroups as readonly {
        TargetGroupName: string;
        TargetGroupArn: string;
      }[];
      const TargetGroupArn = groups.find((group) => group.TargetGroupName === 'web-admin')?.TargetGroupArn;
      await world.ask('Elastic Load Balancing v2', 'DeleteTargetGroup', { TargetGroupArn });
      await world.prepared();
      const step = await world.release();
      expect(step.code).toBe(1);
      expect(step.log).toContain('names a target group that does not exist any more');
      expect(step.log).toContain(TargetGroupArn);
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('on one listener has both of its canaries tested before the first user', async () => {
    await inWorld({ scenario: twoPorts({ web: 'web', admin: 'web-admin' }), scale: 500 }, async (world) => {
      const door = { loadBalancer: 'shop', port: 80 };
      const plane = await listenDataPlane(world.simulator.world, door, () => world.clock.now());
      try {
        const step = await world.release({ 'pre-traffic-url': `${plane.url}/health`, gates: 'crashes = 0' });
        expect(step.outputs['outcome']).toBe('promoted');
        const made = world.calls.flatMap(({ operation, input }) =>
          operation === 'CreateRule'
            ? [input as { Priority: number; Conditions: object[]; Actions: { TargetGroupArn: string }[] }]
            : [],
        );
        expect(new Set(made.map(({ Priority }) => Priority)).size).toBe(2);
        expect(new Set(made.map(({ Conditions }) => JSON.stringify(Conditions))).size).toBe(2);
        expect(new Set(made.map(({ Actions }) => Actions[0]?.TargetGroupArn)).size).toBe(2);
        return PROMOTED;
      } finally {
        await plane.close();
      }
    });
  });
});

describe.concurrent('the test before the first user', () => {
  test('takes its rule for its own when the answer was lost', async () => {
    const faults = [{ kind: 'lost-answer', operation: 'CreateRule', nth: 1 }] as const;
    await inWorld({ faults, scale: 500 }, async (world) => {
      const door = { loadBalancer: 'shop', port: 80 };
      const plane = await listenDataPlane(world.simulator.world, door, () => world.clock.now());
      try {
        const step = await world.release({ 'pre-traffic-url': `${plane.url}/health`, gates: 'crashes = 0' });
        expect(step.outputs['outcome']).toBe('promoted');
        expect(world.calls.some(({ outcome }) => outcome === 'PriorityInUse')).toBe(true);
        expect(world.changes.filter((name) => name === 'DeleteRule')).toHaveLength(1);
        return PROMOTED;
      } finally {
        await plane.close();
      }
    });
  });

  test('says why nobody answered', async () => {
    await inWorld({}, async (world) => {
      const step = await world.release({
        'pre-traffic-url': 'http://127.0.0.1:9/health',
        gates: 'crashes = 0',
      });
      expect(step.outputs['outcome']).toBe('rolled-back');
      expect(step.outputs['reason']).toMatch(/fetch failed: .+/);
      return TAKEN_BACK;
    });
  });
});

test('a promotion that AWS has no time for is not taken for one that ECS took back', async () => {
  const shop = webShop({ images: ['app:v1', 'app:v2'] });
  const scenario = { ...shop, consistencyLag: { min: 2_000, max: 2_500 } };
  await inWorld({ scenario, scale: 120 }, async (world) => {
    const running = world.start({ steps: '50% for 1m', gates: 'crashes = 0' });
    await running.says('Shift 100%');
    world.simulator.faults.add({ kind: 'throttle', service: 'ECS', operation: 'UpdateService', times: 20 });
    const step = await running.done;
    const updates = world.calls.filter(
      ({ operation, input }) => operation === 'UpdateService' && 'taskDefinition' in (input ?? {}),
    );
    const waited = (updates.at(-1)?.time ?? 0) - (updates[0]?.time ?? 0);
    expect(waited, 'AWS time until UpdateService was answered').toBeGreaterThan(30_000);
    expect(step.outputs['outcome'], step.log).toBe('promoted');
    return PROMOTED;
  });
});
