import { isList, isObject, type Json, type Path } from '../taskdef/definition.ts';

const STEP = /(?:^|\.)([^.[\]"]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;

/**
 * Reads a path such as `items[0].id`. A key with dots or brackets in it is written `["a.b"]`; `$` is the whole.
 *
 * @returns undefined when it is not a path
 */
export function parseJsonPath(text: string): Path | undefined {
  const rest = text.trim().replace(/^\$(\.|(?=\[)|$)/, '');
  const path: (string | number)[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < rest.length) {
    const [, key, index, quoted] = STEP.exec(rest) ?? [];
    if (key !== undefined) path.push(key);
    else if (index !== undefined) path.push(Number(index));
    else if (quoted !== undefined) path.push(JSON.parse(quoted) as string);
    else return undefined;
  }
  return text.trim() === '' ? undefined : path;
}

export const jsonPathText = (path: Path): string =>
  path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      if (/^[^.[\]"\s$][^.[\]"\s]*$/.test(step)) return index === 0 ? step : `.${step}`;
      return `[${JSON.stringify(step)}]`;
    })
    .join('') || '$';

/** The value at a path, or how far the document goes. */
export type LookUp =
  | { readonly kind: 'found'; readonly value: Json }
  | { readonly kind: 'missing'; readonly above: Path; readonly there: Json };

export function lookUp(document: Json, path: Path): LookUp {
  let value = document;
  for (const [depth, step] of path.entries()) {
    // A number is an index of a list, and a key of an object, whose keys are texts all the same.
    const next =
      isList(value) && typeof step === 'number'
        ? value[step]
        : isObject(value) && Object.hasOwn(value, step)
          ? value[String(step)]
          : undefined;
    if (next === undefined) return { kind: 'missing', above: path.slice(0, depth), there: value };
    value = next;
  }
  return { kind: 'found', value };
}
