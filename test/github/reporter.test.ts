import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { githubReporter } from '../../src/github/reporter.ts';

const printed = (print: () => void): string => {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  print();
  write.mockRestore();
  return text;
};

it('prints what others say as text, never as a command of the runner', () => {
  const reason = 'stopped\n::add-mask::x\r\n  ##[command]rm\n::set-output name=a::b';
  const lines = printed(() => githubReporter.info(reason)).split(/\r?\n/);
  expect(lines.filter((line) => /^\s*(::|##\[)/.test(line))).toEqual([]);
  expect(lines).toContain('| ::add-mask::x');
});

it.each([
  ['in the middle of a line', 'stopped: ##[error]boom', 'stopped: # #[error]boom'],
  ['after a third #', '###[stop-commands]x', '## #[stop-commands]x'],
  ['several times', '##[a]##[b]', '# #[a]# #[b]'],
])('breaks ##[ %s', (_, text, harmless) => {
  expect(printed(() => githubReporter.info(text)).trimEnd()).toBe(harmless);
});

it.each([
  '\u0085',
  '\u00a0',
  '\u1680',
  '\u2003',
  '\u2028',
  '\u202f',
  '\u3000',
  '\v',
  '\f',
  '\u200b',
  '\ufeff',
])('takes no blank for the beginning of a line: %j', (blank) => {
  expect(printed(() => githubReporter.info(`${blank}::add-mask::x`))).toMatch(/^\| /);
});

it('makes a group of any title', () => {
  expect(printed(() => githubReporter.startGroup('of ::a ##[endgroup]')).trim()).toBe(
    '::group::of ::a # #[endgroup]',
  );
});

it('prints an annotation of several lines as one command', () => {
  const text = printed(() =>
    githubReporter.error('first\n::add-mask::x', { file: 'a.json', line: 3, column: 5 }),
  );
  expect(text.trim()).toBe('::error file=a.json,line=3,col=5::first%0A::add-mask::x');
});

it.each(['\u200b', '\ufeff', '\u00ad', '\u0301', '\u0001'])(
  'sees through what nobody sees: %j',
  (nothing) => {
    expect(printed(() => githubReporter.info(`${nothing}:${nothing}:add-mask::x`))).toMatch(/^\| /);
    expect(printed(() => githubReporter.info(`#${nothing}#[error]x`))).toMatch(/^# /);
  },
);

it('breaks in a line of ASCII what it breaks in any other', () => {
  const pieces = fc.constantFrom('::', ':', '##[', '#', '[', ' ', '\t', '\n', '\r', 'a', '~');
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (words) => {
      const text = words.join('');
      // In the last line, which it begins with a letter, the umlaut changes nothing of the others.
      const other = printed(() => githubReporter.info(`${text}\nä`));
      expect(printed(() => githubReporter.info(`${text}\na`))).toBe(other.replace('ä', 'a'));
    }),
  );
});
