import { AwsError } from '../operation.ts';
import type { Kernel } from '../world/kernel.ts';
import { Regions } from '../world/regions.ts';
import type { Cache, CacheKind, ScenarioCaches, StoredSnapshot } from './model.ts';

const SNAPSHOT_TIME = 180_000;
const DAY = 86_400_000;
const QUOTA = 100;

/** ElastiCache of one account in one region. */
export interface RegionalCaches {
  readonly accountId: string;
  readonly region: string;
  /** By kind and name. */
  readonly caches: Map<string, Cache>;
  /** Caches of nodes and serverless ones have snapshots by names of their own. */
  readonly snapshots: Map<string, StoredSnapshot>;
}

const NOT_FOUND: Readonly<Record<CacheKind, (id: string) => AwsError>> = {
  group: (id) => new AwsError('ReplicationGroupNotFoundFault', `ReplicationGroup ${id} not found.`, 404),
  cluster: (id) => new AwsError('CacheClusterNotFoundFault', `CacheCluster not found: ${id}`, 404),
  serverless: (id) => new AwsError('ServerlessCacheNotFoundFault', `ServerlessCache ${id} not found.`, 404),
};

const keyOf = (kind: string, id: string): string => `${kind}/${id.toLowerCase()}`;
const snapshotKey = (of: Cache, id: string): string =>
  keyOf(of.kind === 'serverless' ? 'serverless' : 'nodes', id);

/** ElastiCache in all accounts and regions. */
export class Caches {
  readonly kernel: Kernel;
  readonly quota: number;
  readonly lockedKeys: ReadonlySet<string>;
  readonly #regions = new Regions<RegionalCaches>((accountId, region) => ({
    accountId,
    region,
    caches: new Map(),
    snapshots: new Map(),
  }));
  readonly #tags = new Map<string, ReadonlyMap<string, string>>();

  /** @param start the scenario's, in ms since the epoch */
  constructor(kernel: Kernel, scenario: ScenarioCaches, start: number) {
    this.kernel = kernel;
    this.quota = scenario.quota ?? QUOTA;
    this.lockedKeys = new Set(scenario.lockedKeys);
    for (const [id, given] of Object.entries(scenario.replicationGroups ?? {})) {
      const shards = given.shards ?? 1;
      const clusterMode = given.clusterMode ?? shards > 1;
      const replicas = given.replicas ?? 1;
      const shape = { ...given, shards, clusterMode, replicas };
      this.#add('group', id, shape);
      for (let shard = 1; shard <= shards; shard++) {
        for (let node = 1; node <= replicas + 1; node++) {
          this.#add('cluster', nodeName(id, clusterMode, shard, node), {
            ...shape,
            tags: {},
            settings: {},
            group: id,
          });
        }
      }
    }
    for (const [id, given] of Object.entries(scenario.clusters ?? {}))
      this.#add('cluster', id, { engine: 'redis', ...given });
    for (const [id, given] of Object.entries(scenario.serverless ?? {})) this.#add('serverless', id, given);
    for (const [id, { of, ago = DAY, type = 'manual', tags = {} }] of Object.entries(
      scenario.snapshots ?? {},
    )) {
      const region = this.in(kernel.accountId, kernel.region);
      const source = ['group', 'cluster', 'serverless'].flatMap(
        (kind) => region.caches.get(keyOf(kind, of)) ?? [],
      )[0];
      if (!source) throw new Error(`the scenario has a snapshot of ${of}, which it does not have`);
      this.put(region, source, {
        id,
        type,
        askedAt: start - ago,
        visibleAt: 0,
        takes: 0,
        kmsKey: undefined,
        tags: new Map(Object.entries(tags)),
      });
    }
  }

  in(accountId: string, region: string): RegionalCaches {
    return this.#regions.in(accountId, region);
  }

  /** @throws AwsError when there is none */
  cache(region: RegionalCaches, kind: CacheKind, id = ''): Cache {
    const found = region.caches.get(keyOf(kind, id));
    if (!found) throw NOT_FOUND[kind](id);
    return found;
  }

  snapshot(
    region: RegionalCaches,
    family: 'nodes' | 'serverless',
    id: string,
    now: number,
  ): StoredSnapshot | undefined {
    const found = region.snapshots.get(keyOf(family, id));
    return found && now < found.goneAt ? found : undefined;
  }

  put(
    region: RegionalCaches,
    of: Cache,
    given: Omit<StoredSnapshot, 'arn' | 'of' | 'goneAt'>,
  ): StoredSnapshot {
    const id = given.id.toLowerCase();
    const resource = of.kind === 'serverless' ? 'serverlesscachesnapshot' : 'snapshot';
    const snapshot: StoredSnapshot = {
      ...given,
      id,
      of,
      arn: `arn:aws:elasticache:${region.region}:${region.accountId}:${resource}:${id}`,
      goneAt: Number.POSITIVE_INFINITY,
    };
    region.snapshots.set(snapshotKey(of, id), snapshot);
    this.#tags.set(snapshot.arn, snapshot.tags);
    return snapshot;
  }

  /** The tags of what has the ARN; undefined when there is no such thing. */
  tagsOf(arn: string): ReadonlyMap<string, string> | undefined {
    return this.#tags.get(arn);
  }

  #add(
    kind: CacheKind,
    id: string,
    given: {
      readonly status?: string;
      readonly engine?: string;
      readonly engineVersion?: string;
      readonly nodeType?: string;
      readonly shards?: number;
      readonly clusterMode?: boolean;
      readonly replicas?: number;
      readonly settings?: object;
      readonly group?: string;
      readonly snapshotTime?: number;
      readonly failing?: boolean;
      readonly region?: string;
      readonly tags?: Readonly<Record<string, string>>;
    },
  ): void {
    const { accountId, region: home } = this.kernel;
    const region = this.in(accountId, given.region ?? home);
    const resource = { group: 'replicationgroup', cluster: 'cluster', serverless: 'serverlesscache' }[kind];
    const arn = `arn:aws:elasticache:${region.region}:${accountId}:${resource}:${id.toLowerCase()}`;
    this.#tags.set(arn, new Map(Object.entries(given.tags ?? {})));
    region.caches.set(keyOf(kind, id), {
      kind,
      id: id.toLowerCase(),
      arn,
      engine: given.engine ?? 'valkey',
      engineVersion: given.engineVersion ?? '8.0.1',
      nodeType: given.nodeType ?? 'cache.r7g.large',
      status: given.status ?? 'available',
      shards: given.shards ?? 1,
      clusterMode: given.clusterMode ?? false,
      replicas: given.replicas ?? 0,
      settings: given.settings ?? {},
      group: given.group,
      snapshotTime: given.snapshotTime ?? SNAPSHOT_TIME,
      failing: given.failing ?? false,
      busyUntil: 0,
    });
  }
}

/** `shop-001`, or `shop-0001-001` in cluster mode. */
export const nodeName = (group: string, clusterMode: boolean, shard: number, node: number): string =>
  `${group}-${clusterMode ? `${String(shard).padStart(4, '0')}-` : ''}${String(node).padStart(3, '0')}`;

export const isVisible = ({ visibleAt, goneAt }: StoredSnapshot, now: number): boolean =>
  now >= visibleAt && now < goneAt;

/** The state of a snapshot at some time. */
export function snapshotStatusAt({ askedAt, takes, of, goneAt }: StoredSnapshot, now: number): string {
  if (goneAt !== Number.POSITIVE_INFINITY) return 'deleting';
  if (of.failing && takes > 0 && now >= askedAt + takes / 2) return 'failed';
  return now < askedAt + takes ? 'creating' : 'available';
}

export const statusAt = ({ status, busyUntil, kind }: Cache, now: number): string =>
  status === 'available' && now < busyUntil && kind !== 'serverless' ? 'snapshotting' : status;
