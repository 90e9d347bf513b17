import { expect, test } from 'vitest';
import { readInputs } from '../../../src/actions/rollback/inputs.ts';

const read = (given: Readonly<Record<string, string>>) =>
  readInputs((name) => ({ cluster: 'prod', service: 'web', ...given })[name] ?? '', 'eu-west-1').migrations;

test('migrations is strict, lock is not', () => {
  expect(read({})).toBe('own');
  expect(read({ migrations: 'shop' })).toEqual({ lock: 'shop', strict: true });
  expect(read({ lock: 'shop' })).toEqual({ lock: 'shop', strict: false });
});

test('both of them are refused', () => {
  expect(() => read({ migrations: 'none', lock: 'shop' })).toThrow('lock: is given beside migrations');
});

test('a name that no lock can have is refused', () => {
  expect(() => read({ lock: 'a b' })).toThrow('lock: "a b" is no name for a lock');
});

const all = (given: Readonly<Record<string, string>>) => readInputs((name) => given[name] ?? '', 'eu-west-1');

test('a frontend may come back without a service, by any name that its versions have', () => {
  const { hasService, frontend } = all({
    bucket: 'shop',
    prefix: 'app',
    to: '20260105-120000-77-1-0a1b2c3d',
  });
  expect(hasService).toBe(false);
  expect(frontend).toMatchObject({ bucket: 'shop', prefix: 'app/', to: '20260105-120000-77-1-0a1b2c3d' });
  expect(all({ bucket: 'shop', cluster: 'prod', service: 'web' })).toMatchObject({
    hasService: true,
    frontend: { to: 'previous' },
  });
});

test.for([
  [{}, 'cluster: is required'],
  [{ bucket: 'shop', service: 'web' }, 'cluster: is required'],
  [{ bucket: 'shop', cluster: 'prod', service: 'web', to: '42' }, 'to: names a revision of the service'],
  [{ bucket: 'shop', 'only-from': '42' }, 'only-from: is about a service'],
  [{ cluster: 'prod', service: 'web', distribution: 'E1A2B3C4D5E6F7' }, 'distribution: is of a frontend'],
] as const)('%o is refused', ([given, message]) => {
  expect(() => all(given)).toThrow(message);
});
