import { addScalableTarget, putPolicy, putScheduledAction } from '../autoscaling/operations.ts';
import type { Scaler } from '../autoscaling/scaler.ts';
import { DESIRED_COUNT, type ScalingState } from '../autoscaling/state.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Kernel } from './kernel.ts';

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);

/** Builds the scenario's scalable targets, their scheduled actions and their policies. */
export function settleScaling(
  scenario: Scenario,
  kernel: Kernel,
  state: ScalingState,
  scaler: Scaler,
  begins: number,
): void {
  for (const target of scenario.scalableTargets) {
    const { service, min, max, cpu, scaleOutCooldown, scaleInCooldown, schedule = {} } = target;
    const resourceId = `service/${service}`;
    addScalableTarget(kernel, state, resourceId, { min, max });
    for (const [name, action] of Object.entries(schedule)) {
      const { schedule: Schedule, timezone: Timezone, min: MinCapacity, max: MaxCapacity } = action;
      putScheduledAction(kernel, state, scaler, {
        ServiceNamespace: 'ecs',
        ResourceId: resourceId,
        ScalableDimension: DESIRED_COUNT,
        ScheduledActionName: name,
        Schedule,
        Timezone,
        StartTime: new Date(begins),
        ScalableTargetAction: { MinCapacity, MaxCapacity },
      });
    }
    if (cpu === undefined) continue;
    putPolicy(kernel, state, {
      PolicyName: 'cpu',
      ServiceNamespace: 'ecs',
      ResourceId: resourceId,
      ScalableDimension: DESIRED_COUNT,
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: cpu,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
        ScaleOutCooldown: seconds(scaleOutCooldown),
        ScaleInCooldown: seconds(scaleInCooldown),
      },
    });
  }
}
