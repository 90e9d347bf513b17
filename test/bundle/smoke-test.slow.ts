import { execFile } from 'node:child_process';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Job } from '../../src/runner/start-action.ts';
import { type Identity, makeAuthority } from '../http/certificates.ts';

const authority = makeAuthority();

/** A shop behind TLS that knows two products, and takes orders from those who have logged in. */
class Shop {
  readonly requests: string[] = [];
  readonly server: https.Server;

  constructor(identity: Identity) {
    this.server = https.createServer(identity, (request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        this.requests.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''} ${body}`);
        response.setHeader('Content-Type', 'application/json');
        if (request.url === '/orders') response.statusCode = 500;
        response.end('{"products":[{"id":1},{"id":2}]}');
      });
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
}

const shop = new Shop(authority.issue(['shop.example.com']));
const expired = new Shop(authority.issue(['shop.example.com'], { to: new Date(Date.now() - 3_600_000) }));
const job = new Job({});

beforeAll(async () => {
  job.env['NODE_EXTRA_CA_CERTS'] = job.file('authority.pem', authority.cert);
  await Promise.all(
    [shop, expired].map(({ server }) => new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle))),
  );
});

afterAll(() => {
  job.end();
  for (const { server } of [shop, expired]) server.close();
});

describe('smoke-test with TLS', () => {
  test('asks a server that DNS does not lead to, by its name', async () => {
    const step = await job.run('smoke-test', {
      url: 'https://shop.example.com',
      'connect-to': `127.0.0.1:${shop.port}`,
      requests: '- { path: /products, expect: { json: { products: { length: 2 } } } }',
    });
    expect(step.code, step.log).toBe(0);
  });

  test('tells a wrong certificate at once', async () => {
    const step = await job.run('smoke-test', {
      url: 'https://shop.example.com/',
      'connect-to': `127.0.0.1:${expired.port}`,
    });
    expect(step.code).toBe(1);
    expect(step.log).toContain('shop.example.com has a certificate that has expired (CERT_HAS_EXPIRED)');
    expect(step.log).toContain(
      'failed after 1 attempt; not made again, because a wrong certificate does not mend itself',
    );
    expect(expired.requests).toEqual([]);
  });

  test('gives a curl line that makes the very request again', async () => {
    const step = await job.run('smoke-test', {
      url: 'https://shop.example.com',
      'connect-to': `127.0.0.1:${shop.port}`,
      headers: "Authorization: Bearer it's $HOME",
      requests: '- path: /orders\n  body: |-\n    it\'s "two"\n    lines; $HOME `id`\n',
    });
    const line = /again: (curl .*)$/m.exec(step.log)?.[1] ?? '';
    const before = [...shop.requests];
    expect(before.at(-1)).toBe('POST /orders Bearer it\'s $HOME it\'s "two"\nlines; $HOME `id`');
    await promisify(execFile)('bash', ['-c', line], {
      env: {
        PATH: process.env['PATH'] ?? '',
        AUTHORIZATION: "it's $HOME",
        CURL_CA_BUNDLE: job.env['NODE_EXTRA_CA_CERTS'],
      },
    });
    expect(shop.requests.slice(before.length)).toEqual([before.at(-1)]);
  });
});
