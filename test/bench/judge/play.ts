import type { Contestant } from './contestant.ts';
import { type Release, Traffic } from './release.ts';

export const PLAN = [
  { weight: 5, minutesOfStep: 15 },
  { weight: 25, minutesOfStep: 15 },
  { weight: 50, minutesOfStep: 15 },
] as const;

/** A release that is neither promoted nor taken back by then is given up. */
const LONGEST_MINUTES = 180;

export interface End {
  readonly promoted: boolean;
  /** Minutes of traffic that were judged. */
  readonly minutes: number;
  /** Requests of users that went wrong on the canary meanwhile. */
  readonly failed: number;
  /** Whether a step ended before its minutes were over. */
  readonly early: boolean;
}

/** Plays one rollout with each of the judges, on the same traffic. */
export function playAll(contestants: readonly Contestant[], release: Release, seed: number): readonly End[] {
  const traffic = new Traffic(release, seed);
  return contestants.map((contestant) => play(contestant, traffic, release));
}

export function play(contestant: Contestant, traffic: Traffic, { of }: Release): End {
  const run = contestant.begin(traffic.before);
  let [minutes, failed, early] = [0, 0, false];
  for (const { weight, minutesOfStep } of PLAN) {
    for (let minuteOfStep = 1; ; minuteOfStep++) {
      const { canary, stable } = traffic.minute(minutes, weight);
      minutes++;
      failed += canary[of];
      const answer = run({ canary, stable, weight, minuteOfStep, minutesOfStep });
      if (answer === 'roll-back' || minutes >= LONGEST_MINUTES) {
        return { promoted: false, minutes, failed, early };
      }
      if (answer === 'advance' && minuteOfStep < minutesOfStep) early = true;
      if (answer === 'advance' || (answer === 'go-on' && minuteOfStep >= minutesOfStep)) break;
    }
  }
  return { promoted: true, minutes, failed, early };
}
