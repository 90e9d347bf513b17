import type {
  SuspendedState,
  TargetTrackingScalingPolicyConfiguration,
} from '@aws-sdk/client-application-auto-scaling';

import type { Scheduled } from '../../schedule/occurrences.ts';

/** The only dimension of an ECS service that scales. */
export const DESIRED_COUNT = 'ecs:service:DesiredCount';

export interface ScalableTargetRecord {
  /** `service/cluster/name`. */
  readonly resourceId: string;
  readonly arn: string;
  readonly roleArn: string;
  readonly createdAt: number;
  min: number;
  max: number;
  suspended: Required<SuspendedState>;
}

export interface PolicyRecord {
  readonly name: string;
  readonly arn: string;
  readonly resourceId: string;
  readonly createdAt: number;
  readonly alarms: readonly { readonly AlarmName: string; readonly AlarmARN: string }[];
  configuration: TargetTrackingScalingPolicyConfiguration;
  /** When it scaled last, in ms; its cool-downs count from here. */
  scaledOutAt: number;
  scaledInAt: number;
}

/** An action that sets a target's bounds by a schedule. Times in ms. */
export interface ScheduledActionRecord extends Scheduled {
  readonly name: string;
  readonly arn: string;
  readonly resourceId: string;
  readonly min?: number;
  readonly max?: number;
}

/** One change of a service's desired count by the scaler. */
export interface ActivityRecord {
  readonly id: string;
  readonly resourceId: string;
  readonly at: number;
  readonly description: string;
  readonly cause: string;
}

/** Everything that Application Auto Scaling knows in this account. */
export interface ScalingState {
  readonly targets: Map<string, ScalableTargetRecord>;
  readonly policies: Map<string, PolicyRecord>;
  /** By `policyKey` of resource and name. */
  readonly schedule: Map<string, ScheduledActionRecord>;
  /** Newest first. */
  readonly activities: ActivityRecord[];
}

export const policyKey = (resourceId: string, name: string): string => `${resourceId} ${name}`;
