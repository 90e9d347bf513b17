import type {
  MetricAlarm,
  MetricDataQuery,
  PutMetricAlarmCommandInput,
  Tag,
} from '@aws-sdk/client-cloudwatch';
import { type AlarmState, judgeAlarm, type MissingData } from './alarm-judge.ts';
import { MINUTE } from './arrival.ts';
import { answerQueries } from './queries.ts';
import type { MetricStore } from './store.ts';

/** An alarm's settings, its state and its tags. */
export interface Alarm {
  readonly name: string;
  settings: PutMetricAlarmCommandInput;
  configuredAt: number;
  state: AlarmState;
  reason: string;
  reasonData: string | undefined;
  updatedAt: number;
  transitionedAt: number;
  readonly tags: Map<string, string>;
}

/** All alarms of the account, evaluated at every full minute. */
export class Alarms {
  readonly all = new Map<string, Alarm>();
  readonly #store: MetricStore;
  readonly #longestDelay: number;
  #evaluatedAt: number | undefined;

  /** @param longestDelay how late metrics may be, in milliseconds: evaluation ranges reach back as far */
  constructor(store: MetricStore, longestDelay: number) {
    this.#store = store;
    this.#longestDelay = longestDelay;
  }

  put(settings: PutMetricAlarmCommandInput, now: number): void {
    const name = settings.AlarmName ?? '';
    const alarm = this.all.get(name);
    if (alarm) {
      alarm.settings = settings;
      alarm.configuredAt = now;
      return;
    }
    this.all.set(name, {
      name,
      settings,
      configuredAt: now,
      state: 'INSUFFICIENT_DATA',
      reason: 'Unchecked: Initial alarm creation',
      reasonData: undefined,
      updatedAt: now,
      transitionedAt: now,
      tags: new Map((settings.Tags ?? []).map(({ Key = '', Value = '' }: Tag) => [Key, Value])),
    });
  }

  /** @throws AwsError when the alarm's expression is wrong */
  mustEvaluate(settings: PutMetricAlarmCommandInput): void {
    answerQueries(queriesOf(settings).queries, { start: 0, end: 0, now: 0 }, this.#store);
  }

  setState(
    alarm: Alarm,
    state: AlarmState,
    reason: string,
    reasonData: string | undefined,
    now: number,
  ): void {
    if (alarm.state !== state) alarm.transitionedAt = now;
    alarm.state = state;
    alarm.reason = reason;
    alarm.reasonData = reasonData;
    alarm.updatedAt = now;
  }

  /** Evaluates every alarm at each full minute since the last time, up to `now`. */
  advance(now: number): void {
    const latest = Math.floor(now / MINUTE) * MINUTE;
    this.#evaluatedAt ??= latest;
    if (this.all.size === 0) this.#evaluatedAt = Math.max(this.#evaluatedAt, latest);
    while (this.#evaluatedAt < latest) {
      this.#evaluatedAt += MINUTE;
      for (const alarm of this.all.values()) this.#evaluate(alarm, this.#evaluatedAt);
    }
  }

  #evaluate(alarm: Alarm, now: number): void {
    const { settings } = alarm;
    const { queries, watched } = queriesOf(settings);
    const period =
      Math.max(60, ...queries.map((query) => query.MetricStat?.Period ?? query.Period ?? 60)) * 1000;
    const evaluationPeriods = settings.EvaluationPeriods ?? 1;
    const datapointsToAlarm = settings.DatapointsToAlarm ?? evaluationPeriods;
    const length = evaluationPeriods + 2 + Math.ceil(this.#longestDelay / period);
    const start = now - length * period;
    const series = answerQueries(queries, { start, end: now, now }, this.#store).get(watched);
    const threshold = settings.Threshold ?? 0;
    const breaches = comparisons.get(settings.ComparisonOperator ?? '')?.breaches;
    const times = Array.from({ length }, (_, i) => start + i * period);
    const range = times.map((t) => {
      const value = series?.get(t);
      return value === undefined ? undefined : breaches?.(value, threshold);
    });
    const treatMissingData = (settings.TreatMissingData ?? 'missing') as MissingData;
    const state = judgeAlarm(range, { evaluationPeriods, datapointsToAlarm, treatMissingData }, alarm.state);
    if (state === alarm.state) return;
    const recent = times.flatMap((t) => {
      const value = series?.get(t);
      return value === undefined ? [] : [{ t, value }];
    });
    const judged = recent.slice(-evaluationPeriods);
    this.setState(
      alarm,
      state,
      reasonOf(state, judged, settings, datapointsToAlarm),
      reasonDataOf(judged, settings),
      now,
    );
  }
}

/** How an alarm compares a datapoint with its threshold, and how its reason says that it did. */
export const comparisons = new Map<
  string,
  { breaches: (value: number, threshold: number) => boolean; words: string }
>([
  ['GreaterThanOrEqualToThreshold', { breaches: (v, t) => v >= t, words: 'greater than or equal to' }],
  ['GreaterThanThreshold', { breaches: (v, t) => v > t, words: 'greater than' }],
  ['LessThanThreshold', { breaches: (v, t) => v < t, words: 'less than' }],
  ['LessThanOrEqualToThreshold', { breaches: (v, t) => v <= t, words: 'less than or equal to' }],
]);

/** The queries of an alarm, and the id of the one that it watches. */
export function queriesOf(settings: PutMetricAlarmCommandInput): {
  queries: MetricDataQuery[];
  watched: string;
} {
  if (settings.Metrics && settings.Metrics.length > 0) {
    const watched = settings.Metrics.find((query) => query.ReturnData !== false);
    return { queries: settings.Metrics, watched: watched?.Id ?? '' };
  }
  const { Namespace, MetricName, Dimensions, Period, Statistic, ExtendedStatistic, Unit } = settings;
  const stat = {
    Metric: { Namespace, MetricName, Dimensions },
    Period,
    Stat: Statistic ?? ExtendedStatistic,
    ...(Unit === undefined ? {} : { Unit }),
  };
  return { queries: [{ Id: 'm1', MetricStat: stat }], watched: 'm1' };
}

interface Datapoint {
  readonly t: number;
  readonly value: number;
}

function reasonOf(
  state: AlarmState,
  judged: readonly Datapoint[],
  settings: PutMetricAlarmCommandInput,
  datapointsToAlarm: number,
): string {
  const { EvaluationPeriods = 1, Threshold = 0, ComparisonOperator = '' } = settings;
  const comparison = comparisons.get(ComparisonOperator);
  const s = (n: number) => (n === 1 ? '' : 's');
  if (state === 'INSUFFICIENT_DATA') {
    const were = EvaluationPeriods === 1 ? 'was' : 'were';
    return `Insufficient Data: ${EvaluationPeriods} datapoint${s(EvaluationPeriods)} ${were} unknown.`;
  }
  if (judged.length === 0) {
    const n = EvaluationPeriods;
    return (
      `Threshold Crossed: no datapoints were received for ${n} period${s(n)} and ${n} missing datapoint${s(n)} ` +
      `${n === 1 ? 'was' : 'were'} treated as [${state === 'ALARM' ? 'Breaching' : 'NonBreaching'}].`
    );
  }
  const decisive = judged.filter(
    ({ value }) => comparison?.breaches(value, Threshold) === (state === 'ALARM'),
  );
  const list = decisive.map(({ t, value }) => `${decimal(value)} (${stamp(t)})`).join(', ');
  const count = decisive.length;
  const verb = `${count === 1 ? 'was' : 'were'}${state === 'ALARM' ? '' : ' not'}`;
  return (
    `Threshold Crossed: ${count} out of the last ${judged.length} datapoint${s(judged.length)} [${list}] ${verb} ` +
    `${comparison?.words} the threshold (${decimal(Threshold)}) (minimum ${datapointsToAlarm} ` +
    `datapoint${s(datapointsToAlarm)} for ${state === 'ALARM' ? 'OK -> ALARM' : 'ALARM -> OK'} transition).`
  );
}

function reasonDataOf(judged: readonly Datapoint[], settings: PutMetricAlarmCommandInput): string {
  return JSON.stringify({
    version: '1.0',
    recentDatapoints: judged.map(({ value }) => value),
    threshold: settings.Threshold,
    evaluatedDatapoints: judged
      .map(({ t, value }) => ({ timestamp: new Date(t).toISOString(), value }))
      .reverse(),
  });
}

const decimal = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

/** `21/11/26 22:10:00`, as CloudWatch writes times in reasons. */
function stamp(t: number): string {
  const [, year, month, day, time] =
    /^\d\d(\d\d)-(\d\d)-(\d\d)T([\d:]+)/.exec(new Date(t).toISOString()) ?? [];
  return `${day}/${month}/${year} ${time}`;
}

/** An alarm as DescribeAlarms shows it. */
export function describe(alarm: Alarm, arn: string): MetricAlarm {
  const { Tags: _tags, ...settings } = alarm.settings;
  return {
    ActionsEnabled: true,
    OKActions: [],
    AlarmActions: [],
    InsufficientDataActions: [],
    Dimensions: [],
    ...settings,
    AlarmArn: arn,
    AlarmConfigurationUpdatedTimestamp: new Date(alarm.configuredAt),
    StateValue: alarm.state,
    StateReason: alarm.reason,
    ...(alarm.reasonData === undefined ? {} : { StateReasonData: alarm.reasonData }),
    StateUpdatedTimestamp: new Date(alarm.updatedAt),
    StateTransitionedTimestamp: new Date(alarm.transitionedAt),
  };
}
