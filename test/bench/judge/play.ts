import type { Contestant, Run } from './contestant.ts';
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
}

/** Plays one rollout with each of the judges, on the same traffic. */
export function playAll(contestants: readonly Contestant[], release: Release, seed: number): readonly End[] {
  const traffic = new Traffic(release, seed);
  return contestants.map((contestant) => play(contestant.begin(traffic.before), traffic, release));
}

function play(run: Run, traffic: Traffic, { of }: Release): End {
  let [minutes, failed] = [0, 0];
  for (const { weight, minutesOfStep } of PLAN) {
    for (let minuteOfStep = 1; ; minuteOfStep++) {
      const { canary, stable } = traffic.minute(minutes, weight);
      minutes++;
      failed += canary[of];
      const answer = run({ canary, stable, weight, minuteOfStep, minutesOfStep });
      if (answer === 'roll-back' || minutes >= LONGEST_MINUTES) return { promoted: false, minutes, failed };
      if (answer === 'advance' || (answer === 'go-on' && minuteOfStep >= minutesOfStep)) break;
    }
  }
  return { promoted: true, minutes, failed };
}
