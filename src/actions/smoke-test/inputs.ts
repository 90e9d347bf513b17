import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError, type Problem } from '../../errors.ts';
import { parseAddress, parseHostAndPort } from '../../smoke-test/address.ts';
import type { Complain } from '../../smoke-test/field-reader.ts';
import { headerProblem, parseHeaderLines } from '../../smoke-test/headers.ts';
import { readJsonSchema, type SchemaCheck } from '../../smoke-test/json-schema.ts';
import { ENVIRONMENT, referencesOf } from '../../smoke-test/order.ts';
import { pathText, readRequests } from '../../smoke-test/read-requests.ts';
import { REDIRECT_POLICIES, type RequestSettings, type SmokeRequest } from '../../smoke-test/request.ts';
import { isObject, type Json, type Path } from '../../taskdef/definition.ts';
import { kindOf, printable } from '../../taskdef/shape.ts';
import { readYaml, type YamlDocument } from '../../taskdef/yaml-document.ts';
import { InputReader, type InputSource } from '../input-reader.ts';
import { askedRegion } from '../job-region.ts';
import { parseRevision, type RevisionReference } from '../revision-reference.ts';
import { readPlace } from '../service-place.ts';

export interface Inputs {
  readonly url: URL | undefined;
  readonly requests: readonly SmokeRequest[];
  /** By the name of the request. */
  readonly schemas: ReadonlyMap<string, SchemaCheck>;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly secretHeaders: readonly string[];
  /** Variables of the environment that requests refer to, as `env.NAME`. */
  readonly environment: ReadonlyMap<string, string>;
  readonly timeoutMs: number;
  /** Whose tasks have to run before anything is asked. */
  readonly service: { readonly cluster: string; readonly name: string } | undefined;
  /** What that service has to run, before the requests and after them. */
  readonly taskDefinition: RevisionReference | undefined;
  readonly dryRun: boolean;
}

/** The inputs that may refer to the outputs of a CloudFormation stack. */
export const STACK_INPUTS = ['url', 'cluster', 'service'];

const SETTINGS: RequestSettings = {
  attempts: 10,
  intervalMs: 30_000,
  requestTimeoutMs: 10_000,
  followRedirects: 'same-host',
  connectTo: undefined,
};

/**
 * @param workspace where paths of files start from
 * @throws ConfigError with every problem of every input
 */
export async function readInputs(
  input: InputSource,
  workspace: string,
  env: NodeJS.ProcessEnv,
): Promise<Inputs> {
  const reader = new InputReader(input);
  const url = reader.parse('url', readUrl, undefined);
  const settings = readSettings(reader);
  // Its first line may be indented, as the others are.
  const list = reader.verbatim('requests');
  if (list === undefined && reader.optional('url') === undefined) {
    reader.problem('url', 'is required without requests; for example url: https://shop.example.com/health');
  }
  const read = () => readList(list ?? '', settings, reader.optional('url') !== undefined, workspace, env);
  const given = list === undefined ? undefined : await reader.attemptLater(read, undefined);
  const region = askedRegion(env);
  const { cluster, service } = readPlace(reader, region, { read: (name) => reader.optional(name) ?? '' });
  if ((cluster === '') !== (service === '')) {
    const [there, missing] = cluster === '' ? ['service', 'cluster'] : ['cluster', 'service'];
    reader.problem(missing, `is required with ${there}; or leave out both, and nothing is waited for`);
  }
  if (cluster === '' && service === '' && reader.optional('task-definition') !== undefined) {
    reader.problem('task-definition', 'says nothing without cluster and service; give all three');
  }
  if (list !== undefined && url && url.search !== '') {
    reader.problem(
      'url',
      'has a query, and the paths of requests are put below it; write the query into their paths',
    );
  }
  const inputs: Inputs = {
    url,
    requests: given?.requests ?? [single(url, settings)],
    schemas: given?.schemas ?? new Map(),
    environment: given?.environment ?? new Map(),
    headers: await readHeaders(reader),
    secretHeaders: reader.list('secret-headers'),
    timeoutMs: reader.parse('timeout', positive(reader, 'timeout'), 10 * 60_000),
    service: cluster === '' || service === '' ? undefined : { cluster, name: service },
    taskDefinition: reader.parse(
      'task-definition',
      (text) => parseRevision(text, 'task-definition', region),
      undefined,
    ),
    dryRun: reader.boolean('dry-run', false),
  };
  reader.finish();
  return inputs;
}

function readSettings(reader: InputReader): RequestSettings {
  const connectTo = reader.parse(
    'connect-to',
    (text) => {
      const address = parseHostAndPort(text);
      if (address) return address;
      const example = 'such as my-alb-123.eu-west-1.elb.amazonaws.com or 10.0.1.7:8080';
      throw new ConfigError({
        input: 'connect-to',
        message: `"${text}" is not HOST or HOST:PORT, ${example}`,
      });
    },
    SETTINGS.connectTo,
  );
  return {
    attempts: reader.integer('attempts', SETTINGS.attempts, { min: 1, max: 1000 }),
    intervalMs: reader.duration('interval', SETTINGS.intervalMs),
    requestTimeoutMs: reader.parse(
      'request-timeout',
      positive(reader, 'request-timeout'),
      SETTINGS.requestTimeoutMs,
    ),
    followRedirects: reader.oneOf('follow-redirects', REDIRECT_POLICIES, SETTINGS.followRedirects),
    connectTo,
  };
}

/** A duration that is more than none. */
const positive = (reader: InputReader, name: string) => (): number => {
  const ms = reader.duration(name, 1);
  if (ms > 0) return ms;
  throw new ConfigError({ input: name, message: 'is no time at all; write a duration such as 10s' });
};

function readUrl(text: string): URL {
  const url = parseAddress(text);
  if (typeof url === 'string') throw new ConfigError({ input: 'url', message: url });
  return url;
}

/** What `url` alone asks for. */
const single = (url: URL | undefined, settings: RequestSettings): SmokeRequest => ({
  ...settings,
  name: url ? `GET ${url.pathname}` : '',
  index: 0,
  method: 'GET',
  target: { kind: 'url', text: url?.href.replaceAll('${', '$${') ?? '' },
  headers: [],
  body: undefined,
  expect: {
    status: { text: '2xx', ranges: [[200, 299]] },
    json: [],
    schema: undefined,
    text: { contains: [], excludes: [], matches: [] },
    headers: [],
    latencyMs: undefined,
  },
  captures: [],
  after: [],
  retry: undefined,
});

async function readHeaders(reader: InputReader): Promise<Inputs['headers']> {
  const text = reader.optional('headers');
  if (text === undefined) return [];
  if (!text.startsWith('{')) {
    const { headers, problems } = parseHeaderLines(text);
    for (const { line, message } of problems) reader.problem(`headers line ${line}`, message);
    return headers;
  }
  const yaml = await readYaml(text);
  if (!('value' in yaml) || !isObject(yaml.value)) {
    reader.problem('headers', 'is not a mapping of names to values; write a line "Name: value" for each');
    return [];
  }
  return Object.entries(yaml.value).flatMap(([name, value]): Inputs['headers'] => {
    const written = typeof value === 'string' ? value : (yaml.sourceOf([name]) ?? '');
    const wrong = typeof value === 'object' ? 'has no value, or several' : headerProblem(name, written);
    if (wrong === undefined) return [[name, written]];
    reader.problem('headers', `"${printable(name)}" ${wrong}`);
    return [];
  });
}

interface RequestList {
  readonly requests: readonly SmokeRequest[];
  readonly schemas: ReadonlyMap<string, SchemaCheck>;
  readonly environment: ReadonlyMap<string, string>;
}

/** @throws ConfigError with all problems of the list */
async function readList(
  text: string,
  settings: RequestSettings,
  base: boolean,
  workspace: string,
  env: NodeJS.ProcessEnv,
): Promise<RequestList> {
  const file = /^[^\n:[{-][^\n:[{]*$/.test(text.trim()) ? text.trim() : undefined;
  const yaml = await readDocument(
    file === undefined ? text : await readText(file, workspace, 'requests'),
    file,
  );
  const problems: Problem[] = [];
  const complain = problemsOf(yaml, file, problems);
  const source = { complain, written: (path: Path) => yaml.sourceOf(path) };
  const requests = readRequests(yaml.value, settings, base, source);
  const schemas = new Map<string, SchemaCheck>();
  const environment = new Map<string, string>();
  for (const request of requests) {
    const check = await readSchema(request, complain, workspace, problems);
    if (check) schemas.set(request.name, check);
    for (const { name, key } of referencesOf(request)) {
      const [, variable] = ENVIRONMENT.exec(name) ?? [];
      if (variable === undefined) continue;
      const value = env[variable];
      if (value) environment.set(name, value);
      else complain([request.index, ...key], `${variable} is not set or empty; give it to the step by env`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { requests, schemas, environment };
}

async function readText(file: string, workspace: string, input: string): Promise<string> {
  return readFile(resolve(workspace, file), 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const message =
      cause.code === 'ENOENT'
        ? `"${file}" does not exist in ${workspace}; is actions/checkout missing before this step?`
        : `"${file}" cannot be read: ${cause.message}`;
    throw new ConfigError({ input, message }, { cause });
  });
}

async function readDocument(text: string, file: string | undefined): Promise<YamlDocument> {
  const yaml = await readYaml(text);
  if ('value' in yaml) return yaml;
  const { line, column, message } = yaml;
  const input = `${file ?? 'requests'} line ${line}, column ${column}`;
  throw new ConfigError({
    input,
    message: `is not YAML: ${message}`,
    ...(file !== undefined && { place: { file, line, column } }),
  });
}

/** Tells problems with the line, the request and the key that they are about. */
const problemsOf =
  (yaml: YamlDocument, file: string | undefined, problems: Problem[]): Complain =>
  (path, message) => {
    const { line, column } = yaml.placeOf(path);
    const [index, ...key] = path;
    const item =
      yaml.value !== null && Array.isArray(yaml.value) ? (yaml.value[Number(index)] as Json) : undefined;
    const name = isObject(item) && typeof item['name'] === 'string' ? ` (${printable(item['name'])})` : '';
    const where = key.length > 0 ? `, ${printable(pathText(key))}` : '';
    problems.push({
      input: `${file ?? 'requests'} line ${line}${name}${where}`,
      message,
      ...(file !== undefined && { place: { file, line, column } }),
    });
  };

async function readSchema(
  { index, expect }: SmokeRequest,
  complain: Complain,
  workspace: string,
  problems: Problem[],
): Promise<SchemaCheck | undefined> {
  const { schema } = expect;
  const at = [index, 'expect', 'schema'];
  if (schema === undefined) return undefined;
  const file = isObject(schema) && typeof schema['file'] === 'string' ? schema['file'] : undefined;
  if (file === undefined) return readJsonSchema(schema as Json, at, complain);
  try {
    const yaml = await readDocument(await readText(file, workspace, 'schema'), file);
    if (!isObject(yaml.value) && typeof yaml.value !== 'boolean') {
      complain(at, `"${file}" is ${kindOf(yaml.value)}; a JSON Schema is a mapping`);
      return undefined;
    }
    return await readJsonSchema(yaml.value, [], (path, message) => {
      const { line, column } = yaml.placeOf(path);
      problems.push({
        input: `${file} line ${line}, ${pathText(path)}`,
        message,
        place: { file, line, column },
      });
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const { message } of error.problems) complain(at, message);
    return undefined;
  }
}
