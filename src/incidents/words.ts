import { bounded } from '../report/bounded.ts';
import { codeSpan, literal } from '../report/markdown.ts';
import { printable } from '../taskdef/shape.ts';

/** `2026-01-05 12:10:41 UTC` */
export const dateTime = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** `12:10:41` */
export const timeOfDay = (ms: number): string => new Date(ms).toISOString().slice(11, 19);

/** In one line, and in the order in which it is written. */
export const visible = (text: string): string => printable(text).replaceAll(/\p{Bidi_Control}/gu, '');

/** An address is no link: GitHub would tell the issue or pull request that it leads to. */
const harmless = (text: string): string =>
  literal(visible(text))
    .replaceAll('://', ':<!-- -->//')
    .replaceAll(/\bwww\./gi, 'www<!-- -->.');

/** Sentences of others in one line, harmless in Markdown, and not much longer than that as they are written. */
export function quoted(text: string, longest = 500): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  // What is harmless may be many times as long, and cut anywhere it would not be harmless any more.
  for (let room = longest; ; room = Math.floor(room / 2)) {
    const written = harmless(bounded(line, room));
    if (written.length <= 2 * longest || room < 10) return written;
  }
}

/** So long a text of several lines is still told in full. */
const SHORT = 300;

/** Several lines as one: the first and the last, where they are many, as those of a list of tasks. */
export function inOneLine(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const whole = lines.join('; ');
  const left = lines.length - 2;
  if (left < 1 || whole.length <= SHORT) return whole;
  return `${lines[0]}; (${left} ${left === 1 ? 'line' : 'lines'} left out); ${lines.at(-1)}`;
}

/** A name in a code span. */
export const name = (text: string): string => codeSpan(bounded(visible(text), 300));

/** In a table, a bar would end the cell, in a code span as well. */
export const cell = (markdown: string): string => markdown.replaceAll(/(?<!\\)\|/g, '\\|');

/** With a full stop, where it has none. */
export const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);

/** Lines of others as a block of code, in which nothing is rendered and nobody is mentioned. */
export function codeBlock(lines: readonly string[], language = ''): string {
  const longest = Math.max(
    2,
    ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map(({ length }) => length)),
  );
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${language}`, ...lines.map(visible), fence].join('\n');
}

export const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
