import { expect, test } from 'vitest';
import { type Arrival, arrivals } from '../../src/simulator/arrivals.ts';
import { openWorld, SHORT } from '../bundle/world.ts';

/** The names by which the calls of a canary come in, with the job's environment as given. */
async function namesOf(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const world = await openWorld({});
  const names = new Set<string>();
  const hear = (message: unknown) => {
    const { userAgent } = message as Arrival;
    names.add(/\bapp\/(\S+)/.exec(userAgent)?.[1] ?? userAgent);
  };
  arrivals.subscribe(hear);
  try {
    const job = world.job();
    Object.assign(job.env, env);
    const running = world.start({ steps: SHORT }, job);
    await running.says('the end of the step');
    const main = await running.cancel();
    const inputs = { cluster: 'prod', service: 'web', 'task-definition': 'web:2' };
    const before = world.calls.length;
    await job.post('canary', main, inputs);
    expect(world.calls.length).toBeGreaterThan(before);
  } finally {
    arrivals.unsubscribe(hear);
    await world.close();
  }
  return [...names];
}

test('every call says which action makes it, those of its post step as well', async () => {
  expect(await namesOf({})).toEqual(['deploy-actions-canary']);
});

test('a name that the job sets itself stays', async () => {
  expect(await namesOf({ AWS_SDK_UA_APP_ID: 'shop' })).toEqual(['shop']);
});
