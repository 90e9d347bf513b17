import { expect, test } from 'vitest';
import type { FaultKind } from '../../src/simulator/faults.ts';
import { openWorld, PROMOTED, TAKEN_BACK } from '../bundle/world.ts';
import { RELEASES, type Release, type Strike, strikesOf, sweep } from './sweep.ts';

/** Plays the release with a fault at one of its calls. */
async function play(
  { options, inputs, outcome }: Release,
  kind: FaultKind,
  strike: Strike,
  seed: number,
): Promise<string> {
  const world = await openWorld({ ...options, seed, faults: [{ kind, ...strike }] });
  try {
    const step = await world.release(inputs);
    expect(step.outputs['outcome'], step.log).toBe(outcome);
    expect(step.code).toBe(outcome === 'promoted' ? 0 : 1);
    expect(step.log).not.toMatch(/an error inside|defect/);
    await world.expectSound(outcome === 'promoted' ? PROMOTED : TAKEN_BACK);
    return outcome;
  } finally {
    await world.close();
  }
}

for (const [index, release] of RELEASES.entries()) {
  for (const [kind, where, at] of [
    ['throttle', index, 'each change and every fourth read'],
    ['lost-answer', index + 2, 'each change and every fourth read'],
    ['internal-error', 'changes', 'each change'],
  ] as const) {
    test(`${release.name} comes to its right end with ${kind} at ${at}`, async () => {
      const strikes = await strikesOf(release, where);
      const failures = await sweep(`${release.name}, ${kind}`, strikes, (strike, seed) =>
        play(release, kind, strike, seed + 1),
      );
      expect(failures).toEqual([]);
    });
  }
}
