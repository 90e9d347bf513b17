/** The services that the simulator speaks for, by the SDK's service ids. */
export type ServiceId =
  | 'ECS'
  | 'Elastic Load Balancing v2'
  | 'CloudWatch'
  | 'STS'
  | 'Resource Groups Tagging API'
  | 'Application Auto Scaling'
  | 'ECR'
  | 'CloudFormation'
  | 'CloudWatch Logs'
  | 'SSM'
  | 'RDS'
  | 'ElastiCache'
  | 'S3'
  | 'CloudFront'
  | 'SNS'
  | 'Secrets Manager'
  | 'Service Quotas'
  | 'IAM'
  | 'EC2';

/**
 * What goes wrong:
 * - `throttle`: the service's own throttling error, nothing happens
 * - `internal-error`: the service's own error with status 500, nothing happens
 * - `access-denied`: the service's own refusal in the words of IAM, nothing happens
 * - `timeout`: no answer until the client gives up
 * - `lost-answer`: the call takes effect, then the connection breaks
 * - `cut`: the connection breaks in the middle of an answer that is a stream, after `pieces` of it, or an object of S3;
 *   elsewhere `lost-answer`
 * - `kill`: the caller is killed (`onKill`), and never gets an answer
 */
export type FaultKind =
  | 'throttle'
  | 'internal-error'
  | 'access-denied'
  | 'timeout'
  | 'lost-answer'
  | 'cut'
  | 'kill';

/** A fault and the calls that it strikes. */
export interface Fault {
  readonly kind: FaultKind;
  /** Only calls of this service. */
  readonly service?: ServiceId;
  /** Only calls of this operation, such as `UpdateService`. */
  readonly operation?: string;
  /** From the nth call of all that reach the simulator, counted from 1. */
  readonly call?: number;
  /** From the nth of the calls that match service and operation, counted from 1 since the fault was added. */
  readonly nth?: number;
  /** How many calls it strikes: 1 if `call` or `nth` is given, else all. */
  readonly times?: number;
  /** `kill` and `timeout` only: the call takes effect first. */
  readonly after?: boolean;
  /** `cut` only: how many messages of the stream still come, the first of which says nothing; 2 if not given. */
  readonly pieces?: number;
  /** `access-denied` only: the resource that the message names. */
  readonly resource?: string;
}

/** A call as faults see it. */
export interface Target {
  /** The call's number among all calls, from 1. */
  readonly n: number;
  readonly service: string;
  readonly operation: string;
}

/** Decides which fault strikes which call. */
export interface FaultPlan {
  add(fault: Fault): void;
  /** Forgets all faults. */
  clear(): void;
  /** Tells the plan of a call, each call once, and gives the fault that strikes it. The first that fits wins. */
  strike(target: Target): Fault | undefined;
}

export function createFaultPlan(faults: readonly Fault[] = []): FaultPlan {
  let plan: Planned[] = [];
  const add = (fault: Fault) => plan.push({ fault, seen: 0, struck: 0 });
  faults.forEach(add);
  return {
    add,
    clear: () => {
      plan = [];
    },
    strike(target) {
      // Every fault counts every call, whichever strikes.
      const due = plan.filter((planned) => isDue(planned, target));
      const [first] = due;
      if (first) first.struck += 1;
      return first?.fault;
    },
  };
}

interface Planned {
  readonly fault: Fault;
  /** How many calls matched service and operation so far. */
  seen: number;
  struck: number;
}

function isDue(planned: Planned, target: Target): boolean {
  const { service, operation, call, nth, times } = planned.fault;
  if (service !== undefined && service !== target.service) return false;
  if (operation !== undefined && operation !== target.operation) return false;
  planned.seen += 1;
  if (call !== undefined && target.n < call) return false;
  if (nth !== undefined && planned.seen < nth) return false;
  const most = times ?? (call === undefined && nth === undefined ? Number.POSITIVE_INFINITY : 1);
  return planned.struck < most;
}
