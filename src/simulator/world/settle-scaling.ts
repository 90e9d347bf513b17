import { addScalableTarget, putPolicy } from '../autoscaling/operations.ts';
import { DESIRED_COUNT, type ScalingState } from '../autoscaling/state.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Kernel } from './kernel.ts';

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);

/** Builds the scenario's scalable targets and their policies. */
export function settleScaling(scenario: Scenario, kernel: Kernel, state: ScalingState): void {
  for (const { service, min, max, cpu, scaleOutCooldown, scaleInCooldown } of scenario.scalableTargets) {
    const resourceId = `service/${service}`;
    addScalableTarget(kernel, state, resourceId, { min, max });
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
