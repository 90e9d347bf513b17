import type {
  CopyDBClusterSnapshotCommandOutput,
  CopyDBSnapshotCommandOutput,
  CreateDBClusterSnapshotCommandOutput,
  CreateDBSnapshotCommandOutput,
  DBCluster,
  DBClusterSnapshot,
  DBInstance,
  DBSnapshot,
  DescribeDBClusterSnapshotsCommandOutput,
  DescribeDBClustersCommandOutput,
  DescribeDBInstancesCommandOutput,
  DescribeDBSnapshotsCommandOutput,
  DescribeEventsCommandOutput,
  Tag,
} from '@aws-sdk/client-rds';
import {
  CopyDBClusterSnapshotCommand,
  CopyDBSnapshotCommand,
  CreateDBClusterSnapshotCommand,
  CreateDBSnapshotCommand,
  DeleteDBClusterSnapshotCommand,
  DeleteDBSnapshotCommand,
  DescribeDBClusterSnapshotsCommand,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  DescribeEventsCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import type {
  BesideTheData,
  ClusterSettings,
  InstanceSettings,
  MemberSettings,
  Monitoring,
} from '../backups/restore-settings.ts';
import type { Snapshot, Source } from '../backups/source.ts';
import type { Ordered, Snapshots } from '../ports.ts';
import { type Connection, call, clientSettings, deniedAsGone, errorName } from './connection.ts';

type RdsKind = 'db-instance' | 'db-cluster';

/** How far back RDS is asked for what it said, in minutes. */
const EVENTS_MINUTES = 24 * 60;

/** What RDS calls the same things of instances and of clusters. */
interface Operations {
  readonly eventSource: 'db-snapshot' | 'db-cluster-snapshot';
  sources(ids: readonly string[]): Promise<readonly Source[]>;
  statuses(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  describe(query: SnapshotQuery): Promise<readonly Snapshot[]>;
  take(of: string, id: string, tags: Tag[]): Promise<Snapshot>;
  copy(from: string, id: string, tags: Tag[], key: { KmsKeyId?: string }): Promise<Snapshot>;
  remove(id: string): object;
}

interface SnapshotQuery {
  readonly of?: string;
  /** Also those that AWS takes by itself. */
  readonly any?: true;
  readonly ids?: readonly string[];
}

/**
 * DB instances or DB clusters of RDS and Aurora, and their snapshots. Permissions: rds:DescribeDBInstances,
 * rds:DescribeDBClusters, rds:DescribeDBSnapshots or rds:DescribeDBClusterSnapshots, rds:CreateDBSnapshot or
 * rds:CreateDBClusterSnapshot with rds:AddTagsToResource, rds:CopyDBSnapshot or rds:CopyDBClusterSnapshot,
 * rds:DeleteDBSnapshot or rds:DeleteDBClusterSnapshot, rds:DescribeEvents; each only for the method that needs it.
 *
 * @param region that of the job if not given
 */
export function databaseSnapshots(connection: Connection, kind: RdsKind, region?: string): Snapshots {
  const client = new RDSClient({ ...clientSettings(connection), ...(region !== undefined && { region }) });
  const send = <Output>(command: object): Promise<Output> => call<Output>(connection, 'rds', client, command);
  const operations = kind === 'db-instance' ? instances(send, client) : clusters(send, client);

  async function look(id: string): Promise<Snapshot | undefined> {
    const [found] = await operations.describe({ ids: [id] });
    return found;
  }

  return {
    kind,
    look,
    async sources(ids) {
      return byId(await operations.sources(ids), ids);
    },
    statuses: (ids) => operations.statuses(ids),
    async list(source, prefix) {
      const all = await operations.describe({ of: source.id });
      return all.filter(({ id }) => id.startsWith(prefix));
    },
    of: (id) => operations.describe({ of: id, any: true }),
    async find(ids) {
      return new Map((await operations.describe({ ids })).map((each) => [each.id, each]));
    },
    take: ({ source, id, tags }) => ordered(() => operations.take(source.id, id, tagList(tags))),
    copy: ({ from, id, tags, kmsKey }) =>
      ordered(() =>
        operations.copy(from.arn, id, tagList(tags), kmsKey === undefined ? {} : { KmsKeyId: kmsKey }),
      ),
    async delete(id) {
      try {
        await send(operations.remove(id));
      } catch (error) {
        if (/^DB(Cluster)?SnapshotNotFound/.test(errorName(error))) return;
        if (!(await deniedAsGone(error, async () => (await look(id)) === undefined))) throw error;
      }
    },
    async reason(id) {
      const command = new DescribeEventsCommand({
        SourceType: operations.eventSource,
        SourceIdentifier: id,
        Duration: EVENTS_MINUTES,
      });
      const { Events = [] } = await send<DescribeEventsCommandOutput>(command);
      return Events.findLast(({ Message }) => Message)?.Message;
    },
  };
}

/** Databases by what they were asked for: RDS knows them in whatever case. */
function byId(found: readonly Source[], ids: readonly string[]): ReadonlyMap<string, Source> {
  return new Map(
    ids.flatMap((id) => {
      const source = found.find((each) => each.id.toLowerCase() === id.toLowerCase());
      return source ? [[id, source] as const] : [];
    }),
  );
}

async function ordered(order: () => Promise<Snapshot>): Promise<Ordered> {
  try {
    return { kind: 'begun', snapshot: await order() };
  } catch (error) {
    const name = errorName(error);
    if (/^DB(Cluster)?SnapshotAlreadyExists/.test(name)) return { kind: 'taken' };
    if (/^InvalidDB(Instance|Cluster|Snapshot|ClusterSnapshot)State/.test(name)) {
      return { kind: 'not-now', why: error instanceof Error ? error.message : name };
    }
    throw error;
  }
}

type Send = <Output>(command: object) => Promise<Output>;

/** RDS answers in pages of a hundred. */
async function pages<Item>(
  ask: (marker: {
    Marker?: string;
  }) => Promise<{ readonly items: readonly Item[]; readonly next?: string | undefined }>,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  let marker: string | undefined;
  do {
    const { items, next } = await ask(marker === undefined ? {} : { Marker: marker });
    all.push(...items);
    marker = next;
  } while (marker);
  return all;
}

const filter = (name: string, values: readonly string[]) => ({
  Filters: [{ Name: name, Values: [...values] }],
});

const describeInstances = (
  send: Send,
  name: string,
  values: readonly string[],
): Promise<readonly DBInstance[]> =>
  pages(async (marker) => {
    const command = new DescribeDBInstancesCommand({ ...filter(name, values), ...marker });
    const { DBInstances = [], Marker } = await send<DescribeDBInstancesCommandOutput>(command);
    return { items: DBInstances, next: Marker };
  });

const describeClusters = (send: Send, ids: readonly string[]): Promise<readonly DBCluster[]> =>
  pages(async (marker) => {
    const command = new DescribeDBClustersCommand({ ...filter('db-cluster-id', ids), ...marker });
    const { DBClusters = [], Marker } = await send<DescribeDBClustersCommandOutput>(command);
    return { items: DBClusters, next: Marker };
  });

function instances(send: Send, client: RDSClient): Operations {
  const described = (found: DBSnapshot | undefined): Snapshot => {
    if (!found?.DBSnapshotIdentifier || !found.DBSnapshotArn) throw new Error('RDS answered no snapshot');
    const began = found.OriginalSnapshotCreateTime ?? found.SnapshotCreateTime;
    return snapshot({
      kind: 'db-instance',
      id: found.DBSnapshotIdentifier,
      arn: found.DBSnapshotArn,
      sourceId: found.DBInstanceIdentifier,
      sourceIdentity: found.DbiResourceId,
      status: found.Status,
      percent: found.PercentProgress,
      began,
      encrypted: found.Encrypted,
      kmsKey: found.KmsKeyId,
      type: found.SnapshotType,
      tags: found.TagList,
    });
  };
  return {
    eventSource: 'db-snapshot',
    async sources(ids) {
      const region = await client.config.region();
      const found = await describeInstances(send, 'db-instance-id', ids);
      return found.map((instance) => instanceSource(instance, region));
    },
    async statuses(ids) {
      const found = await describeInstances(send, 'db-instance-id', ids);
      return new Map(found.map((each) => [each.DBInstanceIdentifier ?? '', each.DBInstanceStatus ?? '']));
    },
    describe: ({ of, ids, any }) =>
      pages(async (marker) => {
        const command = new DescribeDBSnapshotsCommand({
          ...(of !== undefined && { DBInstanceIdentifier: of }),
          ...(ids !== undefined && filter('db-snapshot-id', ids)),
          ...(!any && { SnapshotType: 'manual' }),
          ...marker,
        });
        const { DBSnapshots = [], Marker } = await send<DescribeDBSnapshotsCommandOutput>(command);
        return { items: DBSnapshots.map(described), next: Marker };
      }),
    async take(of, id, Tags) {
      const command = new CreateDBSnapshotCommand({
        DBInstanceIdentifier: of,
        DBSnapshotIdentifier: id,
        Tags,
      });
      return described((await send<CreateDBSnapshotCommandOutput>(command)).DBSnapshot);
    },
    async copy(from, id, Tags, key) {
      const command = new CopyDBSnapshotCommand({
        SourceDBSnapshotIdentifier: from,
        TargetDBSnapshotIdentifier: id,
        Tags,
        ...key,
      });
      return described((await send<CopyDBSnapshotCommandOutput>(command)).DBSnapshot);
    },
    remove: (id) => new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: id }),
  };
}

function clusters(send: Send, client: RDSClient): Operations {
  const described = (found: DBClusterSnapshot | undefined): Snapshot => {
    if (!found?.DBClusterSnapshotIdentifier || !found.DBClusterSnapshotArn) {
      throw new Error('RDS answered no snapshot');
    }
    return snapshot({
      kind: 'db-cluster',
      id: found.DBClusterSnapshotIdentifier,
      arn: found.DBClusterSnapshotArn,
      sourceId: found.DBClusterIdentifier,
      sourceIdentity: found.DbClusterResourceId,
      status: found.Status,
      percent: found.PercentProgress,
      began: found.SnapshotCreateTime,
      encrypted: found.StorageEncrypted,
      kmsKey: found.KmsKeyId,
      type: found.SnapshotType,
      tags: found.TagList,
    });
  };
  return {
    eventSource: 'db-cluster-snapshot',
    async sources(ids) {
      const region = await client.config.region();
      const found = await describeClusters(send, ids);
      const names = found.flatMap(({ DBClusterIdentifier }) => DBClusterIdentifier ?? []);
      const members = names.length === 0 ? [] : await describeInstances(send, 'db-cluster-id', names);
      return found.map((cluster) => clusterSource(cluster, members, region));
    },
    async statuses(ids) {
      const found = await describeClusters(send, ids);
      return new Map(found.map((each) => [each.DBClusterIdentifier ?? '', each.Status ?? '']));
    },
    describe: ({ of, ids, any }) =>
      pages(async (marker) => {
        const command = new DescribeDBClusterSnapshotsCommand({
          ...(of !== undefined && { DBClusterIdentifier: of }),
          ...(ids !== undefined && filter('db-cluster-snapshot-id', ids)),
          ...(!any && { SnapshotType: 'manual' }),
          ...marker,
        });
        const { DBClusterSnapshots = [], Marker } =
          await send<DescribeDBClusterSnapshotsCommandOutput>(command);
        return { items: DBClusterSnapshots.map(described), next: Marker };
      }),
    async take(of, id, Tags) {
      const command = new CreateDBClusterSnapshotCommand({
        DBClusterIdentifier: of,
        DBClusterSnapshotIdentifier: id,
        Tags,
      });
      return described((await send<CreateDBClusterSnapshotCommandOutput>(command)).DBClusterSnapshot);
    },
    async copy(from, id, Tags, key) {
      const command = new CopyDBClusterSnapshotCommand({
        SourceDBClusterSnapshotIdentifier: from,
        TargetDBClusterSnapshotIdentifier: id,
        Tags,
        ...key,
      });
      return described((await send<CopyDBClusterSnapshotCommandOutput>(command)).DBClusterSnapshot);
    },
    remove: (id) => new DeleteDBClusterSnapshotCommand({ DBClusterSnapshotIdentifier: id }),
  };
}

const tagList = (tags: Readonly<Record<string, string>>): Tag[] =>
  Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

function snapshot(found: {
  readonly kind: RdsKind;
  readonly id: string;
  readonly arn: string;
  readonly sourceId: string | undefined;
  readonly sourceIdentity: string | undefined;
  readonly status: string | undefined;
  readonly percent: number | undefined;
  readonly began: Date | undefined;
  readonly encrypted: boolean | undefined;
  readonly kmsKey: string | undefined;
  readonly type: string | undefined;
  readonly tags: readonly Tag[] | undefined;
}): Snapshot {
  const { kind, id, arn, sourceIdentity, percent, began, kmsKey, tags = [] } = found;
  return {
    kind,
    id,
    arn,
    region: arn.split(':')[3] ?? '',
    sourceId: found.sourceId ?? '',
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    status: found.status ?? '',
    ...(percent !== undefined && { percent }),
    ...(began !== undefined && { beganAt: began.getTime() }),
    encrypted: found.encrypted ?? false,
    ...(kmsKey !== undefined && { kmsKey }),
    manual: found.type === 'manual',
    tags: Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value])),
  };
}

const securityGroups = (found: DBInstance['VpcSecurityGroups']): readonly string[] =>
  (found ?? []).flatMap(({ VpcSecurityGroupId }) => VpcSecurityGroupId ?? []);

/** AWS's own cannot be set. */
const ownTags = (tags: readonly Tag[] = []): Readonly<Record<string, string>> =>
  Object.fromEntries(
    tags.flatMap(({ Key = '', Value = '' }) => (/^(aws|rds):/i.test(Key) ? [] : [[Key, Value]])),
  );

const monitoringOf = (found: DBInstance | DBCluster): Monitoring => ({
  interval: found.MonitoringInterval ?? 0,
  role: found.MonitoringRoleArn,
  performanceInsights: found.PerformanceInsightsEnabled ?? false,
  performanceInsightsKey: found.PerformanceInsightsKMSKeyId,
  performanceInsightsDays: found.PerformanceInsightsRetentionPeriod,
  databaseInsights: found.DatabaseInsightsMode,
});

const besideTheData = (found: DBInstance | DBCluster): BesideTheData => ({
  tags: ownTags(found.TagList),
  stack: found.TagList?.find(({ Key }) => Key === 'aws:cloudformation:stack-name')?.Value,
  backupRetention: found.BackupRetentionPeriod,
  backupWindow: found.PreferredBackupWindow,
  maintenanceWindow: found.PreferredMaintenanceWindow,
  lifecycleSupport: found.EngineLifecycleSupport,
  managedPassword: found.MasterUserSecret?.SecretArn !== undefined,
  passwordKey: found.MasterUserSecret?.KmsKeyId,
  roles: (found.AssociatedRoles ?? []).flatMap(({ RoleArn, FeatureName }) =>
    RoleArn === undefined ? [] : [{ arn: RoleArn, feature: FeatureName }],
  ),
  activityStream: /^start/.test(found.ActivityStreamStatus ?? ''),
});

function instanceSource(found: DBInstance, region: string): Source {
  const [domain] = found.DomainMemberships ?? [];
  const settings: InstanceSettings = {
    kind: 'db-instance',
    instanceClass: found.DBInstanceClass ?? '',
    subnetGroup: found.DBSubnetGroup?.DBSubnetGroupName,
    securityGroups: securityGroups(found.VpcSecurityGroups),
    parameterGroup: found.DBParameterGroups?.[0]?.DBParameterGroupName,
    optionGroup: found.OptionGroupMemberships?.[0]?.OptionGroupName,
    multiAz: found.MultiAZ ?? false,
    publiclyAccessible: found.PubliclyAccessible ?? false,
    port: found.Endpoint?.Port,
    storageType: found.StorageType,
    iops: found.Iops,
    throughput: found.StorageThroughput,
    licenseModel: found.LicenseModel,
    iamAuthentication: found.IAMDatabaseAuthenticationEnabled ?? false,
    deletionProtection: found.DeletionProtection ?? false,
    copyTags: found.CopyTagsToSnapshot ?? false,
    minorUpgrades: found.AutoMinorVersionUpgrade ?? true,
    logExports: found.EnabledCloudwatchLogsExports ?? [],
    certificateAuthority: found.CACertificateIdentifier,
    networkType: found.NetworkType,
    dedicatedLogVolume: found.DedicatedLogVolume ?? false,
    domain: domain?.Domain,
    domainRole: domain?.IAMRoleName,
    ownDirectory: domain?.FQDN !== undefined && domain.AuthSecretArn !== undefined,
    maxStorage: found.MaxAllocatedStorage,
    processor: (found.ProcessorFeatures ?? []).flatMap(({ Name, Value }) =>
      Name !== undefined && Value !== undefined ? [{ name: Name, value: Value }] : [],
    ),
    backupCopies: (found.DBInstanceAutomatedBackupsReplications ?? []).flatMap(
      (each) => each.DBInstanceAutomatedBackupsArn ?? [],
    ),
    monitoring: monitoringOf(found),
    replicas: [
      ...(found.ReadReplicaDBInstanceIdentifiers ?? []),
      ...(found.ReadReplicaDBClusterIdentifiers ?? []),
    ],
    replicaOf: found.ReadReplicaSourceDBInstanceIdentifier ?? found.ReadReplicaSourceDBClusterIdentifier,
    ...besideTheData(found),
  };
  return {
    kind: 'db-instance',
    id: found.DBInstanceIdentifier ?? '',
    arn: found.DBInstanceArn ?? '',
    ...(found.DbiResourceId !== undefined && { identity: found.DbiResourceId }),
    status: found.DBInstanceStatus ?? '',
    engine: found.Engine ?? '',
    encrypted: found.StorageEncrypted ?? false,
    ...(found.KmsKeyId !== undefined && { kmsKey: found.KmsKeyId }),
    region,
    ...(found.DBClusterIdentifier && { partOf: found.DBClusterIdentifier }),
    settings,
  };
}

function clusterSource(found: DBCluster, instancesOfAll: readonly DBInstance[], region: string): Source {
  const id = found.DBClusterIdentifier ?? '';
  const [domain] = found.DomainMemberships ?? [];
  const roles = new Map(
    (found.DBClusterMembers ?? []).map((member) => [member.DBInstanceIdentifier, member] as const),
  );
  // The instances of a Multi-AZ DB cluster come with it.
  const own = found.DBClusterInstanceClass
    ? []
    : instancesOfAll.filter(({ DBClusterIdentifier }) => DBClusterIdentifier === id);
  const capacity = found.ServerlessV2ScalingConfiguration;
  const settings: ClusterSettings = {
    kind: 'db-cluster',
    engine: found.Engine ?? '',
    engineVersion: found.EngineVersion,
    engineMode: found.EngineMode,
    subnetGroup: found.DBSubnetGroup,
    securityGroups: securityGroups(found.VpcSecurityGroups),
    parameterGroup: found.DBClusterParameterGroup,
    port: found.Port,
    iamAuthentication: found.IAMDatabaseAuthenticationEnabled ?? false,
    deletionProtection: found.DeletionProtection ?? false,
    copyTags: found.CopyTagsToSnapshot ?? false,
    logExports: found.EnabledCloudwatchLogsExports ?? [],
    backtrackWindow: found.BacktrackWindow || undefined,
    ...(capacity?.MinCapacity !== undefined &&
      capacity.MaxCapacity !== undefined && {
        serverless: { min: capacity.MinCapacity, max: capacity.MaxCapacity },
      }),
    storageType: found.StorageType,
    networkType: found.NetworkType,
    domain: domain?.Domain,
    domainRole: domain?.IAMRoleName,
    instanceClass: found.DBClusterInstanceClass,
    iops: found.DBClusterInstanceClass ? found.Iops : undefined,
    dataApi: found.HttpEndpointEnabled ?? false,
    localWriteForwarding: found.LocalWriteForwardingStatus === 'enabled',
    globalCluster: found.GlobalClusterIdentifier || undefined,
    customEndpoints: found.CustomEndpoints ?? [],
    // The instances of an Aurora cluster are watched each by itself, unless by Database Insights.
    ...((found.DBClusterInstanceClass || found.DatabaseInsightsMode === 'advanced') && {
      monitoring: monitoringOf(found),
    }),
    replicas: found.ReadReplicaIdentifiers ?? [],
    replicaOf: found.ReplicationSourceIdentifier || undefined,
    ...besideTheData(found),
    members: own.map(
      (instance): MemberSettings => ({
        id: instance.DBInstanceIdentifier ?? '',
        writer: roles.get(instance.DBInstanceIdentifier)?.IsClusterWriter ?? false,
        instanceClass: instance.DBInstanceClass ?? '',
        parameterGroup: instance.DBParameterGroups?.[0]?.DBParameterGroupName,
        promotionTier: instance.PromotionTier ?? roles.get(instance.DBInstanceIdentifier)?.PromotionTier,
        publiclyAccessible: instance.PubliclyAccessible ?? false,
        minorUpgrades: instance.AutoMinorVersionUpgrade ?? true,
        certificateAuthority: instance.CACertificateIdentifier,
        monitoring: monitoringOf(instance),
        maintenanceWindow: instance.PreferredMaintenanceWindow,
        tags: ownTags(instance.TagList),
      }),
    ),
  };
  return {
    kind: 'db-cluster',
    id,
    arn: found.DBClusterArn ?? '',
    ...(found.DbClusterResourceId !== undefined && { identity: found.DbClusterResourceId }),
    status: found.Status ?? '',
    engine: found.Engine ?? '',
    encrypted: found.StorageEncrypted ?? false,
    ...(found.KmsKeyId !== undefined && { kmsKey: found.KmsKeyId }),
    region,
    settings,
  };
}
