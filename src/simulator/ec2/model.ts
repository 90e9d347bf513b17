/** The network that everything is in of which the scenario says nothing else. */
export const DEFAULT_PLACE = {
  vpc: 'vpc-0a1b2c3d4e5f60718',
  subnets: ['subnet-0a1b2c3d4e5f60718', 'subnet-0b1b2c3d4e5f60718'],
  securityGroups: ['sg-0a1b2c3d4e5f60718'],
} as const;

/** Where a service or a load balancer stands, as far as that is not the default. */
export interface ScenarioPlace {
  readonly subnets?: readonly string[];
  readonly securityGroups?: readonly string[];
}

export interface ScenarioSubnet {
  readonly vpc?: string;
  /** The zone's letter; by their order if not given. */
  readonly zone?: string;
  /** 240 if not given. */
  readonly freeAddresses?: number;
}

/** What a security group lets through. */
export interface ScenarioNetworkRule {
  /** `tcp` if not given, `-1` for all. */
  readonly protocol?: string;
  /** All of them if not given. */
  readonly from?: number;
  readonly to?: number;
  readonly groups?: readonly string[];
  readonly ranges?: readonly string[];
  readonly prefixLists?: readonly string[];
}

export interface ScenarioSecurityGroup {
  readonly vpc?: string;
  readonly name?: string;
  /** None if not given. */
  readonly inbound?: readonly ScenarioNetworkRule[];
  /** All there is if not given. */
  readonly outbound?: readonly ScenarioNetworkRule[];
}

/**
 * What EC2 has of a network, by id. What services and load balancers name is there without being told of here, and lets
 * the load balancers reach the services.
 */
export interface ScenarioNetwork {
  readonly subnets?: Readonly<Record<string, ScenarioSubnet>>;
  readonly securityGroups?: Readonly<Record<string, ScenarioSecurityGroup>>;
  /** Subnets and security groups that do not exist, whoever names them. */
  readonly missing?: readonly string[];
}
