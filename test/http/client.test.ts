import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import https from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import tls from 'node:tls';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { BODY_LIMIT, httpClient } from '../../src/http/client.ts';
import type { HttpAnswer, HttpFailure, HttpRequest } from '../../src/smoke-test/exchange.ts';
import { type Identity, makeAuthority } from './certificates.ts';

const authority = makeAuthority();
const trusted = tls.getCACertificates('default');
const open = new Set<{ close(): void }>();

beforeAll(() => tls.setDefaultCACertificates([...trusted, authority.cert]));
afterAll(() => tls.setDefaultCACertificates(trusted));
afterEach(() => {
  for (const server of open) server.close();
  open.clear();
});

/** Starts a server on a port of its own, and answers the port. */
async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  open.add({
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
  await new Promise<void>((settle) => server.listen(0, host, settle));
  return (server.address() as AddressInfo).port;
}

const plain = (listener: RequestListener, host?: string) => listen(http.createServer(listener), host);
const secure = (identity: Identity, listener: RequestListener) =>
  listen(https.createServer(identity, listener));
const ok: RequestListener = (_, response) => response.end('ok');

interface Sending extends Partial<Omit<HttpRequest, 'url'>> {
  readonly timeoutMs?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cancelled?: AbortSignal;
}

const send = (
  url: string,
  { timeoutMs = 5_000, env = {}, cancelled = new AbortController().signal, ...request }: Sending = {},
): Promise<HttpAnswer | HttpFailure> =>
  httpClient(systemClock, env, cancelled).send(
    { method: 'GET', headers: [], ...request, url: new URL(url) },
    timeoutMs,
  );

describe('an answer', () => {
  test('comes with its status, headers, body, time and address', async () => {
    const port = await plain((request, response) => {
      response.writeHead(201, [
        ['Content-Type', 'text/plain'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ] as never);
      response.end(`${request.method} ${request.url} ${request.headers['x-version']}`);
    });
    const headers = [['X-Version', '7']] as const;
    const answer = await send(`http://127.0.0.1:${port}/a?b=c`, { method: 'DELETE', headers });
    expect(answer).toMatchObject({
      status: 201,
      body: 'DELETE /a?b=c 7',
      remoteAddress: '127.0.0.1',
      cut: false,
    });
    expect((answer as HttpAnswer).headers.get('set-cookie')).toEqual(['a=1', 'b=2']);
    expect(answer.ms).toBeGreaterThanOrEqual(0);
  });

  test('is asked for with a body whose length is told, and headers that the user may replace', async () => {
    const seen: IncomingMessage['headers'][] = [];
    const port = await plain((request, response) => {
      seen.push(request.headers);
      request.pipe(response);
    });
    const headers = [
      ['host', 'shop.example.com'],
      ['User-Agent', 'me'],
    ] as const;
    expect(await send(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: 'grüße' })).toMatchObject(
      {
        body: 'grüße',
      },
    );
    expect(seen).toMatchObject([{ host: 'shop.example.com', 'user-agent': 'me', 'content-length': '7' }]);
    expect(seen[0]).not.toHaveProperty('transfer-encoding');
  });

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
  ] as const)('is decompressed from %s', async (encoding, compress) => {
    const port = await plain((_, response) =>
      response.setHeader('Content-Encoding', encoding).end(compress('{"status":"UP"}')),
    );
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({ status: 200, body: '{"status":"UP"}' });
  });

  test.each(['gzip', 'br', 'zstd'])(
    'may be empty, whatever encoding of it is named: %s',
    async (encoding) => {
      const port = await plain((_, response) => {
        response.writeHead(201, { 'Content-Encoding': encoding }).end();
      });
      expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({ status: 201, body: '', cut: false });
    },
  );

  test('to HEAD has no body to decompress', async () => {
    const port = await plain((_, response) => response.setHeader('Content-Encoding', 'gzip').end());
    expect(await send(`http://127.0.0.1:${port}/`, { method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
    });
  });

  test('is read in the character set that it names', async () => {
    const port = await plain((_, response) =>
      response.setHeader('Content-Type', 'text/html; charset=ISO-8859-1').end(Buffer.from('señor', 'latin1')),
    );
    expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({ body: 'señor' });
  });

  test('is read no further than the limit, compressed or not, and the connection is let go', async () => {
    const bomb = gzipSync(Buffer.alloc(8 * BODY_LIMIT, 'a'));
    const ends: Promise<void>[] = [];
    const port = await plain((request, response) => {
      ends.push(new Promise((settle) => response.on('close', settle)));
      if (request.url === '/bomb') response.setHeader('Content-Encoding', 'gzip').end(bomb);
      else endless(response);
    });
    for (const path of ['bomb', 'endless']) {
      const answer = (await send(`http://127.0.0.1:${port}/${path}`)) as HttpAnswer;
      expect(answer).toMatchObject({ status: 200, cut: true });
      expect(answer.body).toHaveLength(BODY_LIMIT);
    }
    await Promise.all(ends);
  });

  test('comes over IPv6', async () => {
    const port = await plain(ok, '::1');
    expect(await send(`http://[::1]:${port}/`)).toMatchObject({ status: 200, remoteAddress: '::1' });
  });
});

function endless(response: ServerResponse): void {
  const chunk = Buffer.alloc(65_536, 'a');
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}

describe('no answer', () => {
  test('comes from a closed port, which the request has not reached', async () => {
    const port = await plain(ok);
    for (const server of open) server.close();
    const host = `127.0.0.1:${port}`;
    expect(await send(`http://${host}/`)).toMatchObject({
      kind: 'not-reached',
      message: `${host} refuses connections (ECONNREFUSED)`,
    });
  });

  test('comes in time from a server that is silent, or never ends', async () => {
    const port = await plain((request, response) => {
      if (request.url === '/slow') response.write('a little');
    });
    const [silent, slow] = await Promise.all(
      ['silent', 'slow'].map((path) => send(`http://127.0.0.1:${port}/${path}`, { timeoutMs: 80 })),
    );
    expect(silent).toMatchObject({ kind: 'unanswered', message: `127.0.0.1:${port} did not answer in time` });
    expect(slow).toMatchObject({
      kind: 'unanswered',
      message: `127.0.0.1:${port} did not come to the end of its answer in time`,
    });
    expect(slow?.ms).toBeGreaterThanOrEqual(79);
  });

  test('comes in time from a server that does not finish the TLS handshake: it has not got the request', async () => {
    const port = await listen(createServer());
    expect(await send(`https://127.0.0.1:${port}/`, { timeoutMs: 80 })).toMatchObject({
      kind: 'not-reached',
      message: `127.0.0.1:${port} did not take the connection in time`,
    });
  });

  test('comes from a server that closes the connection, before or after it has got the request', async () => {
    const closing = await listen(createServer((socket) => socket.destroy()));
    expect(await send(`https://127.0.0.1:${closing}/`)).toMatchObject({ kind: 'not-reached' });
    const hanging = await plain((request) => request.socket.destroy());
    expect(await send(`http://127.0.0.1:${hanging}/`)).toMatchObject({
      kind: 'unanswered',
      message: `127.0.0.1:${hanging} closed the connection (ECONNRESET)`,
    });
  });

  test('comes from a port that speaks no TLS', async () => {
    const port = await plain(ok);
    const end = await send(`https://127.0.0.1:${port}/`);
    expect(end).toMatchObject({ kind: 'not-reached' });
    expect((end as HttpFailure).message).toContain(
      'does not speak TLS there; is it http:// or another port?',
    );
  });

  test('is made of a body that is not what it says', async () => {
    const port = await plain((_, response) => response.setHeader('Content-Encoding', 'gzip').end('no gzip'));
    const end = await send(`http://127.0.0.1:${port}/`);
    expect(end).toMatchObject({ kind: 'unanswered' });
    expect((end as HttpFailure).message).toContain('sent a body that cannot be decompressed');
  });

  test('is waited for when the run is cancelled', async () => {
    const cancel = new AbortController();
    const port = await plain(() => cancel.abort());
    await expect(send(`http://127.0.0.1:${port}/`, { cancelled: cancel.signal })).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    );
  });
});

describe('a certificate', () => {
  test('of the host is taken, by name and by address', async () => {
    const port = await secure(authority.issue(['localhost', '127.0.0.1']), ok);
    for (const host of ['localhost', '127.0.0.1']) {
      expect(await send(`https://${host}:${port}/`)).toMatchObject({ status: 200 });
    }
  });

  test.each([
    [
      'has expired',
      'has a certificate that has expired',
      authority.issue(['127.0.0.1'], { to: new Date(0) }),
    ],
    [
      'is not valid yet',
      'has a certificate that is not valid yet',
      authority.issue(['127.0.0.1'], { from: new Date(Date.now() + 3_600_000) }),
    ],
    [
      'is for another host',
      'is for another name (DNS:other.example.com)',
      authority.issue(['other.example.com']),
    ],
    [
      'is of an authority that nobody knows',
      'has a certificate whose issuer is not known',
      makeAuthority().issue(['127.0.0.1']),
    ],
  ])('that %s is a failure of its own', async (_, message, identity) => {
    const port = await secure(identity, ok);
    const end = await send(`https://127.0.0.1:${port}/`);
    expect(end).toMatchObject({ kind: 'certificate' });
    expect((end as HttpFailure).message).toContain(message);
  });
});

describe('another place to connect to', () => {
  test('gets the name of the URL, and its certificate has to be for that name', async () => {
    const identity = authority.issue(['shop.example.com']);
    const names: unknown[] = [];
    const port = await secure(identity, (request, response) => {
      names.push(request.headers.host, (request.socket as tls.TLSSocket & { servername: string }).servername);
      response.end('ok');
    });
    const connectTo = { host: '127.0.0.1', port };
    // A proxy would not know the place.
    const env = { HTTPS_PROXY: 'http://127.0.0.1:9' };
    expect(await send('https://shop.example.com/', { connectTo, env })).toMatchObject({ status: 200 });
    expect(names).toEqual(['shop.example.com', 'shop.example.com']);
    expect(await send('https://api.example.com/', { connectTo })).toMatchObject({ kind: 'certificate' });
    // The address in the URL counts, not the one that is connected to.
    expect(await send('https://192.0.2.1/', { connectTo })).toMatchObject({ kind: 'certificate' });
  });
});

describe('a proxy', () => {
  test('of the environment carries requests, but not to hosts that are left out of it', async () => {
    const tunnels: (string | undefined)[] = [];
    const proxy = http.createServer();
    proxy.on('connect', (request, socket) => {
      tunnels.push(request.url);
      const [host = '', port] = (request.url ?? '').split(':');
      const through = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        through.pipe(socket).pipe(through);
      });
    });
    const [port, proxyPort] = [await secure(authority.issue(['127.0.0.1']), ok), await listen(proxy)];
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxyPort}` };
    expect(await send(`https://127.0.0.1:${port}/`, { env })).toMatchObject({ status: 200 });
    expect(tunnels).toEqual([`127.0.0.1:${port}`]);
    expect(
      await send(`https://127.0.0.1:${port}/`, { env: { ...env, NO_PROXY: '127.0.0.1' } }),
    ).toMatchObject({
      status: 200,
    });
    expect(tunnels).toHaveLength(1);
  });

  test('does not make a wrong certificate right', async () => {
    const proxy = http.createServer();
    proxy.on('connect', (request, socket) => {
      const [host = '', port] = (request.url ?? '').split(':');
      const through = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        through.pipe(socket).pipe(through);
      });
    });
    const port = await secure(authority.issue(['other.example.com']), ok);
    const env = { HTTPS_PROXY: `http://127.0.0.1:${await listen(proxy)}` };
    expect(await send(`https://127.0.0.1:${port}/`, { env })).toMatchObject({ kind: 'certificate' });
  });
});
