import type { Simulator } from '../../src/simulator/server.ts';
import type { SimulatedWorld } from '../../src/simulator/world/world.ts';

/** What only looks changes nothing that a user could notice. */
const LOOKS = /^(Describe|Get|List|Head|Batch|Filter|Simulate|AddTags)/;
const AROUND_MS = 120_000;

/** The requests of users that failed, each with when and where, among what was changed shortly before and after. */
export function failuresIn(
  { world, calls }: Pick<Simulator<SimulatedWorld>, 'world' | 'calls'>,
  from: number,
): readonly string[] {
  const failed = world.users.records({ from }).filter(({ errors }) => errors > 0);
  const near = (time: number) => failed.some(({ from }) => Math.abs(time - from) < AROUND_MS);
  const told = [
    ...failed.map(({ from, until, revision, requests, errors }) => ({
      at: from,
      text: `${errors} of ${requests} in ${until - from} ms at ${revision || 'the load balancer'}`,
    })),
    ...calls
      .filter(({ time, operation }) => !LOOKS.test(operation) && near(time))
      .map(({ time, operation, input }) => ({
        at: time,
        text: `${operation} ${JSON.stringify(input).slice(0, 500)}`,
      })),
  ];
  return told
    .sort((one, other) => one.at - other.at)
    .map(({ at, text }) => `${new Date(at).toISOString()} ${text}`);
}
