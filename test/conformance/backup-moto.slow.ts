import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheSnapshots } from '../../src/aws/cache-snapshots.ts';
import { databaseSnapshots } from '../../src/aws/database-snapshots.ts';
import { restoreCommands } from '../../src/backups/restore-commands.ts';
import type { Source, SourceKind } from '../../src/backups/source.ts';
import { systemClock } from '../../src/clock.ts';
import { ONE_OF_EACH, snapshotOf } from '../backups/a-source.ts';
import { awsCli, pythonWithMoto } from '../slow/tools.ts';

/**
 * What the adapters send for snapshots, and the commands that bring a database back, judged by an emulator and a command
 * line that others have written.
 */

const connection = { clock: systemClock };
let server: ChildProcess;
let url: string;

const SETUP = `
import boto3, sys
make = lambda name: boto3.client(name, region_name='eu-west-1', endpoint_url=sys.argv[1], aws_access_key_id='x', aws_secret_access_key='x')
ec2, rds, cache = map(make, ['ec2', 'rds', 'elasticache'])
subnets = [s['SubnetId'] for s in ec2.describe_subnets()['Subnets']][:2]
group = ec2.describe_security_groups()['SecurityGroups'][0]['GroupId']
rds.create_db_subnet_group(DBSubnetGroupName='private', DBSubnetGroupDescription='x', SubnetIds=subnets)
rds.create_db_instance(DBInstanceIdentifier='orders', DBInstanceClass='db.r6g.large', Engine='postgres', AllocatedStorage=20, MasterUsername='me', MasterUserPassword='password1', DBSubnetGroupName='private', VpcSecurityGroupIds=[group], CopyTagsToSnapshot=True, Tags=[{'Key': 'team', 'Value': 'shop'}])
rds.create_db_cluster(DBClusterIdentifier='shop', Engine='aurora-postgresql', MasterUsername='me', MasterUserPassword='password1')
rds.create_db_instance(DBInstanceIdentifier='shop-1', DBInstanceClass='db.r6g.large', Engine='aurora-postgresql', DBClusterIdentifier='shop')
cache.create_replication_group(ReplicationGroupId='sessions', ReplicationGroupDescription='x', Engine='redis', CacheNodeType='cache.r6g.large', NumNodeGroups=2, ReplicasPerNodeGroup=1, AutomaticFailoverEnabled=True)
cache.create_cache_cluster(CacheClusterId='lone', Engine='redis', CacheNodeType='cache.r6g.large', NumCacheNodes=1)
`;

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((settle) => probe.listen(0, '127.0.0.1', settle));
  const address = probe.address();
  await new Promise((settle) => probe.close(settle));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

const ENV = {
  AWS_REGION: 'eu-west-1',
  AWS_DEFAULT_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'x',
  AWS_SECRET_ACCESS_KEY: 'x',
};

beforeAll(async () => {
  const python = pythonWithMoto();
  awsCli();
  const port = await freePort();
  server = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((settle, refuse) => {
    server.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('Running on')) settle();
    });
    server.on('exit', () => refuse(new Error('moto did not start')));
  });
  url = `http://127.0.0.1:${port}`;
  Object.assign(process.env, { ...ENV, AWS_ENDPOINT_URL: url });
  execFileSync(python, ['-c', SETUP, url], { encoding: 'utf8' });
});

afterAll(() => {
  server.kill();
});

/** Runs commands as a person would, against moto. */
const shell = (commands: string): string =>
  execFileSync('sh', ['-eu', '-c', commands], {
    encoding: 'utf8',
    env: { PATH: `${dirname(awsCli())}:/usr/bin:/bin`, HOME: '/nonexistent', ...ENV, AWS_ENDPOINT_URL: url },
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
    const { commands, target, switchOver = '' } = restoreCommands(source, snapshot);
    shell(commands);
    const restored = await sourceOf('db-instance', target);
    expect(restored.settings).toMatchObject({ instanceClass: 'db.r6g.large', subnetGroup: 'private' });
    shell(switchOver);
    expect((await sourceOf('db-instance', 'orders')).identity).toBe(restored.identity);
  });

  it('the commands that restore an Aurora cluster', async () => {
    const source = await sourceOf('db-cluster', 'shop');
    const snapshot = await databaseSnapshots(connection, 'db-cluster').look('backup-1');
    if (!snapshot) throw new Error('no snapshot');
    shell(restoreCommands(source, snapshot).commands);
    const restored = await sourceOf('db-cluster', 'shop-restored');
    expect(restored.settings).toMatchObject({ members: [{ id: 'shop-1-restored' }] });
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
        const { commands, switchOver = '' } = restoreCommands(source, of);
        expect(() => shell([CHECKING, commands, switchOver].join('\n'))).not.toThrow();
      }
    },
  );
});
