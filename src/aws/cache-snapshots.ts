import type {
  CacheCluster,
  CreateServerlessCacheSnapshotCommandOutput,
  CreateSnapshotCommandOutput,
  DescribeCacheClustersCommandOutput,
  DescribeReplicationGroupsCommandOutput,
  DescribeServerlessCacheSnapshotsCommandOutput,
  DescribeServerlessCachesCommandOutput,
  DescribeSnapshotsCommandOutput,
  ListTagsForResourceCommandOutput,
  Snapshot as NodeSnapshot,
  ReplicationGroup,
  ServerlessCache,
  ServerlessCacheSnapshot,
  Tag,
} from '@aws-sdk/client-elasticache';
import {
  CreateServerlessCacheSnapshotCommand,
  CreateSnapshotCommand,
  DeleteServerlessCacheSnapshotCommand,
  DeleteSnapshotCommand,
  DescribeCacheClustersCommand,
  DescribeReplicationGroupsCommand,
  DescribeServerlessCacheSnapshotsCommand,
  DescribeServerlessCachesCommand,
  DescribeSnapshotsCommand,
  ElastiCacheClient,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-elasticache';
import type { ReplicationGroupSettings } from '../backups/restore-settings.ts';
import type { Snapshot, Source } from '../backups/source.ts';
import type { Ordered, SnapshotOrder, Snapshots } from '../ports.ts';
import { type Connection, call, clientSettings, deniedAsGone, errorName } from './connection.ts';

type CacheKind = 'replication-group' | 'cache-cluster' | 'serverless-cache';

/** What ElastiCache calls the same things of caches of nodes and of serverless ones. */
interface Family {
  /**
   * With no tags: ElastiCache tells those of one snapshot a call.
   *
   * @param source `user`: not those that AWS takes by itself
   */
  all(source?: 'user'): Promise<readonly Snapshot[]>;
  one(id: string): Promise<Snapshot | undefined>;
  take(order: SnapshotOrder, tags: Tag[]): Promise<Snapshot>;
  remove(id: string): object;
}

/**
 * Caches of ElastiCache of one kind, and their snapshots. Permissions: elasticache:DescribeReplicationGroups,
 * elasticache:DescribeCacheClusters or elasticache:DescribeServerlessCaches; elasticache:DescribeSnapshots,
 * elasticache:CreateSnapshot and elasticache:DeleteSnapshot, or the same of ServerlessCacheSnapshot;
 * elasticache:AddTagsToResource and elasticache:ListTagsForResource; each only for the method that needs it.
 */
export function cacheSnapshots(connection: Connection, kind: CacheKind): Snapshots {
  const client = new ElastiCacheClient(clientSettings(connection));
  const send = <Output>(command: object): Promise<Output> =>
    call<Output>(connection, 'elasticache', client, command);
  const family = kind === 'serverless-cache' ? serverlessSnapshots(send) : nodeSnapshots(send, kind);

  async function describe(id: string): Promise<Source | undefined> {
    const region = await client.config.region();
    if (kind === 'serverless-cache') {
      const found = await serverlessCache(send, id);
      return found && serverlessSource(found, region);
    }
    if (kind === 'cache-cluster') {
      const found = await cacheCluster(send, id);
      return found && clusterSource(found, region);
    }
    const group = await replicationGroup(send, id);
    const node = group && nodeOf(group);
    // Half of a group's settings are told by its nodes.
    return (
      group && groupSource(group, node === undefined ? undefined : await cacheCluster(send, node), region)
    );
  }

  async function statusOf(id: string): Promise<string | undefined> {
    if (kind === 'serverless-cache') return (await serverlessCache(send, id))?.Status?.toLowerCase();
    if (kind === 'cache-cluster') return (await cacheCluster(send, id))?.CacheClusterStatus;
    return (await replicationGroup(send, id))?.Status;
  }

  async function tagged(snapshot: Snapshot): Promise<Snapshot> {
    const command = new ListTagsForResourceCommand({ ResourceName: snapshot.arn });
    const { TagList = [] } = await send<ListTagsForResourceCommandOutput>(command);
    return { ...snapshot, tags: Object.fromEntries(TagList.map(({ Key = '', Value = '' }) => [Key, Value])) };
  }

  return {
    kind,
    sources: (ids) => each(ids, describe),
    statuses: (ids) => each(ids, statusOf),
    async list(_source, prefix) {
      const all = await family.all('user');
      const found: Snapshot[] = [];
      for (const snapshot of all) {
        if (!snapshot.manual || !snapshot.id.startsWith(prefix)) continue;
        const known = await unlessGone(() => tagged(snapshot));
        if (known) found.push(known);
      }
      return found;
    },
    of: async (id) => (await family.all()).filter(({ sourceId }) => sourceId === id),
    find: (ids) => each(ids, (id) => family.one(id)),
    async look(id) {
      const found = await family.one(id);
      return found && unlessGone(() => tagged(found));
    },
    async take(order): Promise<Ordered> {
      const tags = Object.entries(order.tags).map(([Key, Value]) => ({ Key, Value }));
      try {
        return { kind: 'begun', snapshot: await family.take(order, tags) };
      } catch (error) {
        const name = errorName(error);
        if (/SnapshotAlreadyExists/.test(name)) return { kind: 'taken' };
        if (/^Invalid(CacheCluster|ReplicationGroup|ServerlessCache)State/.test(name)) {
          return { kind: 'not-now', why: error instanceof Error ? error.message : name };
        }
        throw error;
      }
    },
    copy: () => {
      throw new Error('ElastiCache copies no snapshot to where a restore could use it');
    },
    async delete(id) {
      try {
        await unlessGone(() => send(family.remove(id)));
      } catch (error) {
        if (!(await deniedAsGone(error, async () => (await family.one(id)) === undefined))) throw error;
      }
    },
    // ElastiCache has no events of snapshots.
    reason: async () => undefined,
  };
}

async function each<Value>(
  ids: readonly string[],
  ask: (id: string) => Promise<Value | undefined>,
): Promise<ReadonlyMap<string, Value>> {
  const found = new Map<string, Value>();
  for (const id of ids) {
    const value = await ask(id);
    if (value !== undefined) found.set(id, value);
  }
  return found;
}

type Send = <Output>(command: object) => Promise<Output>;

async function unlessGone<Value>(ask: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (/NotFound/.test(errorName(error))) return undefined;
    throw error;
  }
}

const replicationGroup = (send: Send, id: string): Promise<ReplicationGroup | undefined> =>
  unlessGone(async () => {
    const command = new DescribeReplicationGroupsCommand({ ReplicationGroupId: id });
    return (await send<DescribeReplicationGroupsCommandOutput>(command)).ReplicationGroups?.[0];
  });

const cacheCluster = (send: Send, id: string): Promise<CacheCluster | undefined> =>
  unlessGone(async () => {
    const command = new DescribeCacheClustersCommand({ CacheClusterId: id, ShowCacheNodeInfo: true });
    return (await send<DescribeCacheClustersCommandOutput>(command)).CacheClusters?.[0];
  });

const serverlessCache = (send: Send, id: string): Promise<ServerlessCache | undefined> =>
  unlessGone(async () => {
    const command = new DescribeServerlessCachesCommand({ ServerlessCacheName: id });
    return (await send<DescribeServerlessCachesCommandOutput>(command)).ServerlessCaches?.[0];
  });

/**
 * The node that a group's snapshot is taken of: a replica, so that the primary has nothing to do with it, and the
 * primary where there is none. In cluster mode the snapshot is of the group, and any node tells the settings:
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-manual.html
 */
function nodeOf({ NodeGroups = [], MemberClusters = [] }: ReplicationGroup): string | undefined {
  const nodes = NodeGroups[0]?.NodeGroupMembers ?? [];
  const replica = nodes.find(({ CurrentRole }) => CurrentRole === 'replica');
  return (replica ?? nodes[0])?.CacheClusterId ?? MemberClusters[0];
}

function nodeSnapshots(send: Send, kind: CacheKind): Family {
  const described = (found: NodeSnapshot | undefined): Snapshot => {
    if (!found?.SnapshotName || !found.ARN) throw new Error('ElastiCache answered no snapshot');
    const times = (found.NodeSnapshots ?? []).flatMap(({ SnapshotCreateTime }) => SnapshotCreateTime ?? []);
    return {
      kind,
      id: found.SnapshotName,
      arn: found.ARN,
      region: found.ARN.split(':')[3] ?? '',
      sourceId: found.ReplicationGroupId ?? found.CacheClusterId ?? '',
      status: found.SnapshotStatus ?? '',
      // Each shard has a time of its own: the snapshot is as old as the oldest.
      ...(times.length > 0 && { beganAt: Math.min(...times.map((time) => time.getTime())) }),
      encrypted: found.KmsKeyId !== undefined,
      ...(found.KmsKeyId !== undefined && { kmsKey: found.KmsKeyId }),
      manual: found.SnapshotSource === 'manual',
      tags: {},
    };
  };
  return {
    async all(source) {
      const all: Snapshot[] = [];
      let marker: string | undefined;
      do {
        const command = new DescribeSnapshotsCommand({ SnapshotSource: source, Marker: marker });
        const { Snapshots: some = [], Marker } = await send<DescribeSnapshotsCommandOutput>(command);
        all.push(...some.map(described));
        marker = Marker;
      } while (marker);
      return all;
    },
    one: (id) =>
      unlessGone(async () => {
        const command = new DescribeSnapshotsCommand({ SnapshotName: id });
        const [found] = (await send<DescribeSnapshotsCommandOutput>(command)).Snapshots ?? [];
        return found && described(found);
      }),
    async take({ source, id, kmsKey }, Tags) {
      const node = source.settings.kind === 'replication-group' ? source.settings.node : source.id;
      const command = new CreateSnapshotCommand({
        SnapshotName: id,
        ...(node === undefined ? { ReplicationGroupId: source.id } : { CacheClusterId: node }),
        ...(kmsKey !== undefined && { KmsKeyId: kmsKey }),
        Tags,
      });
      return described((await send<CreateSnapshotCommandOutput>(command)).Snapshot);
    },
    remove: (id) => new DeleteSnapshotCommand({ SnapshotName: id }),
  };
}

function serverlessSnapshots(send: Send): Family {
  const described = (found: ServerlessCacheSnapshot | undefined): Snapshot => {
    if (!found?.ServerlessCacheSnapshotName || !found.ARN)
      throw new Error('ElastiCache answered no snapshot');
    return {
      kind: 'serverless-cache',
      id: found.ServerlessCacheSnapshotName,
      arn: found.ARN,
      region: found.ARN.split(':')[3] ?? '',
      sourceId: found.ServerlessCacheConfiguration?.ServerlessCacheName ?? '',
      status: found.Status ?? '',
      ...(found.CreateTime && { beganAt: found.CreateTime.getTime() }),
      encrypted: true,
      ...(found.KmsKeyId !== undefined && { kmsKey: found.KmsKeyId }),
      manual: !/auto|system/i.test(found.SnapshotType ?? ''),
      tags: {},
    };
  };
  return {
    async all() {
      const all: Snapshot[] = [];
      let token: string | undefined;
      do {
        const command = new DescribeServerlessCacheSnapshotsCommand({ NextToken: token });
        const output = await send<DescribeServerlessCacheSnapshotsCommandOutput>(command);
        all.push(...(output.ServerlessCacheSnapshots ?? []).map(described));
        token = output.NextToken;
      } while (token);
      return all;
    },
    one: (id) =>
      unlessGone(async () => {
        const command = new DescribeServerlessCacheSnapshotsCommand({ ServerlessCacheSnapshotName: id });
        const output = await send<DescribeServerlessCacheSnapshotsCommandOutput>(command);
        const [found] = output.ServerlessCacheSnapshots ?? [];
        return found && described(found);
      }),
    async take({ source, id, kmsKey }, Tags) {
      const command = new CreateServerlessCacheSnapshotCommand({
        ServerlessCacheName: source.id,
        ServerlessCacheSnapshotName: id,
        ...(kmsKey !== undefined && { KmsKeyId: kmsKey }),
        Tags,
      });
      const output = await send<CreateServerlessCacheSnapshotCommandOutput>(command);
      return described(output.ServerlessCacheSnapshot);
    },
    remove: (id) => new DeleteServerlessCacheSnapshotCommand({ ServerlessCacheSnapshotName: id }),
  };
}

/** What the nodes of a cache tell of it. */
const nodeSettings = (node: CacheCluster | undefined) => ({
  engine: node?.Engine ?? '',
  engineVersion: node?.EngineVersion,
  nodeType: node?.CacheNodeType,
  parameterGroup: node?.CacheParameterGroup?.CacheParameterGroupName,
  subnetGroup: node?.CacheSubnetGroupName,
  securityGroups: (node?.SecurityGroups ?? []).flatMap(({ SecurityGroupId }) => SecurityGroupId ?? []),
  port: node?.CacheNodes?.[0]?.Endpoint?.Port ?? node?.ConfigurationEndpoint?.Port,
  networkType: node?.NetworkType,
  ipDiscovery: node?.IpDiscovery,
  maintenanceWindow: node?.PreferredMaintenanceWindow,
  notificationTopic:
    node?.NotificationConfiguration?.TopicStatus === 'active'
      ? node.NotificationConfiguration.TopicArn
      : undefined,
  logDelivery: logDelivery(node?.LogDeliveryConfigurations),
});

/** As it is asked for: without what AWS tells of its state. */
const logDelivery = (found: CacheCluster['LogDeliveryConfigurations'] = []): readonly object[] =>
  found.map(({ LogType, DestinationType, DestinationDetails, LogFormat }) => ({
    LogType,
    DestinationType,
    DestinationDetails,
    LogFormat,
  }));

function groupSource(group: ReplicationGroup, node: CacheCluster | undefined, region: string): Source {
  const clusterMode = group.ClusterEnabled ?? false;
  const shards = group.NodeGroups ?? [];
  const replicas = Math.max(0, (shards[0]?.NodeGroupMembers?.length ?? 1) - 1);
  const settings: ReplicationGroupSettings = {
    ...nodeSettings(node),
    kind: 'replication-group',
    engine: node?.Engine ?? group.Engine ?? '',
    shards: clusterMode ? shards.length : undefined,
    replicasPerShard: replicas,
    automaticFailover: group.AutomaticFailover === 'enabled',
    multiAz: group.MultiAZ === 'enabled',
    minorUpgrades: group.AutoMinorVersionUpgrade ?? node?.AutoMinorVersionUpgrade ?? true,
    snapshotRetention: group.SnapshotRetentionLimit,
    snapshotWindow: group.SnapshotWindow,
    transitEncryption: group.TransitEncryptionEnabled ?? false,
    transitEncryptionMode: group.TransitEncryptionEnabled ? group.TransitEncryptionMode : undefined,
    atRestEncryption: group.AtRestEncryptionEnabled ?? false,
    kmsKey: group.KmsKeyId,
    hasAuthToken: group.AuthTokenEnabled ?? false,
    userGroups: group.UserGroupIds ?? [],
    dataTiering: group.DataTiering === 'enabled',
    globalDatastore: group.GlobalReplicationGroupInfo?.GlobalReplicationGroupId,
    // Nodes of a group tell less of it than the group does.
    ...(group.LogDeliveryConfigurations?.length && {
      logDelivery: logDelivery(group.LogDeliveryConfigurations),
    }),
    node: clusterMode ? undefined : node?.CacheClusterId,
  };
  return {
    kind: 'replication-group',
    id: group.ReplicationGroupId ?? '',
    arn: group.ARN ?? '',
    status: group.Status ?? '',
    engine: settings.engine,
    encrypted: group.AtRestEncryptionEnabled ?? false,
    ...(group.KmsKeyId !== undefined && { kmsKey: group.KmsKeyId }),
    region,
    settings,
  };
}

const clusterSource = (found: CacheCluster, region: string): Source => ({
  kind: 'cache-cluster',
  id: found.CacheClusterId ?? '',
  arn: found.ARN ?? '',
  status: found.CacheClusterStatus ?? '',
  engine: found.Engine ?? '',
  encrypted: found.AtRestEncryptionEnabled ?? false,
  region,
  ...(found.ReplicationGroupId && { partOf: found.ReplicationGroupId }),
  settings: {
    ...nodeSettings(found),
    kind: 'cache-cluster',
    minorUpgrades: found.AutoMinorVersionUpgrade ?? true,
    snapshotRetention: found.SnapshotRetentionLimit,
    snapshotWindow: found.SnapshotWindow,
    transitEncryption: found.TransitEncryptionEnabled ?? false,
    availabilityZone: found.PreferredAvailabilityZone,
    hasAuthToken: found.AuthTokenEnabled ?? false,
  },
});

const serverlessSource = (found: ServerlessCache, region: string): Source => ({
  kind: 'serverless-cache',
  id: found.ServerlessCacheName ?? '',
  arn: found.ARN ?? '',
  status: found.Status?.toLowerCase() ?? '',
  engine: found.Engine ?? '',
  encrypted: true,
  ...(found.KmsKeyId !== undefined && { kmsKey: found.KmsKeyId }),
  region,
  settings: {
    kind: 'serverless-cache',
    engine: found.Engine ?? '',
    majorVersion: found.MajorEngineVersion,
    subnets: found.SubnetIds ?? [],
    securityGroups: found.SecurityGroupIds ?? [],
    userGroup: found.UserGroupId,
    kmsKey: found.KmsKeyId,
    ...(found.CacheUsageLimits && { limits: found.CacheUsageLimits }),
    snapshotRetention: found.SnapshotRetentionLimit,
    snapshotTime: found.DailySnapshotTime,
  },
});
