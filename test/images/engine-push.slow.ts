import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RegistryRequest } from '../../src/simulator/ecr/front.ts';
import { dockerRegistry } from '../slow/docker/registry.ts';
import {
  type DockerRunner,
  dockerfile,
  dockerRunner,
  leftovers,
  processesOf,
  settingsOf,
  writeContext,
} from './docker-runner.ts';
import { SHA } from './registry-world.ts';

/** ecr-push with a Docker engine that has no buildx. */

const OTHER = 'fedcba9876543210fedcba9876543210fedcba98';
const RELEASE = { GITHUB_REF: 'refs/tags/v1.2.3' };

let runner: DockerRunner;

beforeAll(async () => {
  runner = await dockerRunner();
});

afterAll(async () => {
  await runner?.stop();
});

/** Requests by which something comes into the registry. */
const sent = (requests: readonly RegistryRequest[]) =>
  requests.filter(({ method }) => method !== 'GET' && method !== 'HEAD');

/** How many images the engine has tagged since a moment: each build does so once. */
async function taggings(since: number): Promise<number> {
  const seconds = (ms: number) => String(ms / 1000);
  const events = await runner.docker(
    ...['events', '--since', seconds(since), '--until', seconds(Date.now())],
    ...['--filter', 'type=image', '--filter', 'event=tag', '--format', '{{.ID}}'],
  );
  return events.split('\n').filter((line) => line !== '').length;
}

describe('ecr-push with the Docker engine alone', () => {
  it('pushes a build that can be pulled by its digest, through every client', async () => {
    for (const index of runner.engine.clients.keys()) {
      const repository = `shop-${index}`;
      await runner.play({ [repository]: {} }, async (world) => {
        const job = runner.job(world, RELEASE, index);
        writeContext(runner, job, 'app', { Dockerfile: dockerfile(`first ${index}`) });
        const step = await job.run('ecr-push', { repository, context: 'app' });
        expect(step.code, step.log).toBe(0);

        const stored = await runner.stored(repository, SHA);
        expect(stored?.digest).toBe(step.outputs['digest']);
        const { host } = await world.registry();
        expect(step.outputs['image']).toBe(`${host}/${repository}@${stored?.digest}`);
        expect(step.outputs['reference']).toBe(`ecr:${repository}@${stored?.digest}`);
        expect(await runner.tags(repository)).toEqual([SHA, '1.2', '1.2.3'].toSorted());
        for (const tag of ['1.2', '1.2.3'])
          expect((await runner.stored(repository, tag))?.digest).toBe(stored?.digest);

        const { Id, Config } = await runner.pull(repository, stored?.digest ?? '');
        expect(Id).toBe(stored?.content.config?.digest);
        expect(Config.Labels).toMatchObject({
          'org.opencontainers.image.revision': SHA,
          'org.opencontainers.image.source': 'https://github.com/org/shop',
          'org.opencontainers.image.version': '1.2.3',
          'org.opencontainers.image.title': repository,
        });
        expect([leftovers(job), processesOf(job), settingsOf(runner)]).toEqual([[], [], {}]);
      });
    }
  });

  it('sends nothing when the same commit is pushed again', async () => {
    await runner.play({ again: {} }, async (world) => {
      const job = runner.job(world);
      writeContext(runner, job, 'app', { Dockerfile: dockerfile('again') });
      const first = await job.run('ecr-push', { repository: 'again', context: 'app' });
      expect(first.code, first.log).toBe(0);
      const front = await world.registry();
      const before = sent(front.requests).length;
      expect(before).toBeGreaterThan(0);

      const second = await job.run('ecr-push', { repository: 'again', context: 'app' });
      expect(second.code, second.log).toBe(0);
      expect(sent(front.requests)).toHaveLength(before);
      expect(second.outputs['digest']).toBe(first.outputs['digest']);
      expect(second.summary).toContain('unchanged');
    });
  });

  it('uses the image of an immutable tag again without a build, and refuses another one before it', async () => {
    await runner.play({ kept: { immutable: true } }, async (world) => {
      const inputs = { repository: 'kept', context: 'app' };
      const job = runner.job(world, RELEASE);
      writeContext(runner, job, 'app', { Dockerfile: dockerfile('kept') });
      const first = await job.run('ecr-push', inputs);
      expect(first.code, first.log).toBe(0);
      const { requests } = await world.registry();
      const [before, since] = [sent(requests).length, Date.now()];

      const again = await job.run('ecr-push', inputs);
      expect(again.code, again.log).toBe(0);
      expect(again.outputs['digest']).toBe(first.outputs['digest']);
      expect(again.summary).toContain('reused');

      const other = await job.run('ecr-push', { ...inputs, 'build-args': 'COLOUR=red' });
      expect(other.code).toBe(1);
      expect(other.log).toContain('was built from the same commit by other inputs of this step');
      const next = runner.job(world, { ...RELEASE, GITHUB_SHA: OTHER });
      writeContext(runner, next, 'app', { Dockerfile: dockerfile('other') });
      const refused = await next.run('ecr-push', inputs);
      expect(refused.code).toBe(1);
      expect(refused.log).toContain(`1.2.3 was built from commit ${SHA}`);

      expect(await taggings(since)).toBe(0);
      expect(await taggings(0)).toBeGreaterThan(0);
      expect(sent(requests)).toHaveLength(before);
      expect(await runner.tags('kept')).toEqual([SHA, '1.2.3']);
    });
  });

  it('builds by file, target and build arguments', async () => {
    await runner.play({ args: {} }, async (world) => {
      const job = runner.job(world);
      const steps = 'ARG COLOUR\nRUN ["/bin/busybox", "sh", "-c", "echo $COLOUR > /colour"]\n';
      writeContext(runner, job, 'app', {
        'Dockerfile.two': `FROM scratch AS one\nCOPY busybox /bin/busybox\n${steps}FROM one AS two\nRUN ["/bin/busybox", "false"]\n`,
      });
      const step = await job.run('ecr-push', {
        repository: 'args',
        context: 'app',
        file: 'app/Dockerfile.two',
        target: 'one',
        'build-args': 'COLOUR=deep blue',
        tags: 'blue',
      });
      expect(step.code, step.log).toBe(0);
      const { RepoDigests } = await runner.pull('args', step.outputs['digest'] ?? '');
      const said = await runner.docker('run', '--rm', RepoDigests[0] ?? '', '/bin/busybox', 'cat', '/colour');
      expect(said).toBe('deep blue\n');
    });
  });

  it('builds three images side by side, and one that is broken holds up none of the others', async () => {
    await runner.play({ api: {}, web: {}, jobs: {} }, async (world) => {
      const slow = (name: string, end = '') =>
        `FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "sh", "-c", "echo ${name} begins; sleep 3; echo ${name} ends${end}"]\n`;
      const job = runner.job(world);
      for (const name of ['api', 'web', 'jobs']) {
        writeContext(runner, job, name, { Dockerfile: slow(name, name === 'jobs' ? '; false' : '') });
      }
      const images = ['api', 'web', 'jobs']
        .map((name) => `- { repository: ${name}, context: ${name} }`)
        .join('\n');
      const step = await job.run('ecr-push', { images });
      expect(step.code).toBe(1);
      const place = (text: string) => step.log.lastIndexOf(`\n${text}`);
      const begins = ['api | api', 'web | web', 'jobs | jobs'].map((text) => place(`${text} begins`));
      const ends = ['api | api', 'web | web', 'jobs | jobs'].map((text) => place(`${text} ends`));
      expect(Math.min(...begins), step.log).toBeGreaterThan(0);
      expect(Math.max(...begins)).toBeLessThan(Math.min(...ends));

      for (const name of ['api', 'web']) expect(await runner.tags(name)).toEqual([SHA]);
      expect(await runner.tags('jobs')).toEqual([]);
      expect(step.log).toMatch(/::error::.*the build of \S+\/jobs:\S+ failed: .*returned a non-zero code: 1/);
    });
  });

  it('says before the build what only buildx can do', async () => {
    await runner.play({ plain: {} }, async (world) => {
      const job = runner.job(world, { TOKEN: 'of-the-environment' });
      writeContext(runner, job, 'app', { Dockerfile: dockerfile('plain') });
      const needs: Readonly<Record<string, string>> = {
        platforms: 'linux/amd64,linux/arm64',
        secrets: 'token=hidden-value',
        'secret-envs': 'token=TOKEN',
        'secret-files': 'token=app/Dockerfile',
        'cache-from': 'type=registry,ref={repository}:cache',
        'cache-to': 'type=registry,ref={repository}:cache',
        provenance: 'mode=max',
        sbom: 'true',
      };
      const since = Date.now();
      const inputs = { repository: 'plain', context: 'app' };
      for (const [input, value] of Object.entries(needs)) {
        const step = await job.run('ecr-push', { ...inputs, [input]: value });
        expect(step.code, input).toBe(1);
        expect(step.log).toContain(`::error::plain: ${input}: needs buildx`);
        expect(step.log.match(/::error::/g)).toHaveLength(1);
      }
      const all = await job.run('ecr-push', { ...inputs, ...needs, builder: 'mine' });
      expect(all.log).toContain(
        '"mine" is a builder of buildx, which the docker of this runner does not have',
      );
      expect([await taggings(since), await runner.tags('plain'), leftovers(job)]).toEqual([0, [], []]);
    });
  });

  it('pushes an image that the engine has, and says which it has not', async () => {
    await runner.play({ local: {} }, async (world) => {
      const job = runner.job(world);
      writeContext(runner, job, 'app', { Dockerfile: dockerfile('local') });
      await runner.docker('build', '--tag', 'made-before:1', join(job.directory, 'app'));
      const step = await job.run('ecr-push', { repository: 'local', 'local-image': 'made-before:1' });
      expect(step.code, step.log).toBe(0);
      const id = (await runner.docker('image', 'inspect', '--format', '{{.Id}}', 'made-before:1')).trim();
      expect((await runner.stored('local', SHA))?.digest).toBe(step.outputs['digest']);
      expect((await runner.pull('local', step.outputs['digest'] ?? '')).Id).toBe(id);
      const missing = await job.run('ecr-push', { repository: 'local', 'local-image': 'never-made:1' });
      expect(missing.log).toContain('the Docker engine has no image "never-made:1"');
    });
  });

  it('says that the engine is not there', async () => {
    await runner.play({ shop: {} }, async (world) => {
      const job = runner.job(world, { DOCKER_HOST: `unix://${runner.home}/none.sock` });
      writeContext(runner, job, 'app', { Dockerfile: dockerfile('never') });
      for (const inputs of [{ context: 'app' }, { 'local-image': 'some:1' }]) {
        const step = await job.run('ecr-push', { repository: 'shop', ...inputs });
        expect(step.code).toBe(1);
        expect(step.log).toMatch(/^::error::.*Cannot connect to the Docker daemon at \S+none\.sock/m);
        expect(leftovers(job)).toEqual([]);
      }
    });
  });

  it('takes base images from another registry with the login that the user has there', async () => {
    const user = join(runner.home, '.docker');
    const password = 'let me in';
    const locked = await dockerRegistry({ auth: { user: 'reader', password } });
    try {
      await runner.play({ based: {} }, async (world) => {
        const job = runner.job(world);
        const base = `${locked.host}/base:1`;
        const auth = Buffer.from(`reader:${password}`).toString('base64');
        mkdirSync(user, { recursive: true });
        // Written as nobody but a person would, so that a program that writes it anew is seen.
        writeFileSync(
          join(user, 'config.json'),
          `{ "auths": {"${locked.host}":\n{"auth":"${auth}"}},   "HttpHeaders":{"X-Mine": "1"}}\n\n`,
        );
        const before = settingsOf(runner);
        writeContext(runner, job, 'base', { Dockerfile: dockerfile('base') });
        await runner.docker('build', '--tag', base, join(job.directory, 'base'));
        await runner.docker('push', base);
        await runner.docker('image', 'rm', '--force', base);
        writeContext(runner, job, 'app', { Dockerfile: `FROM ${base}\nCOPY busybox /second\n` });
        const step = await job.run('ecr-push', { repository: 'based', context: 'app' });
        expect(step.code, step.log).toBe(0);
        const fetched = locked.requests().filter((line) => /^GET \/v2\/base\/manifests\/\S+ 200$/.test(line));
        expect(fetched.length).toBeGreaterThan(0);
        expect((await runner.stored('based', SHA))?.digest).toBe(step.outputs['digest']);
        expect(settingsOf(runner)).toEqual(before);
        expect(step.log).not.toContain(auth);
      });
    } finally {
      await locked.stop();
    }
  });
});
