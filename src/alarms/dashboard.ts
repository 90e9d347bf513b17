import type { JsonObject } from '../taskdef/definition.ts';
import { alarmsUrl, serviceUrl } from './console.ts';
import type { Database, Definition } from './definition.ts';
import { alarmPrefix } from './names.ts';
import {
  balancersOf,
  databaseDimensions,
  hostsOf,
  trafficOf,
  type WantedAlarm,
  type WatchedService,
} from './wanted.ts';

type Dimensions = Readonly<Record<string, string>>;

/** One line of a graph. */
interface Line {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Dimensions;
  readonly stat: string;
  readonly label: string;
  readonly right?: boolean;
  readonly color?: string;
}

interface Graph {
  readonly title: string;
  readonly lines: readonly Line[];
  /** An expression that finds a canary's metrics, whose ARNs nobody knows before. */
  readonly searches?: readonly { readonly expression: string; readonly label: string }[];
  /** Names of alarms whose bounds are drawn. */
  readonly bounds?: readonly string[];
  readonly axes?: JsonObject;
}

const RED = '#d62728';
const WIDTH = 24;
const GRAPH = { width: 12, height: 6 };

/**
 * The body of a service's dashboard:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 *
 * @param alarmArns of the alarms whose state is shown
 */
export function dashboardBody(
  service: WatchedService,
  definition: Pick<Definition, 'scope' | 'databases'>,
  alarms: readonly WantedAlarm[],
  alarmArns: readonly string[],
): JsonObject {
  const graphs = graphsOf(service, definition);
  const top: JsonObject[] = [
    { type: 'text', x: 0, y: 0, width: WIDTH, height: 3, properties: { markdown: introduction(service) } },
    ...(alarmArns.length > 0
      ? [
          {
            type: 'alarm',
            x: 0,
            y: 3,
            width: WIDTH,
            height: 1 + Math.ceil(alarmArns.length / 4),
            properties: { title: 'Alarms', alarms: [...alarmArns] },
          },
        ]
      : []),
  ];
  const below = 3 + (alarmArns.length > 0 ? 1 + Math.ceil(alarmArns.length / 4) : 0);
  return {
    start: '-PT6H',
    periodOverride: 'inherit',
    widgets: [
      ...top,
      ...graphs.map((graph, index) => ({
        type: 'metric',
        x: (index % 2) * GRAPH.width,
        y: below + Math.floor(index / 2) * GRAPH.height,
        ...GRAPH,
        properties: propertiesOf(graph, service, alarms),
      })),
    ],
  };
}

function introduction(service: WatchedService): string {
  const { cluster, service: name } = service;
  return [
    `# ${cluster}/${name}`,
    '',
    `[Service](${serviceUrl(service, cluster, name)}) | [Alarms](${alarmsUrl(service, alarmPrefix(service))})`,
    '',
    'Put by deploy-actions/alarms, which replaces what is changed here; vertical annotations stay.',
  ].join('\n');
}

function propertiesOf(graph: Graph, { region }: WatchedService, alarms: readonly WantedAlarm[]): JsonObject {
  const drawn = alarms.filter(({ word }) => graph.bounds?.includes(word));
  return {
    title: graph.title,
    region,
    view: 'timeSeries',
    stacked: false,
    period: 60,
    metrics: [
      ...graph.lines.map(({ namespace, metric, dimensions, stat, label, right, color }) => [
        namespace,
        metric,
        ...Object.entries(dimensions).flat(),
        { stat, label, ...(right && { yAxis: 'right' }), ...(color !== undefined && { color }) },
      ]),
      ...(graph.searches ?? []).map((search, index) => [{ ...search, id: `canary${index + 1}` }]),
    ],
    ...(graph.axes && { yAxis: graph.axes }),
    annotations: {
      horizontal: drawn.map(({ word, bound, settings }) => ({
        label: `${word} ${bound}`,
        value: settings.threshold,
        color: RED,
      })),
      vertical: [],
    },
  };
}

const FROM_ZERO = { left: { min: 0 } };
const PERCENT = { left: { min: 0, max: 100 } };

function graphsOf(
  service: WatchedService,
  { scope, databases }: Pick<Definition, 'scope' | 'databases'>,
): readonly Graph[] {
  const traffic = trafficOf(service, scope);
  return [
    ...(traffic.length > 0 ? trafficGraphs(service, traffic) : []),
    ...(hostsOf(service).length > 0 ? [hostGraph(service)] : []),
    loadGraph(service),
    taskGraph(service),
    ...databases.flatMap(databaseGraphs),
  ];
}

function trafficGraphs(service: WatchedService, traffic: readonly Dimensions[]): readonly Graph[] {
  const namespace = 'AWS/ApplicationELB';
  const several = traffic.length > 1;
  const line = (
    dimensions: Dimensions,
    metric: string,
    stat: string,
    label: string,
    more?: Partial<Line>,
  ): Line => ({
    namespace,
    metric,
    dimensions,
    stat,
    label: several ? `${label} ${shortName(dimensions)}` : label,
    ...more,
  });
  // The load balancer's own answers, such as 502 where a task is gone.
  const own = balancersOf(service).map((dimensions) =>
    line(dimensions, 'HTTPCode_ELB_5XX_Count', 'Sum', '5xx by the load balancer', { right: true }),
  );
  return [
    {
      title: 'Requests and errors per minute',
      lines: [
        ...traffic.flatMap((at) => [
          line(at, 'RequestCount', 'Sum', 'requests'),
          line(at, 'HTTPCode_Target_5XX_Count', 'Sum', '5xx', { right: true, color: RED }),
          line(at, 'HTTPCode_Target_4XX_Count', 'Sum', '4xx', { right: true }),
        ]),
        ...own,
      ],
      searches: [
        { expression: canarySearch(service, 'RequestCount', 'Sum'), label: 'canary requests' },
        { expression: canarySearch(service, 'HTTPCode_Target_5XX_Count', 'Sum'), label: 'canary 5xx' },
      ],
      axes: { left: { min: 0 }, right: { min: 0 } },
    },
    {
      title: 'Response time',
      lines: traffic.flatMap((at) =>
        ['p50', 'p95', 'p99'].map((stat) => line(at, 'TargetResponseTime', stat, stat)),
      ),
      searches: [{ expression: canarySearch(service, 'TargetResponseTime', 'p95'), label: 'canary p95' }],
      bounds: ['latency-p50', 'latency-p90', 'latency-p95', 'latency-p99', 'latency-avg'],
      axes: FROM_ZERO,
    },
  ];
}

/**
 * Without quotes, because those would ask for the whole value, which begins with `targetgroup/` and ends in an id:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
 */
function canarySearch({ canary }: WatchedService, metric: string, stat: string): string {
  const names = canary.targetGroups.join(' OR ');
  const which = canary.targetGroups.length > 1 ? `(${names})` : names;
  return `SEARCH('{AWS/ApplicationELB,LoadBalancer,TargetGroup} MetricName="${metric}" ${which}', '${stat}', 60)`;
}

function hostGraph(service: WatchedService): Graph {
  const hosts = hostsOf(service);
  const label = (word: string, dimensions: Dimensions) =>
    hosts.length > 1 ? `${word} ${shortName(dimensions)}` : word;
  return {
    title: 'Targets',
    lines: hosts.flatMap(({ namespace, dimensions }): Line[] => [
      {
        namespace,
        dimensions,
        metric: 'HealthyHostCount',
        stat: 'Minimum',
        label: label('healthy', dimensions),
      },
      {
        namespace,
        dimensions,
        metric: 'UnHealthyHostCount',
        stat: 'Maximum',
        label: label('unhealthy', dimensions),
        color: RED,
      },
    ]),
    bounds: ['unhealthy-hosts', 'healthy-hosts'],
    axes: FROM_ZERO,
  };
}

function loadGraph({ cluster, service, canary }: WatchedService): Graph {
  const line = (ServiceName: string, metric: string, label: string): Line => ({
    namespace: 'AWS/ECS',
    metric,
    dimensions: { ClusterName: cluster, ServiceName },
    stat: 'Average',
    label,
  });
  return {
    title: 'CPU and memory, %',
    lines: [
      line(service, 'CPUUtilization', 'CPU'),
      line(service, 'MemoryUtilization', 'memory'),
      line(canary.service, 'CPUUtilization', 'CPU of the canary'),
      line(canary.service, 'MemoryUtilization', 'memory of the canary'),
    ],
    bounds: ['cpu', 'memory'],
    axes: PERCENT,
  };
}

/**
 * Each task of Fargate tells its CPU once a minute, so their number is that of the tasks. How many there should be, only
 * Container Insights tell, where they are switched on.
 */
function taskGraph({ cluster, service, canary }: WatchedService): Graph {
  const dimensions = (ServiceName: string) => ({ ClusterName: cluster, ServiceName });
  const running = (name: string, label: string): Line => ({
    namespace: 'AWS/ECS',
    metric: 'CPUUtilization',
    dimensions: dimensions(name),
    stat: 'SampleCount',
    label,
  });
  return {
    title: 'Tasks',
    lines: [
      running(service, 'running'),
      running(canary.service, 'running canary'),
      {
        namespace: 'ECS/ContainerInsights',
        metric: 'DesiredTaskCount',
        dimensions: dimensions(service),
        stat: 'Maximum',
        label: 'desired (Container Insights)',
      },
    ],
    axes: FROM_ZERO,
  };
}

function databaseGraphs(database: Database): readonly Graph[] {
  const dimensions = databaseDimensions(database);
  const line = (metric: string, label: string, right = false): Line => ({
    namespace: 'AWS/RDS',
    metric,
    dimensions,
    stat: 'Average',
    label,
    ...(right && { right }),
  });
  return [
    {
      title: `Database ${database.name}`,
      lines: [line('DatabaseConnections', 'connections'), line('CPUUtilization', 'CPU, %', true)],
      bounds: ['rds-connections'],
      axes: { left: { min: 0 }, right: { min: 0, max: 100 } },
    },
    {
      title: `Database ${database.name}: time of reads and writes`,
      lines: [line('ReadLatency', 'read'), line('WriteLatency', 'write')],
      bounds: ['rds-read-latency', 'rds-write-latency'],
      axes: FROM_ZERO,
    },
  ];
}

const shortName = ({ TargetGroup, LoadBalancer }: Dimensions): string =>
  (TargetGroup ?? LoadBalancer ?? '').split('/').at(-2) ?? '';
