import type { Schema, SchemaDraft } from '@cfworker/json-schema';
import { isList, isObject, type Json, type Path } from '../taskdef/definition.ts';
import { kindOf, printable } from '../taskdef/shape.ts';
import { TimeUp, withinTime } from '../time-limit.ts';
import type { Complain } from './field-reader.ts';
import { type Finding, shown } from './finding.ts';
import { jsonPathText } from './json-path.ts';
import { suggestion } from './suggestion.ts';

/** Holds a value against a JSON Schema. */
export type SchemaCheck = (value: Json) => readonly Finding[];

/** What the value of each keyword is; `schema` and its like hold schemas themselves. */
const KEYWORDS: Readonly<Record<string, string>> = {
  ...kinds('schema', 'additionalItems additionalProperties contains else if not propertyNames then'),
  ...kinds('schema', 'unevaluatedItems unevaluatedProperties'),
  ...kinds('schemas', 'allOf anyOf oneOf prefixItems'),
  ...kinds('schema or schemas', 'items'),
  ...kinds('mapping of schemas', '$defs definitions dependentSchemas patternProperties properties'),
  ...kinds('number', 'maxContains maxItems maxLength maxProperties maximum minContains minItems minLength'),
  ...kinds('number', 'minProperties minimum multipleOf'),
  ...kinds('number or boolean', 'exclusiveMaximum exclusiveMinimum'),
  ...kinds('texts', 'required'),
  ...kinds('list', 'enum'),
  ...kinds('boolean', 'uniqueItems'),
  ...kinds('text', '$anchor $id $ref $schema format pattern'),
  ...kinds('text or list', 'type'),
  ...kinds(
    'anything',
    '$comment const contentEncoding contentMediaType default dependencies dependentRequired',
  ),
  ...kinds('anything', 'deprecated description example examples id readOnly title writeOnly'),
};

function kinds(kind: string, names: string): Record<string, string> {
  return Object.fromEntries(names.split(' ').map((name) => [name, kind]));
}

const TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'];

const WORDS: Readonly<Record<string, string>> = {
  schemas: 'a list of schemas',
  texts: 'a list of texts',
};

const TESTS: Readonly<Record<string, (value: Json) => boolean>> = {
  schemas: isList,
  'mapping of schemas': isObject,
  number: (value) => typeof value === 'number',
  'number or boolean': (value) => typeof value === 'number' || typeof value === 'boolean',
  texts: (value) => isList(value) && value.every((item) => typeof item === 'string'),
  list: isList,
  boolean: (value) => typeof value === 'boolean',
  text: (value) => typeof value === 'string',
};

/** Keywords whose message is told better by those below them. */
const SUMS = new Set([
  ...'$ref allOf dependentSchemas else false if items patternProperties prefixItems properties then'.split(
    ' ',
  ),
]);

const MOST_FINDINGS = 10;
/** For all of a schema's patterns and the rest of it, in ms. */
const LIMIT_MS = 5_000;

/**
 * Makes a check of a JSON Schema (2020-12, 2019-09, 7 or 4, as its `$schema` says). What it does not know is a problem:
 * a keyword that is written wrong would otherwise let everything pass.
 *
 * @param path where the schema stands
 * @returns undefined when something is wrong with it
 */
export async function readJsonSchema(
  schema: Json,
  path: Path,
  complain: Complain,
): Promise<SchemaCheck | undefined> {
  const { Validator, dereference, format } = await import('@cfworker/json-schema');
  let wrong = false;
  const told: Complain = (at, message) => {
    wrong = true;
    complain(at, message);
  };
  // The library puts marks on what it is given.
  const own = JSON.parse(JSON.stringify(schema)) as Schema | boolean;
  requireSchema(own as Json, path, Object.keys(format), told);
  if (wrong) return undefined;
  const there = dereference(own);
  for (const part of new Set(Object.values(there))) {
    if (typeof part === 'boolean' || part.__absolute_ref__ === undefined) continue;
    if (there[part.__absolute_ref__] === undefined) {
      told(
        path,
        `its $ref "${printable(part.$ref ?? '')}" leads nowhere; only definitions in the schema itself are known`,
      );
    }
  }
  if (wrong) return undefined;
  const validator = new Validator(own, draftOf(own), false);
  const slow = /"pattern(Properties)?":/.test(JSON.stringify(schema));
  return (value) => {
    const validate = () => validator.validate(value);
    let errors: ReturnType<typeof validate>['errors'];
    try {
      ({ errors } = slow ? withinTime(validate, LIMIT_MS) : validate());
    } catch (error) {
      if (!(error instanceof TimeUp)) throw error;
      const message = `a value was held against the schema's patterns for ${LIMIT_MS / 1000} s without an end`;
      return [{ what: 'json', message }];
    }
    const leaves = errors.filter(({ keyword }) => !SUMS.has(keyword));
    const findings = (leaves.length > 0 ? leaves : errors).map(({ instanceLocation, error }) => ({
      what: `json ${pointed(instanceLocation)}`,
      message: `does not fit the schema: ${error.replace(/\.$/, '')}`,
    }));
    const more = findings.length - MOST_FINDINGS;
    return more > 0
      ? [
          ...findings.slice(0, MOST_FINDINGS),
          { what: 'json', message: `does not fit the schema in ${more} more places` },
        ]
      : findings;
  };
}

/** `#/items/0/id` as people write it. */
function pointed(pointer: string): string {
  const steps = pointer.split('/').slice(1);
  return jsonPathText(
    steps.map((step) => {
      const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
      return /^\d+$/.test(key) ? Number(key) : key;
    }),
  );
}

function draftOf(schema: Schema | boolean): SchemaDraft {
  const uri = typeof schema === 'boolean' ? '' : String(schema.$schema ?? '');
  const [, draft] = /draft[-/]?0?(4|7|2019-09|2020-12)/.exec(uri) ?? [];
  return (draft as SchemaDraft | undefined) ?? '2020-12';
}

function requireSchema(schema: Json, path: Path, formats: readonly string[], complain: Complain): void {
  if (typeof schema === 'boolean') return;
  if (!isObject(schema)) {
    complain(path, `is ${kindOf(schema)}; a JSON Schema is a mapping`);
    return;
  }
  for (const [keyword, value = null] of Object.entries(schema)) {
    const at = [...path, keyword];
    const kind = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
    if (kind === undefined) {
      if (keyword.startsWith('x-')) continue;
      const near = keyword === 'nullable' ? undefined : suggestion(keyword, Object.keys(KEYWORDS));
      const hint =
        keyword === 'nullable'
          ? 'write type: [string, "null"]'
          : near === undefined
            ? 'names of fields stand below properties'
            : `did you mean ${near}?`;
      complain(at, `is no keyword of JSON Schema; ${hint}`);
      continue;
    }
    const test = TESTS[kind];
    if (test && !test(value)) {
      complain(at, `is ${kindOf(value)}; ${keyword} takes ${WORDS[kind] ?? `a ${kind}`}`);
    } else if (kind.includes('schemas')) {
      const parts = isList(value) || kind === 'mapping of schemas' ? Object.entries(value ?? {}) : [];
      for (const [key, part] of parts) {
        const step = isList(value) ? Number(key) : key;
        requireSchema(part as Json, [...at, step], formats, complain);
      }
      if (kind === 'schema or schemas' && !isList(value)) requireSchema(value, at, formats, complain);
    } else if (kind === 'schema') requireSchema(value, at, formats, complain);
    else requireValue(keyword, value, at, formats, complain);
  }
}

function requireValue(
  keyword: string,
  value: Json,
  at: Path,
  formats: readonly string[],
  complain: Complain,
): void {
  if (keyword === 'type') {
    for (const type of isList(value) ? value : [value]) {
      if (TYPES.includes(String(type))) continue;
      complain(at, `${shown(type)} is not one of ${TYPES.join(', ')}`);
    }
  }
  if (keyword === 'format' && !formats.includes(String(value))) {
    complain(at, `${shown(value)} is not one of ${formats.join(', ')}`);
  }
  if (keyword === 'pattern') {
    try {
      new RegExp(String(value), 'u');
    } catch (error) {
      complain(at, `is not a regular expression: ${error instanceof Error ? error.message : ''}`);
    }
  }
}
