import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job, StepResult } from '../../src/runner/start-action.ts';
import {
  type DockerRunner,
  dockerfile,
  dockerRunner,
  leftovers,
  processesOf,
  processesWith,
  settingsOf,
  until,
  writeContext,
} from './docker-runner.ts';
import { type RegistryWorld, SHA } from './registry-world.ts';

/** What is left of an ecr-push that is cancelled, as the runner does it, or killed. */

/** The runner sends SIGTERM after that. */
const PATIENCE_MS = 7_500;
/** In no other process's command line. */
const SLEEP = `sleep 47${process.pid}`;
const LONG = `FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "sh", "-c", "echo now it sleeps; ${SLEEP}"]\n`;

let runner: DockerRunner;
/** A home directory without buildx. */
let plainHome: string;
let settings: Readonly<Record<string, string>>;

beforeAll(async () => {
  runner = await dockerRunner({ buildkit: true });
  plainHome = join(runner.home, 'plain');
  mkdirSync(plainHome);
  const auth = Buffer.from('someone:something').toString('base64');
  writeFileSync(
    join(runner.home, '.docker/config.json'),
    `{"auths": {"registry.example:5000": {"auth": "${auth}"}}}  \n`,
  );
  settings = settingsOf(runner);
});

afterAll(async () => {
  await runner?.stop();
  // A test that fails has not come to the end of its build.
  for (const { pid } of sleepers()) process.kill(pid, 'SIGKILL');
});

const sleepers = () => processesWith(SLEEP);

/** Docker may lose what a step of a build says at its very beginning, so its process is waited for and not its words. */
const asleep = (running: ReturnType<Job['start']>) =>
  Promise.race([until(() => sleepers().length > 0), running.says('a text that never comes')]);

async function expectNothingLeft(job: Job, cancelled: StepResult): Promise<void> {
  expect([cancelled.code, cancelled.signal], cancelled.log).toEqual([1, null]);
  expect(cancelled.log).toContain('::error::The run was cancelled.');
  expect(processesOf(job)).toEqual([]);
  expect(leftovers(job)).toEqual([]);
  expect(settingsOf(runner)).toEqual(settings);
  // The engine ends what runs in a build a moment after its client has gone.
  await until(() => sleepers().length === 0);
}

async function cancelTimed(running: ReturnType<Job['start']>): Promise<StepResult> {
  const begun = performance.now();
  const result = await running.cancel();
  expect(performance.now() - begun).toBeLessThan(PATIENCE_MS);
  return result;
}

const BUILDERS = ['the engine', 'buildx', 'BuildKit'] as const;

/** A job whose builds go to one of them. */
function jobWith(world: RegistryWorld, builder: (typeof BUILDERS)[number], client: number) {
  const job = runner.job(world, builder === 'the engine' ? { HOME: plainHome } : {}, client);
  return { job, inputs: { context: 'app', ...(builder === 'buildx' && { builder: 'default' }) } };
}

describe('a cancelled ecr-push', () => {
  it.each(BUILDERS)('leaves nothing of a build by %s, with any client', async (builder) => {
    for (const client of runner.engine.clients.keys()) {
      await runner.play({ shop: {} }, async (world) => {
        const { job, inputs } = jobWith(world, builder, client);
        writeContext(runner, job, 'app', { Dockerfile: LONG });
        const running = job.start('ecr-push', { ...inputs, repository: 'shop', 'no-cache': 'true' });
        await asleep(running);
        expect(sleepers().length).toBeGreaterThan(0);
        expect(processesOf(job).length).toBeGreaterThan(0);
        const step = await cancelTimed(running);
        await expectNothingLeft(job, step);
        expect(await runner.tags('shop')).toEqual([]);
        expect((await job.post('ecr-push', step)).code).toBe(0);
      });
    }
  });

  it.each(BUILDERS)('leaves no tag of a push by %s, with any client', async (builder) => {
    for (const client of runner.engine.clients.keys()) {
      const repository = `pushed-${BUILDERS.indexOf(builder)}-${client}`;
      await runner.play(
        { [repository]: {} },
        async (world) => {
          const { job, inputs } = jobWith(world, builder, client);
          writeContext(runner, job, 'app', { Dockerfile: dockerfile(repository) });
          const front = await world.registry();
          front.fail({ method: 'PATCH', how: 'slow', ms: 60_000, times: 1000 });
          front.fail({ method: 'PUT', path: /blobs/, how: 'slow', ms: 60_000, times: 1000 });
          const running = job.start('ecr-push', { ...inputs, repository });
          await Promise.race([
            until(() => front.requests.some(({ method }) => method === 'PATCH' || method === 'PUT')),
            running.says('a text that never comes'),
          ]);
          const step = await cancelTimed(running);
          await expectNothingLeft(job, step);
          expect(await runner.tags(repository)).toEqual([]);
        },
        { scale: 1 },
      );
    }
  });

  it('does not wait for a registry that never answers the login, with any client', async () => {
    for (const client of runner.engine.clients.keys()) {
      await runner.play(
        { shop: {} },
        async (world) => {
          const { job, inputs } = jobWith(world, 'BuildKit', client);
          const front = await world.registry();
          front.fail({ path: /^\/v2\/$/, how: 'slow', ms: 60_000, times: 100 });
          const running = job.start('ecr-push', { ...inputs, repository: 'shop' });
          // The first is asked without the password, and answered at once.
          await until(() => front.requests.length > 1 && front.requests.at(-1)?.status === 0);
          expect(processesOf(job).map(({ command }) => command)).toContainEqual(
            expect.stringContaining('docker login'),
          );
          await expectNothingLeft(job, await cancelTimed(running));
        },
        { scale: 1 },
      );
    }
  });

  it.each([
    ['docker and its plugin do', 'buildx'],
    ['its plugin does', 'docker-buildx'],
  ])('kills what is left when %s not listen, before the runner kills the step', async (_, words) => {
    await runner.play({ shop: {} }, async (world) => {
      const { job, inputs } = jobWith(world, 'buildx', runner.engine.clients.length - 1);
      writeContext(runner, job, 'app', { Dockerfile: LONG });
      const running = job.start('ecr-push', { ...inputs, repository: 'shop', 'no-cache': 'true' });
      await asleep(running);
      const clients = processesOf(job).filter(({ command }) => command.includes(words));
      expect(clients.length).toBeGreaterThan(0);
      for (const { pid } of clients) process.kill(pid, 'SIGSTOP');
      await expectNothingLeft(job, await cancelTimed(running));
      expect(await runner.tags('shop')).toEqual([]);
    });
  });

  it('ends its wait for a scan; the images are pushed', async () => {
    await runner.play({ scanned: { scanning: 'never' } }, async (world) => {
      const { job, inputs } = jobWith(world, 'the engine', 0);
      writeContext(runner, job, 'app', { Dockerfile: dockerfile('scanned') });
      const running = job.start('ecr-push', { ...inputs, repository: 'scanned', 'fail-on': 'critical' });
      await running.says('waiting for the scan of');
      const step = await cancelTimed(running);
      await expectNothingLeft(job, step);
      expect((await runner.stored('scanned', SHA))?.digest).toBe(step.outputs['digest']);
    });
  });

  it('removes the login in the post step when the main step was killed', async () => {
    await runner.play({ shop: {} }, async (world) => {
      const { job, inputs } = jobWith(world, 'BuildKit', 0);
      writeContext(runner, job, 'app', { Dockerfile: LONG });
      const running = job.start('ecr-push', { ...inputs, repository: 'shop', 'no-cache': 'true' });
      await asleep(running);
      running.process.kill('SIGKILL');
      await until(() => running.process.signalCode !== null);
      const configuration = leftovers(job).find((name) => name.startsWith('deploy-actions-docker-'));
      const file = readFileSync(join(job.directory, configuration ?? '', 'config.json'), 'utf8');
      expect(file).toContain(new URL((await world.registry()).url).host);
      // The runner ends what a step has left behind.
      for (const { pid } of processesOf(job)) process.kill(pid, 'SIGKILL');
      const killed = await running.done;
      expect(killed.signal).toBe('SIGKILL');
      const post = await job.post('ecr-push', killed);
      expect(post.code, post.log).toBe(0);
      expect(leftovers(job).filter((name) => name.startsWith('deploy-actions-docker-'))).toEqual([]);
      expect(settingsOf(runner)).toEqual(settings);
      await until(() => sleepers().length === 0);
    });
  });
});
