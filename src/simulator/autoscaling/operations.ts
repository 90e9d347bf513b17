import type {
  DeleteScalingPolicyCommandInput,
  DeleteScheduledActionCommandInput,
  DeregisterScalableTargetCommandInput,
  DescribeScalableTargetsCommandInput,
  DescribeScalableTargetsCommandOutput,
  DescribeScalingActivitiesCommandInput,
  DescribeScalingActivitiesCommandOutput,
  DescribeScalingPoliciesCommandInput,
  DescribeScalingPoliciesCommandOutput,
  DescribeScheduledActionsCommandInput,
  DescribeScheduledActionsCommandOutput,
  PutScalingPolicyCommandInput,
  PutScalingPolicyCommandOutput,
  PutScheduledActionCommandInput,
  PutScheduledActionCommandOutput,
  RegisterScalableTargetCommandInput,
  RegisterScalableTargetCommandOutput,
} from '@aws-sdk/client-application-auto-scaling';
import { isUnderstood } from '../../schedule/occurrences.ts';
import type { Answer } from '../answer.ts';
import { AwsError, type Operations } from '../operation.ts';
import { hexId, uuid } from '../world/ids.ts';
import type { Kernel } from '../world/kernel.ts';
import { page } from '../world/pages.ts';
import type { TagStore } from '../world/tags.ts';
import type { Scaler } from './scaler.ts';
import {
  DESIRED_COUNT,
  policyKey,
  type ScalableTargetRecord,
  type ScalingState,
  type ScheduledActionRecord,
} from './state.ts';

const A_PAGE = 50;

const refuse = (message: string): AwsError => new AwsError('ValidationException', message);
const badToken = (): AwsError =>
  new AwsError('InvalidNextTokenException', 'The next token supplied was invalid.');

const requireService = (namespace: string | undefined, dimension: string | undefined): void => {
  if (namespace !== 'ecs') throw refuse(`Unsupported service namespace: ${namespace ?? ''}`);
  if (dimension !== undefined && dimension !== DESIRED_COUNT) {
    throw refuse(`Unsupported service namespace, resource type or scalable dimension: ${dimension}`);
  }
};

const NOTHING_SUSPENDED: ScalableTargetRecord['suspended'] = {
  DynamicScalingInSuspended: false,
  DynamicScalingOutSuspended: false,
  ScheduledScalingSuspended: false,
};

/** Adds a scalable target for `service/cluster/name`. */
export function addScalableTarget(
  kernel: Kernel,
  state: ScalingState,
  resourceId: string,
  bounds: { readonly min: number; readonly max: number },
): ScalableTargetRecord {
  const target: ScalableTargetRecord = {
    resourceId,
    arn: kernel.arn('application-autoscaling', `scalable-target/${hexId(kernel.random, 34)}`),
    roleArn: `arn:aws:iam::${kernel.accountId}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService`,
    createdAt: kernel.events.now,
    ...bounds,
    suspended: NOTHING_SUSPENDED,
  };
  state.targets.set(resourceId, target);
  return target;
}

/** Adds or changes a target-tracking policy on a service's average CPU. */
export function putPolicy(kernel: Kernel, state: ScalingState, input: PutScalingPolicyCommandInput) {
  const { ResourceId: resourceId = '', PolicyName: name = '' } = input;
  const configuration = input.TargetTrackingScalingPolicyConfiguration;
  if (configuration === undefined) throw refuse('Only target tracking scaling policies are simulated');
  const metric = configuration.PredefinedMetricSpecification?.PredefinedMetricType;
  if (metric !== 'ECSServiceAverageCPUUtilization') {
    throw refuse(`Only ECSServiceAverageCPUUtilization is simulated, not ${metric ?? 'a customized metric'}`);
  }
  if (!state.targets.has(resourceId)) {
    throw new AwsError(
      'ObjectNotFoundException',
      `No scalable target registered for service namespace: ecs, resource ID: ${resourceId}, scalable dimension: ${DESIRED_COUNT}`,
    );
  }
  const key = policyKey(resourceId, name);
  const existing = state.policies.get(key);
  if (existing) {
    existing.configuration = structuredClone(configuration);
    return existing;
  }
  const id = uuid(kernel.random);
  const alarms = ['AlarmHigh', 'AlarmLow'].map((kind) => {
    const AlarmName = `TargetTracking-${resourceId}-${kind}-${uuid(kernel.random)}`;
    return { AlarmName, AlarmARN: kernel.arn('cloudwatch', `alarm:${AlarmName}`) };
  });
  const policy = {
    name,
    arn: kernel.arn('autoscaling', `scalingPolicy:${id}:resource/ecs/${resourceId}:policyName/${name}`),
    resourceId,
    createdAt: kernel.events.now,
    alarms,
    configuration: structuredClone(configuration),
    scaledOutAt: 0,
    scaledInAt: 0,
  };
  state.policies.set(key, policy);
  return policy;
}

/** The members that a second PutScheduledAction leaves as they are where it does not name them. */
const keptOf = ({ timezone, startsAt, endsAt, min, max }: Partial<ScheduledActionRecord>) =>
  given({ timezone, startsAt, endsAt, min, max });

const given = <T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;

/**
 * Adds or changes an action that sets a target's bounds by a schedule.
 * https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
 */
export function putScheduledAction(
  kernel: Kernel,
  state: ScalingState,
  scaler: Scaler,
  input: PutScheduledActionCommandInput,
): ScheduledActionRecord {
  const { ResourceId: resourceId = '', ScheduledActionName: name = '', ScalableTargetAction: sets } = input;
  if (!state.targets.has(resourceId)) {
    throw new AwsError(
      'ObjectNotFoundException',
      `No scalable target found for service namespace: ecs, resource ID: ${resourceId}, scalable dimension: ${DESIRED_COUNT}`,
    );
  }
  const key = policyKey(resourceId, name);
  const existing = state.schedule.get(key);
  const schedule = input.Schedule ?? existing?.schedule;
  if (schedule === undefined) throw refuse('Schedule must be specified when creating a new scheduled action');
  const id = uuid(kernel.random);
  const action: ScheduledActionRecord = {
    ...(existing && keptOf(existing)),
    name,
    resourceId,
    schedule,
    arn:
      existing?.arn ??
      kernel.arn(
        'autoscaling',
        `scheduledAction:${id}:resource/ecs/${resourceId}:scheduledActionName/${name}`,
      ),
    createdAt: existing?.createdAt ?? kernel.events.now,
    ...given({
      timezone: input.Timezone,
      startsAt: input.StartTime?.getTime(),
      endsAt: input.EndTime?.getTime(),
      min: sets?.MinCapacity,
      max: sets?.MaxCapacity,
    }),
  };
  if (!isUnderstood(action)) throw refuse(`Schedule expression is not valid: ${schedule}`);
  const { min, max, startsAt, endsAt } = action;
  if (min === undefined && max === undefined) {
    throw refuse('ScalableTargetAction must specify MinCapacity, MaxCapacity or both');
  }
  if (min !== undefined && max !== undefined && min > max) {
    throw refuse('Maximum capacity cannot be less than minimum capacity');
  }
  if (startsAt !== undefined && endsAt !== undefined && endsAt <= startsAt) {
    throw refuse('End time must be later than start time');
  }
  state.schedule.set(key, action);
  scaler.await(action);
  return action;
}

/** Application Auto Scaling: https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html */
export function scalingOperations(
  kernel: Kernel,
  state: ScalingState,
  scaler: Scaler,
  tags: TagStore,
): Operations {
  const requireTarget = (resourceId: string): ScalableTargetRecord => {
    const target = state.targets.get(resourceId);
    if (target === undefined) {
      throw new AwsError(
        'ObjectNotFoundException',
        `No scalable target found for service namespace: ecs, resource ID: ${resourceId}, scalable dimension: ${DESIRED_COUNT}`,
      );
    }
    return target;
  };

  return {
    DescribeScalableTargets(
      input: DescribeScalableTargetsCommandInput,
    ): Answer<DescribeScalableTargetsCommandOutput> {
      requireService(input.ServiceNamespace, input.ScalableDimension);
      const targets = [...state.targets.values()].filter(
        ({ resourceId }) => input.ResourceIds === undefined || input.ResourceIds.includes(resourceId),
      );
      const { items, next } = page(targets, input.NextToken, input.MaxResults ?? A_PAGE, badToken);
      const ScalableTargets = items.map((target) => ({
        ServiceNamespace: 'ecs' as const,
        ResourceId: target.resourceId,
        ScalableDimension: DESIRED_COUNT as typeof DESIRED_COUNT,
        MinCapacity: target.min,
        MaxCapacity: target.max,
        RoleARN: target.roleArn,
        CreationTime: new Date(target.createdAt),
        SuspendedState: { ...target.suspended },
        ScalableTargetARN: target.arn,
      }));
      return next === undefined ? { ScalableTargets } : { ScalableTargets, NextToken: next };
    },

    RegisterScalableTarget(
      input: RegisterScalableTargetCommandInput,
    ): Answer<RegisterScalableTargetCommandOutput> {
      requireService(input.ServiceNamespace, input.ScalableDimension);
      const resourceId = input.ResourceId ?? '';
      const existing = state.targets.get(resourceId);
      const min = input.MinCapacity ?? existing?.min;
      const max = input.MaxCapacity ?? existing?.max;
      if (min === undefined || max === undefined) {
        throw refuse('MinCapacity and MaxCapacity must be specified when registering a new scalable target');
      }
      if (min > max) throw refuse('Maximum capacity cannot be less than minimum capacity');
      if (scaler.service(resourceId) === undefined) throw refuse(`ECS service doesn't exist: ${resourceId}`);
      const target = existing ?? addScalableTarget(kernel, state, resourceId, { min, max });
      target.min = min;
      target.max = max;
      // AWS names false as the default of every member and promises no more: one that is not given becomes false.
      if (input.SuspendedState) target.suspended = { ...NOTHING_SUSPENDED, ...input.SuspendedState };
      if (input.Tags) tags.add(target.arn, Object.entries(input.Tags));
      scaler.clamp(target);
      return { ScalableTargetARN: target.arn };
    },

    DeregisterScalableTarget(input: DeregisterScalableTargetCommandInput): object {
      requireService(input.ServiceNamespace, input.ScalableDimension);
      const target = requireTarget(input.ResourceId ?? '');
      state.targets.delete(target.resourceId);
      for (const [key, policy] of state.policies) {
        if (policy.resourceId === target.resourceId) state.policies.delete(key);
      }
      for (const [key, action] of state.schedule) {
        if (action.resourceId === target.resourceId) state.schedule.delete(key);
      }
      return {};
    },

    DescribeScalingPolicies(
      input: DescribeScalingPoliciesCommandInput,
    ): Answer<DescribeScalingPoliciesCommandOutput> {
      requireService(input.ServiceNamespace, input.ScalableDimension);
      const policies = [...state.policies.values()]
        .filter(({ resourceId }) => input.ResourceId === undefined || resourceId === input.ResourceId)
        .filter(({ name }) => input.PolicyNames === undefined || input.PolicyNames.includes(name));
      const { items, next } = page(policies, input.NextToken, input.MaxResults ?? A_PAGE, badToken);
      const ScalingPolicies = items.map((policy) => ({
        PolicyARN: policy.arn,
        PolicyName: policy.name,
        ServiceNamespace: 'ecs' as const,
        ResourceId: policy.resourceId,
        ScalableDimension: DESIRED_COUNT as typeof DESIRED_COUNT,
        PolicyType: 'TargetTrackingScaling' as const,
        TargetTrackingScalingPolicyConfiguration: structuredClone(policy.configuration),
        Alarms: policy.alarms.map((alarm) => ({ ...alarm })),
        CreationTime: new Date(policy.createdAt),
      }));
      return next === undefined ? { ScalingPolicies } : { ScalingPolicies, NextToken: next };
    },

    PutScalingPolicy(input: PutScalingPolicyCommandInput): Answer<PutScalingPolicyCommandOutput> {
      requireService(input.ServiceNamespace, input.ScalableDimension);
      const policy = putPolicy(kernel, state, input);
      return { PolicyARN: policy.arn, Alarms: policy.alarms.map((alarm) => ({ ...alarm })) };
    },

    DeleteScalingPolicy(input: DeleteScalingPolicyCommandInput): object {
      requireService(input.ServiceNamespace, input.ScalableDimension);
      const deleted = state.policies.delete(policyKey(input.ResourceId ?? '', input.PolicyName ?? ''));
      if (!deleted) {
        throw new AwsError(
          'ObjectNotFoundException',
          `No scaling policy found for ${input.PolicyName ?? ''}`,
        );
      }
      return {};
    },

    PutScheduledAction(input: PutScheduledActionCommandInput): Answer<PutScheduledActionCommandOutput> {
      requireService(input.ServiceNamespace, input.ScalableDimension);
      putScheduledAction(kernel, state, scaler, input);
      return {};
    },

    DescribeScheduledActions(
      input: DescribeScheduledActionsCommandInput,
    ): Answer<DescribeScheduledActionsCommandOutput> {
      requireService(input.ServiceNamespace, input.ScalableDimension);
      const { ScheduledActionNames: names } = input;
      const actions = [...state.schedule.values()]
        .filter(({ resourceId }) => input.ResourceId === undefined || resourceId === input.ResourceId)
        .filter(({ name }) => names === undefined || names.length === 0 || names.includes(name));
      const { items, next } = page(actions, input.NextToken, input.MaxResults ?? A_PAGE, badToken);
      const ScheduledActions = items.map(({ startsAt, endsAt, timezone, min, max, ...action }) => ({
        ScheduledActionName: action.name,
        ScheduledActionARN: action.arn,
        ServiceNamespace: 'ecs' as const,
        Schedule: action.schedule,
        ResourceId: action.resourceId,
        ScalableDimension: DESIRED_COUNT as typeof DESIRED_COUNT,
        ScalableTargetAction: given({ MinCapacity: min, MaxCapacity: max }),
        CreationTime: new Date(action.createdAt),
        ...(timezone !== undefined && { Timezone: timezone }),
        ...(startsAt !== undefined && { StartTime: new Date(startsAt) }),
        ...(endsAt !== undefined && { EndTime: new Date(endsAt) }),
      }));
      return next === undefined ? { ScheduledActions } : { ScheduledActions, NextToken: next };
    },

    DeleteScheduledAction(input: DeleteScheduledActionCommandInput): object {
      requireService(input.ServiceNamespace, input.ScalableDimension);
      const name = input.ScheduledActionName ?? '';
      if (!state.schedule.delete(policyKey(input.ResourceId ?? '', name))) {
        throw new AwsError('ObjectNotFoundException', `No scheduled action found for ${name}`);
      }
      return {};
    },

    DescribeScalingActivities(
      input: DescribeScalingActivitiesCommandInput,
    ): Answer<DescribeScalingActivitiesCommandOutput> {
      requireService(input.ServiceNamespace, input.ScalableDimension);
      const activities = state.activities.filter(
        ({ resourceId }) => input.ResourceId === undefined || resourceId === input.ResourceId,
      );
      const { items, next } = page(activities, input.NextToken, input.MaxResults ?? A_PAGE, badToken);
      const ScalingActivities = items.map((activity) => ({
        ActivityId: activity.id,
        ServiceNamespace: 'ecs' as const,
        ResourceId: activity.resourceId,
        ScalableDimension: DESIRED_COUNT as typeof DESIRED_COUNT,
        Description: activity.description,
        Cause: activity.cause,
        StartTime: new Date(activity.at),
        EndTime: new Date(activity.at + 1_000),
        StatusCode: 'Successful' as const,
        StatusMessage: 'Successfully set desired count.',
      }));
      return next === undefined ? { ScalingActivities } : { ScalingActivities, NextToken: next };
    },
  };
}
