/** Settings of a database that a restored one gets by options of the command; what is undefined is AWS's default. */

export interface InstanceSettings {
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
  /** GiB up to which the storage grows by itself. */
  readonly maxStorage?: number | undefined;
  readonly performanceInsights: boolean;
  /** Seconds. */
  readonly monitoringInterval: number;
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
}

export interface ClusterSettings {
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
  /** The node that the snapshot is taken of, where the group is not in cluster mode. */
  readonly node?: string | undefined;
}

export interface CacheClusterSettings extends NodeSettings {
  readonly kind: 'cache-cluster';
  readonly availabilityZone?: string | undefined;
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
