import {
  CopyDBSnapshotCommand,
  CreateDBClusterSnapshotCommand,
  CreateDBSnapshotCommand,
  DeleteDBSnapshotCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  DescribeEventsCommand,
} from '@aws-sdk/client-rds';
import { expect, test } from 'vitest';
import { parseScenario } from '../../src/simulator/scenario/read-scenario.ts';
import { startData } from './backups-under-test.ts';
import { refusalOf } from './failure-of.ts';

const order = (id: string, of = 'orders') =>
  new CreateDBSnapshotCommand({ DBSnapshotIdentifier: id, DBInstanceIdentifier: of });
const known = (id: string) => new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: id });

test('a snapshot is made over time, and the instance is backing up meanwhile', async () => {
  const { clock, rds, simulator } = await startData({ instances: { orders: { snapshotTime: 100_000 } } });
  const client = rds();
  const statusOf = async () =>
    (await client.send(new DescribeDBInstancesCommand({}))).DBInstances?.map((each) => each.DBInstanceStatus);
  const begun = await client.send(order('first'));
  expect(begun.DBSnapshot).toMatchObject({ Status: 'creating', PercentProgress: 0, SnapshotType: 'manual' });
  clock.move(42_000);
  expect((await client.send(known('FIRST'))).DBSnapshots).toMatchObject([
    { Status: 'creating', PercentProgress: 42 },
  ]);
  expect(await statusOf()).toEqual(['backing-up']);
  expect(await refusalOf(client.send(order('second')))).toMatch(
    'Cannot create a snapshot because the database instance orders is not currently in the available state.',
  );
  clock.move(58_000);
  expect((await client.send(known('first'))).DBSnapshots).toMatchObject([
    { Status: 'available', PercentProgress: 100 },
  ]);
  expect(await statusOf()).toEqual(['available']);
  expect(simulator.bugs).toEqual([]);
});

test('refuses in the words of AWS', async () => {
  const { rds } = await startData({
    instances: { orders: {}, member: { cluster: 'shop' } },
    clusters: { shop: {} },
    snapshots: { old: { of: 'orders' }, 'rds:orders': { of: 'orders', type: 'automated' } },
    quota: 1,
  });
  const client = rds();
  expect(await refusalOf(client.send(order('old')))).toMatch(
    /^DBSnapshotAlreadyExistsFault: .*identifier old already exists/,
  );
  expect(await refusalOf(client.send(order('new')))).toMatch(
    'SnapshotQuotaExceededFault: Cannot create more than 1 manual snapshots',
  );
  expect(await refusalOf(client.send(order('a--b')))).toMatch(
    'The parameter DBSnapshotIdentifier is not a valid identifier',
  );
  expect(await refusalOf(client.send(order('new', 'nowhere')))).toMatch(
    'DBInstanceNotFoundFault: DBInstance nowhere not found.',
  );
  expect(await refusalOf(client.send(order('new', 'member')))).toMatch(
    'Please use the CreateDBClusterSnapshot API instead',
  );
  expect(await refusalOf(client.send(known('nowhere')))).toMatch(
    'DBSnapshotNotFoundFault: DBSnapshot nowhere not found.',
  );
  const long = { DBClusterSnapshotIdentifier: 'a'.repeat(64), DBClusterIdentifier: 'shop' };
  expect(await refusalOf(client.send(new CreateDBClusterSnapshotCommand(long)))).toMatch(
    'not a valid identifier',
  );
  expect(
    await refusalOf(client.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'rds:orders' }))),
  ).toMatch('Only manual snapshots may be deleted');
});

test('lists in pages, by filters', async () => {
  const names = Array.from({ length: 25 }, (_, index) => `old-${String(index).padStart(2, '0')}`);
  const { rds } = await startData({
    instances: { orders: {}, papers: {} },
    snapshots: Object.fromEntries(
      names.map((name) => [name, { of: name === 'old-24' ? 'papers' : 'orders' }]),
    ),
  });
  const client = rds();
  const first = await client.send(new DescribeDBSnapshotsCommand({ MaxRecords: 20 }));
  expect(first.DBSnapshots).toHaveLength(20);
  const second = await client.send(new DescribeDBSnapshotsCommand({ MaxRecords: 20, Marker: first.Marker }));
  expect(second.DBSnapshots?.map((each) => each.DBSnapshotIdentifier)).toEqual(names.slice(20));
  expect(second.Marker).toBeUndefined();
  const Filters = [{ Name: 'db-snapshot-id', Values: ['old-03', 'old-24', 'nowhere'] }];
  const some = await client.send(new DescribeDBSnapshotsCommand({ Filters, DBInstanceIdentifier: 'orders' }));
  expect(some.DBSnapshots?.map((each) => each.DBSnapshotIdentifier)).toEqual(['old-03']);
  expect(await refusalOf(client.send(new DescribeDBSnapshotsCommand({ MaxRecords: 5 })))).toMatch(
    'MaxRecords',
  );
});

test('copies to another region, encrypted ones only with a key of that region', async () => {
  const { rds, clock } = await startData({
    instances: { orders: { encrypted: true } },
    snapshots: { old: { of: 'orders', tags: { team: 'shop' } } },
  });
  const there = rds('eu-central-1');
  const copy = (given: object) =>
    new CopyDBSnapshotCommand({
      SourceDBSnapshotIdentifier: 'arn:aws:rds:eu-west-1:123456789012:snapshot:old',
      TargetDBSnapshotIdentifier: 'old',
      CopyTags: true,
      ...given,
    });
  expect(await refusalOf(there.send(copy({})))).toMatch('KmsKeyId');
  const wrong = { KmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/1' };
  expect(await refusalOf(there.send(copy(wrong)))).toMatch('KMSKeyNotAccessibleFault');
  await there.send(copy({ KmsKeyId: 'alias/aws/rds' }));
  clock.move(120_000);
  expect((await there.send(known('old'))).DBSnapshots).toMatchObject([
    {
      Status: 'available',
      Encrypted: true,
      SourceRegion: 'eu-west-1',
      TagList: [{ Key: 'team', Value: 'shop' }],
    },
  ]);
  expect((await rds().send(known('old'))).DBSnapshots).toHaveLength(1);
});

test('a failing snapshot says why in an event, and can be deleted', async () => {
  const { rds, clock } = await startData({
    instances: { orders: { failing: 'No more.', snapshotTime: 60_000 } },
  });
  const client = rds();
  await client.send(order('first'));
  clock.move(40_000);
  expect((await client.send(known('first'))).DBSnapshots).toMatchObject([{ Status: 'failed' }]);
  const events = new DescribeEventsCommand({ SourceType: 'db-snapshot', SourceIdentifier: 'first' });
  expect((await client.send(events)).Events).toMatchObject([{ Message: 'No more.' }]);
  await client.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: 'first' }));
  expect((await client.send(known('first'))).DBSnapshots).toMatchObject([{ Status: 'deleting' }]);
  clock.move(10_000);
  expect(await refusalOf(client.send(known('first')))).toMatch('not found');
});

test('databases and caches of a scenario are read from YAML, and their shape is checked', () => {
  const file = (databases: string) => `
name: data
clusters: [prod]
databases: ${databases}
caches: { replicationGroups: { sessions: { shards: 2, snapshotTime: 2m } }, serverless: { quick: {} } }
`;
  const read = parseScenario(
    file('{ instances: { orders: { engine: postgres, snapshotTime: 4m, settings: { MultiAZ: true } } } }'),
  );
  expect(read.databases).toEqual({
    instances: { orders: { engine: 'postgres', snapshotTime: 240_000, settings: { MultiAZ: true } } },
  });
  expect(read.caches?.replicationGroups).toEqual({ sessions: { shards: 2, snapshotTime: 120_000 } });
  expect(() => parseScenario(file('{ instances: { orders: { kind: postgres } } }'))).toThrow(
    /databases\.instances\.orders/,
  );
});
