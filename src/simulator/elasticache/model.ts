import type { CacheCluster, ReplicationGroup, ServerlessCache } from '@aws-sdk/client-elasticache';

interface Troubles {
  /** `available` if not given. */
  readonly status?: string;
  /** Milliseconds that a snapshot takes; 3 minutes if not given. */
  readonly snapshotTime?: number;
  /** Its snapshots end as `failed`. */
  readonly failing?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  /** The simulator's own region if not given. */
  readonly region?: string;
}

/** A replication group to begin with; its nodes are made with it. */
export interface ScenarioReplicationGroup extends Troubles {
  /** `valkey` if not given. */
  readonly engine?: string;
  readonly engineVersion?: string;
  readonly nodeType?: string;
  /** More than one makes it a group in cluster mode; 1 if not given. */
  readonly shards?: number;
  /** In cluster mode even with one shard. */
  readonly clusterMode?: boolean;
  /** Of each shard; 1 if not given. */
  readonly replicas?: number;
  /** Anything else of it, as DescribeReplicationGroups tells it. */
  readonly settings?: ReplicationGroup;
}

/** A cache cluster of its own, of Memcached or of a single node. */
export interface ScenarioCacheCluster extends Troubles {
  /** `redis` if not given. */
  readonly engine?: string;
  readonly engineVersion?: string;
  readonly nodeType?: string;
  readonly settings?: CacheCluster;
}

export interface ScenarioServerlessCache extends Troubles {
  /** `valkey` if not given. */
  readonly engine?: string;
  readonly settings?: ServerlessCache;
}

/** A snapshot that is there already. */
export interface ScenarioCacheSnapshot {
  /** The cache that it is of. */
  readonly of: string;
  /** Milliseconds before the scenario's start; a day if not given. */
  readonly ago?: number;
  readonly type?: 'manual' | 'automated';
  readonly tags?: Readonly<Record<string, string>>;
}

/** What ElastiCache has to begin with, by name. */
export interface ScenarioCaches {
  readonly replicationGroups?: Readonly<Record<string, ScenarioReplicationGroup>>;
  readonly clusters?: Readonly<Record<string, ScenarioCacheCluster>>;
  readonly serverless?: Readonly<Record<string, ScenarioServerlessCache>>;
  readonly snapshots?: Readonly<Record<string, ScenarioCacheSnapshot>>;
  /** Manual snapshots in a region; 20 for each node a day in AWS, 100 here if not given. */
  readonly quota?: number;
  /** KMS keys that exist and may not be used. */
  readonly lockedKeys?: readonly string[];
}

export type CacheKind = 'group' | 'cluster' | 'serverless';

/** A cache as the simulator keeps it. */
export interface Cache {
  readonly kind: CacheKind;
  readonly id: string;
  readonly arn: string;
  readonly engine: string;
  readonly engineVersion: string;
  readonly nodeType: string;
  readonly status: string;
  readonly shards: number;
  readonly clusterMode: boolean;
  readonly replicas: number;
  readonly settings: object;
  /** The group that a cluster is a node of. */
  readonly group: string | undefined;
  readonly snapshotTime: number;
  readonly failing: boolean;
  /** While it is `snapshotting`, in ms since the epoch. */
  busyUntil: number;
}

/** A snapshot as the simulator keeps it; its state follows from the time. */
export interface StoredSnapshot {
  readonly id: string;
  readonly arn: string;
  readonly of: Cache;
  readonly type: 'manual' | 'automated';
  readonly askedAt: number;
  readonly visibleAt: number;
  readonly takes: number;
  readonly kmsKey: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
  goneAt: number;
}
