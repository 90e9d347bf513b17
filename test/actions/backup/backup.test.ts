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
    expect.stringMatching(
      /^db-instances line 3: stopped is stopped, .*start it \(aws rds start-db-instance --db-instance-identifier stopped\)/,
    ),
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

test('what RDS keeps beside the data comes back, or is told', async () => {
  const role = 'arn:aws:iam::123456789012:role/import';
  const beside = {
    MasterUserSecret: { SecretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!x' },
    AssociatedRoles: [{ RoleArn: role, FeatureName: 's3Import', Status: 'ACTIVE' }],
    PreferredBackupWindow: '02:00-02:30',
    PreferredMaintenanceWindow: 'sun:04:00-sun:04:30',
    BackupRetentionPeriod: 14,
  };
  const world = await openBackupWorld({
    databases: {
      instances: {
        orders: {
          tags: { team: 'shop', 'aws:cloudformation:stack-name': 'Data' },
          settings: { ...beside, ReadReplicaDBInstanceIdentifiers: ['orders-r1'], MonitoringInterval: 60 },
        },
      },
      clusters: { shop: { settings: { ...beside, GlobalClusterIdentifier: 'world' } } },
    },
  });
  const { outputs, summary } = await world.backUp({ 'db-instances': 'orders', 'db-clusters': 'shop' });
  const commands = outputs['restore-commands'] ?? '';
  for (const words of [
    '--tags \'[{"Key":"team","Value":"shop"}]\'',
    '# Enhanced Monitoring has to be switched on again.',
    '# Its read replicas orders-r1 go on following the old one',
    '# orders belongs to the CloudFormation stack Data',
    '# It is a part of the global database world',
    '# orders-before-restore runs on and costs what it did, is protected',
  ]) {
    expect(commands).toContain(words);
  }
  for (const words of [
    '--manage-master-user-password',
    `--role-arn ${role}`,
    '--feature-name s3Import',
    '--backup-retention-period 14',
    '--preferred-maintenance-window sun:04:00-sun:04:30',
  ]) {
    expect(commands.split(words)).toHaveLength(3);
  }
  expect(summary).toContain('- orders-before-restore runs on and costs what it did');
  // What may not run by itself is a comment for the shell.
  const bare = commands.split('\n').filter((line) => !line.startsWith('#'));
  expect(bare.join('\n')).not.toMatch(/--new-db-|delete-/);
});

test('what ElastiCache keeps beside the data comes back, or is told', async () => {
  const logs = {
    LogType: 'slow-log',
    DestinationType: 'cloudwatch-logs',
    DestinationDetails: { CloudWatchLogsDetails: { LogGroup: 'cache' } },
    LogFormat: 'json',
  } as const;
  const beside = {
    AuthTokenEnabled: true,
    LogDeliveryConfigurations: [{ ...logs, Status: 'active' as const }],
  };
  const world = await openBackupWorld({
    caches: {
      replicationGroups: {
        sessions: {
          settings: { ...beside, GlobalReplicationGroupInfo: { GlobalReplicationGroupId: 'ldgnf-world' } },
        },
      },
      clusters: {
        lone: {
          settings: {
            ...beside,
            PreferredMaintenanceWindow: 'sun:04:00-sun:05:00',
            NotificationConfiguration: { TopicArn: 'arn:aws:sns:eu-west-1:1:cache', TopicStatus: 'active' },
          },
        },
      },
    },
  });
  const { outputs } = await world.backUp({ 'replication-groups': 'sessions', 'cache-clusters': 'lone' });
  const [group = '', cluster = ''] = (outputs['restore-commands'] ?? '').split('\n\n');
  for (const commands of [group, cluster]) {
    expect(commands).toContain(`--log-delivery-configurations '${JSON.stringify([logs])}'`);
    expect(commands).toContain('--auth-token "$AUTH_TOKEN"');
    expect(commands).toMatch(/# Tags, alarms and Auto Scaling of \S+ are not carried over\./);
  }
  expect(group).toContain('# It is a part of the global datastore ldgnf-world');
  expect(cluster).toContain('--preferred-maintenance-window sun:04:00-sun:05:00');
  expect(cluster).toContain('--notification-topic-arn arn:aws:sns:eu-west-1:1:cache');
});

test('several may stand in a line, with commas', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: {}, papers: {}, ledger: {} } },
    stacks: { Data: { OrdersId: 'orders' } },
  });
  const wrong = await world.backUp({ 'db-instances': 'cloudformation:Data.OrdersId, no-where,\nled ger' });
  expect(wrong.told).toMatch(/^db-instances line 2: "led ger" is not.*one per line or with commas$/);
  const gone = await world.backUp({ 'db-instances': 'cloudformation:Data.OrdersId, no-where,' });
  expect(gone.told).toMatch(/^db-instances line 1, name 2: there is no DB instance "no-where"/);
  const { outputs, told } = await world.backUp({
    'db-instances': 'cloudformation:Data.OrdersId, papers,\nledger',
  });
  expect(told).toBe('');
  expect(Object.keys(JSON.parse(outputs['snapshots'] ?? ''))).toEqual(['orders', 'papers', 'ledger']);
});

test('a name that somebody else has taken is left alone', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: {} }, snapshots: { [ID]: { of: 'orders' } } },
  });
  const dry = await world.backUp({ 'db-instances': 'orders', 'dry-run': 'true' });
  const { told } = await world.backUp({ 'db-instances': 'orders' });
  expect(dry.told.split('\n')[0]).toBe(told.split('\n')[0]);
  expect(dry.told).toContain('Dry run: nothing was changed.');
  expect(told).toContain(
    `DB instance orders: the name ${ID} is taken by a snapshot that this action has not made for it`,
  );
  expect(world.snapshots()).toMatchObject([{ id: ID, tags: {} }]);
});

test('a dry run says what would be taken, kept and deleted, and changes nothing', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: {} } },
    caches: { serverless: { quick: {} } },
  });
  const old = ['1001', '1002'];
  for (const run of old) await world.backUp({ 'db-instances': 'orders' }, { env: { GITHUB_RUN_ID: run } });
  const before = world.snapshots();
  const from = world.simulator.calls.length;
  const inputs = {
    'db-instances': 'orders',
    'serverless-caches': 'quick',
    keep: '2',
    'dry-run': 'true',
  };
  const { told, log, outputs, summary } = await world.backUp(inputs, { env: { GITHUB_RUN_ID: '1003' } });
  expect(told).toBe('');
  const [third, second, first] = [3, 2, 1].map((run) => ID.replace(/1$/, `${run}`));
  expect(log.split('\n')).toEqual([
    `DB instance orders: a snapshot ${third} would be taken`,
    `DB instance orders: keep: 2 would keep ${second}, ${third}, and delete ${first}`,
    expect.stringMatching(/^serverless cache quick: a snapshot quick-pre-deploy-\S+ would be taken$/),
    expect.stringMatching(
      /^serverless cache quick: keep: 2 would keep quick-pre-deploy-\S+, and delete none$/,
    ),
    '::notice::Dry run: nothing was changed.',
  ]);
  expect([outputs, summary]).toEqual([{}, '']);
  expect(world.snapshots()).toEqual(before);
  const asked = world.simulator.calls.slice(from).map(({ operation }) => operation);
  expect(asked.filter((operation) => !/^(Describe|List)/.test(operation))).toEqual([]);
  const unknown = await world.backUp({ ...inputs, 'db-instances': 'nowhere', 'dry-run': 'True' });
  expect(unknown.told).toMatch(/^db-instances line 1: there is no DB instance "nowhere" in eu-west-1/);
  const unclear = await world.backUp({ 'db-instances': 'orders', 'dry-run': 'maybe' });
  expect(unclear.told).toBe('dry-run: "maybe" is not a boolean; write true or false');
});

test('wait: false hands on what AWS has begun', async () => {
  const world = await openBackupWorld({ databases: { instances: { orders: {} } } });
  const { outputs, log, summary } = await world.backUp({ 'db-instances': 'orders', wait: 'false' });
  expect(outputs['snapshot']).toBe(ID);
  expect(log).toContain('nothing waits for it');
  expect(summary).toContain('under way');
  expect(world.snapshots()).toMatchObject([{ status: 'creating' }]);
});

test('wait: false waits five minutes for another snapshot to end, and says which one', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: { snapshotTime: 3 * 3_600_000 } } },
    scale: 20_000,
  });
  world.ask('RDS', 'CreateDBSnapshot', { DBInstanceIdentifier: 'orders', DBSnapshotIdentifier: 'by-hand' });
  const from = world.clock.now();
  const { told, summary } = await world.backUp({ 'db-instances': 'orders', wait: 'false' });
  expect(world.clock.now() - from).toBeLessThan(30 * 60_000);
  expect(told).toMatch(
    /is not begun yet after \d+m.*; the database is backing-up, AWS is taking by-hand \(\d+%\)\n0 of 1 backup is there\.\nRun this step again when the database is available\. With wait: false/,
  );
  expect(told).not.toContain('What AWS has begun');
  expect(summary).toContain('0 of 1 backup is there');
  expect(world.calls('CreateDBSnapshot')).toBe(0);
});

test('what has taken too long is told once, with the id in the summary', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: { snapshotTime: 24 * 3_600_000 } } },
    scale: 60_000,
  });
  const { told, summary } = await world.backUp({ 'db-instances': 'orders', timeout: '5h' });
  expect(told.split(`its snapshot ${ID} is creating`)).toHaveLength(2);
  expect(summary).toMatch(new RegExp(`\\| \`${ID}\` \\| ❌ its snapshot`));
});

test('a cancelled run leaves a summary of what is under way', async () => {
  const world = await openBackupWorld({
    databases: { instances: { orders: {}, busy: { backingUpUntil: 24 * 3_600_000 } } },
  });
  const cancel = new AbortController();
  const running = world.backUp({ 'db-instances': 'orders, busy' }, { cancelled: cancel.signal });
  while (world.calls('CreateDBSnapshot') === 0) await world.clock.sleep(1_000);
  await world.clock.sleep(30_000);
  cancel.abort('SIGINT');
  const { summary } = await running;
  expect(summary).toContain('The backup was cancelled');
  expect(summary).toMatch(new RegExp(`\`orders\` \\| \`${ID}\` \\| its snapshot \\S+ is creating`));
  expect(summary).toMatch(/`busy` \| {2}\| nothing was begun \|/);
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
  const inCopies = (outputs['restore-commands'] ?? '')
    .split(/\n\n(?=# )/)
    .filter((each) => each.includes('--region eu-central-1'));
  expect(inCopies).toHaveLength(2);
  for (const commands of inCopies) expect(commands).not.toContain('--new-db-');
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
  expect(told).toContain(`1 of 3 backups is there: DB instance orders as ${ID}.`);
  expect(outputs['snapshot-ids']).toBe(ID);
  expect(outputs['snapshots']).toBe(JSON.stringify({ orders: ID }));
  expect(summary).toContain('1 of 3 backups is there');
});
