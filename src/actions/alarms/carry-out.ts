import { isAnnotated } from '../../alarms/annotations.ts';
import { tagsOf } from '../../alarms/names.ts';
import type { WatchedService } from '../../alarms/wanted.ts';
import type { Clock } from '../../clock.ts';
import { DeployError } from '../../errors.ts';
import type { JsonObject } from '../../taskdef/definition.ts';
import type { Cloud, DashboardPlan, Plan } from './observe.ts';

export interface Tools {
  readonly clock: Clock;
  readonly cancelled: AbortSignal;
  say(line: string): void;
}

/** Others may write the dashboard at the same moment: so often it is looked whether a mark is still there. */
const TRIES = 5;
const PAUSE_MS = 1_000;

/**
 * Does what is planned: alarms that are made or changed, then those that go, then the dashboard. Every call may be
 * repeated, and a run that was broken off is completed by the next one.
 *
 * @param annotation the mark that has to be on the dashboard
 * @returns the dashboard as it was put
 * @throws DeployError that says how far it came
 */
export async function carryOut(
  plan: Plan,
  service: WatchedService,
  cloud: Cloud,
  annotation: string | undefined,
  tools: Tools,
): Promise<DashboardPlan> {
  const { steps } = plan.alarms;
  let done = 0;
  try {
    for (const step of steps) {
      tools.cancelled.throwIfAborted();
      if (step.kind === 'create') await cloud.alarms.put(step.settings, step.tags);
      if (step.kind === 'change') await cloud.alarms.put(step.settings);
      if (step.kind === 'delete') await cloud.alarms.delete([step.name]);
      done++;
    }
    tools.cancelled.throwIfAborted();
    return await putDashboard(plan, service, cloud, annotation, tools);
  } catch (error) {
    throw told(error, done, steps.length, tools.cancelled.aborted);
  }
}

async function putDashboard(
  { dashboard: first, dashboardOf }: Plan,
  service: WatchedService,
  { dashboards }: Cloud,
  annotation: string | undefined,
  { clock, cancelled, say }: Tools,
): Promise<DashboardPlan> {
  if (first.kind === 'delete') await dashboards.delete(first.name);
  let plan = first;
  for (let tries = 1; ; tries++) {
    const { name, kind, body } = plan;
    if (body === undefined || kind === 'unchanged') return first;
    await dashboards.put(name, JSON.stringify(body), kind === 'create' ? tagsOf(service) : undefined);
    if (annotation === undefined) return first;
    const now = await dashboards.find(name);
    if (now && isAnnotated(JSON.parse(now.body) as JsonObject, { label: annotation, at: 0 })) return first;
    if (tries === TRIES) {
      throw new DeployError(`the dashboard ${name} was written by others again and again`, {
        next: 'Run this step again.',
      });
    }
    say('Somebody else has written the dashboard at the same moment; once more.');
    await clock.sleep(PAUSE_MS * (0.5 + Math.random()), cancelled);
    plan = dashboardOf((await dashboards.find(name))?.body);
  }
}

function told(error: unknown, done: number, all: number, cancelled: boolean): unknown {
  const state = `${done} of ${all} changes of alarms were made${done === all ? ', the dashboard is not as it has to be' : ''}.`;
  const next = 'Run this step again: it does what is missing.';
  if (cancelled) return new DeployError('Putting the alarms was cancelled.', { state, next, cause: error });
  if (!(error instanceof DeployError)) return error;
  return new DeployError(error.message, {
    state,
    next: [error.next, next].filter((part) => part !== undefined).join(' '),
    cause: error,
  });
}
