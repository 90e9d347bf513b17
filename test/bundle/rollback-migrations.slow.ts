import { describe, expect, test } from 'vitest';
import type { StepResult } from '../../src/runner/start-action.ts';
import { migrated, rollback, SHOP, shopAs, shopWith } from './rollback-shop.ts';
import { inWorld, TAKEN_BACK, type TestWorld } from './world.ts';

const BROKEN = migrated(2, { compatible: false });
const COMPATIBLE = migrated(2, { compatible: true });
const reads = (world: TestWorld) => world.calls.filter(({ service }) => service === 'SSM').length;

describe.concurrent('a rollback by hand goes', () => {
  test('past migrations that are all known to be compatible', async () => {
    await inWorld(shopWith(COMPATIBLE, migrated(6)), async (world) => {
      const step = await rollback(world, { migrations: 'prod/web' });
      expect(step.code, step.log).toBe(0);
      expect(step.log).toContain(
        'Migrations since web:1 was deployed (2025-12-31T11:00Z): 1, all called compatible',
      );
      return { runs: 'web:1' };
    });
  });

  test('past any migration when somebody has decided so, and then reads no record', async () => {
    await inWorld(shopWith(BROKEN), async (world) => {
      const step = await rollback(world, { migrations: 'prod/web', compatible: 'true' });
      expect(step.code, step.log).toBe(0);
      expect(step.log).toContain(
        'Somebody has decided that web:1 works with the database (compatible: true)',
      );
      expect(reads(world)).toBe(0);
      return { runs: 'web:1' };
    });
  });

  test('past any migration, and needs no permission, when no record is to be looked at', async () => {
    await inWorld(shopWith(BROKEN), async (world) => {
      const step = await rollback(world, { migrations: 'none' });
      expect(step.code, step.log).toBe(0);
      expect(reads(world)).toBe(0);
      return { runs: 'web:1' };
    });
  });

  test('on where nobody has asked for the record and it may not be read', async () => {
    const faults = [{ kind: 'access-denied' as const, service: 'SSM' as const }];
    await inWorld({ ...shopWith(BROKEN), faults }, async (world) => {
      const step = await rollback(world);
      expect(step.code, step.log).toBe(0);
      expect(step.log).toContain('The migrations cannot be looked at: AWS does not allow');
      return { runs: 'web:1' };
    });
  });

  test('on with a warning where nobody has asked for the record, nor judged the migrations', async () => {
    await inWorld(shopWith(migrated(2)), async (world) => {
      const step = await rollback(world);
      expect(step.code, step.log).toBe(0);
      expect(step.log).toMatch(/warning.*Nobody has said whether web:1 works with the database/);
      return { runs: 'web:1' };
    });
  });

  test('on with a warning under a lock of another name, where nobody has judged the migrations', async () => {
    await inWorld(shopWith(migrated(2)), async (world) => {
      const lenient = await rollback(world, { lock: 'prod/web', 'dry-run': 'true' });
      expect(lenient.code, lenient.log).toBe(0);
      expect(lenient.log).toMatch(/warning.*Nobody has said whether web:1 works with the database/);
      const missing = await rollback(world, { lock: 'prod/shop', 'dry-run': 'true' });
      expect(missing.code, missing.log).toBe(0);
      expect(missing.log).toMatch(/warning.*if there was one, the input lock is wrong/);
      return { runs: 'web:3' };
    });
  });

  test('nowhere where the record of the named lock says that the database is not compatible', async () => {
    await inWorld(shopAs('shop-database', BROKEN), async (world) => {
      const step = await rollback(world, { lock: 'shop-database' });
      expect(step.code, step.log).toBe(1);
      expect(step.log).toContain('web:1 may not work with the database');
      expect(world.changes).toEqual([]);
      return { runs: 'web:3' };
    });
  });

  test('nowhere where the record of the service says that the database is not compatible', async () => {
    await inWorld(shopWith(BROKEN), async (world) => {
      const step = await rollback(world);
      expect(step.code, step.log).toBe(1);
      expect(step.log).toContain('web:1 may not work with the database');
      expect(world.changes).toEqual([]);
      return { runs: 'web:3' };
    });
  });

  test('on with a warning when Systems Manager is down', async () => {
    const faults = [{ kind: 'internal-error' as const, service: 'SSM' as const }];
    await inWorld({ ...shopWith(BROKEN), faults }, async (world) => {
      const step = await rollback(world, { migrations: 'prod/web' });
      expect(step.code, step.log).toBe(0);
      expect(step.log).toMatch(/warning.*Systems Manager does not answer .*The rollback goes on\./);
      return { runs: 'web:1' };
    });
  });

  test('on with a warning when nothing was ever recorded under the name', async () => {
    await inWorld(SHOP, async (world) => {
      const step = await rollback(world, { migrations: 'prod/wbe' });
      expect(step.code, step.log).toBe(0);
      expect(step.log).toMatch(/warning.*No migration was ever recorded as "prod\/wbe"/);
      return { runs: 'web:1' };
    });
  });
});

describe.concurrent('a rollback by hand changes nothing', () => {
  for (const [when, world, inputs, message] of [
    [
      'when nobody has said whether a migration is compatible',
      shopWith(migrated(2)),
      { migrations: 'prod/web' },
      'nobody has said whether it is compatible; no backup on record',
    ],
    [
      'when a migration failed halfway',
      shopWith(migrated(2, { outcome: 'failed' })),
      { migrations: 'prod/web' },
      '"migration 2 days ago", failed 2026-01-03T12:00Z',
    ],
    [
      'when ECS does not remember the revision, and some migration is not known to be compatible',
      shopWith(migrated(80)),
      { migrations: 'prod/web', to: 'web:2' },
      'ECS does not remember when web:2 was in service, so all count.',
    ],
    [
      'when the check has said that the code does not work with the database',
      SHOP,
      { compatible: 'false' },
      'web:1 does not work with the database as it is now (compatible: false)',
    ],
    [
      'in a dry run either',
      shopWith(BROKEN),
      { migrations: 'prod/web', 'dry-run': 'true' },
      'not compatible; no backup on record',
    ],
    [
      'when the record may not be read',
      { ...shopWith(BROKEN), faults: [{ kind: 'access-denied', service: 'SSM' }] },
      { migrations: 'prod/web' },
      'Allow ssm:GetParameterHistory in the policy of the role',
    ],
    [
      'when the record makes no sense',
      {
        ...SHOP,
        scenario: {
          ...SHOP.scenario,
          parameters: { '/deploy-actions/migrations/prod/web': '{"format": 2}' },
        },
      },
      { migrations: 'prod/web' },
      'version 1 was written by a newer deploy-actions than this one',
    ],
    [
      'when the inputs are wrong',
      SHOP,
      { migrations: 'two words', compatible: 'maybe' },
      'compatible: "maybe" is not a boolean',
    ],
  ] as const) {
    test(when, async () => {
      await inWorld(world, async (its) => {
        const step = await rollback(its, inputs);
        expect(step.code, step.log).toBe(1);
        expect(step.log).toContain(message);
        expect(its.changes).toEqual([]);
        return { runs: 'web:3' };
      });
    });
  }
});

describe.concurrent('a rollout that is under way', () => {
  const parameters = shopWith(migrated(0, { compatible: false })).scenario.parameters;

  /** A canary of web:2 at 10%, and a rollback by hand beside it. */
  async function beside(inputs: Record<string, string>, check: (step: StepResult) => void) {
    const override = { parameters };
    await inWorld({ scale: 200, override }, async (world) => {
      const running = world.start({ steps: '10% for 40m', gates: 'crashes = 0' });
      await running.says('the end of the step 10%');
      const step = await world.job('1002').run('rollback', {
        cluster: 'prod',
        service: 'web',
        migrations: 'prod/web',
        ...inputs,
      });
      await running.done;
      expect(step.log).toContain('A rollout of web:2 is under way');
      const firstRead = world.calls.findIndex(({ service }) => service === 'SSM');
      const shifted = world.shifts.findIndex(({ share }) => share > 0);
      // The other run finds its rollout taken over, and takes it back again.
      const back = world.shifts.slice(shifted).find(({ share }) => share === 0);
      expect(back && world.calls.indexOf(back.call), 'traffic first').toBeLessThan(firstRead);
      check(step);
      return TAKEN_BACK;
    });
  }

  test('is taken back before any record is read, and a migration is told of afterwards', async () => {
    await beside({}, (step) => {
      expect(step.code, step.log).toBe(0);
      expect(step.log).toMatch(
        /warning.*The rollout was taken back, and nothing stood in its way\. But: web:1 may not work/,
      );
    });
  });

  test('is taken back though the service may not go to the revision that was asked for', async () => {
    await beside({ to: 'web:3' }, (step) => {
      expect(step.code, step.log).toBe(1);
      expect(step.log).toContain('web was not rolled back to web:3');
      expect(step.log).toContain('The rollout of web:2 was taken back; nothing else was changed.');
    });
  });
});
