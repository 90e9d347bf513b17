import { DescribeServicesCommand, ListServicesCommand } from '@aws-sdk/client-ecs';
import {
  type Action,
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { revision } from '../report/narrate.ts';
import type { AwsClients } from './aws-clients.ts';
import { CLUSTER, LOAD_BALANCER, SERVICE, TARGET_GROUP } from './shop.ts';

/** What AWS itself says at the end of a story. */
export interface FinalState {
  /** `family:revision` that the service runs. */
  readonly runs: string;
  readonly desired: number;
  readonly running: number;
  /** Healthy targets of the service's target group. */
  readonly healthy: number;
  /** The service has no deployment under way. */
  readonly settled: boolean;
  /** One text per rule: where it sends requests, such as `web 95, web-canary 5`. */
  readonly routes: readonly string[];
  /** Services other than the one of the shop, with their status. */
  readonly otherServices: readonly string[];
  readonly otherTargetGroups: readonly string[];
}

/** @throws Error when AWS does not answer, or has lost the shop */
export async function readFinalState({ ecs, balancing }: AwsClients): Promise<FinalState> {
  const [{ serviceArns = [] }, { LoadBalancers = [] }, { TargetGroups = [] }] = await Promise.all([
    ecs.send(new ListServicesCommand({ cluster: CLUSTER })),
    balancing.send(new DescribeLoadBalancersCommand({ Names: [LOAD_BALANCER] })),
    balancing.send(new DescribeTargetGroupsCommand({})),
  ]);
  const { services = [] } = await ecs.send(
    new DescribeServicesCommand({ cluster: CLUSTER, services: serviceArns }),
  );
  const own = services.find(({ serviceName }) => serviceName === SERVICE);
  const group = TargetGroups.find(({ TargetGroupName }) => TargetGroupName === TARGET_GROUP);
  if (own === undefined || group === undefined) throw new Error(`AWS has lost ${SERVICE}`);
  const [{ Listeners = [] }, { TargetHealthDescriptions = [] }] = await Promise.all([
    balancing.send(new DescribeListenersCommand({ LoadBalancerArn: LoadBalancers[0]?.LoadBalancerArn })),
    balancing.send(new DescribeTargetHealthCommand({ TargetGroupArn: group.TargetGroupArn })),
  ]);
  const rules = await Promise.all(
    Listeners.map(({ ListenerArn }) => balancing.send(new DescribeRulesCommand({ ListenerArn }))),
  );
  return {
    runs: revision(own.taskDefinition ?? ''),
    desired: own.desiredCount ?? 0,
    running: own.runningCount ?? 0,
    healthy: TargetHealthDescriptions.filter(({ TargetHealth }) => TargetHealth?.State === 'healthy').length,
    settled: own.deployments?.length === 1 && own.deployments[0]?.rolloutState === 'COMPLETED',
    routes: rules.flatMap(({ Rules = [] }) => Rules.map(({ Actions }) => destinations(Actions))),
    otherServices: services
      .filter(({ serviceName }) => serviceName !== SERVICE)
      .map(({ serviceName, status }) => `${serviceName} (${status})`),
    otherTargetGroups: TargetGroups.flatMap(({ TargetGroupName = '' }) =>
      TargetGroupName === TARGET_GROUP ? [] : [TargetGroupName],
    ),
  };
}

const nameOf = (targetGroupArn: string): string => targetGroupArn.split('/').at(1) ?? targetGroupArn;

function destinations(actions: readonly Action[] = []): string {
  const { ForwardConfig, TargetGroupArn } = actions.at(-1) ?? {};
  const groups = ForwardConfig?.TargetGroups ?? [{ TargetGroupArn, Weight: 1 }];
  const total = groups.reduce((sum, { Weight = 1 }) => sum + Weight, 0);
  return groups
    .map(
      ({ TargetGroupArn: arn = '', Weight = 1 }) => `${Math.round((Weight / total) * 100)}% ${nameOf(arn)}`,
    )
    .join(', ');
}
