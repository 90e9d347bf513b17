import {
  ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
  type DescribeScalableTargetsCommandOutput,
  DescribeScheduledActionsCommand,
  type DescribeScheduledActionsCommandOutput,
  RegisterScalableTargetCommand,
  type ScheduledAction,
  type SuspendedState,
} from '@aws-sdk/client-application-auto-scaling';
import type { Scaling, ScheduledScaling } from '../ports.ts';
import type { Suspended } from '../rollout/scaling-hold.ts';
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
      const { SuspendedState: state = {}, MinCapacity: min = 0, MaxCapacity: max } = found;
      return {
        min,
        max: max ?? Number.POSITIVE_INFINITY,
        suspended: {
          scaleIn: state.DynamicScalingInSuspended ?? false,
          scaleOut: state.DynamicScalingOutSuspended ?? false,
          schedule: state.ScheduledScalingSuspended ?? false,
        },
      };
    },

    async schedule(cluster, service) {
      const actions: ScheduledScaling[] = [];
      let NextToken: string | undefined;
      do {
        const page: DescribeScheduledActionsCommandOutput = await send(
          new DescribeScheduledActionsCommand({
            ...target(cluster, service),
            ...(NextToken && { NextToken }),
          }),
        );
        actions.push(...(page.ScheduledActions ?? []).map(scheduledScaling));
        NextToken = page.NextToken;
      } while (NextToken);
      return actions;
    },

    async set(cluster, service, { suspended, min, max }) {
      await send(
        new RegisterScalableTargetCommand({
          ...target(cluster, service),
          ...(suspended && { SuspendedState: suspendedState(suspended) }),
          ...(min !== undefined && { MinCapacity: min }),
          ...(max !== undefined && { MaxCapacity: max }),
        }),
      );
    },
  };
}

/** AWS does not say whether a member that is not named stays or becomes false, so all three are always sent. */
const suspendedState = ({ scaleIn, scaleOut, schedule }: Suspended): SuspendedState => ({
  DynamicScalingInSuspended: scaleIn,
  DynamicScalingOutSuspended: scaleOut,
  ScheduledScalingSuspended: schedule,
});

function scheduledScaling({
  ScheduledActionName: name = '',
  Schedule: schedule = '',
  Timezone: timezone,
  StartTime: startsAt,
  EndTime: endsAt,
  CreationTime: createdAt,
  ScalableTargetAction: { MinCapacity: min, MaxCapacity: max } = {},
}: ScheduledAction): ScheduledScaling {
  return {
    name,
    schedule,
    createdAt: createdAt?.getTime() ?? 0,
    ...(timezone && { timezone }),
    ...(startsAt && { startsAt: startsAt.getTime() }),
    ...(endsAt && { endsAt: endsAt.getTime() }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  };
}
