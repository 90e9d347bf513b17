import type {
  DescribeListenersCommandOutput,
  DescribeLoadBalancersCommandOutput,
  DescribeRulesCommandOutput,
  Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, test } from 'vitest';
import { inWorld, PROMOTED, TAKEN_BACK, type TestWorld } from './world.ts';

const ELB = 'Elastic Load Balancing v2';
const FAILING = { behaviours: { 'app:v2': { errorRate: 0.3 } } } as const;

/** The listener rule for `/api/*`, as it is now. */
async function apiRule(world: TestWorld): Promise<Rule> {
  const balancers = await world.ask<DescribeLoadBalancersCommandOutput>(ELB, 'DescribeLoadBalancers', {});
  const listeners = await world.ask<DescribeListenersCommandOutput>(ELB, 'DescribeListeners', {
    LoadBalancerArn: balancers.LoadBalancers?.[0]?.LoadBalancerArn,
  });
  const { Rules = [] } = await world.ask<DescribeRulesCommandOutput>(ELB, 'DescribeRules', {
    ListenerArn: listeners.Listeners?.[0]?.ListenerArn,
  });
  const found = Rules.find(({ Priority }) => Priority === '10');
  if (!found) throw new Error('no rule 10');
  return found;
}

describe.concurrent('a release is taken back', () => {
  test('when its record cannot be written', async () => {
    await inWorld(FAILING, async (world) => {
      const job = world.job();
      job.file('deploy-actions', 'a file where the directory of records has to be');
      const step = await world.release({ steps: '50% for 10m' }, job);
      expect(step.log).toContain('The record of the rollout cannot be written');
      expect(step.outputs['reason'], step.log).toMatch(/^error-rate/);
      expect(step.code).toBe(1);
      return TAKEN_BACK;
    });
  });

  test('when somebody has deleted one of its rules meanwhile', async () => {
    await inWorld({ ...FAILING, scale: 200 }, async (world) => {
      const running = world.start({ steps: '50% for 10m' });
      await running.says('the end of the step');
      await world.ask(ELB, 'DeleteRule', { RuleArn: (await apiRule(world)).RuleArn });
      const step = await running.done;
      expect(step.outputs['outcome'], step.log).toBe('rolled-back');
      expect(step.log).toContain('Remove the canary target group');
      return { ...TAKEN_BACK, changedByOthers: true };
    });
  });

  test('by its numbers while ECS does not answer', async () => {
    await inWorld({ ...FAILING, scale: 300 }, async (world) => {
      const running = world.start({ steps: '50% for 40m' });
      await running.says('the end of the step');
      world.simulator.faults.add({ kind: 'throttle', operation: 'DescribeServices' });
      await running.says('ROLL BACK');
      world.simulator.faults.clear();
      const step = await running.done;
      expect(step.outputs['reason'], step.log).toMatch(/^error-rate/);
      return TAKEN_BACK;
    });
  });

  test('when it is not over within its time limit', async () => {
    await inWorld({ rate: 0.01 }, async (world) => {
      const step = await world.release({ steps: '50% for 3m', 'time-limit': '12m' });
      expect(step.outputs['reason'], step.log).toBe('the rollout was not over within its time limit');
      return TAKEN_BACK;
    });
  });
});

describe.concurrent('a rollback by hand', () => {
  test('is not followed by a shift of the run that it has taken the rollout from', async () => {
    await inWorld({ scale: 200 }, async (world) => {
      const running = world.start({ steps: '10% for 2m\n50% for 10m', gates: 'crashes = 0' });
      await running.says('the end of the step 10%');
      world.simulator.faults.add({ kind: 'throttle', operation: 'ModifyRule' });
      world.simulator.faults.add({ kind: 'throttle', operation: 'ModifyListener' });
      await running.says('Shift 50%');
      const rollback = world.job('1002').start('rollback', { cluster: 'prod', service: 'web' });
      await rollback.says('ROLL BACK');
      const canary = await running.done;
      expect(canary.code).toBe(1);
      expect(canary.log).toContain('taken over by');
      world.simulator.faults.clear();
      const step = await rollback.done;
      expect(step.code, step.log).toBe(0);
      expect(step.log).toContain('web runs web:1');
      return TAKEN_BACK;
    });
  });

  test("from one revision only takes back that revision's rollout, and no other", async () => {
    await inWorld({ scale: 200 }, async (world) => {
      const running = world.start({ steps: '50% for 40m', gates: 'crashes = 0' });
      await running.says('the end of the step');
      const only = (run: string, revision: string) =>
        world
          .job(run)
          .run('rollback', { cluster: 'prod', service: 'web', 'only-from': revision, to: 'web:1' });
      const other = await only('1002', 'web:1');
      expect(other.code, other.log).toBe(0);
      expect(other.log).toMatch(/::warning.*web runs web:1, and a rollout of web:2 is under way/);
      expect(other.outputs['outcome']).toBe('superseded');
      const own = await only('1003', 'web:2');
      expect(own.code, own.log).toBe(0);
      expect(own.log).toContain(
        'A rollout of web:2 is under way (stepping), held by https://github.com/org/web/actions/runs/1001/',
      );
      expect(own.log).toContain('web runs web:1');
      const canary = await running.done;
      // The first rollback has not taken the rollout from its run.
      expect(canary.log).not.toContain('1002');
      expect(canary.code).toBe(1);
      return TAKEN_BACK;
    });
  });

  test('removes what an ended rollout has left, and rolls the service back all the same', async () => {
    await inWorld({ scale: 200 }, async (world) => {
      const job = world.job();
      const running = world.start({ steps: '50% for 10m' }, job);
      await running.says('the end of the step');
      await running.cancel();
      await world.ask('ECS', 'UpdateService', { cluster: 'prod', service: 'web', taskDefinition: 'web:3' });
      const step = await world.job('1002').run('rollback', { cluster: 'prod', service: 'web' });
      expect(step.code, step.log).toBe(0);
      expect(step.log).toContain('Roll web back from web:3 to web:1');
      return TAKEN_BACK;
    });
  });
});

describe.concurrent('before anything is changed', () => {
  test('a service whose revision was deregistered is refused: there is no way back to it', async () => {
    await inWorld({}, async (world) => {
      await world.ask('ECS', 'DeregisterTaskDefinition', { taskDefinition: 'web:1' });
      const step = await world.release();
      expect(step.log).toMatch(/runs web:1, which was deregistered/);
      expect(world.changes).toEqual([]);
      return { ...TAKEN_BACK, changedByOthers: true };
    });
  });

  test('a canary service that an ended rollout has left is removed', async () => {
    await inWorld({ scale: 200 }, async (world) => {
      await world.ask('ECS', 'CreateService', {
        cluster: 'prod',
        serviceName: 'web-canary',
        taskDefinition: 'web:3',
        desiredCount: 1,
        launchType: 'FARGATE',
        networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
        tags: [
          { key: 'deploy-actions:rolloutId', value: 'former' },
          { key: 'deploy-actions:service', value: 'prod/web' },
        ],
      });
      const step = await world.release();
      expect(step.log).toContain('left the service web-canary, which is removed first');
      expect(step.outputs['outcome'], step.log).toBe('promoted');
      return PROMOTED;
    });
  });

  test('a time limit that the steps alone exceed is refused', async () => {
    await inWorld({}, async (world) => {
      const step = await world.release({ steps: '50% for 30m', 'time-limit': '20m' });
      expect(step.log).toContain('time-limit: 20m is not enough: the steps alone take 3');
      expect(world.calls).toEqual([]);
      return TAKEN_BACK;
    });
  });
});
