import { type CapacityFacts, checkCapacity } from '../../preflight/capacity.ts';
import type { TaskDefinition } from '../../taskdef/definition.ts';
import { onFargate, onSpot } from './fargate.ts';
import type { Observer } from './look.ts';
import { seen } from './seen.ts';
import type { World } from './world.ts';

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html */
const VCPU = { onDemand: 'L-3032A538', spot: 'L-36FBB829' } as const;

export const observeCapacity: Observer = async (world) => {
  const { ports } = world;
  const [service, tasks, { definition }, need] = await Promise.all([
    world.service(),
    world.tasks(),
    world.definition(),
    world.need(),
  ]);
  const spot = onSpot(tasks.placement);
  const quota = async () => (await ports.quotas()).find('fargate', spot ? VCPU.spot : VCPU.onDemand);
  const fargate = onFargate(tasks.placement, definition);
  const [vcpu, scaler, limits] = await Promise.all([
    fargate ? seen(quota()) : undefined,
    seen(world.scaler()),
    seen(limitsOf(world)),
  ]);
  return checkCapacity({
    need,
    cpuUnits: cpuUnits(definition),
    fargate: fargate ? { spot, quota: vcpu } : undefined,
    desired: service.desired,
    scaler,
    limits,
  });
};

/** `256` or `.25 vCPU`: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html */
function cpuUnits({ cpu }: TaskDefinition): number | undefined {
  const [, amount, vcpu] = /^([\d.]+)\s*(vcpu)?$/i.exec(String(cpu ?? '').trim()) ?? [];
  if (amount === undefined) return undefined;
  return Number(amount) * (vcpu === undefined ? 1 : 1024);
}

/** A canary adds a target group beside each of the service's, in every action that forwards to one. */
async function limitsOf({
  ports,
  targetGroups,
}: World): Promise<Extract<CapacityFacts['limits'], readonly unknown[]>> {
  const groups = await targetGroups();
  const balancers = [...new Set(groups.flatMap(({ loadBalancerArns }) => loadBalancerArns))];
  if (balancers.length === 0) return [];
  const traffic = await ports.traffic();
  const [limits, ...routes] = await Promise.all([
    traffic.limits(),
    ...balancers.map((arn) => traffic.routes([arn])),
  ]);
  const limit = (name: string) => limits.get(name) ?? Number.POSITIVE_INFINITY;
  return balancers.flatMap((arn, index) => {
    const own = groups.filter(({ loadBalancerArns }) => loadBalancerArns.includes(arn));
    const all = routes[index] ?? [];
    const used = new Set(all.flatMap((route) => route.groups.map((group) => group.arn)));
    const fullest = Math.max(
      0,
      ...all
        .filter((route) => route.groups.some((group) => own.some((each) => each.arn === group.arn)))
        .map((route) => route.groups.length),
    );
    const name = arn.split('/').at(-2) ?? arn;
    return [
      {
        name: `the limit of target groups of the load balancer ${name}`,
        used: used.size,
        more: own.length,
        limit: limit('target-groups-per-application-load-balancer'),
      },
      {
        name: `the limit of target groups of one action of the load balancer ${name}`,
        used: fullest,
        more: fullest > 0 ? 1 : 0,
        limit: limit('target-groups-per-action-on-application-load-balancer'),
      },
    ];
  });
}
