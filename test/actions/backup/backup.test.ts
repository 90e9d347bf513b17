import { expect, test } from 'vitest';
import { openBackupWorld } from './backup-world.ts';

const ID = 'orders-pre-deploy-20260105-1001';

test('takes snapshots of everything side by side, waits, and hands on what a restore needs', async () => {
  const world = await openBackupWorld({
    databases: {
      instances: {
        orders: { tags: { team: 'shop' }, settings: { CopyTagsToSnapshot: true } },
        'shop-1': { cluster: 'shop', writer: true },
      },
      clusters: { shop: {} },
    },
    caches: {
      replicationGroups: { sessions: {}, prices: { shards: 2 } },
      clusters: { lone: {} },
      serverless: { quick: {} },
    },
    lag: 800,
  });
  const { outputs, told, summary } = await world.backUp({
    'db-instances': 'orders',
    'db-clusters': 'shop',
    'replication-groups': 'sessions\nprices',
    'cache-clusters': 'lone',
    'serverless-caches': 'quick',
    tags: 'cost-centre=4711',
  });
  expect(told).toBe('');
  expect(world.simulator.bugs).toEqual([]);
  const ids = ['orders', 'shop', 'sessions', 'prices', 'lone', 'quick'].map((name) => [
    name,
    `${name}-pre-deploy-20260105-1001`,
  ]);
  expect(JSON.parse(outputs['snapshots'] ?? '')).toEqual(Object.fromEntries(ids));
  expect(outputs['snapshot-ids']?.split('\n')).toEqual(ids.map(([, id]) => id));
  expect(outputs['snapshot']).toBe('');
  expect(outputs['restore-commands']).toContain('--db-snapshot-identifier orders-pre-deploy-20260105-1001');
  expect(summary).toContain('6 databases are backed up');
  expect(summary).toContain('create-serverless-cache');
  expect(world.snapshots().map(({ id, status }) => [id, status])).toEqual([
    ['orders-pre-deploy-20260105-1001', 'available'],
    ['shop-pre-deploy-20260105-1001', 'available'],
  ]);
  expect(world.snapshots()[0]?.tags).toEqual({
    team: 'shop',
    'cost-centre': '4711',
    'deploy-actions:backup-of': 'db-instance/orders',
    'deploy-actions:snapshot': 'orders-pre-deploy-20260105-1001',
    'deploy-actions:label': 'pre-deploy',
    'deploy-actions:repository': 'https://github.com/org/shop',
    'deploy-actions:run': 'https://github.com/org/shop/actions/runs/1001',
    'deploy-actions:step': 'deploy/backup',
    'deploy-actions:commit': 'd'.repeat(40),
  });
  // Without cluster mode, of a replica; with it, of the group.
  const orders = world.simulator.calls.filter(({ operation }) => operation === 'CreateSnapshot');
  expect(orders.map(({ input }) => input)).toMatchObject(
    [{ CacheClusterId: 'sessions-002' }, { ReplicationGroupId: 'prices' }, { CacheClusterId: 'lone' }].sort(),
  );
});

test('all that cannot be backed up is said at once, and nothing is made', async () => {
  const world = await openBackupWorld({
    databases: {
      instances: { orders: {}, 'shop-1': { cluster: 'shop' }, stopped: { status: 'stopped' } },
      clusters: { shop: {}, papers: { engine: 'docdb' } },
    },
    caches: { clusters: { pages: { engine: 'memcached' } }, replicationGroups: { sessions: {} } },
  });
  const { told } = await world.backUp({
    'db-instances': 'orders\nshop-1\nstopped\nnowhere\nshop',
    'db-clusters': 'papers\nshop-1',
    'cache-clusters': 'pages\nsessions-001',
  });
  expect(told.split('\n')).toEqual([
    expect.stringMatching(
      /^db-instances line 2: shop-1 is an instance of the DB cluster shop, .*db-clusters: shop$/,
    ),
    expect.stringMatching(/^db-instances line 3: stopped is stopped/),
    expect.stringMatching(/^db-instances line 4: there is no DB instance "nowhere" in eu-west-1/),
    'db-instances line 5: shop is no DB instance, but a DB cluster; give it as db-clusters: shop',
    expect.stringMatching(/^db-clusters line 1: papers is a cluster of docdb/),
    'db-clusters line 2: shop-1 is no DB cluster, but a DB instance; give it as db-clusters: shop',
    expect.stringMatching(/^cache-clusters line 1: pages is a Memcached cluster/),
    expect.stringMatching(/^cache-clusters line 2: sessions-001 is a node .*replication-groups: sessions$/),
  ]);
  expect(world.snapshots()).toEqual([]);
});

test('names come from stacks too, and ARNs will do', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: {} }, clusters: { shop: {} } },
    stacks: { Data: { OrdersId: 'orders', ShopArn: 'arn:aws:rds:eu-west-1:123456789012:cluster:shop' } },
  });
  const { outputs, told } = await world.backUp({
    'db-instances': 'cloudformation:Data.OrdersId',
    'db-clusters': '- cloudformation:Data.ShopArn  # of the stack\n- SHOP',
  });
  expect(told).toBe('');
  expect(Object.keys(JSON.parse(outputs['snapshots'] ?? ''))).toEqual(['orders', 'shop']);
});

test('a name that somebody else has taken is left alone', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: {} }, snapshots: { [ID]: { of: 'orders' } } },
  });
  const { told } = await world.backUp({ 'db-instances': 'orders' });
  expect(told).toContain(
    `DB instance orders: the name ${ID} is taken by a snapshot that this action has not made for it`,
  );
  expect(world.snapshots()).toMatchObject([{ id: ID, tags: {} }]);
});

test('wait: false hands on what AWS has begun', async () => {
  const world = await openBackupWorld({ databases: { instances: { orders: {} } } });
  const { outputs, log, summary } = await world.backUp({ 'db-instances': 'orders', wait: 'false' });
  expect(outputs['snapshot']).toBe(ID);
  expect(log).toContain('nothing waits for it');
  expect(summary).toContain('under way');
  expect(world.snapshots()).toMatchObject([{ status: 'creating' }]);
});

test('an encrypted snapshot goes to another region with a key of that region', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: { encrypted: true } }, clusters: { shop: { encrypted: true } } },
  });
  const inputs = { 'db-instances': 'orders', 'db-clusters': 'shop', 'copy-to-region': 'eu-central-1' };
  const refused = await world.backUp(inputs);
  expect(refused.told).toMatch(/snapshots of orders are encrypted.*copy-kms-key[\s\S]*snapshots of shop are/);
  expect(world.snapshots()).toEqual([]);
  const { told, outputs } = await world.backUp({ ...inputs, 'copy-kms-key': 'alias/aws/rds' });
  expect(told).toBe('');
  expect(JSON.parse(outputs['copies'] ?? '')).toEqual({
    orders: ID,
    shop: 'shop-pre-deploy-20260105-1001',
  });
  // AWS lets a region read from another one only what was signed for it.
  const copies = world.simulator.calls.filter(({ operation }) => operation.startsWith('Copy'));
  for (const { input } of copies) {
    expect((input as { PreSignedUrl?: string }).PreSignedUrl).toMatch(
      /DestinationRegion=eu-central-1.*X-Amz-Signature=/,
    );
  }
  expect(world.snapshots('eu-central-1')).toMatchObject([
    { id: ID, status: 'available', tags: { 'deploy-actions:copy-of': ID } },
    { id: 'shop-pre-deploy-20260105-1001', status: 'available' },
  ]);
  expect(outputs['restore-commands']).toContain('--region eu-central-1');
});

test('one failure does not hide what the others have', async () => {
  const world = await openBackupWorld({
    databases: {
      instances: { orders: {}, broken: { failing: 'The storage of broken could not be read.' } },
      clusters: { shop: {} },
    },
    faults: [{ kind: 'access-denied', operation: 'CreateDBClusterSnapshot' }],
  });
  const { told, outputs, summary } = await world.backUp({
    'db-instances': 'orders\nbroken',
    'db-clusters': 'shop',
  });
  expect(told).toContain(
    'DB instance broken: its snapshot broken-pre-deploy-20260105-1001 is failed: The storage of broken could not be read.',
  );
  expect(told).toContain('DB cluster shop: AWS does not allow rds:CreateDBClusterSnapshot');
  expect(told).toContain(`1 of 3 backups are there: DB instance orders as ${ID}.`);
  expect(outputs['snapshot-ids']).toBe(ID);
  expect(outputs['snapshots']).toBe(JSON.stringify({ orders: ID }));
  expect(summary).toContain('1 of 3 backups are there');
});
