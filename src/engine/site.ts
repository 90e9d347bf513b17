import { nameIn } from '../arn.ts';
import { ConfigError, DeployError } from '../errors.ts';
import type { EcsService, Route, Scaling, Services, TargetGroup, Traffic } from '../ports.ts';
import { fromTags, type Ledger, ROLLOUT_TAG, type Tags } from '../rollout/ledger.ts';
import type { ScalingState } from '../rollout/scaling-hold.ts';
import { canaryServiceName, canaryTargetGroupName } from './names.ts';

/** The parts of AWS that a rollout works with. */
export interface Cloud {
  readonly services: Services;
  readonly traffic: Traffic;
  readonly scaling: Scaling;
}

/** One of stable's target groups and the canary's beside it. */
export interface Pair {
  readonly stable: TargetGroup;
  readonly canaryName: string;
  /** `undefined` as long as it has not been made. */
  readonly canary: TargetGroup | undefined;
}

/** Where a service stands: all that a rollout has to know before it changes anything. */
export interface Site {
  readonly stable: EcsService;
  readonly canaryName: string;
  /** A service that already has the canary's name, left over or in use. */
  readonly canary: EcsService | undefined;
  readonly pairs: readonly [Pair, ...Pair[]];
  readonly loadBalancerArns: readonly string[];
  /** Routes that forward to one of the service's target groups with a weight above 0, or to a canary's. */
  readonly routes: readonly Route[];
  /** All rules of the listeners that those routes stand on. */
  readonly allRoutes: readonly Route[];
  /** Target groups of those routes that keep each client with one target, and for how many seconds. */
  readonly targetStickiness: ReadonlyMap<string, number>;
  /** What a rollout that has not ended wrote down. */
  readonly ledger: Ledger | undefined;
  readonly scaling: ScalingState | undefined;
  /** Why the autoscaler could not be asked; a rollout can do without it. */
  readonly scalingUnknown: string | undefined;
}

/**
 * Looks at the service, its target groups, every route that leads to them, its autoscaler and what an earlier
 * rollout may have left. Reads only.
 *
 * @throws ConfigError when the service is not one that this engine can shift traffic for
 */
export async function surveySite({ services, traffic, scaling }: Cloud, cluster: string, service: string) {
  const canaryName = canaryServiceName(service);
  const [stable, canary] = await services.describe(cluster, [service, canaryName]);
  if (!stable) {
    throw new ConfigError({
      input: 'service',
      message: `there is no active service "${service}" in the cluster "${nameIn(cluster)}"; check the name, the cluster and AWS_REGION`,
    });
  }
  requireShiftable(stable);
  const stableArns = targetGroupArns(stable);
  const canaryNames = new Map<string, string>();
  const [groups, scaler] = await Promise.all([
    traffic.targetGroups(stableArns),
    scaling.find(stable.cluster, stable.name).catch((error: unknown) => {
      if (error instanceof DeployError) return error;
      throw error;
    }),
  ]);
  for (const group of groups) {
    canaryNames.set(group.arn, canaryTargetGroupName(stable.cluster, stable.name, group.name));
  }
  const loadBalancerArns = [...new Set(groups.flatMap((group) => group.loadBalancerArns))];
  const [made, allRoutes] = await Promise.all([
    traffic.targetGroupsByName([...canaryNames.values()]),
    traffic.routes(loadBalancerArns),
  ]);
  const pairs = groups.map((group) => {
    const wanted = canaryNames.get(group.arn) ?? '';
    return { stable: group, canaryName: wanted, canary: made.find((other) => other.name === wanted) };
  });
  const missing = stableArns.filter((arn) => !groups.some((group) => group.arn === arn));
  const [first, ...others] = pairs;
  if (!first || missing.length > 0) {
    throw new ConfigError({
      input: 'service',
      message: `the service "${service}" names a target group that does not exist any more: ${missing.join(', ')}; make it anew, or take it out of the service`,
    });
  }
  requireApplicationLoadBalancer(groups, service);
  const routes = routesTo(allRoutes, pairs);
  const [tags, targetStickiness] = await Promise.all([
    first.canary ? traffic.tags([first.canary.arn]) : new Map<string, Tags>(),
    traffic.targetStickiness(routes.flatMap((route) => route.groups.map(({ arn }) => arn))),
  ]);
  const ledger = first.canary && fromTags(tags.get(first.canary.arn) ?? {});
  if (first.canary && !ledger) {
    throw new ConfigError({
      input: 'service',
      message: `the target group "${first.canary.name}" stands where the canary's has to and is not ours; delete or rename it`,
    });
  }
  if (canary && !ledger && canary.tags[ROLLOUT_TAG] === undefined && canary.status === 'ACTIVE') {
    throw new ConfigError({
      input: 'service',
      message: `the service "${canaryName}" stands where the canary has to and is not ours; delete or rename it`,
    });
  }
  return {
    stable,
    canaryName,
    canary,
    pairs: [first, ...others],
    loadBalancerArns,
    routes,
    allRoutes,
    targetStickiness,
    ledger,
    scaling: scaler instanceof DeployError ? undefined : scaler,
    scalingUnknown: scaler instanceof DeployError ? scaler.message : undefined,
  } satisfies Site;
}

/** In the service's own order, which tells the pair that holds the ledger; several containers may share a group. */
const targetGroupArns = ({ loadBalancers }: EcsService): readonly string[] => [
  ...new Set(loadBalancers.flatMap(({ targetGroupArn }) => targetGroupArn ?? [])),
];

/**
 * The site of a rollout that has not ended, or `undefined` when there is none. Unlike `surveySite` it takes any
 * service, since one without a load balancer can have no rollout.
 */
export async function findUnfinished(cloud: Cloud, stable: EcsService): Promise<Site | undefined> {
  const arns = targetGroupArns(stable);
  if (arns.length === 0) return undefined;
  const groups = await cloud.traffic.targetGroups(arns);
  const names = groups.map(({ name }) => canaryTargetGroupName(stable.cluster, stable.name, name));
  const made = await cloud.traffic.targetGroupsByName(names);
  return made.length === 0 ? undefined : surveySite(cloud, stable.cluster, stable.name);
}

/**
 * Routes that give the service traffic, or split it with a canary. A rule that leads to a canary alone is not one:
 * no user's request takes it.
 */
export function routesTo(routes: readonly Route[], pairs: readonly Pair[]): readonly Route[] {
  const stable = new Set(pairs.map((pair) => pair.stable.arn));
  const canary = new Set(pairs.flatMap((pair) => pair.canary?.arn ?? []));
  return routes.filter(({ groups }) => {
    const splits = groups.some(({ arn }) => canary.has(arn));
    return groups.some(({ arn, weight }) => stable.has(arn) && (weight > 0 || splits));
  });
}

const ALB_ONLY =
  'this suite releases services behind an Application Load Balancer: put the service behind one, or release it with aws-actions/amazon-ecs-deploy-task-definition, which takes the output task-definition of render-task-definition';

function requireShiftable(service: EcsService): void {
  const refuse = (message: string): never => {
    throw new ConfigError({ input: 'service', message: `the service "${service.name}" ${message}` });
  };
  if (service.status !== 'ACTIVE') refuse(`is ${service.status} and cannot be deployed to`);
  if (service.controller !== 'ECS') {
    refuse(`is deployed by ${service.controller}; a canary needs the deployment controller ECS`);
  }
  if (service.strategy !== 'ROLLING') {
    refuse(
      `uses the deployment strategy ${service.strategy}, in which ECS moves the traffic itself; set it to ROLLING to let canary do so`,
    );
  }
  if (service.scheduling !== 'REPLICA') {
    refuse(`has the scheduling strategy ${service.scheduling}; a canary needs REPLICA`);
  }
  if (!service.loadBalancers.some(({ targetGroupArn }) => targetGroupArn !== undefined)) {
    refuse(`has no load balancer, so there is no traffic to shift in steps; ${ALB_ONLY}`);
  }
}

function requireApplicationLoadBalancer(groups: readonly TargetGroup[], service: string): void {
  for (const group of groups) {
    const problem = !/^HTTPS?$/.test(group.protocol)
      ? `speaks ${group.protocol}, and only an Application Load Balancer (HTTP or HTTPS) shifts traffic in steps; ${ALB_ONLY}`
      : group.loadBalancerArns.length === 0
        ? 'is not used by any load balancer, so there is no traffic to shift; add it to a rule of the listener of an Application Load Balancer'
        : undefined;
    if (problem !== undefined) {
      throw new ConfigError({
        input: 'service',
        message: `the target group "${group.name}" of the service "${service}" ${problem}`,
      });
    }
  }
}
