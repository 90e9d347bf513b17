import type { WatchedService } from '../../alarms/wanted.ts';
import { nameIn } from '../../arn.ts';
import { canaryServiceName, canaryTargetGroupName } from '../../engine/names.ts';
import { ConfigError } from '../../errors.ts';
import type { EcsService, Services, Traffic } from '../../ports.ts';

/**
 * Looks at what the alarms of a service are about: its target groups, their load balancers, and whether those serve
 * others as well.
 *
 * @throws ConfigError when there is no such service
 */
export async function survey(
  { services, traffic }: { readonly services: Services; readonly traffic: Traffic },
  cluster: string,
  name: string,
): Promise<WatchedService> {
  const [service] = await services.describe(cluster, [name]);
  if (!service) {
    throw new ConfigError({
      input: 'service',
      message: `there is no active service "${name}" in the cluster "${nameIn(cluster)}"; check the name, the cluster and the region`,
    });
  }
  const arns = groupArns(service);
  const groups = arns.length === 0 ? [] : await traffic.targetGroups(arns);
  const canaryGroups = groups.map((group) =>
    canaryTargetGroupName(service.cluster, service.name, group.name),
  );
  const balancers = [...new Set(groups.flatMap(({ loadBalancerArns }) => loadBalancerArns))];
  const routes = balancers.length === 0 ? [] : await traffic.routes(balancers);
  const others = routes
    .flatMap((route) => route.groups)
    .filter(({ arn, weight }) => {
      const groupName = arn.split('/')[1] ?? '';
      return weight > 0 && !arns.includes(arn) && !canaryGroups.includes(groupName);
    });
  const [, partition = 'aws', , region = '', account = ''] = service.arn.split(':');
  return {
    cluster: service.cluster,
    service: service.name,
    partition,
    region,
    account,
    targetGroups: groups,
    shared: others.length > 0,
    canary: { service: canaryServiceName(service.name), targetGroups: canaryGroups },
  };
}

/** Of a service that ECS deploys in blue and green, either group may have the tasks. */
const groupArns = ({ loadBalancers }: EcsService): readonly string[] => [
  ...new Set(
    loadBalancers.flatMap(({ targetGroupArn, alternateTargetGroupArn }) =>
      [targetGroupArn, alternateTargetGroupArn].filter((arn) => arn !== undefined),
    ),
  ),
];
