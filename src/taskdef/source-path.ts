import { isList, isObject, type Json, type Path } from './definition.ts';
import { identityIn } from './identities.ts';

/**
 * The path in the source of what stands at `path` in the definition that was rendered from it: items of lists are found
 * by their names, for rendering adds and removes some. What is not in the source leads to what it would stand in.
 */
export function sourcePath(path: Path, rendered: Json, source: Json): Path {
  const found: (string | number)[] = [];
  let here: Json | undefined = rendered;
  let there: Json | undefined = source;
  for (const step of path) {
    const at: string | number | undefined =
      typeof step === 'number' ? indexIn(there, here, step, String(found.at(-1))) : step;
    here = partOf(here, step);
    there = at === undefined ? undefined : partOf(there, at);
    if (at === undefined || there === undefined) break;
    found.push(at);
  }
  return found;
}

function partOf(value: Json | undefined, step: string | number): Json | undefined {
  if (typeof step === 'number') return isList(value) ? value[step] : undefined;
  return isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

function indexIn(
  source: Json | undefined,
  rendered: Json | undefined,
  index: number,
  field: string,
): number | undefined {
  const item = partOf(rendered, index);
  const identity = identityIn(field);
  if (!isList(source) || !isObject(item) || !identity) return index;
  // A name that stands twice is told of the second.
  const found = source.findLastIndex((one) => isObject(one) && identity(one) === identity(item));
  return found < 0 ? undefined : found;
}
