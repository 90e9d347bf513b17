import type {
  Datapoint,
  GetMetricStatisticsCommandInput,
  GetMetricStatisticsCommandOutput,
  ListMetricsCommandInput,
  ListMetricsCommandOutput,
  MetricDatum,
  PutMetricDataCommandInput,
  StandardUnit,
} from '@aws-sdk/client-cloudwatch';
import type { Answer } from '../answer.ts';
import { AwsError, type Call } from '../operation.ts';
import { pageOf } from './page.ts';
import { dimensionsOf, invalid, startsIn, validatePeriod, windowOf } from './queries.ts';
import { parseStatistic } from './statistic.ts';
import type { MetricStore } from './store.ts';

/** GetMetricStatistics. As with AWS, the datapoints come in no order. */
export function getMetricStatistics(
  store: MetricStore,
  input: GetMetricStatisticsCommandInput,
  call: Call,
): Answer<GetMetricStatisticsCommandOutput> {
  validatePeriod(input.Period);
  const period = input.Period ?? 60;
  const basic = input.Statistics ?? [];
  const extended = input.ExtendedStatistics ?? [];
  if (basic.length + extended.length === 0) {
    throw new AwsError(
      'InvalidParameterCombination',
      'At least one of Statistics and ExtendedStatistics is required.',
    );
  }
  for (const name of [...basic, ...extended]) {
    if (!parseStatistic(name)) throw invalid(`The value ${name} for parameter Statistics is not supported.`);
  }
  const window = windowOf(input.StartTime, input.EndTime, call.now);
  const starts = startsIn(window, period);
  if (starts.length > 1440) {
    throw new AwsError(
      'InvalidParameterCombination',
      `You have requested up to ${starts.length} datapoints, which exceeds the limit of 1,440.`,
    );
  }
  const identity = {
    namespace: input.Namespace ?? '',
    name: input.MetricName ?? '',
    dimensions: dimensionsOf(input.Dimensions),
  };
  const unit = store.unitOf(identity);
  const Datapoints: Datapoint[] = [];
  for (const start of input.Unit === undefined || input.Unit === unit ? starts : []) {
    const samples = store.read(identity, start, start + period * 1000, call.now);
    if (!samples) continue;
    const read = (name: string): [string, number][] => {
      const value = parseStatistic(name)?.(samples);
      return value === undefined ? [] : [[name, value]];
    };
    Datapoints.push({
      Timestamp: new Date(start),
      Unit: unit as StandardUnit,
      ...Object.fromEntries(basic.flatMap(read)),
      ...(extended.length > 0 ? { ExtendedStatistics: Object.fromEntries(extended.flatMap(read)) } : {}),
    });
  }
  return { Label: identity.name, Datapoints };
}

/** ListMetrics: what can be read now, filtered by namespace, name and dimensions. */
export function listMetrics(
  store: MetricStore,
  input: ListMetricsCommandInput,
  call: Call,
): Answer<ListMetricsCommandOutput> {
  const fitting = store
    .list(call.now)
    .filter(
      ({ namespace, name, dimensions }) =>
        (input.Namespace === undefined || input.Namespace === namespace) &&
        (input.MetricName === undefined || input.MetricName === name) &&
        (input.Dimensions ?? []).every(({ Name = '', Value }) =>
          Value === undefined ? Name in dimensions : dimensions[Name] === Value,
        ),
    );
  const { items, next } = pageOf(fitting, 500, input.NextToken);
  return {
    Metrics: items.map(({ namespace, name, dimensions }) => ({
      Namespace: namespace,
      MetricName: name,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    })),
    ...(next === undefined ? {} : { NextToken: next }),
  };
}

/** PutMetricData: custom metrics. */
export function putMetricData(store: MetricStore, input: PutMetricDataCommandInput, call: Call): undefined {
  if (!input.Namespace || input.Namespace.startsWith('AWS/')) {
    throw new AwsError(
      'InvalidParameterValue',
      `The value ${input.Namespace} for parameter Namespace is invalid.`,
    );
  }
  for (const datum of input.MetricData ?? []) {
    for (const [value, count] of samplesOf(datum)) {
      store.add({
        namespace: input.Namespace,
        name: datum.MetricName ?? '',
        dimensions: dimensionsOf(datum.Dimensions),
        at: datum.Timestamp?.getTime() ?? call.now,
        value,
        count,
        ...(datum.Unit === undefined ? {} : { unit: datum.Unit }),
      });
    }
  }
}

function samplesOf(datum: MetricDatum): [value: number, count: number][] {
  const { Value, Values, Counts, StatisticValues } = datum;
  if (Values) return Values.map((value, i) => [value, Counts?.[i] ?? 1]);
  if (Value !== undefined) return [[Value, 1]];
  if (!StatisticValues) {
    throw new AwsError(
      'InvalidParameterCombination',
      'One of Value, Values and StatisticValues is required.',
    );
  }
  const { SampleCount = 0, Sum = 0, Minimum = 0, Maximum = 0 } = StatisticValues;
  if (SampleCount <= 1) return [[Sum, SampleCount]];
  // The set's own count, sum, minimum and maximum come out again; what lay between is not known.
  const between: [number, number][] =
    SampleCount > 2 ? [[(Sum - Minimum - Maximum) / (SampleCount - 2), SampleCount - 2]] : [];
  return [[Minimum, 1], ...between, [Maximum, 1]];
}
