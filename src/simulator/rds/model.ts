import type { DBCluster, DBInstance } from '@aws-sdk/client-rds';

/** What goes wrong with the snapshots of a database, and what AWS says of it. */
interface Troubles {
  /** Milliseconds that a snapshot takes; 4 minutes if not given. */
  readonly snapshotTime?: number;
  /** Its snapshots end as `failed`, with this event. */
  readonly failing?: string;
  /** Milliseconds after the scenario's start until which it is backing up, as in its backup window. */
  readonly backingUpUntil?: number;
}

/** A DB instance to begin with. */
export interface ScenarioDbInstance extends Troubles {
  /** `postgres` if not given. */
  readonly engine?: string;
  readonly engineVersion?: string;
  readonly class?: string;
  /** `available` if not given. */
  readonly status?: string;
  /** The Aurora cluster that it is a member of. */
  readonly cluster?: string;
  readonly writer?: boolean;
  readonly encrypted?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  /** Anything else of it, as DescribeDBInstances tells it. */
  readonly settings?: DBInstance;
  /** The simulator's own region if not given. */
  readonly region?: string;
}

/** A DB cluster to begin with: Aurora, or Multi-AZ when its engine says so. */
export interface ScenarioDbCluster extends Troubles {
  /** `aurora-postgresql` if not given. */
  readonly engine?: string;
  readonly engineVersion?: string;
  readonly status?: string;
  readonly encrypted?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  /** Anything else of it, as DescribeDBClusters tells it. */
  readonly settings?: DBCluster;
  readonly region?: string;
}

/** A snapshot that is there already. */
export interface ScenarioDbSnapshot {
  /** The instance or cluster that it is of. */
  readonly of: string;
  /** Milliseconds before the scenario's start; a day if not given. */
  readonly ago?: number;
  /** `manual` if not given. */
  readonly type?: 'manual' | 'automated';
  readonly tags?: Readonly<Record<string, string>>;
}

/** What RDS has to begin with, by identifier. */
export interface ScenarioDatabases {
  readonly instances?: Readonly<Record<string, ScenarioDbInstance>>;
  readonly clusters?: Readonly<Record<string, ScenarioDbCluster>>;
  readonly snapshots?: Readonly<Record<string, ScenarioDbSnapshot>>;
  /** Manual snapshots of each kind in a region; 100 if not given. */
  readonly quota?: number;
  /** KMS keys that exist and may not be used. */
  readonly lockedKeys?: readonly string[];
}

export type DatabaseKind = 'instance' | 'cluster';

/** An instance or a cluster as the simulator keeps it. */
export interface Database {
  readonly kind: DatabaseKind;
  readonly id: string;
  readonly resourceId: string;
  readonly engine: string;
  readonly engineVersion: string;
  readonly status: string;
  readonly encrypted: boolean;
  readonly kmsKey: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
  readonly settings: DBInstance | DBCluster;
  readonly class: string;
  readonly cluster: string | undefined;
  readonly writer: boolean;
  readonly snapshotTime: number;
  readonly failing: string | undefined;
  readonly createdAt: number;
  /** While it is `backing-up`, in ms since the epoch. */
  busyUntil: number;
}

/** A snapshot as the simulator keeps it; its state follows from the time. */
export interface StoredSnapshot {
  readonly kind: DatabaseKind;
  readonly id: string;
  readonly arn: string;
  readonly of: Pick<Database, 'id' | 'resourceId' | 'engine' | 'engineVersion'>;
  readonly type: 'manual' | 'automated';
  /** When it was asked for, and when that can be seen: describes lag behind writes. */
  readonly askedAt: number;
  readonly visibleAt: number;
  readonly takes: number;
  readonly failing: string | undefined;
  /** When what it holds was so. */
  readonly takenAt: number;
  readonly copyOf: string | undefined;
  readonly encrypted: boolean;
  readonly kmsKey: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
  /** While it can still be seen as `deleting`. */
  goneAt: number;
}
