import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { expect, test } from 'vitest';
import { githubDescription } from '../slow/tools.ts';
import { describeComments } from './comments.ts';
import type { Exchange } from './github-server.ts';

/** An operation of GitHub's description: https://spec.openapis.org/oas/v3.0.3#operation-object */
interface Operation {
  readonly parameters?: readonly { readonly $ref: string }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly content?: unknown }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: object;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const description = JSON.parse(readFileSync(githubDescription(), 'utf8')) as Description;
const ajv = new Ajv({ strict: false, validateFormats: false, validateSchema: false, allErrors: true });
ajv.addSchema(description, 'github');

const pointer = (...keys: readonly string[]): string =>
  `github#/${keys.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

const compiled = new Map<string, ValidateFunction>();

function validate(ref: string, value: unknown, what: string): readonly string[] {
  const known = compiled.get(ref) ?? ajv.compile({ $ref: ref });
  compiled.set(ref, known);
  return known(value) ? [] : [`${what}: ${ajv.errorsText(known.errors)}`];
}

/** What GitHub's own description of its API has against a request or its answer. */
function check({ method, template, query, body, status, answer }: Exchange): readonly string[] {
  // GraphQL has a description of another kind.
  if (template === '/graphql') return [];
  const verb = method.toLowerCase();
  const name = `${method} ${template}`;
  const operation = description.paths[template]?.[verb];
  if (!operation) return [`${name} is not an operation of GitHub's`];
  const at = ['paths', template, verb];
  const parameters = (operation.parameters ?? []).map(({ $ref }) => {
    const [, , kind = '', key = ''] = $ref.split('/');
    return description.components[kind]?.[key] as Parameter;
  });
  const queries = Object.entries(query).flatMap(([key, text]) => {
    const parameter = parameters.find((each) => each.in === 'query' && each.name === key);
    if (!parameter) return [`${name} takes no ${key}`];
    const value = (parameter.schema as { type?: string }).type === 'integer' ? Number(text) : text;
    return ajv.validate(parameter.schema, value) ? [] : [`${name} ${key}: ${ajv.errorsText()}`];
  });
  const bodies =
    operation.requestBody === undefined
      ? body === undefined
        ? []
        : [`${name} takes no body`]
      : validate(
          pointer(...at, 'requestBody', 'content', 'application/json', 'schema'),
          body,
          `${name} body`,
        );
  // Which errors GitHub may answer with, it does not say for every operation.
  const response = operation.responses[String(status)];
  if (!response) return [...queries, ...bodies, ...(status < 300 ? [`${name} never answers ${status}`] : [])];
  if (response.$ref !== undefined || response.content === undefined) return [...queries, ...bodies];
  const schema = pointer(...at, 'responses', String(status), 'content', 'application/json', 'schema');
  return [...queries, ...bodies, ...validate(schema, answer, `${name} ${status}`)];
}

describeComments(check);

test("what GitHub's description does not know is found", () => {
  const good: Exchange = {
    method: 'POST',
    template: '/repos/{owner}/{repo}/issues/{issue_number}/comments',
    query: {},
    headers: {},
    body: { body: 'text' },
    status: 404,
    answer: {},
  };
  expect(check(good)).toEqual([]);
  expect(check({ ...good, body: { text: 'text' } })).not.toEqual([]);
  expect(check({ ...good, query: { page: '1' } })).not.toEqual([]);
  expect(check({ ...good, status: 201, answer: { id: 1 } })).not.toEqual([]);
  expect(check({ ...good, method: 'PUT' })).not.toEqual([]);
});
