import type {
  DeregisterTargetsCommandInput,
  DescribeTargetHealthCommandInput,
  DescribeTargetHealthCommandOutput,
  RegisterTargetsCommandInput,
  TargetDescription,
  TargetHealth,
  TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Answer } from '../answer.ts';
import { AwsError, type Operations } from '../operation.ts';
import type { HealthAnswer } from '../traffic/behaviour.ts';
import { requireArn, targetGroupNotFound } from './errors.ts';
import type { TargetGroupRecord, TargetRecord, TargetState } from './model.ts';
import type { LoadBalancing } from './state.ts';

const targetKey = (id: string, port: number): string => `${id}:${port}`;

/** `200`, `200,202` and `200-299`, or any mixture. */
function matches(matcher: string, code: number): boolean {
  return matcher.split(',').some((part) => {
    const [from, to = from] = part.split('-').map(Number);
    return from !== undefined && to !== undefined && code >= from && code <= to;
  });
}

function setHealth(
  state: LoadBalancing,
  group: TargetGroupRecord,
  target: TargetRecord,
  next: TargetState,
): void {
  if (target.state === next) return;
  state.routingChanges();
  state.healthViews.remember(group.arn, describeHealth(state, group));
  target.state = next;
  state.targetChanged(group.arn, target.id);
}

function verdict(
  answer: HealthAnswer,
  matcher: string,
): Pick<TargetRecord, 'reason' | 'description'> | undefined {
  switch (answer.kind) {
    case 'passing':
      return undefined;
    case 'status':
      if (matches(matcher, answer.code)) return undefined;
      return {
        reason: 'Target.ResponseCodeMismatch',
        description: `Health checks failed with these codes: [${answer.code}]`,
      };
    case 'timeout':
      return { reason: 'Target.Timeout', description: 'Request timed out' };
    case 'refused':
      return { reason: 'Target.FailedHealthChecks', description: 'Health checks failed' };
  }
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html */
function check(state: LoadBalancing, group: TargetGroupRecord, target: TargetRecord): void {
  const { settings } = group;
  target.next = state.kernel.events.after((settings.HealthCheckIntervalSeconds ?? 30) * 1000, () =>
    check(state, group, target),
  );
  if (!state.isServed(group.arn)) {
    // Nobody checks the targets of a group that no load balancer sends requests to; it starts over when one does.
    target.passes = 0;
    target.failures = 0;
    setHealth(state, group, target, 'initial');
    return;
  }
  const answer = state.network.probe(target.id, state.kernel.events.now);
  const failure = verdict(answer, settings.Matcher?.HttpCode ?? '200');
  if (failure === undefined) {
    target.passes++;
    target.failures = 0;
    if (target.passes >= (settings.HealthyThresholdCount ?? 5)) {
      target.reason = undefined;
      target.description = undefined;
      setHealth(state, group, target, 'healthy');
    }
    return;
  }
  target.failures++;
  target.passes = 0;
  if (target.failures >= (settings.UnhealthyThresholdCount ?? 2)) {
    target.reason = failure.reason;
    target.description = failure.description;
    setHealth(state, group, target, 'unhealthy');
  }
}

/** Registers a target; it gets requests once it is healthy. A target that drains comes back. */
export function registerTarget(
  state: LoadBalancing,
  group: TargetGroupRecord,
  id: string,
  port: number,
  zone?: string,
): void {
  const key = targetKey(id, port);
  const existing = group.targets.get(key);
  if (existing !== undefined && existing.state !== 'draining') return;
  existing?.next?.cancel();
  const target: TargetRecord = {
    id,
    port,
    zone,
    state: 'initial',
    reason: undefined,
    description: undefined,
    passes: 0,
    failures: 0,
    next: undefined,
  };
  state.routingChanges();
  state.healthViews.remember(group.arn, describeHealth(state, group));
  group.targets.set(key, target);
  target.next = state.kernel.events.after((group.settings.HealthCheckIntervalSeconds ?? 30) * 1000, () =>
    check(state, group, target),
  );
}

/** Registers a target that has been healthy for long: the start of a scenario. */
export function registerHealthyTarget(
  state: LoadBalancing,
  group: TargetGroupRecord,
  id: string,
  port: number,
  zone?: string,
): void {
  registerTarget(state, group, id, port, zone);
  const target = group.targets.get(targetKey(id, port));
  if (target === undefined) return;
  target.state = 'healthy';
  target.passes = group.settings.HealthyThresholdCount ?? 5;
}

/**
 * Takes a target out: it gets no new requests from now on and leaves the group after the deregistration delay, or at
 * once where it is unused.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#deregistration-delay
 */
export function deregisterTarget(
  state: LoadBalancing,
  group: TargetGroupRecord,
  id: string,
  port: number,
): void {
  const key = targetKey(id, port);
  const target = group.targets.get(key);
  if (target === undefined || target.state === 'draining') return;
  target.next?.cancel();
  const leave = (): void => {
    state.routingChanges();
    state.healthViews.remember(group.arn, describeHealth(state, group));
    group.targets.delete(key);
    state.targetChanged(group.arn, id);
  };
  // Nothing drains where no rule names the group: its targets are unused, and gone at once.
  if (state.loadBalancersOf(group.arn).length === 0) {
    leave();
    return;
  }
  const delay = Number(group.attributes.get('deregistration_delay.timeout_seconds') ?? 300) * 1000;
  setHealth(state, group, target, 'draining');
  target.next = state.kernel.events.after(delay, leave);
}

function healthOf(used: boolean, target: TargetRecord): TargetHealth {
  if (target.state === 'draining') {
    return {
      State: 'draining',
      Reason: 'Target.DeregistrationInProgress',
      Description: 'Target deregistration is in progress',
    };
  }
  if (!used) {
    return {
      State: 'unused',
      Reason: 'Target.NotInUse',
      Description: 'Target group is not configured to receive traffic from the load balancer',
    };
  }
  if (target.state === 'initial') {
    return target.passes + target.failures === 0
      ? {
          State: 'initial',
          Reason: 'Elb.RegistrationInProgress',
          Description: 'Target registration is in progress',
        }
      : {
          State: 'initial',
          Reason: 'Elb.InitialHealthChecking',
          Description: 'Initial health checks in progress',
        };
  }
  if (target.state === 'healthy') return { State: 'healthy' };
  return { State: 'unhealthy', Reason: target.reason, Description: target.description };
}

function describeHealth(state: LoadBalancing, group: TargetGroupRecord): TargetHealthDescription[] {
  const used = state.loadBalancersOf(group.arn).length > 0;
  const port = group.settings.HealthCheckPort;
  return [...group.targets.values()].map((target) => ({
    Target: {
      Id: target.id,
      Port: target.port,
      ...(target.zone === undefined ? {} : { AvailabilityZone: target.zone }),
    },
    HealthCheckPort: port === undefined || port === 'traffic-port' ? String(target.port) : port,
    TargetHealth: healthOf(used, target),
  }));
}

/** Registration and health of targets. */
export function targetOperations(state: LoadBalancing): Operations {
  const find = (arn: string | undefined): TargetGroupRecord => {
    const group = state.targetGroups.get(requireArn(arn, /:targetgroup\//, 'target group'));
    if (group === undefined) throw targetGroupNotFound();
    return group;
  };
  const portOf = (group: TargetGroupRecord, target: TargetDescription): number =>
    target.Port ?? group.settings.Port ?? 80;

  return {
    DescribeTargetHealth(input: DescribeTargetHealthCommandInput): Answer<DescribeTargetHealthCommandOutput> {
      const group = find(input.TargetGroupArn);
      const all = state.healthViews.read(group.arn, describeHealth(state, group)) ?? [];
      if (input.Targets === undefined) return { TargetHealthDescriptions: all };
      return {
        TargetHealthDescriptions: input.Targets.map((wanted): TargetHealthDescription => {
          const port = portOf(group, wanted);
          return (
            all.find(({ Target: target }) => target?.Id === wanted.Id && target?.Port === port) ?? {
              Target: { Id: wanted.Id, Port: port },
              TargetHealth: {
                State: 'unused',
                Reason: 'Target.NotRegistered',
                Description: 'Target is not registered to the target group',
              },
            }
          );
        }),
      };
    },

    RegisterTargets(input: RegisterTargetsCommandInput): object {
      const group = find(input.TargetGroupArn);
      for (const target of input.Targets ?? []) {
        if (group.settings.TargetType === 'ip' && !/^[\d.]+$|:/.test(target.Id ?? '')) {
          throw new AwsError(
            'InvalidTarget',
            `The following targets are not valid IP addresses: '${target.Id}'`,
          );
        }
        registerTarget(state, group, target.Id ?? '', portOf(group, target), target.AvailabilityZone);
      }
      return {};
    },

    DeregisterTargets(input: DeregisterTargetsCommandInput): object {
      const group = find(input.TargetGroupArn);
      for (const target of input.Targets ?? []) {
        deregisterTarget(state, group, target.Id ?? '', portOf(group, target));
      }
      return {};
    },
  };
}
