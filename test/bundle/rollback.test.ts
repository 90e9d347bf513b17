import { describe, expect, test } from 'vitest';
import { migrated, REPOSITORY, rollback, SHOP, shopWith } from './rollback-shop.ts';
import { inWorld, TAKEN_BACK } from './world.ts';

describe.concurrent('a rollback by hand goes', () => {
  for (const [where, to, runs] of [
    ['to the revision that was successfully in service before, not to the next lower number', '', 'web:1'],
    ['to a revision by its number', '2', 'web:2'],
    ['to a revision by family and number', 'web:2', 'web:2'],
    ['to a revision by its ARN', 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1', 'web:1'],
    ['to the revision whose image has the tag', 'v1.0.0', 'web:1'],
    ['to the revision whose image has the digest that the registry has for the version', 'v2.0.0', 'web:2'],
  ] as const) {
    test(where, async () => {
      await inWorld(SHOP, async (world) => {
        const step = await rollback(world, { to });
        expect(step.code, step.log).toBe(0);
        const update = world.calls.find(({ operation }) => operation === 'UpdateService');
        const took = (world.calls.at(-1)?.time ?? 0) - (update?.time ?? 0);
        expect(took, 'AWS time of a full redeploy').toBeLessThan(5 * 60_000);
        expect(step.outputs).toMatchObject({
          outcome: 'rolled-back',
          'task-definition-arn': `arn:aws:ecs:eu-west-1:123456789012:task-definition/${runs}`,
          'previous-task-definition-arn': 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:3',
        });
        expect(step.summary).toContain(`web runs ${runs}: 4 of 4 tasks`);
        await world.expectSettled({ runs }, 4);
        return { runs };
      });
    });
  }

  test('nowhere when the last good revision is the one that runs', async () => {
    await inWorld(SHOP, async (world) => {
      const step = await rollback(world, { to: 'last-good' });
      expect(step.code, step.log).toBe(0);
      expect(step.outputs['outcome']).toBe('unchanged');
      expect(world.changes).toEqual([]);
      return { runs: 'web:3' };
    });
  });

  test('nowhere in a dry run', async () => {
    await inWorld(SHOP, async (world) => {
      const step = await rollback(world, { 'dry-run': 'true' });
      expect(step.log).toContain('Roll web back from web:3 to web:1');
      expect(world.changes).toEqual([]);
      return { runs: 'web:3' };
    });
  });

  test('to its end, and says so, when ECS gives up on the revision', async () => {
    const broken = { [`${REPOSITORY}:v1.0.0`]: { crash: { after: 0, exitCode: 1 } } };
    const services = SHOP.scenario.services.map((service) => ({
      ...service,
      circuitBreaker: { rollback: true },
    }));
    await inWorld(
      { ...SHOP, scenario: { ...SHOP.scenario, services, behaviours: broken } },
      async (world) => {
        const step = await rollback(world);
        expect(step.code).toBe(1);
        expect(step.log).toContain('ECS did not roll the revision out');
        expect(step.log).toMatch(/EssentialContainerExited/);
        return { runs: 'web:3', changedByOthers: true, lostRequests: true };
      },
    );
  });
});

describe.concurrent('a rollback from one revision only', () => {
  test('leaves alone what somebody else has deployed meanwhile', async () => {
    await inWorld(SHOP, async (world) => {
      const step = await rollback(world, { 'only-from': 'web:2', to: 'web:1' });
      expect(step.code, step.log).toBe(0);
      expect(step.log).toMatch(/::warning.*No rollback: web runs web:3, not web:2/);
      expect(step.outputs).toMatchObject({
        outcome: 'superseded',
        'task-definition-arn': 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:3',
      });
      expect(world.changes).toEqual([]);
      return { runs: 'web:3' };
    });
  });

  test('goes back from it', async () => {
    await inWorld(SHOP, async (world) => {
      const step = await rollback(world, { 'only-from': '3' });
      expect(step.code, step.log).toBe(0);
      expect(step.outputs['outcome']).toBe('rolled-back');
      return { runs: 'web:1' };
    });
  });
});

describe.concurrent('a rollback by hand changes nothing', () => {
  for (const [given, message] of [
    [{ to: 'v9.9.9' }, 'no revision of web runs an image with the tag "v9.9.9"'],
    [{ to: '99' }, 'there is no task definition "web:99"'],
    [{ to: 'last-god' }, 'for it; did you mean last-good?'],
    [{ to: 'not a tag' }, '"not a tag" is neither previous, last-good, a revision'],
    [{ to: 'arn:aws:ecs:x' }, '"arn:aws:ecs:x" is not the ARN of a task definition revision'],
    [{ service: 'shop' }, 'there is no active service "shop"'],
    [{ cluster: 'none' }, 'there is no cluster "none"'],
    [{ cluster: '', service: '', timeout: '5' }, 'timeout: "5" is not a duration'],
  ] as const) {
    test(`when given ${JSON.stringify(given)}`, async () => {
      await inWorld(SHOP, async (world) => {
        const step = await rollback(world, given);
        expect(step.code).toBe(1);
        expect(step.log).toContain(message);
        expect(world.changes).toEqual([]);
        return { runs: 'web:3' };
      });
    });
  }

  test('when ECS remembers no other revision in service', async () => {
    await inWorld({}, async (world) => {
      const step = await rollback(world);
      expect(step.code).toBe(1);
      expect(step.log).toContain('ECS remembers no other revision that was successfully in service web');
      expect(step.log).toContain(
        'name a revision other than web:1, which it runs (aws ecs list-task-definitions',
      );
      expect(world.changes).toEqual([]);
      return TAKEN_BACK;
    });
  });
});

describe.concurrent('a rollback by hand past a migration', () => {
  test('is refused when the code before it does not work with the database after it', async () => {
    const broken = migrated(2, { compatible: false, backups: ['web-pre-deploy-20260103-998'] });
    await inWorld(shopWith(broken, migrated(6)), async (world) => {
      const step = await rollback(world, { migrations: 'prod/web' });
      expect(step.code).toBe(1);
      expect(step.log).toContain(
        '"migration 2 days ago", done 2026-01-03T12:00Z by https://github.com/org/web/actions/runs/998/attempts/1: not compatible; backups before it: web-pre-deploy-20260103-998',
      );
      expect(step.log).not.toContain('6 days ago');
      expect(step.log).toContain('Nothing was changed.');
      expect(step.log).toContain('Go forward instead');
      expect(world.changes).toEqual([]);
      return { runs: 'web:3' };
    });
  });
});

describe.concurrent('a task definition is rendered', () => {
  test('from what the service runs, and is ready for canary', async () => {
    await inWorld(SHOP, async (world) => {
      const job = world.job();
      const rendered = await job.run('render-task-definition', {
        cluster: 'prod',
        service: 'web',
        image: `${REPOSITORY}:v4`,
        'environment-variables': 'RELEASE=4=four',
        secrets: 'KEY=arn:aws:secretsmanager:eu-west-1:123456789012:secret:web-AbCdEf',
      });
      expect(rendered.code, rendered.log).toBe(0);
      expect(rendered.log).not.toContain('4=four');
      const step = await world.release(
        {
          'task-definition': rendered.outputs['task-definition'] ?? '',
          steps: '50% for 1m',
          gates: 'crashes = 0',
        },
        job,
      );
      expect(step.outputs['outcome'], step.log).toBe('promoted');
      return { runs: 'web:4' };
    });
  });

  test('never from an image that got lost on the way', async () => {
    await inWorld(SHOP, async (world) => {
      const step = await world
        .job()
        .run('render-task-definition', { cluster: 'prod', service: 'web', image: '' });
      expect(step.code).toBe(1);
      expect(step.log).toMatch(/image.*empty/i);
      expect(step.outputs).toEqual({});
      return { runs: 'web:3' };
    });
  });
});
