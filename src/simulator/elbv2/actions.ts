import type { Action, ForwardActionConfig } from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsError } from '../operation.ts';
import { targetGroupNotFound, validationError } from './errors.ts';
import { forwardsOf } from './model.ts';
import type { LoadBalancing } from './state.ts';

const MAX_GROUPS = 5;
const MAX_WEIGHT = 999;
const MAX_STICKINESS_SECONDS = 604_800;

const outOfRange = (value: number, path: string, limit: string): AwsError =>
  validationError(
    `1 validation error detected: Value '${value}' at '${path}' failed to satisfy constraint: Member must have value ${limit}`,
  );

function normalizeForward(action: Action, position: number, state: LoadBalancing): ForwardActionConfig {
  const groups = action.ForwardConfig?.TargetGroups;
  if (action.TargetGroupArn !== undefined && groups !== undefined) {
    const same = groups.length === 1 && groups[0]?.TargetGroupArn === action.TargetGroupArn;
    if (!same) {
      throw validationError(
        'You cannot specify a target group ARN and a forward config with different target groups',
      );
    }
  }
  const wanted = groups ?? (action.TargetGroupArn ? [{ TargetGroupArn: action.TargetGroupArn }] : []);
  if (wanted.length === 0) throw validationError('A target group must be specified for a forward action');
  if (wanted.length > MAX_GROUPS) {
    throw validationError(`You can specify at most ${MAX_GROUPS} target groups in a forward action`);
  }
  const path = `actions.${position}.member.forwardConfig.targetGroups`;
  const normal = wanted.map(({ TargetGroupArn: arn, Weight: weight = 1 }, index) => {
    if (weight < 0) {
      throw outOfRange(weight, `${path}.${index + 1}.member.weight`, 'greater than or equal to 0');
    }
    if (weight > MAX_WEIGHT) {
      throw outOfRange(weight, `${path}.${index + 1}.member.weight`, `less than or equal to ${MAX_WEIGHT}`);
    }
    if (arn === undefined || !arn.includes(':targetgroup/')) {
      throw validationError(`'${arn ?? ''}' is not a valid target group ARN`);
    }
    if (!state.targetGroups.has(arn)) throw targetGroupNotFound();
    return { TargetGroupArn: arn, Weight: weight };
  });
  if (new Set(normal.map((group) => group.TargetGroupArn)).size < normal.length) {
    throw validationError('A target group can be specified only once in a forward action');
  }
  const stickiness = action.ForwardConfig?.TargetGroupStickinessConfig;
  const seconds = stickiness?.DurationSeconds;
  const isWrong =
    seconds === undefined ? stickiness?.Enabled : seconds < 1 || seconds > MAX_STICKINESS_SECONDS;
  if (isWrong) {
    throw validationError(
      `Target group stickiness duration must be between 1 and ${MAX_STICKINESS_SECONDS} seconds`,
    );
  }
  if (normal.length > 1 && !stickiness?.Enabled) {
    const isSticky = ({ TargetGroupArn: arn }: { TargetGroupArn: string }) =>
      state.targetGroups.get(arn)?.attributes.get('stickiness.enabled') === 'true';
    if (normal.some(isSticky)) {
      throw new AwsError(
        'InvalidLoadBalancerAction',
        'You must enable group stickiness on a rule if you enabled target stickiness on one of its target groups',
      );
    }
  }
  return {
    TargetGroups: normal,
    // A duration that was given is kept, whether it is in use or not.
    TargetGroupStickinessConfig: {
      Enabled: stickiness?.Enabled ?? false,
      ...(seconds === undefined ? {} : { DurationSeconds: seconds }),
    },
  };
}

/**
 * Checks the actions of a rule or listener and gives them as AWS keeps them: every forward with its
 * `ForwardConfig`, and `TargetGroupArn` beside it when there is a single group.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html
 *
 * @throws AwsError `ValidationError`, `TargetGroupNotFound`, `TargetGroupAssociationLimit`
 */
export function normalizeActions(
  actions: readonly Action[],
  loadBalancerArn: string,
  state: LoadBalancing,
): Action[] {
  if (actions.length === 0) throw validationError('An action must be specified');
  const normal = actions.map((action, index): Action => {
    const order = action.Order === undefined ? {} : { Order: action.Order };
    switch (action.Type) {
      case 'forward': {
        const forward = normalizeForward(action, index + 1, state);
        const [first, ...others] = forward.TargetGroups ?? [];
        const single = others.length === 0 ? { TargetGroupArn: first?.TargetGroupArn } : {};
        return { Type: 'forward', ...single, ...order, ForwardConfig: forward };
      }
      case 'redirect':
        return { Type: 'redirect', ...order, RedirectConfig: action.RedirectConfig };
      case 'fixed-response':
        return { Type: 'fixed-response', ...order, FixedResponseConfig: action.FixedResponseConfig };
      default:
        throw validationError(`Action type '${action.Type ?? ''}' is not supported`);
    }
  });
  for (const { arn } of normal.flatMap(forwardsOf)) {
    if (state.loadBalancersOf(arn).some((other) => other !== loadBalancerArn)) {
      throw new AwsError(
        'TargetGroupAssociationLimit',
        `The following target groups cannot be associated with more than one load balancer: ${arn}`,
      );
    }
  }
  return normal;
}
