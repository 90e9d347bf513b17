import { describe, expect, test } from 'vitest';
import type { HttpAnswer, HttpRequest } from '../../src/smoke-test/exchange.ts';
import { nextHop } from '../../src/smoke-test/redirect.ts';

const redirect = (status: number, location: string): HttpAnswer => ({
  status,
  headers: new Map([['location', [location]]]),
  body: '',
  cut: false,
  ms: 1,
  remoteAddress: undefined,
});

const REQUEST: HttpRequest = {
  method: 'POST',
  url: new URL('https://shop.example.com/a'),
  headers: [
    ['Authorization', 'x'],
    ['Content-Type', 'application/json'],
    ['Accept', 'y'],
    ['Host', 'shop.example.com'],
  ],
  body: '{}',
  connectTo: { host: '10.0.0.1', port: 443 },
};

const isSecret = (name: string | undefined, value: string) =>
  name === 'Authorization' || value.includes('secret');
const next = (
  status: number,
  location: string,
  request = REQUEST,
  policy: 'always' | 'same-host' = 'always',
) => nextHop(request, redirect(status, location), policy, 0, isSecret);

describe('a redirect', () => {
  test.each([301, 302, 303])('by %i makes a POST a GET without its body', (status) => {
    const { body: _, ...rest } = REQUEST;
    expect(next(status, '/b')).toEqual({
      kind: 'follow',
      request: {
        ...rest,
        method: 'GET',
        url: new URL('https://shop.example.com/b'),
        headers: REQUEST.headers.filter(([name]) => name !== 'Content-Type'),
      },
    });
  });

  test.each([307, 308])('by %i keeps method and body', (status) => {
    expect(next(status, '/b')).toMatchObject({ request: { method: 'POST', body: '{}' } });
  });

  test('by 302 keeps a PUT', () => {
    expect(next(302, '/b', { ...REQUEST, method: 'PUT' })).toMatchObject({
      request: { method: 'PUT', body: '{}' },
    });
  });

  test('to another host takes no secret, no name and no connection along', () => {
    expect(next(307, 'https://other.example.com/')).toEqual({
      kind: 'follow',
      request: {
        method: 'POST',
        url: new URL('https://other.example.com/'),
        headers: [
          ['Content-Type', 'application/json'],
          ['Accept', 'y'],
        ],
        body: '{}',
      },
    });
  });

  test('to another host does not take a body with a secret', () => {
    expect(next(307, 'https://other.example.com/', { ...REQUEST, body: 'secret' })).toMatchObject({
      kind: 'refused',
    });
  });

  test.each([
    ['https://shop.example.com:8443/', 'refused'],
    ['http://shop.example.com/', 'refused'],
    ['https://shop.example.com./', 'refused'],
    ['//shop.example.com/b', 'follow'],
  ])('to %s is on the same host: %s', (location, kind) => {
    expect(next(302, location, REQUEST, 'same-host').kind).toBe(kind);
  });

  test('from http to https stays on its host', () => {
    const request = { ...REQUEST, url: new URL('http://shop.example.com/') };
    const hop = next(301, 'https://shop.example.com/', request, 'same-host');
    expect(hop).toMatchObject({
      kind: 'follow',
      request: { headers: [['Authorization', 'x'], ['Accept', 'y'], REQUEST.headers[3]] },
    });
  });

  test.each([
    [200, '/b'],
    [304, '/b'],
    [302, 'ftp://x'],
    [302, 'javascript:alert(1)'],
  ])('is not %i with the location %s', (status, location) => {
    expect(next(status, location)).toEqual({ kind: 'none' });
  });
});
