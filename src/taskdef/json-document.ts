import type { Node } from 'jsonc-parser';
import { isList, isObject, type Json, type Path } from './definition.ts';
import { placeAt, type SyntaxFault, type TextPlace } from './text-place.ts';

/** A JSON text as data, and where in the text each value stands. */
export interface JsonDocument {
  readonly value: Json;
  /** Where the value at `path` starts, or the nearest one above it. */
  placeOf(path: Path): TextPlace;
}

/** By the parser's names of errors; it says nothing that quotes the text. */
const MESSAGES: Readonly<Record<string, string>> = {
  CloseBraceExpected: '"," or "}" is expected here',
  CloseBracketExpected: '"," or "]" is expected here',
  ColonExpected: '":" is expected here',
  CommaExpected: '"," or a closing bracket is expected here',
  EndOfFileExpected: 'there is more text after the end of the JSON value',
  InvalidCharacter: 'this string holds a control character; write a line end as \\n and a tab as \\t',
  InvalidEscapeCharacter: 'this string holds an escape that JSON does not know; write a backslash as \\\\',
  InvalidUnicode: 'this string holds a \\u that four hexadecimal digits do not follow',
  PropertyNameExpected: 'a key in double quotes is expected here',
  UnexpectedEndOfComment: 'this comment has no end; close it with */',
  UnexpectedEndOfNumber: 'this number is not complete',
  UnexpectedEndOfString: 'this string is not closed on its line',
  ValueExpected: 'a value is expected here',
};

/**
 * Reads JSON, with comments and with commas before a closing bracket, and finds the first place where a text stops
 * being that or an object has a key twice. The parser is loaded only by this call: `JSON.parse` is faster, but takes
 * neither, passes over repeated keys, and its messages quote the text.
 */
export async function readJson(text: string): Promise<JsonDocument | SyntaxFault> {
  const { findNodeAtLocation, parseTree, printParseErrorCode } = await import('jsonc-parser');
  const errors: Parameters<typeof parseTree>[1] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error || !root) {
    const { offset, length } = error ?? { offset: 0, length: 0 };
    const rest = text.slice(offset);
    const message =
      hint(rest) ?? (error && MESSAGES[printParseErrorCode(error.error)]) ?? unknownWord(rest, length);
    return { ...placeAt(text, offset), message: rest === '' ? `${message}, but the text ends` : message };
  }
  const twice = repeatedKey(root);
  if (twice) {
    const message = 'this key stands twice in its object; keep one of them';
    return { ...placeAt(text, twice.offset), message, readable: true };
  }
  return {
    value: jsonOf(root),
    placeOf(path) {
      for (let length = path.length; length > 0; length--) {
        const node = findNodeAtLocation(root, path.slice(0, length));
        if (node) return placeAt(text, node.offset);
      }
      return placeAt(text, root.offset);
    },
  };
}

/**
 * Whether an object in a JSON text has a key twice, of which `JSON.parse` takes the last.
 *
 * @param value what `JSON.parse` made of the text
 */
export function repeatsKeys(text: string, value: Json): boolean {
  let written = 0;
  // In JSON, a string before a colon is a key, and every key is one.
  for (const [, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g)) if (colon) written++;
  return written !== keysIn(value);
}

function keysIn(value: Json): number {
  if (isList(value)) return value.reduce<number>((sum, item) => sum + keysIn(item), 0);
  if (!isObject(value)) return 0;
  return Object.values(value).reduce<number>((sum, item) => sum + 1 + keysIn(item ?? null), 0);
}

function repeatedKey({ type, children = [] }: Node): Node | undefined {
  const keys = new Set<unknown>();
  for (const child of children) {
    const key = type === 'object' ? child.children?.[0] : undefined;
    if (key && keys.has(key.value)) return key;
    keys.add(key?.value);
    const inside = repeatedKey(child);
    if (inside) return inside;
  }
  return undefined;
}

function jsonOf({ type, value, children = [] }: Node): Json {
  if (type === 'array') return children.map(jsonOf);
  if (type !== 'object') return value;
  return Object.fromEntries(
    children.map(({ children: [key, item] = [] }) => [String(key?.value), item ? jsonOf(item) : null]),
  );
}

function hint(rest: string): string | undefined {
  if (rest.startsWith("'")) return 'there is a single quote; JSON takes double quotes';
  if (rest.startsWith('#')) return 'there is a "#"; comments start with // in JSON';
  return undefined;
}

const unknownWord = (rest: string, length: number): string =>
  /^\s*:/.test(rest.slice(length))
    ? 'a key needs double quotes'
    : 'this is not a value of JSON; a text needs double quotes';
