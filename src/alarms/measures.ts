/** What a bound of a measure is written in, and what CloudWatch counts it in. */
export type Unit = 'percent' | 'duration' | 'count' | 'bytes';

/** Whose metric it is: that decides the dimensions. */
export type Scope = 'service' | 'traffic' | 'hosts' | 'balancer' | 'database';

/** One thing that alarms are put on, by a name that people know. */
export interface Measure {
  readonly words: string;
  readonly scope: Scope;
  readonly namespace: string;
  readonly metric: string;
  readonly stat: string;
  readonly unit: Unit;
  /** Points to bad. */
  readonly comparison: '>' | '<';
  /** In the unit's own terms, as it would be written; without it a bound has to be given. */
  readonly usual?: string;
  readonly periodS: number;
  readonly evaluationPeriods: number;
  readonly datapoints: number;
  readonly missing: 'missing' | 'notBreaching' | 'breaching';
  /** How the values of several target groups or load balancers become one. */
  readonly combine: 'SUM' | 'MAX' | 'MIN';
  /** The metric that the values are a share of, in percent. */
  readonly of?: string;
}

const COUNT = {
  namespace: 'AWS/ApplicationELB',
  scope: 'traffic',
  stat: 'Sum',
  unit: 'count',
  comparison: '>',
  periodS: 300,
  evaluationPeriods: 1,
  datapoints: 1,
  // A count of what does not happen is absent, not 0.
  missing: 'notBreaching',
  combine: 'SUM',
} as const satisfies Partial<Measure>;

const LATENCY = {
  ...COUNT,
  metric: 'TargetResponseTime',
  unit: 'duration',
  // A few slow requests make a minute's percentile where there is little traffic: three of five minutes are no chance.
  periodS: 60,
  evaluationPeriods: 5,
  datapoints: 3,
  combine: 'MAX',
} as const satisfies Partial<Measure>;

const LOAD = {
  namespace: 'AWS/ECS',
  scope: 'service',
  stat: 'Average',
  unit: 'percent',
  comparison: '>',
  usual: '80%',
  periodS: 300,
  evaluationPeriods: 2,
  datapoints: 2,
  missing: 'missing',
  combine: 'MAX',
} as const satisfies Partial<Measure>;

const DATABASE = {
  ...LOAD,
  namespace: 'AWS/RDS',
  scope: 'database',
} as const satisfies Partial<Measure>;

const percentile = (rank: number): Measure => ({
  ...LATENCY,
  words: `response time, ${rank}th percentile`,
  stat: `p${rank}`,
  ...(rank === 95 && { usual: '500ms' }),
});

/**
 * By the names that gates have as well. Metrics:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
 */
export const MEASURES: Readonly<Record<string, Measure>> = {
  cpu: { ...LOAD, words: 'CPU of the tasks', metric: 'CPUUtilization' },
  memory: { ...LOAD, words: 'memory of the tasks', metric: 'MemoryUtilization' },
  'http-5xx': {
    ...COUNT,
    words: 'answers of 5xx by tasks',
    metric: 'HTTPCode_Target_5XX_Count',
    usual: '10',
  },
  'http-4xx': { ...COUNT, words: 'answers of 4xx by tasks', metric: 'HTTPCode_Target_4XX_Count' },
  'elb-5xx': {
    ...COUNT,
    scope: 'balancer',
    words: 'answers of 5xx by the load balancer itself',
    metric: 'HTTPCode_ELB_5XX_Count',
  },
  'error-rate': {
    ...LATENCY,
    words: 'share of requests answered with 5xx',
    metric: 'HTTPCode_Target_5XX_Count',
    of: 'RequestCount',
    stat: 'Sum',
    unit: 'percent',
    usual: '5%',
    combine: 'SUM',
  },
  requests: {
    ...COUNT,
    words: 'requests',
    metric: 'RequestCount',
    comparison: '<',
    missing: 'breaching',
  },
  'latency-p50': percentile(50),
  'latency-p90': percentile(90),
  'latency-p95': percentile(95),
  'latency-p99': percentile(99),
  'latency-avg': { ...LATENCY, words: 'response time, mean', stat: 'Average' },
  'unhealthy-hosts': {
    ...COUNT,
    words: 'targets that fail their health check',
    scope: 'hosts',
    metric: 'UnHealthyHostCount',
    stat: 'Maximum',
    usual: '0',
    periodS: 60,
    evaluationPeriods: 3,
    datapoints: 3,
  },
  'healthy-hosts': {
    ...COUNT,
    words: 'targets that pass their health check',
    scope: 'hosts',
    metric: 'HealthyHostCount',
    stat: 'Minimum',
    comparison: '<',
    periodS: 60,
    evaluationPeriods: 3,
    datapoints: 3,
    missing: 'breaching',
    combine: 'MIN',
  },
  'rds-connections': {
    ...DATABASE,
    words: 'connections to the database',
    metric: 'DatabaseConnections',
    unit: 'count',
    usual: '180',
    periodS: 60,
    evaluationPeriods: 1,
    datapoints: 1,
  },
  'rds-cpu': { ...DATABASE, words: 'CPU of the database', metric: 'CPUUtilization' },
  'rds-read-latency': databaseLatency('read'),
  'rds-write-latency': databaseLatency('write'),
  'rds-free-storage': {
    ...DATABASE,
    words: 'free storage of the database',
    metric: 'FreeStorageSpace',
    unit: 'bytes',
    comparison: '<',
    usual: '5GiB',
    evaluationPeriods: 1,
    datapoints: 1,
  },
};

function databaseLatency(of: 'read' | 'write'): Measure {
  const { usual: _usual, ...rest } = DATABASE;
  return {
    ...rest,
    words: `time of a ${of} by the database`,
    metric: of === 'read' ? 'ReadLatency' : 'WriteLatency',
    unit: 'duration',
    periodS: 60,
    evaluationPeriods: 5,
    datapoints: 3,
  };
}

/** What `defaults` stands for; those of the database come with its name. */
export const USUAL: readonly string[] = [
  'cpu',
  'memory',
  'http-5xx',
  'error-rate',
  'latency-p95',
  'unhealthy-hosts',
];
export const USUAL_OF_DATABASES: readonly string[] = ['rds-connections'];
