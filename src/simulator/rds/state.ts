import type { DBCluster, DBInstance } from '@aws-sdk/client-rds';
import { hexId } from '../world/ids.ts';
import type { Kernel } from '../world/kernel.ts';
import { Regions } from '../world/regions.ts';
import { databaseNotFound } from './errors.ts';
import type {
  Database,
  DatabaseKind,
  ScenarioDatabases,
  ScenarioDbCluster,
  ScenarioDbInstance,
  StoredSnapshot,
} from './model.ts';

const SNAPSHOT_TIME = 240_000;
const DAY = 86_400_000;
const QUOTA = 100;

/** RDS of one account in one region. */
export interface RegionalDatabases {
  readonly accountId: string;
  readonly region: string;
  /** By kind and identifier. */
  readonly databases: Map<string, Database>;
  readonly snapshots: Map<string, StoredSnapshot>;
}

const keyOf = (kind: DatabaseKind, id: string): string => `${kind}/${id.toLowerCase()}`;

/** RDS in all accounts and regions. */
export class Databases {
  readonly kernel: Kernel;
  readonly quota: number;
  readonly lockedKeys: ReadonlySet<string>;
  readonly #regions = new Regions<RegionalDatabases>((accountId, region) => ({
    accountId,
    region,
    databases: new Map(),
    snapshots: new Map(),
  }));

  /** @param start the scenario's, in ms since the epoch */
  constructor(kernel: Kernel, scenario: ScenarioDatabases, start: number) {
    this.kernel = kernel;
    this.quota = scenario.quota ?? QUOTA;
    this.lockedKeys = new Set(scenario.lockedKeys);
    for (const [id, given] of Object.entries(scenario.clusters ?? {})) this.#add('cluster', id, given, start);
    for (const [id, given] of Object.entries(scenario.instances ?? {}))
      this.#add('instance', id, given, start);
    for (const [id, { of, ago = DAY, type = 'manual', tags = {} }] of Object.entries(
      scenario.snapshots ?? {},
    )) {
      const source = this.#source(of);
      const region = this.in(kernel.accountId, kernel.region);
      this.put(region, source, {
        id,
        type,
        askedAt: start - ago,
        visibleAt: 0,
        takes: 0,
        tags: new Map(Object.entries(tags)),
      });
    }
  }

  in(accountId: string, region: string): RegionalDatabases {
    return this.#regions.in(accountId, region);
  }

  /** @throws AwsError when there is none */
  database(region: RegionalDatabases, kind: DatabaseKind, id = ''): Database {
    const found = region.databases.get(keyOf(kind, id));
    if (!found) throw databaseNotFound(kind, id);
    return found;
  }

  /** One that can still be asked for, whether describes show it or not. */
  snapshot(
    region: RegionalDatabases,
    kind: DatabaseKind,
    id: string,
    now: number,
  ): StoredSnapshot | undefined {
    const found = region.snapshots.get(keyOf(kind, id));
    return found && now < found.goneAt ? found : undefined;
  }

  /** Adds a snapshot of a database, or a copy of one. */
  put(
    region: RegionalDatabases,
    of: Database | StoredSnapshot,
    given: Pick<StoredSnapshot, 'id' | 'type' | 'askedAt' | 'visibleAt' | 'takes' | 'tags'> &
      Partial<Pick<StoredSnapshot, 'kmsKey' | 'copyOf' | 'encrypted'>>,
  ): StoredSnapshot {
    const id = given.id.toLowerCase();
    const resource = of.kind === 'instance' ? 'snapshot' : 'cluster-snapshot';
    const snapshot: StoredSnapshot = {
      kind: of.kind,
      of: 'of' in of ? of.of : of,
      failing: of.failing,
      takenAt: 'takenAt' in of ? of.takenAt : given.askedAt,
      copyOf: undefined,
      encrypted: of.encrypted,
      kmsKey: of.kmsKey,
      arn: `arn:aws:rds:${region.region}:${region.accountId}:${resource}:${id}`,
      goneAt: Number.POSITIVE_INFINITY,
      ...given,
      id,
    };
    region.snapshots.set(keyOf(of.kind, id), snapshot);
    return snapshot;
  }

  /** The tags of what has the ARN; undefined when there is no such thing. */
  tagsOf(arn: string): ReadonlyMap<string, string> | undefined {
    const [, , , region = '', accountId = '', resource = '', id = ''] = arn.split(':');
    const { databases, snapshots } = this.in(accountId, region);
    const kind = resource.startsWith('cluster') ? 'cluster' : 'instance';
    return (resource.endsWith('snapshot') ? snapshots : databases).get(keyOf(kind, id))?.tags;
  }

  #source(id: string): Database {
    const region = this.in(this.kernel.accountId, this.kernel.region);
    const found = region.databases.get(keyOf('instance', id)) ?? region.databases.get(keyOf('cluster', id));
    if (!found) throw new Error(`the scenario has a snapshot of ${id}, which it does not have`);
    return found;
  }

  #add(kind: DatabaseKind, id: string, given: ScenarioDbInstance | ScenarioDbCluster, start: number): void {
    const { accountId, region: home, random } = this.kernel;
    const region = this.in(accountId, given.region ?? home);
    const instance: ScenarioDbInstance = kind === 'instance' ? (given as ScenarioDbInstance) : {};
    const settings: DBInstance | DBCluster = given.settings ?? {};
    const encrypted = given.encrypted ?? false;
    region.databases.set(keyOf(kind, id), {
      kind,
      id: id.toLowerCase(),
      resourceId: `${kind === 'instance' ? 'db' : 'cluster'}-${hexId(random, 26).toUpperCase()}`,
      engine: given.engine ?? (kind === 'cluster' || instance.cluster ? 'aurora-postgresql' : 'postgres'),
      engineVersion: given.engineVersion ?? '16.4',
      status: given.status ?? 'available',
      encrypted,
      kmsKey: encrypted
        ? (settings.KmsKeyId ?? `arn:aws:kms:${region.region}:${accountId}:key/aws-rds`)
        : undefined,
      tags: new Map(Object.entries(given.tags ?? {})),
      settings,
      class: instance.class ?? 'db.r6g.large',
      cluster: instance.cluster,
      writer: instance.writer ?? false,
      snapshotTime: given.snapshotTime ?? SNAPSHOT_TIME,
      failing: given.failing,
      createdAt: start - 90 * DAY,
      busyUntil: given.backingUpUntil === undefined ? 0 : start + given.backingUpUntil,
    });
  }
}

/** Whether describes show a snapshot. */
export const isVisible = ({ visibleAt, goneAt }: StoredSnapshot, now: number): boolean =>
  now >= visibleAt && now < goneAt;

/** How far a snapshot is at some time. */
export function progressAt(snapshot: StoredSnapshot, now: number): { status: string; percent: number } {
  const { askedAt, takes, failing, copyOf, goneAt } = snapshot;
  if (goneAt !== Number.POSITIVE_INFINITY) return { status: 'deleting', percent: 100 };
  const share = takes === 0 ? 1 : Math.min(1, Math.max(0, (now - askedAt) / takes));
  if (failing !== undefined && copyOf === undefined && takes > 0 && share >= 0.5) {
    return { status: 'failed', percent: 0 };
  }
  const working = copyOf === undefined || takes === 0 ? 'creating' : 'copying';
  return { status: share < 1 ? working : 'available', percent: Math.floor(share * 100) };
}

export const statusAt = ({ status, busyUntil }: Database, now: number): string =>
  status === 'available' && now < busyUntil ? 'backing-up' : status;
