import { expect, test } from 'vitest';
import type { FaultKind } from '../../src/simulator/faults.ts';
import { openWorld, PROMOTED, TAKEN_BACK } from '../bundle/world.ts';
import { RELEASES, type Release, sweep } from './sweep.ts';

/** Plays the release with a fault at one of its calls; gives the number of calls that it made. */
async function play({ options, inputs, outcome }: Release, kind?: FaultKind, call = 0): Promise<number> {
  const faults = kind === undefined ? [] : [{ kind, call }];
  const world = await openWorld({ ...options, seed: call + 1, faults });
  try {
    const step = await world.release(inputs);
    expect(step.outputs['outcome'], step.log).toBe(outcome);
    expect(step.code).toBe(outcome === 'promoted' ? 0 : 1);
    expect(step.log).not.toMatch(/an error inside|defect/);
    const calls = world.calls.length;
    await world.expectSound(outcome === 'promoted' ? PROMOTED : TAKEN_BACK);
    return calls;
  } finally {
    await world.close();
  }
}

for (const release of RELEASES) {
  for (const kind of ['throttle', 'internal-error', 'lost-answer'] as const) {
    test(`${release.name} comes to its right end with ${kind} at each call in turn`, async () => {
      const calls = await play(release);
      const failures = await sweep(`${release.name}, ${kind}`, calls, async (call) => {
        await play(release, kind, call);
        return release.outcome;
      });
      expect(failures).toEqual([]);
    });
  }
}
