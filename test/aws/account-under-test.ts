import { afterEach, expect, vi } from 'vitest';
import type { Connection } from '../../src/aws/connection.ts';
import { systemClock } from '../../src/clock.ts';
import type { Scenario } from '../../src/simulator/scenario/scenario.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';

export const CONNECTION: Connection = { clock: systemClock };

const started: Simulator<SimulatedWorld>[] = [];

/** An AWS in which nothing is late, and whose environment is that of the test; it is closed after the test. */
export async function account(scenario: Partial<Scenario>): Promise<Simulator<SimulatedWorld>> {
  const prompt = { history: 0, consistencyLag: { min: 0, max: 0 }, traffic: [] };
  const aws = await startSimulator({
    clock: systemClock,
    seed: 1,
    metricDelay: 0,
    world: (context) => createWorld(context, webShop({ tasks: 1, override: { ...prompt, ...scenario } })),
  });
  started.push(aws);
  for (const [name, value] of Object.entries(aws.env())) vi.stubEnv(name, value);
  return aws;
}

afterEach(async () => {
  vi.unstubAllEnvs();
  const all = started.splice(0);
  await Promise.all(all.map((aws) => aws.close()));
  expect(all.flatMap(({ bugs }) => bugs)).toEqual([]);
});

/** The operations that were called, in order, with what came of them where that was not `ok`. */
export const called = ({ calls }: Simulator<SimulatedWorld>): readonly string[] =>
  calls.map(({ operation, outcome }) => (outcome === 'ok' ? operation : `${operation}: ${outcome}`));
