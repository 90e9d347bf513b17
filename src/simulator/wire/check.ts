import type { NormalizedSchema } from '@smithy/core/schema';

/**
 * Compares a value with a schema, strictly: unknown, missing and mistyped members are faults.
 *
 * @returns one line per fault, such as `services[0]: string expected, got number`; empty when the value fits
 */
export function faultsOf(schema: NormalizedSchema, value: unknown): string[] {
  const faults: string[] = [];
  check(schema, value, '', faults);
  return faults;
}

function check(schema: NormalizedSchema, value: unknown, path: string, faults: string[]): void {
  const mistyped = (expected: string) =>
    faults.push(`${path || 'the body'}: ${expected} expected, got ${kindOf(value)}`);

  if (schema.isUnitSchema()) {
    if (isObject(value))
      for (const name of Object.keys(value)) faults.push(`${join(path, name)}: no such member`);
    return;
  }
  if (schema.isDocumentSchema()) return;
  if (schema.isStructSchema()) {
    if (!isObject(value)) mistyped('structure');
    else checkMembers(schema, value, path, faults);
  } else if (schema.isListSchema()) {
    if (!Array.isArray(value)) mistyped('list');
    else
      for (const [i, item] of value.entries()) check(schema.getValueSchema(), item, `${path}[${i}]`, faults);
  } else if (schema.isMapSchema()) {
    if (!isObject(value)) mistyped('map');
    else
      for (const [key, item] of Object.entries(value))
        check(schema.getValueSchema(), item, `${path}{${key}}`, faults);
  } else if (schema.isTimestampSchema()) {
    if (!(value instanceof Date) || Number.isNaN(value.getTime())) mistyped('timestamp');
  } else if (schema.isBlobSchema()) {
    if (!(value instanceof Uint8Array)) mistyped('blob');
  } else if (schema.isStringSchema()) {
    if (typeof value !== 'string') mistyped('string');
  } else if (schema.isBooleanSchema()) {
    if (typeof value !== 'boolean') mistyped('boolean');
  } else if (schema.isNumericSchema()) {
    if (typeof value !== 'number') mistyped('number');
  }
}

function checkMembers(schema: NormalizedSchema, value: object, path: string, faults: string[]): void {
  const given = new Map<string, unknown>(Object.entries(value).filter(([, member]) => member !== undefined));
  const required = requiredCount(schema);
  const shape = schema.getName() ?? 'the structure';
  if (schema.isUnionSchema() && given.size !== 1) faults.push(`${path}: ${shape} takes exactly one member`);
  let position = 0;
  for (const [name, member] of schema.structIterator()) {
    if (given.has(name)) check(member, given.get(name), join(path, name), faults);
    else if (position < required) faults.push(`${join(path, name)}: required member of ${shape} is missing`);
    given.delete(name);
    position += 1;
  }
  for (const name of given.keys()) faults.push(`${join(path, name)}: no such member of ${shape}`);
}

/** A static structure schema lists its required members first and tells how many they are. */
function requiredCount(schema: NormalizedSchema): number {
  const shape = schema.getSchema();
  const count = Array.isArray(shape) ? shape[6] : undefined;
  return typeof count === 'number' ? count : 0;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof Date) return 'timestamp';
  if (Array.isArray(value)) return 'list';
  return typeof value;
}

const join = (path: string, name: string): string => (path ? `${path}.${name}` : name);
