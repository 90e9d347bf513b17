import fc from 'fast-check';
import { expect, it } from 'vitest';
import { codeSpan, fitted, literal } from '../../src/report/markdown.ts';

const nasty = fc
  .array(
    fc.constantFrom(
      '`',
      '``',
      '@all',
      '#12',
      '<b>',
      '|',
      '*',
      '_',
      '\\',
      '[x](y)',
      '&lt;',
      '\n',
      '- ',
      ' ',
      'a',
      '~',
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

it('puts any text into one code span of one line', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      const span = codeSpan(text);
      const [fence = ''] = /^`+/.exec(span) ?? [];
      expect(span).not.toContain('\n');
      expect(span.endsWith(fence)).toBe(true);
      const inside = span.slice(fence.length, -fence.length);
      expect([...inside.matchAll(/`+/g)].every(([run]) => run.length !== fence.length)).toBe(true);
      expect(inside.trim()).toBe(text.replace(/\n+/g, ' ').trim());
    }),
  );
});

it('leaves nothing in a sentence that is Markdown, HTML or a mention', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      const rest = literal(text).replaceAll('<!-- -->', '\ue000').replaceAll('<br>', '\n');
      expect(rest).not.toMatch(/(?<!\\)(\\\\)*[`*_[\]<>|~]/);
      expect(rest).not.toMatch(/[@#](?!\ue000)/);
      expect(rest).not.toMatch(/&(?!amp;)/);
      expect(rest).not.toMatch(/^\s*[-+] /m);
    }),
  );
});

it.each([
  ['1. first', '<!-- -->1. first'],
  ['mail a@b.example', 'mail a@<!-- -->b.example'],
  ['see org/web#3 and GH-4', 'see org/web#<!-- -->3 and GH-<!-- -->4'],
  ['two\nlines', 'two<br>lines'],
])('writes %j so that it stays what it is', (text, written) => {
  expect(literal(text)).toBe(written);
});

it('cuts what is too long at the end of a line, says so, and closes what was opened', () => {
  const lines = Array.from({ length: 100 }, (_, index) => `- line ${index}`);
  const text = ['head', '<details><summary>x</summary>', '', ...lines, '', '</details>'].join('\n');
  const short = fitted(text, 400, '**Cut here**');
  expect(short.length).toBeLessThanOrEqual(400);
  expect(short).toMatch(/\n- line \d+\n\n<\/details>\n\n\*\*Cut here\*\*$/);
  expect(fitted(text, text.length, '**Cut here**')).toBe(text);
});

it('never gives more characters than there is room for', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 2_000 }), fc.integer({ min: 100, max: 1_000 }), (text, limit) => {
      expect(fitted(text, limit, '**Cut here**').length).toBeLessThanOrEqual(limit);
    }),
  );
});
