import { describe, expect, test } from 'vitest';
import type { Arrival } from '../../src/simulator/arrivals.ts';
import { modelOf } from '../../src/simulator/wire/services.ts';
import { MAPPED, requestsOf } from './requests.ts';

const REGION = 'eu-west-1';
const ACCOUNT = '123456789012';
const ecs = (resource: string) => `arn:aws:ecs:${REGION}:${ACCOUNT}:${resource}`;
const elb = (resource: string) => `arn:aws:elasticloadbalancing:${REGION}:${ACCOUNT}:${resource}`;

const asked = (service: string, operation: string, input: object, world: Arrival['world'] = {}) =>
  requestsOf({
    service,
    operation,
    input,
    userAgent: '',
    call: { region: REGION, accountId: ACCOUNT },
    world,
  });

const ELB = 'Elastic Load Balancing v2';
const CLUSTER = { 'ecs:cluster': ecs('cluster/prod') };

describe('what IAM is asked', () => {
  test('names the service that a call is about, and the tags that it has', () => {
    const tagged = { tagsOf: () => new Map([['deploy-actions:rolloutId', '1']]) };
    expect(asked('ECS', 'DeleteService', { cluster: 'prod', service: 'web-canary' }, tagged)).toEqual([
      {
        action: 'ecs:DeleteService',
        resource: ecs('service/prod/web-canary'),
        context: { 'aws:ResourceTag/deploy-actions:rolloutId': '1', ...CLUSTER },
      },
    ]);
  });

  test('says which task definition a service is to run, where the call says so', () => {
    const contextOf = (operation: string, input: object) =>
      asked('ECS', operation, { cluster: 'prod', ...input })?.[0]?.context;
    const runs = { 'ecs:task-definition': ecs('task-definition/web:7'), ...CLUSTER };
    expect(contextOf('UpdateService', { service: 'web', taskDefinition: 'web:7' })).toEqual(runs);
    expect(contextOf('UpdateService', { service: 'web', desiredCount: 2 })).toEqual(CLUSTER);
    expect(
      contextOf('CreateService', { serviceName: 'web', taskDefinition: ecs('task-definition/web:7') }),
    ).toEqual(runs);
  });

  test('tells what is not there', () => {
    const empty = { tagsOf: () => undefined };
    const [request] = asked('ECS', 'DescribeServices', { cluster: 'prod', services: ['web'] }, empty) ?? [];
    expect(request).toMatchObject({ resource: ecs('service/prod/web'), gone: true });
  });

  test('has a permission of its own for tags that come with what is made', () => {
    const tags = { 'aws:TagKeys': ['team'], 'aws:RequestTag/team': 'shop' };
    expect(
      asked(ELB, 'CreateTargetGroup', { Name: 'canary-web', Tags: [{ Key: 'team', Value: 'shop' }] }),
    ).toEqual([
      {
        action: 'elasticloadbalancing:CreateTargetGroup',
        resource: elb('targetgroup/canary-web/0123456789abcdef'),
        context: tags,
      },
      {
        action: 'elasticloadbalancing:AddTags',
        resource: elb('targetgroup/canary-web/0123456789abcdef'),
        context: { ...tags, 'elasticloadbalancing:CreateAction': 'CreateTargetGroup' },
      },
    ]);
    expect(asked(ELB, 'CreateTargetGroup', { Name: 'canary-web' })).toHaveLength(1);
  });

  test('is about the roles that a task definition hands on, unless the call names others', () => {
    const taskDefinition = {
      taskDefinitionArn: ecs('task-definition/web:7'),
      taskRoleArn: 'arn:aws:iam::123456789012:role/web',
      executionRoleArn: 'arn:aws:iam::123456789012:role/pull',
    };
    const input = {
      cluster: 'prod',
      taskDefinition: 'web',
      overrides: { taskRoleArn: 'arn:aws:iam::123456789012:role/migrate' },
    };
    const requests = asked('ECS', 'RunTask', input, { taskDefinition: () => taskDefinition });
    expect(requests?.map(({ action, resource }) => `${action} ${resource}`)).toEqual([
      `ecs:RunTask ${ecs('task-definition/web:7')}`,
      'iam:PassRole arn:aws:iam::123456789012:role/migrate',
      'iam:PassRole arn:aws:iam::123456789012:role/pull',
    ]);
    expect(requests?.[1]?.context).toEqual({ 'iam:PassedToService': 'ecs-tasks.amazonaws.com' });
  });

  test.each([
    ['HEAD', 'blobs/sha256:0', ['ecr:BatchCheckLayerAvailability']],
    ['GET', 'blobs/sha256:0', ['ecr:GetDownloadUrlForLayer']],
    ['POST', 'blobs/uploads/', ['ecr:InitiateLayerUpload']],
    ['PATCH', 'blobs/uploads/7', ['ecr:UploadLayerPart']],
    ['PUT', 'blobs/uploads/7?digest=sha256:0', ['ecr:UploadLayerPart', 'ecr:CompleteLayerUpload']],
    ['HEAD', 'manifests/v1', ['ecr:BatchGetImage']],
    ['PUT', 'manifests/v1', ['ecr:PutImage']],
    ['GET', 'tags/list', ['ecr:ListImages']],
  ])('is, for %s %s of a registry, %s', (method, path, actions) => {
    const requests = asked('registry', method, { repository: 'team/shop', path });
    expect(requests?.map(({ action }) => action)).toEqual(actions);
    expect(requests?.[0]?.resource).toBe(`arn:aws:ecr:${REGION}:${ACCOUNT}:repository/team/shop`);
  });

  test('is about the customer’s key of a copy, and not about the key of AWS itself', () => {
    const copy = (KmsKeyId: string) =>
      asked('RDS', 'CopyDBSnapshot', {
        SourceDBSnapshotIdentifier: 'a',
        TargetDBSnapshotIdentifier: 'b',
        KmsKeyId,
      })?.map(({ action }) => action);
    expect(copy('alias/backups')).toEqual([
      ...['rds:CopyDBSnapshot', 'rds:CopyDBSnapshot'],
      ...['kms:CreateGrant', 'kms:DescribeKey'],
    ]);
    expect(copy('alias/aws/rds')).toEqual(['rds:CopyDBSnapshot', 'rds:CopyDBSnapshot']);
  });

  test('is about each secret of a call for many, by its whole ARN', () => {
    const arn = `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:`;
    const SecretIdList = ['shop/db', `${arn}far`, `${arn}far-XyZxYz`];
    expect(
      asked('Secrets Manager', 'BatchGetSecretValue', { SecretIdList })?.map(
        ({ action, resource }) => `${action} ${resource}`,
      ),
    ).toEqual([
      'secretsmanager:BatchGetSecretValue *',
      `secretsmanager:GetSecretValue ${arn.replace('us-east-1', REGION)}shop/db-AbCdEf`,
      `secretsmanager:GetSecretValue ${arn}far-AbCdEf`,
      `secretsmanager:GetSecretValue ${arn}far-XyZxYz`,
    ]);
  });

  test('is not known of an operation that nobody has told about', () => {
    expect(asked('ECS', 'DeleteCluster', {})).toBeUndefined();
  });
});

test('every operation that is known is one of AWS', async () => {
  const unknown: string[] = [];
  for (const each of MAPPED) {
    const [, service = '', operation = ''] = /^(.+) (\w+)$/.exec(each) ?? [];
    const model = await modelOf(service);
    if (!model?.operations.has(operation)) unknown.push(each);
  }
  expect(unknown).toEqual([]);
});

test('is about the objects and the bucket that a call names', () => {
  const of = (operation: string, input: object) =>
    asked('S3', operation, { Bucket: 'site', ...input })?.map(
      ({ action, resource }) => `${action} ${resource}`,
    );
  expect(of('ListObjectsV2', { Prefix: 'a/' })).toEqual(['s3:ListBucket arn:aws:s3:::site']);
  expect(of('DeleteObjects', { Delete: { Objects: [{ Key: 'a' }, { Key: 'b/c' }] } })).toEqual([
    's3:DeleteObject arn:aws:s3:::site/a',
    's3:DeleteObject arn:aws:s3:::site/b/c',
  ]);
  expect(of('CopyObject', { Key: 'b', CopySource: 'site/a%20b' })).toEqual([
    's3:GetObject arn:aws:s3:::site/a b',
    's3:PutObject arn:aws:s3:::site/b',
  ]);
  expect(asked('CloudFront', 'GetInvalidation', { DistributionId: 'E1', Id: 'I1' })?.[0]).toMatchObject({
    action: 'cloudfront:GetInvalidation',
    resource: `arn:aws:cloudfront::${ACCOUNT}:distribution/E1`,
  });
});
