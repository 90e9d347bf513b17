import { expect, test } from 'vitest';
import { openWorld, PROMOTED, TAKEN_BACK } from '../bundle/world.ts';
import { RELEASES, type Release, sweep } from './sweep.ts';

/** Of these calls the second run is another workflow run, which has to wait for the lease. */
const isOtherRun = (call: number): boolean => call % 5 === 0;

/** Kills the run at one of its calls and lets another run follow; gives the end of that. */
async function play({ options, inputs, outcome }: Release, call: number, after: boolean): Promise<string> {
  const faults = [{ kind: 'kill' as const, call, after }];
  const world = await openWorld({ ...options, seed: call, faults }, (its) => its.kill());
  try {
    const first = await world.release(inputs);
    if (first.signal !== 'SIGKILL') return 'ended before that call';
    const job = isOtherRun(call) ? world.job('1002') : world.job('1001', 2);
    const second = await world.release(inputs, job);
    const end = second.outputs['outcome'];
    const log = `${first.log}\n--- second run\n${second.log}`;
    if (outcome === 'rolled-back') expect(end, log).toBe('rolled-back');
    expect(['promoted', 'rolled-back'], log).toContain(end);
    expect(second.code, log).toBe(end === 'promoted' ? 0 : 1);
    expect(second.log, log).not.toMatch(/an error inside|defect/);
    await world.expectSound(end === 'promoted' ? PROMOTED : TAKEN_BACK);
    return String(end);
  } finally {
    await world.close();
  }
}

async function countCalls({ options, inputs }: Release): Promise<number> {
  const world = await openWorld(options);
  try {
    await world.release(inputs);
    return world.calls.length;
  } finally {
    await world.close();
  }
}

for (const release of RELEASES) {
  for (const after of [false, true]) {
    const when = after ? 'after the effect of' : 'before';
    test(`${release.name} killed ${when} each call in turn is brought to its end by the next run`, async () => {
      const calls = await countCalls(release);
      const failures = await sweep(`${release.name}, killed ${when} the call`, calls, (call) =>
        play(release, call, after),
      );
      expect(failures).toEqual([]);
    });
  }
}
