import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Endpoint } from '../traffic/endpoint.ts';
import { type RoutedRequest, selectRule } from './conditions.ts';
import { forwardsOf, type ListenerRecord, type RuleRecord, type TargetGroupRecord } from './model.ts';
import type { LoadBalancing } from './state.ts';

/** One target group of a forward action and its share of the requests, 0 to 1. */
export interface GroupShare {
  readonly group: TargetGroupRecord;
  readonly share: number;
}

/** What a listener does with a request. */
export interface Route {
  readonly rule: RuleRecord;
  readonly action: Action;
  readonly groups: readonly GroupShare[];
  readonly isSticky: boolean;
}

/** The route of a request by the rules' conditions and priorities. */
export function routeOf(
  state: LoadBalancing,
  listener: ListenerRecord,
  request: RoutedRequest,
): Route | undefined {
  const known = listener.rules.filter(({ served }) => served !== undefined);
  const rule = selectRule(known, request);
  const action = rule?.served?.at(-1);
  if (rule === undefined || action === undefined) return undefined;
  const forwards = forwardsOf(action).flatMap(({ arn, weight }) => {
    const group = state.targetGroups.get(arn) ?? state.formerTargetGroups.get(arn);
    return group === undefined ? [] : [{ group, weight }];
  });
  const total = forwards.reduce((sum, { weight }) => sum + weight, 0);
  return {
    rule,
    action,
    groups: forwards.map(({ group, weight }) => ({ group, share: total === 0 ? 0 : weight / total })),
    isSticky: action.ForwardConfig?.TargetGroupStickinessConfig?.Enabled ?? false,
  };
}

/**
 * The endpoints that get a group's requests: those of its healthy targets, or, when none is healthy, of all that
 * do not drain (fail-open). `undefined` stands for a target where nothing has ever listened.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
export function eligible(state: LoadBalancing, group: TargetGroupRecord): (Endpoint | undefined)[] {
  const registered = [...group.targets.values()].filter((target) => target.state !== 'draining');
  const healthy = registered.filter((target) => target.state === 'healthy');
  return (healthy.length > 0 ? healthy : registered).map((target) => state.network.at(target.id));
}

/** The listener of a load balancer by the load balancer's name or ARN and the port. */
export function findListener(
  state: LoadBalancing,
  loadBalancer: string,
  port: number,
): ListenerRecord | undefined {
  const balancer = [...state.loadBalancers.values()].find(
    ({ arn, name }) => arn === loadBalancer || name === loadBalancer,
  );
  return [...state.listeners.values()].find(
    (listener) => listener.loadBalancerArn === balancer?.arn && listener.port === port,
  );
}
