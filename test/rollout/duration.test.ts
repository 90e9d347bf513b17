import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/rollout/duration.ts';
import { problemsOf } from './problems-of.ts';

describe('parseDuration', () => {
  it.each([
    ['0', 0],
    ['0s', 0],
    ['300ms', 300],
    ['90s', 90_000],
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['0.5m', 30_000],
    ['1h2m3s4ms', 3_723_004],
    [' 15m ', 900_000],
  ])('reads %j as %i ms', (text, ms) => {
    expect(parseDuration(text, 'max-hold')).toBe(ms);
  });

  it.each(['', '15', '15 m', '15M', '-15m', '15min', 'm', '.5s', '1e3s', '5m x', 'NaNs', '١٥m'])(
    'refuses %j, naming the input, the value and what to write',
    (text) => {
      expect(problemsOf(() => parseDuration(text, 'max-hold'))).toEqual([
        `max-hold: "${text}" is not a duration; write a number with a unit: 90s, 15m or 1h30m`,
      ]);
    },
  );
});

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [0.4, '0.4ms'],
    [12.34, '12.3ms'],
    [300, '300ms'],
    [999.7, '1s'],
    [1_000, '1s'],
    [1_500, '1.5s'],
    [1_250, '1.25s'],
    [9_999, '10s'],
    [42_600, '43s'],
    [59_700, '1m'],
    [125_000, '2m5s'],
    [900_000, '15m'],
    [5_400_000, '1h30m'],
    [3_600_000, '1h'],
    [-90_000, '-1m30s'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('writes whole seconds so that they are read as the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000), 'x')).toBe(seconds * 1000);
      }),
    );
  });

  it('is never off by more than a hundredth, or half a second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000_000 }), (ms) => {
        const off = Math.abs(parseDuration(formatDuration(ms), 'x') - ms);
        expect(off).toBeLessThanOrEqual(ms < 9_995 ? ms / 100 : 500);
      }),
    );
  });
});
