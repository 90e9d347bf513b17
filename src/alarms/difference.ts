import type { Tags } from '../rollout/ledger.ts';
import { isOurs, type ServiceName, tagsOf } from './names.ts';
import type { AlarmMetric, AlarmSettings, KnownAlarm } from './settings.ts';
import type { WantedAlarm } from './wanted.ts';

/** What has to be done so that the alarms are as wanted, in this order. */
export type AlarmStep =
  | { readonly kind: 'create'; readonly settings: AlarmSettings; readonly tags: Tags }
  | { readonly kind: 'change'; readonly settings: AlarmSettings; readonly why: readonly string[] }
  | { readonly kind: 'delete'; readonly name: string };

export interface AlarmPlan {
  readonly steps: readonly AlarmStep[];
  /** Names of alarms that stand where ours have to, and are not. */
  readonly foreign: readonly string[];
}

/**
 * What has to be done. Nothing is planned for an alarm that is as wanted, so that its state and history stay; what does
 * not carry our tags is never touched.
 *
 * @param known all alarms whose names begin as ours do
 * @param tags of those, by ARN
 */
export function planAlarms(
  wanted: readonly WantedAlarm[],
  known: readonly KnownAlarm[],
  tags: ReadonlyMap<string, Tags>,
  service: ServiceName,
): AlarmPlan {
  const ours = (alarm: KnownAlarm) => isOurs(tags.get(alarm.arn), service);
  const steps: AlarmStep[] = [];
  const foreign: string[] = [];
  for (const { settings } of wanted) {
    const there = known.find(({ name }) => name === settings.name);
    if (!there) steps.push({ kind: 'create', settings, tags: tagsOf(service) });
    else if (!ours(there)) foreign.push(there.name);
    else {
      const why = there.settings ? differences(there.settings, settings) : ['has settings that are not ours'];
      if (why.length > 0) steps.push({ kind: 'change', settings, why });
    }
  }
  for (const alarm of known) {
    if (wanted.some(({ settings }) => settings.name === alarm.name) || !ours(alarm)) continue;
    steps.push({ kind: 'delete', name: alarm.name });
  }
  return { steps, foreign };
}

/** What is not as wanted, in words; empty when all is. */
export function differences(is: AlarmSettings, wanted: AlarmSettings): readonly string[] {
  const parts: readonly (readonly [word: string, of: (settings: AlarmSettings) => unknown])[] = [
    ['metrics', ({ metrics }) => inOrder(metrics).map(metricKey)],
    ['bound', ({ comparison, threshold }) => `${comparison} ${threshold}`],
    ['periods', (each) => `${each.datapoints} of ${each.evaluationPeriods} x ${periodOf(each)} s`],
    ['missing data', ({ missing }) => missing],
    ['actions', ({ actions }) => [actions.alarm, actions.ok, actions.noData].map((arns) => arns.toSorted())],
    ['description', ({ description }) => description],
  ];
  return parts.flatMap(([word, of]) => {
    const [before, after] = [of(is), of(wanted)];
    if (JSON.stringify(before) === JSON.stringify(after)) return [];
    return typeof before === 'string' && word !== 'description' ? [`${word} ${before} -> ${after}`] : [word];
  });
}

const periodOf = ({ metrics }: AlarmSettings): string =>
  [...new Set(metrics.flatMap((metric) => ('periodS' in metric ? [metric.periodS] : [])))].join(' and ');

/** The last one is what is compared; the order of the others says nothing. */
const inOrder = (metrics: readonly AlarmMetric[]): readonly AlarmMetric[] => [
  ...metrics.slice(0, -1).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  ...metrics.slice(-1),
];

/** Alone, a metric has no id that anybody sees. */
const metricKey = (metric: AlarmMetric, _index: number, all: readonly AlarmMetric[]) =>
  'expression' in metric
    ? [metric.id, metric.expression, metric.label]
    : [
        all.length > 1 ? metric.id : '',
        metric.namespace,
        metric.metric,
        Object.entries(metric.dimensions).sort(([a], [b]) => (a < b ? -1 : 1)),
        metric.stat,
      ];
