import { afterAll, beforeAll, expect, it } from 'vitest';
import { network } from '../../src/aws/network.ts';
import { parameters } from '../../src/aws/parameters.ts';
import { secrets } from '../../src/aws/secrets.ts';
import { traffic } from '../../src/aws/traffic.ts';
import { systemClock } from '../../src/clock.ts';
import { type Moto, startMoto } from '../slow/moto.ts';
import { type Answer, type Boto3, startBoto3 } from './boto3.ts';

/** What the product reads of an account, in an emulator that others have written and boto3 has filled. */

const connection = { clock: systemClock };
let moto: Moto;
let boto3: Boto3;

const ask: Boto3['answer'] = (...call) => boto3.answer(...call);

beforeAll(async () => {
  moto = await startMoto();
  boto3 = await startBoto3(moto.url);
});

afterAll(async () => {
  await boto3?.stop();
  moto?.stop();
});

it('secrets, by name and ARN, many at once', async () => {
  const adapter = secrets(connection);
  const made: Answer[] = [];
  for (let n = 0; n < 22; n++) {
    const SecretString = JSON.stringify({ [`key${n}`]: 'v' });
    made.push(await ask('secretsmanager', 'CreateSecret', { Name: `shop/${n}`, SecretString }));
  }
  await ask('secretsmanager', 'PutSecretValue', { SecretId: 'shop/0', SecretString: '{"newer":1}' });
  expect(await adapter.describe(made[0].ARN)).toMatchObject({ arn: made[0].ARN, name: 'shop/0' });
  expect([...((await adapter.describe('shop/0'))?.versions.values() ?? [])].flat().toSorted()).toEqual([
    'AWSCURRENT',
    'AWSPREVIOUS',
  ]);
  expect(await adapter.describe('shop/none')).toBeUndefined();
  const places = [...made.map(({ ARN }) => ({ secret: ARN })), { secret: 'shop/5' }, { secret: 'shop/none' }];
  expect(await adapter.jsonKeys([...places, { secret: 'shop/0', stage: 'AWSPREVIOUS' }])).toEqual([
    ['newer'],
    ...Array.from({ length: 21 }, (_, n) => [`key${n + 1}`]),
    ['key5'],
    undefined,
    ['key0'],
  ]);
});

it('parameters, by name and ARN, encrypted or not', async () => {
  await ask('ssm', 'PutParameter', { Name: '/shop/motd', Value: 'x', Type: 'String' });
  await ask('ssm', 'PutParameter', { Name: '/shop/token', Value: 'x', Type: 'SecureString' });
  const arn = 'arn:aws:ssm:eu-west-1:123456789012:parameter/shop/token';
  const facts = await parameters(connection).facts(['/shop/motd', arn, '/shop/none']);
  expect(Object.fromEntries(facts)).toEqual({
    '/shop/motd': {
      arn: expect.stringMatching(/\/shop\/motd$/),
      secure: false,
      changedAt: expect.any(Number),
    },
    [arn]: { arn, secure: true, changedAt: expect.any(Number) },
  });
});

it('subnets, security groups, and the load balancers in them', async () => {
  const { Subnets } = await ask('ec2', 'DescribeSubnets', {});
  const [first, second] = Subnets;
  const { GroupId } = await ask('ec2', 'CreateSecurityGroup', {
    GroupName: 'tasks',
    Description: 'Tasks',
    VpcId: first.VpcId,
  });
  const IpPermissions = [
    { IpProtocol: 'tcp', FromPort: 80, ToPort: 81, IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
    { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId }] },
  ];
  await ask('ec2', 'AuthorizeSecurityGroupIngress', { GroupId, IpPermissions });
  const adapter = network(connection);
  expect(await adapter.subnets([first.SubnetId, 'subnet-none'])).toEqual([
    {
      id: first.SubnetId,
      vpc: first.VpcId,
      zone: first.AvailabilityZone,
      freeAddresses: first.AvailableIpAddressCount,
      ranges: [first.CidrBlock],
    },
  ]);
  const [group] = await adapter.securityGroups([GroupId, 'sg-none']);
  expect(group).toMatchObject({ id: GroupId, name: 'tasks', vpc: first.VpcId });
  expect(group?.inbound).toEqual(
    expect.arrayContaining([
      { protocol: 'tcp', from: 80, to: 81, groups: [], ranges: ['10.0.0.0/8'], prefixLists: [] },
      { protocol: '-1', from: 0, to: 65_535, groups: [GroupId], ranges: [], prefixLists: [] },
    ]),
  );
  expect(group?.outbound).toEqual([
    { protocol: '-1', from: 0, to: 65_535, groups: [], ranges: ['0.0.0.0/0'], prefixLists: [] },
  ]);

  const subnets = [first.SubnetId, second.SubnetId];
  const { LoadBalancers } = await ask('elbv2', 'CreateLoadBalancer', {
    Name: 'shop',
    Subnets: subnets,
    SecurityGroups: [GroupId],
  });
  const { TargetGroups } = await ask('elbv2', 'CreateTargetGroup', {
    Name: 'web',
    Protocol: 'HTTP',
    Port: 8080,
    VpcId: first.VpcId,
    TargetType: 'ip',
    HealthCheckPath: '/health',
    Matcher: { HttpCode: '200-204' },
  });
  const [{ LoadBalancerArn: arn }] = LoadBalancers;
  const elb = traffic(connection);
  expect(await elb.loadBalancers([arn, `${arn}0`])).toEqual([
    { arn, name: 'shop', type: 'application', vpc: first.VpcId, securityGroups: [GroupId], subnets },
  ]);
  expect(await elb.healthCheck(TargetGroups[0].TargetGroupArn)).toMatchObject({
    enabled: true,
    protocol: 'HTTP',
    path: '/health',
    matcher: '200-204',
  });
  expect((await elb.limits()).get('target-groups')).toBeGreaterThan(100);
});
