import {
  ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
  type DescribeScalableTargetsCommandOutput,
  RegisterScalableTargetCommand,
} from '@aws-sdk/client-application-auto-scaling';
import type { Scaling } from '../ports.ts';
import { type Connection, call, clientSettings } from './connection.ts';

/** Application Auto Scaling of an ECS service's desired count. */
export function scaling(connection: Connection): Scaling {
  const client = new ApplicationAutoScalingClient(clientSettings(connection));
  const send = <Output>(command: object): Promise<Output> =>
    call(connection, 'application-autoscaling', client, command);
  const target = (cluster: string, service: string) => ({
    ServiceNamespace: 'ecs' as const,
    ScalableDimension: 'ecs:service:DesiredCount' as const,
    ResourceId: `service/${cluster}/${service}`,
  });

  return {
    async find(cluster, service) {
      const { ResourceId, ...scope } = target(cluster, service);
      const output = await send<DescribeScalableTargetsCommandOutput>(
        new DescribeScalableTargetsCommand({ ...scope, ResourceIds: [ResourceId] }),
      );
      const found = output.ScalableTargets?.[0];
      if (!found) return undefined;
      const scaleInHeld = found.SuspendedState?.DynamicScalingInSuspended ?? false;
      return { settings: `scale-in-suspended=${scaleInHeld}`, scaleInHeld };
    },

    async holdScaleIn(cluster, service) {
      await send(
        new RegisterScalableTargetCommand({
          ...target(cluster, service),
          SuspendedState: { DynamicScalingInSuspended: true },
        }),
      );
    },

    async release(cluster, service, settings) {
      await send(
        new RegisterScalableTargetCommand({
          ...target(cluster, service),
          SuspendedState: { DynamicScalingInSuspended: settings === 'scale-in-suspended=true' },
        }),
      );
    },
  };
}
