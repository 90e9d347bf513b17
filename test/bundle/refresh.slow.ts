import type { DescribeTaskDefinitionCommandOutput } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { refreshShop, rotate, SECRET, startRefresh, startsOfTasks } from './refresh-shop.ts';
import { inWorld, START, TAKEN_BACK, type TestWorld, type WorldOptions } from './world.ts';

const REFRESHED = { runs: 'web:2' };
const shop = (more: Partial<WorldOptions> = {}): WorldOptions => ({
  scale: 400,
  ...more,
  scenario: refreshShop(),
});

const usersOf = (world: TestWorld) => world.simulator.world.users.total({ from: START });
const registered = (world: TestWorld): number =>
  world.calls.filter(({ operation }) => operation === 'RegisterTaskDefinition').length;

describe.concurrent('a secret that does not work', () => {
  test.each([
    ['with which tasks crash at their start', 'bad', /crash|did not start/],
    ['with which tasks answer with errors', 'weak', /^error-rate/],
  ])('%s is taken back while the old tasks carry the users', async (_, value, reason) => {
    await inWorld(shop(), async (world) => {
      const before = await startsOfTasks(world);
      await rotate(world, value);
      const { outputs, log, code } = await startRefresh(world, { steps: '10% for 10m' }).done;
      world.allow(10);
      expect([outputs['outcome'], code], log).toEqual(['rolled-back', 1]);
      expect(outputs['reason']).toMatch(reason);
      expect([...(await startsOfTasks(world))].sort()).toEqual([...before].sort());
      const { requests, errors } = usersOf(world);
      const reached = world.simulator.world.users.total({ from: START, revision: 'web:2' }).requests;
      // Tasks that crash never get a user. Of the others, a tenth of the traffic had errors until the judge was sure.
      expect(reached > 0).toBe(value === 'weak');
      expect(errors / requests).toBeLessThan(value === 'weak' ? 0.02 : 0.0001);
      return TAKEN_BACK;
    });
  });
});

describe.concurrent('only if rotated', () => {
  test('nothing is done while nothing has changed, and all is when something has', async () => {
    await inWorld(shop(), async (world) => {
      const idle = await startRefresh(world, { 'only-if-rotated': 'true' }).done;
      expect([idle.outputs['outcome'], idle.code], idle.log).toEqual(['unchanged', 0]);
      expect(idle.outputs['reason']).toMatch(/^no secret or parameter .* has changed since/);
      expect(idle.outputs['task-definition-arn']).toMatch(/web:1$/);
      expect(world.changes).toEqual([]);
      await rotate(world, 'new');
      await world.clock.sleep(3_000);
      const busy = await startRefresh(world, { 'only-if-rotated': 'true' }, world.job('1002')).done;
      expect(busy.outputs['outcome'], busy.log).toBe('promoted');
      const again = await startRefresh(world, { 'only-if-rotated': 'true' }, world.job('1003')).done;
      expect(again.outputs['outcome'], again.log).toBe('unchanged');
      expect(registered(world)).toBe(1);
      return REFRESHED;
    });
  });

  test('a dry run says what would be done', async () => {
    await inWorld(shop(), async (world) => {
      const dry = { 'dry-run': 'true', 'only-if-rotated': 'true' };
      expect((await startRefresh(world, dry).done).log).toContain('and nothing would be: no secret');
      await rotate(world, 'new');
      await world.clock.sleep(3_000);
      const { log, code } = await startRefresh(world, dry).done;
      expect(code, log).toBe(0);
      expect(log).toContain('DB_PASSWORD');
      expect(log).toContain('Dry run: nothing was changed.');
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });

  test('a role that may not look at the secret is told so before anything is changed', async () => {
    const faults = [{ kind: 'access-denied', service: 'Secrets Manager' }] as const;
    await inWorld(shop({ faults }), async (world) => {
      const { log, code } = await startRefresh(world, { 'only-if-rotated': 'true' }).done;
      expect(code).toBe(1);
      expect(log).toContain('secretsmanager:DescribeSecret');
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });
});

describe.concurrent('a refresh', () => {
  test('without only-if-rotated starts the tasks anew in any case, once a run', async () => {
    await inWorld(shop(), async (world) => {
      const first = await startRefresh(world).done;
      expect(first.outputs['outcome'], first.log).toBe('promoted');
      const again = await startRefresh(world, {}, world.job('1001', 2)).done;
      expect(again.outputs['outcome'], again.log).toBe('promoted');
      expect(again.log).toContain('This run has started the tasks of web:2 anew already');
      expect(registered(world)).toBe(1);
      const answer = await world.ask<DescribeTaskDefinitionCommandOutput>('ECS', 'DescribeTaskDefinition', {
        taskDefinition: 'web:2',
        include: ['TAGS'],
      });
      expect(answer.tags).toEqual([
        { key: 'deploy-actions:refresh', value: 'https://github.com/org/web/actions/runs/1001' },
      ]);
      expect(answer.taskDefinition?.containerDefinitions?.[0]?.secrets).toEqual([
        { name: 'DB_PASSWORD', valueFrom: SECRET },
      ]);
      return REFRESHED;
    });
  });

  test.each(['RegisterTaskDefinition', 'CreateService', 'ModifyRule', 'UpdateService'])(
    'that is killed after %s is gone on with by the next attempt, with the same revision',
    async (operation) => {
      const faults = [{ kind: 'kill', operation, nth: 1, after: true }] as const;
      const job = (world: TestWorld, attempt: number) => world.job('1001', attempt);
      await inWorld(shop(), async (world) => {
        await rotate(world, 'new');
        for (const fault of faults) world.simulator.faults.add(fault);
        const running = startRefresh(world, {}, job(world, 1));
        await world.called((call) => call.outcome === 'kill');
        running.process.kill('SIGKILL');
        await running.done;
        const { outputs, log } = await startRefresh(world, {}, job(world, 2)).done;
        expect(['promoted', 'rolled-back'], log).toContain(outputs['outcome']);
        expect(registered(world)).toBe(1);
        expect(world.failures).toEqual([]);
        return outputs['outcome'] === 'promoted' ? REFRESHED : TAKEN_BACK;
      });
    },
  );

  test('that is cancelled leaves the old tasks, and its post step removes the rest', async () => {
    await inWorld(shop({ scale: 200 }), async (world) => {
      const before = await startsOfTasks(world);
      await rotate(world, 'new');
      const job = world.job();
      const running = startRefresh(world, { steps: '50% for 10m' }, job);
      await running.says('the end of the step');
      const main = await running.cancel();
      const post = await job.post('refresh', main);
      expect(post.code, post.log).toBe(0);
      expect([...(await startsOfTasks(world))].sort()).toEqual([...before].sort());
      expect(world.failures).toEqual([]);
      return { ...TAKEN_BACK, leftovers: true };
    });
  });

  test('after the dead run of a release takes that back first, and copies what the service runs then', async () => {
    const scenario = refreshShop();
    const [first] = scenario.taskDefinitions;
    const other = { ...first, containers: first?.containers.map((each) => ({ ...each, image: 'app:v2' })) };
    const taskDefinitions = [first, other] as typeof scenario.taskDefinitions;
    await inWorld({ scale: 400, scenario: { ...scenario, taskDefinitions } }, async (world) => {
      const running = world.start({ steps: '50% for 10m' });
      await running.says('Roll web:2 out to the service itself');
      world.kill();
      await running.done;
      await world.clock.sleep(240_000);
      const { outputs, log } = await startRefresh(world, {}, world.job('1002')).done;
      expect(outputs['outcome'], log).toBe('promoted');
      const { taskDefinition } = await world.ask<DescribeTaskDefinitionCommandOutput>(
        'ECS',
        'DescribeTaskDefinition',
        { taskDefinition: outputs['task-definition-arn'] },
      );
      const runs = outputs['previous-task-definition-arn']?.endsWith('web:2') ? 'app:v2' : 'app:v1';
      expect(taskDefinition?.containerDefinitions?.[0]?.image).toContain(runs);
      return { runs: outputs['task-definition-arn']?.split('/').at(-1) ?? '' };
    });
  });
});
