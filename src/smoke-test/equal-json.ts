import { isList, isObject, type Json } from '../taskdef/definition.ts';

/** Whether two JSON values are the same; the order of keys does not count. */
export function equalJson(one: Json, other: Json): boolean {
  if (isList(one)) {
    return (
      isList(other) &&
      one.length === other.length &&
      one.every((item, index) => equalJson(item, other[index] ?? null))
    );
  }
  if (!isObject(one)) return one === other;
  if (!isObject(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && equalJson(one[key] ?? null, other[key] ?? null))
  );
}
