/** Settings of a database that a restored one gets by options of the command; what is undefined is AWS's default. */

/** What RDS keeps beside the data of an instance or a cluster, and no snapshot holds. */
export interface BesideTheData {
  /** Those that people can set. */
  readonly tags?: Readonly<Record<string, string>>;
  /** The CloudFormation stack that it belongs to. */
  readonly stack?: string | undefined;
  /** Days. */
  readonly backupRetention?: number | undefined;
  readonly backupWindow?: string | undefined;
  readonly maintenanceWindow?: string | undefined;
  /** `open-source-rds-extended-support` or the same with `-disabled`: old versions that are paid for, or upgraded. */
  readonly lifecycleSupport?: string | undefined;
  /** The password of the master user is a secret of RDS's own. */
  readonly managedPassword?: boolean;
  /** The key of that secret. */
  readonly passwordKey?: string | undefined;
  /** IAM roles that the database itself takes on. */
  readonly roles?: readonly { readonly arn: string; readonly feature?: string | undefined }[];
  readonly monitoring?: Monitoring;
  /** Names of what replicates from it. */
  readonly replicas?: readonly string[];
  /** What it replicates from. */
  readonly replicaOf?: string | undefined;
  readonly activityStream?: boolean;
}

/** How an instance is watched. */
export interface Monitoring {
  /** Of Enhanced Monitoring, in seconds; 0 when it is off. */
  readonly interval: number;
  readonly role?: string | undefined;
  readonly performanceInsights: boolean;
  readonly performanceInsightsKey?: string | undefined;
  /** Days. */
  readonly performanceInsightsDays?: number | undefined;
  /** `standard` or `advanced`. */
  readonly databaseInsights?: string | undefined;
}

export interface InstanceSettings extends BesideTheData {
  readonly kind: 'db-instance';
  readonly instanceClass: string;
  readonly subnetGroup?: string | undefined;
  readonly securityGroups: readonly string[];
  readonly parameterGroup?: string | undefined;
  readonly optionGroup?: string | undefined;
  readonly multiAz: boolean;
  readonly publiclyAccessible: boolean;
  readonly port?: number | undefined;
  readonly storageType?: string | undefined;
  readonly iops?: number | undefined;
  /** MiB/s. */
  readonly throughput?: number | undefined;
  readonly licenseModel?: string | undefined;
  readonly iamAuthentication: boolean;
  readonly deletionProtection: boolean;
  readonly copyTags: boolean;
  readonly minorUpgrades: boolean;
  readonly logExports: readonly string[];
  readonly certificateAuthority?: string | undefined;
  readonly networkType?: string | undefined;
  readonly dedicatedLogVolume: boolean;
  readonly domain?: string | undefined;
  readonly domainRole?: string | undefined;
  /** In a directory that is not of AWS Directory Service. */
  readonly ownDirectory?: boolean;
  /** GiB up to which the storage grows by itself. */
  readonly maxStorage?: number | undefined;
  /** Such as `coreCount=2`, of licenses by core. */
  readonly processor?: readonly { readonly name: string; readonly value: string }[];
  /** ARNs or regions to which RDS copies its automated backups. */
  readonly backupCopies?: readonly string[];
}

/** An instance of an Aurora cluster. */
export interface MemberSettings {
  readonly id: string;
  readonly writer: boolean;
  readonly instanceClass: string;
  readonly parameterGroup?: string | undefined;
  readonly promotionTier?: number | undefined;
  readonly publiclyAccessible: boolean;
  readonly minorUpgrades: boolean;
  readonly certificateAuthority?: string | undefined;
  readonly monitoring?: Monitoring;
  readonly maintenanceWindow?: string | undefined;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface ClusterSettings extends BesideTheData {
  readonly kind: 'db-cluster';
  readonly engine: string;
  readonly engineVersion?: string | undefined;
  /** `provisioned`, `serverless`, ... */
  readonly engineMode?: string | undefined;
  readonly subnetGroup?: string | undefined;
  readonly securityGroups: readonly string[];
  readonly parameterGroup?: string | undefined;
  readonly port?: number | undefined;
  readonly iamAuthentication: boolean;
  readonly deletionProtection: boolean;
  readonly copyTags: boolean;
  readonly logExports: readonly string[];
  /** Seconds. */
  readonly backtrackWindow?: number | undefined;
  /** Aurora capacity units. */
  readonly serverless?: { readonly min: number; readonly max: number };
  readonly storageType?: string | undefined;
  readonly networkType?: string | undefined;
  readonly domain?: string | undefined;
  readonly domainRole?: string | undefined;
  /** Of a Multi-AZ DB cluster, which has no instances of its own to be made. */
  readonly instanceClass?: string | undefined;
  readonly iops?: number | undefined;
  /** SQL over HTTPS. */
  readonly dataApi?: boolean;
  readonly localWriteForwarding?: boolean;
  /** The global database that it is a part of. */
  readonly globalCluster?: string | undefined;
  /** Endpoints that people have made. */
  readonly customEndpoints?: readonly string[];
  readonly members: readonly MemberSettings[];
}

/** What a replication group and a single cache cluster have in common. */
interface NodeSettings {
  readonly engine: string;
  readonly engineVersion?: string | undefined;
  readonly nodeType?: string | undefined;
  readonly parameterGroup?: string | undefined;
  readonly subnetGroup?: string | undefined;
  readonly securityGroups: readonly string[];
  readonly port?: number | undefined;
  readonly minorUpgrades: boolean;
  /** Days. */
  readonly snapshotRetention?: number | undefined;
  readonly snapshotWindow?: string | undefined;
  readonly transitEncryption: boolean;
  readonly networkType?: string | undefined;
  readonly ipDiscovery?: string | undefined;
  readonly maintenanceWindow?: string | undefined;
  readonly notificationTopic?: string | undefined;
  /** As AWS takes them. */
  readonly logDelivery?: readonly object[];
}

export interface ReplicationGroupSettings extends NodeSettings {
  readonly kind: 'replication-group';
  /** Cluster mode: several shards. */
  readonly shards?: number | undefined;
  readonly replicasPerShard: number;
  readonly automaticFailover: boolean;
  readonly multiAz: boolean;
  readonly transitEncryptionMode?: string | undefined;
  readonly atRestEncryption: boolean;
  readonly kmsKey?: string | undefined;
  readonly hasAuthToken: boolean;
  readonly userGroups: readonly string[];
  readonly dataTiering: boolean;
  /** The global datastore that it is a part of. */
  readonly globalDatastore?: string | undefined;
  /** The node that the snapshot is taken of, where the group is not in cluster mode. */
  readonly node?: string | undefined;
}

export interface CacheClusterSettings extends NodeSettings {
  readonly kind: 'cache-cluster';
  readonly availabilityZone?: string | undefined;
  readonly hasAuthToken?: boolean;
}

export interface ServerlessSettings {
  readonly kind: 'serverless-cache';
  readonly engine: string;
  readonly majorVersion?: string | undefined;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly userGroup?: string | undefined;
  readonly kmsKey?: string | undefined;
  /** As AWS takes them. */
  readonly limits?: object;
  readonly snapshotRetention?: number | undefined;
  readonly snapshotTime?: string | undefined;
}

export type RestoreSettings =
  | InstanceSettings
  | ClusterSettings
  | ReplicationGroupSettings
  | CacheClusterSettings
  | ServerlessSettings;
