import { expect, test } from 'vitest';
import { openBackupWorld } from '../actions/backup/backup-world.ts';

const ID = 'orders-pre-deploy-20260105-1001';

test('a backup that is cancelled goes on in AWS, and the next attempt hands it on', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: { snapshotTime: 3_600_000 } } },
    scale: 2_000,
  });
  const job = world.job();
  const step = job.start('backup', { 'db-instances': 'orders', timeout: '24h' });
  await step.says('is creating');
  const cancelled = await step.cancel();
  expect(cancelled.code).toBe(1);
  expect(cancelled.summary).toContain(`\`${ID}\` | its snapshot ${ID} is creating`);
  expect(cancelled.log).toContain('::error::The run was cancelled.%0AAWS goes on with what was begun:');
  const next = await world
    .job({ GITHUB_RUN_ATTEMPT: '2' })
    .run('backup', { 'db-instances': 'orders', timeout: '24h' });
  expect(next.log).not.toContain('::error');
  expect(next.outputs['snapshot']).toBe(ID);
  expect(next.outputs['restore-commands']).toContain(`--db-snapshot-identifier ${ID}`);
  expect(next.summary).toContain('DB instance orders is backed up');
  expect(world.calls('CreateDBSnapshot')).toBe(1);
  expect(world.simulator.bugs).toEqual([]);
});

test('wrong inputs are told all at once, and AWS is not asked', async () => {
  const world = await openBackupWorld({});
  const { code, log } = await world.job().run('backup', {
    'db-instances': 'orders.c0ffee.eu-west-1.rds.amazonaws.com',
    'replication-groups': 'sessions',
    'copy-to-region': 'frankfurt',
    keep: '0',
    label: 'Before Deploy',
    wait: 'false',
    'skip-if-newer-than': 'today',
    tags: 'aws:team=shop',
  });
  expect(code).toBe(1);
  const errors = log.split('\n').filter((line) => line.startsWith('::error::'));
  expect(errors.map((line) => /^::error::([\w -]+):/.exec(line)?.[1])).toEqual([
    'db-instances line 1',
    'tags line 1',
    'copy-to-region',
    'copy-to-region',
    'wait',
    'skip-if-newer-than',
    'keep',
    'label',
  ]);
  expect(world.simulator.calls).toEqual([]);
});
