import type { EcsService, TargetGroup, Traffic } from '../ports.ts';
import type { MeteredSide } from './evidence-source.ts';

/** A service and where the requests of its tasks are measured. */
export interface WatchedService {
  readonly service: EcsService;
  /** ARN of the revision that is watched. */
  readonly taskDefinition: string;
  /** When its deployment began, ms since the epoch. */
  readonly deployedAt: number;
  readonly targetGroups: readonly TargetGroup[];
  readonly metered: MeteredSide;
}

const isApplication = ({ protocol }: TargetGroup): boolean => /^HTTPS?$/.test(protocol);

/** Looks up what a service is measured by; of one that ECS deploys in blue and green, both groups. */
export async function findWatched(service: EcsService, traffic: Traffic): Promise<WatchedService> {
  const arns = service.loadBalancers.flatMap(({ targetGroupArn, alternateTargetGroupArn }) =>
    [targetGroupArn, alternateTargetGroupArn].filter((arn) => arn !== undefined),
  );
  const targetGroups = arns.length === 0 ? [] : await traffic.targetGroups([...new Set(arns)]);
  const { cluster, name, taskDefinition, deployments } = service;
  return {
    service,
    taskDefinition,
    deployedAt: deployments.find(({ primary }) => primary)?.createdAt ?? 0,
    targetGroups,
    metered: { cluster, service: name, targetGroups: targetGroups.filter(isApplication) },
  };
}

/** Whether requests are measured at all: those of an Application Load Balancer are. */
export const isMetered = ({ metered }: WatchedService): boolean =>
  metered.targetGroups.some(({ loadBalancerArns }) => loadBalancerArns.length > 0);
