import { contains } from './cidr.ts';
import { type Finding, fail, isUnseen, pass, type Seen, skip, unseen, warn } from './finding.ts';
import type { LoadBalancer, NetworkRule, SecurityGroup, Subnet } from './vpc.ts';

type Group = Omit<SecurityGroup, 'name'>;
type Balancer = Omit<LoadBalancer, 'arn' | 'type'>;

/** Where tasks are put, and who sends them requests. */
export interface NetworkFacts {
  /** Of the tasks; undefined where they have no network interface of their own. */
  readonly tasks:
    | { readonly subnets: readonly string[]; readonly securityGroups: readonly string[] }
    | undefined;
  /** Those that are there, of tasks and load balancers. */
  readonly subnets: Seen<readonly Subnet[]>;
  readonly groups: Seen<readonly Group[]>;
  readonly ways: Seen<readonly { readonly balancer: Balancer; readonly ports: readonly number[] }[]>;
  /** Tasks that run beside those of the service while a canary has all the traffic, and while the service takes it over. */
  readonly need: { readonly canary: number; readonly takeover: number };
}

export function checkNetwork(facts: NetworkFacts): readonly Finding[] {
  const { tasks, subnets, groups, ways } = facts;
  if (!tasks)
    return [skip('network', 'the tasks have no network interface of their own (network mode awsvpc)')];
  return [
    ...(isUnseen(subnets)
      ? [unseen('network', `the subnets ${tasks.subnets.join(', ')}`, subnets)]
      : addresses(tasks.subnets, subnets, facts.need)),
    ...(isUnseen(groups)
      ? [unseen('network', `the security groups ${tasks.securityGroups.join(', ')}`, groups)]
      : missingGroups(tasks.securityGroups, groups)),
    ...(isUnseen(ways)
      ? [unseen('network', 'the load balancers of the service', ways)]
      : isUnseen(subnets) || isUnseen(groups)
        ? []
        : tasks.securityGroups.length === 0
          ? [
              skip(
                'network',
                'the tasks have the default security group of their VPC, which is not looked at',
              ),
            ]
          : ways.flatMap(({ balancer, ports }) => reach(balancer, ports, tasks, subnets, groups))),
  ];
}

/** AWS tells free addresses by subnet; ECS spreads tasks over them. */
function addresses(
  wanted: readonly string[],
  all: readonly Subnet[],
  { canary, takeover }: NetworkFacts['need'],
): readonly Finding[] {
  const check = 'network';
  const own = all.filter(({ id }) => wanted.includes(id));
  const missing = wanted.filter((id) => !own.some((subnet) => subnet.id === id));
  const findings = missing.map((id) =>
    fail(
      check,
      `the subnet ${id} of the service does not exist`,
      'Give the service subnets that exist: aws ecs update-service --network-configuration',
    ),
  );
  const free = own.reduce((sum, { freeAddresses }) => sum + freeAddresses, 0);
  const each = own.map(({ id, zone, freeAddresses }) => `${id} in ${zone}: ${freeAddresses}`).join(', ');
  const fix = 'Give the service further subnets, or free addresses in these: every task takes one.';
  if (free < canary) {
    return [
      ...findings,
      fail(check, `the subnets have ${free} free addresses (${each}), and the canary needs ${canary}`, fix),
    ];
  }
  if (free < canary + takeover) {
    return [
      ...findings,
      warn(
        check,
        `the subnets have ${free} free addresses (${each}): enough for the ${canary} of the canary, and not for ${takeover} more while the service takes the revision over`,
        fix,
      ),
    ];
  }
  return own.length === 0
    ? findings
    : [
        ...findings,
        pass(
          check,
          `the subnets have ${free} free addresses, and a release needs ${canary + takeover} at most`,
        ),
      ];
}

const missingGroups = (wanted: readonly string[], groups: readonly Group[]): readonly Finding[] =>
  wanted
    .filter((id) => !groups.some((group) => group.id === id))
    .map((id) =>
      fail(
        'network',
        `the security group ${id} of the service does not exist`,
        'Give the service security groups that exist: aws ecs update-service --network-configuration',
      ),
    );

/** Whether rules let one side through: for certain, not, or only if a prefix list says so, which is not looked at. */
type Passage = 'open' | 'closed' | 'perhaps';

/** The other side of a rule. */
interface Peer {
  readonly groups: readonly string[];
  readonly ranges: readonly string[];
}

function passage(rules: readonly NetworkRule[], port: number, peer: Peer): Passage {
  const fitting = rules.filter(
    ({ protocol, from, to }) =>
      protocol === '-1' || ((protocol === 'tcp' || protocol === '6') && from <= port && port <= to),
  );
  const byGroup = fitting.some((rule) => rule.groups.some((id) => peer.groups.includes(id)));
  const ranges = fitting.flatMap((rule) => rule.ranges);
  const byRange = peer.ranges.length > 0 && peer.ranges.every((inner) => contains(ranges, inner));
  if (byGroup || byRange) return 'open';
  return fitting.some(({ prefixLists }) => prefixLists.length > 0) ? 'perhaps' : 'closed';
}

function reach(
  balancer: Balancer,
  ports: readonly number[],
  tasks: NonNullable<NetworkFacts['tasks']>,
  subnets: readonly Subnet[],
  groups: readonly Group[],
): readonly Finding[] {
  const check = 'network';
  const of = (ids: readonly string[]) => groups.filter(({ id }) => ids.includes(id));
  const ranges = (ids: readonly string[]) =>
    subnets.filter(({ id }) => ids.includes(id)).flatMap((subnet) => subnet.ranges);
  const foreign = [
    ...of(tasks.securityGroups),
    ...subnets.filter(({ id }) => tasks.subnets.includes(id)),
  ].find(({ vpc }) => vpc !== balancer.vpc);
  if (foreign) {
    return [
      fail(
        check,
        `the load balancer ${balancer.name} is in ${balancer.vpc}, and ${foreign.id} of the service in ${foreign.vpc}`,
        'Give the service subnets and security groups of the VPC of its load balancer.',
      ),
    ];
  }
  const balancerSide: Peer = { groups: balancer.securityGroups, ranges: ranges(balancer.subnets) };
  const taskSide: Peer = { groups: tasks.securityGroups, ranges: ranges(tasks.subnets) };
  const findings = [...new Set(ports)].flatMap((port): Finding[] => {
    const inbound = passage(
      of(tasks.securityGroups).flatMap((group) => group.inbound),
      port,
      balancerSide,
    );
    // A network load balancer may have no group, and then no limits of its own.
    const outbound =
      balancer.securityGroups.length === 0
        ? 'open'
        : passage(
            of(balancer.securityGroups).flatMap((group) => group.outbound),
            port,
            taskSide,
          );
    const inText = `the security groups of the tasks (${tasks.securityGroups.join(', ')}) let nothing of the load balancer ${balancer.name} in on port ${port}`;
    const outText = `the security groups of the load balancer ${balancer.name} (${balancer.securityGroups.join(', ')}) let nothing out to the tasks on port ${port}`;
    const [group, source] = [tasks.securityGroups[0] ?? 'GROUP', balancer.securityGroups[0]];
    const allow =
      source === undefined
        ? ''
        : `: aws ec2 authorize-security-group-ingress --group-id ${group} --protocol tcp --port ${port} --source-group ${source}`;
    return [
      ...judged(inbound, inText, `Allow it${allow}`),
      ...judged(
        outbound,
        outText,
        `Allow it${source === undefined ? '' : `: aws ec2 authorize-security-group-egress --group-id ${source} --ip-permissions IpProtocol=tcp,FromPort=${port},ToPort=${port},UserIdGroupPairs=[{GroupId=${group}}]`}`,
      ),
    ];
  });
  if (findings.length > 0) return findings;
  return [
    pass(
      check,
      `the load balancer ${balancer.name} may reach the tasks on port ${[...new Set(ports)].join(', ')}`,
    ),
  ];
}

function judged(passage: Passage, what: string, fix: string): readonly Finding[] {
  if (passage === 'open') return [];
  if (passage === 'closed') return [fail('network', what, fix)];
  return [
    warn(
      'network',
      `${what}, unless a prefix list does, which was not looked at`,
      'Look at the prefix list, or set checks to network: off.',
    ),
  ];
}
