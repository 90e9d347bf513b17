import { isObject, type Json } from '../taskdef/definition.ts';
import { kindOf, printable } from '../taskdef/shape.ts';
import type { Field, Part } from './notice.ts';

export interface Given<T> {
  readonly found: readonly T[];
  /** What is wrong with it, in words without what was given. */
  readonly problems: readonly string[];
}

/** Reads lines `Name: value`, or a JSON mapping. What has no value is left out. */
export function readFields(text: string): Given<Field> {
  const read = text.startsWith('{') ? fromMapping(text, plainOf) : fromLines(text, 'value');
  return { ...read, found: read.found.filter(({ value }) => value !== '') };
}

/** Reads GitHub's `needs` or `steps` as JSON, of which only names and results count, or lines `Name: result`. */
export function readParts(text: string): Given<Part> {
  const { found, problems } = text.startsWith('{') ? fromMapping(text, resultOf) : fromLines(text, 'result');
  return {
    found: found.flatMap(({ name, value: result }) => (result === '' ? [] : [{ name, result }])),
    problems,
  };
}

/** https://docs.github.com/actions/reference/workflows-and-actions/contexts#needs-context */
const resultOf = (value: Json): string | undefined =>
  isObject(value) ? plainOf(value['result'] ?? value['outcome'] ?? null) : plainOf(value);

function plainOf(value: Json): string | undefined {
  if (value === null) return '';
  return typeof value === 'object' ? undefined : String(value).trim();
}

function fromMapping(json: string, plain: (value: Json) => string | undefined): Given<Field> {
  let mapping: Json;
  try {
    mapping = JSON.parse(json);
  } catch {
    // The parser's own words quote the text.
    return { found: [], problems: ['begins with "{" and is not JSON; write a line "Name: value" for each'] };
  }
  const found: Field[] = [];
  const problems: string[] = [];
  for (const [name, value = null] of Object.entries(isObject(mapping) ? mapping : {})) {
    const text = plain(value);
    if (text === undefined) problems.push(`"${printable(name)}" is ${kindOf(value)}; write one text`);
    else found.push({ name, value: text });
  }
  return { found, problems };
}

function fromLines(text: string, what: string): Given<Field> {
  const found: Field[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim();
    if (name === '') problems.push(`line ${index + 1} is not "Name: ${what}"`);
    else found.push({ name, value: line.slice(colon + 1).trim() });
  }
  return { found, problems };
}
