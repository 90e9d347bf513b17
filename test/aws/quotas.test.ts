import { expect, it } from 'vitest';
import { quotas } from '../../src/aws/quotas.ts';
import { failureOf } from '../simulator/failure-of.ts';
import { account, CONNECTION, called } from './account-under-test.ts';

const FARGATE = ['fargate', 'L-3032A538'] as const;

it('a limit is told, with what is used of it where CloudWatch knows', async () => {
  await account({
    history: 900_000,
    quotas: { 'fargate/L-3032A538': { name: 'vCPUs', value: 100, used: 64.5 } },
  });
  expect(await quotas(CONNECTION).find(...FARGATE)).toEqual({ name: 'vCPUs', value: 100, used: 64.5 });
});

it('a limit that nobody has changed is told as it is by default', async () => {
  const aws = await account({ quotas: { 'ecs/L-1': { byDefault: 5_000 } } });
  expect(await quotas(CONNECTION).find('ecs', 'L-1')).toEqual({ name: 'L-1', value: 5_000, used: undefined });
  expect(called(aws)).toEqual(['GetServiceQuota: NoSuchResourceException', 'GetAWSDefaultServiceQuota']);
});

it('a limit that AWS does not have is none', async () => {
  await account({});
  expect(await quotas(CONNECTION).find('ecs', 'L-2')).toBeUndefined();
});

it('a refusal names the permission, and throttling is waited out', async () => {
  const aws = await account({});
  aws.faults.add({ kind: 'throttle', service: 'Service Quotas', nth: 1 });
  expect(await quotas(CONNECTION).find(...FARGATE)).toMatchObject({ value: 4_000, used: undefined });
  aws.faults.add({ kind: 'access-denied', service: 'Service Quotas' });
  expect(await failureOf(quotas(CONNECTION).find(...FARGATE))).toMatchObject({
    next: 'Allow servicequotas:GetServiceQuota in the policy of the role that this job assumes.',
  });
});
