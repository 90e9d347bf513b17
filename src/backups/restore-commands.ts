import { quote } from 'shell-quote';
import type {
  CacheClusterSettings,
  ClusterSettings,
  InstanceSettings,
  MemberSettings,
  ReplicationGroupSettings,
  ServerlessSettings,
} from './restore-settings.ts';
import type { Snapshot, Source } from './source.ts';

/** How a database comes back from a snapshot, in lines for a POSIX shell with the AWS CLI of version 2. */
export interface Restore {
  /** What the new database is called. */
  readonly target: string;
  /** Makes the new one beside the old one, and waits for it. */
  readonly commands: string;
  /** Brings its clients there; undefined where only they can do that. */
  readonly switchOver?: string;
  /** What the commands leave to the person who runs them. */
  readonly notes: readonly string[];
}

type Value = string | number | boolean | readonly string[] | undefined;
/** Options by their names; undefined and empty ones are left out, booleans are `--x` and `--no-x`. */
type Options = Readonly<Record<string, Value>>;

const SUFFIX = '-restored';
const OLD = '-before-restore';

/** The name of what is restored beside a database: in no more characters than AWS takes. */
const besides = (id: string, limit: number): string =>
  `${id.slice(0, limit - SUFFIX.length).replace(/-+$/, '')}${SUFFIX}`;

/** In another region only what does not belong to the source's own is carried over. */
export function restoreCommands(source: Source, snapshot: Snapshot): Restore {
  const elsewhere = snapshot.region !== source.region;
  const { settings } = source;
  const at = { '--region': snapshot.region };
  const restore = restoreOf();
  return elsewhere
    ? {
        ...restore,
        notes: [
          `Subnet group, security groups and parameter group are those of ${snapshot.region}: add them as they are called there.`,
          ...restore.notes,
        ],
      }
    : restore;

  function restoreOf(): Restore {
    switch (settings.kind) {
      case 'db-instance':
        return instance(source.id, snapshot.id, { ...settings, ...(elsewhere && LOCAL) }, at);
      case 'db-cluster':
        return cluster(
          source.id,
          snapshot.id,
          elsewhere
            ? {
                ...settings,
                ...LOCAL,
                members: settings.members.map((member) => ({ ...member, parameterGroup: undefined })),
              }
            : settings,
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

/** What exists in the region of the source alone. */
const LOCAL = {
  subnetGroup: undefined,
  parameterGroup: undefined,
  optionGroup: undefined,
  domain: undefined,
  domainRole: undefined,
  securityGroups: [],
} as const;

function instance(id: string, snapshot: string, settings: InstanceSettings, at: Options): Restore {
  const target = besides(id, 63);
  const named = { ...at, '--db-instance-identifier': target };
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
    '--domain': settings.domain,
    '--domain-iam-role-name': settings.domainRole,
  });
  const wait = command('aws rds wait db-instance-available', named);
  const later = {
    '--max-allocated-storage': settings.maxStorage,
    '--enable-performance-insights': settings.performanceInsights || undefined,
  };
  const modify = Object.values(later).some((value) => value !== undefined)
    ? [command('aws rds modify-db-instance', { ...named, ...later, '--apply-immediately': true })]
    : [];
  const rename = (from: string, to: string) =>
    command('aws rds modify-db-instance', {
      ...at,
      '--db-instance-identifier': from,
      '--new-db-instance-identifier': to,
      '--apply-immediately': true,
    });
  return {
    target,
    commands: [restored, wait, ...modify].join('\n'),
    switchOver: swap(id, target, rename, (name) =>
      command('aws rds wait db-instance-available', { ...at, '--db-instance-identifier': name }),
    ),
    notes: settings.monitoringInterval > 0 ? ['Enhanced Monitoring has to be switched on again.'] : [],
  };
}

function cluster(id: string, snapshot: string, settings: ClusterSettings, at: Options): Restore {
  const target = besides(id, 63);
  const named = { ...at, '--db-cluster-identifier': target };
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
    '--domain': settings.domain,
    '--domain-iam-role-name': settings.domainRole,
  });
  // The first instance of a new cluster becomes its writer.
  const members = [...settings.members].sort((a, b) => Number(b.writer) - Number(a.writer));
  const ready = (member: MemberSettings) =>
    command('aws rds wait db-instance-available', {
      ...at,
      '--db-instance-identifier': besides(member.id, 63),
    });
  const rename = (from: string, to: string) =>
    command('aws rds modify-db-cluster', {
      ...at,
      '--db-cluster-identifier': from,
      '--new-db-cluster-identifier': to,
      '--apply-immediately': true,
    });
  const available = (name: string) =>
    command('aws rds wait db-cluster-available', { ...at, '--db-cluster-identifier': name });
  return {
    target,
    commands: [
      restored,
      available(target),
      ...members.map((member) => createMember(member, target, settings.engine, at)),
      ...members.map(ready),
    ].join('\n'),
    switchOver: swap(id, target, rename, available),
    notes:
      members.length > 0
        ? ['Clients that name an instance of the cluster, not the cluster, have to name the new one.']
        : [],
  };
}

const createMember = (member: MemberSettings, target: string, engine: string, at: Options): string =>
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
  });

/** Endpoints follow names: clients reach the restored database without a change. */
const swap = (
  id: string,
  target: string,
  rename: (from: string, to: string) => string,
  available: (name: string) => string,
): string => {
  const old = `${id.slice(0, 63 - OLD.length).replace(/-+$/, '')}${OLD}`;
  // Until it has the new name there is none of that name, which is an error for the command that waits.
  const renamed = `until ${available(old)}\ndo sleep 10; done`;
  return [rename(id, old), renamed, rename(target, id)].join('\n');
};

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
});

const CACHE_NOTE = 'The restored cache has an endpoint of its own: set it in what connects to the cache.';

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
  const token = settings.hasAuthToken ? `${BREAK}--auth-token "$AUTH_TOKEN"` : '';
  return {
    target,
    commands: [`${made}${token}`, command('aws elasticache wait replication-group-available', named)].join(
      '\n',
    ),
    notes: [
      ...(settings.hasAuthToken
        ? ['AUTH_TOKEN has to hold the auth token of the cache; AWS does not tell it.']
        : []),
      CACHE_NOTE,
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
  const wait = command('aws elasticache wait cache-cluster-available', named);
  return { target, commands: [made, wait].join('\n'), notes: [CACHE_NOTE] };
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
  return { target, commands: made, notes: [CACHE_NOTE] };
}

const BREAK = ' \\\n  ';

/** Colons, commas and the like mean nothing to a shell, and escapes are hard to read in an emergency. */
const word = (text: string): string => (/^[\w.,:=/@%+-]+$/.test(text) ? text : quote([text]));

/** One command, an option a line; every value is one word of the shell. */
function command(words: string, options: Options): string {
  const given = Object.entries(options).flatMap(([name, value]): string[] => {
    if (value === undefined || (typeof value === 'object' && value.length === 0)) return [];
    if (typeof value === 'boolean') return [value ? name : name.replace(/^--/, '--no-')];
    return [`${name} ${(typeof value === 'object' ? value : [String(value)]).map(word).join(' ')}`];
  });
  return [words, ...given].join(BREAK);
}
