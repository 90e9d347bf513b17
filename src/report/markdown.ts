import { printable } from '../taskdef/shape.ts';

/**
 * A text of others as code, in which nothing is Markdown, HTML or a mention. The fence is longer than any run of
 * backticks in the text: https://spec.commonmark.org/0.31.2/#code-spans
 */
export function codeSpan(text: string): string {
  const line = printable(text);
  const runs = [...line.matchAll(/`+/g)].map(([run]) => run.length);
  const fence = '`'.repeat(Math.max(0, ...runs) + 1);
  const blank = line === '' || line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${blank}${line}${blank}${fence}`;
}

/**
 * Sentences with texts of others in them: they become neither Markdown nor HTML, and mention no person and no issue,
 * who would be told of every plan.
 */
export const literal = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replace(/[\\`*_{}[\]<>|~$]/g, '\\$&')
    .replace(/[@#]/g, '$&<!-- -->')
    .replace(/\bGH-(?=\d)/gi, '$&<!-- -->')
    .split('\n')
    .map((line) => printable(line).replace(/^(\s*)([-+=]|\d+[.)])/, '$1<!-- -->$2'))
    .join('<br>');

/**
 * Markdown in no more characters than that: cut at the end of a line, with what it had opened closed again.
 *
 * @param word what stands where the rest was, such as a link to the whole
 */
export function fitted(markdown: string, limit: number, word: string): string {
  if (markdown.length <= limit) return markdown;
  const room = limit - word.length - '\n\n</details>\n\n'.length;
  const end = markdown.lastIndexOf('\n', room);
  const kept = markdown.slice(0, Math.max(0, end < 0 ? room : end));
  const count = (what: RegExp) => [...kept.matchAll(what)].length;
  const open = count(/^<details/gm) - count(/^<\/details>/gm);
  return `${kept}\n\n${'</details>\n'.repeat(Math.min(1, Math.max(0, open)))}\n${word}`;
}
