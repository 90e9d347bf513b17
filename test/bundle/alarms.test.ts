import type { DescribeAlarmsOutput, GetDashboardOutput } from '@aws-sdk/client-cloudwatch';
import { expect, test } from 'vitest';
import { inWorld, TAKEN_BACK } from './world.ts';

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:alerts';

test('a definition in a few lines becomes alarms and a dashboard, and a second run changes nothing', async () => {
  await inWorld({}, async (world) => {
    const job = world.job();
    const inputs = {
      cluster: 'prod',
      service: 'web',
      definition: `defaults: true\nrds: shop-db\nnotify: ${TOPIC}`,
    };
    const first = await job.run('alarms', { ...inputs, annotate: 'v1.2.3 deployed' });
    expect(first.code, first.log).toBe(0);
    expect(first.outputs['outcome']).toBe('changed');
    const names = (first.outputs['alarms'] ?? '').split('\n');
    expect(names).toEqual([
      'prod/web/cpu',
      'prod/web/memory',
      'prod/web/http-5xx',
      'prod/web/error-rate',
      'prod/web/latency-p95',
      'prod/web/unhealthy-hosts',
      'prod/web/rds-connections',
    ]);
    expect(first.outputs['dashboard-url']).toBe(
      'https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#dashboards/dashboard/prod_web',
    );
    const { MetricAlarms = [] } = await world.ask<DescribeAlarmsOutput>('CloudWatch', 'DescribeAlarms', {
      AlarmNames: names,
    });
    expect(MetricAlarms.find(({ AlarmName }) => AlarmName === 'prod/web/http-5xx')).toMatchObject({
      MetricName: 'HTTPCode_Target_5XX_Count',
      Statistic: 'Sum',
      Period: 300,
      Threshold: 10,
      TreatMissingData: 'notBreaching',
      AlarmActions: [TOPIC],
      OKActions: [TOPIC],
    });

    const before = world.calls.length;
    const again = await job.run('alarms', { ...inputs, annotate: 'v1.2.3 deployed' });
    expect(again.outputs['outcome'], again.log).toBe('unchanged');
    const calls = world.calls.slice(before).map(({ operation }) => operation);
    expect(calls.filter((name) => !/^(Describe|List|Get)/.test(name))).toEqual([]);
    expect(calls).toHaveLength(14);
    const { DashboardBody = '' } = await world.ask<GetDashboardOutput>('CloudWatch', 'GetDashboard', {
      DashboardName: 'prod_web',
    });
    expect(DashboardBody.match(/v1\.2\.3 deployed \(run 1001\)/g)).toHaveLength(7);
    return TAKEN_BACK;
  });
});
