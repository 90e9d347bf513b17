import { describe, expect, test } from 'vitest';
import { listenDataPlane } from '../../src/simulator/elbv2/data-plane.ts';
import type { Scenario, ScenarioRule } from '../../src/simulator/scenario/scenario.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { inWorld, PROMOTED, TAKEN_BACK, type TestWorld } from './world.ts';

const BASE = webShop({ images: ['app:v1', 'app:v2', 'app:v3'] });
const [WEB_GROUP] = BASE.targetGroups;
const [WEB_SERVICE] = BASE.services;
const [USER] = BASE.traffic;
if (!WEB_GROUP || !WEB_SERVICE || !USER) throw new Error('the web shop has changed');

const TO_WEB = [{ targetGroup: 'web', weight: 1 }];
const TO_OTHER = [{ targetGroup: 'other', weight: 1 }];

/** Beside web, a service `other` with a target group of its own. */
function withOther(listeners: Scenario['loadBalancers'][number]['listeners']): Scenario {
  return {
    ...BASE,
    targetGroups: [WEB_GROUP, { ...WEB_GROUP, name: 'other' }].flatMap((group) => (group ? [group] : [])),
    services: [
      ...BASE.services,
      {
        ...BASE.services[0],
        name: 'other',
        cluster: 'prod',
        taskDefinition: 'web:1',
        desiredCount: 2,
        targetGroups: [{ name: 'other', container: 'web', port: 8080 }],
      },
    ],
    loadBalancers: [{ name: 'shop', listeners }],
  };
}

/** Requests that users sent to a revision, as a share of all since the first shift, in percent. */
function userShare(world: TestWorld, revision: string): number {
  const { users } = world.simulator.world;
  const at = (share: number) => world.shifts.filter((shift) => Math.abs(shift.share - share) < 0.5);
  const from = Math.max(...at(50).map(({ call }) => call.time));
  const until = Math.min(...at(100).map(({ call }) => call.time));
  return (users.total({ from, until, revision }).requests / users.total({ from, until }).requests) * 100;
}

describe.concurrent('every route to the service', () => {
  test('of several listeners and rules is split, and nothing else', async () => {
    const scenario = withOther([
      {
        port: 80,
        forward: TO_OTHER,
        rules: [
          { priority: 5, path: ['/api/*'], forward: TO_WEB },
          { priority: 6, path: ['/other/*'], forward: TO_OTHER },
          { priority: 7, host: ['shop.example'], forward: TO_WEB, tags: { team: 'shop' } },
        ],
      },
      { port: 8443, forward: TO_WEB },
    ]);
    const traffic = [
      { ...USER, path: '/api/cart', rate: { perSecond: 10 } },
      { ...USER, port: 8443, rate: { perSecond: 10 } },
      { ...USER, host: 'shop.example', path: '/', rate: { perSecond: 10 } },
      { ...USER, path: '/other/', rate: { perSecond: 10 } },
    ] as Scenario['traffic'];
    await inWorld({ scenario: { ...scenario, traffic } }, async (world) => {
      const step = await world.release({ steps: '50% for 5m' });
      expect(step.outputs['outcome']).toBe('promoted');
      const targets = new Set(world.shifts.map(({ target }) => target));
      expect(targets.size).toBe(3);
      // A quarter of all requests goes to the other service.
      expect(userShare(world, 'web:2')).toBeGreaterThan(30);
      expect(userShare(world, 'web:2')).toBeLessThan(45);
      return PROMOTED;
    });
  });

  test('that it shares with another service keeps that one its part', async () => {
    const ab = [
      { targetGroup: 'web', weight: 3 },
      { targetGroup: 'other', weight: 1 },
    ];
    const scenario = withOther([{ port: 80, forward: ab }]);
    await inWorld({ scenario }, async (world) => {
      const step = await world.release({ steps: '10% for 3m\n50% for 3m' });
      expect(step.outputs['outcome']).toBe('promoted');
      expect(world.shifts.every(({ others }) => others['other'] === 25)).toBe(true);
      return PROMOTED;
    });
  });

  for (const bad of [false, true]) {
    test(`among 120 rules on several pages is found, ${bad ? 'and put back' : 'and kept'}`, async () => {
      const rules = Array.from({ length: 120 }, (_, index): ScenarioRule => {
        const priority = index + 1;
        const own = priority % 12 === 0;
        return { priority, path: [`/${priority}/*`], forward: own ? TO_WEB : TO_OTHER };
      });
      const scenario = {
        ...withOther([{ port: 80, forward: TO_WEB, rules }]),
        traffic: [
          { ...USER, path: '/', rate: { perSecond: 10 } },
          { ...USER, path: '/120/x', rate: { perSecond: 10 } },
        ] as Scenario['traffic'],
        behaviours: bad ? { 'app:v2': { errorRate: 0.1 } } : {},
      };
      await inWorld({ scenario }, async (world) => {
        const step = await world.release();
        expect(step.outputs['outcome']).toBe(bad ? 'rolled-back' : 'promoted');
        expect(new Set(world.shifts.map(({ target }) => target)).size).toBe(11);
        return bad ? TAKEN_BACK : PROMOTED;
      });
    });
  }

  test('of two load balancers is split, each with a canary target group of its own', async () => {
    const scenario: Scenario = {
      ...BASE,
      targetGroups: [WEB_GROUP, { ...WEB_GROUP, name: 'web-internal' }].flatMap((group) =>
        group ? [group] : [],
      ),
      loadBalancers: [
        { name: 'shop', listeners: [{ port: 80, forward: TO_WEB }] },
        {
          name: 'internal',
          listeners: [{ port: 80, forward: [{ targetGroup: 'web-internal', weight: 1 }] }],
        },
      ],
      services: BASE.services.map((service) => ({
        ...service,
        targetGroups: ['web', 'web-internal'].map((name) => ({ name, container: 'web', port: 8080 })),
      })),
      traffic: [
        { ...USER, path: '/', rate: { perSecond: 10 } },
        { ...USER, loadBalancer: 'internal', path: '/', rate: { perSecond: 10 } },
      ] as Scenario['traffic'],
    };
    await inWorld({ scenario }, async (world) => {
      const step = await world.release({ steps: '50% for 5m' });
      expect(step.outputs['outcome']).toBe('promoted');
      expect(world.changes.filter((name) => name === 'CreateTargetGroup')).toHaveLength(2);
      expect(userShare(world, 'web:2')).toBeGreaterThan(40);
      expect(userShare(world, 'web:2')).toBeLessThan(60);
      return PROMOTED;
    });
  });
});

/** Group stickiness that each write of a rule gave, without repetitions. */
const stickiness = (world: TestWorld): unknown[] => {
  const written = world.shifts.map(({ call }) => {
    const input = call.input as { Actions?: Forward[]; DefaultActions?: Forward[] };
    const config = (input.Actions ?? input.DefaultActions)?.[0]?.ForwardConfig?.TargetGroupStickinessConfig;
    return config?.Enabled ? config.DurationSeconds : 'off';
  });
  return [...new Set(written)];
};

interface Forward {
  readonly ForwardConfig?: {
    readonly TargetGroupStickinessConfig?: { readonly Enabled?: boolean; readonly DurationSeconds?: number };
  };
}

describe.concurrent('clients that stay with their target group', () => {
  test('stay by default as the rules have it', async () => {
    await inWorld({ stickiness: 600_000 }, async (world) => {
      await world.release();
      expect(stickiness(world)).toEqual([600]);
      return PROMOTED;
    });
  });

  test('do not stay during the rollout with stickiness: off, and again after it', async () => {
    await inWorld({ stickiness: 600_000 }, async (world) => {
      await world.release({ stickiness: 'off' });
      expect(stickiness(world)).toEqual(['off', 600]);
      return PROMOTED;
    });
  });

  test('stay for the time that the user gives, where the rules have none', async () => {
    await inWorld({ behaviours: { 'app:v2': { errorRate: 0.1 } } }, async (world) => {
      await world.release({ stickiness: '1h' });
      expect(stickiness(world)).toEqual([3600, 'off']);
      return TAKEN_BACK;
    });
  });
});

describe.concurrent('an autoscaled service', () => {
  const scalableTargets = [{ service: 'prod/web', min: 4, max: 20, cpu: 60 }];

  for (const bad of [false, true]) {
    test(`is held from scaling in, and given back after a ${bad ? 'rollback' : 'promotion'}`, async () => {
      const override = { scalableTargets };
      const behaviours = bad ? { 'app:v2': { errorRate: 0.1 } } : {};
      await inWorld({ override, behaviours }, async (world) => {
        const step = await world.release();
        expect(step.outputs['outcome']).toBe(bad ? 'rolled-back' : 'promoted');
        const held = world.calls
          .filter(({ operation }) => operation === 'RegisterScalableTarget')
          .map(({ input }) => (input as { SuspendedState?: object }).SuspendedState);
        const free = {
          DynamicScalingInSuspended: false,
          DynamicScalingOutSuspended: false,
          ScheduledScalingSuspended: false,
        };
        expect(held).toEqual([{ ...free, DynamicScalingInSuspended: true }, free]);
        return bad ? TAKEN_BACK : PROMOTED;
      });
    });
  }

  test.each([
    ['scale-in', { DynamicScalingInSuspended: true }],
    ['scale-out', { DynamicScalingOutSuspended: true }],
    ['scheduled scaling', { ScheduledScalingSuspended: true }],
  ])('whose %s its owner has suspended keeps that', async (_, SuspendedState) => {
    await inWorld({ override: { scalableTargets } }, async (world) => {
      await world.ask('Application Auto Scaling', 'RegisterScalableTarget', {
        ServiceNamespace: 'ecs',
        ScalableDimension: 'ecs:service:DesiredCount',
        ResourceId: 'service/prod/web',
        SuspendedState,
      });
      await world.prepared();
      const step = await world.release();
      expect(step.outputs['outcome']).toBe('promoted');
      return PROMOTED;
    });
  });

  test('that is scaled out during the rollout gives the canary its part of the larger load', async () => {
    await inWorld({ override: { scalableTargets } }, async (world) => {
      const step = world.start({ steps: '25% for 3m\n50% for 3m' });
      await step.says('the end of the step 25%');
      await world.ask('ECS', 'UpdateService', { cluster: 'prod', service: 'web', desiredCount: 8 });
      const { outputs } = await step.done;
      expect(outputs['outcome']).toBe('promoted');
      const asked = world.calls.flatMap(({ operation, input }) =>
        operation === 'UpdateService' ? [input as { service: string; desiredCount?: number }] : [],
      );
      const canary = asked
        .filter(({ service }) => service === 'web-canary')
        .map((input) => input.desiredCount ?? 0);
      // 8 tasks carry 75% of the traffic, so the whole needs 11.
      expect(Math.max(...canary)).toBe(11);
      return { ...PROMOTED, changedByOthers: true };
    });
  });
});

describe.concurrent('before the first user', () => {
  for (const [what, conduct, promoted] of [
    ['passes', {}, true],
    ['fails', { errorRate: 1 }, false],
  ] as const) {
    test(`the canary is asked by the header, and ${what}`, async () => {
      await inWorld({ behaviours: { 'app:v2': conduct }, scale: 500 }, async (world) => {
        const door = { loadBalancer: 'shop', port: 80 };
        const plane = await listenDataPlane(world.simulator.world, door, () => world.clock.now());
        try {
          const step = await world.release({
            'pre-traffic-url': `${plane.url}/health`,
            gates: 'crashes = 0',
          });
          expect(step.outputs['outcome']).toBe(promoted ? 'promoted' : 'rolled-back');
          const made = world.calls.find(({ operation }) => operation === 'CreateRule')?.input as {
            Priority: number;
            Conditions: readonly { HttpHeaderConfig?: { HttpHeaderName?: string } }[];
          };
          expect(made.Priority).toBeLessThan(10);
          expect(made.Conditions[0]?.HttpHeaderConfig?.HttpHeaderName).toBe('X-Deploy-Actions-Canary');
          expect(world.changes).toContain('DeleteRule');
          if (!promoted) {
            expect(step.outputs['reason']).toContain(
              'the canary did not pass its test before the first user',
            );
            expect(world.shifts.every(({ share }) => share === 0)).toBe(true);
          }
          return promoted ? PROMOTED : TAKEN_BACK;
        } finally {
          await plane.close();
        }
      });
    });
  }
});
