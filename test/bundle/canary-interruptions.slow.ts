import type { DescribeServicesCommandOutput } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { inWorld, PROMOTED, TAKEN_BACK, type TestWorld } from './world.ts';

/** Canary's share of the traffic, as the rules have it now. */
const shareNow = (world: TestWorld): number => {
  const newest = new Map(world.shifts.map(({ target, share }) => [target, share]));
  return Math.max(0, ...newest.values());
};

/** ms of a running rollout's process before the runner would kill it. */
const RUNNER_PATIENCE_MS = 7_500;

describe.concurrent('a run that is cancelled', () => {
  for (const [when, says] of [
    ['before anything is made', 'Make the canary target group'],
    ['while the canary starts', /Start the canary service|canary tasks to become healthy/],
    ['while traffic is shifted', 'Shift 50%'],
    ['in a bake', 'the end of the step 50%'],
    ['while the canary grows', 'Scale the canary'],
    ['while all traffic is on the canary', 'Shift 100%'],
  ] as const) {
    test(`${when} is back on stable at once, and ended by its post step`, async () => {
      await inWorld({ scale: 200 }, async (world) => {
        const job = world.job();
        const running = world.start({ steps: '50% for 1m', gates: 'crashes = 0' }, job);
        await running.says(says);
        const cancelled = performance.now();
        const main = await running.cancel();
        expect(performance.now() - cancelled).toBeLessThan(RUNNER_PATIENCE_MS);
        expect(main.signal).toBeNull();
        expect(main.code).toBe(1);
        expect(shareNow(world)).toBe(0);
        const post = await job.post('canary', main);
        expect(post.code, post.log).toBe(0);
        await expectNextReleaseCleans(world);
        return PROMOTED;
      });
    });
  }

  test('by the death of its runner, which alone leaves it running, takes the release back by itself', async () => {
    await inWorld({ scale: 200 }, async (world) => {
      const running = world.start({ steps: '50% for 1m', gates: 'crashes = 0' });
      await running.says('the end of the step 50%');
      running.process.stdout?.destroy();
      const main = await running.done;
      expect([main.code, main.signal]).toEqual([1, null]);
      expect(main.outputs).toMatchObject({ outcome: 'rolled-back' });
      expect(shareNow(world)).toBe(0);
      await expectNextReleaseCleans(world);
      return PROMOTED;
    });
  });

  test('in the promotion gives the service its former revision back', async () => {
    await inWorld({ scale: 200 }, async (world) => {
      const job = world.job();
      const running = world.start({ steps: '50% for 1m', gates: 'crashes = 0' }, job);
      await running.says('Wait for the service to');
      const main = await running.cancel();
      expect(main.code).toBe(1);
      const post = await job.post('canary', main);
      expect(post.code, post.log).toBe(0);
      expect(shareNow(world)).toBe(0);
      await untilSettled(world, 'web:1');
      await expectNextReleaseCleans(world);
      return PROMOTED;
    });
  });

  test('after the promotion stays promoted', async () => {
    await inWorld({ scale: 200 }, async (world) => {
      const job = world.job();
      const running = world.start({ steps: '50% for 1m', gates: 'crashes = 0' }, job);
      await running.says('Remove the canary service');
      const main = await running.cancel();
      expect(main.outputs['outcome']).toBe('promoted');
      const post = await job.post('canary', main);
      expect(post.code, post.log).toBe(0);
      await untilSettled(world, 'web:2');
      const next = await world.release({}, world.job('1002'));
      expect(next.code, next.log).toBe(0);
      return PROMOTED;
    });
  });
});

/** Whatever a cancelled run could not wait for is gone after the next release. */
async function expectNextReleaseCleans(world: TestWorld): Promise<void> {
  const next = await world.release({ gates: 'crashes = 0', steps: '50% for 1m' }, world.job('1002'));
  expect(next.outputs['outcome'], next.log).toBe('promoted');
}

async function untilSettled(world: TestWorld, revision: string): Promise<void> {
  for (;;) {
    const { services } = await world.ask<DescribeServicesCommandOutput>('ECS', 'DescribeServices', {
      cluster: 'prod',
      services: ['web'],
    });
    const [service] = services ?? [];
    const settled =
      service?.deployments?.length === 1 && service.deployments[0]?.rolloutState === 'COMPLETED';
    if (settled && service.taskDefinition?.endsWith(`/${revision}`)) return;
    await world.clock.sleep(1_000);
  }
}

describe.concurrent('somebody else who', () => {
  test('sets the rules back in a bake makes the release be taken back', async () => {
    await inWorld({}, async (world) => {
      const step = world.start({ steps: '50% for 30m', gates: 'crashes = 0' });
      await step.says('the end of the step');
      const rule = world.before.rules[0] as { RuleArn: string; Actions: object[] };
      await world.ask('Elastic Load Balancing v2', 'ModifyRule', {
        RuleArn: rule.RuleArn,
        Actions: rule.Actions,
      });
      const { outputs } = await step.done;
      expect(outputs['outcome']).toBe('rolled-back');
      expect(outputs['reason']).toMatch(/somebody else has changed the rule 10 of listener/);
      return TAKEN_BACK;
    });
  });

  test('gives the canary other weights in a bake makes the release be taken back', async () => {
    await inWorld({}, async (world) => {
      const step = world.start({ steps: '10% for 30m', gates: 'crashes = 0' });
      await step.says('the end of the step');
      const written = world.shifts.findLast(({ operation }) => operation === 'ModifyRule')?.call.input as {
        RuleArn: string;
        Actions: readonly { ForwardConfig: { TargetGroups: { Weight: number }[] } }[];
      };
      const changed = structuredClone(written);
      for (const group of changed.Actions[0]?.ForwardConfig.TargetGroups ?? []) group.Weight = 50;
      await world.ask('Elastic Load Balancing v2', 'ModifyRule', changed);
      const { outputs } = await step.done;
      expect(outputs['outcome']).toBe('rolled-back');
      expect(outputs['reason']).toContain('somebody else has changed');
      return TAKEN_BACK;
    });
  });

  test('deploys to the service in a bake keeps what they deployed', async () => {
    await inWorld({}, async (world) => {
      const step = world.start({ steps: '50% for 30m', gates: 'crashes = 0' });
      await step.says('the end of the step');
      await world.ask('ECS', 'UpdateService', { cluster: 'prod', service: 'web', taskDefinition: 'web:3' });
      const { outputs } = await step.done;
      expect(outputs['outcome']).toBe('rolled-back');
      expect(outputs['reason']).toMatch(/somebody else has deployed .*web:3 to the service/);
      return { runs: 'web:3' };
    });
  });

  test('deletes the canary service makes the release be taken back', async () => {
    await inWorld({}, async (world) => {
      const step = world.start({ steps: '50% for 30m', gates: 'crashes = 0' });
      await step.says('the end of the step');
      await world.ask('ECS', 'DeleteService', { cluster: 'prod', service: 'web-canary', force: true });
      const { outputs } = await step.done;
      expect(outputs['outcome']).toBe('rolled-back');
      return { ...TAKEN_BACK, lostRequests: true };
    });
  });

  test("stops the service's own deployment in the promotion makes the release be taken back", async () => {
    await inWorld({ scale: 200 }, async (world) => {
      const step = world.start({ steps: '50% for 1m', gates: 'crashes = 0' });
      await step.says('Wait for the service to');
      const { services } = await world.ask<DescribeServicesCommandOutput>('ECS', 'DescribeServices', {
        cluster: 'prod',
        services: ['web'],
      });
      await world.ask('ECS', 'StopServiceDeployment', {
        serviceDeploymentArn: services?.[0]?.currentServiceDeployment,
        stopType: 'ROLLBACK',
      });
      const { outputs } = await step.done;
      expect(outputs['outcome']).toBe('rolled-back');
      expect(outputs['reason']).toContain("ECS took the service's own deployment back");
      return TAKEN_BACK;
    });
  });
});

describe.concurrent('a second run', () => {
  test('at the same time is refused with the URL of the holder, and the first goes on', async () => {
    await inWorld({ scale: 200 }, async (world) => {
      const first = world.start({ steps: '50% for 6m', gates: 'crashes = 0' });
      await first.says('the end of the step');
      const second = await world.release({ 'task-definition': 'web:3' }, world.job('1002'));
      expect(second.code).toBe(1);
      expect(second.log).toContain(
        '::error::https://github.com/org/web/actions/runs/1001/attempts/1 is rolling out prod/web at the same time',
      );
      expect(second.log).toContain('Nothing was changed by this run.');
      const { outputs } = await first.done;
      expect(outputs['outcome']).toBe('promoted');
      return PROMOTED;
    });
  });

  for (const [when, says, outcome] of [
    ['while the canary starts', 'Start the canary service', 'promoted'],
    ['in a bake', 'the end of the step 50%', 'promoted'],
    ['in the promotion', 'Wait for the service to', 'promoted'],
    ['while it cleans up', 'Remove the canary service', 'promoted'],
  ] as const) {
    test(`that is the next attempt of one killed ${when} goes on where it stopped`, async () => {
      await inWorld({ scale: 300 }, async (world) => {
        const first = world.start({ steps: '50% for 1m', gates: 'crashes = 0' });
        await first.says(says);
        world.kill();
        await first.done;
        const second = await world.release(
          { steps: '50% for 1m', gates: 'crashes = 0' },
          world.job('1001', 2),
        );
        expect(second.log).toContain('left a rollout of web:2 unfinished');
        expect(second.outputs['outcome'], second.log).toBe(outcome);
        await world.expectSettled(PROMOTED, 4);
        return PROMOTED;
      });
    });
  }

  test('with another release ends the killed one first', async () => {
    await inWorld({ scale: 40 }, async (world) => {
      const first = world.start({ steps: '50% for 20m', gates: 'crashes = 0' });
      await first.says('the end of the step');
      world.kill();
      await first.done;
      const second = await world.release(
        { 'task-definition': 'web:3', steps: '50% for 1m', gates: 'crashes = 0' },
        world.job('1002'),
      );
      expect(second.log).toContain('waiting to see whether it is still running');
      expect(second.log).toMatch(/unfinished \(stepping\); it is brought to its end first/);
      expect(second.log).toContain('ROLL BACK');
      expect(second.outputs['outcome'], second.log).toBe('promoted');
      expect(second.outputs['previous-task-definition-arn']).toMatch(/web:1$/);
      return { runs: 'web:3' };
    });
  });

  test('after a killed rollback of a bad release finishes it, and fails again', async () => {
    await inWorld({ scale: 300, behaviours: { 'app:v2': { errorRate: 0.2 } } }, async (world) => {
      const first = world.start({ steps: '50% for 20m' });
      await first.says('ROLL BACK');
      world.kill();
      await first.done;
      const second = await world.release({ steps: '50% for 20m' }, world.job('1001', 2));
      expect(second.code).toBe(1);
      expect(second.outputs['outcome'], second.log).toBe('rolled-back');
      return TAKEN_BACK;
    });
  });
});
