import { expect, test } from 'vitest';
import { addressBelow, parseHostAndPort } from '../../src/smoke-test/address.ts';

test.each([
  ['https://x', '/a', 'https://x/a'],
  ['https://x/', 'a', 'https://x/a'],
  ['https://x/api', '/a?b=c#d', 'https://x/api/a?b=c'],
  ['https://x/api/', '/a', 'https://x/api/a'],
  ['https://x/api/', '', 'https://x/api/'],
  ['https://x/api?q=1', '?r=2', 'https://x/api?r=2'],
  ['https://x', '//evil.example.com/', 'https://x//evil.example.com/'],
  ['https://x', '/../a', 'https://x/a'],
])('below %s, %j is %s', (base, path, address) => {
  expect(addressBelow(new URL(base), path).href).toBe(address);
});

test.each([
  ['alb.example.com', { host: 'alb.example.com', port: undefined }],
  ['10.0.0.1:8080', { host: '10.0.0.1', port: 8080 }],
  ['[::1]:8080', { host: '::1', port: 8080 }],
  ['[::1]', { host: '::1', port: undefined }],
  ['::1', undefined],
  ['x:0', undefined],
  ['x:70000', undefined],
  ['https://x', undefined],
  ['a b', undefined],
])('%s is a place: %j', (text, place) => {
  expect(parseHostAndPort(text)).toEqual(place);
});
