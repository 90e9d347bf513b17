import {
  CreateServerlessCacheSnapshotCommand,
  CreateSnapshotCommand,
  DeleteSnapshotCommand,
  DescribeReplicationGroupsCommand,
  DescribeServerlessCacheSnapshotsCommand,
  DescribeSnapshotsCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-elasticache';
import { expect, test } from 'vitest';
import { startData } from './backups-under-test.ts';
import { refusalOf } from './failure-of.ts';

test('a snapshot of a node makes its group busy until it is available, and tells its tags only when asked', async () => {
  const { cache, clock, simulator } = await startData(
    {},
    { replicationGroups: { sessions: { snapshotTime: 60_000 } } },
  );
  const statusOf = async () =>
    (await cache.send(new DescribeReplicationGroupsCommand({}))).ReplicationGroups?.map(
      ({ Status }) => Status,
    );
  const order = (name: string) =>
    new CreateSnapshotCommand({
      SnapshotName: name,
      CacheClusterId: 'sessions-002',
      Tags: [{ Key: 'team', Value: 'shop' }],
    });
  await cache.send(order('First'));
  const find = new DescribeSnapshotsCommand({ SnapshotName: 'first' });
  expect((await cache.send(find)).Snapshots).toMatchObject([
    { SnapshotStatus: 'creating', SnapshotSource: 'manual' },
  ]);
  expect(await statusOf()).toEqual(['snapshotting']);
  expect(await refusalOf(cache.send(order('second')))).toMatch('InvalidCacheClusterStateFault');
  clock.move(60_000);
  const [made] = (await cache.send(find)).Snapshots ?? [];
  expect(made?.SnapshotStatus).toBe('available');
  expect(made?.NodeSnapshots?.[0]?.SnapshotCreateTime).toBeInstanceOf(Date);
  expect(await statusOf()).toEqual(['available']);
  const tags = await cache.send(new ListTagsForResourceCommand({ ResourceName: made?.ARN }));
  expect(tags.TagList).toEqual([{ Key: 'team', Value: 'shop' }]);
  expect(simulator.bugs).toEqual([]);
});

test('refuses in the words of AWS', async () => {
  const { cache } = await startData(
    {},
    {
      replicationGroups: { sessions: {} },
      clusters: { pages: { engine: 'memcached' }, lone: {} },
      snapshots: { old: { of: 'lone' } },
    },
  );
  const refusal = (given: object) =>
    refusalOf(cache.send(new CreateSnapshotCommand({ SnapshotName: 'new', ...given })));
  expect(await refusal({ CacheClusterId: 'pages' })).toMatch('SnapshotFeatureNotSupportedFault');
  expect(await refusal({ ReplicationGroupId: 'sessions' })).toMatch('InvalidParameterCombinationException');
  expect(await refusal({ ReplicationGroupId: 'nowhere' })).toMatch('ReplicationGroupNotFoundFault');
  expect(await refusal({ CacheClusterId: 'nowhere' })).toMatch('CacheClusterNotFoundFault');
  expect(await refusal({ CacheClusterId: 'lone', SnapshotName: 'old' })).toMatch(
    'SnapshotAlreadyExistsFault',
  );
  expect(await refusalOf(cache.send(new DeleteSnapshotCommand({ SnapshotName: 'nowhere' })))).toMatch(
    'SnapshotNotFoundFault',
  );
});

test('snapshots of serverless caches are a world of their own, listed in pages', async () => {
  const names = Array.from({ length: 22 }, (_, index) => `old-${String(index).padStart(2, '0')}`);
  const { cache, clock } = await startData(
    {},
    {
      serverless: { quick: { snapshotTime: 30_000 } },
      clusters: { lone: {} },
      snapshots: Object.fromEntries(
        names.map((name) => [name, { of: name === 'old-21' ? 'quick' : 'lone' }]),
      ),
    },
  );
  const order = { ServerlessCacheName: 'quick', ServerlessCacheSnapshotName: 'old-00' };
  await cache.send(new CreateServerlessCacheSnapshotCommand(order));
  clock.move(30_000);
  const all = await cache.send(new DescribeServerlessCacheSnapshotsCommand({}));
  expect(all.ServerlessCacheSnapshots).toMatchObject([
    { ServerlessCacheSnapshotName: 'old-00', Status: 'available' },
    { ServerlessCacheSnapshotName: 'old-21' },
  ]);
  const first = await cache.send(new DescribeSnapshotsCommand({ MaxRecords: 20, SnapshotSource: 'user' }));
  const second = await cache.send(new DescribeSnapshotsCommand({ MaxRecords: 20, Marker: first.Marker }));
  expect([...(first.Snapshots ?? []), ...(second.Snapshots ?? [])]).toHaveLength(21);
});
