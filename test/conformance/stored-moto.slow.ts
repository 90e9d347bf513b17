import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { services } from '../../src/aws/services.ts';
import { taskDefinitions } from '../../src/aws/task-definitions.ts';
import { traffic } from '../../src/aws/traffic.ts';
import { systemClock } from '../../src/clock.ts';
import { Job } from '../../src/runner/start-action.ts';
import type { TaskDefinition } from '../../src/taskdef/definition.ts';
import { type Moto, startMoto } from '../slow/moto.ts';
import { type Answer, type Boto3, startBoto3 } from './boto3.ts';
import { makeShop, makeTargetGroup } from './moto-shop.ts';

/**
 * What the product leaves in AWS, read back by boto3 from an emulator that others have written. It does not judge how a
 * service behaves: in moto every deployment is over at once.
 */

const connection = { clock: systemClock };
/** Every character that protocols escape and that tags may have. */
const RUN = 'https://github.com/org/shop/actions/runs/1+2=3@4';
let moto: Moto;
let boto3: Boto3;
let network: object;
let web: string;
let other: string;
let loadBalancer: string;
let listener: string;

const read: Boto3['answer'] = (...call) => boto3.answer(...call);

const condition = (path: string) => ({ Field: 'path-pattern', Values: [path] });

beforeAll(async () => {
  moto = await startMoto();
  boto3 = await startBoto3(moto.url);
  const shop = await makeShop(boto3);
  ({ network, web, loadBalancer, listener } = shop);
  other = await makeTargetGroup(boto3, 'other', shop.vpc);
  for (const [Priority, path, forward] of [
    [
      10,
      '/api/*',
      {
        TargetGroups: [
          { TargetGroupArn: web, Weight: 3 },
          { TargetGroupArn: other, Weight: 1 },
        ],
        TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 600 },
      },
    ],
    [20, '/shop/*', { TargetGroups: [{ TargetGroupArn: web, Weight: 1 }] }],
    [30, '/other/*', { TargetGroups: [{ TargetGroupArn: other, Weight: 1 }] }],
  ] as const) {
    await read('elbv2', 'CreateRule', {
      ListenerArn: listener,
      Priority,
      Conditions: [condition(path)],
      Actions: [{ Type: 'forward', ForwardConfig: forward }],
    });
  }
});

afterAll(async () => {
  await boto3?.stop();
  moto?.stop();
});

/** A job whose steps talk to moto. */
const job = () =>
  new Job({
    AWS_ENDPOINT_URL: moto.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: 'org/shop',
    GITHUB_RUN_ID: '1',
    GITHUB_RUN_ATTEMPT: '1',
  });

/** The rules in their order: what a request has to be, and where it goes. */
async function rulesInOrder() {
  const { Rules } = await read('elbv2', 'DescribeRules', { ListenerArn: listener });
  return (Rules as Answer[])
    .map(({ Priority, Conditions, Actions }) => {
      const [{ ForwardConfig, TargetGroupArn }] = Actions;
      const groups = ForwardConfig?.TargetGroups ?? [{ TargetGroupArn, Weight: 1 }];
      return {
        priority: Priority === 'default' ? Number.POSITIVE_INFINITY : Number(Priority),
        is: Conditions.map(({ Field, Values, HttpHeaderConfig }: Answer) =>
          HttpHeaderConfig
            ? `${HttpHeaderConfig.HttpHeaderName}=${HttpHeaderConfig.Values}`
            : `${Field}=${Values}`,
        ).join(),
        weights: Object.fromEntries(groups.map((each: Answer) => [each.TargetGroupArn, each.Weight])),
        sticky: ForwardConfig?.TargetGroupStickinessConfig?.DurationSeconds,
      };
    })
    .sort((a, b) => a.priority - b.priority);
}

describe('boto3 finds in moto', () => {
  it('at every step the weights, the order of the rules and the stickiness that were asked for', async () => {
    const elb = traffic(connection);
    const [stable] = await elb.targetGroups([web]);
    if (!stable) throw new Error('no target group');
    const before = await rulesInOrder();
    expect(before.map(({ priority }) => priority)).toEqual([10, 20, 30, Number.POSITIVE_INFINITY]);
    const canary = await elb.createLike(stable, 'canary-web-00000000', { 'deploy-actions:run': RUN });
    const routes = (await elb.routes([loadBalancer])).filter(({ groups }) =>
      groups.some(({ arn }) => arn === web),
    );
    expect(routes).toHaveLength(3);
    await elb.createHeaderRule({
      listenerArn: listener,
      header: 'X-Canary',
      value: 'r1',
      targetGroupArn: canary.arn,
      priority: 1,
      tags: { 'deploy-actions:rolloutId': 'r1' },
    });
    for (const percent of [5, 25, 50, 100]) {
      for (const route of routes) {
        // A rule's other groups keep their share of it.
        const rest = route.groups.filter(({ arn }) => arn !== web);
        const split = [
          { arn: web, weight: 3 * (100 - percent) },
          ...rest.map(({ arn, weight }) => ({ arn, weight: 100 * weight })),
          { arn: canary.arn, weight: 3 * percent },
        ];
        await elb.write(route, split, route.isDefault ? 3_600 : route.stickinessSeconds);
      }
      const both = { [web]: 3 * (100 - percent), [canary.arn]: 3 * percent };
      expect(await rulesInOrder()).toEqual([
        { priority: 1, is: 'X-Canary=r1', weights: { [canary.arn]: 1 }, sticky: undefined },
        { priority: 10, is: 'path-pattern=/api/*', weights: { ...both, [other]: 100 }, sticky: 600 },
        { priority: 20, is: 'path-pattern=/shop/*', weights: both, sticky: undefined },
        { priority: 30, is: 'path-pattern=/other/*', weights: { [other]: 1 }, sticky: undefined },
        { priority: Number.POSITIVE_INFINITY, is: '', weights: both, sticky: 3_600 },
      ]);
    }
    for (const route of routes) await elb.write(route, route.groups, route.stickinessSeconds);
    const header = (await elb.routes([loadBalancer])).find(({ priority }) => priority === 1);
    await elb.deleteRule(header?.ruleArn ?? '');
    expect(await rulesInOrder()).toEqual(before);
    await elb.deleteTargetGroup(canary.arn);
  });

  it('a target group like the stable one, with its attributes and with the tags of the ledger', async () => {
    const elb = traffic(connection);
    await read('elbv2', 'ModifyTargetGroupAttributes', {
      TargetGroupArn: web,
      Attributes: [
        { Key: 'deregistration_delay.timeout_seconds', Value: '45' },
        { Key: 'slow_start.duration_seconds', Value: '60' },
      ],
    });
    const [stable] = await elb.targetGroups([web]);
    if (!stable) throw new Error('no target group');
    const tags = { 'deploy-actions:rolloutId': 'r1', 'deploy-actions:run': RUN };
    const { arn } = await elb.createLike(stable, 'canary-web-11111111', tags);
    await elb.tag([arn], { 'deploy-actions:phase': 'stepping' });
    const ours = async (operation: string, TargetGroupArn: string) =>
      read('elbv2', operation, { TargetGroupArn });
    expect(await ours('DescribeTargetGroupAttributes', arn)).toEqual(
      await ours('DescribeTargetGroupAttributes', web),
    );
    const { TagDescriptions } = await read('elbv2', 'DescribeTags', { ResourceArns: [arn] });
    expect(TagDescriptions[0].Tags).toEqual([
      { Key: 'deploy-actions:rolloutId', Value: 'r1' },
      { Key: 'deploy-actions:run', Value: RUN },
      { Key: 'deploy-actions:phase', Value: 'stepping' },
    ]);
    await elb.deleteTargetGroup(arn);
  });

  it('a service like the stable one: network, target group, tags and number of tasks', async () => {
    const elb = traffic(connection);
    const ecs = services(connection);
    const [group] = await elb.targetGroups([web]);
    const [stable] = await ecs.describe('prod', ['web']);
    if (!group || !stable) throw new Error('nothing is there');
    const canary = await elb.createLike(group, 'canary-web-22222222', {});
    await ecs.createLike(stable, {
      name: 'web-canary',
      taskDefinition: stable.taskDefinition,
      tasks: 1,
      targetGroups: new Map([[web, canary.arn]]),
      tags: { 'deploy-actions:rolloutId': 'r1', 'deploy-actions:run': RUN },
      token: 'r1',
    });
    const of = { cluster: 'prod', services: ['web-canary'], include: ['TAGS'] };
    const { services: found } = await read('ecs', 'DescribeServices', of);
    expect(found).toMatchObject([
      {
        desiredCount: 1,
        launchType: 'FARGATE',
        networkConfiguration: network,
        loadBalancers: [{ targetGroupArn: canary.arn, containerName: 'web', containerPort: 8080 }],
        tags: [
          { key: 'deploy-actions:rolloutId', value: 'r1' },
          { key: 'deploy-actions:run', value: RUN },
        ],
      },
    ]);
    await ecs.delete('prod', 'web-canary');
    await elb.deleteTargetGroup(canary.arn);
  });

  it('the definition that render writes, and behind its references the file, the secret and the parameter', async () => {
    await read('s3', 'CreateBucket', {
      Bucket: 'settings',
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
    });
    await read('s3', 'PutObject', { Bucket: 'settings', Key: 'shop.env', Body: 'COLOUR=blue\n' });
    const secret = await read('secretsmanager', 'CreateSecret', { Name: 'shop/db', SecretString: 'hunter2' });
    await read('ssm', 'PutParameter', { Name: '/shop/token', Value: 'token1', Type: 'SecureString' });
    const { Parameter } = await read('ssm', 'GetParameter', { Name: '/shop/token' });
    const action = job();
    const rendered = await action.run('render-task-definition', {
      cluster: 'prod',
      service: 'web',
      'container-name': 'web',
      image: 'app:v2',
      'env-files': 'arn:aws:s3:::settings/shop.env',
      secrets: `DB_PASSWORD=${secret.ARN}\nTOKEN=${Parameter.ARN}`,
      'environment-variables': 'GREETING=Grüße & "<Küsse>"',
      tags: `team=shop\nrun=${RUN}`,
    });
    expect(rendered.code, rendered.log).toBe(0);
    const definition = JSON.parse(
      readFileSync(rendered.outputs['task-definition'] ?? '', 'utf8'),
    ) as TaskDefinition;
    action.end();
    const { arn } = await taskDefinitions(connection).register(definition);

    const { taskDefinition, tags } = await read('ecs', 'DescribeTaskDefinition', {
      taskDefinition: arn,
      include: ['TAGS'],
    });
    expect(tags).toEqual([
      { key: 'team', value: 'shop' },
      { key: 'run', value: RUN },
    ]);
    const [container] = taskDefinition.containerDefinitions;
    expect(container).toMatchObject({
      image: 'app:v2',
      environment: [{ name: 'GREETING', value: 'Grüße & "<Küsse>"' }],
      environmentFiles: [{ type: 's3' }],
    });
    const [file] = container.environmentFiles;
    const [, Bucket, Key] = /^arn:aws:s3:::([^/]+)\/(.+)$/.exec(file.value) ?? [];
    const { Body } = await read('s3', 'GetObject', { Bucket, Key });
    expect(Buffer.from(Body.$bytes, 'base64').toString()).toBe('COLOUR=blue\n');
    const from = new Map<string, string>(
      container.secrets.map((each: Answer) => [each.name, each.valueFrom]),
    );
    const SecretId = from.get('DB_PASSWORD');
    expect((await read('secretsmanager', 'GetSecretValue', { SecretId })).SecretString).toBe('hunter2');
    const given = { Name: from.get('TOKEN'), WithDecryption: true };
    expect((await read('ssm', 'GetParameter', given)).Parameter.Value).toBe('token1');
  });

  it('the snapshots of a backup, with their tags', async () => {
    await read('rds', 'CreateDBInstance', {
      DBInstanceIdentifier: 'orders',
      DBInstanceClass: 'db.r6g.large',
      Engine: 'postgres',
      AllocatedStorage: 20,
      MasterUsername: 'me',
      MasterUserPassword: 'password1',
    });
    await read('elasticache', 'CreateReplicationGroup', {
      ReplicationGroupId: 'sessions',
      ReplicationGroupDescription: 'x',
      Engine: 'redis',
      CacheNodeType: 'cache.r6g.large',
      NumNodeGroups: 1,
      ReplicasPerNodeGroup: 1,
      AutomaticFailoverEnabled: true,
    });
    const action = job();
    const { code, log, outputs } = await action.run('backup', {
      'db-instances': 'orders',
      'replication-groups': 'sessions',
      tags: 'team=shop',
    });
    action.end();
    expect(code, log).toBe(0);
    const ids = outputs['snapshots'] ?? '';
    const { DBSnapshots } = await read('rds', 'DescribeDBSnapshots', {
      DBInstanceIdentifier: 'orders',
      SnapshotType: 'manual',
    });
    const { Snapshots } = await read('elasticache', 'DescribeSnapshots', { ReplicationGroupId: 'sessions' });
    expect(DBSnapshots).toMatchObject([{ Status: 'available', SnapshotType: 'manual' }]);
    expect(Snapshots).toMatchObject([{ SnapshotStatus: 'available', SnapshotSource: 'manual' }]);
    expect(ids).toContain(DBSnapshots[0].DBSnapshotIdentifier);
    expect(ids).toContain(Snapshots[0].SnapshotName);
    const stored = await read('elasticache', 'ListTagsForResource', { ResourceName: Snapshots[0].ARN });
    for (const tags of [DBSnapshots[0].TagList, stored.TagList]) {
      expect(tags).toContainEqual({ Key: 'team', Value: 'shop' });
      expect(tags).toContainEqual({
        Key: 'deploy-actions:run',
        Value: 'https://github.com/org/shop/actions/runs/1',
      });
    }
  });

  it('the task that a migration starts, and the lock that it leaves free', async () => {
    const action = job();
    const { code, log } = await action.run('migrate', {
      cluster: 'prod',
      service: 'web',
      command: '["true"]',
    });
    action.end();
    // A task of moto stops without an exit code, so that nothing can have been migrated.
    expect(log).toContain('Container web never ran.');
    expect(code).toBe(1);
    const [, id] = /Task (\S+) was started/.exec(log) ?? [];
    const of = { cluster: 'prod', tasks: [id], include: ['TAGS'] };
    const { tasks } = await read('ecs', 'DescribeTasks', of);
    expect(tasks).toMatchObject([
      {
        overrides: { containerOverrides: [{ name: 'web', command: ['true'] }] },
        tags: [
          { key: 'deploy-actions:lock', value: 'prod/web' },
          { key: 'deploy-actions:step', value: 'command' },
        ],
      },
    ]);
    const { Parameter } = await read('ssm', 'GetParameter', { Name: '/deploy-actions/migrations/prod/web' });
    expect(JSON.parse(Parameter.Value)).toMatchObject({ lock: 'free' });
  });
});
