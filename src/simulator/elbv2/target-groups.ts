import type {
  CreateTargetGroupCommandInput,
  CreateTargetGroupCommandOutput,
  DeleteTargetGroupCommandInput,
  DescribeTargetGroupAttributesCommandInput,
  DescribeTargetGroupAttributesCommandOutput,
  DescribeTargetGroupsCommandInput,
  DescribeTargetGroupsCommandOutput,
  ModifyTargetGroupAttributesCommandInput,
  ModifyTargetGroupCommandInput,
  TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Answer } from '../answer.ts';
import { AwsError, type Operations } from '../operation.ts';
import { hexId } from '../world/ids.ts';
import { page } from '../world/pages.ts';
import { badMarker, requireArn, targetGroupNotFound, validationError } from './errors.ts';
import { forwardsOf, type TargetGroupRecord } from './model.ts';
import { tagPairs } from './rules.ts';
import type { LoadBalancing } from './state.ts';

const A_PAGE = 100;

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html */
const DEFAULT_ATTRIBUTES: readonly (readonly [string, string])[] = [
  ['stickiness.enabled', 'false'],
  ['deregistration_delay.timeout_seconds', '300'],
  ['stickiness.type', 'lb_cookie'],
  ['stickiness.lb_cookie.duration_seconds', '86400'],
  ['stickiness.app_cookie.cookie_name', ''],
  ['stickiness.app_cookie.duration_seconds', '86400'],
  ['slow_start.duration_seconds', '0'],
  ['load_balancing.algorithm.type', 'round_robin'],
  ['load_balancing.algorithm.anomaly_mitigation', 'off'],
  ['load_balancing.cross_zone.enabled', 'use_load_balancer_configuration'],
  ['target_group_health.dns_failover.minimum_healthy_targets.count', '1'],
  ['target_group_health.dns_failover.minimum_healthy_targets.percentage', 'off'],
  ['target_group_health.unhealthy_state_routing.minimum_healthy_targets.count', '1'],
  ['target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage', 'off'],
];

/** Whole seconds that an attribute may hold. */
const SECONDS: Readonly<Record<string, readonly [number, number]>> = {
  'deregistration_delay.timeout_seconds': [0, 3600],
  'slow_start.duration_seconds': [0, 900],
  'stickiness.lb_cookie.duration_seconds': [1, 604_800],
};

function checkName(name: string): void {
  if (name.length > 32)
    throw validationError(`Target group name '${name}' cannot be longer than '32' characters`);
  if (!/^[A-Za-z0-9-]+$/.test(name)) {
    throw validationError(
      `Target group name '${name}' can only contain characters that are alphanumeric characters or hyphens(-)`,
    );
  }
  if (name.startsWith('-') || name.endsWith('-')) {
    throw validationError(`Target group name '${name}' cannot begin or end with '-'`);
  }
}

function checkHealthCheck(settings: TargetGroup): void {
  const { HealthCheckIntervalSeconds: interval = 30, HealthCheckTimeoutSeconds: timeout = 5 } = settings;
  if (interval < 5 || interval > 300) {
    throw validationError(`Health check interval '${interval}' must be between '5' and '300'`);
  }
  if (timeout < 2 || timeout > 120) {
    throw validationError(`Health check timeout '${timeout}' must be between '2' and '120'`);
  }
  if (timeout >= interval) throw validationError('Health check interval must be greater than the timeout.');
  for (const count of [settings.HealthyThresholdCount ?? 5, settings.UnhealthyThresholdCount ?? 2]) {
    if (count < 2 || count > 10) {
      throw validationError(`Health check threshold count '${count}' must be between '2' and '10'`);
    }
  }
}

/** The settings of a new group with AWS's defaults; without its ARN. */
function settingsOf(input: CreateTargetGroupCommandInput): TargetGroup {
  const settings: TargetGroup = {
    TargetGroupName: input.Name,
    Protocol: input.Protocol ?? 'HTTP',
    Port: input.Port ?? 80,
    VpcId: input.VpcId,
    HealthCheckProtocol: input.HealthCheckProtocol ?? 'HTTP',
    HealthCheckPort: input.HealthCheckPort ?? 'traffic-port',
    HealthCheckEnabled: input.HealthCheckEnabled ?? true,
    HealthCheckIntervalSeconds: input.HealthCheckIntervalSeconds ?? 30,
    HealthCheckTimeoutSeconds: input.HealthCheckTimeoutSeconds ?? 5,
    HealthyThresholdCount: input.HealthyThresholdCount ?? 5,
    UnhealthyThresholdCount: input.UnhealthyThresholdCount ?? 2,
    HealthCheckPath: input.HealthCheckPath ?? '/',
    Matcher: { HttpCode: input.Matcher?.HttpCode ?? '200' },
    TargetType: input.TargetType ?? 'instance',
    ProtocolVersion: input.ProtocolVersion ?? 'HTTP1',
    IpAddressType: input.IpAddressType ?? 'ipv4',
  };
  checkHealthCheck(settings);
  return settings;
}

/** A target group as DescribeTargetGroups shows it: the load balancers follow from the rules. */
export const describeTargetGroup = (state: LoadBalancing, group: TargetGroupRecord): TargetGroup => ({
  TargetGroupArn: group.arn,
  ...structuredClone(group.settings),
  LoadBalancerArns: state.loadBalancersOf(group.arn),
});

/**
 * Creates a target group, or finds the one with the same name and settings.
 *
 * @throws AwsError `ValidationError`, `DuplicateTargetGroupName`
 */
export function addTargetGroup(
  state: LoadBalancing,
  input: CreateTargetGroupCommandInput,
): TargetGroupRecord {
  const name = input.Name ?? '';
  checkName(name);
  const settings = settingsOf(input);
  for (const existing of state.targetGroups.values()) {
    if (existing.name !== name) continue;
    if (JSON.stringify(existing.settings) === JSON.stringify(settings)) return existing;
    throw new AwsError(
      'DuplicateTargetGroupName',
      `A target group with the same name '${name}' exists, but with different settings`,
    );
  }
  const dimension = `targetgroup/${name}/${hexId(state.kernel.random, 16)}`;
  const group: TargetGroupRecord = {
    arn: state.kernel.arn('elasticloadbalancing', dimension),
    name,
    dimension,
    settings,
    attributes: new Map(DEFAULT_ATTRIBUTES),
    targets: new Map(),
  };
  state.targetGroupViews.remember(group.arn, undefined);
  state.targetGroups.set(group.arn, group);
  if (input.Tags) state.tags.add(group.arn, tagPairs(input.Tags));
  return group;
}

const attributesOf = (group: TargetGroupRecord): { Key: string; Value: string }[] =>
  [...group.attributes].map(([Key, Value]) => ({ Key, Value }));

/** Beside other groups, one whose targets are sticky needs group stickiness: each action asks for the same. */
function requireStickyRules(state: LoadBalancing, group: TargetGroupRecord): void {
  for (const rule of state.rules.values()) {
    for (const action of rule.actions) {
      const groups = forwardsOf(action);
      const isPlain = !action.ForwardConfig?.TargetGroupStickinessConfig?.Enabled;
      if (groups.length < 2 || !isPlain || groups.every(({ arn }) => arn !== group.arn)) continue;
      throw new AwsError(
        'InvalidConfigurationRequest',
        `This target group appears behind a rule with group stickiness disabled (${rule.arn}). You must enable group stickiness before enabling target stickiness`,
      );
    }
  }
}

/** Target groups: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html */
export function targetGroupOperations(state: LoadBalancing): Operations {
  const find = (arn: string | undefined): TargetGroupRecord => {
    const group = state.targetGroups.get(requireArn(arn, /:targetgroup\//, 'target group'));
    if (group === undefined) throw targetGroupNotFound();
    return group;
  };

  const shown = (): TargetGroup[] => {
    const ghosts = state.targetGroupViews.ghosts((arn) => state.targetGroups.has(arn));
    return [...state.targetGroups.keys(), ...ghosts]
      .map((arn) => {
        const group = state.targetGroups.get(arn);
        return state.targetGroupViews.read(arn, group && describeTargetGroup(state, group));
      })
      .filter((view) => view !== undefined);
  };

  return {
    CreateTargetGroup(input: CreateTargetGroupCommandInput): Answer<CreateTargetGroupCommandOutput> {
      return { TargetGroups: [describeTargetGroup(state, addTargetGroup(state, input))] };
    },

    DescribeTargetGroups(input: DescribeTargetGroupsCommandInput): Answer<DescribeTargetGroupsCommandOutput> {
      let groups = shown();
      const { TargetGroupArns: arns, Names: names, LoadBalancerArn: loadBalancer } = input;
      if (arns !== undefined) {
        for (const arn of arns) requireArn(arn, /:targetgroup\//, 'target group');
        if (arns.some((arn) => !groups.some((group) => group.TargetGroupArn === arn)))
          throw targetGroupNotFound();
        groups = groups.filter((group) => arns.includes(group.TargetGroupArn ?? ''));
      } else if (names !== undefined) {
        if (names.some((name) => !groups.some((group) => group.TargetGroupName === name))) {
          throw targetGroupNotFound();
        }
        groups = groups.filter((group) => names.includes(group.TargetGroupName ?? ''));
      } else if (loadBalancer !== undefined) {
        if (!state.loadBalancers.has(loadBalancer)) {
          throw new AwsError('LoadBalancerNotFound', 'One or more load balancers not found');
        }
        groups = groups.filter((group) => group.LoadBalancerArns?.includes(loadBalancer));
      }
      const { items, next } = page(groups, input.Marker, input.PageSize ?? A_PAGE, badMarker);
      return next === undefined ? { TargetGroups: items } : { TargetGroups: items, NextMarker: next };
    },

    ModifyTargetGroup(input: ModifyTargetGroupCommandInput): Answer<CreateTargetGroupCommandOutput> {
      const group = find(input.TargetGroupArn);
      const { TargetGroupArn: _arn, ...changes } = input;
      const settings = { ...group.settings, ...changes };
      checkHealthCheck(settings);
      state.targetGroupViews.remember(group.arn, describeTargetGroup(state, group));
      group.settings = settings;
      return { TargetGroups: [describeTargetGroup(state, group)] };
    },

    DeleteTargetGroup(input: DeleteTargetGroupCommandInput): object {
      const arn = requireArn(input.TargetGroupArn, /:targetgroup\//, 'target group');
      const group = state.targetGroups.get(arn);
      // Deleting what does not exist succeeds, as AWS's does.
      if (group === undefined) return {};
      if (state.loadBalancersOf(arn).length > 0) {
        throw new AwsError(
          'ResourceInUse',
          `Target group '${arn}' is currently in use by a listener or a rule`,
        );
      }
      state.targetGroupViews.remember(arn, describeTargetGroup(state, group));
      state.routingChanges();
      state.targetGroups.delete(arn);
      state.formerTargetGroups.set(arn, group);
      state.tags.forget(arn);
      const targets = [...group.targets.values()];
      group.targets.clear();
      for (const target of targets) {
        target.next?.cancel();
        state.targetChanged(arn, target.id);
      }
      return {};
    },

    DescribeTargetGroupAttributes(
      input: DescribeTargetGroupAttributesCommandInput,
    ): Answer<DescribeTargetGroupAttributesCommandOutput> {
      return { Attributes: attributesOf(find(input.TargetGroupArn)) };
    },

    ModifyTargetGroupAttributes(
      input: ModifyTargetGroupAttributesCommandInput,
    ): Answer<DescribeTargetGroupAttributesCommandOutput> {
      const group = find(input.TargetGroupArn);
      for (const { Key: key = '', Value: value = '' } of input.Attributes ?? []) {
        if (!group.attributes.has(key))
          throw validationError(`Target group attribute key '${key}' is not recognized`);
        if (value === '')
          throw validationError(`Target group attribute value for '${key}' must be specified`);
        const range = SECONDS[key];
        const seconds = Number(value);
        if (range && !(Number.isInteger(seconds) && seconds >= range[0] && seconds <= range[1])) {
          throw validationError(`'${key}' must be an integer between '${range[0]}' and '${range[1]}'`);
        }
      }
      const wanted = new Map((input.Attributes ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
      if (wanted.get('stickiness.enabled') === 'true') requireStickyRules(state, group);
      for (const [key, value] of wanted) group.attributes.set(key, value);
      return { Attributes: attributesOf(group) };
    },
  };
}
