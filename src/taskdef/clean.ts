import { isList, isObject, type Json, type JsonObject, type TaskDefinition } from './definition.ts';

/**
 * What DescribeTaskDefinition answers and RegisterTaskDefinition refuses.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
 */
const READ_ONLY: ReadonlySet<string> = new Set([
  'taskDefinitionArn',
  'revision',
  'status',
  'requiresAttributes',
  'compatibilities',
  'registeredAt',
  'registeredBy',
  'deregisteredAt',
  'deleteRequestedAt',
]);

/**
 * Removes what RegisterTaskDefinition refuses: the read-only fields, an empty list of tags, and tags that AWS itself
 * set (`aws:...`). Fields that are null go too: they say that there is nothing. All else is kept, what is of another
 * type than it should be as well; cleaning twice is cleaning once.
 */
export function clean(definition: TaskDefinition): TaskDefinition {
  const { family, containerDefinitions, tags, ...rest } = definition;
  // Of the two that the type promises, what is not there stays away, to be told by whoever looks.
  const cleaned: JsonObject = {
    ...(family !== undefined && { family }),
    ...withoutNulls(Object.fromEntries(Object.entries(rest).filter(([field]) => !READ_ONLY.has(field)))),
    ...(containerDefinitions !== undefined && {
      containerDefinitions: isList(containerDefinitions)
        ? containerDefinitions.map(withoutNullFields)
        : containerDefinitions,
    }),
    ...ownTags(tags ?? null),
  };
  return cleaned as TaskDefinition;
}

function ownTags(tags: Json): JsonObject {
  if (!isList(tags)) return tags === null ? {} : { tags };
  const own = tags.filter((tag) => {
    const key = isObject(tag) ? tag['key'] : undefined;
    return typeof key !== 'string' || !key.startsWith('aws:');
  });
  return own.length > 0 ? { tags: own } : {};
}

function withoutNulls(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).flatMap(([key, value]) =>
      value === null || value === undefined ? [] : [[key, withoutNullFields(value)]],
    ),
  );
}

function withoutNullFields(value: Json): Json {
  if (isList(value)) return value.map(withoutNullFields);
  return isObject(value) ? withoutNulls(value) : value;
}
