import type {
  DashboardValidationMessage,
  DeleteDashboardsCommandInput,
  GetDashboardCommandInput,
  GetDashboardCommandOutput,
  ListDashboardsCommandInput,
  ListDashboardsCommandOutput,
  PutDashboardCommandInput,
} from '@aws-sdk/client-cloudwatch';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';
import { pageOf } from './page.ts';
import { invalid } from './queries.ts';

interface Dashboard {
  readonly name: string;
  readonly body: string;
  readonly modifiedAt: number;
  readonly tags: Map<string, string>;
}

/** All dashboards of the account: they belong to no region. */
export class Dashboards {
  readonly all = new Map<string, Dashboard>();
  readonly #accountId: string;

  constructor(accountId: string) {
    this.#accountId = accountId;
  }

  arnOf(name: string): string {
    return `arn:aws:cloudwatch::${this.#accountId}:dashboard/${name}`;
  }

  /** @returns undefined when no dashboard has the ARN */
  tagsOf(arn: string): Map<string, string> | undefined {
    return [...this.all.values()].find(({ name }) => this.arnOf(name) === arn)?.tags;
  }
}

/** The operations on dashboards. A body is kept as it was given. */
export function dashboardOperations(dashboards: Dashboards): Operations {
  const find = (name: string | undefined): Dashboard => {
    const dashboard = dashboards.all.get(name ?? '');
    if (!dashboard) throw notFound(`Dashboard ${name} does not exist`);
    return dashboard;
  };

  return {
    PutDashboard(input: PutDashboardCommandInput, call: Call): object {
      const { DashboardName: name = '', DashboardBody: body = '', Tags = [] } = input;
      if (!/^[\w-]{1,255}$/.test(name)) {
        throw refused(
          `The value ${name} for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).`,
        );
      }
      const wrong = mistakesIn(body);
      if (wrong.length > 0) {
        const told = wrong.map(({ DataPath, Message }) => ({ dataPath: DataPath, message: Message }));
        throw refused(
          `The dashboard body is invalid, there are ${wrong.length} validation errors:\n${JSON.stringify(told, undefined, 2)}`,
          wrong,
        );
      }
      const known = dashboards.all.get(name);
      // Of one that exists, tags that are given are passed over.
      const tags = known?.tags ?? new Map(Tags.map(({ Key = '', Value = '' }) => [Key, Value]));
      dashboards.all.set(name, { name, body, modifiedAt: call.now, tags });
      return { DashboardValidationMessages: [] };
    },

    GetDashboard(input: GetDashboardCommandInput): Answer<GetDashboardCommandOutput> {
      const { name, body } = find(input.DashboardName);
      return { DashboardArn: dashboards.arnOf(name), DashboardBody: body, DashboardName: name };
    },

    ListDashboards(input: ListDashboardsCommandInput): Answer<ListDashboardsCommandOutput> {
      const { DashboardNamePrefix: prefix = '', NextToken } = input;
      const fitting = [...dashboards.all.values()]
        .filter(({ name }) => name.startsWith(prefix))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const { items, next } = pageOf(fitting, 1000, NextToken);
      return {
        DashboardEntries: items.map(({ name, body, modifiedAt }) => ({
          DashboardName: name,
          DashboardArn: dashboards.arnOf(name),
          LastModified: new Date(modifiedAt),
          Size: Buffer.byteLength(body),
        })),
        ...(next === undefined ? {} : { NextToken: next }),
      };
    },

    DeleteDashboards(input: DeleteDashboardsCommandInput): object {
      const { DashboardNames: names = [] } = input;
      if (names.length > 100) throw invalid('DashboardNames must have at most 100 items.');
      // All or nothing.
      for (const { name } of names.map(find)) dashboards.all.delete(name);
      return {};
    },
  };
}

const notFound = (message: string): AwsError => new AwsError('DashboardNotFoundError', message, 404);

const refused = (message: string, dashboardValidationMessages: DashboardValidationMessage[] = []): AwsError =>
  new AwsError('DashboardInvalidInputError', message, 400, { dashboardValidationMessages });

const TYPES = ['metric', 'text', 'log', 'alarm', 'explorer', 'custom', 'chart'];

type Members = Readonly<Record<string, unknown>>;
type Mistake = Required<DashboardValidationMessage>;

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What CloudWatch refuses in a body, as far as it is simulated:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
function mistakesIn(body: string): Mistake[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return [{ DataPath: '', Message: 'The field DashboardBody must be a valid JSON object' }];
  }
  if (!isMembers(value)) return [mistake('', 'Should be object')];
  const { widgets } = value;
  if (widgets === undefined) return [mistake('', "Should have required property 'widgets'")];
  if (!Array.isArray(widgets)) return [mistake('/widgets', 'Should be array')];
  if (widgets.length > 500) return [mistake('/widgets', 'Should NOT have more than 500 items')];
  return widgets.flatMap((widget: unknown, index) => mistakesOf(widget, `/widgets/${index}`));
}

const mistake = (DataPath: string, Message: string): Mistake => ({ DataPath, Message });

function mistakesOf(widget: unknown, path: string): Mistake[] {
  if (!isMembers(widget)) return [mistake(path, 'Should be object')];
  const { type, properties, x, y, width = 6, height = 6 } = widget;
  const wrong: Mistake[] = [];
  if (typeof type !== 'string' || !TYPES.includes(type)) {
    wrong.push(mistake(`${path}/type`, 'Should be equal to one of the allowed values'));
  }
  const range = (key: string, number: unknown, least: number, most: number) => {
    if (number === undefined) return;
    if (!Number.isInteger(number)) wrong.push(mistake(`${path}/${key}`, 'Should be integer'));
    else if (Number(number) < least) wrong.push(mistake(`${path}/${key}`, `Should be >= ${least}`));
    else if (Number(number) > most) wrong.push(mistake(`${path}/${key}`, `Should be <= ${most}`));
  };
  range('x', x, 0, 23);
  range('y', y, 0, Number.MAX_SAFE_INTEGER);
  range('width', width, 1, 24);
  range('height', height, 1, 1000);
  if ((x === undefined) !== (y === undefined)) {
    wrong.push(mistake(path, `Should have required property '${x === undefined ? 'x' : 'y'}'`));
  }
  const at = `${path}/properties`;
  if (!isMembers(properties)) return [...wrong, mistake(path, "Should have required property 'properties'")];
  if (type === 'text' && typeof properties['markdown'] !== 'string') {
    wrong.push(mistake(at, "Should have required property 'markdown'"));
  }
  if (type === 'alarm') wrong.push(...mistakesOfAlarms(properties, at));
  if (type === 'metric') wrong.push(...mistakesOfMetrics(properties, at));
  return wrong;
}

function mistakesOfAlarms({ alarms }: Members, path: string): Mistake[] {
  if (!Array.isArray(alarms)) return [mistake(path, "Should have required property 'alarms'")];
  if (alarms.length < 1) return [mistake(`${path}/alarms`, 'Should NOT have fewer than 1 items')];
  if (alarms.length > 100) return [mistake(`${path}/alarms`, 'Should NOT have more than 100 items')];
  return alarms.flatMap((arn: unknown, index) =>
    typeof arn === 'string' && /^arn:[\w-]+:cloudwatch:[\w-]+:\d{12}:alarm:.+/.test(arn)
      ? []
      : [mistake(`${path}/alarms/${index}`, 'Should match pattern "^arn:.*:alarm:.*$"')],
  );
}

function mistakesOfMetrics({ region, metrics, annotations }: Members, path: string): Mistake[] {
  const wrong: Mistake[] = [];
  const byAlarm = isMembers(annotations) && annotations['alarms'] !== undefined;
  if (!byAlarm && (typeof region !== 'string' || metrics === undefined)) {
    if (metrics === undefined) wrong.push(mistake(path, "Should have required property 'metrics'"));
    wrong.push(
      mistake(
        path,
        'The metric widget should have specified a region and a data source or an alarm annotation',
      ),
    );
  }
  if (metrics !== undefined && !Array.isArray(metrics)) {
    wrong.push(mistake(`${path}/metrics`, 'Should be array'));
  }
  for (const [index, metric] of (Array.isArray(metrics) ? metrics : []).entries()) {
    const at = `${path}/metrics/${index}`;
    if (!Array.isArray(metric)) wrong.push(mistake(at, 'Should be array'));
    else if (!isLine(metric)) {
      wrong.push(
        mistake(
          at,
          'Field "metrics" has to be an array of array of strings, with an optional metricRenderer object as last element',
        ),
      );
    }
  }
  if (isMembers(annotations)) wrong.push(...mistakesOfAnnotations(annotations, `${path}/annotations`));
  return wrong;
}

/** Namespace, name, and pairs of dimension and value; or an expression. */
function isLine(metric: readonly unknown[]): boolean {
  const last = metric.at(-1);
  const texts = isMembers(last) ? metric.slice(0, -1) : metric;
  if (!texts.every((text) => typeof text === 'string')) return false;
  if (texts.length === 0) return isMembers(last) && typeof last['expression'] === 'string';
  return texts.length >= 2 && texts.length % 2 === 0;
}

function mistakesOfAnnotations({ vertical, horizontal }: Members, path: string): Mistake[] {
  const items = (key: string, all: unknown, isValue: (value: unknown) => boolean): Mistake[] => {
    if (all === undefined) return [];
    if (!Array.isArray(all)) return [mistake(`${path}/${key}`, 'Should be array')];
    return all.flatMap((item: unknown, index) =>
      (Array.isArray(item) ? item : [item]).every(
        (each: unknown) => isMembers(each) && isValue(each['value']),
      )
        ? []
        : [mistake(`${path}/${key}/${index}`, "Should have required property 'value'")],
    );
  };
  return [
    ...items('vertical', vertical, (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value))),
    ...items('horizontal', horizontal, (value) => typeof value === 'number'),
  ];
}
