import type {
  DescribeSecurityGroupsCommandInput,
  DescribeSecurityGroupsCommandOutput,
  DescribeSubnetsCommandInput,
  DescribeSubnetsCommandOutput,
  Filter,
  IpPermission,
  SecurityGroup,
  Subnet,
} from '@aws-sdk/client-ec2';
import type { Answer } from '../answer.ts';
import { AwsError, type Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import type { ScenarioNetworkRule } from './model.ts';
import type { GroupRecord, SubnetRecord, VpcNetwork } from './vpc-network.ts';

const MOST_FILTER_VALUES = 200;
const LEAST_PAGE = 5;
const A_PAGE = 1_000;

/** What EC2 calls a kind of thing in its errors. */
interface Kind {
  readonly one: string;
  readonly many: string;
  readonly notFound: string;
}

const SUBNETS: Kind = { one: 'subnet ID', many: 'subnet IDs', notFound: 'InvalidSubnetID.NotFound' };
const GROUPS: Kind = { one: 'security group', many: 'security groups', notFound: 'InvalidGroup.NotFound' };

interface Question {
  readonly Filters?: Filter[] | undefined;
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/** Subnets and security groups of EC2: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSubnets.html */
export const networkOperations = (network: VpcNetwork): Operations => ({
  DescribeSubnets(input: DescribeSubnetsCommandInput): Answer<DescribeSubnetsCommandOutput> {
    const { SubnetIds } = input;
    const { items, next } = select(network.subnets, SUBNETS, SubnetIds, input, {
      'subnet-id': ({ id }) => id,
      'vpc-id': ({ vpc }) => vpc,
      'availability-zone': ({ zone }) => zone,
      'cidr-block': ({ cidr }) => cidr,
    });
    const Subnets = items.map((record) => subnet(network, record));
    return next === undefined ? { Subnets } : { Subnets, NextToken: next };
  },

  DescribeSecurityGroups(
    input: DescribeSecurityGroupsCommandInput,
  ): Answer<DescribeSecurityGroupsCommandOutput> {
    if (input.GroupNames !== undefined) {
      throw new AwsError('InvalidParameterValue', 'Security groups are simulated by their ids');
    }
    for (const id of input.GroupIds ?? []) {
      if (id.startsWith('sg-')) continue;
      throw new AwsError('InvalidGroupId.Malformed', `Invalid id: "${id}" (expecting "sg-...")`);
    }
    const { items, next } = select(network.groups, GROUPS, input.GroupIds, input, {
      'group-id': ({ id }) => id,
      'vpc-id': ({ vpc }) => vpc,
      'group-name': ({ name }) => name,
    });
    const SecurityGroups = items.map((record) => securityGroup(network, record));
    return next === undefined ? { SecurityGroups } : { SecurityGroups, NextToken: next };
  },
});

function select<Found>(
  all: ReadonlyMap<string, Found>,
  kind: Kind,
  ids: readonly string[] | undefined,
  { Filters = [], MaxResults, NextToken }: Question,
  filters: Readonly<Record<string, (found: Found) => string>>,
) {
  if (ids !== undefined && MaxResults !== undefined) {
    throw new AwsError(
      'InvalidParameterCombination',
      `The parameter ${kind === SUBNETS ? 'subnetSet' : 'groupIds'} cannot be used with the parameter maxResults`,
    );
  }
  if (MaxResults !== undefined && (MaxResults < LEAST_PAGE || MaxResults > A_PAGE)) {
    throw new AwsError(
      'InvalidParameterValue',
      `Value ( ${MaxResults} ) for parameter maxResults is invalid. Expecting a value between ${LEAST_PAGE} and ${A_PAGE}.`,
    );
  }
  const missing = (ids ?? []).filter((id) => !all.has(id));
  if (missing.length === 1)
    throw new AwsError(kind.notFound, `The ${kind.one} '${missing[0]}' does not exist`);
  if (missing.length > 1) {
    throw new AwsError(kind.notFound, `The ${kind.many} '${missing.join(', ')}' do not exist`);
  }
  const asked =
    ids === undefined
      ? [...all.values()]
      : [...all].flatMap(([id, found]) => (ids.includes(id) ? [found] : []));
  const found = Filters.reduce((left, filter) => {
    const fits = fitting(filter, filters);
    return left.filter(fits);
  }, asked);
  return page(
    found,
    NextToken,
    MaxResults ?? A_PAGE,
    () => new AwsError('InvalidPaginationToken', 'The pagination token is not valid'),
  );
}

/** Values may have `*` and `?`. */
function fitting<Found>(
  { Name = '', Values = [] }: Filter,
  filters: Readonly<Record<string, (found: Found) => string>>,
): (found: Found) => boolean {
  const read = filters[Name];
  if (read === undefined) {
    throw new AwsError('InvalidParameterValue', `The filter '${Name}' is invalid`);
  }
  if (Values.length > MOST_FILTER_VALUES) {
    throw new AwsError(
      'FilterLimitExceeded',
      `The maximum number of filter values specified on a single call is ${MOST_FILTER_VALUES}`,
    );
  }
  const patterns = Values.map((value) => {
    const text = value
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${text}$`);
  });
  return (found) => patterns.some((pattern) => pattern.test(read(found)));
}

const subnet = ({ region, accountId }: VpcNetwork, record: SubnetRecord): Subnet => ({
  SubnetId: record.id,
  SubnetArn: `arn:aws:ec2:${region}:${accountId}:subnet/${record.id}`,
  VpcId: record.vpc,
  State: 'available',
  OwnerId: accountId,
  CidrBlock: record.cidr,
  AvailabilityZone: record.zone,
  AvailableIpAddressCount: record.freeAddresses,
  DefaultForAz: false,
  MapPublicIpOnLaunch: false,
  Ipv6CidrBlockAssociationSet: [],
  Tags: [],
});

const securityGroup = ({ region, accountId }: VpcNetwork, record: GroupRecord): SecurityGroup => ({
  GroupId: record.id,
  SecurityGroupArn: `arn:aws:ec2:${region}:${accountId}:security-group/${record.id}`,
  GroupName: record.name,
  Description: `The group ${record.name}`,
  VpcId: record.vpc,
  OwnerId: accountId,
  IpPermissions: record.inbound.map((rule) => permission(rule, accountId)),
  IpPermissionsEgress: record.outbound.map((rule) => permission(rule, accountId)),
  Tags: [],
});

function permission(rule: ScenarioNetworkRule, accountId: string): IpPermission {
  const { protocol = 'tcp', from = 0, to = 65_535, groups = [], ranges = [], prefixLists = [] } = rule;
  return {
    IpProtocol: protocol,
    ...(protocol !== '-1' && { FromPort: from, ToPort: to }),
    UserIdGroupPairs: groups.map((GroupId) => ({ UserId: accountId, GroupId })),
    IpRanges: ranges.filter((range) => !range.includes(':')).map((CidrIp) => ({ CidrIp })),
    Ipv6Ranges: ranges.filter((range) => range.includes(':')).map((CidrIpv6) => ({ CidrIpv6 })),
    PrefixListIds: prefixLists.map((PrefixListId) => ({ PrefixListId })),
  };
}
