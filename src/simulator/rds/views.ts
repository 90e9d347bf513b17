import type { DBCluster, DBClusterSnapshot, DBInstance, DBSnapshot, Tag } from '@aws-sdk/client-rds';
import type { Database, StoredSnapshot } from './model.ts';
import { progressAt, type RegionalDatabases, statusAt } from './state.ts';

const tagList = (tags: ReadonlyMap<string, string>): Tag[] =>
  [...tags].map(([Key, Value]) => ({ Key, Value }));

const key = (kmsKey: string | undefined) => (kmsKey === undefined ? {} : { KmsKeyId: kmsKey });

/** As DescribeDBInstances tells an instance. */
export const instanceView = (
  { region, accountId }: RegionalDatabases,
  database: Database,
  now: number,
): DBInstance => ({
  AllocatedStorage: 100,
  AutoMinorVersionUpgrade: true,
  BackupRetentionPeriod: 7,
  CopyTagsToSnapshot: false,
  DeletionProtection: true,
  IAMDatabaseAuthenticationEnabled: false,
  LicenseModel: 'postgresql-license',
  MonitoringInterval: 0,
  MultiAZ: false,
  PubliclyAccessible: false,
  StorageType: 'gp3',
  Endpoint: { Address: `${database.id}.c0ffee.${region}.rds.amazonaws.com`, Port: 5432 },
  DBSubnetGroup: { DBSubnetGroupName: 'private', VpcId: 'vpc-1' },
  VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-0db', Status: 'active' }],
  DBParameterGroups: [{ DBParameterGroupName: 'default.postgres16', ParameterApplyStatus: 'in-sync' }],
  OptionGroupMemberships: [{ OptionGroupName: 'default:postgres-16', Status: 'in-sync' }],
  ...(database.settings as DBInstance),
  DBInstanceIdentifier: database.id,
  DBInstanceArn: `arn:aws:rds:${region}:${accountId}:db:${database.id}`,
  DbiResourceId: database.resourceId,
  DBInstanceClass: database.class,
  DBInstanceStatus: statusAt(database, now),
  Engine: database.engine,
  EngineVersion: database.engineVersion,
  StorageEncrypted: database.encrypted,
  ...key(database.kmsKey),
  ...(database.cluster !== undefined && { DBClusterIdentifier: database.cluster }),
  InstanceCreateTime: new Date(database.createdAt),
  TagList: tagList(database.tags),
});

/** As DescribeDBClusters tells a cluster. */
export const clusterView = (region: RegionalDatabases, database: Database, now: number): DBCluster => ({
  BackupRetentionPeriod: 7,
  CopyTagsToSnapshot: false,
  DeletionProtection: true,
  EngineMode: 'provisioned',
  IAMDatabaseAuthenticationEnabled: false,
  Port: 5432,
  DBSubnetGroup: 'private',
  VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-0db', Status: 'active' }],
  DBClusterParameterGroup: 'default.aurora-postgresql16',
  DBClusterMembers: [...region.databases.values()]
    .filter(({ cluster }) => cluster?.toLowerCase() === database.id)
    .map(({ id, writer }) => ({ DBInstanceIdentifier: id, IsClusterWriter: writer, PromotionTier: 1 })),
  ...(database.settings as DBCluster),
  DBClusterIdentifier: database.id,
  DBClusterArn: `arn:aws:rds:${region.region}:${region.accountId}:cluster:${database.id}`,
  DbClusterResourceId: database.resourceId,
  Status: statusAt(database, now),
  Engine: database.engine,
  EngineVersion: database.engineVersion,
  StorageEncrypted: database.encrypted,
  ...key(database.kmsKey),
  ClusterCreateTime: new Date(database.createdAt),
  TagList: tagList(database.tags),
});

/** As DescribeDBSnapshots tells a snapshot. */
export function snapshotView(snapshot: StoredSnapshot, now: number): DBSnapshot {
  const { status, percent } = progressAt(snapshot, now);
  const { id, of, arn, type, takenAt, encrypted, kmsKey, tags, copyOf } = snapshot;
  return {
    DBSnapshotIdentifier: id,
    DBSnapshotArn: arn,
    DBInstanceIdentifier: of.id,
    DbiResourceId: of.resourceId,
    Engine: of.engine,
    EngineVersion: of.engineVersion,
    Status: status,
    PercentProgress: percent,
    SnapshotType: type,
    // A copy has a time of its own, and tells the first one's beside it.
    SnapshotCreateTime: new Date(copyOf === undefined ? takenAt : snapshot.askedAt),
    OriginalSnapshotCreateTime: new Date(takenAt),
    Encrypted: encrypted,
    ...key(kmsKey),
    ...(copyOf !== undefined && { SourceDBSnapshotIdentifier: copyOf, SourceRegion: copyOf.split(':')[3] }),
    TagList: tagList(tags),
  };
}

/** As DescribeDBClusterSnapshots tells a snapshot. */
export function clusterSnapshotView(snapshot: StoredSnapshot, now: number): DBClusterSnapshot {
  const { status, percent } = progressAt(snapshot, now);
  const { id, of, arn, type, askedAt, encrypted, kmsKey, tags, copyOf } = snapshot;
  return {
    DBClusterSnapshotIdentifier: id,
    DBClusterSnapshotArn: arn,
    DBClusterIdentifier: of.id,
    DbClusterResourceId: of.resourceId,
    Engine: of.engine,
    EngineVersion: of.engineVersion,
    Status: status,
    PercentProgress: percent,
    SnapshotType: type,
    SnapshotCreateTime: new Date(askedAt),
    StorageEncrypted: encrypted,
    ...key(kmsKey),
    ...(copyOf !== undefined && { SourceDBClusterSnapshotArn: copyOf }),
    TagList: tagList(tags),
  };
}
