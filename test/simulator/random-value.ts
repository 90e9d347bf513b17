import type { NormalizedSchema } from '@smithy/core/schema';

/** A value that fits the schema; recursive shapes end by leaving out what is optional. */
export function randomValue(schema: NormalizedSchema, random: () => number, depth = 0): unknown {
  if (schema.isUnitSchema()) return {};
  if (schema.isStructSchema()) return randomStructure(schema, random, depth);
  if (schema.isListSchema()) {
    const item = () => randomValue(schema.getValueSchema(), random, depth + 1);
    return [item(), item()];
  }
  if (schema.isMapSchema()) {
    const item = () => randomValue(schema.getValueSchema(), random, depth + 1);
    return { k1: item(), 'k/2': item() };
  }
  if (schema.isTimestampSchema()) return new Date(1.7e12 + Math.floor(random() * 1e6) * 1000);
  if (schema.isBooleanSchema()) return random() < 0.5;
  if (schema.isNumericSchema()) return Math.floor(random() * 1000);
  if (schema.isBlobSchema()) return new Uint8Array([1, 2, 3]);
  if (schema.isDocumentSchema()) return { a: 1 };
  return ['x&y=<z>', 'é/ü "quoted"', 'line\nbreak', 'plain'][Math.floor(random() * 4)];
}

function randomStructure(schema: NormalizedSchema, random: () => number, depth: number): object {
  const members = [...schema.structIterator()];
  const shape = schema.getSchema();
  const required = Array.isArray(shape) && typeof shape[6] === 'number' ? shape[6] : 0;
  const only = schema.isUnionSchema() ? Math.floor(random() * members.length) : undefined;
  // A form cannot show an empty structure, so each has some member that is not one.
  const least = members.findIndex(([, member]) => !member.isStructSchema());
  return Object.fromEntries(
    members
      .filter((_, i) => {
        if (only !== undefined) return i === only;
        return i < required || i === least || (depth < 5 && random() < 0.6);
      })
      .map(([name, member]) => [name, randomValue(member, random, depth + 1)]),
  );
}

/** Without what clients add (metadata, tokens) and without empty structures, which XML and forms cannot show. */
export function bare(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(bare).filter((item) => !isEmpty(item));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !/^(\$metadata|clientToken|clientRequestToken)$/i.test(name))
      .map(([name, item]) => [name, bare(item)])
      .filter(([, item]) => !isEmpty(item))
      .filter(([, item]) => item !== undefined),
  );
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !(value instanceof Date) && Object.keys(value).length === 0;
