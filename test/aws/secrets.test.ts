import { expect, it } from 'vitest';
import { secrets } from '../../src/aws/secrets.ts';
import { DeployError } from '../../src/errors.ts';
import { failureOf } from '../simulator/failure-of.ts';
import { account, CONNECTION, called } from './account-under-test.ts';

const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:';
const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1234';

it('a secret is described by its name, its ARN, and its ARN without the last six characters', async () => {
  await account({
    secrets: {
      'shop/db': { value: { password: 'p' }, previous: { password: 'o' }, kmsKey: KEY, changedAgo: 60_000 },
      plain: { value: 'x', kmsKey: 'alias/aws/secretsmanager' },
    },
  });
  const adapter = secrets(CONNECTION);
  const found = await adapter.describe('shop/db');
  expect(found).toEqual({
    arn: `${ARN}shop/db-AbCdEf`,
    name: 'shop/db',
    kmsKey: KEY,
    deletedAt: undefined,
    changedAt: expect.any(Number),
    versions: expect.any(Map),
  });
  expect([...(found?.versions.values() ?? [])].flat().toSorted()).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
  expect(await adapter.describe(`${ARN}shop/db-AbCdEf`)).toEqual(found);
  expect(await adapter.describe(`${ARN}shop/db`)).toEqual(found);
  expect(await adapter.describe('plain')).toMatchObject({ kmsKey: undefined });
  expect(await adapter.describe(`${ARN}shop/db-XyZxYz`)).toBeUndefined();
  expect(await adapter.describe('shop')).toBeUndefined();
});

it('a secret of another region is looked for there', async () => {
  const there = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:far-AbCdEf';
  await account({ secrets: { far: { value: { a: '1' }, region: 'us-east-1' } } });
  const adapter = secrets(CONNECTION);
  expect(await adapter.describe(there)).toMatchObject({ name: 'far' });
  expect(await adapter.describe('far')).toBeUndefined();
  expect(await adapter.jsonKeys([{ secret: there }, { secret: 'far' }])).toEqual([['a'], undefined]);
});

it('members of many values are read twenty secrets a call, and told in the order asked for', async () => {
  const names = Array.from({ length: 23 }, (_, n) => `shop/${n}`);
  const aws = await account({
    secrets: Object.fromEntries(names.map((name) => [name, { value: { [name]: 'v' } }])),
  });
  const order = [...names.toReversed(), `${ARN}shop/3`, `${ARN}shop/4-AbCdEf`, 'shop/0'];
  const keys = await secrets(CONNECTION).jsonKeys(order.map((secret) => ({ secret })));
  const expected = [...names.toReversed(), 'shop/3', 'shop/4', 'shop/0'];
  expect(keys).toEqual(expected.map((name) => [name]));
  // Those of an ARN are asked for apart: it may be of another region.
  expect(called(aws)).toEqual(Array.from({ length: 3 }, () => 'BatchGetSecretValue'));
});

it('what may not be read, is not there or is no JSON is told for each place, never its value', async () => {
  await account({
    secrets: {
      good: { value: { user: 'me', password: 'p4ss' }, previous: { user: 'me' } },
      text: { value: 'p4ss' },
      list: { value: '["p4ss"]' },
      bytes: { value: '{"a":"p4ss"}', binary: true },
      empty: {},
      gone: { value: { a: 'p4ss' }, deletedAgo: 1_000 },
      closed: { value: { a: 'p4ss' }, unreadable: 'policy' },
      locked: { value: { a: 'p4ss' }, unreadable: 'key' },
    },
  });
  const answers = await secrets(CONNECTION).jsonKeys([
    { secret: 'good' },
    { secret: 'good', stage: 'AWSCURRENT' },
    { secret: 'good', stage: 'AWSPREVIOUS' },
    { secret: 'good', stage: 'blue' },
    { secret: 'good', version: '00000000-0000-0000-0000-000000000000' },
    { secret: 'text' },
    { secret: 'list' },
    { secret: 'bytes' },
    { secret: 'empty' },
    { secret: 'nowhere' },
    { secret: 'gone' },
    { secret: 'closed' },
    { secret: 'locked' },
    { secret: 'closed', stage: 'AWSPREVIOUS' },
  ]);
  expect(answers.slice(0, 10)).toEqual([
    ['user', 'password'],
    ['user', 'password'],
    ['user'],
    undefined,
    undefined,
    'not-json',
    'not-json',
    'not-json',
    undefined,
    undefined,
  ]);
  const errors = answers.slice(10).map((answer) => (answer instanceof DeployError ? answer : undefined));
  expect(errors.map((error) => error?.message)).toEqual([
    expect.stringContaining('marked for deletion'),
    expect.stringContaining('not authorized to perform: secretsmanager:GetSecretValue'),
    expect.stringContaining('Access to KMS is not allowed'),
    expect.stringContaining('not authorized to perform: secretsmanager:GetSecretValue'),
  ]);
  expect(errors.map((error) => error?.next)).toEqual([
    expect.stringContaining('can be restored'),
    expect.stringContaining('Allow secretsmanager:GetSecretValue'),
    expect.stringContaining('Allow kms:Decrypt'),
    expect.stringContaining('Allow secretsmanager:GetSecretValue'),
  ]);
  expect(JSON.stringify(answers.map((answer) => String(answer)))).not.toContain('p4ss');
});

it('values are read one by one where many at once are denied, and a lost answer is asked for again', async () => {
  const aws = await account({ secrets: { a: { value: { x: '1' } }, b: { value: { y: '1' } } } });
  aws.faults.add({ kind: 'access-denied', service: 'Secrets Manager', operation: 'BatchGetSecretValue' });
  aws.faults.add({ kind: 'lost-answer', service: 'Secrets Manager', operation: 'GetSecretValue', nth: 1 });
  aws.faults.add({ kind: 'throttle', service: 'Secrets Manager', operation: 'GetSecretValue', nth: 2 });
  expect(await secrets(CONNECTION).jsonKeys([{ secret: 'a' }, { secret: 'b' }])).toEqual([['x'], ['y']]);
  expect(called(aws)[0]).toBe('BatchGetSecretValue: AccessDeniedException');
  expect(called(aws).filter((each) => each.startsWith('GetSecretValue'))).toHaveLength(4);
});

it('a description that is denied names the permission, and is not asked for again', async () => {
  const aws = await account({ secrets: { a: { value: 'x' } } });
  aws.faults.add({ kind: 'access-denied', service: 'Secrets Manager', operation: 'DescribeSecret' });
  expect(await failureOf(secrets(CONNECTION).describe('a'))).toMatchObject({
    name: 'DeployError',
    next: 'Allow secretsmanager:DescribeSecret in the policy of the role that this job assumes.',
  });
  expect(called(aws)).toHaveLength(1);
});
