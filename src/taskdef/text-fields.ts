import { isList, isObject, type Json, type Path } from './definition.ts';

interface Fields {
  readonly [key: string]: Fields | 'text';
}

const NAMED_VALUES: Fields = { '*': { name: 'text', value: 'text' } };
const TEXTS: Fields = { '*': 'text' };

/** Where AWS takes a text and people like to write a number or a boolean. */
const TEXT_FIELDS: Fields = {
  cpu: 'text',
  memory: 'text',
  tags: { '*': { key: 'text', value: 'text' } },
  proxyConfiguration: { properties: NAMED_VALUES },
  volumes: { '*': { dockerVolumeConfiguration: { driverOpts: TEXTS, labels: TEXTS } } },
  containerDefinitions: {
    '*': {
      user: 'text',
      hostname: 'text',
      command: TEXTS,
      entryPoint: TEXTS,
      environment: NAMED_VALUES,
      dockerLabels: TEXTS,
      healthCheck: { command: TEXTS },
      logConfiguration: { options: TEXTS },
      firelensConfiguration: { options: TEXTS },
      resourceRequirements: { '*': { value: 'text' } },
      systemControls: { '*': { namespace: 'text', value: 'text' } },
    },
  },
};

/**
 * Turns numbers and booleans into the texts that AWS takes in their place, which would refuse `cpu: 256` and
 * `value: 8080`.
 *
 * @param sourceOf how the value is written in the file, so that `1.10` does not become "1.1"
 */
export function withTextFields(definition: Json, sourceOf: (path: Path) => string | undefined): Json {
  return asText(definition, TEXT_FIELDS, [], sourceOf);
}

function asText(
  value: Json,
  fields: Fields | 'text' | undefined,
  path: Path,
  sourceOf: (path: Path) => string | undefined,
): Json {
  if (fields === undefined) return value;
  if (fields === 'text') {
    const convert = typeof value === 'number' || typeof value === 'boolean';
    return convert ? (sourceOf(path) ?? String(value)) : value;
  }
  if (isList(value)) return value.map((item, index) => asText(item, fields['*'], [...path, index], sourceOf));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      item === undefined ? item : asText(item, fields['*'] ?? own(fields, key), [...path, key], sourceOf),
    ]),
  );
}

/** A key such as `constructor` comes from a user's file and must not find what every object has. */
const own = (fields: Fields, key: string): Fields | 'text' | undefined =>
  Object.hasOwn(fields, key) ? fields[key] : undefined;
