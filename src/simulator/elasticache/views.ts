import type {
  CacheCluster,
  NodeGroup,
  ReplicationGroup,
  ServerlessCache,
  ServerlessCacheSnapshot,
  Snapshot,
} from '@aws-sdk/client-elasticache';
import type { Cache, StoredSnapshot } from './model.ts';
import { nodeName, snapshotStatusAt, statusAt } from './state.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** As DescribeReplicationGroups tells a group. */
export function groupView(cache: Cache, now: number): ReplicationGroup {
  const { id, clusterMode, shards, replicas } = cache;
  const nodesOf = (shard: number) =>
    numbers(replicas + 1).map((node) => nodeName(id, clusterMode, shard, node));
  const nodeGroups = numbers(shards).map(
    (shard): NodeGroup => ({
      NodeGroupId: String(shard).padStart(4, '0'),
      Status: 'available',
      NodeGroupMembers: nodesOf(shard).map((node, index) => ({
        CacheClusterId: node,
        CacheNodeId: '0001',
        PreferredAvailabilityZone: `eu-west-1${'abc'.charAt(index % 3)}`,
        // Only a group with one shard, not in cluster mode, tells the roles.
        ...(!clusterMode && { CurrentRole: index === 0 ? 'primary' : 'replica' }),
      })),
    }),
  );
  return {
    Description: 'cache of the shop',
    AutomaticFailover: replicas > 0 ? 'enabled' : 'disabled',
    MultiAZ: replicas > 0 ? 'enabled' : 'disabled',
    SnapshotRetentionLimit: 1,
    SnapshotWindow: '05:00-09:00',
    AuthTokenEnabled: false,
    TransitEncryptionEnabled: true,
    TransitEncryptionMode: 'required',
    AtRestEncryptionEnabled: true,
    AutoMinorVersionUpgrade: true,
    ...(cache.settings as ReplicationGroup),
    ReplicationGroupId: id,
    ARN: cache.arn,
    Status: statusAt(cache, now),
    Engine: cache.engine,
    CacheNodeType: cache.nodeType,
    ClusterEnabled: clusterMode,
    MemberClusters: numbers(shards).flatMap(nodesOf),
    NodeGroups: nodeGroups,
  };
}

/** As DescribeCacheClusters tells a cluster, or a node of a group. */
export const clusterView = (cache: Cache, now: number): CacheCluster => ({
  NumCacheNodes: 1,
  PreferredAvailabilityZone: 'eu-west-1a',
  CacheSubnetGroupName: 'private',
  SecurityGroups: [{ SecurityGroupId: 'sg-0cache', Status: 'active' }],
  CacheParameterGroup: {
    CacheParameterGroupName: cache.clusterMode ? 'default.valkey8.cluster.on' : 'default.valkey8',
    ParameterApplyStatus: 'in-sync',
    CacheNodeIdsToReboot: [],
  },
  SnapshotRetentionLimit: 0,
  AutoMinorVersionUpgrade: true,
  TransitEncryptionEnabled: cache.group !== undefined,
  AtRestEncryptionEnabled: cache.group !== undefined,
  CacheNodes: [{ CacheNodeId: '0001', Endpoint: { Address: `${cache.id}.cache.example`, Port: 6379 } }],
  ...(cache.settings as CacheCluster),
  CacheClusterId: cache.id,
  ARN: cache.arn,
  CacheClusterStatus: statusAt(cache, now),
  Engine: cache.engine,
  EngineVersion: cache.engineVersion,
  CacheNodeType: cache.nodeType,
  ...(cache.group !== undefined && { ReplicationGroupId: cache.group }),
});

/** As DescribeServerlessCaches tells a cache. */
export const serverlessView = (cache: Cache, now: number): ServerlessCache => ({
  MajorEngineVersion: '8',
  FullEngineVersion: '8.0',
  SubnetIds: ['subnet-1', 'subnet-2'],
  SecurityGroupIds: ['sg-0cache'],
  SnapshotRetentionLimit: 1,
  DailySnapshotTime: '03:00',
  ...(cache.settings as ServerlessCache),
  ServerlessCacheName: cache.id,
  ARN: cache.arn,
  Status: statusAt(cache, now),
  Engine: cache.engine,
});

/** As DescribeSnapshots tells a snapshot: its time only where it has one, tags not at all. */
export function snapshotView(snapshot: StoredSnapshot, now: number): Snapshot {
  const { id, arn, of, type, askedAt, takes, kmsKey } = snapshot;
  const began = now >= askedAt + takes * 0.1;
  const node = of.kind === 'group' ? nodeName(of.id, true, 1, 1) : of.id;
  return {
    SnapshotName: id,
    ARN: arn,
    SnapshotStatus: snapshotStatusAt(snapshot, now),
    SnapshotSource: type,
    Engine: of.engine,
    EngineVersion: of.engineVersion,
    CacheNodeType: of.nodeType,
    NumCacheNodes: 1,
    ...(of.kind === 'group'
      ? { ReplicationGroupId: of.id, NumNodeGroups: of.shards }
      : { CacheClusterId: of.id }),
    ...(kmsKey !== undefined && { KmsKeyId: kmsKey }),
    NodeSnapshots: [
      {
        CacheClusterId: node,
        CacheNodeId: '0001',
        CacheSize: '3 MB',
        ...(began && { SnapshotCreateTime: new Date(askedAt) }),
      },
    ],
  };
}

/** As DescribeServerlessCacheSnapshots tells a snapshot. */
export const serverlessSnapshotView = (snapshot: StoredSnapshot, now: number): ServerlessCacheSnapshot => ({
  ServerlessCacheSnapshotName: snapshot.id,
  ARN: snapshot.arn,
  Status: snapshotStatusAt(snapshot, now),
  SnapshotType: snapshot.type,
  CreateTime: new Date(snapshot.askedAt),
  BytesUsedForCache: '1048576',
  ServerlessCacheConfiguration: {
    ServerlessCacheName: snapshot.of.id,
    Engine: snapshot.of.engine,
    MajorEngineVersion: '8',
  },
  ...(snapshot.kmsKey !== undefined && { KmsKeyId: snapshot.kmsKey }),
});
