/** What one side (canary or stable) did in one minute, as CloudWatch tells it. */
export interface Period {
  /** Start of the minute, ms since the epoch. */
  readonly start: number;
  /**
   * Requests that were given to a target. 0 when CloudWatch has no value (load balancer metrics are absent, not 0,
   * where nothing happened), and as long as it is not known what became of them.
   */
  readonly requests: number;
  /** Requests that a target answered, with whatever code; the load balancer itself answered the others 502 or 504. */
  readonly answered: number;
  readonly errors5xx: number;
  readonly errors4xx: number;
  /** Sum of the response times, in ms; `undefined` when there were none. */
  readonly latencySumMs?: number;
  /** How many response times there are; `undefined` when there were none. */
  readonly timed?: number;
  /** Requests slower than a bound, by the bound in ms. */
  readonly slower: Readonly<Record<number, number>>;
  /** Averages by name: `cpu` and `memory` as fractions, custom metrics as they are. Absent where unknown. */
  readonly means: Readonly<Record<string, number>>;
  /** Whether nothing more is to be expected: the minute is old enough, and its numbers add up. */
  readonly settled: boolean;
}

/** A task that ECS stopped, and why, in AWS's own words. */
export interface StoppedTask {
  readonly arn: string;
  /** The deployment that started it, such as `ecs-svc/1234567890123456789`. */
  readonly startedBy: string;
  readonly stopCode: string;
  readonly reason: string;
  readonly stoppedAt: number;
  readonly containers: readonly {
    readonly name: string;
    readonly exitCode?: number;
    readonly reason?: string;
  }[];
}

export interface Alarm {
  readonly name: string;
  /** `GONE`: somebody has deleted it since the rollout began. */
  readonly state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA' | 'GONE';
  readonly reason: string;
  readonly since: number;
}

/** How long tasks have been running, and which of stable's have crashed in that time. */
export interface Lives {
  /** Since when the canary's tasks are counted, ms since the epoch: crashes before that do not. */
  readonly since: number;
  /** Of the canary, in minutes times tasks. */
  readonly canaryTaskMinutes: number;
  /** Of stable, in minutes times tasks; it may reach back to before the rollout. */
  readonly stableTaskMinutes: number;
  readonly stableCrashes: readonly StoppedTask[];
}

/** All that is known of a canary that has traffic. */
export interface Evidence {
  /**
   * Minutes that lie wholly after the canary's first traffic was verified in place, oldest first, without gaps.
   */
  readonly canary: readonly Period[];
  /** The same minutes of stable. */
  readonly stable: readonly Period[];
  /** Stable's minutes before the canary's first traffic, oldest first: what is usual for the service. */
  readonly before: readonly Period[];
  /** Whether CloudWatch said that it answered with all it has. */
  readonly complete: boolean;
  /** Canary tasks that stopped by themselves. */
  readonly crashes: readonly StoppedTask[];
  /** What the canary's crashes are held against; absent where no gate asks for it. */
  readonly lives?: Lives;
  /** How long, up to now, the canary has had an unhealthy target without a break, in ms. */
  readonly unhealthyMs: number;
  readonly alarms: readonly Alarm[];
}

export const NO_EVIDENCE: Evidence = {
  canary: [],
  stable: [],
  before: [],
  complete: true,
  crashes: [],
  unhealthyMs: 0,
  alarms: [],
};

/**
 * Whether a task stopped by its own fault: its container ended, it could not start, or it failed its health checks.
 * Scaling, deployments, people, and Fargate's own maintenance stop tasks too, and say nothing about the release.
 */
export const isCrash = ({ stopCode, reason }: StoppedTask): boolean =>
  stopCode === 'EssentialContainerExited' ||
  stopCode === 'TaskFailedToStart' ||
  (stopCode === 'ServiceSchedulerInitiated' && /health check/i.test(reason));

/** Why a stopped task stopped, in one line: stop code, reason, and every container that said something. */
export function describeStop(task: StoppedTask): string {
  const containers = task.containers
    .filter(({ exitCode, reason }) => exitCode !== undefined || reason !== undefined)
    .map(({ name, exitCode, reason }) =>
      [`${name}:`, exitCode === undefined ? undefined : `exit code ${exitCode}`, reason]
        .filter((part) => part !== undefined)
        .join(' '),
    );
  const id = task.arn.split('/').at(-1) ?? task.arn;
  return [`task ${id} stopped`, task.stopCode, task.reason, ...containers]
    .filter((part) => part !== '')
    .join('; ');
}
