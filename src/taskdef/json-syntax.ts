/** A place in a text; lines and columns count from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxFault extends TextPlace {
  /** What is wrong, without a word of the text itself: it may hold secrets. */
  readonly message: string;
}

const BLANKS = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const LITERAL = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

class Fault extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Finds the first place where a text stops being JSON. `JSON.parse` is faster, but its messages quote the text, which
 * may hold secrets, and do not always say where.
 *
 * @returns undefined when the text is JSON
 */
export function jsonFault(text: string): SyntaxFault | undefined {
  try {
    const end = skip(text, value(text, skip(text, 0)));
    if (end < text.length) throw new Fault(end, 'there is more text after the end of the JSON value');
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const before = text.slice(0, error.offset).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, message: error.message };
  }
}

/** Each of these takes the offset where its thing starts and gives the one after it. */
function value(text: string, at: number): number {
  const first = text[at];
  if (first === '{') return members(text, at, '}', member);
  if (first === '[') return members(text, at, ']', value);
  if (first === '"') return string(text, at);
  const end = match(LITERAL, text, at);
  if (end === undefined) throw new Fault(at, `a value is expected here${hint(text, at)}`);
  return end;
}

function members(text: string, start: number, close: string, one: typeof value): number {
  let at = skip(text, start + 1);
  if (text[at] === close) return at + 1;
  for (;;) {
    at = skip(text, one(text, at));
    if (text[at] === close) return at + 1;
    if (text[at] !== ',') throw new Fault(at, `"," or "${close}" is expected here${hint(text, at)}`);
    const comma = at;
    at = skip(text, at + 1);
    if (text[at] === close)
      throw new Fault(comma, `remove this comma: none may stand before the closing "${close}"`);
  }
}

function member(text: string, at: number): number {
  if (text[at] !== '"') throw new Fault(at, `a key in double quotes is expected here${hint(text, at)}`);
  const colon = skip(text, string(text, at));
  if (text[colon] !== ':') throw new Fault(colon, `":" is expected here${hint(text, colon)}`);
  return value(text, skip(text, colon + 1));
}

function string(text: string, at: number): number {
  const end = match(STRING, text, at);
  if (end === undefined)
    throw new Fault(at, 'this string is not closed on its line, or holds an escape that JSON does not know');
  return end;
}

const skip = (text: string, at: number): number => match(BLANKS, text, at) ?? at;

function match(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

function hint(text: string, at: number): string {
  if (at >= text.length) return ', but the text ends';
  if (text.startsWith('//', at) || text.startsWith('/*', at) || text[at] === '#')
    return ', but there is a comment, which JSON does not have';
  if (text[at] === "'") return ', but there is a single quote; JSON takes double quotes';
  return '';
}
