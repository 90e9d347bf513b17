import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheSnapshots } from '../../src/aws/cache-snapshots.ts';
import { databaseSnapshots } from '../../src/aws/database-snapshots.ts';
import { restoreCommands } from '../../src/backups/restore-commands.ts';
import type { Source, SourceKind } from '../../src/backups/source.ts';
import { systemClock } from '../../src/clock.ts';
import { ONE_OF_EACH, snapshotOf } from '../backups/a-source.ts';
import { type Moto, startMoto } from '../slow/moto.ts';
import { type AwsCli, startAwsCli } from './aws-cli.ts';

/**
 * What the adapters send for snapshots, and the commands that bring a database back, judged by an emulator and a command
 * line that others have written.
 */

const connection = { clock: systemClock };
let moto: Moto;
let aws: AwsCli;

const SETUP = `
import boto3, sys
make = lambda name, region='eu-west-1': boto3.client(name, region_name=region, endpoint_url=sys.argv[1], aws_access_key_id='x', aws_secret_access_key='x')
ec2, rds, cache = map(make, ['ec2', 'rds', 'elasticache'])
subnets = [s['SubnetId'] for s in ec2.describe_subnets()['Subnets']][:2]
group = ec2.describe_security_groups()['SecurityGroups'][0]['GroupId']
rds.create_db_subnet_group(DBSubnetGroupName='private', DBSubnetGroupDescription='x', SubnetIds=subnets)
there = [s['SubnetId'] for s in make('ec2', 'eu-central-1').describe_subnets()['Subnets']][:2]
make('rds', 'eu-central-1').create_db_subnet_group(DBSubnetGroupName='private', DBSubnetGroupDescription='moto takes that of the snapshot', SubnetIds=there)
rds.create_db_instance(DBInstanceIdentifier='orders', DBInstanceClass='db.r6g.large', Engine='postgres', AllocatedStorage=20, MasterUsername='me', MasterUserPassword='password1', DBSubnetGroupName='private', VpcSecurityGroupIds=[group], CopyTagsToSnapshot=True, Tags=[{'Key': 'team', 'Value': 'shop'}])
rds.create_db_cluster(DBClusterIdentifier='shop', Engine='aurora-postgresql', MasterUsername='me', MasterUserPassword='password1')
rds.create_db_instance(DBInstanceIdentifier='shop-1', DBInstanceClass='db.r6g.large', Engine='aurora-postgresql', DBClusterIdentifier='shop')
cache.create_replication_group(ReplicationGroupId='sessions', ReplicationGroupDescription='x', Engine='redis', CacheNodeType='cache.r6g.large', NumNodeGroups=2, ReplicasPerNodeGroup=1, AutomaticFailoverEnabled=True)
cache.create_cache_cluster(CacheClusterId='lone', Engine='redis', CacheNodeType='cache.r6g.large', NumCacheNodes=1)
`;

beforeAll(async () => {
  moto = await startMoto();
  aws = await startAwsCli({
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_ENDPOINT_URL: moto.url,
  });
  moto.python(SETUP);
});

afterAll(() => {
  aws?.stop();
  moto?.stop();
});

/** Runs commands as a person would, against moto. */
const shell = (commands: string): string =>
  execFileSync('sh', ['-eu', '-c', commands], {
    encoding: 'utf8',
    env: { PATH: `${aws.path}:/usr/bin:/bin`, HOME: '/nonexistent' },
  });

async function sourceOf(kind: SourceKind, id: string): Promise<Source> {
  const snapshots = kind.startsWith('db-')
    ? databaseSnapshots(connection, kind as 'db-instance')
    : cacheSnapshots(connection, kind as 'cache-cluster');
  const source = (await snapshots.sources([id])).get(id);
  if (!source) throw new Error(`no ${id}`);
  return source;
}

const TAGS = {
  'deploy-actions:snapshot': 'backup-1',
  'deploy-actions:run': 'https://github.com/org/shop/actions/runs/1',
};

describe('moto agrees with', () => {
  it.each([
    ['db-instance', 'orders'],
    ['db-cluster', 'shop'],
  ] as const)('snapshots of a %s, their tags, pages and copies', async (kind, id) => {
    const snapshots = databaseSnapshots(connection, kind);
    const source = await sourceOf(kind, id);
    expect(source).toMatchObject({ id, status: 'available', encrypted: false, region: 'eu-west-1' });
    expect(await snapshots.sources(['nowhere'])).toEqual(new Map());
    expect(await snapshots.statuses([id, 'nowhere'])).toEqual(new Map([[id, 'available']]));

    const order = { source, id: 'backup-1', tags: TAGS };
    const taken = await snapshots.take(order);
    expect(taken).toMatchObject({ kind: 'begun', snapshot: { id: 'backup-1', sourceId: id, manual: true } });
    expect(await snapshots.take(order)).toEqual({ kind: 'taken' });
    const found = await snapshots.look('backup-1');
    expect(found).toMatchObject({ status: 'available', tags: TAGS, region: 'eu-west-1' });
    expect(found?.beganAt).toBeGreaterThan(Date.now() - 600_000);
    expect((await snapshots.list(source, 'backup-')).map((each) => each.id)).toEqual(['backup-1']);
    expect([...(await snapshots.find(['backup-1', 'nowhere'])).keys()]).toEqual(['backup-1']);
    expect(await snapshots.look('nowhere')).toBeUndefined();
    if (!found) return;

    const elsewhere = databaseSnapshots(connection, kind, 'eu-central-1');
    expect(await elsewhere.copy({ from: found, id: 'backup-1', tags: TAGS })).toMatchObject({
      kind: 'begun',
    });
    expect(await elsewhere.copy({ from: found, id: 'backup-1', tags: TAGS })).toEqual({ kind: 'taken' });
    expect(await elsewhere.look('backup-1')).toMatchObject({ region: 'eu-central-1', tags: TAGS });

    await elsewhere.delete('backup-1');
    await elsewhere.delete('backup-1');
    expect(await elsewhere.look('backup-1')).toBeUndefined();
    expect(await snapshots.look('backup-1')).toBeDefined();
  });

  it.each([
    ['replication-group', 'sessions'],
    ['cache-cluster', 'lone'],
  ] as const)('snapshots of a %s and their tags', async (kind, id) => {
    const snapshots = cacheSnapshots(connection, kind);
    const source = await sourceOf(kind, id);
    expect(source).toMatchObject({ id, status: 'available', engine: 'redis' });
    expect(await snapshots.sources(['nowhere'])).toEqual(new Map());
    const name = `backup-${id}`;
    const order = { source, id: name, tags: TAGS };
    expect(await snapshots.take(order)).toMatchObject({ kind: 'begun', snapshot: { id: name } });
    expect(await snapshots.take(order)).toEqual({ kind: 'taken' });
    expect(await snapshots.look(name)).toMatchObject({ status: 'available', tags: TAGS, manual: true });
    expect((await snapshots.list(source, name)).map((each) => each.id)).toEqual([name]);
    expect(await snapshots.look('nowhere')).toBeUndefined();
  });

  it('the commands that restore a DB instance: it is there under its name', async () => {
    const source = await sourceOf('db-instance', 'orders');
    const snapshot = await databaseSnapshots(connection, 'db-instance').look('backup-1');
    if (!snapshot) throw new Error('no snapshot');
    const { commands, target, switchOver } = restoreCommands(source, snapshot);
    const swap = switchOver?.commands ?? '';
    // Before there is anything that could take the name, it stays where it is.
    expect(() => shell(swap)).toThrow(/orders-restored/);
    expect((await sourceOf('db-instance', 'orders')).identity).toBe(source.identity);
    shell(commands);
    const restored = await sourceOf('db-instance', target);
    expect(restored.settings).toMatchObject({
      instanceClass: 'db.r6g.large',
      subnetGroup: 'private',
      tags: { team: 'shop' },
    });
    shell(swap);
    expect((await sourceOf('db-instance', 'orders')).identity).toBe(restored.identity);
    expect((await sourceOf('db-instance', 'orders-before-restore')).identity).toBe(source.identity);
  });

  it('the commands of a switch whose first rename fails: the restored one keeps its name', async () => {
    const source = { ...(await sourceOf('db-instance', 'orders')), id: 'nowhere' };
    const snapshot = await databaseSnapshots(connection, 'db-instance').look('backup-1');
    if (!snapshot) throw new Error('no snapshot');
    const { commands, switchOver } = restoreCommands(source, snapshot);
    shell(commands);
    expect(() => shell(switchOver?.commands ?? '')).toThrow(/nowhere/);
    expect((await sourceOf('db-instance', 'nowhere-restored')).status).toBe('available');
    await expect(sourceOf('db-instance', 'nowhere-before-restore')).rejects.toThrow();
  });

  it('a restore of a copy in another region, under a name of its own', async () => {
    const source = await sourceOf('db-instance', 'orders');
    const from = await databaseSnapshots(connection, 'db-instance').look('backup-1');
    if (!from) throw new Error('no snapshot');
    const elsewhere = databaseSnapshots(connection, 'db-instance', 'eu-central-1');
    await elsewhere.copy({ from, id: 'backup-1', tags: TAGS });
    const copy = await elsewhere.look('backup-1');
    if (!copy) throw new Error('no copy');
    const { commands, switchOver } = restoreCommands(source, copy);
    expect(switchOver).toBeUndefined();
    shell(commands);
    const restored = (await elsewhere.sources(['orders-restored', 'orders'])).keys();
    expect([...restored]).toEqual(['orders-restored']);
  });

  it('the commands that restore an Aurora cluster', async () => {
    const source = await sourceOf('db-cluster', 'shop');
    const snapshot = await databaseSnapshots(connection, 'db-cluster').look('backup-1');
    if (!snapshot) throw new Error('no snapshot');
    const { commands, switchOver } = restoreCommands(source, snapshot);
    shell(commands);
    const restored = await sourceOf('db-cluster', 'shop-restored');
    expect(restored.settings).toMatchObject({ members: [{ id: 'shop-1-restored' }] });
    shell(switchOver?.commands ?? '');
    expect((await sourceOf('db-cluster', 'shop')).identity).toBe(restored.identity);
  });
});

/**
 * Checks every option and its value against the API, and sends nothing; what waits is asked, and finds nothing, for
 * which the code is 255.
 */
const CHECKING = `aws() {
  if [ "$2" = wait ]; then command aws "$@" 2>&1 || [ $? -eq 255 ]; else command aws "$@" --generate-cli-skeleton output; fi
}
AUTH_TOKEN=0123456789abcdef`;

describe('the AWS command line agrees with', () => {
  it('no option that it does not know', () => {
    for (const wrong of [
      'aws rds wait db-available --db-instance-identifier orders',
      'aws rds modify-db-instance --db-instance-identifier orders --no-such-option 1',
      'aws elasticache create-replication-group --replication-group-id a',
    ]) {
      expect(() => shell(`${CHECKING}\n${wrong}`)).toThrow();
    }
  });

  it.each(ONE_OF_EACH.map((source) => [source.kind, source.id, source] as const))(
    'the commands that restore a %s %s',
    (_kind, _id, source) => {
      const here = snapshotOf(source, { id: 'backup-1' });
      for (const of of [here, { ...here, region: 'eu-central-1' }]) {
        const { commands, switchOver } = restoreCommands(source, of);
        expect(() => shell([CHECKING, commands, switchOver?.commands].join('\n'))).not.toThrow();
      }
    },
  );
});
