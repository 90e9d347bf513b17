import { expect, test, vi } from 'vitest';
import { capture } from '../../src/smoke-test/capture.ts';
import { sentenceOf } from '../../src/smoke-test/finding.ts';
import { readJsonSchema } from '../../src/smoke-test/json-schema.ts';
import { judge } from '../../src/smoke-test/judge.ts';
import { readExpectations } from '../../src/smoke-test/read-expectations.ts';
import { TimeUp, withinTime } from '../../src/time-limit.ts';

// The real limit would cost a second of CPU time for each pattern.
vi.mock('../../src/time-limit.ts', async (original) => {
  const real = await original<typeof import('../../src/time-limit.ts')>();
  return { ...real, withinTime: (work: () => unknown) => real.withinTime(work, 20) };
});

const SLOW = '^(a+)+$';
const TEXT = `${'a'.repeat(60)}b`;
const answer = { status: 200, headers: new Map(), body: TEXT, cut: false, ms: 1, remoteAddress: undefined };
const complain = (_: readonly unknown[], message: string) => {
  throw new Error(message);
};

test('a search that does not end is broken off', () => {
  expect(() => withinTime(() => new RegExp(SLOW).test(TEXT))).toThrow(TimeUp);
});

test('what is done in time is given, and its errors are its own', () => {
  expect(withinTime(() => /b$/.exec(TEXT)?.[0])).toBe('b');
  const wrong = new RangeError('wrong');
  expect(() =>
    withinTime(() => {
      throw wrong;
    }),
  ).toThrow(wrong);
});

test('an expectation whose pattern takes too long has failed, the others are judged', () => {
  const expected = readExpectations({ text: { matches: [SLOW, 'b$', 'c$'] } }, [], {
    complain,
    written: () => undefined,
  });
  expect(
    judge(answer, expected, new Map(), undefined).map((finding) => sentenceOf(finding, (text) => text)),
  ).toEqual([
    expect.stringContaining('^(a+)+$ was searched for 1 s without an end'),
    'text: expected a match of c$, and there is none',
  ]);
});

test('a value whose pattern takes too long is not captured', () => {
  const wanted = { name: 'token', from: { kind: 'text' }, matches: SLOW, secret: false } as const;
  expect(capture(answer, [wanted])).toMatchObject([
    { finding: { what: 'capture token', message: expect.stringContaining('without an end') } },
  ]);
});

test('a schema whose pattern takes too long does not fit', async () => {
  const check = await readJsonSchema({ type: 'string', pattern: SLOW }, [], complain);
  expect(check?.(TEXT)).toMatchObject([{ message: expect.stringContaining('without an end') }]);
  expect(check?.('aa')).toEqual([]);
});
