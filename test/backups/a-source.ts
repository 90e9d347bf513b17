import type {
  BesideTheData,
  ClusterSettings,
  InstanceSettings,
  ReplicationGroupSettings,
} from '../../src/backups/restore-settings.ts';
import type { Snapshot, Source } from '../../src/backups/source.ts';

/** A DB instance as a test needs it. */
export const ORDERS: Source = {
  kind: 'db-instance',
  id: 'orders',
  arn: 'arn:aws:rds:eu-west-1:123456789012:db:orders',
  identity: 'db-1',
  status: 'available',
  engine: 'postgres',
  encrypted: true,
  region: 'eu-west-1',
  settings: {
    kind: 'db-instance',
    instanceClass: 'db.r6g.large',
    subnetGroup: 'private',
    securityGroups: ['sg-1', 'sg-2'],
    parameterGroup: 'orders-postgres16',
    optionGroup: 'default:postgres-16',
    multiAz: true,
    publiclyAccessible: false,
    port: 5432,
    storageType: 'gp3',
    iops: 3_000,
    throughput: 125,
    iamAuthentication: true,
    deletionProtection: true,
    copyTags: true,
    minorUpgrades: false,
    logExports: ['postgresql', 'upgrade'],
    dedicatedLogVolume: false,
  },
};

const AURORA: ClusterSettings = {
  kind: 'db-cluster',
  engine: 'aurora-postgresql',
  engineVersion: '16.4',
  engineMode: 'provisioned',
  subnetGroup: 'private',
  securityGroups: ['sg-1'],
  parameterGroup: 'shop-16',
  port: 5432,
  iamAuthentication: false,
  deletionProtection: true,
  copyTags: true,
  logExports: [],
  serverless: { min: 0.5, max: 16 },
  members: [
    {
      id: 'shop-reader',
      writer: false,
      instanceClass: 'db.serverless',
      publiclyAccessible: false,
      minorUpgrades: true,
    },
    {
      id: 'shop-writer',
      writer: true,
      instanceClass: 'db.r6g.large',
      publiclyAccessible: false,
      minorUpgrades: true,
    },
  ],
};
/** An Aurora cluster with two instances. */
export const SHOP: Source = {
  ...ORDERS,
  kind: 'db-cluster',
  id: 'shop',
  engine: AURORA.engine,
  settings: AURORA,
};

const GROUP: ReplicationGroupSettings = {
  kind: 'replication-group',
  engine: 'valkey',
  engineVersion: '8.0',
  nodeType: 'cache.r7g.large',
  parameterGroup: 'default.valkey8.cluster.on',
  subnetGroup: 'private',
  securityGroups: ['sg-1'],
  port: 6379,
  minorUpgrades: true,
  transitEncryption: true,
  transitEncryptionMode: 'required',
  atRestEncryption: true,
  shards: 3,
  replicasPerShard: 2,
  automaticFailover: true,
  multiAz: true,
  hasAuthToken: true,
  userGroups: [],
  dataTiering: false,
};

/** A replication group in cluster mode, with everything that one can have. */
export const SESSIONS: Source = { ...ORDERS, kind: 'replication-group', id: 'sessions', settings: GROUP };

const WATCHED = {
  interval: 60,
  role: 'arn:aws:iam::123456789012:role/monitoring',
  performanceInsights: true,
  performanceInsightsKey: 'alias/insights',
  performanceInsightsDays: 465,
  databaseInsights: 'advanced',
};

/** All that RDS keeps beside the data of a database. */
export const BESIDE: BesideTheData = {
  tags: { team: 'shop', 'cost centre': 'a=b: 4711' },
  backupRetention: 14,
  backupWindow: '02:00-02:30',
  maintenanceWindow: 'sun:04:00-sun:04:30',
  lifecycleSupport: 'open-source-rds-extended-support-disabled',
  managedPassword: true,
  passwordKey: 'alias/secrets',
  roles: [
    { arn: 'arn:aws:iam::123456789012:role/import', feature: 's3Import' },
    { arn: 'arn:aws:iam::123456789012:role/export', feature: 's3Export' },
  ],
  monitoring: WATCHED,
};

/** One of each kind, with everything that is restored by an option. */
export const ONE_OF_EACH: readonly Source[] = [
  ORDERS,
  SHOP,
  SESSIONS,
  {
    ...ORDERS,
    settings: {
      ...(ORDERS.settings as InstanceSettings),
      optionGroup: 'orders-options',
      storageType: 'io2',
      iops: 20_000,
      licenseModel: 'postgresql-license',
      certificateAuthority: 'rds-ca-rsa2048-g1',
      networkType: 'DUAL',
      dedicatedLogVolume: true,
      domain: 'd-1',
      domainRole: 'directory',
      maxStorage: 1_000,
      processor: [
        { name: 'coreCount', value: '2' },
        { name: 'threadsPerCore', value: '1' },
      ],
      ...BESIDE,
    },
  },
  {
    ...SHOP,
    id: 'whole',
    settings: {
      ...AURORA,
      ...BESIDE,
      localWriteForwarding: true,
      members: AURORA.members.map((member) => ({
        ...member,
        monitoring: WATCHED,
        maintenanceWindow: 'sun:05:00-sun:05:30',
        tags: { team: 'shop' },
      })),
    },
  },
  {
    ...SHOP,
    id: 'multi-az',
    settings: {
      ...(SHOP.settings as ClusterSettings),
      engine: 'postgres',
      engineMode: 'serverless',
      instanceClass: 'db.r6gd.large',
      iops: 3_000,
      storageType: 'io1',
      backtrackWindow: 3_600,
      networkType: 'IPV4',
      domain: 'd-1',
      domainRole: 'directory',
      members: [],
    },
  },
  {
    ...SESSIONS,
    id: 'prices',
    settings: {
      ...GROUP,
      shards: undefined,
      parameterGroup: 'default.valkey8',
      node: 'prices-002',
      userGroups: ['readers'],
      kmsKey: 'alias/cache',
      dataTiering: true,
      snapshotRetention: 7,
      snapshotWindow: '05:00-09:00',
      networkType: 'ipv4',
      ipDiscovery: 'ipv4',
      maintenanceWindow: 'sun:04:00-sun:05:00',
      notificationTopic: 'arn:aws:sns:eu-west-1:123456789012:cache',
      logDelivery: [
        {
          LogType: 'slow-log',
          DestinationType: 'cloudwatch-logs',
          DestinationDetails: { CloudWatchLogsDetails: { LogGroup: 'cache' } },
          LogFormat: 'json',
        },
      ],
    },
  },
  {
    ...ORDERS,
    kind: 'cache-cluster',
    id: 'lone',
    settings: {
      kind: 'cache-cluster',
      engine: 'redis',
      engineVersion: '7.1',
      nodeType: 'cache.r7g.large',
      securityGroups: ['sg-1'],
      minorUpgrades: true,
      transitEncryption: true,
      availabilityZone: 'eu-west-1a',
      hasAuthToken: true,
    },
  },
  {
    ...ORDERS,
    kind: 'serverless-cache',
    id: 'quick',
    settings: {
      kind: 'serverless-cache',
      engine: 'valkey',
      majorVersion: '8',
      subnets: ['subnet-1', 'subnet-2'],
      securityGroups: ['sg-1'],
      userGroup: 'readers',
      kmsKey: 'alias/cache',
      limits: { DataStorage: { Maximum: 10, Unit: 'GB' }, ECPUPerSecond: { Maximum: 5_000 } },
      snapshotRetention: 7,
      snapshotTime: '03:00',
    },
  },
];

export const snapshotOf = (source: Source, given: Partial<Snapshot>): Snapshot => ({
  kind: source.kind,
  id: 'snapshot',
  arn: `arn:aws:rds:eu-west-1:123456789012:snapshot:${given.id ?? 'snapshot'}`,
  region: source.region,
  sourceId: source.id,
  ...(source.identity !== undefined && { sourceIdentity: source.identity }),
  status: 'available',
  encrypted: true,
  manual: true,
  tags: {},
  ...given,
});
