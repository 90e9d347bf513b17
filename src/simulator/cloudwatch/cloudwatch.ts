import type {
  GetMetricDataCommandInput,
  GetMetricStatisticsCommandInput,
  ListMetricsCommandInput,
  PutMetricDataCommandInput,
} from '@aws-sdk/client-cloudwatch';
import type { Call, MetricSink, Operations } from '../operation.ts';
import type { AlarmState } from './alarm-judge.ts';
import { alarmOperations } from './alarm-operations.ts';
import { Alarms } from './alarms.ts';
import { createArrival, type MetricDelay, type MetricFault } from './arrival.ts';
import { Dashboards, dashboardOperations } from './dashboards.ts';
import { getMetricData } from './metric-data.ts';
import { getMetricStatistics, listMetrics, putMetricData } from './statistics.ts';
import { MetricStore } from './store.ts';

export interface CloudWatchOptions {
  readonly seed: number;
  readonly region: string;
  readonly accountId: string;
  /** How long after its end a period becomes readable; 1 to 3 minutes if not given. */
  readonly delay?: MetricDelay;
  readonly faults?: readonly MetricFault[];
}

/** CloudWatch's metrics, alarms and dashboards. */
export interface CloudWatch {
  /** Where the rest of AWS writes its metrics. */
  readonly sink: MetricSink;
  readonly operations: Operations;
  /** Evaluates the alarms at every full minute up to `now` (ms). */
  advance(now: number): void;
  /** An alarm's state at `at` (ms), from the metrics added so far; undefined when there is no such alarm. */
  alarmState(name: string, at: number): AlarmState | undefined;
  /** The tags of an alarm or a dashboard by its ARN; undefined when it does not exist. */
  tagsOf(arn: string): ReadonlyMap<string, string> | undefined;
  /** Adds a fault; periods that are readable already may vanish by it. */
  disturb(fault: MetricFault): void;
}

export function createCloudWatch(options: CloudWatchOptions): CloudWatch {
  const { seed, region, accountId, delay = [60_000, 180_000] } = options;
  const faults = [...(options.faults ?? [])];
  const arrival = createArrival(seed, delay, faults);
  const store = new MetricStore(arrival);
  const alarms = new Alarms(store, arrival.longest);
  const dashboards = new Dashboards(accountId);
  return {
    sink: store,
    operations: {
      GetMetricData: (input: GetMetricDataCommandInput, call: Call) => getMetricData(store, input, call),
      GetMetricStatistics: (input: GetMetricStatisticsCommandInput, call: Call) =>
        getMetricStatistics(store, input, call),
      ListMetrics: (input: ListMetricsCommandInput, call: Call) => listMetrics(store, input, call),
      PutMetricData: (input: PutMetricDataCommandInput, call: Call) => putMetricData(store, input, call),
      ...alarmOperations(alarms, dashboards, region, accountId),
      ...dashboardOperations(dashboards),
    },
    advance: (now) => alarms.advance(now),
    alarmState: (name, at) => {
      alarms.advance(at);
      return alarms.all.get(name)?.state;
    },
    tagsOf: (arn) => {
      const name = arn.split(':alarm:')[1];
      return name === undefined ? dashboards.tagsOf(arn) : alarms.all.get(name)?.tags;
    },
    disturb: (fault) => faults.push(fault),
  };
}
