import { clean } from './clean.ts';
import { isList, isObject, type Json, type JsonObject, type TaskDefinition } from './definition.ts';
import { normalized } from './normalized.ts';

/**
 * Two task definitions in a form in which what is the same to AWS is equal: read-only fields and AWS's own tags gone,
 * defaults filled in, nothing empty, keys and sets in order, and a role that one names and the other gives as an ARN
 * alike. The one notion of sameness of this project: `sameDefinition` and `diff` are both made of it.
 * Containers that both have word for word need not be in it.
 */
export function comparable(one: TaskDefinition, other: TaskDefinition): readonly [JsonObject, JsonObject] {
  const [left, right] = withoutTwins(clean(one), clean(other)).map(standard) as [JsonObject, JsonObject];
  const named = ROLES.filter((role) => sameRole(left[role], right[role]));
  return [left, { ...right, ...Object.fromEntries(named.map((role) => [role, left[role]])) }];
}

/**
 * Leaves out the containers that are the same text on both sides, in a task that is. Rendering changes few of them, and
 * most of the work is in the others.
 */
function withoutTwins(one: TaskDefinition, other: TaskDefinition): readonly [TaskDefinition, TaskDefinition] {
  const { containerDefinitions: left, ...rest } = one;
  const { containerDefinitions: right, ...otherRest } = other;
  if (JSON.stringify(rest) !== JSON.stringify(otherRest)) return [one, other];
  const texts = left.map((container) => JSON.stringify(container));
  const otherTexts = right.map((container) => JSON.stringify(container));
  return [
    { ...one, containerDefinitions: left.filter((_, index) => !otherTexts.includes(texts[index] ?? '')) },
    { ...other, containerDefinitions: right.filter((_, index) => !texts.includes(otherTexts[index] ?? '')) },
  ];
}

const ROLES = ['taskRoleArn', 'executionRoleArn'] as const;

/** ECS takes a role's name where it keeps its ARN. */
function sameRole(one: Json | undefined, other: Json | undefined): boolean {
  if (typeof one !== 'string' || typeof other !== 'string') return false;
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  return !short.startsWith('arn:') && long.startsWith('arn:') && long.endsWith(`:role/${short}`);
}

/** What is empty goes first, for the sets are put in order by what their items hold. */
function standard(definition: TaskDefinition): JsonObject {
  const { taskRoleArn, executionRoleArn, ...rest } = definition;
  // An empty role is none.
  return compact(
    normalized(
      compact({ ...rest, taskRoleArn: taskRoleArn || null, executionRoleArn: executionRoleArn || null }),
    ),
  );
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
