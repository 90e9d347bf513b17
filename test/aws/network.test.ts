import { DescribeSecurityGroupsCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { expect, it } from 'vitest';
import { network } from '../../src/aws/network.ts';
import { traffic } from '../../src/aws/traffic.ts';
import { failureOf } from '../simulator/failure-of.ts';
import { account, CONNECTION, called } from './account-under-test.ts';

it('subnets and security groups are told as they are, without those that are not there', async () => {
  const aws = await account({
    network: {
      subnets: { 'subnet-full': { zone: 'c', freeAddresses: 0, vpc: 'vpc-2' } },
      securityGroups: {
        'sg-tasks': {
          vpc: 'vpc-2',
          name: 'tasks',
          inbound: [
            { from: 8080, to: 8081, groups: ['sg-lb'], ranges: ['10.0.0.0/8', 'fd00::/8'] },
            { protocol: '-1', prefixLists: ['pl-1'] },
          ],
          outbound: [],
        },
      },
      missing: ['subnet-0b1b2c3d4e5f60718'],
    },
  });
  const adapter = network(CONNECTION);
  const ids = ['subnet-full', 'subnet-0a1b2c3d4e5f60718', 'subnet-0b1b2c3d4e5f60718', 'subnet-none'];
  expect(await adapter.subnets(ids)).toEqual([
    {
      id: 'subnet-0a1b2c3d4e5f60718',
      vpc: 'vpc-0a1b2c3d4e5f60718',
      zone: 'eu-west-1a',
      freeAddresses: 240,
      ranges: ['10.0.0.0/24'],
    },
    { id: 'subnet-full', vpc: 'vpc-2', zone: 'eu-west-1c', freeAddresses: 0, ranges: ['10.0.1.0/24'] },
  ]);
  expect(await adapter.securityGroups(['sg-tasks', 'sg-none'])).toEqual([
    {
      id: 'sg-tasks',
      name: 'tasks',
      vpc: 'vpc-2',
      inbound: [
        {
          protocol: 'tcp',
          from: 8080,
          to: 8081,
          groups: ['sg-lb'],
          ranges: ['10.0.0.0/8', 'fd00::/8'],
          prefixLists: [],
        },
        { protocol: '-1', from: 0, to: 65_535, groups: [], ranges: [], prefixLists: ['pl-1'] },
      ],
      outbound: [],
    },
  ]);
  expect(await adapter.subnets([])).toEqual([]);
  expect(called(aws)).toEqual(['DescribeSubnets', 'DescribeSecurityGroups']);
});

it('more than a filter takes are asked for in several calls', async () => {
  const ids = Array.from({ length: 201 }, (_, n) => `subnet-${n}`);
  const aws = await account({ network: { subnets: Object.fromEntries(ids.map((id) => [id, {}])) } });
  expect(await network(CONNECTION).subnets(ids)).toHaveLength(201);
  expect(called(aws)).toHaveLength(2);
});

it('what services and load balancers name is there, and lets the one reach the other', async () => {
  const aws = await account({});
  const elb = traffic(CONNECTION);
  const [group] = await elb.targetGroupsByName(['web']);
  const [balancer] = await elb.loadBalancers([
    ...(group?.loadBalancerArns ?? []),
    `${group?.loadBalancerArns[0]}0`,
  ]);
  expect(balancer).toEqual({
    arn: group?.loadBalancerArns[0],
    name: 'shop',
    type: 'application',
    vpc: 'vpc-0a1b2c3d4e5f60718',
    securityGroups: ['sg-0a1b2c3d4e5f60718'],
    subnets: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1b2c3d4e5f60718'],
  });
  const [found] = await network(CONNECTION).securityGroups(balancer?.securityGroups ?? []);
  expect(found?.inbound).toContainEqual(
    expect.objectContaining({ from: 0, to: 65_535, groups: ['sg-0a1b2c3d4e5f60718'] }),
  );
  expect(found?.inbound).toContainEqual(expect.objectContaining({ from: 80, ranges: ['0.0.0.0/0', '::/0'] }));
  expect(await elb.healthCheck(group?.arn ?? '')).toEqual({
    enabled: true,
    protocol: 'HTTP',
    port: 'traffic-port',
    path: '/health',
    intervalSeconds: 10,
    timeoutSeconds: 5,
    healthyThreshold: 3,
    unhealthyThreshold: 2,
    matcher: '200-299',
  });
  expect(await elb.healthCheck(`${group?.arn}0`)).toBeUndefined();
  expect((await elb.limits()).get('target-groups')).toBe(3_000);
  expect(aws.calls.at(-1)).toMatchObject({ operation: 'DescribeAccountLimits' });
});

it('throttling is waited out, and a refusal names the permission at once', async () => {
  const aws = await account({});
  aws.faults.add({ kind: 'throttle', service: 'EC2', nth: 1, times: 2 });
  expect(await network(CONNECTION).subnets(['subnet-0a1b2c3d4e5f60718'])).toHaveLength(1);
  expect(called(aws)).toEqual([
    'DescribeSubnets: RequestLimitExceeded',
    'DescribeSubnets: RequestLimitExceeded',
    'DescribeSubnets',
  ]);
  aws.faults.add({ kind: 'access-denied', service: 'EC2' });
  expect(await failureOf(network(CONNECTION).securityGroups(['sg-1']))).toMatchObject({
    name: 'DeployError',
    next: 'Allow ec2:DescribeSecurityGroups in the policy of the role that this job assumes.',
  });
});

it('ids that do not exist are named by EC2 where they are asked for as ids', async () => {
  await account({});
  const ec2 = new EC2Client({ maxAttempts: 1 });
  expect(await failureOf(ec2.send(new DescribeSubnetsCommand({ SubnetIds: ['subnet-1'] })))).toMatchObject({
    name: 'InvalidSubnetID.NotFound',
    message: "The subnet ID 'subnet-1' does not exist",
  });
  const groups = new DescribeSecurityGroupsCommand({ GroupIds: ['sg-1', 'sg-2'] });
  expect(await failureOf(ec2.send(groups))).toMatchObject({
    name: 'InvalidGroup.NotFound',
    message: "The security groups 'sg-1, sg-2' do not exist",
  });
  const filter = new DescribeSubnetsCommand({ Filters: [{ Name: 'colour', Values: ['red'] }] });
  expect(await failureOf(ec2.send(filter))).toMatchObject({ name: 'InvalidParameterValue' });
});
