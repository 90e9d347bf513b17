import {
  DescribeSecurityGroupsCommand,
  type DescribeSecurityGroupsCommandOutput,
  DescribeSubnetsCommand,
  type DescribeSubnetsCommandOutput,
  EC2Client,
  type IpPermission,
} from '@aws-sdk/client-ec2';
import type { Network } from '../ports.ts';
import type { NetworkRule } from '../preflight/vpc.ts';
import { inBatches } from './batches.ts';
import { type Connection, call, clientSettings } from './connection.ts';

/** A filter takes this many values. */
const AT_ONCE = 200;

/** Subnets and security groups. Permissions: ec2:DescribeSubnets, ec2:DescribeSecurityGroups; each only for its method. */
export function network(connection: Connection): Network {
  const client = new EC2Client(clientSettings(connection));

  /** By a filter: ids that do not exist would make AWS refuse a question that names them otherwise. */
  async function described<Page extends { NextToken?: string | undefined }>(
    name: string,
    ids: readonly string[],
    command: (input: { Filters: { Name: string; Values: string[] }[]; NextToken?: string }) => object,
  ): Promise<readonly Page[]> {
    const batches = await inBatches([...new Set(ids)], AT_ONCE, async (batch) => {
      const pages: Page[] = [];
      let token: string | undefined;
      do {
        const input = { Filters: [{ Name: name, Values: [...batch] }], ...(token && { NextToken: token }) };
        const page = await call<Page>(connection, 'ec2', client, command(input));
        pages.push(page);
        token = page.NextToken;
      } while (token);
      return pages;
    });
    return batches.flat();
  }

  return {
    async subnets(ids) {
      const pages = await described<DescribeSubnetsCommandOutput>(
        'subnet-id',
        ids,
        (input) => new DescribeSubnetsCommand(input),
      );
      return pages
        .flatMap(({ Subnets }) => Subnets ?? [])
        .map((subnet) => ({
          id: subnet.SubnetId ?? '',
          vpc: subnet.VpcId ?? '',
          zone: subnet.AvailabilityZone ?? '',
          freeAddresses: subnet.AvailableIpAddressCount ?? 0,
          ranges: subnet.CidrBlock === undefined ? [] : [subnet.CidrBlock],
        }));
    },

    async securityGroups(ids) {
      const pages = await described<DescribeSecurityGroupsCommandOutput>(
        'group-id',
        ids,
        (input) => new DescribeSecurityGroupsCommand(input),
      );
      return pages
        .flatMap(({ SecurityGroups }) => SecurityGroups ?? [])
        .map((group) => ({
          id: group.GroupId ?? '',
          name: group.GroupName ?? '',
          vpc: group.VpcId ?? '',
          inbound: (group.IpPermissions ?? []).map(rule),
          outbound: (group.IpPermissionsEgress ?? []).map(rule),
        }));
    },
  };
}

const rule = (permission: IpPermission): NetworkRule => ({
  protocol: permission.IpProtocol ?? '-1',
  from: permission.FromPort ?? 0,
  to: permission.ToPort ?? 65_535,
  groups: (permission.UserIdGroupPairs ?? []).flatMap(({ GroupId }) => GroupId ?? []),
  ranges: [
    ...(permission.IpRanges ?? []).flatMap(({ CidrIp }) => CidrIp ?? []),
    ...(permission.Ipv6Ranges ?? []).flatMap(({ CidrIpv6 }) => CidrIpv6 ?? []),
  ],
  prefixLists: (permission.PrefixListIds ?? []).flatMap(({ PrefixListId }) => PrefixListId ?? []),
});
