import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeBuild } from '../actions/frontend/frontend-world.ts';
import { rollback, SHOP } from './rollback-shop.ts';
import { inWorld, TAKEN_BACK, type TestWorld } from './world.ts';

const SITE = { bucket: 'shop-frontend', distribution: 'E1A2B3C4D5E6F7' };
const WITH_SITE = {
  ...SHOP,
  scenario: {
    ...SHOP.scenario,
    buckets: { 'shop-frontend': {} },
    distributions: { E1A2B3C4D5E6F7: { bucket: 'shop-frontend' } },
  },
};

async function release(world: TestWorld, version: string, run?: string): Promise<void> {
  const job = world.job(run);
  writeBuild(join(job.directory, 'dist'), { 'index.html': version });
  const step = await job.run('frontend', { ...SITE, directory: 'dist', version });
  expect(step.code, step.log).toBe(0);
}

const seen = (world: TestWorld) => world.simulator.world.edge.get('/').body;

test('a service and its frontend go back to the version of one name, the service first', async () => {
  await inWorld(WITH_SITE, async (world) => {
    await release(world, 'v1.0.0');
    await release(world, 'v3.0.0');
    const step = await rollback(world, { ...SITE, to: 'v1.0.0' });
    expect(step.code, step.log).toBe(0);
    expect(step.outputs).toMatchObject({
      outcome: 'rolled-back',
      version: 'v1.0.0',
      'previous-version': 'v3.0.0',
      'task-definition-arn': 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1',
    });
    expect(seen(world)).toBe('v1.0.0');
    const order = world.calls.map(({ operation }) => operation);
    expect(order.indexOf('UpdateService')).toBeLessThan(order.lastIndexOf('PutObject'));
    return { runs: 'web:1' };
  });
});

test('neither goes back where the frontend has no such version', async () => {
  await inWorld(WITH_SITE, async (world) => {
    await release(world, 'v3.0.0');
    const step = await rollback(world, { ...SITE, to: 'v1.0.0' });
    expect(step.code).toBe(1);
    expect(step.log).toContain(
      '::error::to: there is no version "v1.0.0" of the files in s3://shop-frontend/',
    );
    expect(world.calls.map(({ operation }) => operation)).not.toContain('UpdateService');
    return { runs: 'web:3' };
  });
});

test('the frontend stays where somebody else has deployed the service meanwhile', async () => {
  await inWorld(WITH_SITE, async (world) => {
    await release(world, 'v1.0.0');
    await release(world, 'v3.0.0');
    const step = await rollback(world, { ...SITE, 'only-from': 'web:2' });
    expect(step.code, step.log).toBe(0);
    expect(step.outputs['outcome']).toBe('superseded');
    expect(seen(world)).toBe('v3.0.0');
    return { runs: 'web:3' };
  });
});

test('the frontend stays where the rollout that was under way had not come to it', async () => {
  const { buckets, distributions } = WITH_SITE.scenario;
  await inWorld({ scale: 200, override: { buckets, distributions } }, async (world) => {
    await release(world, 'v0.9.0', '900');
    await release(world, 'v1.0.0', '1000');
    const running = world.start({ steps: '10% for 40m', gates: 'crashes = 0' });
    await running.says('the end of the step 10%');
    const step = await world.job('1002').run('rollback', { cluster: 'prod', service: 'web', ...SITE });
    await running.done;
    expect(step.code, step.log).toBe(0);
    expect(step.outputs).toMatchObject({
      outcome: 'rolled-back',
      'rollout-ended': 'true',
      version: 'v1.0.0',
      'previous-version': 'v1.0.0',
    });
    expect(step.log).toContain('The frontend stays as it is, too');
    expect(seen(world)).toBe('v1.0.0');
    return TAKEN_BACK;
  });
});
