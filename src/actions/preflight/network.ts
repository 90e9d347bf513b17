import { isUnseen } from '../../preflight/finding.ts';
import { checkNetwork, type NetworkFacts } from '../../preflight/network.ts';
import type { LoadBalancer } from '../../preflight/vpc.ts';
import type { Observer } from './look.ts';
import { seen } from './seen.ts';
import type { World } from './world.ts';

export const observeNetwork: Observer = async (world) => {
  const { tasks: place, need, ports } = world;
  const [{ placement }, needed] = await Promise.all([place(), need()]);
  const tasks = placement.network;
  if (!tasks) return checkNetwork({ tasks: undefined, subnets: [], groups: [], ways: [], need: needed });
  const network = await ports.network();
  // What is the tasks' own is asked for while the way to the load balancer is still looked for.
  const [ownSubnets, ownGroups, ways] = await Promise.all([
    seen(network.subnets(tasks.subnets)),
    seen(network.securityGroups(tasks.securityGroups)),
    seen(waysTo(world)),
  ]);
  const balancers = isUnseen(ways) ? [] : ways.map(({ balancer }) => balancer);
  const [subnets, groups] = await Promise.all([
    joined(ownSubnets, others(balancers, 'subnets', tasks.subnets), network.subnets),
    joined(ownGroups, others(balancers, 'securityGroups', tasks.securityGroups), network.securityGroups),
  ]);
  return checkNetwork({ tasks, subnets, groups, ways, need: needed });
};

const others = (
  balancers: readonly Pick<LoadBalancer, 'subnets' | 'securityGroups'>[],
  what: 'subnets' | 'securityGroups',
  known: readonly string[],
): readonly string[] => [
  ...new Set(balancers.flatMap((balancer) => balancer[what]).filter((id) => !known.includes(id))),
];

async function joined<Fact>(
  own: readonly Fact[] | { readonly unseen: string; readonly fix: string },
  ids: readonly string[],
  ask: (ids: readonly string[]) => Promise<readonly Fact[]>,
) {
  if (isUnseen(own) || ids.length === 0) return own;
  const more = await seen(ask(ids));
  return isUnseen(more) ? more : [...own, ...more];
}

/** Every load balancer, and the ports on which it asks tasks. */
async function waysTo({
  service,
  targetGroups,
  loadBalancers,
  ports,
}: World): Promise<Extract<NetworkFacts['ways'], readonly unknown[]>> {
  const [{ loadBalancers: bindings }, groups] = await Promise.all([service(), targetGroups()]);
  const traffic = groups.length === 0 ? undefined : await ports.traffic();
  const [balancers, ...checked] = await Promise.all([
    loadBalancers(),
    ...groups.map(async (group) => ({ group, check: await traffic?.healthCheck(group.arn) })),
  ]);
  return balancers.map((balancer) => ({
    balancer,
    ports: checked
      .filter(({ group }) => group.loadBalancerArns.includes(balancer.arn))
      .flatMap(({ group, check }) => [
        ...bindings
          .filter(({ targetGroupArn }) => targetGroupArn === group.arn)
          .map(({ containerPort }) => containerPort),
        ...(check?.enabled && /^\d+$/.test(check.port) ? [Number(check.port)] : []),
      ]),
  }));
}
