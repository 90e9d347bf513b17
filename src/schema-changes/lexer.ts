/** A piece of a text in SQL that is not plain code. */
export interface Piece {
  readonly kind: 'comment' | 'text' | 'name' | 'meta' | 'data';
  readonly from: number;
  readonly to: number;
}

/**
 * Finds comments, quoted texts and names, psql's own commands and the rows after `COPY ... FROM stdin`. It takes any
 * text, also one that the parser refuses: what is never closed ends with the text.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
export function piecesOf(sql: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  /** Where the statement began, for `COPY`. */
  let began = 0;
  const add = (kind: Piece['kind'], to: number) => {
    pieces.push({ kind, from: at, to });
    at = to;
  };
  while (at < sql.length) {
    const character = sql[at];
    const two = sql.slice(at, at + 2);
    if (two === '--') add('comment', lineEnd(sql, at));
    else if (two === '/*') add('comment', endOfComment(sql, at));
    else if (character === "'")
      add(
        'text',
        endOfQuoted(sql, at, "'", /[eE]/.test(sql[at - 1] ?? '') && !/\w/.test(sql[at - 2] ?? ' ')),
      );
    else if (character === '"') add('name', endOfQuoted(sql, at, '"', false));
    else if (character === '$' && !/[\w$]/.test(sql[at - 1] ?? ' ')) {
      const [tag] = /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/.exec(sql.slice(at, at + 70)) ?? [];
      if (tag === undefined) at++;
      else {
        const end = sql.indexOf(tag, at + tag.length);
        add('text', end < 0 ? sql.length : end + tag.length);
      }
    } else if (character === '\\') add('meta', lineEnd(sql, at));
    else if (character === ';') {
      const copies = /\bcopy\b[\s\S]*\bfrom\s+stdin\b/i.test(sql.slice(began, at));
      at = copies ? lineEnd(sql, at) : at + 1;
      began = at;
      if (copies) {
        const [, rows = ''] = /^([\s\S]*?\n\\\.)(?=\r?\n|$)/.exec(sql.slice(at)) ?? [
          undefined,
          sql.slice(at),
        ];
        add('data', at + rows.length);
        began = at;
      }
    } else at++;
  }
  return pieces;
}

/** The same text with blanks in the place of some of it, so that everything else keeps its line and column. */
export function blanked(
  sql: string,
  pieces: readonly { readonly from: number; readonly to: number }[],
): string {
  let text = '';
  let at = 0;
  for (const { from, to } of pieces) {
    text += sql.slice(at, from) + sql.slice(from, to).replace(/[^\r\n]/g, ' ');
    at = to;
  }
  return text + sql.slice(at);
}

function lineEnd(sql: string, at: number): number {
  const end = sql.indexOf('\n', at);
  return end < 0 ? sql.length : end;
}

/** They nest. */
function endOfComment(sql: string, from: number): number {
  let depth = 0;
  for (let at = from; at < sql.length; at++) {
    const two = sql.slice(at, at + 2);
    if (two === '/*') {
      depth++;
      at++;
    } else if (two === '*/') {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  return sql.length;
}

function endOfQuoted(sql: string, from: number, quote: string, escapes: boolean): number {
  for (let at = from + 1; at < sql.length; at++) {
    if (escapes && sql[at] === '\\') at++;
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return sql.length;
}

/** Line and column of an offset, both from 1. */
export function placeIn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - start + 1 };
}
