import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job, StepResult } from '../../src/runner/start-action.ts';
import {
  type DockerRunner,
  dockerfile,
  dockerRunner,
  leftovers,
  processesOf,
  until,
  writeContext,
} from './docker-runner.ts';
import { writeLayout } from './layout.ts';
import { type RegistryWorld, SHA } from './registry-world.ts';

/** ecr-push with a registry that refuses, breaks or goes away, and docker's own answers to that. */

const BUILDERS = ['the engine', 'BuildKit'] as const;
const ALWAYS = 1_000_000;

let runner: DockerRunner;

beforeAll(async () => {
  runner = await dockerRunner({ buildkit: true });
});

afterAll(async () => {
  await runner?.stop();
});

/** A job whose builds go to one of them, with something new to push. */
function jobWith(world: RegistryWorld, builder: (typeof BUILDERS)[number], repository: string) {
  const job = runner.job(world, builder === 'the engine' ? { HOME: join(runner.home, 'plain') } : {});
  writeContext(runner, job, 'app', { Dockerfile: dockerfile(`${repository} ${performance.now()}`) });
  return { job, inputs: { context: 'app', repository } };
}

const errorOf = ({ log }: StepResult) =>
  log
    .split('\n')
    .filter((line) => line.startsWith('::error::'))
    .join('\n');

function expectClean(job: Job): void {
  expect([leftovers(job), processesOf(job), existsSync(join(runner.home, 'plain'))]).toEqual([[], [], false]);
}

describe('the login', () => {
  it('that is refused is told at once, before anything is built', async () => {
    await runner.play({ shop: {} }, async (world) => {
      const { job, inputs } = jobWith(world, 'the engine', 'shop');
      const front = await world.registry();
      front.fail({ how: 'unauthorized', times: ALWAYS });
      const step = await job.run('ecr-push', inputs);
      expect(step.code).toBe(1);
      expect(errorOf(step)).toMatch(/docker could not log in to 127\.0\.0\.1:\d+: .*401 Unauthorized/);
      expect(step.log).not.toContain('try 2 of');
      expect(step.log).not.toContain('Step 1');
      expect(await runner.tags('shop')).toEqual([]);
      expectClean(job);
    });
  });

  it.each([
    ['an error', { how: 'status', status: 503 }],
    ['a broken connection', { how: 'lost-answer' }],
  ] as const)('that the registry answers with %s is tried again', async (_, fault) => {
    await runner.play({ shop: {} }, async (world) => {
      const { job, inputs } = jobWith(world, 'the engine', 'shop');
      const front = await world.registry();
      front.fail({ ...fault, path: /^\/v2\/$/, times: 3 });
      const step = await job.run('ecr-push', inputs);
      expect(step.code, step.log).toBe(0);
      expect(step.log).toContain('the login failed; try 2 of');
      expect((await runner.stored('shop', SHA))?.digest).toBe(step.outputs['digest']);
      expectClean(job);
    });
  });

  it('of which the registry has had enough in the middle of a push is made anew', async () => {
    for (const builder of BUILDERS) {
      const repository = `expired-${BUILDERS.indexOf(builder)}`;
      await runner.play({ [repository]: {} }, async (world) => {
        const { job, inputs } = jobWith(world, builder, repository);
        const front = await world.registry();
        front.fail({ how: 'unauthorized', method: 'POST' });
        const step = await job.run('ecr-push', inputs);
        expect(step.code, step.log).toBe(0);
        expect((await runner.stored(repository, SHA))?.digest).toBe(step.outputs['digest']);
        // BuildKit asks once more by itself, with what it has.
        const logins = world.calls.filter(({ operation }) => operation === 'GetAuthorizationToken');
        expect(logins).toHaveLength(builder === 'the engine' ? 2 : 1);
        expectClean(job);
      });
    }
  });
});

describe.each(BUILDERS)('a push by %s', (builder) => {
  const named = (name: string) => `${name}-${BUILDERS.indexOf(builder)}`;

  it.each([
    ['an error', { how: 'status', status: 500 }],
    ['a broken connection', { how: 'cut' }],
    ['a lost answer', { how: 'lost-answer' }],
    ['too many requests', { how: 'status', status: 429 }],
  ] as const)('is tried again after %s at the manifest', async (what, fault) => {
    const repository = named(what.replaceAll(' ', '-'));
    await runner.play({ [repository]: {} }, async (world) => {
      const { job, inputs } = jobWith(world, builder, repository);
      const front = await world.registry();
      front.fail({ ...fault, method: 'PUT', path: /\/manifests\//, times: 2 });
      const step = await job.run('ecr-push', inputs);
      expect(step.code, step.log).toBe(0);
      expect((await runner.stored(repository, SHA))?.digest).toBe(step.outputs['digest']);
      expect(await runner.tags(repository)).toEqual([SHA]);
    });
  });

  it('goes on when the registry was away in the middle of it', async () => {
    const repository = named('back');
    await runner.play(
      { [repository]: {} },
      async (world) => {
        const { job, inputs } = jobWith(world, builder, repository);
        const front = await world.registry();
        front.fail({ how: 'slow', ms: 300, method: 'POST', times: ALWAYS });
        const running = job.start('ecr-push', inputs);
        await until(() => front.requests.some(({ method }) => method === 'POST'));
        await runner.registry.goDown();
        const failed = () => front.requests.some(({ status }) => status === 500);
        await Promise.race([until(failed), running.done]);
        expect(failed()).toBe(true);
        await runner.registry.comeBack();
        const step = await running.done;
        expect(step.code, step.log).toBe(0);
        expect((await runner.stored(repository, SHA))?.digest).toBe(step.outputs['digest']);
        expectClean(job);
      },
      { scale: 1 },
    );
  });

  it('that is refused again after a new login ends, and says so', async () => {
    const repository = named('refused');
    await runner.play({ [repository]: {} }, async (world) => {
      const { job, inputs } = jobWith(world, builder, repository);
      const front = await world.registry();
      front.fail({ how: 'unauthorized', method: 'POST', times: ALWAYS });
      const step = await job.run('ecr-push', inputs);
      expect(step.code).toBe(1);
      expect(step.log).toContain('the push failed; try 2 of');
      expect(step.log).not.toContain('try 3 of');
      const logins = world.calls.filter(({ operation }) => operation === 'GetAuthorizationToken');
      expect(logins).toHaveLength(2);
      expect(errorOf(step)).toContain(`${repository}:${SHA} could not be pushed: `);
      expect(errorOf(step)).toMatch(/unauthorized/i);
      expect(await runner.tags(repository)).toEqual([]);
      expectClean(job);
    });
  });

  it('loses to somebody who takes an immutable tag during the build, whose image stays', async () => {
    const repository = named('taken');
    await runner.play({ [repository]: { immutable: true } }, async (world) => {
      const { job, inputs } = jobWith(world, builder, repository);
      writeContext(runner, job, 'app', {
        Dockerfile: `FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "sh", "-c", "echo it builds; /bin/busybox sleep 2; date > /date"]\n`,
      });
      const other = runner.job(world);
      const digest = writeLayout(join(other.directory, 'image'), { text: 'of somebody else' });
      const running = job.start('ecr-push', { ...inputs, 'no-cache': 'true' });
      await running.says(/(\| |[\d.]+ )it builds/);
      const first = await other.run('ecr-push', { repository, 'oci-layout': 'image' });
      expect(first.code, first.log).toBe(0);
      const step = await running.done;
      expect(step.code).toBe(1);
      expect(errorOf(step)).toMatch(/already exists .* immutable/);
      expect(step.log).not.toContain('try 2 of');
      expect((await runner.stored(repository, SHA))?.digest).toBe(digest);
      expectClean(job);
    });
  });
});
