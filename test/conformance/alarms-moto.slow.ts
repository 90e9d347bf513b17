import { afterAll, beforeAll, expect, it } from 'vitest';
import { Job } from '../../src/runner/start-action.ts';
import { type Moto, startMoto } from '../slow/moto.ts';
import type { Answer } from './both-clients.ts';
import { type Boto3, startBoto3 } from './boto3.ts';

/** What alarms leaves in AWS, read back by boto3 from an emulator that others have written. */

let moto: Moto;
let boto3: Boto3;

async function read(service: string, operation: string, input: object): Promise<Answer> {
  const result = await boto3.ask(service, operation, input);
  if ('refusal' in result) throw new Error(`${operation}: ${JSON.stringify(result.refusal)}`);
  return result.answer;
}

beforeAll(async () => {
  moto = await startMoto();
  boto3 = await startBoto3(moto.url);
  const { Vpcs } = await read('ec2', 'DescribeVpcs', {});
  const { Subnets } = await read('ec2', 'DescribeSubnets', {});
  const subnets = Subnets.slice(0, 2).map(({ SubnetId }: Answer) => SubnetId);
  const { LoadBalancers } = await read('elbv2', 'CreateLoadBalancer', { Name: 'shop', Subnets: subnets });
  const settings = { Name: 'web', Protocol: 'HTTP', Port: 8080, VpcId: Vpcs[0].VpcId, TargetType: 'ip' };
  const { TargetGroups } = await read('elbv2', 'CreateTargetGroup', settings);
  const { TargetGroupArn } = TargetGroups[0];
  await read('elbv2', 'CreateListener', {
    LoadBalancerArn: LoadBalancers[0].LoadBalancerArn,
    Protocol: 'HTTP',
    Port: 80,
    DefaultActions: [{ Type: 'forward', TargetGroupArn }],
  });
  await read('ecs', 'CreateCluster', { clusterName: 'prod' });
  await read('ecs', 'RegisterTaskDefinition', {
    family: 'web',
    containerDefinitions: [
      { name: 'web', image: 'app:v1', cpu: 256, memory: 512, portMappings: [{ containerPort: 8080 }] },
    ],
  });
  await read('ecs', 'CreateService', {
    cluster: 'prod',
    serviceName: 'web',
    taskDefinition: 'web:1',
    desiredCount: 2,
    loadBalancers: [{ targetGroupArn: TargetGroupArn, containerName: 'web', containerPort: 8080 }],
  });
});

afterAll(async () => {
  await boto3?.stop();
  moto?.stop();
});

it('boto3 finds in moto the alarms of a definition, as the documents would have put them', async () => {
  const job = new Job({
    AWS_ENDPOINT_URL: moto.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  });
  try {
    const topic = 'arn:aws:sns:eu-west-1:123456789012:alerts';
    const definition = `defaults: true\nrds: shop-db\nnotify: ${topic}\nlatency-p95: { above: 500ms, missing: ignore }`;
    const inputs = { cluster: 'prod', service: 'web', definition };
    const step = await job.run('alarms', inputs);
    expect(step.code, step.log).toBe(0);
    const { MetricAlarms } = await read('cloudwatch', 'DescribeAlarms', { AlarmNamePrefix: 'prod/web/' });
    const alarm = (name: string) =>
      MetricAlarms.find(({ AlarmName }: Answer) => AlarmName === `prod/web/${name}`);
    const usual = { ComparisonOperator: 'GreaterThanThreshold', AlarmActions: [topic], OKActions: [topic] };
    expect(alarm('cpu')).toMatchObject({
      ...usual,
      Namespace: 'AWS/ECS',
      MetricName: 'CPUUtilization',
      Statistic: 'Average',
      Period: 300,
      EvaluationPeriods: 2,
      Threshold: 80,
    });
    expect(alarm('http-5xx')).toMatchObject({
      ...usual,
      MetricName: 'HTTPCode_Target_5XX_Count',
      Statistic: 'Sum',
      Period: 300,
      Threshold: 10,
      TreatMissingData: 'notBreaching',
    });
    expect(alarm('rds-connections')).toMatchObject({
      ...usual,
      MetricName: 'DatabaseConnections',
      Dimensions: [{ Name: 'DBInstanceIdentifier', Value: 'shop-db' }],
      Period: 60,
      Threshold: 180,
    });
    expect(alarm('latency-p95')).toMatchObject({ ExtendedStatistic: 'p95', Threshold: 0.5, Period: 60 });
    expect(alarm('error-rate').Metrics.map(({ Id }: Answer) => Id)).toEqual(['e1', 'r1', 'result']);
    const { Tags } = await read('cloudwatch', 'ListTagsForResource', { ResourceARN: alarm('cpu').AlarmArn });
    expect(Tags).toEqual([
      { Key: 'deploy-actions:service', Value: 'prod/web' },
      { Key: 'deploy-actions:made-by', Value: 'alarms' },
    ]);
    const { DashboardBody } = await read('cloudwatch', 'GetDashboard', { DashboardName: 'prod_web' });
    expect(JSON.parse(DashboardBody).widgets.length).toBeGreaterThan(5);
  } finally {
    job.end();
  }
});
