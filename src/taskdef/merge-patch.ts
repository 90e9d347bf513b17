import { isList, isObject, type Json, type JsonObject } from './definition.ts';

/**
 * A definition with a merge patch applied: objects are merged, `null` removes a field, all else takes the place of what
 * is there (https://www.rfc-editor.org/rfc/rfc7396). One thing is ours: where the definition holds a list of things with
 * names, the containers and the volumes, the patch may hold an object by name, whose values are merged into the items
 * of these names; `null` removes an item, and a name that is not there is added. Patching twice is patching once.
 */
export function withPatch(definition: JsonObject, patch: JsonObject): Json {
  const byName = NAMED_LISTS.flatMap((field): [string, Json][] => {
    const change = patch[field];
    return isObject(change) ? [[field, patchedList(definition[field], change)]] : [];
  });
  const named = new Set(byName.map(([field]) => field));
  const rest = Object.fromEntries(Object.entries(patch).filter(([field]) => !named.has(field)));
  return { ...(merge(definition, rest) as JsonObject), ...Object.fromEntries(byName) };
}

const NAMED_LISTS = ['containerDefinitions', 'volumes'];

function patchedList(present: Json | undefined, change: JsonObject): Json {
  const items = isList(present) ? present : [];
  const nameOf = (item: Json): string | undefined => {
    const name = isObject(item) ? item['name'] : undefined;
    return typeof name === 'string' ? name : undefined;
  };
  const known = new Set(items.map(nameOf));
  const kept = items.flatMap((item) => {
    const name = nameOf(item);
    if (name === undefined || !Object.hasOwn(change, name)) return [item];
    const patch = change[name] ?? null;
    return patch === null ? [] : [merge(item, patch)];
  });
  const added = Object.entries(change).flatMap(([name, patch]) =>
    known.has(name) || patch === null || patch === undefined ? [] : [merge({ name }, patch)],
  );
  return [...kept, ...added];
}

/** The algorithm of RFC 7396, section 2. */
function merge(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result = new Map<string, Json>();
  if (isObject(target)) {
    for (const [key, value] of Object.entries(target)) if (value !== undefined) result.set(key, value);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) result.delete(key);
    else result.set(key, merge(result.get(key) ?? null, value));
  }
  return Object.fromEntries(result);
}
