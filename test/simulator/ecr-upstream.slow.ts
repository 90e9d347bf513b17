import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeImagesCommand } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRegistry } from './ecr-under-test.ts';
import { ask, type Door, imageOf, pushBlob, putManifest, sha256 } from './oci-push.ts';

/** The registry in memory, held against a real one: Debian's docker-registry has to be on the PATH. */

let directory: string;
let registry: ChildProcess;
let upstream: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'registry-'));
  const config = join(directory, 'config.yml');
  writeFileSync(
    config,
    `version: 0.1
storage: { filesystem: { rootdirectory: ${directory} } }
http: { addr: '127.0.0.1:0' }
`,
  );
  registry = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  upstream = await new Promise<string>((settle, refuse) => {
    let log = '';
    registry.stderr?.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      const [, address] = /listening on (127\.0\.0\.1:\d+)/.exec(log) ?? [];
      if (address !== undefined) settle(`http://${address}`);
    });
    registry.on('error', refuse);
    registry.on('exit', () => refuse(new Error(`docker-registry ended: ${log}`)));
  });
});

afterAll(() => {
  registry.kill();
  rmSync(directory, { recursive: true, force: true });
});

const INDEX = 'application/vnd.oci.image.index.v1+json';

/** A push with its mistakes: what was answered at each step. */
async function conversation(door: Door): Promise<unknown[]> {
  const steps: unknown[] = [];
  const say = async (what: string, path: string, init: RequestInit = {}): Promise<Response> => {
    const answer = await ask(door, path, init);
    const body = await answer.clone().text();
    const code = /"code":"(\w+)"/.exec(body)?.[1];
    steps.push({
      what,
      status: answer.status,
      location: answer.headers
        .get('location')
        ?.replace(door.url, '')
        .replace(/uploads\/.*/, 'uploads/…'),
      digest: answer.headers.get('docker-content-digest'),
      range: answer.headers.get('range'),
      ...(code === undefined ? answer.ok && { body } : { code }),
    });
    return answer;
  };
  const image = imageOf('firstsecond');
  const { digest, mediaType } = image;
  const manifest = { method: 'PUT', body: image.manifest, headers: { 'content-type': mediaType } };
  const layer = sha256('firstsecond');

  await say('a layer that is not there', `/v2/app/blobs/${layer}`, { method: 'HEAD' });
  await say('a manifest that is not there', '/v2/app/manifests/v1');
  await say('a manifest without its parts', '/v2/app/manifests/v1', manifest);
  let at =
    (await say('an upload', '/v2/app/blobs/uploads/', { method: 'POST' })).headers.get('location') ?? '';
  for (const piece of ['first', 'second']) {
    const answer = await say(piece, at, {
      method: 'PATCH',
      body: piece,
      headers: { 'content-type': 'application/octet-stream' },
    });
    at = answer.headers.get('location') ?? '';
  }
  const end = new URL(at);
  end.searchParams.set('digest', layer);
  await say('its end', end.href, { method: 'PUT' });
  const mount = `/v2/app/blobs/uploads/?mount=${layer}&from=other`;
  const wrong = new URL((await say('a mount', mount, { method: 'POST' })).headers.get('location') ?? '');
  wrong.searchParams.set('digest', sha256('else'));
  await say('a wrong digest', wrong.href, { method: 'PUT', body: 'this' });
  await pushBlob(door, 'app', image.config);
  await say('the manifest', '/v2/app/manifests/v1', manifest);
  await say('the manifest under another digest', `/v2/app/manifests/${layer}`, manifest);
  await say('the manifest by tag', '/v2/app/manifests/v1', { headers: { accept: mediaType } });
  await say('the manifest by digest', `/v2/app/manifests/${digest}`, {
    method: 'HEAD',
    headers: { accept: mediaType },
  });
  await say('the layer', `/v2/app/blobs/${layer}`);
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [{ mediaType, digest, size: image.manifest.length }],
  });
  await putManifest(door, 'app', 'all', { manifest: index, digest: sha256(index), mediaType: INDEX });
  await say('the index', '/v2/app/manifests/all', { headers: { accept: INDEX } });
  return steps;
}

it('answers each step of a push as the real one does', async () => {
  const [real, memory] = await Promise.all(
    [{ upstream }, {}].map(async (registry) => {
      const aws = await startRegistry({ app: {} }, { registry });
      try {
        const steps = await conversation(await aws.login(aws.ecr));
        const { imageDetails } = await aws.ecr.send(new DescribeImagesCommand({ repositoryName: 'app' }));
        return { steps, imageDetails };
      } finally {
        await aws.simulator.close();
      }
    }),
  );
  expect(memory).toEqual(real);
  expect(memory?.imageDetails).toHaveLength(2);
});
