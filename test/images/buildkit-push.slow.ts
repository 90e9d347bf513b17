import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OCI_INDEX, OCI_MANIFEST, platformsOf } from '../../src/images/manifest.ts';
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

/** ecr-push with buildx, whose builder is the Docker engine's or BuildKit's. */

const COPY = 'FROM scratch\nCOPY busybox /bin/busybox\n';
const PLATFORMS = 'linux/amd64,linux/arm64';
/** Values of the input `builder`: the engine's, and the one that the user has chosen. */
const BUILDERS = [
  ['the engine', { builder: 'default' }],
  ['BuildKit', {}],
] as const;

let runner: DockerRunner;

beforeAll(async () => {
  runner = await dockerRunner({ buildkit: true });
});

afterAll(async () => {
  await runner?.stop();
});

describe.each(BUILDERS)('ecr-push with buildx and the builder of %s', (kind, builder) => {
  const named = (name: string) => `${name}-${kind === 'BuildKit' ? 'kit' : 'engine'}`;

  it('pushes a build that can be pulled by its digest, and nothing more when it is repeated', async () => {
    const repository = named('shop');
    for (const index of runner.engine.clients.keys()) {
      await runner.play({ [repository]: {} }, async (world) => {
        const job = runner.job(world, { GITHUB_REF: 'refs/tags/v1.2.3' }, index);
        writeContext(runner, job, 'app', { Dockerfile: dockerfile(`${kind} ${index}`) });
        const inputs = { repository, context: 'app', ...builder };
        const before = settingsOf(runner);
        const step = await job.run('ecr-push', inputs);
        expect(step.code, step.log).toBe(0);
        const stored = await runner.stored(repository, SHA);
        expect(stored?.digest).toBe(step.outputs['digest']);
        expect((await runner.stored(repository, '1.2'))?.digest).toBe(stored?.digest);
        const { Id, Config } = await runner.pull(repository, stored?.digest ?? '');
        expect(Id).toBe(stored?.content.config?.digest);
        expect(Config.Labels).toMatchObject({
          'org.opencontainers.image.revision': SHA,
          'org.opencontainers.image.version': '1.2.3',
        });
        expect([leftovers(job), processesOf(job)]).toEqual([[], []]);
        expect(settingsOf(runner)).toEqual(before);

        // The images that pull has removed from the engine were its cache.
        const warm = await job.run('ecr-push', inputs);
        expect(warm.code, warm.log).toBe(0);
        const { requests } = await world.registry();
        const from = requests.length;
        const again = await job.run('ecr-push', inputs);
        expect(again.code, again.log).toBe(0);
        expect(again.outputs['digest']).toBe(warm.outputs['digest']);
        expect(again.summary).toContain('unchanged');
        const sent = requests.slice(from).filter(({ method }) => method !== 'GET' && method !== 'HEAD');
        expect(sent).toEqual([]);
      });
    }
  });

  it('gives a build its secrets, and neither the log nor the image has them', async () => {
    const repository = named('secret');
    const values = ['hidden-value-1', 'hidden "value" 2\nof two lines', 'hidden-value-3\n'] as const;
    await runner.play({ [repository]: {} }, async (world) => {
      const job = runner.job(world, { TOKEN: values[1] });
      const sums = ['a', 'b', 'c'].map((id) => `/bin/busybox sha256sum /run/secrets/${id}`).join('; ');
      const mounts = ['a', 'b', 'c'].map((id) => `--mount=type=secret,id=${id}`).join(' ');
      writeContext(runner, job, 'app', {
        Dockerfile: `${COPY}RUN ${mounts} ["/bin/busybox", "sh", "-c", "(${sums}) > /sums; /bin/busybox cat /sums"]\n`,
      });
      job.file('secret.txt', values[2]);
      const step = await job.run('ecr-push', {
        repository,
        context: 'app',
        secrets: `a=${values[0]}`,
        'secret-envs': 'b=TOKEN',
        'secret-files': 'c=secret.txt',
        ...builder,
      });
      expect(step.code, step.log).toBe(0);
      for (const value of values) {
        expect(step.log).toContain(createHash('sha256').update(value).digest('hex'));
      }
      const shown = step.log.split('\n').filter((line) => !line.startsWith('::add-mask::'));
      const { content } = (await runner.stored(repository, SHA)) ?? {};
      const blobs = [content?.config, ...(content?.layers ?? [])].map((blob) => blob?.digest ?? '');
      expect(blobs.length).toBe(3);
      const bytes = await Promise.all(blobs.map((digest) => runner.blob(repository, digest)));
      const texts = bytes.map((each) => (each[0] === 0x1f ? gunzipSync(each) : each).toString('latin1'));
      expect(texts.some((text) => text.includes('/run/secrets/a'))).toBe(true);
      for (const hidden of ['hidden-value-1', 'hidden "value" 2', 'of two lines', 'hidden-value-3']) {
        for (const text of [shown.join('\n'), ...texts]) expect(text.includes(hidden)).toBe(false);
      }
    });
  });

  it('takes base images from a registry whose password is in a store, and writes nothing there', async () => {
    const repository = named('based');
    const locked = await dockerRegistry({ auth: { user: 'reader', password: 'let me in' } });
    const calls = join(runner.home, 'store-calls');
    const store = join(runner.home, 'bin');
    const config = join(runner.home, '.docker/config.json');
    try {
      mkdirSync(store, { recursive: true });
      const answer = JSON.stringify({ ServerURL: locked.host, Username: 'reader', Secret: 'let me in' });
      writeFileSync(
        join(store, 'docker-credential-mine'),
        `#!/bin/sh\nread -r host\necho "$1 $host" >> '${calls}'\nif test "$1 $host" = 'get ${locked.host}'; then echo '${answer}'; else echo 'credentials not found in native keychain'; exit 1; fi\n`,
      );
      chmodSync(join(store, 'docker-credential-mine'), 0o755);
      writeFileSync(config, `{"auths": {"${locked.host}": {}}, "credsStore": "mine"}\n`);
      const before = settingsOf(runner);
      await runner.play({ [repository]: {} }, async (world) => {
        const path = `${store}:${process.env['PATH']}`;
        const job = runner.job(world, { PATH: path });
        const base = `${locked.host}/base:1`;
        writeContext(runner, job, 'base', { Dockerfile: dockerfile(`base ${kind}`) });
        writeContext(runner, job, 'app', { Dockerfile: `FROM ${base}\nCOPY busybox /second\n` });
        // Into the locked registry without docker, which knows it by the store only.
        const layout = join(job.directory, 'base-image');
        await runner.docker(
          ...['buildx', 'build', '--provenance=false', '--output', `type=oci,tar=false,dest=${layout}`],
          join(job.directory, 'base'),
        );
        await seed(locked.url, layout, 'reader:let me in');
        const step = await job.run('ecr-push', { repository, context: 'app', ...builder });
        expect(step.code, step.log).toBe(0);
        expect((await runner.stored(repository, SHA))?.digest).toBe(step.outputs['digest']);
      });
      const asked = readFileSync(calls, 'utf8').trim().split('\n');
      expect(new Set(asked)).toEqual(new Set([`get ${locked.host}`]));
      expect(settingsOf(runner)).toEqual(before);
    } finally {
      rmSync(config, { force: true });
      rmSync(calls, { force: true });
      await locked.stop();
    }
  });
});

/** Pushes the image of a layout as `base:1`, with a password, by hand. */
async function seed(url: string, layout: string, login: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
  const read = (digest: string) => readFileSync(join(layout, 'blobs', digest.replace(':', '/')));
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
    manifests: readonly { digest: string; mediaType: string }[];
  };
  const { digest = '', mediaType = '' } = index.manifests[0] ?? {};
  const bytes = read(digest);
  const { config, layers } = JSON.parse(bytes.toString()) as {
    config: { digest: string };
    layers: readonly { digest: string }[];
  };
  for (const blob of [config, ...layers]) {
    const begun = await fetch(`${url}/v2/base/blobs/uploads/`, {
      method: 'POST',
      headers: { authorization },
    });
    const place = new URL(begun.headers.get('location') ?? '', url);
    place.searchParams.set('digest', blob.digest);
    const headers = { authorization, 'content-type': 'application/octet-stream' };
    await fetch(place, { method: 'PUT', headers, body: read(blob.digest) });
  }
  const headers = { authorization, 'content-type': mediaType };
  const put = await fetch(`${url}/v2/base/manifests/1`, { method: 'PUT', headers, body: bytes });
  expect(put.status).toBe(201);
}

describe('ecr-push with BuildKit', () => {
  it('pushes several platforms under one digest, and the same once more', async () => {
    await runner.play({ platforms: {} }, async (world) => {
      const job = runner.job(world);
      writeContext(runner, job, 'app', { Dockerfile: COPY });
      const inputs = { repository: 'platforms', context: 'app', platforms: PLATFORMS };
      const step = await job.run('ecr-push', inputs);
      expect(step.code, step.log).toBe(0);
      const stored = await runner.stored('platforms', SHA);
      expect([stored?.digest, stored?.mediaType]).toEqual([step.outputs['digest'], OCI_INDEX]);
      const architectures = stored?.content.manifests?.map(({ platform }) => platform?.architecture);
      expect(architectures).toEqual(['amd64', 'arm64']);
      const pulled = await runner.pull('platforms', stored?.digest ?? '');
      expect(pulled.Architecture).toBe('amd64');
      expect(pulled.Config.Labels?.['org.opencontainers.image.revision']).toBe(SHA);
      const again = await job.run('ecr-push', inputs);
      expect([again.code, again.outputs['digest']]).toEqual([0, stored?.digest]);
    });
  });

  it('uses an image with attestations again where tags are immutable, although each build is another', async () => {
    await runner.play({ attested: {}, kept: { immutable: true } }, async (world) => {
      const job = runner.job(world);
      writeContext(runner, job, 'app', { Dockerfile: COPY });
      const inputs = { context: 'app', platforms: PLATFORMS, provenance: 'mode=max' };
      const kept = await job.run('ecr-push', { ...inputs, repository: 'kept' });
      expect(kept.code, kept.log).toBe(0);
      const stored = await runner.stored('kept', SHA);
      expect(stored?.digest).toBe(kept.outputs['digest']);
      expect(stored?.content.manifests).toHaveLength(4);
      expect(platformsOf(stored?.content ?? { schemaVersion: 2 })).toHaveLength(2);
      const again = await job.run('ecr-push', { ...inputs, repository: 'kept' });
      expect([again.code, again.outputs['digest']], again.log).toEqual([0, stored?.digest]);
      expect(again.summary).toContain('reused');

      const digests = new Set<string | undefined>();
      for (let build = 0; build < 2; build++) {
        const step = await job.run('ecr-push', { ...inputs, repository: 'attested' });
        expect((await runner.stored('attested', SHA))?.digest, step.log).toBe(step.outputs['digest']);
        digests.add(step.outputs['digest']);
      }
      expect(digests.size).toBe(2);
    });
  });

  it('writes a cache that the registry takes, from which a builder that knows nothing builds', async () => {
    await runner.play({ cached: {} }, async (world) => {
      const job = runner.job(world);
      writeContext(runner, job, 'app', { Dockerfile: dockerfile('cached') });
      const ref = 'type=registry,ref={repository}:cache';
      await runner.docker('buildx', 'prune', '--all', '--force');
      const inputs = { repository: 'cached', context: 'app' };
      const first = await job.run('ecr-push', { ...inputs, 'cache-to': `${ref},mode=max` });
      expect(first.code, first.log).toBe(0);
      expect((await runner.stored('cached', 'cache'))?.mediaType).toBe(OCI_MANIFEST);
      expect(first.log).not.toContain('CACHED');
      await runner.docker('buildx', 'prune', '--all', '--force');
      const second = await job.run('ecr-push', { ...inputs, 'cache-from': ref });
      expect(second.code, second.log).toBe(0);
      expect(second.log).toMatch(/cached \| #\d+ CACHED/);
      expect(second.outputs['digest']).toBe(first.outputs['digest']);
    });
  });

  it('builds three images side by side, and one that is broken holds up none of the others', async () => {
    await runner.play({ mono: {} }, async (world) => {
      const job = runner.job(world);
      const names = ['api', 'web', 'jobs'];
      for (const name of names) {
        const script = `echo ${name} begins; /bin/busybox sleep 3; echo ${name} ends${name === 'web' ? '; false' : ''}`;
        writeContext(runner, job, name, {
          Dockerfile: `${COPY}RUN ["/bin/busybox", "sh", "-c", "${script}"]\n`,
        });
      }
      const images = names.map((name) => `- { tag-prefix: ${name}-, context: ${name} }`).join('\n');
      const step = await job.run('ecr-push', { repository: 'mono', images });
      expect(step.code).toBe(1);
      const place = (name: string, what: string) =>
        step.log.search(new RegExp(`^${name} \\| #\\d+ [\\d.]+ ${name} ${what}`, 'm'));
      const begins = names.map((name) => place(name, 'begins'));
      const ends = names.map((name) => place(name, 'ends'));
      expect(Math.min(...begins), step.log).toBeGreaterThan(0);
      expect(Math.max(...begins)).toBeLessThan(Math.min(...ends));
      expect(await runner.tags('mono')).toEqual([`api-${SHA}`, `jobs-${SHA}`]);
      expect(step.log).toMatch(/::error::.*web.*failed/);
    });
  });

  it('says at once what a builder cannot do', async () => {
    await runner.play({ shop: {} }, async (world) => {
      const job = runner.job(world);
      writeContext(runner, job, 'app', { Dockerfile: COPY });
      const inputs = { repository: 'shop', context: 'app', builder: 'default' };
      const nobody = `unix://${runner.home}/none.sock`;
      await runner.docker('buildx', 'create', '--name', 'dead', '--driver', 'remote', nobody);
      for (const [input, value, reason] of [
        ['platforms', PLATFORMS, /exporting manifest lists|Multi-platform build is not supported/],
        ['provenance', 'mode=max', /Attestation is not supported for the docker driver/],
        ['cache-to', 'type=registry,ref={repository}:cache', /Cache export is not supported/],
        ['builder', 'nosuch', /^::error::builder: .* no builder "nosuch" found/],
        ['builder', 'dead', /^::error::builder: .* the builder "dead": .*(none\.sock|does not answer)/],
      ] as const) {
        const step = await job.run('ecr-push', { ...inputs, [input]: value });
        expect(step.code, step.log).toBe(1);
        expect(step.log.split('\n').find((line) => line.startsWith('::error::'))).toMatch(reason);
      }
      expect(await runner.tags('shop')).toEqual([]);
    });
  });
});

describe('an OCI layout', () => {
  it('that buildx has written is pushed without docker, and docker pulls it', async () => {
    await runner.play({ layout: {} }, async (world) => {
      const job = runner.job(world);
      writeContext(runner, job, 'app', { Dockerfile: COPY });
      for (const [name, ...options] of [
        ['one', '--provenance=false'],
        ['many', `--platform=${PLATFORMS}`],
      ] as const) {
        const directory = join(job.directory, name);
        const output = `type=oci,tar=false,dest=${directory}`;
        await runner.docker('buildx', 'build', ...options, '--output', output, join(job.directory, 'app'));
        expect(existsSync(join(directory, 'index.json'))).toBe(true);
        // No docker on the PATH.
        const bare = runner.job(world, { PATH: '/nowhere', GITHUB_WORKSPACE: job.directory });
        const step = await bare.run('ecr-push', { repository: 'layout', 'oci-layout': name, tags: name });
        expect(step.code, step.log).toBe(0);
        const stored = await runner.stored('layout', name);
        expect(stored?.digest).toBe(step.outputs['digest']);
        expect(stored?.content.manifests?.length).toBe(name === 'many' ? 4 : undefined);
        const { RepoDigests } = await runner.pull('layout', stored?.digest ?? '');
        expect(await runner.docker('run', '--rm', RepoDigests[0] ?? '', '/bin/busybox', 'echo', name)).toBe(
          `${name}\n`,
        );
      }
    });
  });
});
