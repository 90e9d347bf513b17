import { ElastiCacheClient } from '@aws-sdk/client-elasticache';
import { RDSClient } from '@aws-sdk/client-rds';
import { onTestFinished } from 'vitest';
import type { ScenarioCaches } from '../../src/simulator/elasticache/model.ts';
import type { ScenarioDatabases } from '../../src/simulator/rds/model.ts';
import type { Scenario } from '../../src/simulator/scenario/scenario.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { createWorld } from '../../src/simulator/world/world.ts';
import { clientOf } from './client-of.ts';
import { movedClock } from './moved-clock.ts';
import { PROMPT } from './world-under-test.ts';

/** A running simulator with these databases and caches, and a clock that only the test moves. */
export async function startData(databases: ScenarioDatabases, caches: ScenarioCaches = {}) {
  const clock = movedClock();
  const override: Partial<Scenario> = { ...PROMPT, traffic: [], databases, caches };
  const simulator = await startSimulator({
    clock,
    seed: 1,
    world: (context) => createWorld(context, webShop({ override })),
  });
  onTestFinished(() => simulator.close());
  return {
    simulator,
    clock,
    rds: (region?: string) => new RDSClient(clientOf(simulator, region)),
    cache: new ElastiCacheClient(clientOf(simulator)),
  };
}
