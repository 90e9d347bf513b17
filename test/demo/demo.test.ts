import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readArguments } from '../../src/demo/arguments.ts';

const MAIN = join(import.meta.dirname, '../../src/demo/main.ts');
/** Writes down what the actions call, as this process does for the other suites. */
const RECORD = join(import.meta.dirname, '../iam/record.ts');

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const demo = (...args: string[]): Promise<Ended> =>
  new Promise((settle) => {
    const child = execFile(process.execPath, ['--import', RECORD, MAIN, ...args], (_, out, err) =>
      settle({ code: child.exitCode ?? -1, out, err }),
    );
  });

test('tells how a failing and a crashing release are taken back, and that AWS agrees', async () => {
  const { code, out, err } = await demo('--story', 'errors', '--story=crash');

  expect(err).toBe('');
  expect(out).toMatch(/▕▋ +▏ {3}5% {2}for 15m/);
  expect(out).toMatch(/▕ +▏ {3}0% {2}taken back: error-rate vs stable: \d+ of \d+ requests/);
  expect(out).toMatch(/all traffic back \d+ ms of real time after the decision, in 2 calls/);
  expect(out).toMatch(/taken back: crashes = 0: 1; task \w+ stopped/);
  expect(out).toMatch(/a rolling deployment that nothing watches: 2,\d{3} of 4\d,\d{3} \([45]\.\d+%\)/);
  expect(
    out.match(/AWS says web runs web:1 in 4 of 4 tasks, 4 healthy; rules: 100% web; no canary/g),
  ).toHaveLength(2);
  expect(out.indexOf('fails 5%')).toBeLessThan(out.indexOf('crashes on start'));
  expect(out).toContain('All 2 stories ended as expected');
  expect(out).not.toContain('\u001b');
  expect(code).toBe(0);
});

test('lists the stories', async () => {
  const { code, out } = await demo('--list');

  expect(code).toBe(0);
  expect(out.split('\n').map((line) => line.split(' ')[0])).toEqual([
    ...['good', 'errors', 'slow', 'crash', 'load', 'cancelled', 'rollback'],
    '',
  ]);
});

test('refuses a story that does not exist with a sentence, and plays nothing', async () => {
  const { code, out, err } = await demo('--story', 'happy');

  expect(err).toMatch(/^--story: there is no "happy"; there are good, errors.*\n$/);
  expect(out).toBe('');
  expect(code).toBe(2);
});

test.each([
  { given: [], request: { kind: 'play', names: ['one', 'two'] } },
  { given: ['--story', 'two', '--story=one'], request: { kind: 'play', names: ['one', 'two'] } },
  { given: ['--story=two'], request: { kind: 'play', names: ['two'] } },
  { given: ['--list'], request: { kind: 'list' } },
  { given: ['-h'], request: { kind: 'help' } },
])('reads $given', ({ given, request }) => {
  expect(readArguments(given, ['one', 'two'])).toEqual(request);
});

test.each([
  { given: ['--story'], says: '--story: it takes a name: one, two' },
  { given: ['--story='], says: '--story: there is no ""; there are one, two' },
  { given: ['--fast'], says: '--fast: there is no such argument; npm run demo -- [--story NAME]' },
  { given: ['one'], says: 'one: there is no such argument' },
])('refuses $given', ({ given, says }) => {
  expect(() => readArguments(given, ['one', 'two'])).toThrow(says);
});
