import { readFileSync } from 'node:fs';
import type { GetMetricDataCommandOutput, ListMetricsCommandOutput } from '@aws-sdk/client-cloudwatch';
import type { RolloutRecord } from '../../src/report/record.ts';
import { type Cell, describe } from '../bench/judge/cells.ts';
import type { Side } from '../bench/judge/contestant.ts';
import { PLAN } from '../bench/judge/play.ts';
import { ask } from '../bundle/picture.ts';
import { inWorld, PROMOTED, TAKEN_BACK, type TestWorld } from '../bundle/world.ts';
import { worldOf } from './scenarios.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * How many times as fast as real time a release is played: fast, and slow enough for a look at CloudWatch every minute.
 * What goes wrong on a machine that was too busy for it is played again, more slowly.
 */
const SCALES = [300, 150, 60] as const;
/** A machine that lets the action make no call for longer than that is too busy. */
const LONGEST_PAUSE = 5 * MINUTE;

/** The default gates that compare with stable, by what they count. */
export const GATES = { errors: 'error-rate vs stable', slow: 'slower-than 300ms vs stable' } as const;

/** No gates: those of a team that writes none. */
const INPUTS = {
  steps: PLAN.map(({ weight, minutesOfStep }) => `${weight}% for ${minutesOfStep}m`).join('\n'),
  // A machine that stands still for a moment is no reason to take a release back.
  'healthy-timeout': '60m',
};

/** What both sides really did in a minute, its start in ms since the epoch. */
export interface TrueMinute {
  readonly start: number;
  readonly canary: Side;
  readonly stable: Side;
}

/** What really happened, whatever CloudWatch showed and when. */
export interface Truth {
  /** Stable's minutes that the action read before it changed anything, oldest first. */
  readonly before: readonly Side[];
  /** Every minute from then on, oldest first. */
  readonly minutes: readonly TrueMinute[];
  /** When the last rule got the weight of the first step, ms since the epoch. */
  readonly shiftedAt: number;
  /** Percent of the traffic that the canary was given, in the order of time; each once. */
  readonly shares: readonly number[];
}

/** What became of a release. */
export interface Played {
  readonly cell: Cell;
  readonly outcome: string;
  readonly reason: string;
  readonly record: RolloutRecord;
  readonly truth: Truth;
  /** The longest time in which the action made no call, ms; what is more than a minute is the machine's. */
  readonly pause: number;
}

/** Releases with the built action and the default gates. */
export async function play(cell: Cell): Promise<Played> {
  for (const scale of SCALES) {
    const attempt: Attempt = { pause: 0 };
    try {
      return await playAt(scale, cell, attempt);
    } catch (error) {
      if (attempt.pause <= LONGEST_PAUSE || scale === SCALES.at(-1)) throw error;
      const pause = `no call for ${(attempt.pause / MINUTE).toFixed(1)}m at ${scale} times real time`;
      const [what] = String(error).split('\n');
      console.info(`${describe(cell)} is played again (${pause}): ${what}`);
    }
  }
  throw new Error('nothing was played');
}

interface Attempt {
  pause: number;
}

async function playAt(scale: number, cell: Cell, attempt: Attempt): Promise<Played> {
  let played: Played | undefined;
  await inWorld({ ...worldOf(cell), scale }, async (world) => {
    const { outputs, log } = await world.release(INPUTS);
    attempt.pause = longestPause(world);
    const { outcome = '', reason = '', record } = outputs;
    if (record === undefined || !isJudged(outcome, reason)) {
      throw new Error(`the rollout was not ended by its gates: ${reason}\n${log}`);
    }
    played = {
      cell,
      outcome,
      reason,
      record: JSON.parse(readFileSync(record, 'utf8')) as RolloutRecord,
      truth: await truthOf(world),
      pause: attempt.pause,
    };
    return outcome === 'promoted' ? PROMOTED : TAKEN_BACK;
  });
  if (!played) throw new Error('nothing was played');
  return played;
}

const isJudged = (outcome: string, reason: string): boolean =>
  outcome === 'promoted' || Object.values(GATES).some((gate) => reason.startsWith(`${gate}: `));

/** While it runs, the action makes a call at least every minute: it renews its lease. */
const longestPause = ({ calls, clock }: TestWorld): number =>
  calls.reduce(
    (longest, { time }, index) => Math.max(longest, (calls[index + 1]?.time ?? clock.now()) - time),
    0,
  );

/** Both sides' minutes, from the simulator's CloudWatch itself. */
async function truthOf(world: TestWorld): Promise<Truth> {
  const first = world.calls.find(({ operation }) => operation === 'GetMetricData')?.input;
  const { StartTime, EndTime } = first as { readonly StartTime: Date; readonly EndTime: Date };
  const [from, began] = [StartTime.getTime(), EndTime.getTime()];
  const until = Math.floor(world.simulator.world.now / MINUTE) * MINUTE;
  const stable = await sideOf(world, 'web', from, until);
  const canary = await sideOf(world, 'canary-', from, until);
  const starts = Array.from({ length: (until - from) / MINUTE }, (_, minute) => from + minute * MINUTE);
  const shifts = world.shifts.filter(({ share }) => share > 0);
  const [smallest] = PLAN;
  const begun = shifts.filter(({ share }) => Math.round(share) === smallest.weight);
  return {
    before: starts.filter((start) => start < began).map(stable),
    minutes: starts
      .filter((start) => start >= began)
      .map((start) => ({ start, canary: canary(start), stable: stable(start) })),
    shiftedAt: Math.max(...begun.map(({ call }) => call.time)),
    shares: [...new Set(shifts.map(({ share }) => Math.round(share)))],
  };
}

const STATISTICS = {
  requests: { MetricName: 'RequestCount', Stat: 'Sum' },
  errors: { MetricName: 'HTTPCode_Target_5XX_Count', Stat: 'Sum' },
  slow: { MetricName: 'TargetResponseTime', Stat: 'TC(0.3:)' },
  verySlow: { MetricName: 'TargetResponseTime', Stat: 'TC(0.5:)' },
} as const satisfies Record<keyof Side, object>;

export const NOTHING: Side = { requests: 0, errors: 0, slow: 0, verySlow: 0 };

/** What the targets of the group did in the minute that begins at a time. */
async function sideOf(
  world: TestWorld,
  group: string,
  from: number,
  until: number,
): Promise<(start: number) => Side> {
  const Namespace = 'AWS/ApplicationELB';
  const { Metrics = [] } = await later<ListMetricsCommandOutput>(world, 'ListMetrics', { Namespace });
  const metric = Metrics.find(({ Dimensions = [] }) =>
    Dimensions.some(({ Value }) => Value?.startsWith(`targetgroup/${group}`)),
  );
  const answer = await later<GetMetricDataCommandOutput>(world, 'GetMetricData', {
    StartTime: new Date(from),
    EndTime: new Date(until),
    MetricDataQueries: Object.entries(STATISTICS).map(([Id, { MetricName, Stat }]) => ({
      Id,
      MetricStat: { Metric: { Namespace, MetricName, Dimensions: metric?.Dimensions }, Period: 60, Stat },
    })),
  });
  const sides = new Map<number, Side>();
  for (const { Id = '', Timestamps = [], Values = [] } of answer.MetricDataResults ?? []) {
    for (const [index, at] of Timestamps.entries()) {
      const start = at.getTime();
      sides.set(start, { ...(sides.get(start) ?? NOTHING), [Id]: Values[index] });
    }
  }
  return (start) => sides.get(start) ?? NOTHING;
}

/** Asks CloudWatch as somebody does who has waited until all metrics are there. */
const later = <Output>(world: TestWorld, operation: string, input: object): Promise<Output> =>
  ask<Output>({ ...world.backstage, now: () => world.clock.now() + HOUR }, 'CloudWatch', operation, input);
