import { afterAll, beforeAll, expect, it } from 'vitest';
import { Job } from '../../src/runner/start-action.ts';
import { type Moto, startMoto } from '../slow/moto.ts';
import { type Answer, type Boto3, startBoto3 } from './boto3.ts';
import { makeShop } from './moto-shop.ts';

/** What alarms leaves in AWS, read back by boto3 from an emulator that others have written. */

let moto: Moto;
let boto3: Boto3;

const read: Boto3['answer'] = (...call) => boto3.answer(...call);

beforeAll(async () => {
  moto = await startMoto();
  boto3 = await startBoto3(moto.url);
  await makeShop(boto3);
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
