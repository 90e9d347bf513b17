import type {
  CreateServerlessCacheSnapshotCommandInput,
  CreateServerlessCacheSnapshotCommandOutput,
  CreateSnapshotCommandInput,
  CreateSnapshotCommandOutput,
  DeleteServerlessCacheSnapshotCommandInput,
  DeleteServerlessCacheSnapshotCommandOutput,
  DeleteSnapshotCommandInput,
  DeleteSnapshotCommandOutput,
  DescribeCacheClustersCommandInput,
  DescribeCacheClustersCommandOutput,
  DescribeReplicationGroupsCommandInput,
  DescribeReplicationGroupsCommandOutput,
  DescribeServerlessCacheSnapshotsCommandInput,
  DescribeServerlessCacheSnapshotsCommandOutput,
  DescribeServerlessCachesCommandInput,
  DescribeServerlessCachesCommandOutput,
  DescribeSnapshotsCommandInput,
  DescribeSnapshotsCommandOutput,
  ListTagsForResourceCommandInput,
  ListTagsForResourceCommandOutput,
  Tag,
} from '@aws-sdk/client-elasticache';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import type { Cache, CacheKind, StoredSnapshot } from './model.ts';
import { type Caches, isVisible, type RegionalCaches, snapshotStatusAt, statusAt } from './state.ts';
import { clusterView, groupView, serverlessSnapshotView, serverlessView, snapshotView } from './views.ts';

/** A deleted snapshot is seen as `deleting` for so long, in ms. */
const DELETING = 5_000;

const refuse = (name: string, message: string, status = 400): AwsError => new AwsError(name, message, status);
const invalid = (message: string): AwsError => refuse('InvalidParameterValueException', message);

/** Every operation of Amazon ElastiCache that the simulator knows. */
export function cacheOperations(caches: Caches): Operations {
  const here = ({ accountId, region }: Call): RegionalCaches => caches.in(accountId, region);

  const known = (call: Call, kind: CacheKind, id: string | undefined): Cache[] =>
    id === undefined
      ? [...here(call).caches.values()].filter((each) => each.kind === kind)
      : [caches.cache(here(call), kind, id)];

  const make = (
    call: Call,
    cache: Cache,
    name: string | undefined,
    given: { readonly key: string | undefined; readonly tags: Tag[] | undefined },
  ): StoredSnapshot => {
    const region = here(call);
    const family = cache.kind === 'serverless' ? 'serverless' : 'nodes';
    const id = name ?? '';
    if (!/^[a-z](?:-?[a-z0-9])*$/i.test(id) || id.length > 255) {
      throw invalid(
        'The parameter SnapshotName must be provided and must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.',
      );
    }
    if (caches.snapshot(region, family, id, call.now)) {
      throw family === 'nodes'
        ? refuse('SnapshotAlreadyExistsFault', `Snapshot with specified name already exists. ${id}`)
        : refuse(
            'ServerlessCacheSnapshotAlreadyExistsFault',
            `Serverless cache snapshot ${id} already exists.`,
          );
    }
    const manual = [...region.snapshots.values()].filter(
      (each) => each.type === 'manual' && call.now < each.goneAt,
    );
    if (manual.length >= caches.quota) {
      throw family === 'nodes'
        ? refuse(
            'SnapshotQuotaExceededFault',
            'The request cannot be processed because it would exceed the maximum number of snapshots.',
          )
        : refuse(
            'ServerlessCacheSnapshotQuotaExceededFault',
            'The number of serverless cache snapshots exceeds the customer snapshot quota.',
          );
    }
    if (given.key !== undefined && caches.lockedKeys.has(given.key)) {
      throw invalid(`KMS key ${given.key} is not accessible.`);
    }
    const made = caches.put(region, cache, {
      id,
      type: 'manual',
      askedAt: call.now,
      visibleAt: call.now + caches.kernel.consistencyLag(),
      takes: cache.snapshotTime,
      kmsKey: given.key,
      tags: new Map((given.tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
    });
    const busyUntil = call.now + cache.snapshotTime * (cache.failing ? 0.5 : 1);
    cache.busyUntil = busyUntil;
    const group = cache.group === undefined ? undefined : caches.cache(region, 'group', cache.group);
    if (group) group.busyUntil = busyUntil;
    return made;
  };

  const remove = (call: Call, family: 'nodes' | 'serverless', id = ''): StoredSnapshot => {
    const found = caches.snapshot(here(call), family, id, call.now);
    if (!found) {
      throw family === 'nodes'
        ? refuse('SnapshotNotFoundFault', `Snapshot ${id} not found.`, 404)
        : refuse('ServerlessCacheSnapshotNotFoundFault', `Serverless cache snapshot ${id} not found.`, 404);
    }
    const status = snapshotStatusAt(found, call.now);
    if (status !== 'available' && status !== 'failed') {
      throw refuse(
        family === 'nodes' ? 'InvalidSnapshotStateFault' : 'InvalidServerlessCacheSnapshotStateFault',
        `The snapshot is in the ${status} state and cannot be deleted.`,
      );
    }
    found.goneAt = call.now + DELETING;
    return found;
  };

  return {
    DescribeReplicationGroups(
      input: DescribeReplicationGroupsCommandInput,
      call: Call,
    ): Answer<DescribeReplicationGroupsCommandOutput> {
      const { items, Marker } = paged(known(call, 'group', input.ReplicationGroupId), input, 100);
      return { ReplicationGroups: items.map((each) => groupView(each, call.now)), ...Marker };
    },

    DescribeCacheClusters(
      input: DescribeCacheClustersCommandInput,
      call: Call,
    ): Answer<DescribeCacheClustersCommandOutput> {
      const { items, Marker } = paged(known(call, 'cluster', input.CacheClusterId), input, 100);
      return {
        CacheClusters: items.map((each) => {
          const { CacheNodes, ...view } = clusterView(each, call.now);
          return input.ShowCacheNodeInfo ? { ...view, ...(CacheNodes && { CacheNodes }) } : view;
        }),
        ...Marker,
      };
    },

    DescribeServerlessCaches(
      input: DescribeServerlessCachesCommandInput,
      call: Call,
    ): Answer<DescribeServerlessCachesCommandOutput> {
      const found = known(call, 'serverless', input.ServerlessCacheName);
      const { items, next } = page(found, input.NextToken, input.MaxResults ?? 50, badMarker);
      return {
        ServerlessCaches: items.map((each) => serverlessView(each, call.now)),
        ...(next !== undefined && { NextToken: next }),
      };
    },

    CreateSnapshot(input: CreateSnapshotCommandInput, call: Call): Answer<CreateSnapshotCommandOutput> {
      const { ReplicationGroupId: group, CacheClusterId: cluster, SnapshotName, KmsKeyId, Tags } = input;
      if ((group === undefined) === (cluster === undefined)) {
        throw refuse(
          'InvalidParameterCombinationException',
          'Exactly one of ReplicationGroupId and CacheClusterId must be provided.',
        );
      }
      const cache =
        group === undefined
          ? caches.cache(here(call), 'cluster', cluster)
          : caches.cache(here(call), 'group', group);
      if (cache.engine === 'memcached' || cache.nodeType === 'cache.t1.micro') {
        throw refuse(
          'SnapshotFeatureNotSupportedFault',
          `Snapshots are not supported for ${cache.engine} on ${cache.nodeType}.`,
        );
      }
      if (cache.kind === 'group' && !cache.clusterMode) {
        throw refuse(
          'InvalidParameterCombinationException',
          'Cannot snapshot a replication group with cluster mode disabled. Specify a CacheClusterId of the replication group.',
        );
      }
      const owner = cache.group === undefined ? cache : caches.cache(here(call), 'group', cache.group);
      if (statusAt(cache, call.now) !== 'available' || statusAt(owner, call.now) !== 'available') {
        throw cache.kind === 'group'
          ? refuse(
              'InvalidReplicationGroupStateFault',
              `Replication group ${cache.id} is not in available state.`,
            )
          : refuse('InvalidCacheClusterStateFault', `Cache cluster ${cache.id} is not in available state.`);
      }
      const made = make(call, cache, SnapshotName, { key: KmsKeyId, tags: Tags });
      return { Snapshot: snapshotView(made, call.now) };
    },

    CreateServerlessCacheSnapshot(
      input: CreateServerlessCacheSnapshotCommandInput,
      call: Call,
    ): Answer<CreateServerlessCacheSnapshotCommandOutput> {
      const cache = caches.cache(here(call), 'serverless', input.ServerlessCacheName);
      if (statusAt(cache, call.now) !== 'available') {
        throw refuse(
          'InvalidServerlessCacheStateFault',
          `Serverless cache ${cache.id} is not in available state.`,
        );
      }
      const made = make(call, cache, input.ServerlessCacheSnapshotName, {
        key: input.KmsKeyId,
        tags: input.Tags,
      });
      return { ServerlessCacheSnapshot: serverlessSnapshotView(made, call.now) };
    },

    DescribeSnapshots(
      input: DescribeSnapshotsCommandInput,
      call: Call,
    ): Answer<DescribeSnapshotsCommandOutput> {
      const {
        SnapshotName: name,
        ReplicationGroupId: group,
        CacheClusterId: cluster,
        SnapshotSource: source,
      } = input;
      const type = source === 'user' ? 'manual' : source === 'system' ? 'automated' : undefined;
      const found = [...here(call).snapshots.values()]
        .filter(
          (each) =>
            each.of.kind !== 'serverless' &&
            isVisible(each, call.now) &&
            (name === undefined || each.id === name.toLowerCase()) &&
            (group === undefined || (each.of.kind === 'group' && each.of.id === group.toLowerCase())) &&
            (cluster === undefined || (each.of.kind === 'cluster' && each.of.id === cluster.toLowerCase())) &&
            (type === undefined || each.type === type),
        )
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      if (name !== undefined && found.length === 0) {
        throw refuse('SnapshotNotFoundFault', `Snapshot ${name} not found.`, 404);
      }
      const { items, Marker } = paged(found, input, 50);
      return { Snapshots: items.map((each) => snapshotView(each, call.now)), ...Marker };
    },

    DescribeServerlessCacheSnapshots(
      input: DescribeServerlessCacheSnapshotsCommandInput,
      call: Call,
    ): Answer<DescribeServerlessCacheSnapshotsCommandOutput> {
      const { ServerlessCacheName: of, ServerlessCacheSnapshotName: name, SnapshotType: type } = input;
      const found = [...here(call).snapshots.values()]
        .filter(
          (each) =>
            each.of.kind === 'serverless' &&
            isVisible(each, call.now) &&
            (name === undefined || each.id === name.toLowerCase()) &&
            (of === undefined || each.of.id === of.toLowerCase()) &&
            (type === undefined || each.type === (type === 'user' ? 'manual' : type)),
        )
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      if (name !== undefined && found.length === 0) {
        throw refuse(
          'ServerlessCacheSnapshotNotFoundFault',
          `Serverless cache snapshot ${name} not found.`,
          404,
        );
      }
      const { items, next } = page(found, input.NextToken, input.MaxResults ?? 50, badMarker);
      return {
        ServerlessCacheSnapshots: items.map((each) => serverlessSnapshotView(each, call.now)),
        ...(next !== undefined && { NextToken: next }),
      };
    },

    DeleteSnapshot(input: DeleteSnapshotCommandInput, call: Call): Answer<DeleteSnapshotCommandOutput> {
      return { Snapshot: snapshotView(remove(call, 'nodes', input.SnapshotName), call.now) };
    },

    DeleteServerlessCacheSnapshot(
      input: DeleteServerlessCacheSnapshotCommandInput,
      call: Call,
    ): Answer<DeleteServerlessCacheSnapshotCommandOutput> {
      const removed = remove(call, 'serverless', input.ServerlessCacheSnapshotName);
      return { ServerlessCacheSnapshot: serverlessSnapshotView(removed, call.now) };
    },

    ListTagsForResource(
      input: ListTagsForResourceCommandInput,
      call: Call,
    ): Answer<ListTagsForResourceCommandOutput> {
      const { ResourceName: arn = '' } = input;
      const tags = caches.tagsOf(arn);
      const [, , , region, account] = arn.split(':');
      if (!tags || region !== call.region || account !== call.accountId) {
        throw refuse('SnapshotNotFoundFault', `${arn} is either not present or not available.`, 404);
      }
      return { TagList: [...tags].map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}

const badMarker = (): AwsError => invalid('The request marker is invalid.');

function paged<Item>(
  all: readonly Item[],
  { MaxRecords, Marker }: { MaxRecords?: number | undefined; Marker?: string | undefined },
  most: number,
): { items: Item[]; Marker: { Marker?: string } } {
  const size = MaxRecords ?? most;
  if (size < 20 || size > most) throw invalid(`The value of MaxRecords must be between 20 and ${most}.`);
  const { items, next } = page(all, Marker, size, badMarker);
  return { items, Marker: next === undefined ? {} : { Marker: next } };
}
