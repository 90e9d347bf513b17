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

it('prints an annotation of several lines as one command', () => {
  const text = printed(() =>
    githubReporter.error('first\n::add-mask::x', { file: 'a.json', line: 3, column: 5 }),
  );
  expect(text.trim()).toBe('::error file=a.json,line=3,col=5::first%0A::add-mask::x');
});
