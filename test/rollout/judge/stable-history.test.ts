import { describe, expect, it } from 'vitest';
import { type Counted, StableHistory } from '../../../src/rollout/judge/stable-history.ts';
import { seededRandom } from '../../../src/simulator/random.ts';
import { binomial, poisson } from '../../../src/simulator/world/chance.ts';

/** Minutes with so many requests on average, of which a share fails that `factor` multiplies. */
function minutes(
  count: number,
  requests: number,
  rate: number,
  factor: (minute: number) => number,
  seed = 1,
) {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, minute): Counted => {
    const drawn = poisson(random, requests);
    return { requests: drawn, faults: binomial(random, drawn, rate * factor(minute)) };
  });
}

const steady = () => 1;
/** Every tenth minute fails ten times as often as the others. */
const spikes = (minute: number) => (minute % 10 === 3 ? 10 : 1) / 1.9;

describe('the dispersion of stable', () => {
  it.each([
    [30, 0.005, 2],
    [3000, 0.0005, 0.4],
    [3000, 0.02, 0.02],
    [300_000, 0.02, 0.001],
  ])('of %d requests a minute, %d of which fail by chance alone, is at most %d', (requests, rate, most) => {
    for (let seed = 1; seed <= 20; seed++) {
      expect(new StableHistory(minutes(180, requests, rate, steady, seed)).dispersion).toBeLessThan(most);
    }
  });

  it.each([300, 3000, 300_000])('in spikes is found at %d requests a minute', (requests) => {
    // The variance of a factor that is 10 in one of ten minutes and 1 in the others, by its mean squared.
    const truth = (0.1 * 100 + 0.9) / 1.9 ** 2 - 1;
    const { dispersion } = new StableHistory(minutes(180, requests, 0.02, spikes));
    expect(dispersion).toBeGreaterThan(truth * 0.6);
    expect(dispersion).toBeLessThan(truth * 2.5);
  });

  it('in bursts of several minutes is larger than what each minute shows', () => {
    const bursts = (minute: number) => (minute % 50 < 5 ? 10 : 1) / 1.9;
    const single = new StableHistory(minutes(180, 30_000, 0.02, spikes)).dispersion;
    expect(new StableHistory(minutes(180, 30_000, 0.02, bursts)).dispersion).toBeGreaterThan(2 * single);
  });

  it('is granted to the canary with something for what was never seen, the more the less was seen', () => {
    const allowed = (count: number) => new StableHistory(minutes(count, 3000, 0.005, steady)).allowance;
    expect(allowed(180)).toBeCloseTo(6 / 180, 2);
    expect(allowed(15)).toBeCloseTo(6 / 15, 2);
    expect(new StableHistory().allowance).toBe(6);
  });

  it('is not learned from an outage during the rollout', () => {
    const history = new StableHistory(minutes(180, 3000, 0.005, steady));
    const before = history.dispersion;
    for (const minute of minutes(20, 3000, 0.5, steady)) history.add(minute);
    expect(history.dispersion).toBeLessThan(before + 0.05);
  });
});

describe('what stable usually does', () => {
  it('is taken from the hour before the newest minute', () => {
    const history = new StableHistory([...minutes(90, 1000, 0.5, steady), ...minutes(60, 1000, 0, steady)]);
    history.add({ requests: 1000, faults: 1000 });
    expect(history.hour.faults).toBe(0);
    expect(history.hour.requests).toBeGreaterThan(55_000);
    expect(history.recent.now.faults).toBe(1000);
  });

  it('holds as long as the last minutes are ordinary', () => {
    const history = new StableHistory(minutes(180, 1000, 0.01, steady));
    for (const minute of minutes(5, 1000, 0.01, steady, 2)) history.add(minute);
    expect(history.steadiness).toBeGreaterThan(0.2);
    for (const minute of minutes(3, 1000, 0.04, steady, 3)) history.add(minute);
    expect(history.steadiness).toBeLessThan(0.01);
  });

  it('is unknown without a minute before', () => {
    const history = new StableHistory();
    history.add({ requests: 100, faults: 1 });
    expect(history.hour).toEqual({ requests: 0, faults: 0 });
    expect(history.dispersion).toBe(0);
  });
});
