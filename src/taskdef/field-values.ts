import type { FieldType } from './field-types.ts';
import { TASK_DEFINITION } from './fields.ts';

/**
 * The values that ECS knows for a field of a task definition, in the order of their names; none where it takes any.
 *
 * @param path names of fields from the definition on, those of lists' items without an index
 */
export function valuesOf(...path: readonly string[]): readonly string[] {
  const type = path.reduce<FieldType | undefined>(within, TASK_DEFINITION);
  return typeof type === 'string' && type.startsWith('=') ? type.slice(1).split(' ') : [];
}

function within(type: FieldType | undefined, name: string): FieldType | undefined {
  if (Array.isArray(type)) return within(type[0], name);
  const fields = typeof type === 'object' ? Object.entries(type) : [];
  return fields.find(([key]) => key.replace('!', '') === name)?.[1];
}
