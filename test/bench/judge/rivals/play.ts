import type { Answer, Contestant, Side } from '../contestant.ts';

export const side = (requests: number, faults: Partial<Omit<Side, 'requests'>> = {}): Side => ({
  requests,
  errors: 0,
  slow: 0,
  verySlow: 0,
  ...faults,
});

/**
 * A contestant's answers to a canary's minutes in steps of `minutes`, up to the one that rolls back. A step ends as in
 * the bench: when its minutes are over and the answer is `go-on`.
 */
export function answers(
  { begin }: Contestant,
  canary: readonly Side[],
  { stable = canary, minutes = 15 }: { readonly stable?: readonly Side[]; readonly minutes?: number } = {},
): readonly Answer[] {
  const run = begin([]);
  const given: Answer[] = [];
  let minuteOfStep = 0;
  for (const [index, minute] of canary.entries()) {
    minuteOfStep += 1;
    const answer = run({
      canary: minute,
      stable: stable[index] ?? side(0),
      weight: 5,
      minuteOfStep,
      minutesOfStep: minutes,
    });
    given.push(answer);
    if (answer === 'roll-back') break;
    if (answer === 'go-on' && minuteOfStep >= minutes) minuteOfStep = 0;
  }
  return given;
}
