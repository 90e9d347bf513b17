import { bounded } from '../report/bounded.ts';
import { codeSpan, literal } from '../report/markdown.ts';

/** `2026-01-05 12:10:41 UTC` */
export const dateTime = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** `12:10:41` */
export const timeOfDay = (ms: number): string => new Date(ms).toISOString().slice(11, 19);

/**
 * Sentences of others in one line, harmless in Markdown, and not longer than that. An address in them is no link: GitHub
 * would tell the issue or pull request that it leads to.
 */
export const quoted = (text: string, longest = 500): string =>
  literal(bounded(text.replaceAll(/\s+/g, ' ').trim(), longest))
    .replaceAll('://', ':<!-- -->//')
    .replaceAll(/\bwww\./gi, 'www<!-- -->.');

/** A name in a code span. */
export const name = (text: string): string => codeSpan(bounded(text, 300));

/** In a table, a bar would end the cell, in a code span as well. */
export const cell = (markdown: string): string => markdown.replaceAll(/(?<!\\)\|/g, '\\|');

/** With a full stop, where it has none. */
export const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);

/**
 * Texts of others as a block of code, in which nothing is rendered and nobody is mentioned.
 *
 * @param lines without line ends
 */
export function codeBlock(lines: readonly string[], language = ''): string {
  const longest = Math.max(
    2,
    ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map(({ length }) => length)),
  );
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${language}`, ...lines, fence].join('\n');
}

export const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
