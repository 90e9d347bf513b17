import type {
  CopyDBClusterSnapshotCommandInput,
  CopyDBClusterSnapshotCommandOutput,
  CopyDBSnapshotCommandInput,
  CopyDBSnapshotCommandOutput,
  CreateDBClusterSnapshotCommandInput,
  CreateDBClusterSnapshotCommandOutput,
  CreateDBSnapshotCommandInput,
  CreateDBSnapshotCommandOutput,
  DeleteDBClusterSnapshotCommandInput,
  DeleteDBClusterSnapshotCommandOutput,
  DeleteDBSnapshotCommandInput,
  DeleteDBSnapshotCommandOutput,
  DescribeDBClusterSnapshotsCommandInput,
  DescribeDBClusterSnapshotsCommandOutput,
  DescribeDBClustersCommandInput,
  DescribeDBClustersCommandOutput,
  DescribeDBInstancesCommandInput,
  DescribeDBInstancesCommandOutput,
  DescribeDBSnapshotsCommandInput,
  DescribeDBSnapshotsCommandOutput,
  DescribeEventsCommandInput,
  DescribeEventsCommandOutput,
  Filter,
  Tag,
} from '@aws-sdk/client-rds';
import type { Answer } from '../answer.ts';
import type { Call, Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import {
  invalidParameter,
  keyNotAccessible,
  notAnIdentifier,
  notAvailable,
  quotaExceeded,
  snapshotExists,
  snapshotNotFound,
  snapshotState,
} from './errors.ts';
import type { DatabaseKind, StoredSnapshot } from './model.ts';
import { type Databases, isVisible, progressAt, type RegionalDatabases, statusAt } from './state.ts';
import { clusterSnapshotView, clusterView, instanceView, snapshotView } from './views.ts';

/** A deleted snapshot is seen as `deleting` for so long, in ms. */
const DELETING = 5_000;
const NAME_LIMIT: Readonly<Record<DatabaseKind, number>> = { instance: 255, cluster: 63 };

/** Every operation of Amazon RDS that the simulator knows. */
export function databaseOperations(databases: Databases): Operations {
  const here = ({ accountId, region }: Call): RegionalDatabases => databases.in(accountId, region);

  const list = (
    call: Call,
    kind: DatabaseKind,
    wanted: {
      readonly id: string | undefined;
      readonly of: string | undefined;
      readonly type: string | undefined;
      readonly filters: readonly Filter[] | undefined;
      readonly prefix: 'db' | 'db-cluster';
      readonly owner: 'db-instance-id' | 'db-cluster-id';
    },
  ): StoredSnapshot[] => {
    const known = new Set([
      `${wanted.prefix}-snapshot-id`,
      wanted.owner,
      'snapshot-type',
      'engine',
      'dbi-resource-id',
    ]);
    const filters = readFilters(wanted.filters, known);
    const matches = (name: string, value: string) => filters.get(name)?.has(value.toLowerCase()) ?? true;
    const found = [...here(call).snapshots.values()].filter(
      (each) =>
        each.kind === kind &&
        isVisible(each, call.now) &&
        (wanted.id === undefined || each.id === wanted.id.toLowerCase()) &&
        (wanted.of === undefined || each.of.id === wanted.of.toLowerCase()) &&
        (wanted.type === undefined || each.type === wanted.type) &&
        matches(`${wanted.prefix}-snapshot-id`, each.id) &&
        matches(wanted.owner, each.of.id) &&
        matches('snapshot-type', each.type) &&
        matches('dbi-resource-id', each.of.resourceId) &&
        matches('engine', each.of.engine),
    );
    if (wanted.id !== undefined && found.length === 0) throw snapshotNotFound(kind, wanted.id);
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  };

  const free = (
    region: RegionalDatabases,
    kind: DatabaseKind,
    id: string,
    parameter: string,
    now: number,
  ): void => {
    const valid = /^[a-z](?:-?[a-z0-9])*$/i.test(id) && id.length <= NAME_LIMIT[kind];
    if (!valid) throw notAnIdentifier(parameter);
    if (databases.snapshot(region, kind, id, now)) throw snapshotExists(kind, id);
    const manual = [...region.snapshots.values()].filter(
      (each) => each.kind === kind && each.type === 'manual' && now < each.goneAt,
    );
    if (manual.length >= databases.quota) throw quotaExceeded(databases.quota);
  };

  const create = (
    call: Call,
    kind: DatabaseKind,
    id: string,
    of: string | undefined,
    tags: Tag[] | undefined,
  ): StoredSnapshot => {
    const region = here(call);
    const parameter = kind === 'instance' ? 'DBSnapshotIdentifier' : 'DBClusterSnapshotIdentifier';
    const database = databases.database(region, kind, of);
    if (kind === 'instance' && database.cluster !== undefined) {
      throw invalidParameter(
        'The specified instance is a member of a cluster and a snapshot cannot be created directly. Please use the CreateDBClusterSnapshot API instead.',
      );
    }
    free(region, kind, id, parameter, call.now);
    if (!/^(available|storage-optimization)$/.test(statusAt(database, call.now))) {
      throw notAvailable(kind, database.id);
    }
    const own = readTags(tags);
    const copied = database.settings.CopyTagsToSnapshot ? database.tags : new Map<string, string>();
    const made = databases.put(region, database, {
      id,
      type: 'manual',
      askedAt: call.now,
      visibleAt: call.now + databases.kernel.consistencyLag(),
      takes: database.snapshotTime,
      tags: new Map([...copied, ...own]),
    });
    database.busyUntil = call.now + database.snapshotTime * (database.failing === undefined ? 1 : 0.5);
    return made;
  };

  const copy = (
    call: Call,
    kind: DatabaseKind,
    given: {
      readonly source: string | undefined;
      readonly target: string | undefined;
      readonly key: string | undefined;
      readonly copyTags: boolean | undefined;
      readonly tags: Tag[] | undefined;
    },
  ): StoredSnapshot => {
    const region = here(call);
    const { source: name = '', target = '', key } = given;
    const [, , , from = call.region, account = call.accountId] = name.startsWith('arn:')
      ? name.split(':')
      : [];
    const origin = databases.in(account, from);
    const source = databases.snapshot(origin, kind, name.split(':').at(-1) ?? '', call.now);
    if (!source) throw snapshotNotFound(kind, name);
    const parameter =
      kind === 'instance' ? 'TargetDBSnapshotIdentifier' : 'TargetDBClusterSnapshotIdentifier';
    free(region, kind, target, parameter, call.now);
    if (progressAt(source, call.now).status !== 'available') {
      throw snapshotState(
        kind,
        `Cannot copy the snapshot because it is not currently in the available state.`,
      );
    }
    if (source.encrypted && from !== call.region && key === undefined) {
      throw invalidParameter(
        'KmsKeyId should be explicitly specified while copying encrypted snapshot across regions.',
      );
    }
    if (kind === 'cluster' && !source.encrypted && key !== undefined) {
      throw invalidParameter('Cannot encrypt an unencrypted DB cluster snapshot by copying it.');
    }
    const keyRegion = key?.startsWith('arn:') ? key.split(':')[3] : call.region;
    if (key !== undefined && (keyRegion !== call.region || databases.lockedKeys.has(key))) {
      throw keyNotAccessible(key);
    }
    return databases.put(region, source, {
      id: target,
      type: 'manual',
      askedAt: call.now,
      visibleAt: call.now + databases.kernel.consistencyLag(),
      takes: Math.max(60_000, source.takes / 2),
      copyOf: source.arn,
      encrypted: source.encrypted || key !== undefined,
      kmsKey: key ?? source.kmsKey,
      tags: new Map([...(given.copyTags ? source.tags : []), ...readTags(given.tags)]),
    });
  };

  const remove = (call: Call, kind: DatabaseKind, id = ''): StoredSnapshot => {
    const found = databases.snapshot(here(call), kind, id, call.now);
    if (!found) throw snapshotNotFound(kind, id);
    if (found.type !== 'manual') throw snapshotState(kind, 'Only manual snapshots may be deleted.');
    const { status } = progressAt(found, call.now);
    if (status !== 'available' && status !== 'failed') {
      throw snapshotState(kind, `Cannot delete the snapshot because it is in the ${status} state.`);
    }
    found.goneAt = call.now + DELETING;
    return found;
  };

  return {
    DescribeDBInstances(
      input: DescribeDBInstancesCommandInput,
      call: Call,
    ): Answer<DescribeDBInstancesCommandOutput> {
      const region = here(call);
      const filters = readFilters(
        input.Filters,
        new Set(['db-instance-id', 'db-cluster-id', 'dbi-resource-id', 'engine', 'domain']),
      );
      if (input.DBInstanceIdentifier !== undefined)
        databases.database(region, 'instance', input.DBInstanceIdentifier);
      const found = [...region.databases.values()].filter(
        ({ kind, id, cluster = '', engine }) =>
          kind === 'instance' &&
          (input.DBInstanceIdentifier ?? id).toLowerCase() === id &&
          (filters.get('db-instance-id')?.has(id) ?? true) &&
          (filters.get('engine')?.has(engine) ?? true) &&
          (filters.get('db-cluster-id')?.has(cluster.toLowerCase()) ?? true),
      );
      const { items, Marker } = paged(found, input);
      return { DBInstances: items.map((each) => instanceView(region, each, call.now)), ...Marker };
    },

    DescribeDBClusters(
      input: DescribeDBClustersCommandInput,
      call: Call,
    ): Answer<DescribeDBClustersCommandOutput> {
      const region = here(call);
      const filters = readFilters(
        input.Filters,
        new Set(['db-cluster-id', 'db-cluster-resource-id', 'engine', 'domain', 'clone-group-id']),
      );
      if (input.DBClusterIdentifier !== undefined)
        databases.database(region, 'cluster', input.DBClusterIdentifier);
      const found = [...region.databases.values()].filter(
        ({ kind, id, engine }) =>
          kind === 'cluster' &&
          (input.DBClusterIdentifier ?? id).toLowerCase() === id &&
          (filters.get('engine')?.has(engine) ?? true) &&
          (filters.get('db-cluster-id')?.has(id) ?? true),
      );
      const { items, Marker } = paged(found, input);
      return { DBClusters: items.map((each) => clusterView(region, each, call.now)), ...Marker };
    },

    DescribeDBSnapshots(
      input: DescribeDBSnapshotsCommandInput,
      call: Call,
    ): Answer<DescribeDBSnapshotsCommandOutput> {
      const found = list(call, 'instance', {
        id: input.DBSnapshotIdentifier,
        of: input.DBInstanceIdentifier,
        type: input.SnapshotType,
        filters: input.Filters,
        prefix: 'db',
        owner: 'db-instance-id',
      });
      const { items, Marker } = paged(found, input);
      return { DBSnapshots: items.map((each) => snapshotView(each, call.now)), ...Marker };
    },

    DescribeDBClusterSnapshots(
      input: DescribeDBClusterSnapshotsCommandInput,
      call: Call,
    ): Answer<DescribeDBClusterSnapshotsCommandOutput> {
      const found = list(call, 'cluster', {
        id: input.DBClusterSnapshotIdentifier,
        of: input.DBClusterIdentifier,
        type: input.SnapshotType,
        filters: input.Filters,
        prefix: 'db-cluster',
        owner: 'db-cluster-id',
      });
      const { items, Marker } = paged(found, input);
      return { DBClusterSnapshots: items.map((each) => clusterSnapshotView(each, call.now)), ...Marker };
    },

    CreateDBSnapshot(input: CreateDBSnapshotCommandInput, call: Call): Answer<CreateDBSnapshotCommandOutput> {
      const { DBSnapshotIdentifier: id = '', DBInstanceIdentifier: of, Tags } = input;
      return { DBSnapshot: snapshotView(create(call, 'instance', id, of, Tags), call.now) };
    },

    CreateDBClusterSnapshot(
      input: CreateDBClusterSnapshotCommandInput,
      call: Call,
    ): Answer<CreateDBClusterSnapshotCommandOutput> {
      const { DBClusterSnapshotIdentifier: id = '', DBClusterIdentifier: of, Tags } = input;
      return { DBClusterSnapshot: clusterSnapshotView(create(call, 'cluster', id, of, Tags), call.now) };
    },

    CopyDBSnapshot(input: CopyDBSnapshotCommandInput, call: Call): Answer<CopyDBSnapshotCommandOutput> {
      const made = copy(call, 'instance', {
        source: input.SourceDBSnapshotIdentifier,
        target: input.TargetDBSnapshotIdentifier,
        key: input.KmsKeyId,
        copyTags: input.CopyTags,
        tags: input.Tags,
      });
      return { DBSnapshot: snapshotView(made, call.now) };
    },

    CopyDBClusterSnapshot(
      input: CopyDBClusterSnapshotCommandInput,
      call: Call,
    ): Answer<CopyDBClusterSnapshotCommandOutput> {
      const made = copy(call, 'cluster', {
        source: input.SourceDBClusterSnapshotIdentifier,
        target: input.TargetDBClusterSnapshotIdentifier,
        key: input.KmsKeyId,
        copyTags: input.CopyTags,
        tags: input.Tags,
      });
      return { DBClusterSnapshot: clusterSnapshotView(made, call.now) };
    },

    DeleteDBSnapshot(input: DeleteDBSnapshotCommandInput, call: Call): Answer<DeleteDBSnapshotCommandOutput> {
      return { DBSnapshot: snapshotView(remove(call, 'instance', input.DBSnapshotIdentifier), call.now) };
    },

    DeleteDBClusterSnapshot(
      input: DeleteDBClusterSnapshotCommandInput,
      call: Call,
    ): Answer<DeleteDBClusterSnapshotCommandOutput> {
      const removed = remove(call, 'cluster', input.DBClusterSnapshotIdentifier);
      return { DBClusterSnapshot: clusterSnapshotView(removed, call.now) };
    },

    DescribeEvents(input: DescribeEventsCommandInput, call: Call): Answer<DescribeEventsCommandOutput> {
      const kinds: Readonly<Record<string, DatabaseKind>> = {
        'db-snapshot': 'instance',
        'db-cluster-snapshot': 'cluster',
      };
      const kind = kinds[input.SourceType ?? ''];
      const snapshot = kind && databases.snapshot(here(call), kind, input.SourceIdentifier ?? '', call.now);
      const failed = snapshot && progressAt(snapshot, call.now).status === 'failed';
      return {
        Events: failed
          ? [
              {
                SourceIdentifier: snapshot.id,
                SourceType: input.SourceType,
                Message: snapshot.failing,
                EventCategories: ['failure'],
                Date: new Date(snapshot.askedAt + snapshot.takes / 2),
                SourceArn: snapshot.arn,
              },
            ]
          : [],
      };
    },
  };
}

function paged<Item>(
  all: readonly Item[],
  { MaxRecords = 100, Marker }: { MaxRecords?: number | undefined; Marker?: string | undefined },
): { items: Item[]; Marker: { Marker?: string } } {
  if (MaxRecords < 20 || MaxRecords > 100) {
    throw invalidParameter(`Invalid value ${MaxRecords} for MaxRecords. Must be between 20 and 100`);
  }
  const { items, next } = page(all, Marker, MaxRecords, () =>
    invalidParameter('The request marker is invalid.'),
  );
  return { items, Marker: next === undefined ? {} : { Marker: next } };
}

function readFilters(
  filters: readonly Filter[] | undefined,
  known: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    (filters ?? []).map(({ Name = '', Values = [] }) => {
      if (!known.has(Name)) throw invalidParameter(`Unrecognized filter name: ${Name}`);
      if (Values.length === 0) throw invalidParameter(`Filter values must not be empty: ${Name}`);
      return [Name, new Set(Values.map((value) => value.toLowerCase()))];
    }),
  );
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html */
function readTags(tags: readonly Tag[] | undefined): Map<string, string> {
  const read = new Map((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
  for (const [key, value] of read) {
    const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
    const reserved = /^(aws|rds):/i.test(key);
    if (key === '' || reserved || key.length > 128 || !allowed.test(key)) {
      throw invalidParameter(`The tag key ${key} is not valid.`);
    }
    if (value.length > 256 || !allowed.test(value)) {
      throw invalidParameter(`The value of the tag ${key} is not valid.`);
    }
  }
  return read;
}
