import { describe, expect, test, vi } from 'vitest';
import {
  CANARIES,
  type Cell,
  describe as describeCell,
  isHealthy,
  KINDS,
  RATES,
  USUAL,
} from '../bench/judge/cells.ts';
import {
  type Look,
  looksOf,
  type ModelEnd,
  modelAt,
  modelEnd,
  newestIn,
  reallyIn,
  settledIn,
  settledUpTo,
  stepsOf,
} from './comparing.ts';
import { GATES, type Played, play } from './playing.ts';
import { SCENARIOS } from './scenarios.ts';

/**
 * The scenarios of the benchmark, played by the built action against the simulator: at each look it has to decide as
 * the benchmark's model of it does, minute by minute, on the very numbers of that run.
 */

vi.setConfig({ maxConcurrency: 4 });

const MINUTE = 60_000;
/** After that, the simulator's CloudWatch shows everything, and the action takes it for complete. */
const METRIC_DELAY = 3 * MINUTE;

/** The gate of the other fault may be quicker by chance, once in a while. */
const MOST_MISJUDGED = 2;
/** Of 20 healthy releases; each gate set may take back one in a hundred. */
const MOST_FALSE_ROLLBACKS = 2;
/** What is so bad that it has to be taken back, whatever the model says. */
const isBeyondDoubt = ({ canary, rate }: Cell): boolean =>
  (canary === '10x' && rate >= 50) || (canary === '30%' && rate >= 5);

interface Result {
  readonly cell: Cell;
  readonly promoted: boolean;
  readonly reason: string;
  readonly model: ModelEnd | undefined;
  /** From the end of the minute after which the model decides to the look at which the action did, ms. */
  readonly lag: number | undefined;
  /** Between two looks, ms. */
  readonly intervals: readonly number[];
  readonly pause: number;
}

const results: Result[] = [];

describe.concurrent('a release of the benchmark, played by the built action', () => {
  for (const cell of SCENARIOS) {
    test(describeCell(cell), async () => {
      const played = await play(cell);
      const looks = looksOf(played);
      const last = looks.at(-1);
      if (!last) throw new Error('the action has judged nothing');
      const first = Math.min(...last.stable.keys());

      expectAllMinutesFrom(first, played);
      const known = settledIn(last);
      expect(known, 'the settled minutes').toEqual(reallyIn(played, known));
      for (const look of looks) {
        expect(look.aborted, `${describeCell(cell)} at ${new Date(look.at).toISOString()}`).toEqual(
          modelAt(played, look),
        );
      }

      const promoted = played.outcome === 'promoted';
      if (promoted) expectPromoted(played, looks);
      else expectTakenBackAt(last, looks, played);
      if (isBeyondDoubt(cell)) expect(played.outcome).toBe('rolled-back');

      const model = modelEnd(played, first, promoted ? settledUpTo(last) : newestIn(last));
      // Where they differ, the model's moment passed before all of its metrics were there, or was one of half the metrics.
      if (promoted && model)
        expect(model.passing, 'the action saw what the model saw, and went on').toBe(true);
      if (!promoted && !model)
        expect(youngIn(last), 'minutes that the action knew in part').toBeGreaterThan(0);
      if (!promoted && model && !model.passing) expectInTime(model, looks, played);
      results.push({
        cell,
        promoted,
        reason: played.reason,
        model,
        lag: !promoted && model ? last.at - model.end : undefined,
        intervals: looks.slice(1).map(({ at }, index) => at - (looks[index]?.at ?? at)),
        pause: played.pause,
      });
    });
  }
});

/** The action judges every whole minute since the first shift. */
function expectAllMinutesFrom(first: number, played: Played): void {
  const [verifiedAt = 0] = stepsOf(played);
  expect(first, 'the first minute').toBeGreaterThanOrEqual(wholeMinute(played.truth.shiftedAt));
  expect(first, 'the first minute').toBeLessThanOrEqual(wholeMinute(verifiedAt));
}

const wholeMinute = (time: number): number => Math.ceil(time / MINUTE) * MINUTE;

function expectPromoted({ reason, truth }: Played, looks: readonly Look[]): void {
  expect(looks.flatMap(({ aborted }) => aborted)).toEqual([]);
  expect(reason).toBe('every step was passed');
  expect(truth.shares).toEqual([5, 25, 50, 100]);
}

function expectTakenBackAt(last: Look, looks: readonly Look[], { reason }: Played): void {
  const [of] = last.aborted;
  if (!of) throw new Error(`no comparison took the release back, but: ${reason}`);
  expect(reason.startsWith(`${GATES[of]}: `), reason).toBe(true);
  expect(looks.slice(0, -1).flatMap(({ aborted }) => aborted)).toEqual([]);
}

const youngIn = ({ canary, stable }: Look): number =>
  [...canary.values(), ...stable.values()].filter(({ settled }) => !settled).length;

/** The action decides at the first look by which all metrics of the minute are there; it looks once a minute. */
function expectInTime({ end }: ModelEnd, looks: readonly Look[], { pause }: Played): void {
  const tooLate = looks.slice(0, -1).filter((look) => settledUpTo(look) + MINUTE >= end);
  expect(
    tooLate.map(({ at }) => (at - end) / MINUTE),
    'looks that knew the minute',
  ).toEqual([]);
  const lag = (looks.at(-1)?.at ?? 0) - end;
  expect(lag / MINUTE, 'minutes to the decision').toBeLessThan((METRIC_DELAY + MINUTE + 2 * pause) / MINUTE);
}

describe('all of them together', () => {
  test('are a sample of the whole benchmark', () => {
    expect(SCENARIOS.length).toBeGreaterThanOrEqual(50);
    expect(new Set(SCENARIOS.map(describeCell)).size).toBe(SCENARIOS.length);
    for (const kind of KINDS) {
      const ofKind = SCENARIOS.filter((cell) => cell.kind === kind);
      expect(new Set(ofKind.map(({ rate }) => rate))).toEqual(new Set(RATES));
      expect(new Set(ofKind.map(({ usual }) => usual))).toEqual(new Set(USUAL));
    }
    for (const canary of CANARIES) {
      const withIt = SCENARIOS.filter((cell) => cell.canary === canary);
      expect(new Set(withIt.map(({ rate }) => rate))).toEqual(new Set(RATES));
      expect(new Set(withIt.map(({ usual }) => usual))).toEqual(new Set(USUAL));
    }
    const healthy = SCENARIOS.filter(isHealthy).length / SCENARIOS.length;
    expect(healthy).toBeCloseTo(1 / 3, 1);
  });

  test('end as the model says', () => {
    const apart = results.filter(({ promoted, model }) => promoted === (model !== undefined));
    const lags = results.flatMap(({ lag }) => lag ?? []);
    const intervals = results.flatMap((result) => result.intervals);
    console.info(
      [
        `${results.length - apart.length} of ${results.length} releases end as the model says`,
        `${lags.length} were taken back, so long after the end of the minute on which the model does so: ${spread(lags)}`,
        `looks at CloudWatch, every: ${spread(intervals)}`,
        `longest time without a call: ${spread(results.map(({ pause }) => pause))}`,
        ...apart.map(({ cell, reason }) => `apart from the model: ${describeCell(cell)}: ${reason}`),
      ].join('\n'),
    );
    expect(results.length).toBe(SCENARIOS.length);
    expect(apart).toEqual([]);
    const falsely = results.filter(({ cell, promoted }) => isHealthy(cell) && !promoted);
    expect(falsely.length, falsely.map(({ reason }) => reason).join('\n')).toBeLessThanOrEqual(
      MOST_FALSE_ROLLBACKS,
    );
    const misjudged = results.filter(
      ({ cell, promoted, reason }) =>
        !promoted && !reason.startsWith(GATES[cell.kind === 'slow' ? 'slow' : 'errors']),
    );
    expect(misjudged.length, misjudged.map(({ reason }) => reason).join('\n')).toBeLessThanOrEqual(
      MOST_MISJUDGED,
    );
    expect(median(intervals)).toBeLessThan(1.5 * MINUTE);
    expect(median(lags)).toBeLessThan(METRIC_DELAY + MINUTE);
  });
});

const sorted = (numbers: readonly number[]): readonly number[] => [...numbers].sort((a, b) => a - b);
const quantile = (numbers: readonly number[], share: number): number =>
  sorted(numbers)[Math.round(share * (numbers.length - 1))] ?? Number.NaN;
const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

const spread = (times: readonly number[]): string =>
  [0, 0.25, 0.5, 0.75, 0.95, 1].map((share) => `${(quantile(times, share) / MINUTE).toFixed(1)}m`).join(' ');
