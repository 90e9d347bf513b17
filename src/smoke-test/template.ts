import { isList, isObject, type Json } from '../taskdef/definition.ts';

/** A captured value, or one of the environment as `env.NAME`. */
export type Values = ReadonlyMap<string, string | number | bigint | boolean>;

/** `$${` stands for `${` itself. */
const REFERENCE = /\$?\$\{([^}]*)\}/g;

/** The names that a text refers to as `${name}`. */
export const namesIn = (text: string): readonly string[] =>
  [...text.matchAll(REFERENCE)].flatMap(([whole, name = '']) =>
    whole.startsWith('$$') ? [] : [name.trim()],
  );

/** The same of all texts in a JSON value, keys of objects excepted. */
export function namesInJson(value: Json): readonly string[] {
  if (typeof value === 'string') return namesIn(value);
  if (isList(value)) return value.flatMap(namesInJson);
  if (!isObject(value)) return [];
  return Object.values(value).flatMap((item) => namesInJson(item ?? null));
}

/**
 * The text with the values in it. Every name has to be there, which the order of the requests sees to.
 *
 * @param encode how a value is written at that place, by default as it is
 */
export const fill = (
  text: string,
  values: Values,
  encode: (value: string, offset: number) => string = (value) => value,
): string =>
  text.replace(REFERENCE, (whole, name: string, offset: number) =>
    whole.startsWith('$$') ? whole.slice(1) : encode(String(values.get(name.trim()) ?? ''), offset),
  );

/** As `fill`, in all texts of a JSON value; one that is nothing but `${name}` becomes the value with its own type. */
export function fillJson(value: Json, values: Values): Json {
  if (typeof value === 'string') {
    const [, only] = /^\$\{([^}]*)\}$/.exec(value) ?? [];
    if (only === undefined) return fill(value, values);
    const found = values.get(only.trim()) ?? '';
    // As JSON.parse reads it in the answer that it is compared with.
    return typeof found === 'bigint' ? Number(found) : found;
  }
  if (isList(value)) return value.map((item) => fillJson(item, values));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, fillJson(item ?? null, values)]),
  );
}

/**
 * An address with the values in it. A value is one piece of the path or the query there, unless the address begins with
 * it: then it is an address itself, such as one that the server has answered as `Location`.
 */
export const fillAddress = (text: string, values: Values): string =>
  fill(text, values, (value, offset) => (offset === 0 ? value : encodeURIComponent(value.toWellFormed())));
