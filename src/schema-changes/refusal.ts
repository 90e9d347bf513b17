import type { SqlParser, SyntaxRefusal } from './parser.ts';

/**
 * The parser's words, without the values that it may quote: they may be somebody's data.
 *
 * @param placeholders whether names were filled in before the parser saw the text
 */
export function refusalInWords(
  { message, offset }: SyntaxRefusal,
  sql: string,
  placeholders: boolean,
  parser: SqlParser,
): string {
  const [, quoted = ''] = /at or near "([\s\S]*)"$/.exec(message) ?? [];
  const line = sql.slice(sql.lastIndexOf('\n', offset - 1) + 1, offset);
  // A word behind a quote may be part of a text that is not closed where it should be.
  const open = line.includes("'") || line.includes('$');
  const keyword = /^[A-Za-z_]+$/.test(quoted) && parser.isKeyword(quoted);
  const harmless = keyword || /^[^\w\s'"$]{1,3}$/.test(quoted) || (/^[A-Za-z_]\w*$/.test(quoted) && !open);
  const said =
    quoted === '' || harmless ? message : message.replace(/at or near "[\s\S]*"$/, 'at or near a value');
  const filled = placeholders
    ? ' Placeholders were taken for names; one that stands for something else is not understood.'
    : '';
  return `PostgreSQL's parser refuses this: ${said.replace(/\s+/g, ' ')}. Only PostgreSQL's SQL is understood here.${filled}`;
}
