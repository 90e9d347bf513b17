import { formatDuration } from '../rollout/duration.ts';
import type { AlarmOrder, Database, Definition, NamedMetric, Subject } from './definition.ts';
import { MEASURES, type Measure, type Unit } from './measures.ts';
import { alarmPrefix, type ServiceName } from './names.ts';
import type { AlarmMetric, AlarmSettings } from './settings.ts';

/** A service as far as its alarms have to know it. */
export interface WatchedService extends ServiceName {
  /** The partition, such as `aws`, the region and the account that the service is in. */
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly targetGroups: readonly WatchedGroup[];
  /** Whether the load balancers send requests to others as well; a canary of the service is none of them. */
  readonly shared: boolean;
  /** What a rollout makes beside the service, by their names, which are always the same. */
  readonly canary: { readonly service: string; readonly targetGroups: readonly string[] };
}

export interface WatchedGroup {
  readonly arn: string;
  readonly loadBalancerArns: readonly string[];
}

type Dimensions = Readonly<Record<string, string>>;

/** As dimensions name them: the last part of their ARNs. */
export const balancerName = (arn: string): string => arn.split(':loadbalancer/').at(-1) ?? arn;
export const groupName = (arn: string): string => arn.split(':').at(-1) ?? arn;
const isApplication = (arn: string): boolean => arn.includes(':loadbalancer/app/');

/** Every pair of a target group and a load balancer, and whether that is an Application Load Balancer. */
export const hostsOf = ({ targetGroups }: WatchedService) =>
  targetGroups.flatMap(({ arn, loadBalancerArns }) =>
    loadBalancerArns.map((balancer) => ({
      http: isApplication(balancer),
      namespace: isApplication(balancer) ? 'AWS/ApplicationELB' : 'AWS/NetworkELB',
      dimensions: { TargetGroup: groupName(arn), LoadBalancer: balancerName(balancer) },
    })),
  );

/** The service's Application Load Balancers. */
export const balancersOf = ({ targetGroups }: WatchedService): readonly Dimensions[] =>
  [...new Set(targetGroups.flatMap(({ loadBalancerArns }) => loadBalancerArns))]
    .filter(isApplication)
    .map((arn) => ({ LoadBalancer: balancerName(arn) }));

/**
 * Where the service's requests are counted. A canary has target groups of its own, whose ARNs nobody knows before: only
 * the load balancer's own metrics hold its requests as well.
 */
export function trafficOf(service: WatchedService, scope: Definition['scope']): readonly Dimensions[] {
  const whole = scope === 'load-balancer' || (scope === 'auto' && !service.shared);
  if (whole) return balancersOf(service);
  return hostsOf(service)
    .filter(({ http }) => http)
    .map(({ dimensions }) => dimensions);
}

export const databaseDimensions = ({ kind, name }: Database): Dimensions =>
  kind === 'instance' ? { DBInstanceIdentifier: name } : { DBClusterIdentifier: name };

export interface Wanted {
  readonly alarms: readonly WantedAlarm[];
  /** What the user should know of what is missing. */
  readonly notes: readonly string[];
}

export interface WantedAlarm {
  /** As the definition names it. */
  readonly word: string;
  readonly settings: AlarmSettings;
  /** The bound in words: `> 80%`. */
  readonly bound: string;
}

/** The alarms that a definition means for a service. */
export function wantedAlarms(definition: Definition, service: WatchedService): Wanted {
  const left: { readonly word: string; readonly why: string }[] = [];
  const alarms = definition.alarms.flatMap((order): WantedAlarm[] => {
    const metrics = metricsOf(order, definition, service);
    if (typeof metrics === 'string') {
      left.push({ word: order.name, why: metrics });
      return [];
    }
    const { comparison, threshold, evaluationPeriods, datapoints, missing, actions } = order;
    const bound = `${comparison} ${valueText(threshold, unitOf(order.subject))}`;
    const name = `${alarmPrefix(service)}${order.name}`;
    const description = order.description ?? describe(order, bound, service);
    const settings = { comparison, threshold, evaluationPeriods, datapoints, missing, actions };
    return [{ word: order.name, bound, settings: { name, description, metrics, ...settings } }];
  });
  const whys = [...new Set(left.map(({ why }) => why))];
  const notes = whys.map((why) => {
    const words = left.filter((each) => each.why === why).map(({ word }) => word);
    return `${words.join(', ')}: not put, because ${why}.`;
  });
  const ofTraffic = definition.alarms.some(
    ({ subject }) => subject.kind === 'measure' && MEASURES[subject.measure]?.scope === 'traffic',
  );
  if (ofTraffic && definition.scope === 'auto' && service.shared && balancersOf(service).length > 0) {
    notes.push(
      'The load balancer serves others as well, so alarms on requests look at the own target groups of the service. The requests to a canary are judged by the gates of canary; scope: load-balancer would have the alarms see them, and those of the others.',
    );
  }
  return { alarms, notes };
}

const NO_BALANCER = 'the service has no load balancer whose requests could be counted';
const NO_HTTP =
  'the load balancer of the service is no Application Load Balancer, which alone counts requests';

/** @returns a sentence that fits after "because" where there are none */
function metricsOf(
  order: AlarmOrder,
  { scope }: Definition,
  service: WatchedService,
): readonly AlarmMetric[] | string {
  const { subject, periodS } = order;
  if (subject.kind === 'metric') {
    const metric = filled(subject.metric, service);
    return metric ? [{ id: 'm', ...metric, periodS }] : NO_BALANCER;
  }
  if (subject.kind === 'expression') {
    const metrics = Object.entries(subject.metrics).map(([id, metric]) => {
      const full = filled(metric, service);
      return full && { id, ...full, periodS };
    });
    const all = metrics.filter((each) => each !== undefined);
    if (all.length < metrics.length) return NO_BALANCER;
    return [
      ...all,
      { id: resultId(Object.keys(subject.metrics)), expression: subject.expression, label: order.name },
    ];
  }
  const measure = MEASURES[subject.measure] as Measure;
  const places = placesOf(measure, subject, scope, service);
  if (places.length === 0) return service.targetGroups.length === 0 ? NO_BALANCER : NO_HTTP;
  return combined(order.name, { ...measure, stat: subject.stat ?? measure.stat }, places, periodS);
}

const resultId = (taken: readonly string[]): string => {
  let id = 'result';
  while (taken.includes(id)) id += '_';
  return id;
};

interface Where {
  readonly namespace: string;
  readonly dimensions: Dimensions;
}

function placesOf(
  { scope: of, namespace }: Measure,
  subject: Extract<Subject, { kind: 'measure' }>,
  scope: Definition['scope'],
  service: WatchedService,
): readonly Where[] {
  const at = (all: readonly Dimensions[]): readonly Where[] =>
    all.map((dimensions) => ({ namespace, dimensions }));
  switch (of) {
    case 'service':
      return at([{ ClusterName: service.cluster, ServiceName: service.service }]);
    case 'database':
      return at(subject.database ? [databaseDimensions(subject.database)] : []);
    case 'hosts':
      return hostsOf(service);
    case 'balancer':
      return at(balancersOf(service));
    case 'traffic':
      return at(trafficOf(service, scope));
  }
}

/** One metric as it is; several as one by an expression, in which silence is 0 where it adds nothing. */
function combined(
  label: string,
  { metric, stat, of, combine }: Measure,
  places: readonly Where[],
  periodS: number,
): readonly AlarmMetric[] {
  const series = (prefix: string, name: string): AlarmMetric[] =>
    places.map((place, index) => ({ id: `${prefix}${index + 1}`, ...place, metric: name, stat, periodS }));
  const list = (metrics: readonly AlarmMetric[]) =>
    `[${metrics.map(({ id }) => (combine === 'MIN' ? id : `FILL(${id}, 0)`)).join(', ')}]`;
  const id = 'result';
  if (of !== undefined) {
    const [some, all] = [series('e', metric), series('r', of)];
    // Without requests there is no share: the alarm treats it as missing data.
    const expression =
      places.length === 1
        ? '100 * FILL(e1, 0) / r1'
        : `IF(SUM(${list(all)}) > 0, 100 * SUM(${list(some)}) / SUM(${list(all)}), 0)`;
    return [...some, ...all, { id, expression, label }];
  }
  const metrics = series('m', metric);
  const [first] = metrics;
  if (first && metrics.length === 1) return [{ ...first, id: 'm' }];
  return [...metrics, { id, expression: `${combine}(${list(metrics)})`, label }];
}

/** @returns undefined when a place cannot be filled in */
function filled({ namespace, metric, dimensions, stat }: NamedMetric, service: WatchedService) {
  const [host] = hostsOf(service);
  const places: Readonly<Record<string, string | undefined>> = {
    '{cluster}': service.cluster,
    '{service}': service.service,
    '{target-group}': host?.dimensions.TargetGroup,
    '{load-balancer}': host?.dimensions.LoadBalancer,
  };
  const entries = Object.entries(dimensions).map(
    ([name, value]) => [name, Object.hasOwn(places, value) ? places[value] : value] as const,
  );
  if (entries.some(([, value]) => value === undefined)) return undefined;
  return { namespace, metric, dimensions: Object.fromEntries(entries) as Dimensions, stat };
}

const unitOf = (subject: Subject): Unit =>
  subject.kind === 'measure' ? (MEASURES[subject.measure]?.unit ?? 'count') : 'count';

export function valueText(value: number, unit: Unit): string {
  if (unit === 'percent') return `${value}%`;
  if (unit === 'duration') return formatDuration(value * 1000);
  if (unit === 'bytes') return `${Number((value / 2 ** 30).toPrecision(3))}GiB`;
  return String(value);
}

/** Stands in CloudWatch's mails, so it says what happens to whom. */
function describe(
  { subject, name, periodS, evaluationPeriods, datapoints }: AlarmOrder,
  bound: string,
  { cluster, service }: ServiceName,
): string {
  const words = subject.kind === 'measure' ? MEASURES[subject.measure]?.words : name;
  const database = subject.kind === 'measure' ? subject.database : undefined;
  const period = formatDuration(periodS * 1000);
  const time =
    evaluationPeriods === 1
      ? `in ${period}`
      : datapoints === evaluationPeriods
        ? `for ${evaluationPeriods} x ${period}`
        : `in ${datapoints} of ${evaluationPeriods} x ${period}`;
  return `${cluster}/${service}: ${words}${database ? ` ${database.name}` : ''} ${bound} ${time}. Put by deploy-actions/alarms.`;
}
