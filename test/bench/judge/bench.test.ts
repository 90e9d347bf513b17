import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/simulator/random.ts';
import { burstDispersion, burstFactors } from './bursts.ts';
import { CELLS, type Cell, firstSeed, describe as inWords, releaseOf } from './cells.ts';
import { contestantsFor, NAMES, type Name } from './contestants.ts';
import { play } from './play.ts';
import { Traffic } from './release.ts';
import { simulate } from './simulate.ts';
import { merged, minutesToCatch, minutesToTakeBack, promotedShare, tally } from './tally.ts';
import { burstyDivergence, minutesToGather, minutesUntil, waldRequests } from './wald.ts';
import { simulateAll } from './workers.ts';

const cell = (words: string): Cell => {
  const found = CELLS.find((each) => inWords(each) === words);
  if (!found) throw new Error(`no cell is ${words}`);
  return found;
};

describe('a cell', () => {
  it('has the same figures however its rollouts are divided', () => {
    const bursts = cell('bursts, 5/s, usual 2%, 2x');
    const whole = simulate(bursts, 0, 30);
    const [some, others] = [simulate(bursts, 0, 11), simulate(bursts, 11, 30)];
    for (const name of NAMES) expect(merged(others[name], some[name])).toEqual(whole[name]);
  });

  it('has the same figures on one thread and on two', async () => {
    const tasks = [
      'errors, 50/s, usual 0.5%, healthy',
      'leak, 50/s, usual 2%, 4x',
      'slow, 5/s, usual 2%, 30%',
    ].map((words) => ({ cell: cell(words), from: 0, to: 10 }));
    const [one, two] = await Promise.all([simulateAll(tasks, 1), simulateAll(tasks, 2)]);
    expect(one).toEqual(two);
    expect(one).toEqual(tasks.map(({ from, to, cell }) => simulate(cell, from, to)));
  });

  it('has the figures of each judge as if it were alone', () => {
    for (const words of [
      'errors, 500/s, usual 0.05%, 2x',
      'leak, 500/s, usual 2%, 10x',
      'bursts, 5/s, usual 2%, 4x',
    ]) {
      const release = releaseOf(cell(words));
      const first = firstSeed(cell(words));
      const ends = (name: Name) =>
        Array.from({ length: 10 }, (_, run) =>
          play(contestantsFor('errors')[name], new Traffic(release, first + run), release),
        );
      const together = simulate(cell(words), 0, 10);
      for (const name of NAMES) expect(together[name]).toEqual(tally(ends(name)));
    }
  });

  it('fails where a thread does', async () => {
    const broken = { cell: undefined as unknown as Cell, from: 0, to: 1 };
    await expect(simulateAll([broken], 1)).rejects.toThrow();
  });

  it('takes back what fails badly and promotes what is sound', () => {
    const bad = simulate(cell('errors, 500/s, usual 0.5%, 30%'), 0, 20);
    const good = simulate(cell('errors, 500/s, usual 0.5%, healthy'), 0, 20);
    const shares = (all: typeof bad) => new Set(NAMES.map((name: Name) => promotedShare(all[name])));
    expect([...shares(bad)]).toEqual([0]);
    expect([...shares(good)]).toEqual([1]);
  });
});

it('a promoted regression takes longer than any that is taken back', () => {
  const end = (promoted: boolean, minutes: number) => ({ promoted, minutes, failed: 1, early: false });
  const most = tally([end(false, 3), end(false, 9), end(true, 45)]);
  expect([minutesToCatch(most), minutesToTakeBack(most)]).toEqual([9, 3]);
  const few = tally([end(false, 3), end(true, 45), end(true, 45)]);
  expect([minutesToCatch(few), minutesToTakeBack(few)]).toEqual([Number.POSITIVE_INFINITY, 3]);
});

describe("Wald's bound", () => {
  it('is the one by hand', () => {
    // 0.02 ln 4 + 0.98 ln(0.98 / 0.995) = 0.012840 nats a request, of ln 100 = 4.605 that are needed.
    expect(waldRequests(0.02, 0.005, 0.01)).toBeCloseTo(358.7, 1);
    // At 5/s, 15 minutes bring 15 requests each, and those that follow 75: 15 + (358.7 - 225) / 75.
    expect(minutesUntil(358.7, 5)).toBeCloseTo(16.78, 2);
    expect(minutesUntil(3601, 5)).toBe(Number.POSITIVE_INFINITY);
  });

  it('is what the sequential test takes that knows both rates, but for the last step over the boundary', () => {
    const [canary, usual, runs] = [0.05, 0.01, 2000];
    const random = seededRandom(1);
    const [failed, passed] = [Math.log(canary / usual), Math.log((1 - canary) / (1 - usual))];
    let requests = 0;
    for (let run = 0; run < runs; run++) {
      for (let evidence = 0; evidence < Math.log(100); requests++)
        evidence += random() < canary ? failed : passed;
    }
    const ratio = requests / runs / waldRequests(canary, usual, 0.01);
    expect(ratio).toBeGreaterThan(1);
    expect(ratio).toBeLessThan(1.2 + failed / Math.log(100) / 2);
  });

  it('tends, for bursty minutes, to that of Poisson counts as the bursts vanish', () => {
    const poisson = 12 * Math.log(12 / 3) - (12 - 3);
    expect(burstyDivergence(12, 3, 1e-6)).toBeCloseTo(poisson, 3);
    expect(burstyDivergence(12, 3, 1)).toBeLessThan(poisson / 3);
    expect(burstyDivergence(3, 3, 1)).toBe(0);
    expect(minutesToGather(3, (share) => 4 * share)).toBeCloseTo(15, 10);
  });
});

it('bursts are 1 on average, and vary over many minutes as the formula says', () => {
  const next = burstFactors(seededRandom(1));
  const [stretches, minutes] = [4000, 300];
  const means = Array.from({ length: stretches }, () => {
    let sum = 0;
    for (let minute = 0; minute < minutes; minute++) sum += next();
    return sum / minutes;
  });
  const mean = means.reduce((sum, value) => sum + value, 0) / stretches;
  const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (stretches - 1);
  expect(mean).toBeCloseTo(1, 2);
  expect((variance * minutes) / burstDispersion()).toBeCloseTo(1, 1);
});

it('bursts are 1 on average in the first minute already', () => {
  const random = seededRandom(1);
  let sum = 0;
  for (let run = 0; run < 20_000; run++) sum += burstFactors(random)();
  expect(sum / 20_000).toBeCloseTo(1, 1);
});

it('traffic is the same to whoever asks, and in whatever order', () => {
  const release = releaseOf(cell('bursts, 50/s, usual 2%, 4x'));
  const ask = (minutes: readonly number[], weight: number, before: readonly number[] = []) => {
    const traffic = new Traffic(release, 7);
    for (const minute of before) traffic.minute(minute, 50);
    return { before: traffic.before, minutes: minutes.map((minute) => traffic.minute(minute, weight)) };
  };
  const { before, minutes } = ask([0, 1, 2, 3, 4], 5);
  const backwards = ask([4, 3, 2, 1, 0], 5, [9, 2]);
  expect(backwards.minutes.toReversed()).toEqual(minutes);
  expect(backwards.before).toEqual(before);
  expect(new Traffic(release, 8).before).not.toEqual(before);
});
