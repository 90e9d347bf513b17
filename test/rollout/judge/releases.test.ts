import { describe, expect, it } from 'vitest';
import { playRelease, type Release } from './releases.ts';

const ERRORS = 'error-rate < 1% abort > 2%';
const SLOW = 'latency-p95 < 300ms abort > 500ms';

function play(release: Omit<Release, 'seed'>, runs: number) {
  const ends = Array.from({ length: runs }, (_, seed) => playRelease({ ...release, seed: 7919 * seed + 1 }));
  const minutes = ends.map((end) => end.minutes).sort((a, b) => a - b);
  return {
    takenBack: ends.filter(({ promoted }) => !promoted).length / runs,
    median: minutes[Math.floor(runs / 2)] ?? 0,
  };
}

// 5%, 25% and 50% for 15 minutes each, looked at every minute; the numbers are requests per second.
describe('over a whole rollout', () => {
  it.each([2, 5, 20, 50, 500])('a release with 0.2%% or 0.5%% errors is promoted at %d/s', (rate) => {
    expect(play({ rate, errors: 0.002, gates: ERRORS }, 300).takenBack).toBeLessThan(0.01);
    expect(play({ rate, errors: 0.005, gates: ERRORS }, 600).takenBack).toBeLessThanOrEqual(0.02);
  });

  it.each([
    [5, 0.05, 18],
    [20, 0.05, 7],
    [100, 0.05, 4],
    [500, 0.05, 2],
    [100, 0.1, 2],
  ])(
    'at %d/s a release with %d errors is always taken back, half of the times within %d minutes',
    (rate, errors, minutes) => {
      const { takenBack, median } = play({ rate, errors, gates: ERRORS }, 100);
      expect(takenBack).toBe(1);
      expect(median).toBeLessThanOrEqual(minutes);
    },
  );

  it('a release is judged by its slow requests in the same way', () => {
    expect(play({ rate: 5, slow: 0.03, gates: SLOW }, 300).takenBack).toBeLessThan(0.02);
    expect(play({ rate: 20, slow: 0.045, gates: SLOW }, 300).takenBack).toBeLessThan(0.05);
    expect(play({ rate: 20, slow: 0.1, gates: SLOW }, 100).takenBack).toBe(1);
  });
});
