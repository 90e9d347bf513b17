import { expect, test } from 'vitest';
import { openBackupWorld } from './backup-world.ts';

const MINUTE = 60_000;
const ID = 'orders-pre-deploy-20260105-1001';
const LATER = { GITHUB_RUN_ID: '1002' };

test('waits for a database that is backing up', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: { backingUpUntil: 5 * MINUTE } } },
    scale: 1_000,
  });
  const { log, outputs, told } = await world.backUp({ 'db-instances': 'orders' });
  expect(told).toBe('');
  expect(log).toContain('is not begun yet (it is backing-up)');
  expect(outputs['snapshot']).toBe(ID);
});

test('a lost answer is no second snapshot', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: {} } },
    caches: { replicationGroups: { sessions: {} } },
    faults: [
      { kind: 'lost-answer', operation: 'CreateDBSnapshot', nth: 1 },
      { kind: 'lost-answer', operation: 'CreateSnapshot', nth: 1 },
    ],
    lag: 2_000,
  });
  const { told } = await world.backUp({ 'db-instances': 'orders', 'replication-groups': 'sessions' });
  expect(told).toBe('');
  expect(world.snapshots()).toHaveLength(1);
  expect(world.calls('CreateDBSnapshot')).toBe(2);
});

test('the next attempt goes on with an unfinished one, on another day too, and uses a finished one', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: { snapshotTime: 24 * 60 * MINUTE } } },
    scale: 60_000,
  });
  const first = await world.backUp({ 'db-instances': 'orders', timeout: '13h' });
  expect(first.told).toMatch(/is creating, \d+% after \d+h/);
  expect(first.told).toContain('0 of 1 backup is there.\nDB instance orders: its snapshot');
  const second = await world.backUp(
    { 'db-instances': 'orders', timeout: '20h' },
    { env: { GITHUB_RUN_ATTEMPT: '2' } },
  );
  expect(second.told).toBe('');
  expect(second.outputs['snapshot']).toBe(ID);
  expect(second.log).toContain('(begun by an earlier attempt)');
  expect(world.calls('CreateDBSnapshot')).toBe(1);
});

test('another step of the run, and a later run, have snapshots of their own', async () => {
  const world = await openBackupWorld({ databases: { instances: { orders: {} } }, scale: 1_000 });
  await world.backUp({ 'db-instances': 'orders' });
  const again = await world.backUp({ 'db-instances': 'orders' }, { env: { GITHUB_RUN_ATTEMPT: '2' } });
  expect(again.outputs['snapshot']).toBe(ID);
  expect(again.log).toContain('made by an earlier attempt');
  const second = await world.backUp({ 'db-instances': 'orders' }, { env: { GITHUB_ACTION: 'second' } });
  expect(second.outputs['snapshot']).toBe(`${ID}-2`);
  const later = await world.backUp({ 'db-instances': 'orders' }, { env: LATER });
  expect(later.outputs['snapshot']).toBe('orders-pre-deploy-20260105-1002');
});

test('skip-if-newer-than hands on one that is new enough', async () => {
  const world = await openBackupWorld({ databases: { instances: { orders: {} } }, scale: 1_000 });
  await world.backUp({ 'db-instances': 'orders' });
  const later = await world.backUp({ 'db-instances': 'orders', 'skip-if-newer-than': '1h' }, { env: LATER });
  expect(later.outputs['snapshot']).toBe(ID);
  expect(later.log).toMatch(/was there already, taken \S+ ago/);
  const eager = await world.backUp({ 'db-instances': 'orders', 'skip-if-newer-than': '1m' }, { env: LATER });
  expect(eager.outputs['snapshot']).toBe('orders-pre-deploy-20260105-1002');
});

test('keeps the newest of its own, here and in the other region, and touches nothing else', async () => {
  const world = await openBackupWorld({
    databases: {
      instances: { orders: {} },
      snapshots: {
        'by-hand': { of: 'orders', ago: 90 * 24 * 60 * MINUTE },
        'rds-orders-2026-01-04': { of: 'orders', type: 'automated' },
      },
    },
  });
  for (const run of ['1', '2', '3', '4']) {
    const { told, log } = await world.backUp(
      { 'db-instances': 'orders', label: 'nightly', keep: '2', 'copy-to-region': 'eu-central-1' },
      { env: { GITHUB_RUN_ID: run } },
    );
    expect(told).toBe('');
    if (run === '4')
      expect(log).toContain('deleted orders-nightly-20260105-2 in eu-central-1; the newest 2 are kept');
  }
  await world.clock.sleep(20_000);
  expect(world.snapshots().map(({ id }) => id)).toEqual([
    'by-hand',
    'orders-nightly-20260105-3',
    'orders-nightly-20260105-4',
    'rds-orders-2026-01-04',
  ]);
  expect(world.snapshots('eu-central-1').map(({ id }) => id)).toEqual([
    'orders-nightly-20260105-3',
    'orders-nightly-20260105-4',
  ]);
});

test('caches as well; what may not be deleted is a warning', async () => {
  const world = await openBackupWorld({ caches: { replicationGroups: { sessions: {} } } });
  const backUp = (run: string) =>
    world.backUp({ 'replication-groups': 'sessions', keep: '1' }, { env: { GITHUB_RUN_ID: run } });
  await backUp('1');
  expect((await backUp('2')).log).toContain('deleted sessions-pre-deploy-20260105-1');
  world.simulator.faults.add({ kind: 'access-denied', operation: 'DeleteSnapshot' });
  const { log, told } = await backUp('3');
  expect(told).toBe('');
  expect(log).toMatch(/::warning::.*could be deleted: AWS does not allow elasticache:DeleteSnapshot/);
});

test('kms-key encrypts by a copy, and the encrypted one is handed on', async () => {
  const world = await openBackupWorld({ databases: { instances: { orders: {} } } });
  const { outputs, told } = await world.backUp({ 'db-instances': 'orders', 'kms-key': 'alias/backups' });
  expect(told).toBe('');
  expect(outputs['snapshot']).toBe(`${ID}-enc`);
  expect(world.snapshots()).toMatchObject([
    { id: ID, encrypted: false },
    { id: `${ID}-enc`, encrypted: true },
  ]);
});

test('a copy whose answer was lost is found again', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: {} } },
    faults: [{ kind: 'lost-answer', operation: 'CopyDBSnapshot', nth: 1 }],
  });
  const { told } = await world.backUp({ 'db-instances': 'orders', 'copy-to-region': 'eu-central-1' });
  expect(told).toBe('');
  expect(world.snapshots('eu-central-1')).toHaveLength(1);
});

test('a failed snapshot does not keep the next attempt from another one', async () => {
  const world = await openBackupWorld({ databases: { instances: { broken: { failing: 'No.' } } } });
  await world.backUp({ 'db-instances': 'broken' });
  const { told } = await world.backUp({ 'db-instances': 'broken' }, { env: { GITHUB_RUN_ATTEMPT: '2' } });
  expect(told).toContain('broken-pre-deploy-20260105-1001-2 is failed');
});

test.each([
  [
    'the quota is used up',
    { quota: 0 },
    {},
    /Cannot create more than 0 manual snapshots.*[\s\S]*Service Quotas/,
  ],
  [
    'a key may not be used',
    { lockedKeys: ['alias/backups'] },
    { 'kms-key': 'alias/backups' },
    /KMS key \[alias\/backups\][\s\S]*kms:CreateGrant/,
  ],
])('%s', async (_, databases, inputs, words) => {
  const world = await openBackupWorld({ databases: { instances: { orders: {} }, ...databases } });
  const { told } = await world.backUp({ 'db-instances': 'orders', ...inputs });
  expect(told).toMatch(words);
});

test('throttling and outages in between are waited out', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: {} } },
    faults: [
      { kind: 'throttle', operation: 'CreateDBSnapshot', times: 3 },
      { kind: 'internal-error', operation: 'DescribeDBSnapshots', nth: 3, times: 4 },
    ],
  });
  const { told } = await world.backUp({ 'db-instances': 'orders' });
  expect(told).toBe('');
  expect(world.snapshots()).toHaveLength(1);
});

test('a snapshot that somebody deletes meanwhile is missed', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: { snapshotTime: 10 * MINUTE } } },
  });
  const running = world.backUp({
    'db-instances': 'orders',
    'copy-to-region': 'eu-central-1',
    timeout: '40m',
  });
  const gone = (async () => {
    while (world.snapshots()[0]?.status !== 'available') await world.clock.sleep(1_000);
    world.ask('RDS', 'DeleteDBSnapshot', { DBSnapshotIdentifier: ID });
  })();
  const { told } = await running;
  await gone;
  expect(told).toMatch(/is gone|DBSnapshotNotFound|is deleting/);
});

test('a cancel says what goes on in AWS, and deletes nothing', async () => {
  const world = await openBackupWorld({ databases: { instances: { orders: {} } } });
  const cancel = new AbortController();
  const running = world.backUp({ 'db-instances': 'orders', keep: '1' }, { cancelled: cancel.signal });
  while (world.calls('CreateDBSnapshot') === 0) await world.clock.sleep(1_000);
  await world.clock.sleep(30_000);
  cancel.abort('SIGINT');
  const { told } = await running;
  expect(told).toMatch(
    /^The run was cancelled\.\nAWS goes on with what was begun:\nDB instance orders: its snapshot \S+ is creating/,
  );
  expect(told).toContain('it goes on with the same snapshots');
  expect(world.snapshots()).toHaveLength(1);
  const again = await world.backUp({ 'db-instances': 'orders' });
  expect(again.outputs['snapshot']).toBe(ID);
  expect(world.calls('CreateDBSnapshot')).toBe(1);
});

test('AWS gets at most 20 calls in any minute of waiting, whatever there is to wait for', async () => {
  const names = Array.from({ length: 5 }, (_, index) => `cache-${index + 1}`);
  const world = await openBackupWorld({
    databases: { instances: { orders: {}, papers: {} }, clusters: { shop: {} } },
    caches: { clusters: Object.fromEntries(names.map((name) => [name, {}])), serverless: { quick: {} } },
    scale: 200,
  });
  const { told } = await world.backUp({
    'db-instances': 'orders\npapers',
    'db-clusters': 'shop',
    'cache-clusters': names.join('\n'),
    'serverless-caches': 'quick',
  });
  expect(told).toBe('');
  const { calls } = world.simulator;
  const begun = calls.findLast(({ operation }) => operation.startsWith('Create'))?.time ?? 0;
  const waiting = calls.filter(({ time }) => time > begun).map(({ time }) => time);
  expect(waiting.length).toBeGreaterThan(20);
  const most = Math.max(
    ...waiting.map((from) => waiting.filter((time) => time >= from && time < from + 60_000).length),
  );
  expect(most).toBeLessThanOrEqual(20);
});

test('a copy that fails does not hide the snapshot that is there', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: {} } },
    faults: [{ kind: 'access-denied', operation: 'CopyDBSnapshot' }],
  });
  const { told, outputs } = await world.backUp({
    'db-instances': 'orders',
    'copy-to-region': 'eu-central-1',
  });
  expect(told).toContain('AWS does not allow rds:CopyDBSnapshot');
  expect(told).toContain(`DB instance orders: its snapshot ${ID} is available.`);
  expect(outputs['snapshot']).toBe('');
});

test('an ARN of another account or region leads to no database of the same name', async () => {
  const world = await openBackupWorld({ databases: { instances: { orders: {}, papers: {} } } });
  const { told } = await world.backUp({
    'db-instances':
      'arn:aws:rds:eu-west-1:999999999999:db:orders\narn:aws:rds:eu-central-1:123456789012:db:papers',
  });
  expect(told).toMatch(/line 1: .*lead to, which is arn:aws:rds:eu-west-1:123456789012:db:orders/);
  expect(told).toMatch(/line 2: .*db:papers/);
  expect(world.snapshots()).toEqual([]);
});

test('what others have made of its snapshots stays', async () => {
  const world = await openBackupWorld({ databases: { instances: { orders: {} } } });
  const backUp = (run: string) =>
    world.backUp({ 'db-instances': 'orders', keep: '1' }, { env: { GITHUB_RUN_ID: run } });
  await backUp('1');
  world.ask('RDS', 'CopyDBSnapshot', {
    SourceDBSnapshotIdentifier: 'orders-pre-deploy-20260105-1',
    TargetDBSnapshotIdentifier: 'orders-pre-deploy-20260105-1-2',
    CopyTags: true,
  });
  await world.clock.sleep(300_000);
  await backUp('2');
  await backUp('3');
  await world.clock.sleep(20_000);
  expect(world.snapshots().map(({ id }) => id)).toEqual([
    'orders-pre-deploy-20260105-1-2',
    'orders-pre-deploy-20260105-3',
  ]);
});
