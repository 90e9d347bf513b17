import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { bounded, fitting } from '../../src/report/bounded.ts';

it('keeps what fits, and else the longest beginning that does with an ellipsis', () => {
  expect(bounded('abcd', 4)).toBe('abcd');
  expect(bounded('abcde', 4)).toBe('abc…');
  expect(bounded('🚀🚀🚀', 4)).toBe('🚀…');
  expect(bounded('a<b', 5, (character) => (character === '<' ? '&lt;' : character))).toBe('a…');
});

it('is never longer than its limit, and cuts only where a character ends', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, limit) => {
      const cut = bounded(text, limit);
      expect(cut.length).toBeLessThanOrEqual(limit);
      expect(cut === text || text.startsWith(cut.slice(0, -1))).toBe(true);
      expect(cut.isWellFormed()).toBe(text.isWellFormed());
    }),
  );
});

it('takes the longest texts with which a message fits', () => {
  const build = (longest: number) => 'ü'.repeat(Math.min(longest, 3_000));
  expect(fitting(build, 6_000)).toHaveLength(3_000);
  expect(fitting(build, 5_999)).toHaveLength(2_000);
});
