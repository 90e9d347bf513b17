import type { DescribeTasksCommandOutput } from '@aws-sdk/client-ecs';
import type { RunningStep } from '../../src/runner/start-action.ts';
import type { Scenario } from '../../src/simulator/scenario/scenario.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import type { TestWorld } from './world.ts';

/** As the scenario makes it. */
export const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf';

/** The web shop, whose tasks get a password: those that start with `bad` cannot work, with `weak` they fail often. */
export function refreshShop(): Scenario {
  const shop = webShop({ images: ['app:v1'], rate: 100 });
  return {
    ...shop,
    taskDefinitions: shop.taskDefinitions.map((definition) => ({
      ...definition,
      containers: definition.containers.map((container) => ({
        ...container,
        secrets: [{ name: 'DB_PASSWORD', valueFrom: SECRET }],
      })),
    })),
    secrets: { 'shop/db': { value: 'old' } },
    secretBehaviours: {
      'shop/db': {
        bad: { crash: { after: 2_000, exitCode: 1 } },
        weak: { errorRate: 0.2 },
      },
    },
  };
}

/** Sets another value, as a rotation does. */
export async function rotate(world: TestWorld, value: string): Promise<number> {
  await world.ask('Secrets Manager', 'PutSecretValue', {
    SecretId: SECRET,
    SecretString: value,
    ClientRequestToken: `00000000-0000-4000-8000-${value.padStart(12, '0').replace(/[^0-9a-f]/g, 'a')}`,
  });
  return world.clock.now();
}

/** Starts a refresh in one short step, unless the inputs say otherwise. */
export function startRefresh(
  world: TestWorld,
  inputs: Readonly<Record<string, string>> = {},
  job = world.job(),
): RunningStep {
  world.allow(50);
  return job.start('refresh', { cluster: 'prod', service: 'web', steps: '50% for 3m', ...inputs });
}

/** When each of the service's tasks was made. */
export async function startsOfTasks(world: TestWorld): Promise<readonly number[]> {
  const { taskArns = [] } = await world.ask<{ taskArns?: string[] }>('ECS', 'ListTasks', {
    cluster: 'prod',
    serviceName: 'web',
  });
  const { tasks = [] } = await world.ask<DescribeTasksCommandOutput>('ECS', 'DescribeTasks', {
    cluster: 'prod',
    tasks: taskArns,
  });
  return tasks.map(({ createdAt }) => createdAt?.getTime() ?? 0);
}
