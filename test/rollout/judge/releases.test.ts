import { describe, expect, it } from 'vitest';
import { ours } from '../../bench/judge/ours.ts';
import { playAll } from '../../bench/judge/play.ts';
import type { Release } from '../../bench/judge/release.ts';
import { playRelease } from './releases.ts';

const seedOf = (run: number): number => 7919 * run + 1;

function play(release: Partial<Release> & { rate: number }, gates: string | undefined, runs: number) {
  const whole: Release = { of: 'errors', usual: 0.002, canary: 0.002, bursts: false, ...release };
  const ends = Array.from({ length: runs }, (_, run) => playRelease(whole, seedOf(run), gates));
  const minutes = ends.map((end) => end.minutes).sort((a, b) => a - b);
  return {
    takenBack: ends.filter(({ promoted }) => !promoted).length / runs,
    median: minutes[Math.floor(runs / 2)] ?? 0,
  };
}

// 5%, 25% and 50% of the traffic for 15 minutes each; the numbers are requests per second.
describe('over a whole rollout, with a bound and an abort,', () => {
  const ERRORS = 'error-rate < 1% abort > 2%';

  it.each([2, 5, 20, 50, 500])('at %d/s a release with 0.5%% errors is promoted', (rate) => {
    expect(play({ rate, canary: 0.005 }, ERRORS, 30).takenBack).toBeLessThanOrEqual(1 / 30);
  });

  it.each([
    [5, 0.05, 22],
    [20, 0.05, 10],
    [100, 0.05, 5],
    [500, 0.05, 3],
    [100, 0.1, 3],
  ])(
    'at %d/s a release with %d errors is taken back, half of the times within %d minutes',
    (rate, canary, minutes) => {
      const { takenBack, median } = play({ rate, canary }, ERRORS, 25);
      expect(takenBack).toBe(1);
      expect(median).toBeLessThanOrEqual(minutes);
    },
  );
});

/** The model that the benchmark plays many rollouts with is quick because it leaves out what it need not ask. */
describe('over a whole rollout, the judge and the controller decide as the model of the benchmark does:', () => {
  const RELEASES: readonly [string, Release][] = [
    ['a sound one at 5/s', { rate: 5, of: 'errors', usual: 0.005, canary: 0.005, bursts: false }],
    ['a sound one at 0.5/s', { rate: 0.5, of: 'slow', usual: 0.02, canary: 0.02, bursts: false }],
    ['four times the errors at 5/s', { rate: 5, of: 'errors', usual: 0.02, canary: 0.08, bursts: false }],
    ['ten times the slow at 50/s', { rate: 50, of: 'slow', usual: 0.0005, canary: 0.005, bursts: false }],
    ['twice the errors at 50/s', { rate: 50, of: 'errors', usual: 0.0005, canary: 0.001, bursts: false }],
    ['bursts at 50/s', { rate: 50, of: 'errors', usual: 0.02, canary: 0.02, bursts: true }],
    ['four times in bursts at 500/s', { rate: 500, of: 'errors', usual: 0.005, canary: 0.02, bursts: true }],
    ['a leak at 50/s', { rate: 50, of: 'errors', usual: 0.005, canary: 0.02, bursts: false, soundFor: 10 }],
    ['30% at 0.5/s', { rate: 0.5, of: 'errors', usual: 0.0005, canary: 0.3, bursts: false }],
  ];

  it.each(RELEASES)('%s', (_, release) => {
    for (let run = 0; run < 5; run++) {
      const [model] = playAll([ours(false)], release, seedOf(run));
      const end = playRelease(release, seedOf(run));
      // What the model knows at the end of a minute, the controller knows when its metrics have settled.
      const known = model && !model.promoted ? model.minutes + 3 : Number.POSITIVE_INFINITY;
      expect(end.promoted).toBe(known > 45);
      if (!end.promoted) {
        expect(end.minutes).toBe(known);
        expect(end.reason).toMatch(release.of === 'slow' ? /^slower-than 300ms/ : /^error-rate/);
      }
    }
  });
});
