import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DeleteDashboardsCommand,
  DescribeAlarmsCommand,
  type DescribeAlarmsCommandOutput,
  GetDashboardCommand,
  type GetDashboardCommandOutput,
  ListTagsForResourceCommand,
  type ListTagsForResourceCommandOutput,
  type MetricAlarm,
  type MetricDataQuery,
  PutDashboardCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  type Statistic,
} from '@aws-sdk/client-cloudwatch';
import type { AlarmMetric, AlarmSettings, KnownAlarm } from '../alarms/settings.ts';
import type { Alarms, Dashboards } from '../ports.ts';
import type { Tags } from '../rollout/ledger.ts';
import { type Connection, call, clientSettings, deniedAsGone, errorName } from './connection.ts';

/** Both of CloudWatch. Permissions: `actions/alarms/policy.json`. */
export function monitoring(connection: Connection): {
  readonly alarms: Alarms;
  readonly dashboards: Dashboards;
} {
  const client = new CloudWatchClient(clientSettings(connection));
  const send = <Output>(command: object): Promise<Output> => call(connection, 'cloudwatch', client, command);

  const isWithout = async (name: string): Promise<boolean> => {
    const found = await send<DescribeAlarmsCommandOutput>(new DescribeAlarmsCommand({ AlarmNames: [name] }));
    return found.MetricAlarms?.length === 0;
  };

  const alarms: Alarms = {
    async find(prefix) {
      const found: KnownAlarm[] = [];
      let token: string | undefined;
      do {
        const page: DescribeAlarmsCommandOutput = await send(
          new DescribeAlarmsCommand({
            AlarmNamePrefix: prefix,
            AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
            MaxRecords: 100,
            ...(token && { NextToken: token }),
          }),
        );
        found.push(...(page.MetricAlarms ?? []).map((alarm) => known(alarm, settingsOf(alarm))));
        found.push(...(page.CompositeAlarms ?? []).map((alarm) => known(alarm, undefined)));
        token = page.NextToken;
      } while (token);
      return found;
    },

    async tags(arns) {
      const found = await Promise.all(
        arns.map(async (ResourceARN) => {
          try {
            const command = new ListTagsForResourceCommand({ ResourceARN });
            const { Tags = [] } = await send<ListTagsForResourceCommandOutput>(command);
            const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key ?? '', Value ?? '']));
            return [[ResourceARN, tags] as const];
          } catch (error) {
            if (!isGone(error)) throw error;
            return [];
          }
        }),
      );
      return new Map(found.flat());
    },

    async put(settings, tags) {
      await send(new PutMetricAlarmCommand({ ...inputOf(settings), ...(tags && { Tags: sdkTags(tags) }) }));
    },

    async delete(names) {
      // One that is gone would keep the others.
      for (const name of names) {
        await send(new DeleteAlarmsCommand({ AlarmNames: [name] })).catch(async (error: unknown) => {
          if (isGone(error) || (await deniedAsGone(error, () => isWithout(name)))) return;
          throw error;
        });
      }
    },
  };

  const dashboards: Dashboards = {
    async find(DashboardName) {
      try {
        const command = new GetDashboardCommand({ DashboardName });
        const { DashboardArn, DashboardBody } = await send<GetDashboardCommandOutput>(command);
        return { arn: DashboardArn ?? '', body: DashboardBody ?? '' };
      } catch (error) {
        if (!isGone(error)) throw error;
        return undefined;
      }
    },

    async put(DashboardName, DashboardBody, tags) {
      const command = { DashboardName, DashboardBody, ...(tags && { Tags: sdkTags(tags) }) };
      await send(new PutDashboardCommand(command));
    },

    async delete(name) {
      await send(new DeleteDashboardsCommand({ DashboardNames: [name] })).catch(async (error: unknown) => {
        const isWithoutIt = async () => (await dashboards.find(name)) === undefined;
        if (isGone(error) || (await deniedAsGone(error, isWithoutIt))) return;
        throw error;
      });
    },
  };

  return { alarms, dashboards };
}

/** The names that CloudWatch gives to "there is none": one for alarms, tags and dashboards each. */
const isGone = (error: unknown): boolean =>
  /^(ResourceNotFound|ResourceNotFoundException|DashboardNotFoundError)$/.test(errorName(error));

const sdkTags = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

const COMPARISONS = {
  '>': 'GreaterThanThreshold',
  '>=': 'GreaterThanOrEqualToThreshold',
  '<': 'LessThanThreshold',
  '<=': 'LessThanOrEqualToThreshold',
} as const;
const BASIC: readonly string[] = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'];

/** PutMetricAlarm replaces all settings, so all are in it. */
function inputOf(settings: AlarmSettings): PutMetricAlarmCommandInput {
  const { name, description, metrics, comparison, threshold, actions } = settings;
  const [first] = metrics;
  const alone = first && metrics.length === 1 && 'metric' in first ? first : undefined;
  return {
    AlarmName: name,
    AlarmDescription: description,
    ActionsEnabled: true,
    AlarmActions: [...actions.alarm],
    OKActions: [...actions.ok],
    InsufficientDataActions: [...actions.noData],
    ComparisonOperator: COMPARISONS[comparison],
    Threshold: threshold,
    EvaluationPeriods: settings.evaluationPeriods,
    DatapointsToAlarm: settings.datapoints,
    TreatMissingData: settings.missing,
    ...(alone
      ? {
          Namespace: alone.namespace,
          MetricName: alone.metric,
          Dimensions: sdkDimensions(alone.dimensions),
          Period: alone.periodS,
          ...(BASIC.includes(alone.stat)
            ? { Statistic: alone.stat as Statistic }
            : { ExtendedStatistic: alone.stat }),
        }
      : { Metrics: metrics.map((metric, index) => sdkQuery(metric, index === metrics.length - 1)) }),
  };
}

const sdkDimensions = (dimensions: Readonly<Record<string, string>>) =>
  Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));

function sdkQuery(metric: AlarmMetric, ReturnData: boolean): MetricDataQuery {
  if ('expression' in metric) {
    return { Id: metric.id, Expression: metric.expression, Label: metric.label, ReturnData };
  }
  return {
    Id: metric.id,
    MetricStat: {
      Metric: {
        Namespace: metric.namespace,
        MetricName: metric.metric,
        Dimensions: sdkDimensions(metric.dimensions),
      },
      Period: metric.periodS,
      Stat: metric.stat,
    },
    ReturnData,
  };
}

const known = (
  alarm: { AlarmName?: string | undefined; AlarmArn?: string | undefined; StateValue?: string | undefined },
  settings: AlarmSettings | undefined,
): KnownAlarm => ({
  name: alarm.AlarmName ?? '',
  arn: alarm.AlarmArn ?? '',
  state: alarm.StateValue ?? 'INSUFFICIENT_DATA',
  settings,
});

/** An alarm with a setting that we never write is not one that we can say: it is put anew where it is ours. */
function settingsOf(alarm: MetricAlarm): AlarmSettings | undefined {
  const {
    Unit,
    EvaluateLowSampleCountPercentile,
    ThresholdMetricId,
    Threshold,
    EvaluationPeriods = 1,
  } = alarm;
  const comparison = (['>', '>=', '<', '<='] as const).find(
    (each) => COMPARISONS[each] === alarm.ComparisonOperator,
  );
  const metrics = metricsOf(alarm);
  const strange = Unit ?? EvaluateLowSampleCountPercentile ?? ThresholdMetricId;
  if (strange || alarm.ActionsEnabled === false || !comparison || !metrics || Threshold === undefined) {
    return undefined;
  }
  return {
    name: alarm.AlarmName ?? '',
    description: alarm.AlarmDescription ?? '',
    metrics,
    comparison,
    threshold: Threshold,
    evaluationPeriods: EvaluationPeriods,
    datapoints: alarm.DatapointsToAlarm ?? EvaluationPeriods,
    missing: (alarm.TreatMissingData ?? 'missing') as AlarmSettings['missing'],
    actions: {
      alarm: alarm.AlarmActions ?? [],
      ok: alarm.OKActions ?? [],
      noData: alarm.InsufficientDataActions ?? [],
    },
  };
}

const dimensionsOf = (dimensions: MetricAlarm['Dimensions'] = []): Record<string, string> =>
  Object.fromEntries(dimensions.map(({ Name = '', Value = '' }) => [Name, Value]));

/** The one that is compared stands last. */
function metricsOf(alarm: MetricAlarm): readonly AlarmMetric[] | undefined {
  const { Metrics: queries = [], Namespace = '', MetricName, Period = 60 } = alarm;
  if (queries.length === 0) {
    if (MetricName === undefined) return undefined;
    const stat = alarm.Statistic ?? alarm.ExtendedStatistic ?? '';
    const dimensions = dimensionsOf(alarm.Dimensions);
    return [{ id: 'm', namespace: Namespace, metric: MetricName, dimensions, stat, periodS: Period }];
  }
  const last = queries.filter(({ ReturnData }) => ReturnData !== false);
  const ordered = [...queries.filter(({ ReturnData }) => ReturnData === false), ...last];
  return ordered.map(({ Id: id = '', Expression, Label = '', MetricStat }): AlarmMetric => {
    if (Expression !== undefined) return { id, expression: Expression, label: Label };
    return {
      id,
      namespace: MetricStat?.Metric?.Namespace ?? '',
      metric: MetricStat?.Metric?.MetricName ?? '',
      dimensions: dimensionsOf(MetricStat?.Metric?.Dimensions),
      stat: MetricStat?.Stat ?? '',
      periodS: MetricStat?.Period ?? 60,
    };
  });
}
