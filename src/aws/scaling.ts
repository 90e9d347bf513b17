import {
  ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
  type DescribeScalableTargetsCommandOutput,
  RegisterScalableTargetCommand,
  type ScalableTarget,
  type SuspendedState,
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

  const read = async (cluster: string, service: string): Promise<ScalableTarget | undefined> => {
    const { ResourceId, ...scope } = target(cluster, service);
    const output = await send<DescribeScalableTargetsCommandOutput>(
      new DescribeScalableTargetsCommand({ ...scope, ResourceIds: [ResourceId] }),
    );
    return output.ScalableTargets?.[0];
  };

  const suspend = (cluster: string, service: string, SuspendedState: SuspendedState) =>
    send(new RegisterScalableTargetCommand({ ...target(cluster, service), SuspendedState }));

  return {
    async find(cluster, service) {
      const found = await read(cluster, service);
      if (!found) return undefined;
      return {
        settings: encode(found.SuspendedState ?? {}),
        scaleInHeld: found.SuspendedState?.DynamicScalingInSuspended ?? false,
        maxTasks: found.MaxCapacity ?? Number.POSITIVE_INFINITY,
      };
    },

    async holdScaleIn(cluster, service) {
      const { SuspendedState: now = {} } = (await read(cluster, service)) ?? {};
      // A schedule sets bounds, and lower ones take tasks away at once; AWS does not tell the two apart.
      await suspend(
        cluster,
        service,
        complete({ ...now, DynamicScalingInSuspended: true, ScheduledScalingSuspended: true }),
      );
    },

    async release(cluster, service, settings) {
      const wanted = decode(settings);
      const known = Object.values(MEMBERS).every((member) => wanted[member] !== undefined);
      const { SuspendedState: now = {} } = (known ? undefined : await read(cluster, service)) ?? {};
      await suspend(cluster, service, complete({ ...now, DynamicScalingInSuspended: false, ...wanted }));
    },
  };
}

/** The words of a settings text, which has to fit in a tag. Before there were three, it held the first one alone. */
const MEMBERS = {
  'scale-in-suspended': 'DynamicScalingInSuspended',
  'scale-out-suspended': 'DynamicScalingOutSuspended',
  'schedule-suspended': 'ScheduledScalingSuspended',
} as const satisfies Readonly<Record<string, keyof SuspendedState>>;

/** AWS does not say whether a member that is not named stays or becomes false, so all three are always sent. */
const complete = (state: SuspendedState): SuspendedState =>
  Object.fromEntries(Object.values(MEMBERS).map((member) => [member, state[member] ?? false]));

const encode = (state: SuspendedState): string =>
  Object.entries(MEMBERS)
    .map(([word, member]) => `${word}=${state[member] ?? false}`)
    .join(' ');

function decode(settings: string): SuspendedState {
  const words = new Map(settings.split(' ').map((entry) => entry.split('=') as [string, string]));
  return Object.fromEntries(
    Object.entries(MEMBERS).flatMap(([word, member]) => {
      const value = words.get(word);
      return value === undefined ? [] : [[member, value === 'true']];
    }),
  );
}
