import { describe, expect, it } from 'vitest';
import type { ComparedMinute, Reference } from '../../../src/rollout/judge/compared-minute.ts';
import {
  evidenceOfBetter,
  evidenceOfWorse,
  SequentialTest,
  tellingMinutes,
} from '../../../src/rollout/judge/sequential-test.ts';
import { seededRandom } from '../../../src/simulator/random.ts';
import { binomial } from '../../../src/simulator/world/chance.ts';

const minute = (requests: number, faults: number, against: Reference): ComparedMinute => ({
  start: 0,
  canary: { requests, faults },
  against,
  dispersion: 0.001,
});

/** Sixty minutes in which both sides fail at the same rate, whatever that is, and looked at after each. */
function highest(
  test: SequentialTest,
  random: () => number,
  rateOf: (minute: number) => number,
  [canary, stable]: readonly [number, number],
): number {
  let most = 0;
  for (let at = 0; at < 60; at++) {
    const rate = rateOf(at);
    const against = { requests: stable, faults: binomial(random, stable, rate) };
    test.add(minute(canary, binomial(random, canary, rate), against));
    most = Math.max(most, test.evidence);
  }
  return most;
}

describe('a test that is looked at after every minute', () => {
  const RATES: readonly [string, (minute: number) => number][] = [
    ['steady', () => 0.01],
    ['over the day', (at) => 0.005 * (1.2 + Math.sin(at / 9))],
    ['in an outage of both', (at) => (at > 20 && at < 30 ? 0.4 : 0.002)],
  ];

  for (const [name, rateOf] of RATES) {
    it.each([
      [15, 285],
      [1000, 1000],
      [7500, 142_500],
    ])(`calls no canary of %d requests beside %d worse that is not, ${name}`, (canary, stable) => {
      const runs = 400;
      const random = seededRandom(canary);
      let [above20, above200] = [0, 0];
      for (let run = 0; run < runs; run++) {
        const most = highest(SequentialTest.ofWorse(), random, rateOf, [canary, stable]);
        if (most >= 20) above20++;
        if (most >= 200) above200++;
      }
      // Ville's inequality, and three standard errors of the simulation.
      expect(above20 / runs).toBeLessThan(1 / 20 + 3 * Math.sqrt(0.05 / runs));
      expect(above200 / runs).toBeLessThan(1 / 200 + 3 * Math.sqrt(0.005 / runs));
    });
  }

  it('calls no canary better that is not', () => {
    const random = seededRandom(5);
    let above = 0;
    for (let run = 0; run < 500; run++) {
      if (highest(SequentialTest.ofBetter(), random, () => 0.02, [500, 9500]) >= 100) above++;
    }
    expect(above / 500).toBeLessThan(1 / 100 + 3 * Math.sqrt(0.01 / 500));
  });

  it('against a rate that is known calls none worse that is just at it', () => {
    const random = seededRandom(6);
    let above = 0;
    for (let run = 0; run < 500; run++) {
      const test = SequentialTest.ofWorse();
      let most = 0;
      for (let at = 0; at < 60; at++) {
        test.add(minute(300, binomial(random, 300, 0.02), { rate: 0.02 }));
        most = Math.max(most, test.evidence);
      }
      if (most >= 100) above++;
    }
    expect(above / 500).toBeLessThan(1 / 100 + 3 * Math.sqrt(0.01 / 500));
  });
});

describe('the evidence', () => {
  const sound = minute(500, 5, { requests: 9500, faults: 95 });
  const bad = minute(500, 40, { requests: 9500, faults: 95 });

  it('grows with what is worse, and shrinks with what is not', () => {
    expect(evidenceOfWorse([bad])).toBeGreaterThan(1000);
    expect(evidenceOfWorse([bad, bad])).toBeGreaterThan(evidenceOfWorse([bad]));
    expect(evidenceOfWorse([sound, sound, sound])).toBeLessThan(1);
    expect(evidenceOfBetter([minute(500, 0, { requests: 9500, faults: 950 })])).toBeGreaterThan(1000);
    expect(evidenceOfBetter([bad])).toBeLessThan(1);
  });

  it('is 1 where nothing was seen', () => {
    expect(evidenceOfWorse([])).toBe(1);
    expect(evidenceOfWorse([minute(500, 0, { requests: 9500, faults: 0 })])).toBeCloseTo(1, 6);
    expect(evidenceOfWorse([minute(0, 0, { requests: 9500, faults: 20 })])).toBeCloseTo(1, 6);
  });

  it('of much that is plain neither overflows nor is lost', () => {
    const plain = minute(100_000, 100_000, { requests: 1_900_000, faults: 100 });
    expect(evidenceOfWorse(Array.from({ length: 50 }, () => plain))).toBeGreaterThan(1e100);
    expect(evidenceOfWorse([plain, ...Array.from({ length: 50 }, () => sound)])).not.toBeNaN();
  });

  it('is swayed less by one minute the more the rates swing', () => {
    const evidence = (dispersion: number) => evidenceOfWorse([{ ...bad, dispersion }]);
    expect(evidence(0.001)).toBeGreaterThan(evidence(0.3));
    expect(evidence(0.3)).toBeGreaterThan(evidence(3));
    expect(evidence(3)).toBeLessThan(200);
  });
});

describe('the telling minutes', () => {
  const sound = minute(500, 5, { requests: 9500, faults: 95 });
  const bad = minute(500, 40, { requests: 9500, faults: 95 });

  it('are those from which on the canary is worse', () => {
    expect(tellingMinutes([sound, sound, sound, bad, bad])).toHaveLength(2);
    expect(tellingMinutes([bad, bad, bad])).toHaveLength(3);
    expect(tellingMinutes([bad])).toHaveLength(1);
    expect(tellingMinutes([])).toEqual([]);
  });
});
