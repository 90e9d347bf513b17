import Ajv from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sentenceOf } from '../../src/smoke-test/finding.ts';
import { jsonPathText } from '../../src/smoke-test/json-path.ts';
import { readJsonSchema } from '../../src/smoke-test/json-schema.ts';
import type { Json } from '../../src/taskdef/definition.ts';

async function read(schema: Json) {
  const problems: string[] = [];
  const check = await readJsonSchema(schema, [], (path, message) =>
    problems.push(`${jsonPathText(path)}: ${message}`),
  );
  return {
    problems,
    findings: (value: Json) => check?.(value).map((finding) => sentenceOf(finding, (text) => text)),
  };
}

const ORDER: Json = {
  type: 'object',
  required: ['id', 'items'],
  properties: {
    id: { type: 'integer' },
    items: { type: 'array', minItems: 1, items: { $ref: '#/$defs/item' } },
    state: { enum: ['open', 'closed'] },
  },
  additionalProperties: false,
  $defs: { item: { type: 'object', required: ['sku'], properties: { sku: { type: 'string' } } } },
};

describe('a schema', () => {
  test('finds nothing in what fits it', async () => {
    const { findings, problems } = await read(ORDER);
    expect(problems).toEqual([]);
    expect(findings({ id: 1, items: [{ sku: 'a' }], state: 'open' })).toEqual([]);
  });

  test('tells each place that does not fit, and not what is above it', async () => {
    const { findings } = await read(ORDER);
    expect(findings({ id: 'x', items: [{ sku: 'a' }, {}], state: 'gone', more: 1 })).toEqual([
      'json id: does not fit the schema: Instance type "string" is invalid. Expected "integer"',
      'json items[1]: does not fit the schema: Instance does not have required property "sku"',
      'json state: does not fit the schema: Instance does not match any of ["open","closed"]',
      'json $: does not fit the schema: Property "more" does not match additional properties schema',
    ]);
  });

  test('that is wrong is told with all that is wrong in it', async () => {
    const { problems } = await read({
      typ: 'object',
      properties: { a: { type: 'strng' }, b: { pattern: '(' }, c: { format: 'emial' }, d: 5 },
      required: 'a',
      items: [{ minimun: 3 }],
      anyOf: { type: 'object' },
      nullable: true,
      'x-own': 1,
    });
    expect(problems).toEqual([
      'typ: is no keyword of JSON Schema; did you mean type?',
      'properties.a.type: "strng" is not one of array, boolean, integer, null, number, object, string',
      'properties.b.pattern: is not a regular expression: Invalid regular expression: /(/u: Unterminated group',
      expect.stringContaining('properties.c.format: "emial" is not one of date, '),
      'properties.d: is a number; a JSON Schema is a mapping',
      'required: is a text; required takes a list of texts',
      'items[0].minimun: is no keyword of JSON Schema; did you mean minimum?',
      'anyOf: is a mapping; anyOf takes a list of schemas',
      'nullable: is no keyword of JSON Schema; write type: [string, "null"]',
    ]);
  });

  test('refers to nothing outside of it', async () => {
    expect((await read({ $ref: '#/$defs/gone' })).problems).toEqual([
      '$: its $ref "#/$defs/gone" leads nowhere; only definitions in the schema itself are known',
    ]);
    expect(
      (await read({ properties: { a: { $ref: 'https://example.com/schema.json' } } })).problems,
    ).toHaveLength(1);
  });

  test('judges as Ajv does', async () => {
    const word = fc.constantFrom('a', 'b');
    const scalar = fc.oneof(fc.constant(null), fc.boolean(), fc.integer({ min: -3, max: 3 }), word);
    const mapOf = (item: fc.Arbitrary<Json>) =>
      fc.dictionary(word, item, { maxKeys: 2, noNullPrototype: true });
    const documentOf = (depth: number): fc.Arbitrary<Json> => {
      if (depth === 0) return scalar;
      const below = documentOf(depth - 1);
      return fc.oneof(scalar, fc.array(below, { maxLength: 2 }), mapOf(below));
    };
    const types = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'];
    const schemaOf = (depth: number): fc.Arbitrary<Json> => {
      const plain = {
        type: fc.constantFrom(...types),
        minimum: fc.integer({ min: -3, max: 3 }),
        maxLength: fc.nat(2),
        enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 3 }),
        required: fc.subarray(['a', 'b']),
        additionalProperties: fc.boolean(),
      };
      const options = { requiredKeys: [] as [], noNullPrototype: true };
      if (depth === 0) return fc.record(plain, options) as fc.Arbitrary<Json>;
      const below = schemaOf(depth - 1);
      const whole = {
        ...plain,
        properties: mapOf(below),
        items: below,
        not: below,
        anyOf: fc.array(below, { minLength: 1, maxLength: 2 }),
      };
      return fc.record(whole, options) as fc.Arbitrary<Json>;
    };
    const ajv = new Ajv.default({ strict: false, logger: false });
    await fc.assert(
      fc.asyncProperty(schemaOf(1), documentOf(2), async (own, document) => {
        const { findings, problems } = await read(own);
        expect(problems).toEqual([]);
        expect(findings(document)?.length === 0).toBe(ajv.compile(own as object)(document));
      }),
      { numRuns: 50 },
    );
  });
});
