import type { NormalizedSchema } from '@smithy/core/schema';

/** Turns a value of a schema into its form on the wire, or back. */
export type Convert = (schema: NormalizedSchema, value: unknown) => unknown;

/** Applies `convert` to the members of a structure, list or map; members that the schema does not know stay. */
export function walk(schema: NormalizedSchema, value: unknown, convert: Convert): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (schema.isListSchema() && Array.isArray(value)) {
    return value.map((item) => convert(schema.getValueSchema(), item));
  }
  if (schema.isMapSchema()) {
    return Object.fromEntries(
      Object.entries(value).map(([k, v]) => [k, convert(schema.getValueSchema(), v)]),
    );
  }
  if (schema.isStructSchema() && !Array.isArray(value)) {
    const members = new Map(schema.structIterator());
    return Object.fromEntries(
      Object.entries(value).map(([name, v]) => {
        const member = members.get(name);
        return [name, member ? convert(member, v) : v];
      }),
    );
  }
  return value;
}
