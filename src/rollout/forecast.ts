import { type Capacity, canaryTasks } from './capacity.ts';
import type { Rollout } from './controller.ts';
import { formatDuration } from './duration.ts';
import type { Step } from './plan.ts';

/** How long something takes at least and at most, in ms, as far as it is up to the plan. */
export interface Span {
  readonly least: number;
  readonly most: number;
}

/** One step of a plan as it would be carried out. */
export interface StepForecast {
  /** Percent of the service's traffic. */
  readonly weight: number;
  /** Tasks that the canary has before it gets that share. */
  readonly tasks: number;
  /** After the rollout began; the time that tasks take to start comes on top. */
  readonly begins: Span;
  /** Until the step has been judged. */
  readonly lasts: Span;
  /** How long the canary is watched. */
  readonly bakeMs: number;
  /** With it, the bake may end as soon after this time as every gate passes for sure. */
  readonly leastMs?: number;
}

export interface StepsForecast {
  readonly steps: readonly StepForecast[];
  /** Until the last user has the release. */
  readonly allUsers: Span;
  /** Until the last step has been judged and the service itself takes the release. */
  readonly total: Span;
  /** Tasks of the canary and the service together, when most of them run; a surge of the service's own not counted. */
  readonly mostTasks: number;
}

/** What a rollout would do, as long as every gate passes. Durations are ms. */
export interface Forecast extends StepsForecast {
  readonly cluster: string;
  readonly service: string;
  /** `family:revision` that the service runs now. */
  readonly runs: string;
  /** Tasks that the service is set to now. */
  readonly tasks: number;
  readonly targetGroups: readonly string[];
  /** The listener rules that are split, in words. */
  readonly routes: readonly string[];
  readonly gates: readonly { readonly text: string; readonly warnOnly: boolean }[];
  readonly alarms: readonly string[];
  /** How long clients stay on their side, rule by rule; nothing where they need not. */
  readonly stickiness: readonly string[];
  readonly preTrafficTest: boolean;
  /** How long a step may be held that has too little evidence, and what comes then. */
  readonly hold: { readonly mostMs: number; readonly afterwards: 'roll-back' | 'proceed' };
  /** How long the canary's last requests get at the end. */
  readonly drainMs: number;
  readonly timeLimitMs?: number;
  /** The autoscaler, whose scale-in is held meanwhile; absent where there is none. */
  readonly scaling?: { readonly maxTasks: number };
}

export interface Remark {
  readonly level: 'notice' | 'warning';
  readonly text: string;
}

type Known = Pick<Rollout, 'plan' | 'metricDelayMs' | 'initialTasks'> & {
  readonly capacity: Capacity;
};

/**
 * What a rollout in which every gate passes would do: tasks and times as the controller counts them. A step that
 * bakes is judged when the metrics of its last minute are there, unless its gates are sure before.
 */
export function foreseeSteps({ plan, capacity, metricDelayMs, initialTasks }: Known): StepsForecast {
  const load = { stable: initialTasks, total: initialTasks };
  const steps: StepForecast[] = [];
  let total: Span = { least: 0, most: 0 };
  for (const step of plan) {
    const lasts = lengthOf(step, metricDelayMs);
    const tasks = canaryTasks(capacity, load, step.weight);
    steps.push({ ...step, tasks, begins: total, lasts });
    total = { least: total.least + lasts.least, most: total.most + lasts.most };
  }
  const allUsers = steps.find(({ weight }) => weight === 100)?.begins ?? total;
  const canary = Math.max(...steps.map(({ tasks }) => tasks));
  return { steps, allUsers, total, mostTasks: initialTasks + canary };
}

function lengthOf({ bakeMs, leastMs }: Step, metricDelayMs: number): Span {
  if (bakeMs === 0) return { least: 0, most: 0 };
  const most = bakeMs + metricDelayMs;
  return { least: leastMs ?? most, most };
}

export const formatSpan = ({ least, most }: Span): string =>
  least === most ? formatDuration(most) : `${formatDuration(least)} to ${formatDuration(most)}`;
