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
 * set (`aws:...`). Fields that are null go too: they say that there is nothing. All else is kept; cleaning twice is
 * cleaning once.
 */
export function clean(definition: TaskDefinition): TaskDefinition {
  const { family, containerDefinitions, tags, ...rest } = definition;
  const own = tags?.filter((tag) => !tag.key?.startsWith('aws:')) ?? [];
  return {
    family,
    ...withoutNulls(Object.fromEntries(Object.entries(rest).filter(([field]) => !READ_ONLY.has(field)))),
    containerDefinitions: containerDefinitions.map((container) => ({
      ...withoutNulls(container),
      name: container.name,
    })),
    ...(own.length > 0 && { tags: own }),
  };
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
