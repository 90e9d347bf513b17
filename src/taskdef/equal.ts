import { clean } from './clean.ts';
import { isList, isObject, type Json, type JsonObject, type TaskDefinition } from './definition.ts';
import { normalized } from './normalized.ts';

/**
 * Whether two task definitions are the same to AWS: registering the second would only make a twin of the first.
 * The order of keys, variables and of all lists that are sets does not count, nor does a field that is absent against
 * one that holds AWS's default or nothing. Tags count, but for those that AWS sets.
 */
export function sameDefinition(one: TaskDefinition, other: TaskDefinition): boolean {
  return ROLES.every((role) => sameRole(one[role], other[role])) && comparable(one) === comparable(other);
}

const ROLES = ['taskRoleArn', 'executionRoleArn'] as const;

/** ECS takes a role's name where it keeps its ARN. */
function sameRole(one: Json | undefined, other: Json | undefined): boolean {
  const [a, b] = [one ?? '', other ?? ''];
  if (typeof a !== 'string' || typeof b !== 'string') return a === b;
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  const named = short !== '' && !short.startsWith('arn:') && long.startsWith('arn:');
  return short === long || (named && long.endsWith(`:role/${short}`));
}

/** What is empty goes first, for the sets are put in order by what their items hold. */
function comparable(definition: TaskDefinition): string {
  const { taskRoleArn: _task, executionRoleArn: _execution, ...rest } = clean(definition);
  const { family, containerDefinitions } = definition;
  return JSON.stringify(compact(normalized(compact({ ...rest, family, containerDefinitions }))));
}

/** An object without its empty fields, at any depth, and with its keys in order: equal values are equal texts. */
function compact(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object)
      .flatMap(([key, item]): [string, Json][] => {
        const kept = compactValue(item ?? null);
        return isEmpty(kept) ? [] : [[key, kept]];
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const compactValue = (value: Json): Json =>
  isList(value) ? value.map(compactValue) : isObject(value) ? compact(value) : value;

const isEmpty = (value: Json): boolean =>
  value === null ||
  (isList(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0);
