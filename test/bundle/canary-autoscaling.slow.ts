import type {
  DescribeScalableTargetsCommandOutput,
  DescribeScalingActivitiesCommandOutput,
} from '@aws-sdk/client-application-auto-scaling';
import { describe, expect, test, vi } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import type { Scenario, ScenarioScalableTarget } from '../../src/simulator/scenario/scenario.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import type { Rate } from '../../src/simulator/traffic/source.ts';
import { CRITICAL, monitor } from './monitored.ts';
import {
  type Ending,
  inWorld,
  PROMOTED,
  START,
  TAKEN_BACK,
  type TestWorld,
  type WorldOptions,
} from './world.ts';

// They wait for the schedule most of the time.
vi.setConfig({ maxConcurrency: 8 });

const MINUTE = 60_000;
const SCALING = 'Application Auto Scaling';
const FREE = {
  DynamicScalingInSuspended: false,
  DynamicScalingOutSuspended: false,
  ScheduledScalingSuspended: false,
};

/** The world begins at noon: first tasks are taken away, then many are given. */
const SCHEDULE = {
  less: { schedule: 'cron(20 12 * * ? *)', min: 1, max: 3 },
  more: { schedule: 'cron(30 12 * * ? *)', min: 8, max: 20 },
} as const;
const TARGET: ScenarioScalableTarget = { service: 'prod/web', min: 2, max: 10, schedule: SCHEDULE };

async function targetOf(world: TestWorld) {
  const answer = await world.ask<DescribeScalableTargetsCommandOutput>(SCALING, 'DescribeScalableTargets', {
    ServiceNamespace: 'ecs',
  });
  const [target] = answer.ScalableTargets ?? [];
  return { min: target?.MinCapacity, max: target?.MaxCapacity, suspended: target?.SuspendedState };
}

/** What the schedule alone makes of the target by now. */
function untouched(now: number) {
  const minutes = (now - START) / MINUTE;
  const { less, more } = SCHEDULE;
  const { min, max } = minutes < 20 ? TARGET : minutes < 30 ? less : more;
  return { min, max, suspended: FREE };
}

const world = (more: Partial<WorldOptions> = {}): WorldOptions => ({
  ...more,
  // A busy machine needs seconds to start a process: they must not be a quarter of an hour.
  scale: 100,
  override: { scalableTargets: [TARGET], ...more.override },
});

/** Somebody else, the schedule, has changed what is in the account. */
const ending = (which: Ending): Ending => ({ ...which, changedByOthers: true });

async function expectUntouched(its: TestWorld): Promise<void> {
  const now = its.clock.now();
  // A moment of the schedule itself is no time to compare.
  if (Math.abs((now - START) / MINUTE - 30) < 0.5) await its.clock.sleep(MINUTE);
  expect(await targetOf(its)).toEqual(untouched(its.clock.now()));
}

/** What users have had so far. */
const failed = (its: TestWorld) => its.simulator.world.users.total({ from: START });

describe.concurrent('a schedule in the middle of a rollout', () => {
  test('takes no tasks from it, gives those that are due in time, and is as it would be without, after a promotion', async () => {
    await inWorld(world(), async (its) => {
      const step = its.start({ steps: '50% for 35m' });
      await step.says('the end of the step');
      const seen: number[] = [];
      while (its.clock.now() < START + 32 * MINUTE) {
        await its.clock.sleep(10_000);
        const { services } = await its.ask<{ services: { desiredCount: number }[] }>(
          'ECS',
          'DescribeServices',
          {
            cluster: 'prod',
            services: ['web'],
          },
        );
        seen.push(services[0]?.desiredCount ?? 0);
      }
      expect([Math.min(...seen), seen.at(-1)]).toEqual([4, 8]);
      expect(await targetOf(its)).toEqual({
        min: 8,
        max: 20,
        suspended: { ...FREE, DynamicScalingInSuspended: true, ScheduledScalingSuspended: true },
      });
      const { outputs, log } = await step.done;
      expect(outputs['outcome'], log).toBe('promoted');
      await expectUntouched(its);
      expect(its.failures).toEqual([]);
      return ending(PROMOTED);
    });
  });

  test('goes on by itself where it takes none', async () => {
    const schedule = { more: SCHEDULE.more };
    const override = { scalableTargets: [{ ...TARGET, schedule }] };
    await inWorld(world({ override }), async (its) => {
      const { outputs, log } = await its.release({ steps: '50% for 30m' });
      expect(outputs['outcome'], log).toBe('promoted');
      const states = its.calls
        .filter(({ operation }) => operation === 'RegisterScalableTarget')
        .map(({ input }) => input as object);
      expect(states).toMatchObject([
        { SuspendedState: { ...FREE, DynamicScalingInSuspended: true } },
        { SuspendedState: FREE },
      ]);
      expect(JSON.stringify(states)).not.toContain('Capacity');
      await expectUntouched(its);
      return ending(PROMOTED);
    });
  });

  test('is as it would be without, after a gate has taken the release back', async () => {
    const behaviours = { 'app:v2': { errorRate: 0.3 } };
    await inWorld(world({ behaviours }), async (its) => {
      const { outputs, log } = await its.release({ steps: '50% for 35m' });
      expect(outputs['outcome'], log).toBe('rolled-back');
      await expectUntouched(its);
      return ending(TAKEN_BACK);
    });
  });

  test('is as it would be without, after a run was cancelled', async () => {
    await inWorld(world(), async (its) => {
      const job = its.job();
      const running = its.start({ steps: '50% for 35m' }, job);
      await running.says('the end of the step');
      await its.clock.sleep(START + 31 * MINUTE - its.clock.now());
      const main = await running.cancel();
      const post = await job.post('canary', main);
      expect(post.code, post.log).toBe(0);
      await expectUntouched(its);
      return { ...ending(TAKEN_BACK), leftovers: true };
    });
  });

  test('keeps what somebody sets meanwhile', async () => {
    await inWorld(world(), async (its) => {
      const step = its.start({ steps: '50% for 35m' });
      await step.says('the end of the step');
      await its.ask(SCALING, 'RegisterScalableTarget', {
        ServiceNamespace: 'ecs',
        ScalableDimension: 'ecs:service:DesiredCount',
        ResourceId: 'service/prod/web',
        MaxCapacity: 30,
      });
      const { outputs, log } = await step.done;
      expect(outputs['outcome'], log).toBe('promoted');
      expect(log).toContain('Somebody else has set its maximum to 30 tasks meanwhile, which stays.');
      expect(await targetOf(its)).toEqual({ min: 8, max: 30, suspended: FREE });
      return ending(PROMOTED);
    });
  });

  test('is suspended as a whole, and said to be so, where the role may not look at it', async () => {
    const faults: Fault[] = [{ kind: 'access-denied', operation: 'DescribeScheduledActions' }];
    await inWorld(world({ faults }), async (its) => {
      const { outputs, log } = await its.release({ steps: '50% for 30m' });
      expect(outputs['outcome'], log).toBe('promoted');
      expect(log).toContain('Scheduled scaling is suspended during the rollout');
      expect(await targetOf(its)).toEqual({ min: 2, max: 10, suspended: FREE });
      return ending(PROMOTED);
    });
  });

  test.each([
    ['hold', 1],
    ['raise', 2],
    ['release', 3],
  ])('survives a lost answer to its %s', async (_, nth) => {
    const faults: Fault[] = [{ kind: 'lost-answer', operation: 'RegisterScalableTarget', nth }];
    await inWorld(world({ faults }), async (its) => {
      const { outputs, log } = await its.release({ steps: '50% for 30m' });
      expect(outputs['outcome'], log).toBe('promoted');
      await expectUntouched(its);
      return ending(PROMOTED);
    });
  });

  test('stays as it is where the role may not hold it, and the release is not begun', async () => {
    const faults: Fault[] = [{ kind: 'access-denied', operation: 'RegisterScalableTarget' }];
    await inWorld(world({ faults }), async (its) => {
      const { outputs, log } = await its.release({ steps: '50% for 30m' });
      expect(outputs['outcome'], log).toBe('rolled-back');
      expect(outputs['reason']).toContain('application-autoscaling:RegisterScalableTarget');
      expect(its.changes).not.toContain('CreateService');
      await expectUntouched(its);
      return ending(TAKEN_BACK);
    });
  });
});

describe.concurrent('a run that is killed', () => {
  /** Plays a release that is killed at a call of the scaler, and then whatever comes after it. */
  const killed = (nth: number, after: boolean, then: (its: TestWorld) => Promise<Ending>) =>
    inWorld(world({ faults: [{ kind: 'kill', service: SCALING, nth, after }] }), async (its) => {
      const main = await its.release({ steps: '50% for 30m' });
      expect(main.code, main.log).not.toBe(0);
      const which = await then(its);
      await expectUntouched(its);
      return ending(which);
    });

  // Of the scaler, a release asks: what there is; that again, and its schedule; hold; what there is, raise; what there
  // is, its schedule, release.
  const CALLS = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((nth) => [nth, true] as const);
  const CHANGES = [4, 6, 9].map((nth) => [nth, false] as const);

  test.each([...CALLS, ...CHANGES])(
    'at call %i of the scaler (after it: %s) is gone on with by the next one',
    async (nth, after) => {
      await killed(nth, after, async (its) => {
        const again = await its.release({ steps: '50% for 30m' }, its.job('1002'));
        expect(again.outputs['outcome'], again.log).toMatch(/^(promoted|rolled-back)$/);
        expect(again.log).toMatch(/Done: (promoted|rolled-back)/);
        return again.outputs['outcome'] === 'promoted' ? PROMOTED : TAKEN_BACK;
      });
    },
  );

  test.each([4, 6, 9])('at call %i of the scaler is ended by the rollback action', async (nth) => {
    await killed(nth, true, async (its) => {
      const step = await its.job('1002').start('rollback', { cluster: 'prod', service: 'web' }).done;
      expect(step.code, step.log).toBe(0);
      return TAKEN_BACK;
    });
  });

  const LATE_KILLS: readonly (readonly [string, Fault])[] = [
    // The first one gives the canary more tasks.
    ['when it has given the service its revision', { kind: 'kill', operation: 'UpdateService', nth: 2 }],
    ['when it is to release the scaler', { kind: 'kill', operation: 'DescribeScheduledActions', nth: 2 }],
  ];
  test.each(LATE_KILLS)(
    '%s, and whose revision then fails its watch, is taken back by monitor, which gives the scaler back',
    async (_, kill) => {
      const logs = [{ line: 'FATAL', after: 32 * MINUTE, every: MINUTE }];
      const options = { behaviours: { 'app:v2': { logs } }, faults: [{ ...kill, after: true }] };
      await inWorld(world(options), async (its) => {
        const main = await its.release({ steps: '50% for 1m', gates: 'crashes = 0' });
        expect(main.code, main.log).not.toBe(0);
        expect((await targetOf(its)).suspended).toMatchObject({ ScheduledScalingSuspended: true });
        const before = its.calls.length;
        const inputs = { for: '60m', gates: 'crashes = 0', 'log-patterns': CRITICAL };
        const step = await monitor(its, inputs, its.job('1002'));
        expect(step.code, step.log).toBe(1);
        expect(step.outputs['outcome'], step.log).toBe('rolled-back');
        expect(step.outputs['reason']).toMatch(/^log critical: /);
        expect(its.clock.now()).toBeGreaterThan(START + 30 * MINUTE);
        const asked = its.calls.slice(before).filter(({ service }) => service === SCALING);
        expect(asked.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
          'DescribeScalableTargets ok',
          'DescribeScalableTargets ok',
          'DescribeScheduledActions ok',
          'RegisterScalableTarget ok',
        ]);
        // What the schedule has missed is made up for in the call that lets it go.
        expect(asked.at(-1)?.input).toMatchObject({ MinCapacity: 8, MaxCapacity: 20, SuspendedState: FREE });
        await expectUntouched(its);
        await its.clock.sleep(5 * MINUTE);
        await its.expectSettled(TAKEN_BACK, SCHEDULE.more.min);
        expect(its.failures).toEqual([]);
        return ending(TAKEN_BACK);
      });
    },
  );
});

describe.concurrent('a load that grows in the middle of a rollout', () => {
  /** 4 tasks for 100 requests/s each, of which they have 36% at first. */
  const growing = (perSecond: number, more: Partial<Scenario> = {}): Scenario => {
    const shop = webShop({
      images: ['app:v1', 'app:v2'],
      ...(more.behaviours && { behaviours: more.behaviours }),
    });
    const rate: Rate = {
      perSecond: 144,
      // A quarter of the rise each minute, as a morning comes.
      bursts: [1, 2, 3, 4].map((quarter) => ({
        from: (8 + quarter) * MINUTE,
        until: 60 * MINUTE,
        perSecond: 144 + ((perSecond - 144) * quarter) / 4,
      })),
    };
    return {
      ...shop,
      scalableTargets: [{ service: 'prod/web', min: 2, max: 20, cpu: 60, scaleOutCooldown: MINUTE }],
      traffic: shop.traffic.slice(0, 1).map((source) => ({ ...source, rate })),
      ...more,
    };
  };

  test('gets the tasks that it needs, on both sides, and no user notices', async () => {
    await inWorld({ scenario: growing(288), scale: 120 }, async (its) => {
      const { outputs, log } = await its.release({ steps: '50% for 20m' });
      expect(outputs['outcome'], log).toBe('promoted');
      const { requests, errors } = failed(its);
      expect(requests).toBeGreaterThan(200_000);
      // Stable had half of the traffic for longer than the scaler waits before it takes tasks away.
      const { ScalingActivities = [] } = await its.ask<DescribeScalingActivitiesCommandOutput>(
        SCALING,
        'DescribeScalingActivities',
        { ServiceNamespace: 'ecs' },
      );
      const since = ScalingActivities.filter(({ StartTime }) => (StartTime?.getTime() ?? 0) >= START);
      expect(since.filter(({ Description }) => /count to [12]\./.test(Description ?? ''))).toEqual([]);
      expect(errors / requests).toBeLessThan(0.0005);
      return ending(PROMOTED);
    });
  });

  test('finds its tasks on stable when the release is taken back', async () => {
    const scenario = growing(288);
    await inWorld({ scenario, scale: 120 }, async (its) => {
      const running = its.start({ steps: '50% for 40m' });
      await running.says('the end of the step');
      await its.clock.sleep(START + 20 * MINUTE - its.clock.now());
      const job = its.job('1002');
      const back = await job.start('rollback', { cluster: 'prod', service: 'web' }).done;
      expect(back.code, back.log).toBe(0);
      await running.done;
      await its.clock.sleep(5 * MINUTE);
      const { requests, errors } = failed(its);
      expect(errors / requests).toBeLessThan(0.0005);
      return ending(TAKEN_BACK);
    });
  });
});
