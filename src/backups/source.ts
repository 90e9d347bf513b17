import type { RestoreSettings } from './restore-settings.ts';

/** What AWS can take a snapshot of, in AWS's words. */
export type SourceKind =
  | 'db-instance'
  | 'db-cluster'
  | 'replication-group'
  | 'cache-cluster'
  | 'serverless-cache';

/** A database or cache, as far as a backup of it needs to know it. */
export interface Source {
  readonly kind: SourceKind;
  /** The identifier, as AWS writes it. */
  readonly id: string;
  readonly arn: string;
  /** What AWS gives to one database only: another one that gets its name later has another. */
  readonly identity?: string;
  /** AWS's word: `available`, `backing-up`, ... */
  readonly status: string;
  readonly engine: string;
  readonly encrypted: boolean;
  /** ARN of the key that it is encrypted with. */
  readonly kmsKey?: string;
  readonly region: string;
  /** The cluster or replication group that it is a part of, which has to be backed up instead. */
  readonly partOf?: string;
  readonly settings: RestoreSettings;
}

/** A snapshot as AWS tells it. */
export interface Snapshot {
  readonly kind: SourceKind;
  readonly id: string;
  readonly arn: string;
  readonly region: string;
  /** The database that it is of, by its identifier. */
  readonly sourceId: string;
  /** The same by what AWS gives to one database only, where AWS tells it. */
  readonly sourceIdentity?: string;
  /** AWS's word: `creating`, `available`, `failed`, ... */
  readonly status: string;
  readonly percent?: number;
  /** When it was taken, in ms since the epoch; a copy has the time of what it is a copy of. */
  readonly beganAt?: number;
  readonly encrypted: boolean;
  /** ARN of the key that it is encrypted with. */
  readonly kmsKey?: string;
  /** Taken by somebody, not by AWS itself. */
  readonly manual: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** How errors and summaries call what a kind is. */
export const KIND_WORDS: Readonly<Record<SourceKind, string>> = {
  'db-instance': 'DB instance',
  'db-cluster': 'DB cluster',
  'replication-group': 'replication group',
  'cache-cluster': 'cache cluster',
  'serverless-cache': 'serverless cache',
};

/** What becomes of a snapshot that AWS shows in a state. */
export function progressOf({ status }: Pick<Snapshot, 'status'>): 'finished' | 'working' | 'lost' {
  if (status === 'available') return 'finished';
  return /^(creating|copying|pending|backing-up|restoring|exporting|modifying)$/.test(status)
    ? 'working'
    : 'lost';
}

/**
 * Whether a snapshot of a database can be taken now. `storage-optimization` is as good as `available`:
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
 *
 * @returns `soon` for states that end by themselves, in minutes, without anybody having changed the database
 */
export function readiness({ status }: Pick<Source, 'status'>): 'ready' | 'soon' | 'not-ready' {
  if (status === 'available' || status === 'storage-optimization') return 'ready';
  return /^(backing-up|snapshotting|configuring-.+)$/.test(status) ? 'soon' : 'not-ready';
}
