import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuildKit, buildkitd } from './buildkit.ts';
import { type Buildx, buildx } from './buildx.ts';
import { type DockerEngine, dockerEngine } from './engine.ts';
import { type DockerRegistry, dockerRegistry } from './registry.ts';

/** buildx with the two builders that runners have: Docker's own, and BuildKit's. */

const run = promisify(execFile);
const INDEX = 'application/vnd.oci.image.index.v1+json';
const CACHE = 'application/vnd.oci.image.manifest.v1+json';
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

const context = mkdtempSync(join(tmpdir(), 'deploy-actions-image-'));
let engine: DockerEngine;
let registry: DockerRegistry;
let plugin: Buildx;
let kit: BuildKit;

/** Pushes with buildx and answers what it wrote about the image. */
async function push(client: string, image: string, ...options: readonly string[]) {
  const file = join(context, 'metadata.json');
  const args = ['buildx', 'build', '--push', '--metadata-file', file, '--tag', image, ...options, context];
  const env = { PATH: process.env['PATH'], DOCKER_HOST: engine.host, DOCKER_CONFIG: plugin.config };
  await run(client, args, { env });
  return JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, unknown>>;
}

const manifest = async (name: string, accept: string) =>
  await fetch(`${registry.url}/v2/${name}`, { headers: { accept } });

beforeAll(async () => {
  plugin = await buildx();
  [engine, registry, kit] = await Promise.all([dockerEngine(), dockerRegistry(), buildkitd()]);
  copyFileSync(engine.busybox, join(context, 'busybox'));
  writeFileSync(
    join(context, 'Dockerfile'),
    'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "touch", "/built"]\n',
  );
});

afterAll(async () => {
  await Promise.all([engine?.stop(), registry?.stop(), kit?.stop()]);
  plugin?.stop();
  rmSync(context, { recursive: true, force: true });
});

describe('buildx', () => {
  it('pushes with the builder of the Docker engine, through every client', async () => {
    for (const [index, client] of engine.clients.entries()) {
      const written = await push(client, `${registry.host}/app:${index}`);
      const answer = await manifest(`app/manifests/${index}`, MANIFEST);
      expect(answer.headers.get('docker-content-digest')).toBe(written['containerimage.digest']);
    }
  });

  it('pushes several platforms with attestations and a cache with the builder of BuildKit', async () => {
    kit.builder(plugin);
    for (const [index, client] of engine.clients.entries()) {
      const written = await push(
        client,
        `${registry.host}/platforms:${index}`,
        '--platform=linux/amd64,linux/arm64',
        '--provenance=mode=max',
        `--cache-to=type=registry,ref=${registry.host}/cache:${index},mode=max`,
      );
      const answer = await manifest(`platforms/manifests/${index}`, INDEX);
      expect(answer.headers.get('docker-content-digest')).toBe(written['containerimage.digest']);
      const { manifests } = (await answer.json()) as {
        manifests: readonly { platform: { architecture: string } }[];
      };
      const architectures = manifests.map(({ platform }) => platform.architecture);
      expect(architectures).toEqual(['amd64', 'arm64', 'unknown', 'unknown']);
      expect((await manifest(`cache/manifests/${index}`, CACHE)).status).toBe(200);
    }
  });

  it('leaves no daemon and no directory of BuildKit behind', async () => {
    const another = await buildkitd();
    const socket = another.address.replace('unix://', '');
    expect(existsSync(socket)).toBe(true);
    await another.stop();
    expect([existsSync(join(socket, '..')), existsSync(`/proc/${another.pid}`)]).toEqual([false, false]);
  });
});
