import { type Capacity, canaryTasks, type Load, measureLoad } from './capacity.ts';
import { formatDuration } from './duration.ts';
import type { Gate } from './gates.ts';
import type { Evidence } from './judge/evidence.ts';
import type { Finding, Ruling } from './judge/finding.ts';
import { judge } from './judge/judge.ts';
import { growthOf } from './load-growth.ts';
import { formatStep, type Plan, type Step } from './plan.ts';
import type { Bounds } from './scaling-hold.ts';

export type Outcome = 'promoted' | 'rolled-back';

/**
 * What the end of a step without enough evidence leads to: `hold` waits for it, for `maxHoldMs`, and then does
 * `afterHold`. `auto` holds where nothing is known, and proceeds where the canary was compared with stable and is not
 * found worse, though the requests are too few to be sure of it: the next step will have more.
 */
export type OnNoEvidence = 'auto' | 'hold' | 'roll-back' | 'proceed';

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
  /** How old a minute has to be before its metrics count as complete: so much later than its bake a step is judged. */
  readonly metricDelayMs: number;
  /** What the end of a step without enough evidence leads to. */
  readonly onNoEvidence: OnNoEvidence;
  readonly maxHoldMs: number;
  readonly afterHold: 'roll-back' | 'proceed';
  /** Whether a comparison with stable says anything while stable itself fails. */
  readonly onStableFailing: 'hold' | 'proceed';
  readonly capacity: Capacity;
  /** Stable's desired tasks when the rollout began. */
  readonly initialTasks: number;
  /** The autoscaler's limit, beyond which no tasks are asked for; without a scaler there is none. */
  readonly maxTasks?: number;
  /** Requests a minute when the rollout began; absent where they are too few, or not known any more. */
  readonly usualRequests?: number;
  /** Whether the canary is tried by requests of our own before the first user reaches it. */
  readonly preTrafficTest: boolean;
  /** How long tasks may take to become healthy. */
  readonly healthyTimeoutMs: number;
  /** How long the canary's tasks are left alone once no route leads to them any more. */
  readonly drainMs: number;
}

/** Where a rollout stands. Times are ms since the epoch. */
export type Phase =
  | {
      readonly kind: 'preparing';
      readonly startAt: number;
      /** When a former canary was first waited for. */
      readonly since?: number;
    }
  | {
      readonly kind: 'stepping';
      /** Index into the plan. */
      readonly step: number;
      readonly since: number;
      readonly load?: Load;
      /** When the canary was last scaled. */
      readonly scaledAt?: number;
      /** When the step's weight was asked for: what was there before may look much the same. */
      readonly shiftedAt?: number;
      /** When the step's weight was seen in place: its bake begins here. */
      readonly verifiedAt?: number;
    }
  | {
      readonly kind: 'promoting';
      readonly since: number;
      readonly load?: Load;
      readonly updatedAt?: number;
    }
  | {
      readonly kind: 'rolling-back';
      readonly reason: string;
      readonly since: number;
      /** When stable may have been given the new revision, though it cannot be seen yet. */
      readonly touchedAt?: number;
      readonly updatedAt?: number;
      /** Healthy tasks that stable needs before it gets the traffic, where nothing speaks against the canary. */
      readonly needs?: number;
    }
  | {
      readonly kind: 'cleaning';
      readonly outcome: Outcome;
      readonly reason: string;
      readonly since: number;
      /** When all routes were first seen without the canary. */
      readonly restoredAt?: number;
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
  /** Tasks that the load balancer still knows, those that only finish their last requests included. */
  readonly targets: number;
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
  /**
   * Whether the autoscaler may still take tasks from stable: it must not while a rollback may need them. `maybe-held`
   * where holding it was begun and the answer was lost: it has to be held again, or else released. `behind` where it
   * is held, but its schedule is about to take tasks away, or would have given some: it has to be held anew.
   */
  readonly scaling: 'none' | 'free' | 'maybe-held' | 'held' | 'behind';
  /** Between which numbers of tasks the autoscaler keeps stable now, as its schedule has it. */
  readonly bounds?: Bounds;
  /** Whether the canary may have had requests of users. */
  readonly served: boolean;
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
  | { readonly kind: 'scale-stable'; readonly tasks: number }
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
/** With little time left, a write that does not show is rather made twice. */
const HURRIED_CONSISTENCY_MS = 2_000;
/** How much later than usual metrics may come before that counts as having no evidence. */
const LATE_METRICS_MS = 3 * 60_000;
/** How long ECS may take to remove a canary before what is left of it is left to the next run. */
const REMOVAL_LIMIT_MS = 15 * 60_000;
/** With little time left, the canary's last requests get no more than that. */
const HURRIED_DRAIN_MS = 10_000;

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
      return promote(rollout, phase, seen, seen.interrupted === undefined);
    case 'rolling-back':
      return takeBack(rollout, phase, seen);
    case 'cleaning':
      return clean(rollout, phase, seen);
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
  // The canary of a run that died may have traffic already, and so may have become a danger meanwhile.
  const findings = seen.share > 0 ? judgeNow(rollout, { ...seen, since: seen.now, weight: seen.share }) : [];
  const trouble = seen.share > 0 ? troubleOf(seen, findings) : seen.interference;
  if (trouble !== undefined) return rollBack(rollout, seen, trouble, findings);
  if (seen.targetGroups !== 'all') return decided(phase, { kind: 'make-target-groups' });
  if (seen.routes !== 'attached') return decided(phase, { kind: 'attach' });
  if (seen.scaling === 'free' || needsHold(seen)) return decided(phase, { kind: 'hold-scaling' });
  if (seen.canary?.draining) {
    const since = phase.since ?? seen.now;
    if (seen.now - since > REMOVAL_LIMIT_MS)
      return rollBack(rollout, seen, 'a former canary is still draining');
    return decided({ ...phase, since }, hold('a former canary to be gone'));
  }
  if (!seen.canary) {
    const weight = (rollout.plan[phase.startAt] ?? rollout.plan[0]).weight;
    const tasks = canaryTasks(rollout.capacity, loadOf(rollout, seen, undefined), weight);
    return decided(phase, { kind: 'make-canary', tasks });
  }
  return decide(rollout, { kind: 'stepping', step: phase.startAt, since: seen.now }, seen);
}

/** Whether the autoscaler has to be held again in the middle of a rollout. */
const needsHold = ({ scaling }: Observation): boolean => scaling === 'maybe-held' || scaling === 'behind';

function loadOf(
  rollout: Rollout,
  { stable, share, canary, bounds, evidence }: Observation,
  before: Load | undefined,
): Load {
  const { usualRequests: usual } = rollout;
  const size = {
    initial: rollout.initialTasks,
    now: stable.desired,
    share,
    canary: canary?.desired ?? 0,
    ...(bounds && { least: bounds.min, ...(usual && { growth: growthOf(evidence, usual) }) }),
  };
  const load = measureLoad(rollout.capacity, size, before);
  const most = bounds?.max ?? rollout.maxTasks ?? Number.POSITIVE_INFINITY;
  const limit = Math.max(most, rollout.initialTasks, stable.desired);
  return load.total <= limit ? load : { ...load, total: limit };
}

/** Two shares that differ by less than `split` allows itself are the same. */
const sameShare = (a: number, b: number): boolean => Math.abs(a - b) <= b / 5 + 1e-6;
export const inPlace = (share: number, weight: number): boolean =>
  weight === 100 || weight === 0 ? share === weight : share > 0 && share < 100 && sameShare(share, weight);

function decideStep(rollout: Rollout, before: Phase & { kind: 'stepping' }, seen: Observation): Decision {
  const load = loadOf(rollout, seen, before.load);
  const phase = { ...before, load };
  const step: Step = rollout.plan[phase.step] ?? rollout.plan[0];
  const bakeEnd = phase.verifiedAt === undefined ? undefined : phase.verifiedAt + step.bakeMs;
  const since = phase.verifiedAt ?? seen.now;
  const findings = judgeNow(rollout, { ...seen, since, weight: step.weight }, bakeEnd);
  const trouble = troubleOf(seen, findings);
  if (trouble !== undefined || !seen.canary) {
    return rollBack(rollout, seen, trouble ?? 'the canary service is gone', findings);
  }
  if (needsHold(seen)) return decided(phase, { kind: 'hold-scaling' }, findings);
  const needed = canaryTasks(rollout.capacity, load, step.weight);
  const scaled = phase.scaledAt !== undefined && seen.now - phase.scaledAt < CONSISTENCY_MS;
  if (seen.canary.desired < needed && !scaled && !overdue(rollout, phase, seen)) {
    return decided({ ...phase, scaledAt: seen.now }, { kind: 'scale-canary', tasks: needed }, findings);
  }
  if (lacksTasks(rollout, load, seen)) {
    const asking = { ...phase, load: { ...load, asked: load.total } };
    return decided(asking, { kind: 'scale-stable', tasks: load.total }, findings);
  }
  if (phase.verifiedAt === undefined) {
    if (phase.shiftedAt !== undefined) {
      if (inPlace(seen.share, step.weight)) return decide(rollout, { ...phase, verifiedAt: seen.now }, seen);
      if (seen.now - phase.shiftedAt < CONSISTENCY_MS) {
        return decided(phase, hold(`${step.weight}% to be seen in place`), findings);
      }
      const state = `the canary has ${seen.share.toFixed(1)}% of the traffic after ${step.weight}% were asked for`;
      return rollBack(rollout, seen, state, findings);
    }
    if (seen.canary.healthy < needed) {
      const waited = seen.now - phase.since;
      if (overdue(rollout, phase, seen)) {
        const state = `${seen.canary.healthy} of ${needed} canary tasks were healthy after ${formatDuration(waited)}`;
        return rollBack(rollout, seen, state, findings);
      }
      const waitingFor = `${needed - seen.canary.healthy} of ${needed} canary tasks to become healthy`;
      return decided(phase, hold(waitingFor), findings);
    }
    if (rollout.preTrafficTest && !seen.tested && seen.share === 0)
      return decided(phase, { kind: 'test' }, findings);
    return decided({ ...phase, shiftedAt: seen.now }, { kind: 'shift', weight: step.weight }, findings);
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

/**
 * Whether stable has fewer tasks than its autoscaler would have given it by now if it had all the traffic: the scaler
 * sees a part of it only, and all of it may come back at any moment. Each number is asked for once: whoever sets
 * another one has decided so.
 */
const lacksTasks = (
  { initialTasks }: Rollout,
  { total, asked = initialTasks }: Load,
  { stable, bounds }: Observation,
): boolean => bounds !== undefined && total > Math.max(asked, stable.desired);

/** Whether the step's tasks have had their time to become healthy; once its weight is in place, they had. */
const overdue = (rollout: Rollout, phase: Phase & { kind: 'stepping' }, seen: Observation): boolean =>
  phase.verifiedAt === undefined && seen.now - phase.since > rollout.healthyTimeoutMs;

/** @param bakeEnd when the bake ends whose minutes the bounds are judged on */
function judgeNow(
  { gates, minRequests, metricDelayMs, plan, onStableFailing }: Rollout,
  { evidence, now, since, weight }: Pick<Observation, 'evidence' | 'now'> & Pick<Ruling, 'since' | 'weight'>,
  bakeEnd = Number.POSITIVE_INFINITY,
): readonly Finding[] {
  const over = now >= bakeEnd + metricDelayMs;
  const steps = plan.filter(({ bakeMs }) => bakeMs > 0).length;
  const ruling = { since, weight, minRequests, steps, onStableFailing, ...(over && { bakeEnd }) };
  return judge(gates, evidence, ruling);
}

/** What takes a release back at once, whatever the step. */
function troubleOf(seen: Observation, findings: readonly Finding[]): string | undefined {
  if (seen.interrupted !== undefined) return seen.interrupted;
  const abort = findings.find(({ verdict, warnOnly }) => verdict === 'abort' && !warnOnly);
  if (abort) return `${abort.gate}: ${abort.text}`;
  if (seen.interference !== undefined) return seen.interference;
  if (seen.canary?.failed !== undefined) return `the canary did not start: ${seen.canary.failed}`;
  if (seen.canary?.draining) return 'somebody else has deleted the canary service';
  if (seen.share > 0 && !seen.canary) return 'the canary service is gone';
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
  if (step.bakeMs === 0) return nextStep(rollout, phase, seen, findings);
  const bakeEnd = phase.verifiedAt + step.bakeMs;
  const deciding = findings.filter(({ warnOnly }) => !warnOnly);
  if (seen.now < bakeEnd) {
    const { leastMs = Number.POSITIVE_INFINITY } = step;
    const sure = deciding.every(({ verdict, sure }) => verdict === 'pass' && sure);
    if (sure && seen.now >= phase.verifiedAt + leastMs) return nextStep(rollout, phase, seen, findings);
    return decided(phase, hold(`the end of the step ${formatStep(step)}`, bakeEnd), findings);
  }
  const end = bakeEnd + rollout.metricDelayMs;
  const lastMinutes = `the metrics of the last minutes of the step ${formatStep(step)}`;
  if (seen.now < end) return decided(phase, hold(lastMinutes, end), findings);
  const failed = deciding.find(({ verdict }) => verdict === 'fail');
  if (failed) return rollBack(rollout, seen, `${failed.gate}: ${failed.text}`, findings);
  const late = end + LATE_METRICS_MS;
  if (seen.now < late && deciding.some(({ waiting }) => waiting)) {
    return decided(phase, hold(lastMinutes, late), findings);
  }
  // It is not the canary that lacks evidence, so what that leads to does not apply.
  const unjudged = deciding.find(({ stableFails }) => stableFails);
  const open = rollout.onNoEvidence === 'auto' ? ['no-evidence'] : ['no-evidence', 'undecided'];
  const unknown = unjudged ?? deciding.find(({ verdict }) => open.includes(verdict));
  if (!unknown || (!unjudged && rollout.onNoEvidence === 'proceed'))
    return nextStep(rollout, phase, seen, findings);
  const why = `${unknown.gate}: ${unknown.verdict === 'undecided' ? 'undecided' : 'no evidence'}, ${unknown.text}`;
  if (!unjudged && rollout.onNoEvidence === 'roll-back') return rollBack(rollout, seen, why, findings);
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
  const known = phase.load && { load: phase.load };
  const next =
    phase.step + 1 < rollout.plan.length
      ? decideStep(rollout, { kind: 'stepping', step: phase.step + 1, since: seen.now, ...known }, seen)
      : promote(rollout, { kind: 'promoting', since: seen.now, ...known }, seen, false);
  return { ...next, findings };
}

/**
 * @param fresh whether what is seen was looked at for the promotion: before it, nobody looks at stable's health, and
 *   an interrupted run decides by what it saw last
 */
function promote(
  rollout: Rollout,
  before: Phase & { kind: 'promoting' },
  seen: Observation,
  fresh: boolean,
): Decision {
  // Once stable has been given its tasks, it is waited for as many as these: more of them are up to its scaler, which
  // has all the traffic to go by in a moment.
  const { usualRequests: _, ...settled } = rollout;
  const load = loadOf(before.updatedAt === undefined ? rollout : settled, seen, before.load);
  const phase = { ...before, load };
  const { total } = load;
  const findings = judgeNow(rollout, { ...seen, since: seen.now, weight: 100 });
  const { stable } = seen;
  const looked = fresh || runsNew(rollout, seen);
  const back = (reason: string, needs?: number) =>
    rollBack(rollout, seen, reason, findings, { touchedAt: phase.updatedAt, looked, needs });
  const trouble = troubleOf(seen, findings) ?? withoutCarrier(seen);
  if (trouble !== undefined) return back(trouble);
  if (needsHold(seen)) return decided(phase, { kind: 'hold-scaling' }, findings);
  if (stable.taskDefinition !== rollout.to) {
    if (stable.taskDefinition !== rollout.from) {
      return back(`somebody else has deployed ${stable.taskDefinition} to the service`);
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
      return back(why, total);
    }
    return decided(phase, hold('the service to take the new revision'), findings);
  }
  if (stable.deployment === 'failed') {
    return back(`the service's own deployment failed: ${stable.deploymentReason}`, total);
  }
  const enough = Math.max(total, stable.desired);
  if (stable.deployment === 'completed' && stable.healthy >= enough && stable.running >= enough) {
    return {
      ...decide(
        rollout,
        {
          kind: 'cleaning',
          outcome: 'promoted',
          reason: 'every step was passed',
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
    return back(state, total);
  }
  return decided(
    phase,
    hold(`the service to run the new revision (${stable.healthy} of ${enough} healthy)`),
    findings,
  );
}

/** Nobody's request may meet stable while it takes a revision that it has not been seen healthy with. */
const withoutCarrier = ({ share, canary }: Observation): string | undefined =>
  share === 100 && canary
    ? undefined
    : `the canary has ${share.toFixed(1)}% of the traffic, and the service can be given the new revision only at 100%`;

/**
 * @param touchedAt when stable may have been given the new revision
 * @param looked whether stable's health is known
 * @param needs healthy tasks that stable needs before it gets the traffic, where nothing speaks against the canary
 */
function rollBack(
  rollout: Rollout,
  seen: Observation,
  reason: string,
  findings: readonly Finding[] = [],
  {
    touchedAt,
    looked = false,
    needs,
  }: { touchedAt?: number | undefined; looked?: boolean; needs?: number | undefined } = {},
): Decision {
  const phase = {
    kind: 'rolling-back',
    reason,
    since: seen.now,
    ...(touchedAt !== undefined && { touchedAt }),
    ...(needs !== undefined && { needs }),
  } as const;
  return { ...takeBack(rollout, phase, seen, looked), findings };
}

const runsNew = ({ from, to }: Rollout, { stable }: Observation): boolean =>
  stable.taskDefinition === to && to !== from;

/**
 * Traffic first; then the service's own revision, where the promotion had already changed it; then the rest. Only
 * where stable has no healthy task and the canary has, the traffic stays until stable has one again; and where it is
 * stable's own deployment that failed, not the release, until stable has as many as the traffic needs.
 *
 * @param looked whether stable's health is known
 */
function takeBack(
  rollout: Rollout,
  phase: Phase & { kind: 'rolling-back' },
  seen: Observation,
  looked = true,
): Decision {
  const { stable, canary } = seen;
  const tooLong = seen.now - phase.since > 3 * rollout.healthyTimeoutMs;
  const needed = seen.hurried || seen.interrupted !== undefined || tooLong ? 1 : (phase.needs ?? 1);
  const carried = looked && seen.share > 0 && (canary?.healthy ?? 0) >= needed;
  const stableIsDown = carried && stable.healthy < needed;
  const restored = seen.routes === 'original' && seen.share === 0;
  if (!restored && !stableIsDown) return decided(phase, { kind: 'restore-traffic' });
  const giveUp = (state: string): Decision => {
    const reason = `${phase.reason}; ${state}`;
    return decided({ kind: 'done', outcome: 'rolled-back', reason, leftovers: true }, { kind: 'finish' });
  };
  const changed = runsNew(rollout, seen);
  const doubtful =
    phase.touchedAt !== undefined &&
    phase.updatedAt === undefined &&
    stable.taskDefinition === rollout.from &&
    rollout.to !== rollout.from;
  if (changed || doubtful) {
    if (tooLong) return giveUp(`the service could not be given ${rollout.from} back`);
    const patience = seen.hurried ? HURRIED_CONSISTENCY_MS : CONSISTENCY_MS;
    if (phase.updatedAt !== undefined && seen.now - phase.updatedAt < patience) {
      return decided(phase, hold('the service to take its former revision back'));
    }
    const tasks = Math.max(stable.desired, rollout.initialTasks);
    return decided(
      { ...phase, updatedAt: seen.now },
      { kind: 'update-stable', taskDefinition: rollout.from, tasks },
    );
  }
  // Somebody else's revision is theirs to keep, but it may be what was there before ours.
  const foreign = stable.taskDefinition !== rollout.from && stable.taskDefinition !== rollout.to;
  if (foreign && phase.touchedAt !== undefined && seen.now - phase.touchedAt < CONSISTENCY_MS) {
    return decided(phase, hold('the service to show which revision it was given last'));
  }
  if (stableIsDown) {
    if (tooLong) return giveUp('the canary keeps its traffic, because the service has no healthy task');
    return decided(phase, hold('the service to have a healthy task again'));
  }
  const settled = stable.deployment !== 'in-progress' || stable.taskDefinition !== rollout.from;
  if (phase.updatedAt !== undefined && !settled && !seen.hurried && !tooLong) {
    return decided(phase, hold('the service to run its former revision everywhere'));
  }
  return clean(
    rollout,
    { kind: 'cleaning', outcome: 'rolled-back', reason: phase.reason, since: seen.now },
    seen,
  );
}

/** Removes what the rollout made, in an order in which nothing that can still get traffic is touched. */
function clean(rollout: Rollout, phase: Phase & { kind: 'cleaning' }, seen: Observation): Decision {
  const { outcome, reason } = phase;
  if (seen.routes !== 'original' || seen.share > 0) {
    const { restoredAt: _, ...again } = phase;
    return decided(again, { kind: 'restore-traffic' });
  }
  const restoredAt = phase.restoredAt ?? seen.now;
  const next: Phase = { ...phase, restoredAt };
  if (seen.scaling === 'held' || needsHold(seen)) return decided(next, { kind: 'release-scaling' });
  const end = (leftovers: boolean): Decision =>
    decided({ kind: 'done', outcome, reason, leftovers }, { kind: 'finish' });
  if (seen.canary && !seen.canary.draining) {
    // A group that no rule names is not drained: its tasks would be stopped with the requests that they have, and
    // with those that the load balancer sends for some seconds more. So they are left alone for a while first.
    const quiet = seen.now - restoredAt;
    const drainMs = seen.served ? rollout.drainMs : 0;
    const enough = seen.hurried ? Math.min(drainMs, HURRIED_DRAIN_MS) : drainMs;
    if (quiet >= enough) return decided(next, { kind: 'delete-canary' });
    if (seen.hurried) return end(true);
    return decided(next, hold('the canary to finish its last requests', restoredAt + drainMs));
  }
  const overdue = seen.hurried || seen.now - restoredAt > rollout.drainMs + REMOVAL_LIMIT_MS;
  if (seen.targetGroups !== 'none') {
    if (seen.canary && seen.canary.targets > 0) {
      return overdue ? end(true) : decided(next, hold('the load balancer to let go of the canary'));
    }
    return decided(next, { kind: 'delete-target-groups' });
  }
  // Its tasks get no requests any more; that they end is up to ECS alone.
  return seen.canary && !overdue ? decided(next, hold('the canary service to be gone')) : end(false);
}

/** When something was asked of AWS that is not seen at once. */
const MOMENTS = ['scaledAt', 'shiftedAt', 'updatedAt'] as const;

/**
 * The phase once AWS has answered what it asked for: throttled calls are tried again for minutes, and what is read may
 * lag behind from the answer on, not from the first try. Nor have tasks had time before they were asked for, however
 * slowly AWS told of their service: a phase that waits for tasks begins with what it asks for first.
 *
 * @param asked when the action was decided, ms
 */
export function answered(phase: Phase, asked: number, now: number): Phase {
  const waits = phase.kind === 'stepping' || phase.kind === 'promoting';
  const late = [...MOMENTS, ...(waits ? (['since'] as const) : [])].filter(
    (moment) => (phase as { [key in typeof moment]?: number })[moment] === asked,
  );
  return { ...phase, ...Object.fromEntries(late.map((moment) => [moment, now])) };
}
