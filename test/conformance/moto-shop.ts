import type { Answer, Boto3 } from './boto3.ts';

/** A service behind a load balancer, as boto3 has made it in moto. */
export interface MotoShop {
  /** The VPC's id. */
  readonly vpc: string;
  /** `networkConfiguration` of the service. */
  readonly network: object;
  readonly loadBalancer: string;
  readonly listener: string;
  /** The target group's ARN. */
  readonly web: string;
}

/** A target group of tasks. */
export async function makeTargetGroup(boto3: Boto3, Name: string, VpcId: string): Promise<string> {
  const settings = { Name, Protocol: 'HTTP', Port: 8080, VpcId, TargetType: 'ip' };
  return (await boto3.answer('elbv2', 'CreateTargetGroup', settings)).TargetGroups[0].TargetGroupArn;
}

/** Makes the service `web` in the cluster `prod`, which runs `web:1`. */
export async function makeShop(boto3: Boto3): Promise<MotoShop> {
  const { Vpcs } = await boto3.answer('ec2', 'DescribeVpcs', {});
  const { Subnets } = await boto3.answer('ec2', 'DescribeSubnets', {});
  const { SecurityGroups } = await boto3.answer('ec2', 'DescribeSecurityGroups', {});
  const vpc: string = Vpcs[0].VpcId;
  const subnets = Subnets.slice(0, 2).map(({ SubnetId }: Answer) => SubnetId);
  const network = { awsvpcConfiguration: { subnets, securityGroups: [SecurityGroups[0].GroupId] } };
  const { LoadBalancers } = await boto3.answer('elbv2', 'CreateLoadBalancer', {
    Name: 'shop',
    Subnets: subnets,
  });
  const loadBalancer: string = LoadBalancers[0].LoadBalancerArn;
  const web = await makeTargetGroup(boto3, 'web', vpc);
  const { Listeners } = await boto3.answer('elbv2', 'CreateListener', {
    LoadBalancerArn: loadBalancer,
    Protocol: 'HTTP',
    Port: 80,
    DefaultActions: [{ Type: 'forward', TargetGroupArn: web }],
  });
  await boto3.answer('ecs', 'CreateCluster', { clusterName: 'prod' });
  await boto3.answer('ecs', 'RegisterTaskDefinition', {
    family: 'web',
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '256',
    memory: '512',
    executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
    containerDefinitions: [
      { name: 'web', image: 'app:v1', cpu: 256, memory: 512, portMappings: [{ containerPort: 8080 }] },
    ],
  });
  await boto3.answer('ecs', 'CreateService', {
    cluster: 'prod',
    serviceName: 'web',
    taskDefinition: 'web:1',
    desiredCount: 2,
    launchType: 'FARGATE',
    networkConfiguration: network,
    loadBalancers: [{ targetGroupArn: web, containerName: 'web', containerPort: 8080 }],
  });
  return { vpc, network, loadBalancer, listener: Listeners[0].ListenerArn, web };
}
