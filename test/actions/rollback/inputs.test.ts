import { expect, test } from 'vitest';
import { readInputs } from '../../../src/actions/rollback/inputs.ts';

const read = (given: Readonly<Record<string, string>>) =>
  readInputs((name) => ({ cluster: 'prod', service: 'web', ...given })[name] ?? '').migrations;

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
