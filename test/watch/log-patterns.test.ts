import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeLines, type MatchedLine, parseLogPatterns } from '../../src/watch/log-patterns.ts';
import { problemsOf } from '../rollout/problems-of.ts';

const NOON = Date.UTC(2026, 0, 5, 12);
const MINUTE = 60_000;

/** Lines so many minutes after noon. */
const at = (...minutes: number[]): readonly MatchedLine[] =>
  minutes.map((minute) => ({ at: NOON + minute * MINUTE, text: 'CRITICAL', stream: 'web/web/1' }));

describe('log patterns are read', () => {
  it.each([
    ['critical: ?CRITICAL ?FATAL', { name: 'critical', pattern: '?CRITICAL ?FATAL' }],
    ['- critical: "CRITICAL"', { name: 'critical', pattern: '"CRITICAL"' }],
    ['warn slow.query: "slow query"', { name: 'slow.query', warnOnly: true, pattern: '"slow query"' }],
    ['json: { $.level = "error" }', { pattern: '{ $.level = "error" }' }],
    ['json: { $.status >= 500 }', { pattern: '{ $.status >= 500 }', bound: { comparison: '=', value: 0 } }],
    ['regex: %ERROR|FATAL%', { pattern: '%ERROR|FATAL%' }],
    [
      'timeouts: "timed out" < 5 per 10m',
      { pattern: '"timed out"', bound: { comparison: '<', value: 5 }, windowMs: 10 * MINUTE },
    ],
    ['retries: retry <= 20', { pattern: 'retry', bound: { comparison: '<=', value: 20 } }],
    ['json: { $.ms > 3 } < 2 per 1m', { pattern: '{ $.ms > 3 }', bound: { comparison: '<', value: 2 } }],
  ])('%s', (line, expected) => {
    expect(parseLogPatterns(line)).toMatchObject([expected]);
  });

  it.each([
    ['CRITICAL', 'write a name and a filter pattern, critical: ?CRITICAL ?FATAL'],
    ['a b: x', 'write a name and a filter pattern'],
    ['critical: "CRITICAL', 'a quotation mark is not closed'],
    ['critical: "CRITICAL #1"', 'a number sign after a blank begins a comment'],
    ['critical: "CRITICAL" ?FATAL', 'CloudWatch ignores ?FATAL beside a word without a question mark'],
    ['critical: -health ?FATAL', 'CloudWatch ignores ?FATAL'],
    ['critical: FATAL < 0', 'even a log without such a line would not meet it'],
    ['critical: FATAL < 100000', 'no more than 10000 lines are counted'],
    ['critical: FATAL < 5 per day', '"day" is not a duration'],
    ['critical: FATAL > 5', 'the bound is not one'],
    ['critical: FATAL < five', 'the bound is not one'],
    [`critical: ${'x'.repeat(1_025)}`, 'longer than 1024 characters'],
    ['a: x\na: y', 'there are two patterns of the name "a"'],
    [Array.from({ length: 11 }, (_, n) => `p${n}: x`).join('\n'), 'are 11; 10 are the most'],
  ])('and %j is told what is wrong', (text, problem) => {
    expect(problemsOf(() => parseLogPatterns(text)).join('\n')).toContain(problem);
  });

  it('and every wrong line is told at once', () => {
    const problems = problemsOf(() => parseLogPatterns('x\ncritical: FATAL\ny'));
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'log-patterns line 1',
      'log-patterns line 3',
    ]);
  });
});

describe('lines are judged', () => {
  const says = (pattern: string, lines: readonly MatchedLine[]) => {
    const [parsed] = parseLogPatterns(pattern);
    const { verdict, text } = judgeLines(parsed ?? expect.unreachable(), lines);
    return [verdict, text];
  };

  it.each([
    ['critical: FATAL', at(), 'pass', '0 matching lines since the watch began; none may be there'],
    [
      'critical: FATAL',
      at(3, 1),
      'abort',
      '2 matching lines since the watch began, the first at 12:01:00 UTC; none may be there',
    ],
    ['slow: x < 3 per 10m', at(0, 5, 11), 'pass', '2 matching lines in the worst 10m'],
    ['slow: x < 3 per 10m', at(0, 5, 9), 'abort', '3 matching lines in the worst 10m'],
    ['slow: x < 3 per 10m', at(0, 5, 10), 'pass', 'fewer than 3 may be there'],
    ['slow: x <= 3', at(0, 50, 100), 'pass', 'up to 3 may be there'],
  ] as const)('%s: %j', (pattern, lines, verdict, text) => {
    const [said, words] = says(pattern, lines);
    expect(said).toBe(verdict);
    expect(words).toContain(text);
  });

  it('as by counting every window by hand', () => {
    const times = fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 20 });
    fc.assert(
      fc.property(
        times,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 30 }),
        (minutes, most, window) => {
          const [verdict] = says(`p: x < ${most} per ${window}m`, at(...minutes));
          const worst = Math.max(
            0,
            ...minutes.map((from) => minutes.filter((time) => time >= from && time < from + window).length),
          );
          expect(verdict).toBe(worst < most ? 'pass' : 'abort');
        },
      ),
      { numRuns: 200 },
    );
  });
});
