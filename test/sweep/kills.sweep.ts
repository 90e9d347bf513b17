import { expect, test } from 'vitest';
import { openWorld, PROMOTED, TAKEN_BACK } from '../bundle/world.ts';
import { callsOf, RELEASES, type Release, type Strike, sweep } from './sweep.ts';

/** Of this part of the strikes the second run is another workflow run, which has to wait for the lease. */
const isOtherRun = (index: number): boolean => index % 5 === 4;

/** Kills the run at one of its calls and lets another run follow; gives the end of that. */
async function play(
  { options, inputs, outcome }: Release,
  after: boolean,
  strike: Strike,
  index: number,
): Promise<string> {
  const faults = [{ kind: 'kill' as const, after, ...strike }];
  const world = await openWorld({ ...options, seed: index + 1, faults }, (its) => its.kill());
  try {
    const first = await world.release(inputs);
    if (first.signal !== 'SIGKILL') return 'ended before that call';
    const job = isOtherRun(index) ? world.job('1002') : world.job('1001', 2);
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

for (const [index, release] of RELEASES.entries()) {
  test(`${release.name} killed after the effect of each change is brought to its end by the next run`, async () => {
    const { changes } = await callsOf(release);
    const failures = await sweep(`${release.name}, killed after each change`, changes, (strike, nth) =>
      play(release, true, strike, nth),
    );
    expect(failures).toEqual([]);
  });

  // What is killed before a change leaves what was there after the one before it.
  test(`${release.name} killed before its first change and every eighth read is brought to its end by the next run`, async () => {
    const { changes, reads } = await callsOf(release);
    const strikes = [...changes.slice(0, 1), ...reads(index)];
    const failures = await sweep(`${release.name}, killed before a call`, strikes, (strike, nth) =>
      play(release, false, strike, nth),
    );
    expect(failures).toEqual([]);
  });
}
