import { type Capacity, canaryTasks, totalTasks } from './capacity.ts';
import { formatDuration } from './duration.ts';
import type { Gate } from './gates.ts';
import type { Evidence } from './judge/evidence.ts';
import { type Finding, judge } from './judge/judge.ts';
import { formatStep, type Plan, type Step } from './plan.ts';

export type Outcome = 'promoted' | 'rolled-back';

/** What stays the same for the whole of a rollout. */
export interface Rollout {
  /** Task definition ARN that stable ran when the rollout began. */
  readonly from: string;
  /** Task definition ARN that is being released. */
  readonly to: string;
  /** Ends at 100%. */
  readonly plan: Plan;
  readonly gates: readonly Gate[];
  readonly minRequests: number;
  /** What the end of a step without enough evidence leads to; `hold` waits for `maxHoldMs`, then does `afterHold`. */
  readonly onNoEvidence: 'hold' | 'roll-back' | 'proceed';
  readonly maxHoldMs: number;
  readonly afterHold: 'roll-back' | 'proceed';
  readonly capacity: Capacity;
  /** Stable's desired tasks when the rollout began. */
  readonly initialTasks: number;
  /** Whether the canary is tried by requests of our own before the first user reaches it. */
  readonly preTrafficTest: boolean;
  /** How long tasks may take to become healthy. */
  readonly healthyTimeoutMs: number;
}

/** Where a rollout stands. Times are ms since the epoch. */
export type Phase =
  | { readonly kind: 'preparing'; readonly startAt: number }
  | {
      readonly kind: 'stepping';
      /** Index into the plan. */
      readonly step: number;
      readonly since: number;
      /** When the step's weight was seen in place: its bake begins here. */
      readonly verifiedAt?: number;
    }
  | { readonly kind: 'promoting'; readonly since: number; readonly updatedAt?: number }
  | {
      readonly kind: 'rolling-back';
      readonly reason: string;
      readonly since: number;
      readonly updatedAt?: number;
    }
  | {
      readonly kind: 'cleaning';
      readonly outcome: Outcome;
      readonly reason: string;
      readonly since: number;
    }
  | {
      readonly kind: 'done';
      readonly outcome: Outcome;
      readonly reason: string;
      readonly leftovers: boolean;
    };

export interface StableState {
  readonly desired: number;
  readonly running: number;
  readonly taskDefinition: string;
  /** Of the newest deployment of the service. */
  readonly deployment: 'in-progress' | 'completed' | 'failed';
  readonly deploymentReason: string;
  /** Healthy targets, in the target group that has fewest. */
  readonly healthy: number;
}

export interface CanaryState {
  readonly desired: number;
  readonly running: number;
  readonly healthy: number;
  /** Deleted, its tasks still finishing what they have begun. */
  readonly draining: boolean;
  /** ECS has given up on starting its tasks; why. */
  readonly failed?: string;
}

/** What AWS looks like at one moment. */
export interface Observation {
  readonly now: number;
  readonly stable: StableState;
  readonly canary?: CanaryState;
  /** Whether any, or all, of the canary's target groups exist. */
  readonly targetGroups: 'none' | 'some' | 'all';
  /** `original`: no listener rule names a canary target group; `attached`: all routes do. */
  readonly routes: 'original' | 'partly' | 'attached';
  /** Percent of the service's traffic that goes to the canary; the largest of all routes. */
  readonly share: number;
  /** What somebody else has changed that the rollout relies on. */
  readonly interference?: string;
  /** Whether the autoscaler may still take tasks from stable: it must not while a rollback may need them. */
  readonly scaling: 'none' | 'free' | 'held';
  /** Whether the requests before the first user have been answered well. */
  readonly tested: boolean;
  readonly evidence: Evidence;
  /** Why the rollout must end now: cancelled, an error inside, a rollback by hand. */
  readonly interrupted?: string;
  /** Little time is left: what AWS finishes by itself is not waited for. */
  readonly hurried: boolean;
}

/** The next thing to do. All of them may be done twice without harm. */
export type Action =
  | { readonly kind: 'make-target-groups' }
  | { readonly kind: 'attach' }
  | { readonly kind: 'hold-scaling' }
  | { readonly kind: 'make-canary'; readonly tasks: number }
  | { readonly kind: 'scale-canary'; readonly tasks: number }
  | { readonly kind: 'test' }
  | { readonly kind: 'shift'; readonly weight: number }
  | { readonly kind: 'update-stable'; readonly taskDefinition: string; readonly tasks: number }
  | { readonly kind: 'restore-traffic' }
  | { readonly kind: 'delete-canary' }
  | { readonly kind: 'release-scaling' }
  | { readonly kind: 'delete-target-groups' }
  | { readonly kind: 'hold'; readonly waitingFor: string; readonly until?: number }
  | { readonly kind: 'finish' };

export interface Decision {
  /** Where the rollout stands from now on. */
  readonly phase: Phase;
  readonly action: Action;
  /** What the gates said, where they were asked. */
  readonly findings: readonly Finding[];
}

/** After a write, ECS may answer with the state before it for a while; only then is the answer taken at its word. */
const CONSISTENCY_MS = 30_000;
/** How long a deleted canary may take to finish its last requests before its target group is left to the next run. */
const DRAIN_LIMIT_MS = 15 * 60_000;

/** Decides what comes next: pure, so the whole behaviour of a rollout can be tested without AWS and without time. */
export function decide(rollout: Rollout, phase: Phase, seen: Observation): Decision {
  switch (phase.kind) {
    case 'preparing':
      return seen.interrupted !== undefined
        ? rollBack(rollout, seen, seen.interrupted)
        : prepare(rollout, phase, seen);
    case 'stepping':
      return decideStep(rollout, phase, seen);
    case 'promoting':
      return promote(rollout, phase, seen);
    case 'rolling-back':
      return takeBack(rollout, phase, seen);
    case 'cleaning':
      return clean(phase, seen);
    case 'done':
      return decided(phase, { kind: 'finish' });
  }
}

const decided = (phase: Phase, action: Action, findings: readonly Finding[] = []): Decision => ({
  phase,
  action,
  findings,
});

const hold = (waitingFor: string, until?: number): Action => ({
  kind: 'hold',
  waitingFor,
  ...(until !== undefined && { until }),
});

function prepare(rollout: Rollout, phase: Phase & { kind: 'preparing' }, seen: Observation): Decision {
  if (seen.targetGroups !== 'all') return decided(phase, { kind: 'make-target-groups' });
  if (seen.routes !== 'attached') return decided(phase, { kind: 'attach' });
  if (seen.scaling === 'free') return decided(phase, { kind: 'hold-scaling' });
  if (seen.canary?.draining) return decided(phase, hold('a former canary to be gone'));
  if (!seen.canary) {
    const weight = (rollout.plan[phase.startAt] ?? rollout.plan[0]).weight;
    return decided(phase, { kind: 'make-canary', tasks: tasksFor(rollout, seen, weight) });
  }
  return decide(rollout, { kind: 'stepping', step: phase.startAt, since: seen.now }, seen);
}

const sizeOf = ({ initialTasks }: Rollout, { stable, share }: Observation) => ({
  initial: initialTasks,
  now: stable.desired,
  share,
});

const tasksFor = (rollout: Rollout, seen: Observation, weight: number): number =>
  canaryTasks(rollout.capacity, sizeOf(rollout, seen), weight);

/** Two shares that differ by less than weights can express are the same. */
const sameShare = (a: number, b: number): boolean => Math.abs(a - b) <= Math.max(0.5, b / 5);
export const inPlace = (share: number, weight: number): boolean =>
  weight === 100 || weight === 0 ? share === weight : share > 0 && share < 100 && sameShare(share, weight);

function decideStep(rollout: Rollout, phase: Phase & { kind: 'stepping' }, seen: Observation): Decision {
  const step: Step = rollout.plan[phase.step] ?? rollout.plan[0];
  const findings = judgeNow(rollout, phase.verifiedAt ?? seen.now, seen);
  const trouble = troubleOf(seen, findings);
  if (trouble !== undefined || !seen.canary) {
    return rollBack(rollout, seen, trouble ?? 'the canary service is gone', findings);
  }
  const needed = tasksFor(rollout, seen, step.weight);
  if (seen.canary.desired < needed) return decided(phase, { kind: 'scale-canary', tasks: needed }, findings);
  if (phase.verifiedAt === undefined) {
    if (inPlace(seen.share, step.weight)) return decide(rollout, { ...phase, verifiedAt: seen.now }, seen);
    if (seen.canary.healthy < needed) {
      const waited = seen.now - phase.since;
      if (waited > rollout.healthyTimeoutMs) {
        const state = `${seen.canary.healthy} of ${needed} canary tasks were healthy after ${formatDuration(waited)}`;
        return rollBack(rollout, seen, state, findings);
      }
      const waitingFor = `${needed - seen.canary.healthy} of ${needed} canary tasks to become healthy`;
      return decided(phase, hold(waitingFor), findings);
    }
    if (rollout.preTrafficTest && !seen.tested && seen.share === 0)
      return decided(phase, { kind: 'test' }, findings);
    return decided(phase, { kind: 'shift', weight: step.weight }, findings);
  }
  if (!inPlace(seen.share, step.weight)) {
    return rollBack(
      rollout,
      seen,
      `somebody else has changed the weights: the canary has ${seen.share.toFixed(1)}% of the traffic instead of ${step.weight}%`,
      findings,
    );
  }
  return bake(rollout, { ...phase, verifiedAt: phase.verifiedAt }, step, seen, findings);
}

function judgeNow(rollout: Rollout, since: number, seen: Observation): readonly Finding[] {
  return judge(rollout.gates, seen.evidence, { since, minRequests: rollout.minRequests });
}

/** What takes a release back at once, whatever the step. */
function troubleOf(seen: Observation, findings: readonly Finding[]): string | undefined {
  if (seen.interrupted !== undefined) return seen.interrupted;
  const abort = findings.find(({ verdict, warnOnly }) => verdict === 'abort' && !warnOnly);
  if (abort) return `${abort.gate}: ${abort.text}`;
  if (seen.interference !== undefined) return seen.interference;
  if (seen.canary?.failed !== undefined) return `the canary did not start: ${seen.canary.failed}`;
  if (seen.canary?.draining) return 'somebody else has deleted the canary service';
  if (seen.share > 0 && seen.canary && (seen.canary.running === 0 || seen.canary.healthy === 0)) {
    return `the canary has ${seen.share.toFixed(0)}% of the traffic and no healthy task`;
  }
  return undefined;
}

function bake(
  rollout: Rollout,
  phase: Phase & { kind: 'stepping'; verifiedAt: number },
  step: Step,
  seen: Observation,
  findings: readonly Finding[],
): Decision {
  const end = phase.verifiedAt + step.bakeMs;
  if (seen.now < end) return decided(phase, hold(`the end of the step ${formatStep(step)}`, end), findings);
  if (step.bakeMs === 0) return nextStep(rollout, phase, seen, findings);
  const deciding = findings.filter(({ warnOnly }) => !warnOnly);
  const failed = deciding.find(({ verdict }) => verdict === 'fail');
  if (failed) return rollBack(rollout, seen, `${failed.gate}: ${failed.text}`, findings);
  const unknown = deciding.find(({ verdict }) => verdict === 'no-evidence');
  if (!unknown || rollout.onNoEvidence === 'proceed') return nextStep(rollout, phase, seen, findings);
  const why = `${unknown.gate}: no evidence, ${unknown.text}`;
  if (rollout.onNoEvidence === 'roll-back') return rollBack(rollout, seen, why, findings);
  const limit = end + rollout.maxHoldMs;
  if (seen.now < limit) return decided(phase, hold(`evidence for ${why}`, limit), findings);
  if (rollout.afterHold === 'proceed') return nextStep(rollout, phase, seen, findings);
  return rollBack(rollout, seen, `${why}, after holding for ${formatDuration(rollout.maxHoldMs)}`, findings);
}

function nextStep(
  rollout: Rollout,
  phase: Phase & { kind: 'stepping' },
  seen: Observation,
  findings: readonly Finding[],
): Decision {
  const next: Phase =
    phase.step + 1 < rollout.plan.length
      ? { kind: 'stepping', step: phase.step + 1, since: seen.now }
      : { kind: 'promoting', since: seen.now };
  return { ...decide(rollout, next, seen), findings };
}

function promote(rollout: Rollout, phase: Phase & { kind: 'promoting' }, seen: Observation): Decision {
  const findings = judgeNow(rollout, seen.now, seen);
  const { stable } = seen;
  const trouble = troubleOf(seen, findings);
  if (trouble !== undefined) return rollBack(rollout, seen, trouble, findings);
  const total = totalTasks(sizeOf(rollout, seen));
  if (stable.taskDefinition !== rollout.to) {
    if (stable.taskDefinition !== rollout.from) {
      return rollBack(
        rollout,
        seen,
        `somebody else has deployed ${stable.taskDefinition} to the service`,
        findings,
      );
    }
    if (phase.updatedAt === undefined) {
      const tasks = Math.max(stable.desired, total);
      return decided(
        { ...phase, updatedAt: seen.now },
        { kind: 'update-stable', taskDefinition: rollout.to, tasks },
        findings,
      );
    }
    if (seen.now - phase.updatedAt > CONSISTENCY_MS) {
      const why = `ECS took the service's own deployment back: ${stable.deploymentReason || 'it runs the former revision'}`;
      return rollBack(rollout, seen, why, findings);
    }
    return decided(phase, hold('the service to take the new revision'), findings);
  }
  if (stable.deployment === 'failed') {
    return rollBack(
      rollout,
      seen,
      `the service's own deployment failed: ${stable.deploymentReason}`,
      findings,
    );
  }
  const enough = Math.max(total, stable.desired);
  if (stable.deployment === 'completed' && stable.healthy >= enough && stable.running >= enough) {
    return {
      ...decide(
        rollout,
        {
          kind: 'cleaning',
          outcome: 'promoted',
          reason: 'all gates held at every step',
          since: seen.now,
        },
        seen,
      ),
      findings,
    };
  }
  const limit = 3 * rollout.healthyTimeoutMs;
  if (seen.now - phase.since > limit) {
    const state = `the service had ${stable.healthy} of ${enough} healthy tasks ${formatDuration(limit)} after its promotion began`;
    return rollBack(rollout, seen, state, findings);
  }
  return decided(
    phase,
    hold(`the service to run the new revision (${stable.healthy} of ${enough} healthy)`),
    findings,
  );
}

function rollBack(
  rollout: Rollout,
  seen: Observation,
  reason: string,
  findings: readonly Finding[] = [],
): Decision {
  return {
    ...takeBack(rollout, { kind: 'rolling-back', reason, since: seen.now }, seen),
    findings,
  };
}

/** Traffic first; then the service's own revision, where the promotion had already changed it; then the rest. */
function takeBack(rollout: Rollout, phase: Phase & { kind: 'rolling-back' }, seen: Observation): Decision {
  const { stable, canary } = seen;
  const changed = stable.taskDefinition === rollout.to && rollout.to !== rollout.from;
  const stableIsDown = changed && stable.healthy === 0 && (canary?.healthy ?? 0) > 0;
  const restored = seen.routes === 'original' && seen.share === 0;
  if (!restored && !stableIsDown) return decided(phase, { kind: 'restore-traffic' });
  if (changed && !(seen.hurried && phase.updatedAt !== undefined)) {
    const recently = phase.updatedAt !== undefined && seen.now - phase.updatedAt < CONSISTENCY_MS;
    if (!recently) {
      const tasks = Math.max(stable.desired, rollout.initialTasks);
      return decided(
        { ...phase, updatedAt: seen.now },
        { kind: 'update-stable', taskDefinition: rollout.from, tasks },
      );
    }
    return decided(phase, hold('the service to take its former revision back'));
  }
  const settled = stable.deployment !== 'in-progress' || stable.taskDefinition !== rollout.from;
  const overdue = seen.now - phase.since > 3 * rollout.healthyTimeoutMs;
  if (phase.updatedAt !== undefined && !settled && !seen.hurried && !overdue) {
    return decided(phase, hold('the service to run its former revision everywhere'));
  }
  if (!restored) return decided(phase, { kind: 'restore-traffic' });
  return clean({ kind: 'cleaning', outcome: 'rolled-back', reason: phase.reason, since: seen.now }, seen);
}

/** Removes what the rollout made, in an order in which nothing that can still get traffic is touched. */
function clean(phase: Phase & { kind: 'cleaning' }, seen: Observation): Decision {
  if (seen.routes !== 'original' || seen.share > 0) return decided(phase, { kind: 'restore-traffic' });
  if (seen.canary && !seen.canary.draining) return decided(phase, { kind: 'delete-canary' });
  if (seen.scaling === 'held') return decided(phase, { kind: 'release-scaling' });
  const { outcome, reason } = phase;
  if (seen.canary) {
    const leave = seen.hurried || seen.now - phase.since > DRAIN_LIMIT_MS;
    return leave
      ? decided({ kind: 'done', outcome, reason, leftovers: true }, { kind: 'finish' })
      : decided(phase, hold('the canary to finish its last requests'));
  }
  if (seen.targetGroups !== 'none') return decided(phase, { kind: 'delete-target-groups' });
  return decided({ kind: 'done', outcome, reason, leftovers: false }, { kind: 'finish' });
}
