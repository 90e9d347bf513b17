import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { scaledClock } from '../../src/clock.ts';
import { type Descriptor, OCI_INDEX, OCI_MANIFEST, type StoredManifest } from '../../src/images/manifest.ts';
import { copyImage } from '../../src/registry/copy.ts';
import { inParallel } from '../../src/registry/in-parallel.ts';
import { RemoteRepository, sha256 } from '../../src/registry/registry.ts';
import { RegistryError } from '../../src/registry/registry-error.ts';

const CLOCK = scaledClock(Date.now(), Date.UTC(2026, 0, 5, 12), 500);

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
}

/** A server that answers as the test says, on the loopback interface. */
async function serving(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ readonly url: string; readonly seen: readonly Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, authorization: headers.authorization });
    request.resume().on('end', () => answer(request, response));
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function repository(endpoint: string): RemoteRepository {
  let logins = 0;
  const login = async (refused?: unknown) => {
    if (refused !== undefined || logins === 0) logins++;
    return { endpoint, username: 'AWS', password: `p${logins}`, expiresAt: Number.POSITIVE_INFINITY };
  };
  return new RemoteRepository('shop', { clock: CLOCK, signal: new AbortController().signal, login });
}

const stored = (content: object, mediaType = OCI_MANIFEST): StoredManifest => {
  const bytes = Buffer.from(JSON.stringify(content));
  return { digest: sha256(bytes), bytes, mediaType, content: content as StoredManifest['content'] };
};

const CONTENT = Buffer.from('layer');
const LAYER: Descriptor = { mediaType: 'layer', digest: sha256(CONTENT), size: CONTENT.length };
const open = async () => new Response(CONTENT).body as ReadableStream<Uint8Array>;

describe('a repository of a registry', () => {
  test('sends its password to nobody but the registry', async () => {
    const stranger = await serving((_, response) => response.writeHead(202).end());
    const { url } = await serving((_, response) =>
      response.writeHead(202, { location: `${stranger.url}/upload` }).end(),
    );
    const error = await repository(url)
      .upload(LAYER, open)
      .catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(`the registry sends an upload to ${stranger.url}`);
    expect(stranger.seen).toEqual([]);
  });

  test('sends a blob itself where it may not be taken from the repository next door', async () => {
    const { url, seen } = await serving((request, response) => {
      if (request.url?.includes('mount=')) response.writeHead(403).end();
      else if (request.method === 'PUT') response.writeHead(201).end();
      else response.writeHead(202, { location: '/upload' }).end();
    });
    expect(await repository(url).upload(LAYER, open, 'team/base')).toBe('uploaded');
    expect(seen.map(({ method }) => method)).toEqual(['POST', 'POST', 'PATCH', 'PUT']);
  });

  test('logs in anew once where a HEAD is forbidden, which says nothing of an expired token', async () => {
    const { url, seen } = await serving((request, response) => {
      const second = request.headers.authorization === `Basic ${Buffer.from('AWS:p2').toString('base64')}`;
      response.writeHead(second ? 200 : 403, { 'docker-content-digest': LAYER.digest }).end();
    });
    expect(await repository(url).digestOf('v1')).toBe(LAYER.digest);
    expect(seen).toHaveLength(2);
  });

  test('takes a blob from another repository where the registry can, and sends nothing', async () => {
    const { url, seen } = await serving((_, response) => response.writeHead(201).end());
    expect(await repository(url).upload(LAYER, open, 'team/base')).toBe('mounted');
    const query = new URLSearchParams({ mount: LAYER.digest, from: 'team/base' });
    expect(seen.map(({ method, url: path }) => `${method} ${path}`)).toEqual([
      `POST /v2/shop/blobs/uploads/?${query}`,
    ]);
  });

  test('is never believed when it answers another manifest than it was asked for', async () => {
    const image = stored({ schemaVersion: 2 });
    const { url } = await serving((_, response) => response.end('{"schemaVersion": 2, "other": 1}'));
    await expect(repository(url).manifest(image.digest)).rejects.toThrow(`for ${image.digest}`);
    await expect(repository(url).read(LAYER)).rejects.toThrow(`other content for ${LAYER.digest}`);
  });

  test.each(['<html>Welcome</html>', 'null', '"text"', '{"layers": {}}', '{"manifests": 1}'])(
    'says what is wrong when a tag names no manifest but %s',
    async (text) => {
      const { url, seen } = await serving((_, response) => response.end(text));
      await expect(repository(url).manifest('v1')).rejects.toThrow(
        'what the registry has as v1 is no manifest',
      );
      expect(seen).toHaveLength(1);
    },
  );

  test('gives its password to nobody else, though its blobs lie elsewhere', async () => {
    const store = await serving((_, response) => response.end(CONTENT));
    const elsewhere = store.url.replace('127.0.0.1', 'localhost');
    const { url, seen } = await serving((_, response) =>
      response.writeHead(307, { location: `${elsewhere}/bucket` }).end(),
    );
    expect(Buffer.from(await repository(url).read(LAYER))).toEqual(CONTENT);
    expect(seen[0]?.authorization).toMatch(/^Basic /);
    expect(store.seen.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test('is asked with a new password, once, and then its refusal stands', async () => {
    const { url, seen } = await serving((_, response) => response.writeHead(401).end('Not Authorized'));
    const refusal = await repository(url)
      .digestOf('v1')
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RegistryError);
    expect(refusal).toMatchObject({ status: 401, message: expect.stringContaining('HTTP 401') });
    expect(new Set(seen.map(({ authorization }) => authorization)).size).toBe(2);
    expect(seen).toHaveLength(2);
  });

  test('has its errors told in its own words, or as they are', async () => {
    const texts = ['{"errors": [{"code": "DENIED", "message": "no pull"}]}', '{"errors": 1}', 'plain', ''];
    const answers = texts.values();
    const { url } = await serving((_, response) => response.writeHead(403).end(answers.next().value));
    for (const told of [
      'no pull (HTTP 403)',
      '{"errors": 1} (HTTP 403)',
      'plain (HTTP 403)',
      'Forbidden (HTTP 403)',
    ]) {
      await expect(repository(url).manifest('v1')).rejects.toThrow(told);
    }
  });

  test('that is not there is asked for a while, and no longer', async () => {
    const server = createServer();
    await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
    const { port } = server.address() as AddressInfo;
    await new Promise((settle) => server.close(settle));
    const dead = repository(`http://127.0.0.1:${port}`);
    const begun = CLOCK.now();
    await expect(dead.digestOf('v1')).rejects.toThrow('HEAD manifests/v1: no answer (connect ECONNREFUSED');
    expect(CLOCK.now() - begun).toBeGreaterThan(60_000);
  });
});

describe('a copy', () => {
  test('sends a layer once that an image names twice, and no layer that lies elsewhere for good', async () => {
    const config: Descriptor = { mediaType: 'config', digest: sha256(Buffer.from('{}')), size: 2 };
    const foreign = { ...LAYER, digest: `sha256:${'f'.repeat(64)}`, urls: ['https://example.com/layer'] };
    const image = stored({ schemaVersion: 2, config, layers: [LAYER, LAYER, foreign] });
    const { url, seen } = await serving((request, response) => {
      if (request.method === 'HEAD') response.writeHead(404).end();
      else response.writeHead(202, { location: '/v2/shop/blobs/uploads/1' }).end();
    });
    const source = {
      manifest: async () => undefined,
      open: async ({ size }: Descriptor) => new Response('x'.repeat(size)).body as ReadableStream<Uint8Array>,
    };
    expect(await copyImage(source, image, repository(url))).toEqual({ blobs: 2, bytes: 7 });
    expect(seen.filter(({ method }) => method === 'PATCH')).toHaveLength(2);
    expect(seen.at(-1)).toMatchObject({ method: 'PUT', url: `/v2/shop/manifests/${image.digest}` });
  });

  test('of an index brings its images first, and stops at one that is lost', async () => {
    const child: Descriptor = { mediaType: OCI_MANIFEST, digest: `sha256:${'c'.repeat(64)}`, size: 1 };
    const index = stored({ schemaVersion: 2, manifests: [child] }, OCI_INDEX);
    const { url, seen } = await serving((_, response) => response.writeHead(404).end());
    const copy = copyImage({ manifest: async () => undefined, open }, index, repository(url));
    await expect(copy).rejects.toThrow(`the image ${index.digest} lacks its part ${child.digest}`);
    expect(seen.map(({ method }) => method)).toEqual(['HEAD']);
  });
});

test('work is done on so many items at a time, and all of it', async () => {
  let [now, most] = [0, 0];
  const done: number[] = [];
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++now);
    await Promise.resolve();
    now--;
    done.push(item);
  });
  expect(most).toBe(3);
  expect(done.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7]);
});
