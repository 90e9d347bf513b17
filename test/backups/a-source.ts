import type { Snapshot, Source } from '../../src/backups/source.ts';

/** A DB instance as a test needs it. */
export const ORDERS: Source = {
  kind: 'db-instance',
  id: 'orders',
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
    performanceInsights: false,
    monitoringInterval: 0,
  },
};

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
