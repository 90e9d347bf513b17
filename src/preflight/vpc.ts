export interface Subnet {
  readonly id: string;
  readonly vpc: string;
  /** The availability zone's name. */
  readonly zone: string;
  /** Private IPv4 addresses that nothing has yet. */
  readonly freeAddresses: number;
  /** CIDR blocks of IPv4 addresses. */
  readonly ranges: readonly string[];
}

/** What a security group lets through. */
export interface NetworkRule {
  /** `-1` for all, `tcp`, `udp`, `icmp`, `icmpv6`, or a number of IANA. */
  readonly protocol: string;
  /** Ports, both included: 0 to 65535 where the rule names none. */
  readonly from: number;
  readonly to: number;
  /** Ids of security groups. */
  readonly groups: readonly string[];
  /** CIDR blocks, IPv4 and IPv6. */
  readonly ranges: readonly string[];
  readonly prefixLists: readonly string[];
}

export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly vpc: string;
  readonly inbound: readonly NetworkRule[];
  readonly outbound: readonly NetworkRule[];
}

/** A load balancer, as far as its targets' network has to fit it. */
export interface LoadBalancer {
  readonly arn: string;
  readonly name: string;
  /** `application`, `network` or `gateway`. */
  readonly type: string;
  readonly vpc: string;
  /** None for a network load balancer that was made without any. */
  readonly securityGroups: readonly string[];
  readonly subnets: readonly string[];
}
