import { DescribeServicesCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import type { Clock } from '../clock.ts';
import type { Scenario } from '../simulator/scenario/scenario.ts';
import { startSimulator } from '../simulator/server.ts';
import type { UserTotals } from '../simulator/traffic/ledger.ts';
import { createWorld } from '../simulator/world/world.ts';
import { awsClients } from './aws-clients.ts';
import { CLUSTER, NOON, SERVICE } from './shop.ts';

/** What became of a release that nothing watched. */
export interface PlainDeployment {
  readonly users: UserTotals;
  readonly rolloutState: string;
  readonly failedTasks: number;
}

/**
 * The same release to the same shop at the same time, by UpdateService alone: a rolling deployment without a circuit
 * breaker and without anybody who takes it back.
 *
 * @param forMs how long it is left alone
 */
export async function deployPlainly(
  scenario: Scenario,
  taskDefinition: string,
  forMs: number,
  seed: number,
): Promise<PlainDeployment> {
  let now = NOON;
  const clock: Clock = { now: () => now, sleep: async () => undefined, scale: 1 };
  const simulator = await startSimulator({ clock, seed, world: (context) => createWorld(context, scenario) });
  const { ecs, close } = awsClients(simulator.url);
  try {
    await ecs.send(new UpdateServiceCommand({ cluster: CLUSTER, service: SERVICE, taskDefinition }));
    now += forMs;
    const { services } = await ecs.send(
      new DescribeServicesCommand({ cluster: CLUSTER, services: [SERVICE] }),
    );
    const deployment = services?.[0]?.deployments?.find(({ status }) => status === 'PRIMARY');
    return {
      users: simulator.world.users.total({ from: NOON, until: now }),
      rolloutState: deployment?.rolloutState ?? 'unknown',
      failedTasks: deployment?.failedTasks ?? 0,
    };
  } finally {
    close();
    await simulator.close();
  }
}
