import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Clock } from '../../clock.ts';
import { readBaseline } from '../../engine/baseline.ts';
import type { Site } from '../../engine/site.ts';
import { ConfigError, DeployError, type Problem } from '../../errors.ts';
import type { Metrics, Reporter, TaskDefinitions, Traffic } from '../../ports.ts';
import { LONGER_TIMES, tooStrict } from '../../rollout/default-gates.ts';
import type { Gate } from '../../rollout/gates.ts';
import type { Alarm, Period } from '../../rollout/judge/evidence.ts';
import type { TaskDefinition } from '../../taskdef/definition.ts';
import { parseTaskDefinition } from '../../taskdef/parse.ts';
import type { RolloutInputs } from './inputs.ts';

/** What is to be released: a definition that has to be registered, or a revision that exists. */
export type Release =
  | { readonly kind: 'definition'; readonly definition: TaskDefinition }
  | { readonly kind: 'revision'; readonly arn: string; readonly definition: TaskDefinition };

/** @throws ConfigError when the input names neither a file nor a task definition that can be used */
export async function findRelease(
  reference: string,
  workspace: string,
  taskDefinitions: TaskDefinitions,
): Promise<Release> {
  const fail = (message: string): never => {
    throw new ConfigError({ input: 'task-definition', message });
  };
  const path = resolve(workspace, reference);
  if (!reference.startsWith('arn:')) {
    const file = await stat(path).catch(() => undefined);
    if (file?.isFile()) {
      return {
        kind: 'definition',
        definition: await parseTaskDefinition(await readFile(path, 'utf8'), reference),
      };
    }
    if (!/^[\w-]+:\d+$/.test(reference)) {
      return fail(
        `"${reference}" is neither a file in ${workspace}, nor FAMILY:REVISION, nor an ARN; is the step missing that renders it?`,
      );
    }
  }
  const found = await taskDefinitions.find(reference);
  if (!found) return fail(`there is no task definition "${reference}" in this account and region`);
  if (!found.active)
    return fail(`the task definition "${reference}" was deregistered; release another revision`);
  return { kind: 'revision', arn: found.arn, definition: found.definition };
}

/** Every reason for which this service cannot take this release now. Reads nothing, changes nothing. */
export function requireReleasable(site: Site, definition: TaskDefinition): void {
  const problems: Problem[] = [];
  const { stable } = site;
  for (const { containerName, containerPort } of stable.loadBalancers) {
    const container = definition.containerDefinitions.find(({ name }) => name === containerName);
    const names = definition.containerDefinitions.map(({ name }) => name).join(', ');
    if (!container) {
      problems.push({
        input: 'task-definition',
        message: `has no container "${containerName}", to which the load balancer of the service ${stable.name} sends its requests; it has ${names}`,
      });
      continue;
    }
    const mappings = container['portMappings'];
    const ports = (Array.isArray(mappings) ? mappings : []).map(
      (mapping: unknown) => (mapping as { containerPort?: unknown }).containerPort,
    );
    if (!ports.includes(containerPort)) {
      problems.push({
        input: 'task-definition',
        message: `the container "${containerName}" has no port mapping for ${containerPort}, to which the load balancer sends its requests`,
      });
    }
  }
  if (stable.desired === 0) {
    problems.push({
      input: 'service',
      message: `the service "${stable.name}" is scaled to 0, so there is no traffic to shift; scale it up first`,
    });
  }
  if (site.routes.length === 0) {
    problems.push({
      input: 'service',
      message: `no listener rule sends traffic to the service "${stable.name}" (its target groups have weight 0 or no rule), so there is nothing to shift`,
    });
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

/** @throws ConfigError when there would be no way back, because ECS runs no deregistered revision anew */
export async function requireWayBack({ stable }: Site, taskDefinitions: TaskDefinitions): Promise<void> {
  const current = await taskDefinitions.find(stable.taskDefinition);
  if (current?.active) return;
  throw new ConfigError({
    input: 'service',
    message: `the service "${stable.name}" runs ${stable.taskDefinition.split('/').at(-1)}, which was deregistered, so a release could not be taken back to it; deploy the same definition as a new revision first, and keep the revisions that services run`,
  });
}

/** @throws DeployError when the service is in the middle of a deployment that is not ours */
export function requireSettled({ stable }: Site): void {
  const [primary] = stable.deployments.filter((deployment) => deployment.primary);
  const moving = stable.deployments.length > 1 || primary?.state === 'in-progress';
  if (!moving) return;
  const revisions = stable.deployments
    .map(({ taskDefinition }) => taskDefinition.split('/').at(-1))
    .join(', ');
  throw new DeployError(`the service ${stable.name} is in the middle of a deployment (${revisions})`, {
    state: 'Nothing was changed.',
    next: 'Wait until it has ended, or stop it, and run this step again.',
  });
}

/** @throws ConfigError for an alarm that does not exist */
export async function findAlarms(names: readonly string[], metrics: Metrics): Promise<readonly Alarm[]> {
  if (names.length === 0) return [];
  const found = await metrics.alarms(names);
  const missing = names.filter((name) => !found.some((alarm) => alarm.name === name));
  if (missing.length > 0) {
    throw new ConfigError(
      missing.map((name) => ({
        input: 'alarms',
        message: `there is no CloudWatch alarm "${name}" in this account and region`,
      })),
    );
  }
  return found;
}

/** @throws DeployError when one of them is in ALARM already */
export function requireQuiet(alarms: readonly Alarm[]): void {
  const firing = alarms.filter(({ state }) => state === 'ALARM');
  if (firing.length === 0) return;
  const list = firing
    .map(({ name, since, reason }) => `${name} (since ${new Date(since).toISOString()}): ${reason}`)
    .join('\n');
  throw new DeployError(
    `${firing.length === 1 ? 'an alarm is' : 'alarms are'} in ALARM already, so no release could be judged by them:\n${list}`,
    {
      state: 'Nothing was changed.',
      next: 'Mend what the alarm says, or leave it out of alarms for this release.',
    },
  );
}

/** Where what is worth a word is said. */
export type Remarks = Pick<Reporter, 'notice' | 'warning'>;

/** What a release is judged by, and what is known of the service from before. */
export interface Standards {
  readonly gates: readonly Gate[];
  /** Stable's minutes before the rollout, oldest first. */
  readonly before: readonly Period[];
}

/**
 * Holds the gates against how the service itself does now: bounds that it does not meet are warned about. Where it is
 * not quick enough for the default notion of slow, a longer time takes its place.
 */
export async function settleGates(
  inputs: RolloutInputs,
  site: Site,
  metrics: Metrics,
  clock: Clock,
  say: Remarks,
): Promise<Standards> {
  const side = {
    cluster: site.stable.cluster,
    service: site.stable.name,
    targetGroups: site.pairs.map(({ stable }) => stable),
  };
  const given = inputs.gatesAreDefault ? [...inputs.gates, ...LONGER_TIMES] : inputs.gates;
  const { periods, unmet } = await readBaseline(metrics, clock, side, given, inputs.customMetrics, inputs);
  for (const { gate, text } of unmet) {
    say.warning(
      `The service itself does not meet "${gate}" at present (${text}): a good release will fail it as well.`,
    );
  }
  if (!inputs.gatesAreDefault) return { gates: inputs.gates, before: periods };
  const replaced = tooStrict(inputs.gates, periods);
  for (const { gate, instead, slow } of replaced) {
    say.notice(
      `${Math.round(slow * 100)}% of the service's requests are what "${gate.text}" calls slow, so "${instead.text}" takes its place; write gates of your own for another time.`,
    );
  }
  const fitting = (gate: Gate) => replaced.find((each) => each.gate === gate)?.instead ?? gate;
  return { gates: inputs.gates.map(fitting), before: periods };
}

/** Load balancers go on sending requests by the old weights for some seconds after a change. */
const LEAST_DRAIN_MS = 20_000;

/** The canary's last requests get the time that the service's own target groups give to theirs. */
export async function drainOf({ pairs }: Site, traffic: Traffic): Promise<number> {
  const delays = await Promise.all(pairs.map(({ stable }) => traffic.deregistrationDelay(stable.arn)));
  return Math.max(LEAST_DRAIN_MS, ...delays);
}
