import { describe, expect, it } from 'vitest';
import { access } from '../../src/aws/access.ts';
import type { AccessQuestion } from '../../src/preflight/access.ts';
import { failureOf } from '../simulator/failure-of.ts';
import { account, CONNECTION, called } from './account-under-test.ts';

const ROLE = 'arn:aws:iam::123456789012:role/pull';
const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf';
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1234';

const policy = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });

const rolePolicies = {
  pull: {
    policies: [
      policy(
        { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: `${SECRET}` },
        { Effect: 'Allow', Action: ['ecr:*', 'sts:AssumeRole'], Resource: '*' },
        { Effect: 'Deny', Action: 'ecr:DeleteRepository', Resource: '*' },
        {
          Effect: 'Allow',
          Action: 'kms:Decrypt',
          Resource: '*',
          Condition: { StringEquals: { 'kms:ViaService': 'secretsmanager.eu-west-1.amazonaws.com' } },
        },
      ),
    ],
  },
  bounded: {
    policies: [policy({ Effect: 'Allow', Action: '*', Resource: '*' })],
    boundary: policy({ Effect: 'Allow', Action: 'ecr:*', Resource: '*' }),
  },
};

const ask = (questions: readonly AccessQuestion[], role = ROLE) =>
  access(CONNECTION).simulate(role, questions);

describe('what a role may do', () => {
  it('is told for each action and resource, in the order asked for', async () => {
    const aws = await account({ rolePolicies });
    const via = (service: string) => ({ 'kms:ViaService': `${service}.eu-west-1.amazonaws.com` });
    const answers = await ask([
      { action: 'secretsmanager:GetSecretValue', resource: SECRET },
      { action: 'secretsmanager:GetSecretValue', resource: `${SECRET}2` },
      { action: 'ecr:GetAuthorizationToken', resource: '*' },
      { action: 'ecr:DeleteRepository', resource: 'arn:aws:ecr:eu-west-1:123456789012:repository/shop' },
      { action: 'kms:Decrypt', resource: KEY, context: via('secretsmanager') },
      { action: 'kms:Decrypt', resource: KEY, context: via('ssm') },
      { action: 'ecs:UpdateService', resource: '*' },
      { action: 'secretsmanager:GetSecretValue', resource: SECRET },
    ]);
    expect(answers).toEqual([
      'allowed',
      'denied',
      'allowed',
      'denied-explicitly',
      'allowed',
      'denied',
      'denied',
      'allowed',
    ]);
    // Both of `*` are one call; those of the secrets, of the repository, and of each context are another each.
    expect(aws.calls).toHaveLength(5);
  });

  it('is bounded by its boundary', async () => {
    await account({ rolePolicies });
    const answers = await ask(
      [
        { action: 'ecr:GetAuthorizationToken', resource: '*' },
        { action: 'ssm:GetParameters', resource: '*' },
      ],
      ROLE.replace('pull', 'bounded'),
    );
    expect(answers).toEqual(['allowed', 'denied']);
  });

  it('is asked action by action where IAM does not judge them together', async () => {
    const aws = await account({ rolePolicies });
    const answers = await ask([
      { action: 'ecr:GetAuthorizationToken', resource: '*' },
      { action: 'sts:AssumeRole', resource: '*' },
      { action: 'ecs:RunTask', resource: '*' },
    ]);
    expect(answers).toEqual(['allowed', 'allowed', 'denied']);
    expect(called(aws)).toEqual([
      'SimulatePrincipalPolicy: InvalidInput',
      ...Array.from({ length: 3 }, () => 'SimulatePrincipalPolicy'),
    ]);
  });

  it('is not known of a role that does not exist', async () => {
    await account({ rolePolicies });
    expect(await ask([{ action: 'ecr:PutImage', resource: '*' }], `${ROLE}s`)).toBeUndefined();
  });

  it('is known of the usual execution role without being told', async () => {
    await account({});
    const usual = ROLE.replace('pull', 'ecsTaskExecutionRole');
    expect(await ask([{ action: 'secretsmanager:GetSecretValue', resource: SECRET }], usual)).toEqual([
      'allowed',
    ]);
  });

  it('is an error when IAM may not be asked, and asked again when it is throttled', async () => {
    const aws = await account({ rolePolicies });
    aws.faults.add({ kind: 'throttle', service: 'IAM', nth: 1 });
    const question = [{ action: 'ecr:PutImage', resource: '*' }];
    expect(await ask(question)).toEqual(['allowed']);
    aws.faults.add({ kind: 'access-denied', service: 'IAM' });
    expect(await failureOf(ask(question))).toMatchObject({
      name: 'DeployError',
      next: 'Allow iam:SimulatePrincipalPolicy in the policy of the role that this job assumes.',
    });
    expect(called(aws)).toEqual([
      'SimulatePrincipalPolicy: Throttling',
      'SimulatePrincipalPolicy',
      'SimulatePrincipalPolicy: AccessDenied',
    ]);
  });
});
