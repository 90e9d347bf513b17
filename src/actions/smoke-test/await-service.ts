import { nameIn } from '../../arn.ts';
import type { Clock } from '../../clock.ts';
import { ConfigError, DeployError } from '../../errors.ts';
import type { EcsService, Services, TargetGroup, TargetHealth, Traffic } from '../../ports.ts';
import { readinessOf, type ServiceState } from '../../smoke-test/readiness.ts';
import { printable } from '../../taskdef/shape.ts';
import type { RevisionReference } from '../revision-reference.ts';
import { requireRevision } from './tested-revision.ts';

const LOOK_EVERY_MS = 5_000;
/** What ECS has said last. */
const EVENTS = 3;

export interface Aws {
  readonly services: Pick<Services, 'describe'>;
  readonly traffic: Pick<Traffic, 'targetGroups' | 'health'>;
}

/**
 * Waits until all tasks of a service run and all its targets are healthy.
 *
 * @returns a line that says so: `2/2 tasks running, 2/2 targets of web healthy`
 * @param wanted what it has to run, where that matters
 * @throws DeployError when it runs another revision, or has not come to that by the deadline, ConfigError when there is no such service
 */
export async function awaitService(
  { services, traffic }: Aws,
  place: { readonly cluster: string; readonly name: string },
  clock: Clock,
  deadline: number,
  cancelled: AbortSignal,
  say: (line: string) => void,
  wanted?: RevisionReference,
): Promise<string> {
  const { name } = place;
  let groups: readonly TargetGroup[] | undefined;
  for (let said = ''; ; ) {
    const service = await describe(services, place.cluster, name);
    if (wanted) requireRevision(service, wanted, 'Nothing was asked of it.');
    groups ??= await traffic.targetGroups([...new Set(groupsOf(service).flat())]);
    const targetGroups = await healthOf(service, groups, traffic);
    const { desired, running, deployments } = service;
    if (desired === 0) {
      throw new DeployError(`${name} is set to run no tasks`, {
        state: 'Nothing was asked of it.',
        next: 'Give the service a desired count, or leave out cluster and service.',
      });
    }
    const { ready, line } = readinessOf({ desired, running, deployments: deployments.length, targetGroups });
    const told = `${name}: ${printable(line)}`;
    if (told !== said) say(told);
    said = told;
    if (ready) return told;
    if (clock.now() + LOOK_EVERY_MS >= deadline) {
      const events = service.events.slice(0, EVENTS).map(({ message }) => `\n  ${printable(message)}`);
      throw new DeployError(`${told}, and the time is up`, {
        state: `Nothing was asked of it.${events.length > 0 ? ` ECS said last:${events.join('')}` : ''}`,
        next: 'Look at the tasks that stopped and at the health check of the target group, or give a longer timeout.',
      });
    }
    await clock.sleep(LOOK_EVERY_MS, cancelled);
    cancelled.throwIfAborted();
  }
}

/** For each load balancer's entry of the service its target group, or both where ECS moves tasks from one to the other. */
const groupsOf = ({ loadBalancers }: EcsService): readonly (readonly string[])[] =>
  loadBalancers.flatMap(({ targetGroupArn, alternateTargetGroupArn }) =>
    targetGroupArn === undefined
      ? []
      : [[targetGroupArn, ...(alternateTargetGroupArn ? [alternateTargetGroupArn] : [])]],
  );

async function healthOf(
  service: EcsService,
  groups: readonly TargetGroup[],
  traffic: Aws['traffic'],
): Promise<ServiceState['targetGroups']> {
  return Promise.all(
    groupsOf(service).map(async (arns) => {
      const own = groups.filter(({ arn }) => arns.includes(arn));
      const healths = await Promise.all(own.map(({ arn }) => traffic.health(arn)));
      const sum = (count: (health: TargetHealth) => number) => healths.map(count).reduce((a, b) => a + b, 0);
      return {
        name: own.map(({ name }) => name).join(' and '),
        healthy: sum(({ healthy }) => healthy),
        unhealthy: sum(({ unhealthy }) => unhealthy),
        initial: sum(({ initial }) => initial),
        reasons: healths.flatMap(({ reasons }) => reasons),
      };
    }),
  );
}

async function describe(services: Aws['services'], cluster: string, name: string): Promise<EcsService> {
  const [found] = await services.describe(cluster, [name]);
  if (found?.status === 'ACTIVE') return found;
  throw new ConfigError({
    input: 'service',
    message: `there is no active service "${name}" in the cluster "${nameIn(cluster)}"; check the name, the cluster and AWS_REGION`,
  });
}
