import { ConfigError, type Problem } from '../errors.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { listLines } from './list-lines.ts';

/** One stop of a rollout: how much of the service's traffic the canary gets, and how long it is watched there. */
export interface Step {
  /** Percent of the service's traffic, above 0 and at most 100. */
  readonly weight: number;
  readonly bakeMs: number;
  /** With it, the step ends as soon after this time as every gate passes for sure; `bakeMs` is then the longest. */
  readonly leastMs?: number;
}

export type Plan = readonly [Step, ...Step[]];

const MINUTE = 60_000;

/** The plans that have a name. Every strategy is a list of steps; the loop that runs them is the same. */
export const STRATEGIES = {
  canary: plan([5, 15], [25, 15], [50, 15]),
  'blue-green': plan([10, 5], [50, 5]),
  linear: plan([10, 5], [20, 5], [30, 5], [40, 5], [50, 5], [60, 5], [70, 5], [80, 5], [90, 5]),
  'all-at-once': plan([100, 5]),
} as const satisfies Record<string, Plan>;

export type Strategy = keyof typeof STRATEGIES;
export const STRATEGY_NAMES = Object.keys(STRATEGIES) as Strategy[];

type ShortStep = readonly [weight: number, minutes: number];

function plan(first: ShortStep, ...others: ShortStep[]): Plan {
  const step = ([weight, minutes]: ShortStep): Step => ({ weight, bakeMs: minutes * MINUTE });
  return [step(first), ...others.map(step)];
}

/**
 * Reads steps, one per line, such as `5% for 15m`. Weights rise from line to line; `100% for 15m` may come last.
 *
 * @throws ConfigError naming every line that is wrong
 */
export function parseSteps(text: string): Plan {
  const problems: Problem[] = [];
  const steps: Step[] = [];
  for (const [number, line] of listLines(text)) {
    const input = `steps line ${number}`;
    const match = /^(\d+(?:\.\d+)?)\s*%\s+for\s+(\S+)$/i.exec(line);
    if (!match?.[1] || !match[2]) {
      problems.push({
        input,
        message: `"${line}" is not a step; write a share and how long it bakes: 5% for 15m`,
      });
      continue;
    }
    const weight = Number(match[1]);
    const previous = steps.at(-1)?.weight ?? 0;
    if (weight <= 0 || weight > 100) {
      problems.push({ input, message: `"${line}" gives ${weight}%; a share is above 0% and at most 100%` });
      continue;
    }
    if (weight <= previous) {
      problems.push({
        input,
        message: `"${line}" does not rise above the ${previous}% of the step before it`,
      });
    }
    try {
      steps.push({ weight, bakeMs: parseDuration(match[2], input) });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  const [first, ...rest] = steps;
  if (!first && problems.length === 0) {
    problems.push({
      input: 'steps',
      message: 'holds no step; write one per line, such as 5% for 15m, or leave it out',
    });
  }
  if (!first || problems.length > 0) throw new ConfigError(problems);
  return [first, ...rest];
}

export const formatStep = ({ weight, bakeMs, leastMs }: Step): string =>
  leastMs === undefined
    ? `${weight}% for ${formatDuration(bakeMs)}`
    : `${weight}% for ${formatDuration(leastMs)} to ${formatDuration(bakeMs)}`;

const LEAST_BAKE_MS = 3 * MINUTE;

/**
 * Reads how steps end: `until-confident`, or `until-confident (min 3m, max 15m)`. Without a maximum, a step lasts no
 * longer than the plan says.
 *
 * @returns what it makes of a plan
 * @throws ConfigError
 */
export function parseBake(text: string): (plan: Plan) => Plan {
  const fail = (message: string): never => {
    throw new ConfigError({ input: 'bake', message: `"${text}": ${message}` });
  };
  const match = /^until-confident(?:\s*\(([^()]*)\))?$/i.exec(text.trim());
  if (!match) return fail('write until-confident (min 3m, max 15m), or leave it out');
  const limits: { min?: number; max?: number } = {};
  for (const part of (match[1] ?? '').split(',').map((each) => each.trim())) {
    if (part === '') continue;
    const limit = /^(min|max)\s+(\S+)$/i.exec(part);
    if (!limit?.[1] || !limit[2]) return fail(`"${part}" is neither min DURATION nor max DURATION`);
    const name = limit[1].toLowerCase() as 'min' | 'max';
    if (limits[name] !== undefined) return fail(`${name} stands there twice`);
    limits[name] = parseDuration(limit[2], 'bake');
    if (limits[name] < MINUTE) return fail(`${name} is less than a minute, and metrics come per minute`);
  }
  const { min: leastMs = LEAST_BAKE_MS, max } = limits;
  if (max !== undefined && max < leastMs) {
    fail(
      `the longest bake, ${formatDuration(max)}, is shorter than the shortest, ${formatDuration(leastMs)}`,
    );
  }
  return (plan) => {
    const [first, ...rest] = plan.map((step) => {
      if (step.bakeMs === 0) return step;
      const bakeMs = max ?? step.bakeMs;
      if (limits.min !== undefined && limits.min > bakeMs) {
        return fail(
          `the shortest bake, ${formatDuration(limits.min)}, is longer than the step ${formatStep(step)}`,
        );
      }
      return { ...step, bakeMs, leastMs: Math.min(leastMs, bakeMs) };
    });
    return first ? [first, ...rest] : plan;
  };
}

/**
 * The plan as the loop runs it: it always ends at 100%, because the canary carries all traffic while the service
 * itself takes the new revision. Where the plan stops short of that, the last move is made without a bake.
 */
export function complete(plan: Plan): Plan {
  return plan.at(-1)?.weight === 100 ? plan : [...plan, { weight: 100, bakeMs: 0 }];
}
