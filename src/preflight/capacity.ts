import { type Finding, fail, isUnseen, pass, type Seen, skip, unseen, warn } from './finding.ts';

/** What a canary takes beside the service, and what there is of it. */
export interface CapacityFacts {
  /** Tasks of the canary when it has all the traffic, and those that the service starts more while it takes it over. */
  readonly need: { readonly canary: number; readonly takeover: number };
  /** Of one task; undefined where the definition does not say. */
  readonly cpuUnits: number | undefined;
  /** Undefined for tasks on instances, whose room is not looked at. */
  readonly fargate:
    | {
        readonly spot: boolean;
        /** In vCPU. */
        readonly quota: Seen<{ readonly value: number; readonly used: number | undefined } | undefined>;
      }
    | undefined;
  readonly desired: number;
  /** Undefined where the service is not scaled by itself. */
  readonly scaler: Seen<{ readonly max: number } | undefined>;
  /** Of the load balancer: what is used and what is taken more, by AWS's name of the limit. */
  readonly limits: Seen<
    readonly { readonly name: string; readonly used: number; readonly more: number; readonly limit: number }[]
  >;
}

const QUOTA_PAGE = 'Ask for more in Service Quotas (AWS Fargate)';

export function checkCapacity(facts: CapacityFacts): readonly Finding[] {
  return [...ofQuota(facts), ...ofScaler(facts), ...ofLimits(facts.limits)];
}

function ofQuota({ need, cpuUnits, fargate }: CapacityFacts): readonly Finding[] {
  const check = 'capacity';
  if (!fargate) return [skip(check, 'the tasks run on instances, whose room is not looked at')];
  const { spot, quota } = fargate;
  const name = `the quota of Fargate ${spot ? 'Spot ' : 'On-Demand '}vCPU`;
  if (cpuUnits === undefined)
    return [skip(check, 'the task definition does not say how much CPU a task has')];
  if (isUnseen(quota)) return [unseen(check, name, quota)];
  if (!quota) return [skip(check, `${name} is not known to Service Quotas in this region`)];
  const { value, used = 0 } = quota;
  const cpu = (tasks: number) => round((tasks * cpuUnits) / 1024);
  const [canary, peak] = [cpu(need.canary), cpu(need.canary + need.takeover)];
  const known =
    quota.used === undefined
      ? `; what is used of it CloudWatch does not tell`
      : `, of which ${round(used)} are used`;
  const what = `${name} is ${value}${known}; a canary of ${need.canary} tasks takes ${canary} more`;
  if (used + canary > value) return [fail(check, what, `${QUOTA_PAGE}, or release with less at a time.`)];
  if (used + peak > value) {
    return [
      warn(
        check,
        `${what}, and ${round(peak - canary)} more while the service takes the revision over, which it then does more slowly`,
        `${QUOTA_PAGE}.`,
      ),
    ];
  }
  return [pass(check, what)];
}

function ofScaler({ scaler, desired }: CapacityFacts): readonly Finding[] {
  const check = 'capacity';
  if (isUnseen(scaler)) return [unseen(check, 'the autoscaler', scaler)];
  if (!scaler) return [];
  const { max } = scaler;
  if (desired < max) return [pass(check, `the autoscaler may bring ${desired} tasks to ${max}`)];
  return [
    warn(
      check,
      `the service runs ${desired} tasks, and its autoscaler allows ${max}: it cannot grow while a release is under way`,
      'Raise the maximum, or release when there is less traffic.',
    ),
  ];
}

function ofLimits(limits: CapacityFacts['limits']): readonly Finding[] {
  const check = 'capacity';
  if (isUnseen(limits)) return [unseen(check, 'the limits of the load balancer', limits)];
  return limits
    .filter(({ used, more, limit }) => more > 0 && used + more > limit)
    .map(({ name, used, more, limit }) =>
      fail(
        check,
        `${name} is ${limit}, of which ${used} are used, and a canary takes ${more} more`,
        'Remove what is not needed, or ask for more in Service Quotas (Elastic Load Balancing).',
      ),
    );
}

const round = (value: number): number => Math.round(value * 100) / 100;
