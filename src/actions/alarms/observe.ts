import { annotated, annotationsOf, withAnnotations } from '../../alarms/annotations.ts';
import { dashboardBody } from '../../alarms/dashboard.ts';
import { type AlarmPlan, planAlarms } from '../../alarms/difference.ts';
import { alarmPrefix, dashboardName, isOurs } from '../../alarms/names.ts';
import type { KnownAlarm } from '../../alarms/settings.ts';
import { type WantedAlarm, type WatchedService, wantedAlarms } from '../../alarms/wanted.ts';
import { ConfigError } from '../../errors.ts';
import type { Alarms, Dashboards } from '../../ports.ts';
import { isObject, type JsonObject } from '../../taskdef/definition.ts';
import type { Inputs } from './inputs.ts';

export interface Cloud {
  readonly alarms: Alarms;
  readonly dashboards: Dashboards;
}

/** What is to become of the dashboard. */
export interface DashboardPlan {
  readonly name: string;
  readonly kind: 'create' | 'change' | 'annotate' | 'delete' | 'unchanged' | 'none';
  /** The body as it is to be. */
  readonly body: JsonObject | undefined;
}

export interface Plan {
  readonly wanted: readonly WantedAlarm[];
  readonly known: readonly KnownAlarm[];
  readonly alarms: AlarmPlan;
  readonly dashboard: DashboardPlan;
  /** What is to become of the dashboard where its body has become another meanwhile. */
  dashboardOf(body: string | undefined): DashboardPlan;
  readonly notes: readonly string[];
}

/**
 * Compares what is there with what is wanted. It only reads.
 *
 * @param service the service as it is; without a definition, its names alone
 * @param now what an annotation says of the time, ms
 * @throws ConfigError where something of somebody else stands in the way, or there is no dashboard to be annotated
 */
export async function observe(
  inputs: Inputs,
  service: WatchedService,
  { alarms, dashboards }: Cloud,
  now: number,
): Promise<Plan> {
  const { definition } = inputs;
  const wish = inputs.dashboard ?? definition?.dashboard ?? true;
  const name = typeof wish === 'string' ? wish : dashboardName(service);
  const [known, dashboard] = await Promise.all([
    definition ? alarms.find(alarmPrefix(service)) : [],
    dashboards.find(name),
  ]);
  const tags = await alarms.tags([...known.map(({ arn }) => arn), ...(dashboard ? [dashboard.arn] : [])]);
  const { alarms: wanted, notes } = definition
    ? wantedAlarms(definition, service)
    : { alarms: [], notes: [] };
  const plan = planAlarms(wanted, known, tags, service);
  const ours = dashboard && isOurs(tags.get(dashboard.arn), service);
  if (plan.foreign.length > 0 || (wish !== false && dashboard && !ours)) {
    throw new Foreign(plan.foreign, wish !== false && dashboard && !ours ? name : undefined);
  }
  const arns = arnsOf(wanted, known, service);
  const dashboardOf = (text: string | undefined): DashboardPlan => {
    if (wish === false) return { name, kind: ours ? 'delete' : 'none', body: undefined };
    const body = text === undefined ? undefined : bodyOf(text);
    if (!definition && body === undefined) throw nothingToAnnotate(name, text !== undefined);
    return dashboardPlan(name, body, { inputs, service, wanted, arns, now, there: text !== undefined });
  };
  return {
    wanted,
    known,
    alarms: plan,
    notes,
    dashboard: dashboardOf(dashboard?.body),
    dashboardOf,
  };
}

/** What of somebody else stands where ours has to. */
export class Foreign extends ConfigError {
  constructor(alarms: readonly string[], dashboard: string | undefined) {
    super([
      ...alarms.map((name) => ({
        input: 'definition',
        message: `the alarm "${name}" is not ours, as its tags say; rename or delete it, or leave it out here`,
      })),
      ...(dashboard === undefined
        ? []
        : [
            {
              input: 'dashboard',
              message: `the dashboard "${dashboard}" is not ours, as its tags say; rename or delete it, or give another name`,
            },
          ]),
    ]);
  }
}

const nothingToAnnotate = (name: string, there: boolean): ConfigError =>
  new ConfigError({
    input: 'annotate',
    message: there
      ? `the dashboard "${name}" holds no JSON; give the definition once more, which puts it anew`
      : `there is no dashboard "${name}" yet; give a definition as well, such as definition: defaults`,
  });

function bodyOf(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

interface DashboardWish {
  readonly inputs: Inputs;
  readonly service: WatchedService;
  readonly wanted: readonly WantedAlarm[];
  readonly arns: readonly string[];
  readonly now: number;
  readonly there: boolean;
}

function dashboardPlan(
  name: string,
  is: JsonObject | undefined,
  { inputs: { definition, annotation }, service, wanted, arns, now, there }: DashboardWish,
): DashboardPlan {
  const drawn = definition
    ? withAnnotations(dashboardBody(service, definition, wanted, arns), is ? annotationsOf(is) : [])
    : is;
  const body = drawn && annotation !== undefined ? annotated(drawn, { label: annotation, at: now }) : drawn;
  if (!there) return { name, kind: 'create', body };
  if (is && isSame(is, body)) return { name, kind: 'unchanged', body };
  return { name, kind: definition && !(is && isSame(is, drawn)) ? 'change' : 'annotate', body };
}

/** Whether two documents say the same; the order of keys says nothing. */
export const isSame = (a: unknown, b: unknown): boolean => sorted(a) === sorted(b);

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([x], [y]) => (x < y ? -1 : 1)))
      : inner,
  );

/** ARNs of all wanted alarms; those that are not there yet will have the account's. */
function arnsOf(
  wanted: readonly WantedAlarm[],
  known: readonly KnownAlarm[],
  { partition, region, account }: WatchedService,
): readonly string[] {
  return wanted.map(
    ({ settings: { name } }) =>
      known.find((alarm) => alarm.name === name)?.arn ??
      `arn:${partition}:cloudwatch:${region}:${account}:alarm:${name}`,
  );
}
