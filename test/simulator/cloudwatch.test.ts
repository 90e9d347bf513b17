import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  type GetMetricDataCommandInput,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  ListTagsForResourceCommand,
  type MetricDataQuery,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  PutMetricDataCommand,
  SetAlarmStateCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts';
import { clientOf } from './client-of.ts';
import { failureOf } from './failure-of.ts';
import { type MovedClock, movedClock, START } from './moved-clock.ts';

const MINUTE = 60_000;
const dimensions = { TargetGroup: 'targetgroup/web/1', LoadBalancer: 'app/main/1' };
const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));

let clock: MovedClock;
let simulator: Simulator;
let client: CloudWatchClient;

async function start(options: Partial<SimulatorOptions> = {}): Promise<void> {
  await simulator?.close();
  clock = movedClock();
  simulator = await startSimulator({
    clock,
    seed: 1,
    metricDelay: MINUTE,
    world: () => ({ advance: () => undefined, services: {} }),
    ...options,
  });
  client = new CloudWatchClient(clientOf(simulator));
}

beforeEach(() => start());
afterEach(() => simulator.close());

/** Adds samples to a metric of the load balancer, `minute` minutes after the start. */
function add(name: string, minute: number, value: number, count = 1): void {
  simulator.metrics.add({
    namespace: 'AWS/ApplicationELB',
    name,
    dimensions,
    at: START + minute * MINUTE,
    value,
    count,
  });
}

const metric = (Id: string, MetricName: string, Stat = 'Sum', Period = 60): MetricDataQuery => ({
  Id,
  MetricStat: { Metric: { Namespace: 'AWS/ApplicationELB', MetricName, Dimensions }, Period, Stat },
});

const ask = (queries: MetricDataQuery[], more: Partial<GetMetricDataCommandInput> = {}) =>
  client.send(
    new GetMetricDataCommand({
      MetricDataQueries: queries,
      StartTime: new Date(START),
      EndTime: new Date(START + 10 * MINUTE),
      ScanBy: 'TimestampAscending',
      ...more,
    }),
  );

/** Each query's points as `minute: value`. */
async function points(queries: MetricDataQuery[], more: Partial<GetMetricDataCommandInput> = {}) {
  const { MetricDataResults = [] } = await ask(queries, more);
  return Object.fromEntries(
    MetricDataResults.map(({ Id, Timestamps = [], Values = [] }) => [
      Id,
      Object.fromEntries(Timestamps.map((t, i) => [(t.getTime() - START) / MINUTE, Values[i]])),
    ]),
  );
}

describe('GetMetricData', () => {
  it('shows a period only so long after its end, and nothing where nothing happened', async () => {
    add('RequestCount', 0.5, 1, 300);
    add('RequestCount', 2.5, 1, 200);
    clock.move(2 * MINUTE - 1);
    expect(await points([metric('m', 'RequestCount')])).toEqual({ m: {} });
    clock.move(1);
    expect(await points([metric('m', 'RequestCount')])).toEqual({ m: { 0: 300 } });
    clock.move(2 * MINUTE);
    expect(await points([metric('m', 'RequestCount'), metric('e', 'HTTPCode_Target_5XX_Count')])).toEqual({
      m: { 0: 300, 2: 200 },
      e: {},
    });
  });

  it('draws a delay from the range for each period', async () => {
    await start({ metricDelay: [MINUTE, 3 * MINUTE] });
    for (let minute = 0; minute < 60; minute += 1) add('RequestCount', minute, 1);
    const hour = { EndTime: new Date(START + 60 * MINUTE) };
    const seen = async () =>
      Object.keys((await points([metric('m', 'RequestCount')], hour))['m'] ?? {}).length;
    clock.move(60 * MINUTE);
    expect(await seen()).toBeGreaterThanOrEqual(57);
    expect(await seen()).toBeLessThan(60);
    clock.move(3 * MINUTE);
    expect(await seen()).toBe(60);
  });

  it('answers several statistics of one metric, newest first by default', async () => {
    for (const [minute, slow] of [
      [0, 5],
      [1, 20],
    ] as const) {
      add('TargetResponseTime', minute, 0.1, 100 - slow);
      add('TargetResponseTime', minute, 0.5, slow);
    }
    clock.move(10 * MINUTE);
    const { MetricDataResults } = await ask(
      [
        metric('p', 'TargetResponseTime', 'p90'),
        metric('slow', 'TargetResponseTime', 'TC(0.3:)'),
        metric('n', 'TargetResponseTime', 'SampleCount'),
      ],
      { ScanBy: undefined },
    );
    expect(MetricDataResults?.map(({ Id, Values, StatusCode }) => ({ Id, Values, StatusCode }))).toEqual([
      { Id: 'p', Values: [0.5, 0.1], StatusCode: 'Complete' },
      { Id: 'slow', Values: [20, 5], StatusCode: 'Complete' },
      { Id: 'n', Values: [100, 100], StatusCode: 'Complete' },
    ]);
    expect(MetricDataResults?.[0]?.Timestamps).toEqual([new Date(START + MINUTE), new Date(START)]);
  });

  it('adds up minutes to longer periods that begin at the start time', async () => {
    for (let minute = 0; minute < 10; minute += 1) add('RequestCount', minute, 1, minute + 1);
    clock.move(20 * MINUTE);
    expect(await points([metric('m', 'RequestCount', 'Sum', 300)])).toEqual({ m: { 0: 15, 5: 40 } });
    const later = { StartTime: new Date(START + 2 * MINUTE + 12_345) };
    expect(await points([metric('m', 'RequestCount', 'Sum', 300)], later)).toEqual({ m: { 2: 25, 7: 27 } });
  });

  it('evaluates metric math', async () => {
    add('RequestCount', 0, 1, 100);
    add('RequestCount', 1, 1, 200);
    add('HTTPCode_Target_5XX_Count', 1, 1, 10);
    clock.move(3 * MINUTE);
    const expression = (Id: string, Expression: string): MetricDataQuery => ({ Id, Expression });
    const answer = await points([
      { ...metric('n', 'RequestCount'), ReturnData: false },
      { ...metric('e', 'HTTPCode_Target_5XX_Count'), ReturnData: false },
      expression('bare', '100 * e / n'),
      expression('filled', '100*(FILL(e,0)/n)'),
      expression('either', 'IF(n > 150, e, -1)'),
      expression('all', 'SUM(METRICS())'),
      expression('share', 'n / SUM(n)'),
      expression('last', 'FILL(n, REPEAT)'),
      expression('chain', 'MAX([filled, 2]) + 1'),
      expression('zero', 'n / (n - n)'),
    ]);
    expect(answer).toEqual({
      bare: { 1: 5 },
      filled: { 0: 0, 1: 5 },
      either: { 0: -1, 1: 10 },
      all: { 0: 100, 1: 210 },
      share: { 0: 1 / 3, 1: 2 / 3 },
      last: { 0: 100, 1: 200, 2: 200 },
      chain: { 0: 3, 1: 6, 2: 3 },
      zero: {},
    });
  });

  it('pages by datapoints, as of the first page', async () => {
    for (let minute = 0; minute < 3; minute += 1) {
      add('RequestCount', minute, 1, minute + 1);
      add('TargetResponseTime', minute, 0.1);
    }
    clock.move(4 * MINUTE);
    const queries = [
      metric('a', 'RequestCount'),
      metric('b', 'TargetResponseTime', 'SampleCount'),
      metric('c', 'None'),
    ];
    const pages = [];
    let token: string | undefined;
    do {
      const page = await ask(queries, { MaxDatapoints: 2, NextToken: token });
      pages.push(
        page.MetricDataResults?.map(
          ({ Id, Values, StatusCode }) => `${Id} ${Values?.join(',')} ${StatusCode}`,
        ),
      );
      token = page.NextToken;
      clock.move(MINUTE);
      add('RequestCount', 3, 1, 99);
    } while (token);
    expect(pages).toEqual([
      ['a 1,2 PartialData', 'b  PartialData', 'c  Complete'],
      ['a 3 Complete', 'b 1 PartialData'],
      ['b 1,1 Complete'],
    ]);
  });

  it('tells data of other dimensions and units apart', async () => {
    add('RequestCount', 0, 1);
    clock.move(5 * MINUTE);
    const other = metric('m', 'RequestCount');
    const Metric = { Namespace: 'AWS/ApplicationELB', MetricName: 'RequestCount' };
    expect(
      await points([{ ...other, MetricStat: { ...other.MetricStat, Metric, Period: 60, Stat: 'Sum' } }]),
    ).toEqual({
      m: {},
    });
    const reversed = { ...Metric, Dimensions: Dimensions.toReversed() };
    expect(
      await points([
        { ...other, MetricStat: { ...other.MetricStat, Metric: reversed, Period: 60, Stat: 'Sum' } },
      ]),
    ).toEqual({ m: { 0: 1 } });
  });

  it.each([
    ['a bad id', [metric('Upper', 'M')], 'pattern'],
    ['an id twice', [metric('a', 'M'), metric('a', 'N')], 'unique'],
    ['an odd period', [metric('a', 'M', 'Sum', 90)], 'multiple of 60'],
    ['an unknown statistic', [metric('a', 'M', 'p101')], 'p101'],
    ['neither metric nor expression', [{ Id: 'a' }], 'MetricStat'],
    ['no data asked for', [{ ...metric('a', 'M'), ReturnData: false }], 'ReturnData'],
    ['an unknown id', [{ Id: 'a', Expression: 'b + 1' }], 'unknown id "b"'],
    ['a circle', [{ Id: 'a', Expression: 'a + 1' }], 'refers to itself'],
    ['broken math', [{ Id: 'a', Expression: '1 +' }], 'unexpected end'],
    ['an unknown function', [{ Id: 'a', Expression: 'NOPE(1)' }], 'NOPE'],
    ['too many queries', Array.from({ length: 501 }, (_, i) => metric(`m${i}`, 'M')), '500'],
  ])('refuses %s', async (_what, queries, message) => {
    const error = await failureOf(ask(queries as MetricDataQuery[]));
    expect(error).toMatchObject({ name: 'ValidationException', Code: 'ValidationError' });
    expect(error.message).toContain(message);
  });

  it('refuses a window that ends before it starts, and a made-up token', async () => {
    expect(await failureOf(ask([metric('a', 'M')], { EndTime: new Date(START) }))).toMatchObject({
      message: 'The parameter StartTime must be less than the parameter EndTime.',
    });
    expect(await failureOf(ask([metric('a', 'M')], { NextToken: 'x' }))).toMatchObject({
      name: 'InvalidNextToken',
    });
  });
});

describe('disturbed metrics', () => {
  beforeEach(() => {
    for (let minute = 0; minute < 4; minute += 1) {
      add('RequestCount', minute, 1, 100);
      add('Other', minute, 1, 100);
    }
  });
  const window = { name: 'RequestCount', from: START + MINUTE, until: START + 3 * MINUTE };
  const both = () => points([metric('m', 'RequestCount'), metric('o', 'Other')]);
  const whole = { 0: 100, 1: 100, 2: 100, 3: 100 };

  it('drops the periods of a window for good', async () => {
    simulator.cloudwatch.disturb({ kind: 'drop', ...window });
    clock.move(60 * MINUTE);
    expect(await both()).toEqual({ m: { 0: 100, 3: 100 }, o: whole });
  });

  it('withholds the periods of a window until it ends', async () => {
    simulator.cloudwatch.disturb({ kind: 'withhold', ...window, until: START + 8 * MINUTE });
    clock.move(8 * MINUTE - 1);
    expect(await both()).toEqual({ m: { 0: 100 }, o: whole });
    clock.move(1);
    expect(await both()).toEqual({ m: whole, o: whole });
  });

  it('lets periods arrive in halves', async () => {
    simulator.cloudwatch.disturb({ kind: 'halves', ...window });
    clock.move(3 * MINUTE);
    expect(await both()).toEqual({ m: { 0: 100, 1: 50 }, o: { 0: 100, 1: 100 } });
    clock.move(MINUTE);
    expect(await both()).toEqual({ m: { 0: 100, 1: 100, 2: 50 }, o: { 0: 100, 1: 100, 2: 100 } });
  });

  it('answers PartialData without the newest values', async () => {
    clock.move(6 * MINUTE);
    simulator.cloudwatch.disturb({ kind: 'partial-data', name: 'RequestCount', until: START + 7 * MINUTE });
    const queries = [
      metric('m', 'RequestCount'),
      metric('o', 'Other'),
      { Id: 'twice', Expression: 'm * 2' },
      { Id: 'other', Expression: 'o + 1' },
      { Id: 'all', Expression: 'SUM(METRICS())' },
    ];
    const { MetricDataResults = [] } = await ask(queries);
    expect(Object.fromEntries(MetricDataResults.map((r) => [r.Id, r.StatusCode]))).toEqual({
      m: 'PartialData',
      o: 'Complete',
      twice: 'PartialData',
      other: 'Complete',
      all: 'PartialData',
    });
    expect(await both()).toEqual({ m: { 0: 100, 1: 100 }, o: whole });
    clock.move(MINUTE);
    expect(await both()).toEqual({ m: whole, o: whole });
  });
});

describe('other operations on metrics', () => {
  it('takes custom metrics', async () => {
    await client.send(
      new PutMetricDataCommand({
        Namespace: 'Shop',
        MetricData: [
          { MetricName: 'Orders', Value: 3, Unit: 'Count' },
          { MetricName: 'Orders', Values: [1, 2], Counts: [2, 3], Unit: 'Count' },
          {
            MetricName: 'Orders',
            StatisticValues: { SampleCount: 4, Sum: 20, Minimum: 1, Maximum: 9 },
            Unit: 'Count',
          },
        ],
      }),
    );
    clock.move(2 * MINUTE);
    const { Datapoints } = await client.send(
      new GetMetricStatisticsCommand({
        Namespace: 'Shop',
        MetricName: 'Orders',
        StartTime: new Date(START),
        EndTime: new Date(START + 5 * MINUTE),
        Period: 60,
        Statistics: ['Sum', 'SampleCount', 'Maximum', 'Minimum'],
        ExtendedStatistics: ['p50'],
      }),
    );
    expect(Datapoints).toEqual([
      {
        Timestamp: new Date(START),
        Unit: 'Count',
        Sum: 31,
        SampleCount: 10,
        Maximum: 9,
        Minimum: 1,
        ExtendedStatistics: { p50: 2 },
      },
    ]);
    expect(
      await failureOf(client.send(new PutMetricDataCommand({ Namespace: 'AWS/ECS', MetricData: [] }))),
    ).toMatchObject({ name: 'InvalidParameterValueException' });
  });

  it('lists the metrics that can be read', async () => {
    add('RequestCount', 0, 1);
    expect((await client.send(new ListMetricsCommand({}))).Metrics).toEqual([]);
    clock.move(2 * MINUTE);
    const filter = { Namespace: 'AWS/ApplicationELB', Dimensions: [{ Name: 'TargetGroup' }] };
    expect((await client.send(new ListMetricsCommand(filter))).Metrics).toEqual([
      { Namespace: 'AWS/ApplicationELB', MetricName: 'RequestCount', Dimensions },
    ]);
    expect((await client.send(new ListMetricsCommand({ MetricName: 'Other' }))).Metrics).toEqual([]);
  });
});

const errors: PutMetricAlarmCommandInput = {
  AlarmName: 'errors',
  Namespace: 'AWS/ApplicationELB',
  MetricName: 'HTTPCode_Target_5XX_Count',
  Dimensions,
  Statistic: 'Sum',
  Period: 60,
  EvaluationPeriods: 2,
  Threshold: 5,
  ComparisonOperator: 'GreaterThanThreshold',
};

const alarm = async (name: string) =>
  (await client.send(new DescribeAlarmsCommand({ AlarmNames: [name] }))).MetricAlarms?.[0];

describe('alarms', () => {
  it('go from insufficient data to ALARM and back, at the time it happened', async () => {
    await client.send(new PutMetricAlarmCommand({ ...errors, TreatMissingData: 'notBreaching' }));
    expect(await alarm('errors')).toMatchObject({
      StateValue: 'INSUFFICIENT_DATA',
      StateReason: 'Unchecked: Initial alarm creation',
      AlarmArn: 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:errors',
    });
    for (const minute of [3, 4]) add('HTTPCode_Target_5XX_Count', minute, 1, 7);
    for (const minute of [5, 6, 7]) add('HTTPCode_Target_5XX_Count', minute, 1, 2);
    clock.move(MINUTE);
    expect(await alarm('errors')).toMatchObject({ StateValue: 'OK' });
    // Nobody calls for a while; what is found then happened before.
    clock.move(5 * MINUTE);
    expect(await alarm('errors')).toMatchObject({
      StateValue: 'ALARM',
      StateUpdatedTimestamp: new Date(START + 6 * MINUTE),
      StateReason:
        'Threshold Crossed: 2 out of the last 2 datapoints [7.0 (21/11/26 22:03:00), 7.0 (21/11/26 22:04:00)] were ' +
        'greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition).',
    });
    clock.move(MINUTE);
    expect(await alarm('errors')).toMatchObject({
      StateValue: 'OK',
      StateUpdatedTimestamp: new Date(START + 7 * MINUTE),
      StateReason: expect.stringContaining(
        '1 out of the last 2 datapoints [2.0 (21/11/26 22:05:00)] was not greater',
      ),
    });
  });

  it('have insufficient data where nothing arrives', async () => {
    await client.send(new PutMetricAlarmCommand(errors));
    add('HTTPCode_Target_5XX_Count', 0, 1);
    clock.move(2 * MINUTE);
    expect(await alarm('errors')).toMatchObject({ StateValue: 'OK' });
    clock.move(10 * MINUTE);
    expect(await alarm('errors')).toMatchObject({
      StateValue: 'INSUFFICIENT_DATA',
      StateReason: 'Insufficient Data: 2 datapoints were unknown.',
    });
  });

  it('watch metric math', async () => {
    await client.send(
      new PutMetricAlarmCommand({
        AlarmName: 'rate',
        EvaluationPeriods: 3,
        DatapointsToAlarm: 1,
        Threshold: 0.02,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        Metrics: [
          { ...metric('e', 'HTTPCode_Target_5XX_Count'), ReturnData: false },
          { ...metric('n', 'RequestCount'), ReturnData: false },
          { Id: 'rate', Expression: 'e / n', Label: 'errors per request' },
        ],
      }),
    );
    add('RequestCount', 0, 1, 100);
    add('HTTPCode_Target_5XX_Count', 0, 1, 2);
    clock.move(2 * MINUTE);
    expect(await alarm('rate')).toMatchObject({ StateValue: 'ALARM' });
    expect(simulator.cloudwatch.alarmState('rate', clock.now())).toBe('ALARM');
  });

  it('take a state by hand until the next evaluation', async () => {
    await client.send(new PutMetricAlarmCommand({ ...errors, TreatMissingData: 'notBreaching' }));
    await client.send(
      new SetAlarmStateCommand({ AlarmName: 'errors', StateValue: 'ALARM', StateReason: 'a drill' }),
    );
    expect(await alarm('errors')).toMatchObject({ StateValue: 'ALARM', StateReason: 'a drill' });
    clock.move(MINUTE);
    expect(await alarm('errors')).toMatchObject({ StateValue: 'OK' });
  });

  it('are listed by name, prefix and state, in pages, and deleted', async () => {
    for (let i = 0; i < 120; i += 1) {
      await client.send(
        new PutMetricAlarmCommand({
          ...errors,
          AlarmName: `${i % 2 ? 'odd' : 'even'}-${String(i).padStart(3, '0')}`,
        }),
      );
    }
    const sizes: number[] = [];
    let token: string | undefined;
    do {
      const page = await client.send(new DescribeAlarmsCommand({ NextToken: token }));
      sizes.push(page.MetricAlarms?.length ?? 0);
      token = page.NextToken;
    } while (token);
    expect(sizes).toEqual([50, 50, 20]);
    const count = async (input: object) =>
      (await client.send(new DescribeAlarmsCommand({ MaxRecords: 100, ...input }))).MetricAlarms?.length;
    expect(await count({ AlarmNamePrefix: 'odd-' })).toBe(60);
    expect(await count({ StateValue: 'ALARM' })).toBe(0);
    expect(await count({ AlarmNames: ['odd-001', 'nope'] })).toBe(1);
    await client.send(new DeleteAlarmsCommand({ AlarmNames: ['odd-001'] }));
    expect(await count({ AlarmNames: ['odd-001'] })).toBe(0);
    expect(await failureOf(client.send(new DeleteAlarmsCommand({ AlarmNames: ['odd-001'] })))).toMatchObject({
      name: 'ResourceNotFound',
    });
  });

  it('carry tags', async () => {
    await client.send(new PutMetricAlarmCommand({ ...errors, Tags: [{ Key: 'team', Value: 'web' }] }));
    const ResourceARN = 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:errors';
    await client.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: 'stage', Value: 'live' }] }));
    await client.send(new UntagResourceCommand({ ResourceARN, TagKeys: ['team'] }));
    expect((await client.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags).toEqual([
      { Key: 'stage', Value: 'live' },
    ]);
  });

  it.each([
    ['more datapoints than periods', { DatapointsToAlarm: 3 }, 'DatapointsToAlarm'],
    ['no threshold', { Threshold: undefined }, 'Threshold'],
    ['an unknown treatment', { TreatMissingData: 'hope' }, 'TreatMissingData'],
    ['two statistics', { ExtendedStatistic: 'p99' }, 'ExtendedStatistic'],
    ['a range over a day', { EvaluationPeriods: 1441 }, 'day'],
    ['broken math', { MetricName: undefined, Metrics: [{ Id: 'a', Expression: 'b' }] }, 'unknown id'],
  ])('refuse %s', async (_what, change, message) => {
    const error = await failureOf(client.send(new PutMetricAlarmCommand({ ...errors, ...change })));
    expect(error.message).toContain(message);
  });
});
