import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  type DescribeAlarmsCommandOutput,
  GetMetricDataCommand,
  type GetMetricDataCommandOutput,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import type { MetricQuery, Metrics } from '../ports.ts';
import type { Alarm } from '../rollout/judge/evidence.ts';
import { type Connection, call, clientSettings } from './connection.ts';

const PERIOD_S = 60;
/** GetMetricData takes this many queries a call; DescribeAlarms this many names. */
const QUERIES_AT_ONCE = 500;
const ALARMS_AT_ONCE = 100;

/** CloudWatch metrics by the minute, and alarms. */
export function metrics(connection: Connection): Metrics {
  const client = new CloudWatchClient(clientSettings(connection));
  const send = <Output>(command: object): Promise<Output> => call(connection, 'cloudwatch', client, command);

  return {
    async read(queries, from, to) {
      const values = new Map<string, Map<number, number>>(queries.map(({ id }) => [id, new Map()]));
      const state = new Map<string, string>();
      const failed = new Set<string>();
      if (queries.length === 0 || to <= from) return { values, complete: true };
      if (queries.length > QUERIES_AT_ONCE)
        throw new Error(`at most ${QUERIES_AT_ONCE} metric queries at once, not ${queries.length}`);
      let nextToken: string | undefined;
      do {
        const page: GetMetricDataCommandOutput = await send(
          new GetMetricDataCommand({
            MetricDataQueries: queries.map(sdkQuery),
            StartTime: new Date(from),
            EndTime: new Date(to),
            ScanBy: 'TimestampAscending',
            ...(nextToken && { NextToken: nextToken }),
          }),
        );
        for (const result of page.MetricDataResults ?? []) {
          const series = values.get(result.Id ?? '');
          result.Timestamps?.forEach((at, index) => {
            const value = result.Values?.[index];
            if (value !== undefined) series?.set(at.getTime(), value);
          });
          state.set(result.Id ?? '', result.StatusCode ?? 'Complete');
          if (result.StatusCode === 'InternalError' || result.StatusCode === 'Forbidden') {
            failed.add(result.Id ?? '');
          }
        }
        nextToken = page.NextToken;
      } while (nextToken);
      // PartialData on a page that more pages follow is nothing to worry about; on the last one it is.
      const complete = failed.size === 0 && ![...state.values()].includes('PartialData');
      return { values, complete };
    },

    async alarms(names) {
      const found: Alarm[] = [];
      for (let start = 0; start < names.length; start += ALARMS_AT_ONCE) {
        const output: DescribeAlarmsCommandOutput = await send(
          new DescribeAlarmsCommand({
            AlarmNames: names.slice(start, start + ALARMS_AT_ONCE),
            AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
            MaxRecords: ALARMS_AT_ONCE,
          }),
        );
        for (const alarm of [...(output.MetricAlarms ?? []), ...(output.CompositeAlarms ?? [])]) {
          found.push({
            name: alarm.AlarmName ?? '',
            state: alarm.StateValue ?? 'INSUFFICIENT_DATA',
            reason: alarm.StateReason ?? '',
            since: (alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp)?.getTime() ?? 0,
          });
        }
      }
      return found;
    },
  };
}

function sdkQuery(query: MetricQuery): MetricDataQuery {
  if ('expression' in query) return { Id: query.id, Expression: query.expression, Period: PERIOD_S };
  const dimensions = Object.entries(query.dimensions).map(([Name, Value]) => ({ Name, Value }));
  return {
    Id: query.id,
    MetricStat: {
      Metric: { Namespace: query.namespace, MetricName: query.metric, Dimensions: dimensions },
      Period: PERIOD_S,
      Stat: query.stat,
    },
    ReturnData: !query.hidden,
  };
}
