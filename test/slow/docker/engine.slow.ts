import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registryDoor } from './door.ts';
import { type DockerEngine, dockerEngine } from './engine.ts';
import { type DockerRegistry, dockerRegistry } from './registry.ts';

/** The real parts that the tests of images stand on. */

const run = promisify(execFile);
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

const context = mkdtempSync(join(tmpdir(), 'deploy-actions-image-'));
let engine: DockerEngine;
let registry: DockerRegistry;

async function docker(client: string, ...args: readonly string[]): Promise<string> {
  const config = join(context, '.docker');
  const env = { PATH: process.env['PATH'], DOCKER_HOST: engine.host, DOCKER_CONFIG: config, HOME: context };
  return (await run(client, args, { env })).stdout;
}

const manifest = async (name: string) =>
  await fetch(`${registry.url}/v2/${name}`, { headers: { accept: MANIFEST } });

beforeAll(async () => {
  [engine, registry] = await Promise.all([dockerEngine(), dockerRegistry()]);
  mkdirSync(join(context, '.docker'));
  copyFileSync(engine.busybox, join(context, 'busybox'));
  writeFileSync(
    join(context, 'Dockerfile'),
    `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "touch", "/built"]
ENTRYPOINT ["/bin/busybox"]
`,
  );
});

afterAll(async () => {
  await Promise.all([engine?.stop(), registry?.stop()]);
  rmSync(context, { recursive: true, force: true });
});

describe('an engine and a registry of the test', () => {
  it('builds, runs and pushes an image with every client, and a registry that was down still has it', async () => {
    for (const [index, client] of engine.clients.entries()) {
      const image = `${registry.host}/app:${index}`;
      await docker(client, 'build', '-t', image, context);
      expect(await docker(client, 'run', '--rm', image, 'ls', '/built')).toBe('/built\n');
      const pushed = await docker(client, 'push', image);
      const digest = /digest: (sha256:[0-9a-f]{64})/.exec(pushed)?.[1];
      await registry.goDown();
      await expect(manifest(`app/manifests/${index}`)).rejects.toThrow('fetch failed');
      await registry.comeBack();
      const answer = await manifest(`app/manifests/${index}`);
      expect(answer.headers.get('docker-content-digest')).toBe(digest);
      const { config } = (await answer.json()) as { config: { digest: string } };
      const id = await docker(client, 'image', 'inspect', '--format', '{{.Id}}', image);
      expect(id.trim()).toBe(config.digest);
      expect(registry.requests()).toContain(`PUT /v2/app/manifests/${index} 201`);
    }
  });

  it('lets nobody in without the password where one is set', async () => {
    const locked = await dockerRegistry({ auth: { user: 'AWS', password: 'let me in' } });
    try {
      const ask = async (password: string) => {
        const authorization = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
        return (await fetch(`${locked.url}/v2/`, { headers: { authorization } })).status;
      };
      expect([await ask('let me in'), await ask('another')]).toEqual([200, 401]);
    } finally {
      await locked.stop();
    }
  });

  it('shows docker the refusal of a registry that keeps its tags', async () => {
    const [client] = engine.clients;
    const refusal = { status: 400, code: 'TAG_INVALID', message: 'The tag 1 is immutable.' };
    const door = await registryDoor(registry, ({ method, path, before }) =>
      method === 'PUT' && path.endsWith('/manifests/1') && before > 0 ? refusal : undefined,
    );
    try {
      const image = `${door.host}/kept:1`;
      await docker(client, 'build', '-t', image, context);
      expect(await docker(client, 'push', image)).toContain('1: digest: sha256:');
      await expect(docker(client, 'push', image)).rejects.toThrow('tag invalid: The tag 1 is immutable.');
      expect(door.requests().filter((line) => line.startsWith('PUT /v2/kept/manifests/'))).toHaveLength(2);
      await registry.goDown();
      await expect(fetch(`${door.url}/v2/`)).rejects.toThrow('fetch failed');
      await registry.comeBack();
      expect((await fetch(`${door.url}/v2/`)).status).toBe(200);
    } finally {
      await door.stop();
    }
  });

  it('leaves no network, process or directory behind', async () => {
    const another = await dockerEngine();
    const home = another.host.replace('unix://', '').replace('/docker.sock', '');
    expect(existsSync(home)).toBe(true);
    const networks = () => readdirSync('/sys/class/net').filter((name) => name.includes(`${process.pid}`));
    expect(networks()).toHaveLength(2);
    await another.stop();
    expect([existsSync(home), existsSync(`/proc/${another.pid}`)]).toEqual([false, false]);
    expect(networks()).toHaveLength(1);
  });
});
