import type { PutMetricAlarmInput } from '@aws-sdk/client-cloudwatch';
import type { TestWorld } from './world.ts';

/** Puts an alarm on a metric that nobody sends. */
export const putAlarm = (world: TestWorld, AlarmName: string, more: Partial<PutMetricAlarmInput> = {}) =>
  world.ask('CloudWatch', 'PutMetricAlarm', {
    AlarmName,
    Namespace: 'Shop',
    MetricName: 'Orders',
    Statistic: 'Sum',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanThreshold',
    ...more,
  });

export const setAlarm = (world: TestWorld, AlarmName: string, StateValue: string) =>
  world.ask('CloudWatch', 'SetAlarmState', {
    AlarmName,
    StateValue,
    StateReason: 'Threshold Crossed: 7 orders failed',
  });

/** An alarm that nothing but setAlarm moves. */
export async function putAlarmIn(world: TestWorld, AlarmName: string, StateValue: string): Promise<void> {
  await putAlarm(world, AlarmName, { TreatMissingData: 'ignore' });
  await setAlarm(world, AlarmName, StateValue);
}
