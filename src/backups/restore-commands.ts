import { leftBehind, oldOne } from './left-behind.ts';
import type {
  BesideTheData,
  CacheClusterSettings,
  ClusterSettings,
  InstanceSettings,
  MemberSettings,
  Monitoring,
  ReplicationGroupSettings,
  ServerlessSettings,
} from './restore-settings.ts';
import { appear, BREAK, command, type Options, script, waitFor } from './shell.ts';
import type { Snapshot, Source, SourceKind } from './source.ts';

/** How a database comes back from a snapshot, in lines for a POSIX shell with the AWS CLI. */
export interface Restore {
  /** What the new database is called. */
  readonly target: string;
  /** Makes the new one beside the old one, and waits for it. */
  readonly commands: string;
  /** Brings its clients there; undefined where only they can do that. */
  readonly switchOver?: SwitchOver;
  /** What the commands leave to the person who runs them. */
  readonly notes: readonly string[];
}

/** Endpoints follow names: clients reach the restored database without a change. */
export interface SwitchOver {
  readonly commands: string;
  /** The last of the commands alone, for when they have stopped before it. */
  readonly last: string;
  /** What the old database is called then. */
  readonly old: string;
  /** What becomes of that. */
  readonly notes: readonly string[];
}

const SUFFIX = '-restored';
const OLD = '-before-restore';

/** The name of what is restored beside a database: in no more characters than AWS takes. */
const besides = (id: string, limit: number): string =>
  `${id.slice(0, limit - SUFFIX.length).replace(/-+$/, '')}${SUFFIX}`;

/**
 * In another region only what does not belong to the source's own is carried over, and no name changes: the database
 * has none there.
 */
export function restoreCommands(source: Source, snapshot: Snapshot): Restore {
  const { settings } = source;
  const elsewhere = snapshot.region !== source.region;
  const at = { '--region': snapshot.region };
  const restore = restoreOf();
  if (!elsewhere) return restore;
  const { switchOver: _, commands, ...there } = restore;
  return {
    ...there,
    commands: [commands, ...endpointOf(source.kind, restore.target, at)].join(' &&\n'),
    notes: [
      ...leftOut(source, snapshot.region),
      `It has an endpoint of its own in ${snapshot.region}, which the last command tells: point clients at that. Nothing is renamed, and ${source.id} in ${source.region} stays as it is.`,
      ...restore.notes,
    ],
  };

  function restoreOf(): Restore {
    switch (settings.kind) {
      case 'db-instance':
        return instance(source, snapshot.id, { ...settings, ...(elsewhere && LOCAL) }, at);
      case 'db-cluster':
        return cluster(
          source,
          snapshot.id,
          elsewhere ? { ...settings, ...LOCAL, members: settings.members.map(withoutLocal) } : settings,
          at,
        );
      case 'replication-group':
        return replicationGroup(source.id, snapshot.id, settings, at);
      case 'cache-cluster':
        return cacheCluster(source.id, snapshot.id, settings, at);
      case 'serverless-cache':
        return serverless(source.id, snapshot.arn, settings, at);
    }
  }
}

/** Tells the endpoint of a new database; copies in another region are of databases alone. */
function endpointOf(kind: SourceKind, target: string, at: Options): readonly string[] {
  if (kind === 'db-instance') {
    return [
      command('aws rds describe-db-instances', {
        ...at,
        '--db-instance-identifier': target,
        '--query': 'DBInstances[0].Endpoint.Address',
        '--output': 'text',
      }),
    ];
  }
  if (kind === 'db-cluster') {
    return [
      command('aws rds describe-db-clusters', {
        ...at,
        '--db-cluster-identifier': target,
        '--query': 'DBClusters[0].[Endpoint,ReaderEndpoint]',
        '--output': 'text',
      }),
    ];
  }
  return [];
}

/** What exists in the region of the source alone. */
const LOCAL = {
  subnetGroup: undefined,
  parameterGroup: undefined,
  optionGroup: undefined,
  domain: undefined,
  domainRole: undefined,
  passwordKey: undefined,
  securityGroups: [],
} as const;

const withoutLocal = (member: MemberSettings): MemberSettings => ({ ...member, parameterGroup: undefined });

/** Names of what has to be there before, and is called as people have called it there. */
function leftOut({ settings, region: from }: Source, region: string): string[] {
  if (settings.kind !== 'db-instance' && settings.kind !== 'db-cluster') return [];
  const { subnetGroup, securityGroups, parameterGroup, domain } = settings;
  const optionGroup = settings.kind === 'db-instance' ? settings.optionGroup : undefined;
  const own = (group: string | undefined) =>
    group === undefined || /^default[.:]/.test(group) ? undefined : group;
  const option =
    settings.kind === 'db-instance' ? '--db-parameter-group-name' : '--db-cluster-parameter-group-name';
  const given: readonly (readonly [string, string | undefined])[] = [
    ['--db-subnet-group-name', subnetGroup],
    ['--vpc-security-group-ids', securityGroups.join(' ') || undefined],
    [option, own(parameterGroup)],
    ['--option-group-name', own(optionGroup)],
    ['--domain', domain],
  ];
  const missing = given.flatMap(([name, value]) => (value === undefined ? [] : [`${name} (${value})`]));
  return missing.length === 0
    ? []
    : [
        `These are of ${from} alone and not in the command: ${missing.join(', ')}. Add those of ${region}; without a subnet group and security groups it gets the defaults of the default VPC.`,
      ];
}

const tagsOf = (tags: BesideTheData['tags'] = {}): string | undefined => {
  const all = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return all.length === 0 ? undefined : JSON.stringify(all);
};

/** Of instances and of Multi-AZ DB clusters. Keys are those of one region. */
const watched = (monitoring: Monitoring | undefined, elsewhere: boolean): Options => {
  if (!monitoring) return {};
  const { interval, role, performanceInsights, performanceInsightsDays, databaseInsights } = monitoring;
  const enhanced = interval > 0 && role !== undefined;
  return {
    '--monitoring-interval': enhanced ? interval : undefined,
    '--monitoring-role-arn': enhanced ? role : undefined,
    '--enable-performance-insights': performanceInsights || undefined,
    '--performance-insights-kms-key-id':
      performanceInsights && !elsewhere ? monitoring.performanceInsightsKey : undefined,
    '--performance-insights-retention-period': performanceInsights ? performanceInsightsDays : undefined,
    '--database-insights-mode': databaseInsights === 'advanced' ? databaseInsights : undefined,
  };
};

/** What is set after the restore: older versions of the command line know these for what is there already. */
const afterwards = (settings: BesideTheData): Options => ({
  '--backup-retention-period': settings.backupRetention,
  '--preferred-backup-window': settings.backupWindow,
  '--preferred-maintenance-window': settings.maintenanceWindow,
  '--manage-master-user-password': settings.managedPassword || undefined,
  '--master-user-secret-kms-key-id': settings.managedPassword ? settings.passwordKey : undefined,
});

const isEmpty = (options: Options): boolean => Object.values(options).every((value) => value === undefined);

function instance(source: Source, snapshot: string, settings: InstanceSettings, at: Options): Restore {
  const { id } = source;
  const target = besides(id, 63);
  const name = (value: string): Options => ({ ...at, '--db-instance-identifier': value });
  const named = name(target);
  // RDS takes the performance of gp3 only where it is above what every volume has.
  const paid = settings.storageType !== 'gp3' || (settings.iops ?? 0) > 3_000;
  const restored = command('aws rds restore-db-instance-from-db-snapshot', {
    ...named,
    '--db-snapshot-identifier': snapshot,
    '--db-instance-class': settings.instanceClass,
    '--db-subnet-group-name': settings.subnetGroup,
    '--vpc-security-group-ids': settings.securityGroups,
    '--db-parameter-group-name': settings.parameterGroup,
    // AWS gives what has none its own default, by a name of its own choice.
    '--option-group-name': settings.optionGroup?.startsWith('default:') ? undefined : settings.optionGroup,
    '--multi-az': settings.multiAz,
    '--publicly-accessible': settings.publiclyAccessible,
    '--port': settings.port,
    '--storage-type': settings.storageType,
    '--iops': paid ? settings.iops : undefined,
    '--storage-throughput': paid ? settings.throughput : undefined,
    '--license-model': settings.licenseModel,
    '--enable-iam-database-authentication': settings.iamAuthentication,
    '--deletion-protection': settings.deletionProtection,
    '--copy-tags-to-snapshot': settings.copyTags,
    '--auto-minor-version-upgrade': settings.minorUpgrades,
    '--enable-cloudwatch-logs-exports': settings.logExports,
    '--ca-certificate-identifier': settings.certificateAuthority,
    '--network-type': settings.networkType,
    '--dedicated-log-volume': settings.dedicatedLogVolume || undefined,
    '--engine-lifecycle-support': settings.lifecycleSupport,
    '--processor-features': settings.processor?.map((each) => `Name=${each.name},Value=${each.value}`),
    '--domain': settings.domain,
    '--domain-iam-role-name': settings.domainRole,
    '--tags': tagsOf(settings.tags),
  });
  const later = {
    ...afterwards(settings),
    '--max-allocated-storage': settings.maxStorage,
    ...watched(settings.monitoring, source.region !== at['--region']),
  };
  const available = (value: string) => waitFor('aws rds wait db-instance-available', name(value));
  const modify = isEmpty(later)
    ? []
    : [
        command('aws rds modify-db-instance', { ...named, ...later, '--apply-immediately': true }),
        available(target),
      ];
  const roles = (settings.roles ?? []).map(({ arn, feature }) =>
    command('aws rds add-role-to-db-instance', {
      ...named,
      '--role-arn': arn,
      // AWS demands it; for Oracle and PostgreSQL it is never missing.
      '--feature-name': feature ?? '',
    }),
  );
  return {
    target,
    commands: script([restored, available(target), ...roles, ...modify]),
    switchOver: swap(id, target, settings, {
      rename: (from, to) =>
        command('aws rds modify-db-instance', {
          ...name(from),
          '--new-db-instance-identifier': to,
          '--apply-immediately': true,
        }),
      shown: (value) => appear('aws rds describe-db-instances', name(value)),
      available,
    }),
    notes: leftBehind(id, target, source.identity, settings),
  };
}

function cluster(source: Source, snapshot: string, settings: ClusterSettings, at: Options): Restore {
  const { id } = source;
  const target = besides(id, 63);
  const name = (value: string): Options => ({ ...at, '--db-cluster-identifier': value });
  const named = name(target);
  const elsewhere = source.region !== at['--region'];
  const { serverless: capacity, instanceClass } = settings;
  const restored = command('aws rds restore-db-cluster-from-snapshot', {
    ...named,
    '--snapshot-identifier': snapshot,
    '--engine': settings.engine,
    '--engine-version': settings.engineVersion,
    '--engine-mode': settings.engineMode === 'provisioned' ? undefined : settings.engineMode,
    '--db-subnet-group-name': settings.subnetGroup,
    '--vpc-security-group-ids': settings.securityGroups,
    '--db-cluster-parameter-group-name': settings.parameterGroup,
    '--port': settings.port,
    '--enable-iam-database-authentication': settings.iamAuthentication,
    '--deletion-protection': settings.deletionProtection,
    '--copy-tags-to-snapshot': settings.copyTags,
    '--enable-cloudwatch-logs-exports': settings.logExports,
    '--backtrack-window': settings.backtrackWindow,
    '--serverless-v2-scaling-configuration':
      capacity && `MinCapacity=${capacity.min},MaxCapacity=${capacity.max}`,
    '--storage-type': settings.storageType,
    '--db-cluster-instance-class': instanceClass,
    '--iops': settings.iops,
    '--network-type': settings.networkType,
    '--engine-lifecycle-support': settings.lifecycleSupport,
    '--domain': settings.domain,
    '--domain-iam-role-name': settings.domainRole,
    '--tags': tagsOf(settings.tags),
  });
  // The first instance of a new cluster becomes its writer.
  const members = [...settings.members].sort((a, b) => Number(b.writer) - Number(a.writer));
  const ready = (member: MemberSettings) =>
    waitFor('aws rds wait db-instance-available', {
      ...at,
      '--db-instance-identifier': besides(member.id, 63),
    });
  const later = {
    ...afterwards(settings),
    '--enable-local-write-forwarding': settings.localWriteForwarding || undefined,
    ...watched(settings.monitoring, elsewhere),
  };
  const available = (value: string) => waitFor('aws rds wait db-cluster-available', name(value));
  const modify = isEmpty(later)
    ? []
    : [
        command('aws rds modify-db-cluster', { ...named, ...later, '--apply-immediately': true }),
        available(target),
      ];
  const roles = (settings.roles ?? []).map(({ arn, feature }) =>
    command('aws rds add-role-to-db-cluster', {
      ...named,
      '--role-arn': arn,
      '--feature-name': feature || undefined,
    }),
  );
  return {
    target,
    commands: script([
      restored,
      available(target),
      ...members.map((member) => createMember(member, target, settings.engine, at, elsewhere)),
      ...members.map(ready),
      ...roles,
      ...modify,
    ]),
    switchOver: swap(id, target, settings, {
      rename: (from, to) =>
        command('aws rds modify-db-cluster', {
          ...name(from),
          '--new-db-cluster-identifier': to,
          '--apply-immediately': true,
        }),
      shown: (value) => appear('aws rds describe-db-clusters', name(value)),
      available,
    }),
    notes: leftBehind(id, target, source.identity, settings),
  };
}

const createMember = (
  member: MemberSettings,
  target: string,
  engine: string,
  at: Options,
  elsewhere: boolean,
): string =>
  command('aws rds create-db-instance', {
    ...at,
    '--db-instance-identifier': besides(member.id, 63),
    '--db-cluster-identifier': target,
    '--engine': engine,
    '--db-instance-class': member.instanceClass,
    '--db-parameter-group-name': member.parameterGroup,
    '--promotion-tier': member.promotionTier,
    '--publicly-accessible': member.publiclyAccessible,
    '--auto-minor-version-upgrade': member.minorUpgrades,
    '--ca-certificate-identifier': member.certificateAuthority,
    '--preferred-maintenance-window': member.maintenanceWindow,
    // The mode is one of the whole cluster.
    ...watched(member.monitoring && { ...member.monitoring, databaseInsights: undefined }, elsewhere),
    '--tags': tagsOf(member.tags),
  });

/**
 * The old one loses its name only when the new one is there to take it, and the new one takes it only when AWS shows
 * the old one by its other name: until then there is none of that name, for which `aws rds wait` ends at once.
 */
function swap(
  id: string,
  target: string,
  settings: InstanceSettings | ClusterSettings,
  {
    rename,
    shown,
    available,
  }: {
    rename(from: string, to: string): string;
    shown(name: string): string;
    available(name: string): string;
  },
): SwitchOver {
  const old = `${id.slice(0, 63 - OLD.length).replace(/-+$/, '')}${OLD}`;
  const last = rename(target, id);
  return {
    commands: script([
      available(target),
      rename(id, old),
      shown(old),
      available(old),
      last,
      shown(id),
      available(id),
    ]),
    last,
    old,
    notes: ['They stop at the first that fails, and nothing after it is done.', oldOne(old, settings)],
  };
}

const nodeOptions = (settings: ReplicationGroupSettings | CacheClusterSettings): Options => ({
  '--engine': settings.engine,
  '--engine-version': settings.engineVersion,
  '--cache-node-type': settings.nodeType,
  '--cache-parameter-group-name': settings.parameterGroup,
  '--cache-subnet-group-name': settings.subnetGroup,
  '--security-group-ids': settings.securityGroups,
  '--port': settings.port,
  '--auto-minor-version-upgrade': settings.minorUpgrades,
  '--snapshot-retention-limit': settings.snapshotRetention,
  '--snapshot-window': settings.snapshotWindow,
  '--network-type': settings.networkType,
  '--ip-discovery': settings.ipDiscovery,
  '--preferred-maintenance-window': settings.maintenanceWindow,
  '--notification-topic-arn': settings.notificationTopic,
  '--log-delivery-configurations':
    settings.logDelivery && settings.logDelivery.length > 0
      ? JSON.stringify(settings.logDelivery)
      : undefined,
});

interface Token {
  readonly hasAuthToken?: boolean;
}

const token = ({ hasAuthToken }: Token): string => (hasAuthToken ? `${BREAK}--auth-token "$AUTH_TOKEN"` : '');

const tokenNotes = ({ hasAuthToken }: Token): readonly string[] =>
  hasAuthToken ? ['AUTH_TOKEN has to hold the auth token of the cache; AWS does not tell it.'] : [];

const cacheNotes = (id: string): readonly string[] => [
  'The restored cache has an endpoint of its own: set it in what connects to the cache.',
  `Tags, alarms and Auto Scaling of ${id} are not carried over. It runs on and costs what it did, until somebody deletes it.`,
];

function replicationGroup(
  id: string,
  snapshot: string,
  settings: ReplicationGroupSettings,
  at: Options,
): Restore {
  const target = besides(id, 40);
  const named = { ...at, '--replication-group-id': target };
  const { shards, replicasPerShard } = settings;
  const made = command('aws elasticache create-replication-group', {
    ...named,
    '--replication-group-description': `Restored from ${snapshot}`,
    '--snapshot-name': snapshot,
    ...nodeOptions(settings),
    '--num-node-groups': shards,
    '--replicas-per-node-group': shards === undefined ? undefined : replicasPerShard,
    '--num-cache-clusters': shards === undefined ? replicasPerShard + 1 : undefined,
    '--automatic-failover-enabled': settings.automaticFailover,
    '--multi-az-enabled': settings.multiAz,
    '--transit-encryption-enabled': settings.transitEncryption,
    '--transit-encryption-mode': settings.transitEncryptionMode,
    '--at-rest-encryption-enabled': settings.atRestEncryption,
    '--kms-key-id': settings.kmsKey,
    '--user-group-ids': settings.userGroups,
    '--data-tiering-enabled': settings.dataTiering || undefined,
  });
  return {
    target,
    commands: script([
      `${made}${token(settings)}`,
      waitFor('aws elasticache wait replication-group-available', named),
    ]),
    notes: [
      ...tokenNotes(settings),
      ...(settings.globalDatastore === undefined
        ? []
        : [
            `It is a part of the global datastore ${settings.globalDatastore}; the restored one is not: make a new one of it.`,
          ]),
      ...cacheNotes(id),
    ],
  };
}

function cacheCluster(id: string, snapshot: string, settings: CacheClusterSettings, at: Options): Restore {
  const target = besides(id, 50);
  const named = { ...at, '--cache-cluster-id': target };
  const made = command('aws elasticache create-cache-cluster', {
    ...named,
    '--snapshot-name': snapshot,
    '--num-cache-nodes': 1,
    ...nodeOptions(settings),
    '--preferred-availability-zone': settings.availabilityZone,
    '--transit-encryption-enabled': settings.transitEncryption || undefined,
  });
  const wait = waitFor('aws elasticache wait cache-cluster-available', named);
  return {
    target,
    commands: script([`${made}${token(settings)}`, wait]),
    notes: [...tokenNotes(settings), ...cacheNotes(id)],
  };
}

function serverless(id: string, snapshotArn: string, settings: ServerlessSettings, at: Options): Restore {
  const target = besides(id, 40);
  const made = command('aws elasticache create-serverless-cache', {
    ...at,
    '--serverless-cache-name': target,
    '--snapshot-arns-to-restore': [snapshotArn],
    '--engine': settings.engine,
    '--major-engine-version': settings.majorVersion,
    '--subnet-ids': settings.subnets,
    '--security-group-ids': settings.securityGroups,
    '--user-group-id': settings.userGroup,
    '--kms-key-id': settings.kmsKey,
    '--cache-usage-limits': settings.limits && JSON.stringify(settings.limits),
    '--snapshot-retention-limit': settings.snapshotRetention,
    '--daily-snapshot-time': settings.snapshotTime,
  });
  return {
    target,
    commands: script([made]),
    notes: [
      'The command does not wait: the cache can be used when its status is available (aws elasticache describe-serverless-caches).',
      ...cacheNotes(id),
    ],
  };
}
