import { FieldReader, type Source } from '../smoke-test/field-reader.ts';
import { isObject, type Json, type Path } from '../taskdef/definition.ts';
import { kindOf, printable } from '../taskdef/shape.ts';
import {
  type Bound,
  type Comparison,
  example,
  lasting,
  parseBound,
  parsePeriod,
  parseValue,
  type Usual,
} from './bound.ts';
import type { AlarmOrder, Database, Definition, NamedMetric, Subject } from './definition.ts';
import { MEASURES, type Measure, USUAL, USUAL_OF_DATABASES } from './measures.ts';

type Actions = AlarmOrder['actions'];

const SETTINGS = ['defaults', 'notify', 'dashboard', 'rds', 'scope', 'custom'];
const BOUND_KEYS = ['above', 'below', 'at-least', 'at-most', 'period', 'evaluation-periods', 'datapoints'];
const ORDER_KEYS = [...BOUND_KEYS, 'missing', 'statistic', 'notify', 'description'];
const METRIC_KEYS = ['namespace', 'metric', 'dimensions', 'statistic'];
const MISSING = ['missing', 'ignore', 'breaching', 'notBreaching'] as const;
/** What a dimension may be instead of a value: that of the service. */
const PLACES = ['{cluster}', '{service}', '{target-group}', '{load-balancer}'];
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
const LONGEST_DESCRIPTION = 1_024;
const NOBODY: Actions = { alarm: [], ok: [], noData: [] };

/** What people know by other words, or from other tools. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  alarms: 'write the alarms themselves here: cpu: 80%',
  metrics: 'metrics of your own stand under custom: { NAME: { namespace: ..., metric: ... } }',
  '5xx': 'write http-5xx',
  p95: 'write latency-p95',
  p99: 'write latency-p99',
  latency: 'write latency-p95, or another percentile',
  mem: 'write memory',
  connections: 'write rds-connections',
  unhealthy: 'write unhealthy-hosts',
  sns: 'write notify',
};

const COMPARISON_KEYS: Readonly<Record<string, Comparison>> = {
  above: '>',
  below: '<',
  'at-least': '>=',
  'at-most': '<=',
};

/** What is usual where a metric is the user's own. */
const OWN: Usual = { unit: 'count', comparison: '>', periodS: 300, evaluationPeriods: 1, datapoints: 1 };

/**
 * Reads the definition of a service's alarms. All its problems are told, each with the path of the value that is wrong.
 */
export function readDefinition(value: Json, source: Source): Definition {
  const given = value === 'defaults' ? { defaults: true } : value;
  if (!isObject(given)) {
    source.complain(
      [],
      `is ${value === null ? 'empty' : kindOf(value)}; write defaults, or a mapping such as cpu: 80%`,
    );
    return { alarms: [], dashboard: true, databases: [], scope: 'auto' };
  }
  const fields = new FieldReader(given, [], source);
  const names = Object.keys(MEASURES);
  fields.knows([...names, ...SETTINGS], 'a definition of alarms', ELSEWHERE);
  const notify = readNotify(fields, NOBODY);
  const database = readDatabase(given['rds'], ['rds'], source);
  const wanted = [
    ...(fields.boolean('defaults') === true ? USUAL : []),
    ...(database ? USUAL_OF_DATABASES : []),
  ];
  const reader = new OrderReader(source, notify, database);
  const alarms = names.flatMap((name) => {
    const own = Object.hasOwn(given, name) ? given[name] : undefined;
    if (own === undefined && !wanted.includes(name)) return [];
    if (own === false || own === 'off' || own === 'none') return [];
    return reader.measure(name, MEASURES[name] as Measure, own ?? true);
  });
  const custom = fields.below('custom', 'write a mapping of names to metrics');
  const more = (custom?.keys ?? []).flatMap((name) => reader.custom(name, custom?.get(name) ?? null, names));
  const all = [...alarms, ...more];
  const databases = [
    database,
    ...all.map(({ subject }) => (subject.kind === 'measure' ? subject.database : undefined)),
  ];
  return {
    alarms: all,
    dashboard: readDashboard(fields),
    databases: distinct(databases.filter((each) => each !== undefined)),
    scope: fields.oneOf('scope', ['auto', 'load-balancer', 'target-group'] as const) ?? 'auto',
  };
}

const distinct = (databases: readonly Database[]): readonly Database[] => [
  ...new Map(databases.map((each) => [`${each.kind}/${each.name}`, each])).values(),
];

/** What is wrong with the name of a dashboard, if anything. */
export const dashboardNameProblem = (name: string): string | undefined =>
  /^[\w-]{1,255}$/.test(name)
    ? undefined
    : 'is not the name of a dashboard: up to 255 letters, digits, hyphens and underscores';

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html */
const statisticProblem = (stat: string): string | undefined =>
  /^(SampleCount|Average|Sum|Minimum|Maximum|IQM|(p|tm|wm|tc|ts)(100|\d{1,2}(\.\d{1,10})?)|(TM|WM|PR|TC|TS)\(.+\))$/.test(
    stat,
  )
    ? undefined
    : 'is none of CloudWatch, such as Average, Sum, Maximum or p95';

function readDashboard(fields: FieldReader): boolean | string {
  const value = fields.get('dashboard');
  if (value === undefined || typeof value === 'boolean') return value ?? true;
  return fields.checkedText('dashboard', dashboardNameProblem) ?? true;
}

/** ARNs for ALARM and for OK, or for each state of its own. */
function readNotify(fields: FieldReader, otherwise: Actions): Actions {
  const value = fields.get('notify');
  if (value === undefined) return otherwise;
  const take = (from: FieldReader, key: string): readonly string[] => {
    const arns = from.texts(key);
    for (const arn of arns) {
      if (!/^arn:[\w-]+:[\w-]+:[^\s]+$/.test(arn)) {
        from.problem(
          key,
          `"${printable(arn)}" is not an ARN, such as arn:aws:sns:eu-west-1:123456789012:alerts`,
        );
      }
    }
    if (arns.length > 5) from.problem(key, `names ${arns.length} actions; CloudWatch takes five`);
    return arns;
  };
  if (value === false) return NOBODY;
  if (!isObject(value)) {
    const arns = take(fields, 'notify');
    return { alarm: arns, ok: arns, noData: [] };
  }
  const states = fields.below('notify', 'write an ARN, or a list of them');
  if (!states) return NOBODY;
  states.knows(['alarm', 'ok', 'no-data'], 'notify');
  return { alarm: take(states, 'alarm'), ok: take(states, 'ok'), noData: take(states, 'no-data') };
}

function readDatabase(value: Json | undefined, path: Path, source: Source): Database | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return named('instance', value, path, source);
  if (!isObject(value)) {
    source.complain(path, `is ${kindOf(value)}; write the name of a DB instance, or { cluster: NAME }`);
    return undefined;
  }
  const fields = new FieldReader(value, path, source);
  fields.knows(['instance', 'cluster'], 'a database');
  if (fields.get('instance') === undefined && fields.get('cluster') === undefined) {
    source.complain(path, 'names no database; write the name of a DB instance, or { cluster: NAME }');
  }
  return databaseIn(fields, path, source);
}

function databaseIn(fields: FieldReader, path: Path, source: Source): Database | undefined {
  const [instance, cluster] = [fields.text('instance'), fields.text('cluster')];
  if (instance !== undefined && cluster !== undefined) {
    source.complain(path, 'names an instance and a cluster; write one of them');
    return undefined;
  }
  if (instance !== undefined) return named('instance', instance, [...path, 'instance'], source);
  return cluster === undefined ? undefined : named('cluster', cluster, [...path, 'cluster'], source);
}

function named(kind: Database['kind'], name: string, path: Path, source: Source): Database | undefined {
  if (/^[A-Za-z][A-Za-z0-9-]{0,62}$/.test(name)) return { kind, name: name.toLowerCase() };
  source.complain(path, `"${printable(name)}" is not the name of a DB ${kind}, such as shop-db`);
  return undefined;
}

/** Reads one alarm after the other, with what holds for all. */
class OrderReader {
  readonly #source: Source;
  readonly #notify: Actions;
  readonly #database: Database | undefined;

  constructor(source: Source, notify: Actions, database: Database | undefined) {
    this.#source = source;
    this.#notify = notify;
    this.#database = database;
  }

  measure(name: string, measure: Measure, value: Json): readonly AlarmOrder[] {
    const ofDatabase = measure.scope === 'database';
    const fields = isObject(value) ? new FieldReader(value, [name], this.#source) : undefined;
    fields?.knows([...ORDER_KEYS, ...(ofDatabase ? ['instance', 'cluster'] : [])], name);
    const own = fields && ofDatabase ? databaseIn(fields, [name], this.#source) : undefined;
    const database = own ?? this.#database;
    if (ofDatabase && !database) {
      const bound = measure.usual ?? example(measure);
      const word = measure.comparison === '>' ? 'above' : 'below';
      this.#source.complain(
        [name],
        `needs a database: write { instance: shop-db, ${word}: ${bound} }, or rds: shop-db once for all`,
      );
      return [];
    }
    const bound = fields ? this.#longBound(fields, measure) : this.#shortBound(value, [name], measure);
    if (!bound) return [];
    if (bound.threshold < 0) {
      this.#source.complain([name], 'has a bound below 0, which it is never below');
      return [];
    }
    const stat = fields?.checkedText('statistic', statisticProblem);
    if (stat !== undefined && measure.of !== undefined)
      fields?.problem('statistic', 'is always the sum here');
    const subject: Subject = {
      kind: 'measure',
      measure: name,
      ...(stat !== undefined && { stat }),
      ...(ofDatabase && database && { database }),
    };
    return [this.#order(name, subject, bound, measure.missing, fields)];
  }

  custom(name: string, value: Json, taken: readonly string[]): readonly AlarmOrder[] {
    const path = ['custom', name];
    if (!/^[\w.-]{1,100}$/.test(name) || taken.includes(name)) {
      const why = taken.includes(name)
        ? 'is the name of an alarm that stands beside custom'
        : 'is not a name of letters, digits, points, hyphens and underscores';
      this.#source.complain(path, `"${printable(name)}" ${why}`);
      return [];
    }
    if (!isObject(value)) {
      this.#source.complain(path, `is ${kindOf(value)}; write { namespace: ..., metric: ..., above: ... }`);
      return [];
    }
    const fields = new FieldReader(value, path, this.#source);
    const isExpression = fields.get('expression') !== undefined;
    const what = isExpression ? ['expression', 'metrics'] : METRIC_KEYS;
    fields.knows([...what, ...ORDER_KEYS.filter((key) => !isExpression || key !== 'statistic')], 'an alarm');
    const subject = isExpression ? this.#expression(fields) : this.#metric(fields);
    const bound = this.#longBound(fields, OWN);
    if (!subject || !bound) return [];
    return [this.#order(name, subject, bound, 'missing', fields)];
  }

  #metric(fields: FieldReader): Subject | undefined {
    const metric = this.#named(fields);
    return metric && { kind: 'metric', metric };
  }

  #named(fields: FieldReader): NamedMetric | undefined {
    const need = (key: string, such: string): string | undefined =>
      fields.text(key)?.trim() || fields.problem(key, `is missing; for example ${key}: ${such}`);
    const namespace = need('namespace', 'AWS/SQS');
    const metric = need('metric', 'ApproximateAgeOfOldestMessage');
    const dimensions = Object.fromEntries(fields.pairs('dimensions', 'dimensions'));
    const stat = fields.checkedText('statistic', statisticProblem) ?? 'Average';
    for (const [dimension, given] of Object.entries(dimensions)) {
      const text = String(given);
      if (/[{}]/.test(text) && !PLACES.includes(text)) {
        fields.problem(
          'dimensions',
          `has "${printable(text)}" as ${printable(dimension)}; there are ${PLACES.join(', ')}, each as the whole value`,
        );
      }
    }
    if (namespace === undefined || metric === undefined) return undefined;
    return { namespace, metric, dimensions, stat };
  }

  #expression(fields: FieldReader): Subject | undefined {
    const expression = fields.text('expression') ?? '';
    if (expression.trim() === '')
      fields.problem('expression', 'is empty; write one such as 100 * failed / placed');
    if (/\bSEARCH\s*\(/i.test(expression)) {
      fields.problem(
        'expression',
        'searches for metrics, and CloudWatch has no alarms on what is searched for',
      );
    }
    const below = fields.below('metrics', 'write a mapping of ids to metrics');
    const metrics: Record<string, NamedMetric> = {};
    for (const id of below?.keys ?? []) {
      if (!/^[a-z]\w{0,50}$/.test(id))
        below?.problem(id, 'is no id: a small letter, then letters, digits and _');
      const each = below?.below(id, 'write { namespace: ..., metric: ... }');
      each?.knows(METRIC_KEYS, 'a metric');
      const metric = each && this.#named(each);
      if (metric) metrics[id] = metric;
    }
    if (below === undefined || below.keys.length === 0) {
      return fields.problem('metrics', 'is missing: the metrics that the expression is of, by their ids');
    }
    if (below.keys.length > 9) fields.problem('metrics', 'are more than the nine that an alarm takes');
    const unknown = [...expression.matchAll(/(?<![\w"'])[a-z]\w*/g)]
      .map(([id]) => id)
      .filter((id) => !below.keys.includes(id));
    if (unknown.length > 0) {
      return fields.problem(
        'expression',
        `uses ${[...new Set(unknown)].join(', ')}, which stands not under metrics`,
      );
    }
    return { kind: 'expression', expression, metrics };
  }

  #shortBound(value: Json, path: Path, measure: Measure): Bound | undefined {
    const complain = (message: string) => {
      this.#source.complain(path, message);
      return undefined;
    };
    if (value === true || value === null) {
      if (measure.usual === undefined) return complain(`needs a bound, such as ${example(measure)}`);
      return { ...measure, threshold: parseValue(measure.usual, measure.unit) as number };
    }
    if (typeof value === 'object' || typeof value === 'boolean') {
      return complain(`is ${kindOf(value)}; write a bound, such as ${example(measure)}`);
    }
    const text = typeof value === 'string' ? value : (this.#source.written(path) ?? String(value));
    const bound = parseBound(text, measure);
    return typeof bound === 'string' ? complain(`"${printable(text)}" ${bound}`) : bound;
  }

  #longBound(fields: FieldReader, usual: Usual): Bound | undefined {
    const given = Object.keys(COMPARISON_KEYS).filter((key) => fields.get(key) !== undefined);
    const [key, another] = given;
    if (another !== undefined) {
      return fields.problem(another, `stands beside ${key}; an alarm has one bound`);
    }
    if (key === undefined && usual.usual === undefined) {
      const word = usual.comparison === '>' ? 'above' : 'below';
      return fields.problem(word, `is missing: the bound, such as ${word}: ${example(usual)}`);
    }
    const text = (key === undefined ? usual.usual : fields.text(key)) ?? '';
    const threshold = parseValue(text, usual.unit);
    const period = fields.text('period');
    const periodS = period === undefined ? usual.periodS : parsePeriod(period);
    if (typeof threshold === 'string')
      return fields.problem(key ?? 'above', `"${printable(text)}" ${threshold}`);
    if (typeof periodS === 'string')
      return fields.problem('period', `"${printable(period ?? '')}" ${periodS}`);
    const usually = periodS === usual.periodS ? usual : { evaluationPeriods: 1, datapoints: 1 };
    const evaluationPeriods = fields.integer('evaluation-periods', 1, 1440) ?? usually.evaluationPeriods;
    const most = Math.min(usually.datapoints, evaluationPeriods);
    const usualDatapoints = evaluationPeriods === usually.evaluationPeriods ? most : evaluationPeriods;
    const datapoints = fields.integer('datapoints', 1, evaluationPeriods) ?? usualDatapoints;
    const spans = lasting(periodS, { evaluationPeriods, datapoints });
    if (typeof spans === 'string') return fields.problem('evaluation-periods', spans);
    const comparison = key === undefined ? usual.comparison : (COMPARISON_KEYS[key] ?? '>');
    return { comparison, threshold, periodS, ...spans };
  }

  #order(
    name: string,
    subject: Subject,
    { comparison, threshold, periodS, evaluationPeriods, datapoints }: Bound,
    missing: AlarmOrder['missing'],
    fields: FieldReader | undefined,
  ): AlarmOrder {
    const description = fields?.checkedText('description', (text) =>
      text.length > LONGEST_DESCRIPTION ? `is longer than ${LONGEST_DESCRIPTION} characters` : undefined,
    );
    return {
      name,
      subject,
      comparison,
      threshold,
      periodS,
      evaluationPeriods,
      datapoints,
      missing: fields?.oneOf('missing', MISSING) ?? missing,
      actions: fields ? readNotify(fields, this.#notify) : this.#notify,
      ...(description !== undefined && { description }),
    };
  }
}
