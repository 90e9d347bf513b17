import { describe, expect, test } from 'vitest';
import { NO_EVIDENCE, type Period } from '../../src/rollout/judge/evidence.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import { binomial, poisson } from '../../src/simulator/world/chance.ts';
import { type Decision, decide, type Watch } from '../../src/watch/decide.ts';
import { minute, minutes, seenAt, watchBy } from './watching.ts';

/** Requests a second. */
const RATES = [1, 5, 50, 500] as const;
/** One sound release in a hundred may be taken back, by all gates together. */
const MOST = 0.01;
/** Of so many releases, three standard deviations more may be by chance. */
const atMost = (releases: number): number => MOST + 3 * Math.sqrt((MOST * (1 - MOST)) / releases);
const METRIC_DELAY = 3;
const FOR = 30;

/** Share of requests that fail, by the minute of the watch; negative ones are before the release. */
type Errors = (at: number) => number;

interface End {
  readonly kind: Decision['kind'];
  /** After how many minutes. */
  readonly at: number;
}

/** One release from its first minute to what the watch comes to, looked at every minute. */
function play(watch: Watch, perSecond: number, errors: Errors, slow: number, seed: number): End {
  const random = seededRandom(seed);
  const draw = (at: number): Period => {
    const requests = poisson(random, perSecond * 60);
    const errors5xx = binomial(random, requests, errors(at));
    const slower = { 300: binomial(random, requests, slow) };
    return minute(at, { requests, answered: requests, timed: requests, errors5xx, slower });
  };
  const before = Array.from({ length: 180 }, (_, at) => draw(at - 185));
  const canary = minutes(FOR).map((_, at) => draw(at));
  const stable = minutes(FOR, () => ({ requests: 0, answered: 0 }));
  for (let at = METRIC_DELAY; ; at++) {
    const known = Math.min(FOR, at - METRIC_DELAY);
    const evidence = {
      ...NO_EVIDENCE,
      before,
      canary: canary.slice(0, known),
      stable: stable.slice(0, known),
    };
    const { kind } = decide(watch, seenAt(at, [], { evidence }));
    if (kind !== 'watching') return { kind, at };
  }
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const BOUND = 'error-rate < 0.1%\ncrashes = 0\nunhealthy < 2m';

/** Comparisons tell intervals with their numbers, which takes its time: so there are fewer of them. */
const SOUND: readonly (readonly [gates: string, errors: number, releases: number])[] = [
  [BOUND, 0.0005, 100],
  [BOUND, 0.001, 200],
  ['latency-p95 < 300ms', 0, 100],
  ['error-rate vs stable', 0.01, 60],
];

describe('a sound release is not taken back', () => {
  for (const [gates, errors, releases] of SOUND) {
    for (const rate of RATES) {
      const [gate] = gates.split('\n');
      test(`by ${gate}, at ${rate} requests a second, ${errors} of which fail`, () => {
        const ends = Array.from({ length: releases }, (_, seed) =>
          play(watchBy(gates), rate, () => errors, 0.05, seed + 1),
        );
        const failed = ends.filter(({ kind }) => kind === 'failed').length;
        console.info(
          `${gate}, ${errors * 100}% errors, ${rate}/s: ${failed} of ${releases} sound releases taken back`,
        );
        expect(failed / releases).toBeLessThanOrEqual(atMost(releases));
      });
    }
  }
});

/** A leak that begins ten minutes after the promotion, and where it leads to. */
const LEAKS = [
  ['5% at once', (at: number) => (at < 10 ? 0.0002 : 0.05)],
  ['1% at once', (at: number) => (at < 10 ? 0.0002 : 0.01)],
  ['2% within ten minutes', (at: number) => (at < 10 ? 0.0002 : Math.min(0.02, 0.002 * (at - 9)))],
] as const;

const CAUGHT = 40;

describe('a leak is found', () => {
  for (const [what, errors] of LEAKS) {
    for (const rate of RATES) {
      test(`of ${what}, at ${rate} requests a second`, () => {
        const found = Array.from({ length: CAUGHT }, (_, seed) =>
          play(watchBy(BOUND), rate, errors, 0.01, seed + 1),
        );
        const caught = found.filter(({ kind }) => kind === 'failed');
        const after = median(caught.map(({ at }) => at - 10));
        console.info(
          `leak to ${what}, ${rate}/s: ${caught.length} of ${CAUGHT} caught, half of them within ${after} minutes (${METRIC_DELAY} of which metrics take)`,
        );
        expect(caught.filter(({ at }) => at < 10)).toHaveLength(0);
        if (rate >= 5) expect(caught.length).toBeGreaterThan(0.95 * CAUGHT);
      });
    }
  }
});
