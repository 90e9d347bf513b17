import type { Scenario } from '../scenario/scenario.ts';
import { DEFAULT_PLACE, type ScenarioNetworkRule } from './model.ts';

export interface SubnetRecord {
  readonly id: string;
  readonly vpc: string;
  readonly zone: string;
  readonly cidr: string;
  readonly freeAddresses: number;
}

export interface GroupRecord {
  readonly id: string;
  readonly name: string;
  readonly vpc: string;
  readonly inbound: readonly ScenarioNetworkRule[];
  readonly outbound: readonly ScenarioNetworkRule[];
}

const ANYWHERE: ScenarioNetworkRule = { protocol: '-1', ranges: ['0.0.0.0/0'] };

/** Subnets and security groups of a scenario, in its account and region. */
export class VpcNetwork {
  readonly region: string;
  readonly accountId: string;
  readonly subnets: ReadonlyMap<string, SubnetRecord>;
  readonly groups: ReadonlyMap<string, GroupRecord>;

  constructor(scenario: Scenario, { region, accountId }: { region: string; accountId: string }) {
    this.region = region;
    this.accountId = accountId;
    const { loadBalancers, services, network = {} } = scenario;
    const missing = new Set(network.missing);
    const named = (of: 'subnets' | 'securityGroups') => {
      const places = [...loadBalancers, ...services].flatMap(
        (each) => each.network?.[of] ?? DEFAULT_PLACE[of],
      );
      const all = new Set([...DEFAULT_PLACE[of], ...places, ...Object.keys(network[of] ?? {})]);
      return [...all].filter((id) => !missing.has(id));
    };
    this.subnets = new Map(
      named('subnets').map((id, index) => {
        const {
          vpc = DEFAULT_PLACE.vpc,
          zone = index % 2 === 0 ? 'a' : 'b',
          freeAddresses = 240,
        } = network.subnets?.[id] ?? {};
        return [id, { id, vpc, zone: `${region}${zone}`, cidr: `10.0.${index}.0/24`, freeAddresses }];
      }),
    );
    const ports = loadBalancers.flatMap(({ listeners }) => listeners.map(({ port }) => port));
    const front = loadBalancers.flatMap(
      (each) => each.network?.securityGroups ?? DEFAULT_PLACE.securityGroups,
    );
    const fromUsers = [...new Set(ports)].map(
      (port): ScenarioNetworkRule => ({ from: port, to: port, ranges: ['0.0.0.0/0', '::/0'] }),
    );
    const fromFront: ScenarioNetworkRule[] = front.length > 0 ? [{ from: 0, to: 65_535, groups: front }] : [];
    this.groups = new Map(
      named('securityGroups').map((id) => {
        const told = network.securityGroups?.[id];
        const usual = [...(front.includes(id) ? fromUsers : []), ...fromFront];
        const group: GroupRecord = {
          id,
          name: told?.name ?? id.replace(/^sg-/, 'group-'),
          vpc: told?.vpc ?? DEFAULT_PLACE.vpc,
          inbound: told ? (told.inbound ?? []) : usual,
          outbound: told?.outbound ?? [ANYWHERE],
        };
        return [id, group];
      }),
    );
  }
}
