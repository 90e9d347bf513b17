import { comparable } from './comparable.ts';
import type { TaskDefinition } from './definition.ts';

/**
 * Whether two task definitions are the same to AWS: registering the second would only make a twin of the first.
 * The order of keys, variables and of all lists that are sets does not count, nor does a field that is absent against
 * one that holds AWS's default or nothing. Tags count, but for those that AWS sets.
 */
export function sameDefinition(one: TaskDefinition, other: TaskDefinition): boolean {
  const [left, right] = comparable(one, other);
  return JSON.stringify(left) === JSON.stringify(right);
}
