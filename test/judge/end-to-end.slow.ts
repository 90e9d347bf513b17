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
  type Answers,
  againstSince,
  knownUpTo,
  type Look,
  looksOf,
  modelOn,
  reallyIn,
  settledIn,
  stepsOf,
} from './comparing.ts';
import { GATES, type Played, play } from './playing.ts';
import { SCENARIOS } from './scenarios.ts';

/**
 * The scenarios of the benchmark, played by the built action against the simulator: at each look it has to decide as
 * the benchmark's model of it does after the newest minute that is known, on the numbers of that run as they really were.
 */

vi.setConfig({ maxConcurrency: 4 });

const MINUTE = 60_000;
/** After that, the simulator's CloudWatch shows everything, and the action takes it for complete. */
const METRIC_DELAY = 3 * MINUTE;

/** Promoted, though the model is against it after a minute that the next one makes up for, and that came with the next. */
const MOST_UNSEEN = 6;
/** Taken back by the gate of which nothing is wrong: each may do so once in 200 releases. */
const MOST_MISTAKEN = 2;
/** Of 15 healthy releases; one in a hundred may be taken back. */
const MOST_FALSE_ROLLBACKS = 2;
/** What is so bad that it has to be taken back, whatever the model says. */
const isBeyondDoubt = ({ canary, rate }: Cell): boolean =>
  (canary === '10x' && rate >= 50) || (canary === '30%' && rate >= 5);

interface Result {
  readonly cell: Cell;
  readonly promoted: boolean;
  readonly reason: string;
  /** Whether the model would have taken it back after some minute. */
  readonly modelAgainst: boolean;
  /** From the end of the minute after which the model is against it to the look at which the action was, ms. */
  readonly lag: number | undefined;
  /** How often its gates were asked with something new. */
  readonly looks: number;
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
      const model = modelOn(played, first);

      expectAllMinutesFrom(first, played);
      const known = settledIn(last);
      expect(known, 'the settled minutes').toEqual(reallyIn(played, known));
      for (const look of looks) {
        const says = model.get(knownUpTo(played, look)) ?? [];
        expect(look.aborted, `${describeCell(cell)} at ${new Date(look.at).toISOString()}`).toEqual(says);
      }

      const promoted = played.outcome === 'promoted';
      if (promoted) expectPromoted(played, looks);
      else expectTakenBackAt(last, looks, played);
      if (isBeyondDoubt(cell)) expect(played.outcome).toBe('rolled-back');
      const seen = [...model].filter(([start]) => start <= knownUpTo(played, last));
      results.push({
        cell,
        promoted,
        reason: played.reason,
        modelAgainst: seen.some(([, against]) => against.length > 0),
        lag: promoted ? undefined : lagOf(last, model, played),
        looks: looks.length,
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

/** How long after the minute from which on the model is against it; the action looks once a minute. */
function lagOf(last: Look, model: Answers, played: Played): number {
  const lag = last.at - (againstSince(model, knownUpTo(played, last)) + MINUTE);
  const longest = METRIC_DELAY + MINUTE + 2 * played.pause;
  expect(lag / MINUTE, 'minutes to the decision').toBeLessThan(longest / MINUTE);
  return lag;
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
    expect(healthy).toBeGreaterThan(1 / 4);
  });

  test('end as the model says', () => {
    const unseen = results.filter(({ promoted, modelAgainst }) => promoted && modelAgainst);
    const lags = results.flatMap(({ lag }) => lag ?? []);
    const intervals = results.flatMap((result) => result.intervals);
    const looks = results.reduce((sum, result) => sum + result.looks, 0);
    console.info(
      [
        `${results.length} releases were judged as by the model at all of ${looks} looks`,
        `${lags.length} were taken back, so long after the minute from which on the model is against them: ${spread(lags)}`,
        `looks at CloudWatch, every: ${spread(intervals)}`,
        `longest time without a call: ${spread(results.map(({ pause }) => pause))}`,
        ...unseen.map(({ cell }) => `the model's moment passed between two looks: ${describeCell(cell)}`),
      ].join('\n'),
    );
    expect(results.length).toBe(SCENARIOS.length);
    expect(unseen.length).toBeLessThanOrEqual(MOST_UNSEEN);
    const falsely = results.filter(({ cell, promoted }) => isHealthy(cell) && !promoted);
    expect(falsely.length, reasonsOf(falsely)).toBeLessThanOrEqual(MOST_FALSE_ROLLBACKS);
    const mistaken = results.filter(
      ({ cell, promoted, reason }) =>
        !promoted && !reason.startsWith(GATES[cell.kind === 'slow' ? 'slow' : 'errors']),
    );
    expect(mistaken.length, reasonsOf(mistaken)).toBeLessThanOrEqual(MOST_MISTAKEN);
    expect(median(intervals)).toBeLessThan(1.5 * MINUTE);
    expect(median(lags)).toBeLessThan(METRIC_DELAY + MINUTE);
  });
});

const reasonsOf = (some: readonly Result[]): string => some.map(({ reason }) => reason).join('\n');

const sorted = (numbers: readonly number[]): readonly number[] => [...numbers].sort((a, b) => a - b);
const quantile = (numbers: readonly number[], share: number): number =>
  sorted(numbers)[Math.round(share * (numbers.length - 1))] ?? Number.NaN;
const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

const spread = (times: readonly number[]): string =>
  [0, 0.25, 0.5, 0.75, 0.95, 1].map((share) => `${(quantile(times, share) / MINUTE).toFixed(1)}m`).join(' ');
