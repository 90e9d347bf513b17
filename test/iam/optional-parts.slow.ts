import type { DescribeServicesCommandOutput } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { listenDataPlane } from '../../src/simulator/elbv2/data-plane.ts';
import { openBackupWorld } from '../actions/backup/backup-world.ts';
import { refreshShop } from '../bundle/refresh-shop.ts';
import { inWorld, PROMOTED, TAKEN_BACK, type TestWorld, type WorldOptions } from '../bundle/world.ts';
import { inMigrations } from '../migrations/migrate-world.ts';

/**
 * Parts of the actions that need permissions of their own and that no other suite plays with the built actions. What
 * they call is recorded like everything else; test/iam/main.ts judges it.
 */

const DIGEST = `sha256:${'a'.repeat(64)}`;
const SERVED: WorldOptions = {
  override: {
    stacks: { shop: { Cluster: 'prod', Service: 'web', Repository: 'shop' } },
    repositories: { shop: { v2: DIGEST } },
  },
};
const BY_STACK = { cluster: 'cloudformation:shop.Cluster', service: 'cloudformation:shop.Service' };
const IMAGE = 'ecr:shop:v2';

const untouched = async (world: TestWorld, play: () => Promise<unknown>) => {
  await play();
  expect(world.changes).toEqual([]);
  return TAKEN_BACK;
};

/** A task definition with everything that needs a permission of its own. */
const definition = (volumes: readonly object[] = []) =>
  JSON.stringify({
    family: 'web',
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    cpu: '256',
    memory: '512',
    taskRoleArn: 'arn:aws:iam::123456789012:role/web-task',
    executionRoleArn: 'arn:aws:iam::123456789012:role/ecsTaskExecutionRole',
    tags: [{ key: 'team', value: 'shop' }],
    volumes,
    containerDefinitions: [
      { name: 'web', image: 'app:v2', portMappings: [{ containerPort: 8080, protocol: 'tcp' }] },
    ],
  });

describe('names from stacks and images of ECR', () => {
  test.each([
    ['canary', { ...BY_STACK, 'task-definition': 'web:2', 'dry-run': 'true' }],
    ['rollback', { ...BY_STACK, to: 'web:2', 'dry-run': 'true' }],
    ['render-task-definition', { ...BY_STACK, image: IMAGE }],
    ['plan', { ...BY_STACK, image: IMAGE, comment: 'false' }],
    ['migrate', { ...BY_STACK, image: IMAGE, command: 'true', 'dry-run': 'true' }],
    ['incident', { ...BY_STACK, outcome: 'rolled-back', 'github-token': 'x', 'dry-run': 'true' }],
    ['refresh', { ...BY_STACK, 'dry-run': 'true' }],
  ] as const)('%s', (action, inputs) =>
    inWorld(SERVED, (world) =>
      untouched(world, async () => {
        const step = await world.job().run(action, inputs);
        expect(step.code, step.log).toBe(0);
        expect(world.calls.map(({ operation }) => operation)).toContain('DescribeStacks');
      }),
    ),
  );

  test('ecr-push', () =>
    inWorld(SERVED, (world) =>
      untouched(world, async () => {
        const inputs = { repository: 'cloudformation:shop.Repository', 'oci-layout': 'nowhere', tags: 'v1' };
        const step = await world.job().run('ecr-push', inputs);
        expect(step.log).toContain('nowhere');
        expect(world.calls.map(({ operation }) => operation)).toContain('DescribeStacks');
      }),
    ));
});

test('a smoke test waits for a service that a stack names', () =>
  inWorld(SERVED, async (world) => {
    const door = { loadBalancer: 'shop', port: 80 };
    const plane = await listenDataPlane(world.simulator.world, door, () => world.clock.now());
    try {
      return await untouched(world, async () => {
        const step = await world.job().run('smoke-test', { ...BY_STACK, url: plane.url });
        expect(step.outputs['outcome'], step.log).toBe('passed');
      });
    } finally {
      await plane.close();
    }
  }));

describe('a task definition with roles and tags', () => {
  test('is released by canary, on volumes that ECS makes', () =>
    inWorld({}, async (world) => {
      const volume = { name: 'data', configuredAtLaunch: true };
      const roleArn = 'arn:aws:iam::123456789012:role/ecsInfrastructureRole';
      await world.ask('ECS', 'UpdateService', {
        cluster: 'prod',
        service: 'web',
        volumeConfigurations: [{ name: 'data', managedEBSVolume: { roleArn, sizeInGiB: 10 } }],
      });
      const hasVolume = async () => {
        const asked = { cluster: 'prod', services: ['web'] };
        const { services = [] } = await world.ask<DescribeServicesCommandOutput>(
          'ECS',
          'DescribeServices',
          asked,
        );
        const [newest, ...others] = services[0]?.deployments ?? [];
        return newest?.volumeConfigurations?.length === 1 && others.length === 0;
      };
      while (!(await hasVolume())) await world.clock.sleep(5_000);
      // One who asks next may still be shown what was there before.
      await world.clock.sleep(30_000);
      await world.prepared();
      const job = world.job();
      job.file('task.json', definition([volume]));
      const step = await world.release({ 'task-definition': 'task.json' }, job);
      expect(step.outputs['outcome'], step.log).toBe('promoted');
      return { ...PROMOTED, runs: 'web:4' };
    }));

  test('is run by migrate', () =>
    inMigrations({ scale: 100 }, async (scene) => {
      const job = scene.world.job();
      job.file('task.json', definition());
      const step = await scene.migrate({ 'task-definition': 'task.json', command: 'true' }, job);
      expect(step.code, step.log).toBe(0);
    }));
});

test('a backup deletes older ones of clusters and of serverless caches', async () => {
  const world = await openBackupWorld({
    databases: { clusters: { shop: {} } },
    caches: { serverless: { carts: {} } },
  });
  const inputs = { 'db-clusters': 'shop', 'serverless-caches': 'carts', keep: '1' };
  for (const run of ['1', '2', '3']) {
    const { told } = await world.backUp(inputs, { env: { GITHUB_RUN_ID: run } });
    expect(told).toBe('');
  }
  const operations = world.simulator.calls.map(({ operation }) => operation);
  expect(operations).toContain('DeleteDBClusterSnapshot');
  expect(operations).toContain('DeleteServerlessCacheSnapshot');
});

test('a rollback takes over a rollout that was killed before its test was over', () =>
  inWorld(
    {
      faults: [{ kind: 'kill', operation: 'DeleteRule', call: 1 }],
      override: { scalableTargets: [{ service: 'prod/web', min: 4, max: 10 }] },
    },
    async (world) => {
      const door = { loadBalancer: 'shop', port: 80 };
      const plane = await listenDataPlane(world.simulator.world, door, () => world.clock.now());
      try {
        await world.release({ 'pre-traffic-url': `${plane.url}/health` });
        const step = await world.job('1002').run('rollback', { cluster: 'prod', service: 'web' });
        expect(step.code, step.log).toBe(0);
        expect(world.changes).toContain('DeleteRule');
        return TAKEN_BACK;
      } finally {
        await plane.close();
      }
    },
  ));

test('preflight looks for backups of serverless caches', () =>
  inWorld({ override: { caches: { serverless: { baskets: {} } } } }, (world) =>
    untouched(world, async () => {
      const inputs = { cluster: 'prod', service: 'web', 'backup-serverless-caches': 'baskets' };
      const step = await world.job().run('preflight', inputs);
      expect(step.log).toContain('serverless cache baskets has no snapshot that is available');
    }),
  ));

test('refresh looks when a parameter has changed', async () => {
  const shop = refreshShop();
  const secrets = [{ name: 'KEY', valueFrom: 'arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key' }];
  const scenario = {
    ...shop,
    taskDefinitions: shop.taskDefinitions.map((definition) => ({
      ...definition,
      containers: definition.containers.map((container) => ({ ...container, secrets })),
    })),
    parameters: { '/shop/key': { value: 'x', changedAgo: 2 * 86_400_000 } },
  };
  await inWorld({ scenario }, (world) =>
    untouched(world, async () => {
      const inputs = { cluster: 'prod', service: 'web', 'only-if-rotated': 'true' };
      const step = await world.job().run('refresh', inputs);
      expect(step.outputs['outcome'], step.log).toBe('unchanged');
    }),
  );
});
