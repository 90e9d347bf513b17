import { isList, isObject, type Json, type JsonObject, type Path } from '../taskdef/definition.ts';
import { kindOf, printable } from '../taskdef/shape.ts';
import { FieldReader, type Source } from './field-reader.ts';
import { shown } from './finding.ts';
import { parseJsonPath } from './json-path.ts';
import type {
  Expectations,
  HeaderExpectation,
  JsonCheck,
  JsonExpectation,
  StatusExpectation,
  TextExpectation,
} from './request.ts';
import { ANY_SUCCESS, parseStatus } from './status.ts';
import { suggestion } from './suggestion.ts';

export const EXPECTATION_KEYS = ['status', 'json', 'schema', 'text', 'headers', 'latency'];

const NO_TEXT: TextExpectation = { contains: [], excludes: [], matches: [] };

const NOTHING: Expectations = {
  status: ANY_SUCCESS,
  json: [],
  schema: undefined,
  text: NO_TEXT,
  headers: [],
  latencyMs: undefined,
};

/** Reads `expect`: a mapping, or the status alone. */
export function readExpectations(value: Json | undefined, path: Path, source: Source): Expectations {
  if (value === undefined || value === null) return NOTHING;
  if (!isObject(value)) return { ...NOTHING, status: readStatus(value, path, source) };
  const fields = new FieldReader(value, path, source);
  fields.knows(EXPECTATION_KEYS, 'expect', {
    body: 'the body is looked at by json, schema or text',
    matches: 'it belongs under text: { matches: ... }',
    contains: 'it belongs under text: { contains: ... }',
  });
  fields.filled(EXPECTATION_KEYS);
  const status = fields.get('status');
  return {
    status: status === undefined ? ANY_SUCCESS : readStatus(status, [...path, 'status'], source),
    json: readJson(fields, source),
    schema: readSchema(fields),
    text: readText(fields),
    headers: readHeaders(fields, source),
    latencyMs: fields.duration('latency'),
  };
}

function readStatus(value: Json, path: Path, source: Source): StatusExpectation {
  const status = parseStatus(value);
  if (!status) {
    source.complain(path, `${shown(value)} is not a status; write 201, 2xx, 200-204, or a list of them`);
  }
  return status ?? ANY_SUCCESS;
}

function readJson(fields: FieldReader, source: Source): readonly JsonExpectation[] {
  const json = fields.below('json', 'write a mapping of paths to values, such as { status: UP }');
  return (json?.keys ?? []).flatMap((path) => {
    const at = parseJsonPath(path);
    if (!at) {
      json?.problem(path, `"${printable(path)}" is not a path, such as items[0].id or ["a.b"].c`);
      return [];
    }
    // `null` is a value as good as any.
    const value = (json?.get(path) ?? null) as Json;
    return [{ path, at, checks: readChecks(value, [...fields.path, 'json', path], source) }];
  });
}

const TYPES = [
  'text',
  'string',
  'number',
  'integer',
  'boolean',
  'null',
  'list',
  'array',
  'mapping',
  'object',
];

const CHECKS = ['equals', 'not', 'one-of', 'exists', 'type', 'matches', 'contains', 'min', 'max', 'length'];

function readChecks(value: Json, path: Path, source: Source): readonly JsonCheck[] {
  if (!isObject(value)) return [{ kind: 'equals', value }];
  const fields = new FieldReader(value, path, source);
  const inside = `${String(path.at(-1))}.${fields.keys[0] ?? 'key'}`;
  const hint = `for a value inside write the path "${printable(inside)}", for the whole mapping equals: {...}`;
  const inner = fields.keys.filter((key) => suggestion(key, CHECKS) === undefined);
  fields.knows(CHECKS, 'an expectation', Object.fromEntries(inner.map((key) => [key, hint])));
  if (fields.keys.length === 0) {
    source.complain(
      path,
      `is an empty mapping, which expects nothing; write a value, or one of ${CHECKS.join(', ')}`,
    );
  }
  // To the others, null is a value as good as any, or told below.
  fields.filled(['exists', 'type', 'matches', 'min', 'max', 'length']);
  return CHECKS.flatMap((kind): readonly JsonCheck[] => {
    if (!Object.hasOwn(value, kind)) return [];
    const given = (value[kind] ?? null) as Json;
    switch (kind) {
      case 'equals':
      case 'not':
      case 'contains':
        return [{ kind, value: given }];
      case 'one-of':
        if (isList(given)) return [{ kind, values: given }];
        fields.problem(kind, `is ${kindOf(given)}; write a list of values`);
        return [];
      case 'exists': {
        const yes = fields.boolean(kind);
        return yes === undefined ? [] : [{ kind, yes }];
      }
      case 'type': {
        const type = fields.oneOf(kind, TYPES);
        return type === undefined ? [] : [{ kind, type }];
      }
      case 'matches':
        return fields.patterns(kind).map((pattern) => ({ kind, pattern }));
      default: {
        const number = fields.number(kind);
        return number === undefined ? [] : [{ kind: kind as 'min' | 'max' | 'length', number }];
      }
    }
  });
}

function readSchema(fields: FieldReader): Expectations['schema'] {
  const schema = fields.get('schema');
  if (schema === undefined || typeof schema === 'boolean' || isObject(schema)) {
    return schema as JsonObject | boolean | undefined;
  }
  if (typeof schema === 'string' && schema.trim() !== '') return { file: schema.trim() };
  return fields.problem(
    'schema',
    `is ${kindOf(schema)}; write a JSON Schema, or the path of a file with one`,
  );
}

function readText(fields: FieldReader): TextExpectation {
  const text = fields.get('text');
  if (text === undefined) return NO_TEXT;
  if (!isObject(text)) return { ...NO_TEXT, contains: fields.texts('text') };
  const parts = fields.below('text', '');
  const kinds = ['contains', 'excludes', 'matches'];
  parts?.knows(kinds, 'text');
  parts?.filled(kinds);
  return {
    contains: parts?.texts('contains') ?? [],
    excludes: parts?.texts('excludes') ?? [],
    matches: parts?.patterns('matches') ?? [],
  };
}

function readHeaders(fields: FieldReader, source: Source): readonly HeaderExpectation[] {
  const headers = fields.below(
    'headers',
    'write a mapping of names to values, such as { Content-Type: text/html }',
  );
  return (headers?.keys ?? []).map((name): HeaderExpectation => {
    const value = headers?.get(name);
    if (!headers || !isObject(value)) {
      if (value === undefined) headers?.problem(name, 'has no value; write one, or { exists: true }');
      return { name, checks: headers?.texts(name).map((text) => ({ kind: 'equals', text })) ?? [] };
    }
    const checks = new FieldReader(value, [...headers.path, name], source);
    const kinds = ['equals', 'contains', 'matches', 'exists'];
    checks.knows(kinds, 'the expectation of a header');
    checks.filled(kinds);
    const exists = checks.boolean('exists');
    return {
      name,
      checks: [
        ...checks.texts('equals').map((text) => ({ kind: 'equals' as const, text })),
        ...checks.texts('contains').map((text) => ({ kind: 'contains' as const, text })),
        ...checks.patterns('matches').map((text) => ({ kind: 'matches' as const, text })),
        ...(exists === undefined ? [] : [{ kind: 'exists' as const, yes: exists }]),
      ],
    };
  });
}
