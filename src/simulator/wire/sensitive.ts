import type { NormalizedSchema } from '@smithy/core/schema';
import { walk } from './walk.ts';

/** A value without what its service calls sensitive, such as the value of a secret: for logs. */
export function withoutSensitive(schema: NormalizedSchema, value: unknown): unknown {
  if (value !== undefined && schema.getMergedTraits().sensitive) return '***';
  return walk(schema, value, withoutSensitive);
}
