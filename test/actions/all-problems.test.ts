import { expect, test } from 'vitest';
import { withAllProblems } from '../../src/actions/all-problems.ts';
import { ConfigError } from '../../src/errors.ts';

const wrong = (input: string) => Promise.reject(new ConfigError({ input, message: 'is wrong' }));

test('what all give comes in their order', async () => {
  expect(await withAllProblems([Promise.resolve(1), Promise.resolve('b')])).toEqual([1, 'b']);
});

test('the problems of all are told at once', async () => {
  await expect(withAllProblems([wrong('alarms'), Promise.resolve(1), wrong('gates')])).rejects.toThrow(
    'alarms: is wrong\ngates: is wrong',
  );
});

test('what several of them have found is told once', async () => {
  await expect(withAllProblems([wrong('cluster'), wrong('gates'), wrong('cluster')])).rejects.toMatchObject({
    message: 'cluster: is wrong\ngates: is wrong',
    problems: [{ input: 'cluster' }, { input: 'gates' }],
  });
});

test('what is no problem of the configuration is told first', async () => {
  const broken = Promise.reject(new Error('AWS does not answer'));
  await expect(withAllProblems([wrong('alarms'), broken])).rejects.toThrow('AWS does not answer');
});
