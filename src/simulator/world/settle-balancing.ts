import type { Action, RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { DEFAULT_PLACE } from '../ec2/model.ts';
import { normalizeActions } from '../elbv2/actions.ts';
import { normalizeConditions } from '../elbv2/conditions.ts';
import { addListener, addLoadBalancer } from '../elbv2/load-balancers.ts';
import { addRule } from '../elbv2/rules.ts';
import type { LoadBalancing } from '../elbv2/state.ts';
import { addTargetGroup } from '../elbv2/target-groups.ts';
import type {
  Scenario,
  ScenarioAction,
  ScenarioLoadBalancer,
  ScenarioRule,
  ScenarioTargetGroup,
} from '../scenario/scenario.ts';

const A_MONTH = 30 * 86_400_000;

/** The scenario's target groups: their ARNs by their names. */
export type GroupArns = ReadonlyMap<string, string>;

/** @throws Error when the scenario has no such target group */
export function groupArn(groups: GroupArns, name: string): string {
  const arn = groups.get(name);
  if (arn === undefined) throw new Error(`The scenario has no target group "${name}"`);
  return arn;
}

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);

function settleTargetGroup(group: ScenarioTargetGroup, balancing: LoadBalancing): string {
  const { healthCheck = {}, tags } = group;
  const record = addTargetGroup(balancing, {
    Name: group.name,
    Protocol: 'HTTP',
    Port: group.port ?? 80,
    VpcId: 'vpc-0a1b2c3d4e5f60718',
    TargetType: 'ip',
    HealthCheckPath: healthCheck.path ?? '/',
    HealthCheckIntervalSeconds: seconds(healthCheck.interval),
    HealthCheckTimeoutSeconds: seconds(healthCheck.timeout),
    HealthyThresholdCount: healthCheck.healthyThreshold,
    UnhealthyThresholdCount: healthCheck.unhealthyThreshold,
    ...(healthCheck.codes === undefined ? {} : { Matcher: { HttpCode: healthCheck.codes } }),
    ...(tags ? { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) } : {}),
  });
  if (group.deregistrationDelay !== undefined) {
    record.attributes.set('deregistration_delay.timeout_seconds', String(group.deregistrationDelay / 1000));
  }
  for (const [key, value] of Object.entries(group.attributes ?? {})) record.attributes.set(key, value);
  return record.arn;
}

function conditionsOf(rule: ScenarioRule): RuleCondition[] {
  const conditions: RuleCondition[] = [];
  if (rule.path) conditions.push({ Field: 'path-pattern', Values: [...rule.path] });
  if (rule.host) conditions.push({ Field: 'host-header', Values: [...rule.host] });
  if (rule.header) {
    const { name, values } = rule.header;
    conditions.push({
      Field: 'http-header',
      HttpHeaderConfig: { HttpHeaderName: name, Values: [...values] },
    });
  }
  return normalizeConditions(conditions);
}

function settleLoadBalancer(
  balancer: ScenarioLoadBalancer,
  balancing: LoadBalancing,
  groups: GroupArns,
  start: number,
): void {
  const place = { ...DEFAULT_PLACE, ...balancer.network };
  const record = addLoadBalancer(balancing, balancer.name, start - A_MONTH, place);
  if (balancer.tags) balancing.tags.add(record.arn, Object.entries(balancer.tags));

  const actions = ({ forward, stickiness }: ScenarioAction): Action[] => {
    const TargetGroups = forward.map(({ targetGroup, weight }) => ({
      TargetGroupArn: groupArn(groups, targetGroup),
      Weight: weight,
    }));
    const TargetGroupStickinessConfig =
      stickiness === undefined
        ? { Enabled: false }
        : { Enabled: true, DurationSeconds: Math.round(stickiness / 1000) };
    return normalizeActions(
      [{ Type: 'forward', ForwardConfig: { TargetGroups, TargetGroupStickinessConfig } }],
      record.arn,
      balancing,
    );
  };

  for (const { port, protocol = 'HTTP', rules = [], ...byDefault } of balancer.listeners) {
    const listener = addListener(
      balancing,
      record,
      { port, protocol, certificates: [], sslPolicy: undefined },
      actions(byDefault),
    );
    for (const rule of rules) {
      const record = {
        listenerArn: listener.arn,
        priority: rule.priority,
        conditions: conditionsOf(rule),
        actions: actions(rule),
        transforms: [],
      };
      const { arn } = addRule(balancing, listener, record, true);
      if (rule.tags) balancing.tags.add(arn, Object.entries(rule.tags));
    }
  }
}

/** Builds the scenario's target groups, load balancers, listeners and rules. */
export function settleBalancing(scenario: Scenario, balancing: LoadBalancing, start: number): GroupArns {
  const groups = new Map(
    scenario.targetGroups.map((group) => [group.name, settleTargetGroup(group, balancing)]),
  );
  for (const balancer of scenario.loadBalancers) settleLoadBalancer(balancer, balancing, groups, start);
  return groups;
}
