import type {
  DeleteAlarmsCommandInput,
  DescribeAlarmsCommandInput,
  DescribeAlarmsCommandOutput,
  ListTagsForResourceCommandInput,
  ListTagsForResourceCommandOutput,
  PutMetricAlarmCommandInput,
  SetAlarmStateCommandInput,
  TagResourceCommandInput,
  UntagResourceCommandInput,
} from '@aws-sdk/client-cloudwatch';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';
import { type Alarm, type Alarms, comparisons, describe, queriesOf } from './alarms.ts';
import type { Dashboards } from './dashboards.ts';
import { pageOf } from './page.ts';
import { invalid, validateQueries } from './queries.ts';

/** The operations on alarms, and those on the tags of alarms and dashboards. */
export function alarmOperations(
  alarms: Alarms,
  dashboards: Dashboards,
  region: string,
  accountId: string,
): Operations {
  const arnOf = (name: string) => `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`;

  const find = (name: string | undefined): Alarm => {
    const alarm = alarms.all.get(name ?? '');
    if (!alarm) throw new AwsError('ResourceNotFound', `Unknown alarm: ${name}`, 404);
    return alarm;
  };

  const tagsOf = (arn: string | undefined): Map<string, string> => {
    const alarm = [...alarms.all.values()].find(({ name }) => arnOf(name) === arn);
    const tags = alarm?.tags ?? dashboards.tagsOf(arn ?? '');
    if (!tags) throw new AwsError('ResourceNotFoundException', `Unknown resource: ${arn}`, 404);
    return tags;
  };

  return {
    PutMetricAlarm(input: PutMetricAlarmCommandInput, call: Call): undefined {
      validateAlarm(input);
      alarms.mustEvaluate(input);
      alarms.put(input, call.now);
    },

    DescribeAlarms(input: DescribeAlarmsCommandInput): Answer<DescribeAlarmsCommandOutput> {
      const { AlarmNames, AlarmNamePrefix, StateValue, AlarmTypes, MaxRecords = 50 } = input;
      if (AlarmNames && AlarmNamePrefix !== undefined) {
        throw new AwsError(
          'InvalidParameterCombination',
          'AlarmNames and AlarmNamePrefix cannot be given together.',
        );
      }
      if (MaxRecords < 1 || MaxRecords > 100) throw invalid('MaxRecords must be between 1 and 100.');
      if (AlarmNames && AlarmNames.length > 100) throw invalid('AlarmNames must have at most 100 items.');
      const metricAlarms = AlarmTypes === undefined || AlarmTypes.includes('MetricAlarm');
      const fitting = [...alarms.all.values()]
        .filter(
          ({ name, state }) =>
            metricAlarms &&
            (AlarmNames === undefined || AlarmNames.includes(name)) &&
            (AlarmNamePrefix === undefined || name.startsWith(AlarmNamePrefix)) &&
            (StateValue === undefined || StateValue === state),
        )
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const { items, next } = pageOf(fitting, MaxRecords, input.NextToken);
      return {
        MetricAlarms: items.map((alarm) => describe(alarm, arnOf(alarm.name))),
        CompositeAlarms: [],
        ...(next === undefined ? {} : { NextToken: next }),
      };
    },

    SetAlarmState(input: SetAlarmStateCommandInput, call: Call): undefined {
      const { AlarmName, StateValue, StateReason = '', StateReasonData } = input;
      const alarm = find(AlarmName);
      if (StateValue !== 'OK' && StateValue !== 'ALARM' && StateValue !== 'INSUFFICIENT_DATA') {
        throw invalid(
          `The value ${StateValue} for parameter StateValue is not one of OK, ALARM, INSUFFICIENT_DATA.`,
        );
      }
      alarms.setState(alarm, StateValue, StateReason, StateReasonData, call.now);
    },

    DeleteAlarms(input: DeleteAlarmsCommandInput): undefined {
      // All or nothing.
      const found = (input.AlarmNames ?? []).map(find);
      for (const alarm of found) alarms.all.delete(alarm.name);
    },

    TagResource(input: TagResourceCommandInput): object {
      const tags = tagsOf(input.ResourceARN);
      for (const { Key = '', Value = '' } of input.Tags ?? []) tags.set(Key, Value);
      return {};
    },

    UntagResource(input: UntagResourceCommandInput): object {
      const tags = tagsOf(input.ResourceARN);
      for (const key of input.TagKeys ?? []) tags.delete(key);
      return {};
    },

    ListTagsForResource(input: ListTagsForResourceCommandInput): Answer<ListTagsForResourceCommandOutput> {
      const tags = tagsOf(input.ResourceARN);
      return { Tags: [...tags].map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}

function validateAlarm(input: PutMetricAlarmCommandInput): void {
  const {
    EvaluationPeriods = 0,
    DatapointsToAlarm,
    Metrics,
    MetricName,
    Statistic,
    ExtendedStatistic,
  } = input;
  if (!comparisons.has(input.ComparisonOperator ?? '')) {
    throw invalid(`The value ${input.ComparisonOperator} for parameter ComparisonOperator is not simulated.`);
  }
  if (input.Threshold === undefined) throw invalid('The parameter Threshold is required.');
  if (EvaluationPeriods < 1) throw invalid('The parameter EvaluationPeriods must be at least 1.');
  if (DatapointsToAlarm !== undefined && (DatapointsToAlarm < 1 || DatapointsToAlarm > EvaluationPeriods)) {
    throw invalid('The parameter DatapointsToAlarm must be between 1 and EvaluationPeriods.');
  }
  if (!['missing', 'ignore', 'breaching', 'notBreaching'].includes(input.TreatMissingData ?? 'missing')) {
    throw invalid(`The value ${input.TreatMissingData} for parameter TreatMissingData is invalid.`);
  }
  if ((Metrics === undefined) === (MetricName === undefined)) {
    throw new AwsError('InvalidParameterCombination', 'Exactly one of MetricName and Metrics must be given.');
  }
  if (MetricName !== undefined && (Statistic === undefined) === (ExtendedStatistic === undefined)) {
    throw new AwsError(
      'InvalidParameterCombination',
      'Exactly one of Statistic and ExtendedStatistic must be given.',
    );
  }
  if (Metrics && Metrics.filter((query) => query.ReturnData !== false).length !== 1) {
    throw invalid('Exactly one element of the metrics list should return data.');
  }
  const { queries } = queriesOf(input);
  validateQueries(queries);
  const period = Math.max(60, ...queries.map((query) => query.MetricStat?.Period ?? 60));
  const longest = period >= 3600 ? 604_800 : 86_400;
  if (period * EvaluationPeriods > longest) {
    throw invalid(
      `Metrics cannot be checked across more than ${longest / 86_400} day(s) (EvaluationPeriods * Period).`,
    );
  }
}
