import { expect, test } from 'vitest';
import type { FaultKind } from '../../src/simulator/faults.ts';
import { openWorld, PROMOTED, TAKEN_BACK } from '../bundle/world.ts';
import { callsOf, RELEASES, type Release, type Strike, sweep } from './sweep.ts';

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

/** Either is answered without an effect; whoever asks is to wait longer after the first. */
const REFUSALS = ['throttle', 'internal-error'] as const;

for (const [index, release] of RELEASES.entries()) {
  for (const [what, kinds, turn] of [
    ['throttling or an internal error', REFUSALS, index],
    ['a lost answer', ['lost-answer'], index + 4],
  ] as const) {
    test(`${release.name} comes to its right end with ${what} at each change and every eighth read`, async () => {
      const { changes, reads } = await callsOf(release);
      const strikes = [...changes, ...reads(turn)];
      const failures = await sweep(`${release.name}, ${what}`, strikes, (strike, nth) =>
        // Releases that begin alike take turns at the kinds.
        play(release, kinds[(nth + index) % kinds.length] ?? kinds[0], strike, nth + 1),
      );
      expect(failures).toEqual([]);
    });
  }
}
