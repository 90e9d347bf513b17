import type { SourceKind } from './source.ts';

/**
 * How long the name of a snapshot may be. RDS: the API reference of CreateDBSnapshot and CreateDBClusterSnapshot.
 * ElastiCache names no limit for caches of nodes: there it is what it takes for the name of a cluster.
 */
export const NAME_LIMITS: Readonly<Record<SourceKind, number>> = {
  'db-instance': 255,
  'db-cluster': 63,
  'replication-group': 50,
  'cache-cluster': 50,
  'serverless-cache': 255,
};

/** A run's id has eleven digits today. */
const RUN_LENGTH = 12;
/** `-12` for the second of a run and so on, and what an encrypted copy has behind its name. */
const ENCRYPTED = '-enc';
const REST = '-12'.length;
/** Label and hash leave some letters of the name. */
export const LABEL_LENGTH = 12;

/** What the name of a snapshot is made of. */
export interface NameParts {
  readonly kind: SourceKind;
  /** The database's identifier. */
  readonly source: string;
  /** What the snapshot is for, such as `pre-deploy`. */
  readonly label: string;
  /** ms since the epoch; the date in the name is that of UTC. */
  readonly at: number;
  readonly run: string;
  /** 1 for the first of a run. */
  readonly nth: number;
}

/** `NAME-LABEL-YYYYMMDD-RUN`, and `-2` and so on behind it for further ones of a run. */
export function snapshotName({ kind, source, label, at, run, nth }: NameParts): string {
  const date = new Date(at).toISOString().slice(0, 10).replaceAll('-', '');
  const counted = nth > 1 ? `-${nth}` : '';
  return `${namePrefix(kind, source, label)}${date}-${run.slice(-RUN_LENGTH)}${counted}`;
}

/** The name of a copy with another key in the same region, where the name itself is taken. */
export const encryptedName = (name: string): string => `${name}${ENCRYPTED}`;

/** What the names of all snapshots of a database with a label begin with. */
export function namePrefix(kind: SourceKind, source: string, label: string): string {
  const tail = `-${label}-`;
  // Only databases have their snapshots encrypted by a copy.
  const copy = kind === 'db-instance' || kind === 'db-cluster' ? ENCRYPTED.length : 0;
  const reserved = tail.length + 'YYYYMMDD-'.length + RUN_LENGTH + REST + copy;
  return `${shortened(source.toLowerCase(), NAME_LIMITS[kind] - reserved)}${tail}`;
}

/** Whether a name could be one of those that `snapshotName` and `encryptedName` give. */
export function isSnapshotName(name: string, prefix: string): boolean {
  if (!name.startsWith(prefix)) return false;
  return /^\d{8}-[a-z0-9]+(-\d+)?(-enc)?$/.test(name.slice(prefix.length));
}

/** A name that fits as it is; otherwise its beginning and a hash of the whole, so that two long ones stay apart. */
function shortened(name: string, room: number): string {
  if (name.length <= room) return name;
  const hash = hashOf(name);
  return `${name.slice(0, room - hash.length - 1).replace(/-+$/, '')}-${hash}`;
}

/** FNV-1a of 32 bits, in six letters and digits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash.toString(36).padStart(7, '0').slice(-6);
}
