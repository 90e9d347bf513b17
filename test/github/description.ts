import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { githubDescription } from '../slow/tools.ts';
import type { Exchange } from './github-server.ts';

/** An operation of GitHub's description: https://spec.openapis.org/oas/v3.0.3#operation-object */
interface Operation {
  readonly parameters?: readonly ({ readonly $ref: string } | Parameter)[];
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

/** Ajv takes no `nullable` without a type, which leaves what it stands beside open to anything anyway. */
const readable = (_: string, value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || !('nullable' in value) || 'type' in value) return value;
  const { nullable: __, ...rest } = value;
  return rest;
};

const description = JSON.parse(readFileSync(githubDescription(), 'utf8'), readable) as Description;
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
export function check({ method, template, query, body, status, answer }: Exchange): readonly string[] {
  // GraphQL has a description of another kind.
  if (template === '/graphql') return [];
  const verb = method.toLowerCase();
  const name = `${method} ${template}`;
  const operation = description.paths[template]?.[verb];
  if (!operation) return [`${name} is not an operation of GitHub's`];
  const at = ['paths', template, verb];
  const parameters = (operation.parameters ?? []).map((parameter) => {
    if (!('$ref' in parameter)) return parameter;
    const [, , kind = '', key = ''] = parameter.$ref.split('/');
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
