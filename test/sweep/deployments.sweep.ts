import { expect, test } from 'vitest';
import { PROMOTED, TAKEN_BACK, type TestWorld } from '../bundle/world.ts';
import { onEnvironment, SHA } from '../github/on-environment.ts';
import { callsOf, RELEASES, type Release, sweep } from './sweep.ts';

/**
 * Kills a run, lets the next attempt follow, and looks at what GitHub shows in the end: nothing goes on, and what is
 * active is what runs.
 *
 * @param request the request to GitHub before whose answer it is killed; none where `faults` do it
 */
async function play(
  { options, inputs, outcome }: Release,
  faults: NonNullable<Release['options']['faults']>,
  request?: number,
): Promise<string> {
  let end = '';
  let requests = 0;
  let shop: TestWorld | undefined;
  const before = () => {
    if (++requests === request) shop?.kill();
  };
  await onEnvironment(
    { ...options, faults, github: { before } },
    async ({ world, github, release, job, states }) => {
      shop = world;
      const first = await release(inputs);
      const killed = first.signal === 'SIGKILL';
      const last = killed ? await release(inputs, job('1001', SHA, 2)) : first;
      end = last.outputs['outcome'] ?? '';
      const log = `${first.log}\n--- second run\n${last.log}`;
      if (outcome === 'rolled-back') expect(end, log).toBe('rolled-back');
      const ends = states().map((each) => each.split(' ').at(-1));
      const active = ends.filter((state) => state === 'success');
      if (end === 'promoted') {
        expect(ends, log).not.toContain('in_progress');
        expect(active, log).toHaveLength(1);
        expect(github.deployments.at(-1)?.id, log).toBe(Number(last.outputs['deployment-id']));
      } else {
        expect(active, log).toEqual([]);
        expect(ends.at(-1), log).toBe('failure');
      }
      if (!killed) end = `ended before, ${end}`;
      return end.endsWith('promoted') ? PROMOTED : TAKEN_BACK;
    },
  );
  return end;
}

test('a release killed before every second change shows as what it is after the next run', async () => {
  const [sound] = RELEASES as [Release];
  const { changes } = await callsOf(sound);
  const strikes = changes.filter((_, index) => index % 2 === 0);
  const failures = await sweep(`${sound.name} on GitHub, killed before the change`, strikes, (strike) =>
    play(sound, [{ kind: 'kill', ...strike }]),
  );
  expect(failures).toEqual([]);
});

for (const release of RELEASES) {
  test(`${release.name} killed at each request to GitHub shows as what it is after the next run`, async () => {
    const requests = Array.from({ length: 10 }, (_, index) => ({ call: index + 1 }));
    const failures = await sweep(`${release.name}, killed at the request to GitHub`, requests, ({ call }) =>
      play(release, [], call),
    );
    expect(failures).toEqual([]);
  });
}
