import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Inputs, readInputs } from '../../../src/actions/smoke-test/inputs.ts';
import { ConfigError, type Problem } from '../../../src/errors.ts';

const workspace = mkdtempSync(join(tmpdir(), 'deploy-actions-smoke-'));
afterAll(() => rmSync(workspace, { recursive: true }));

type Given = Readonly<Record<string, string>>;

const read = (given: Given, env: NodeJS.ProcessEnv = {}): Promise<Inputs> =>
  readInputs((name) => given[name] ?? '', workspace, env);

const problemsOf = async (given: Given, env?: NodeJS.ProcessEnv): Promise<readonly Problem[]> => {
  const error = await read(given, env).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ConfigError) return error.problems;
  throw error ?? new Error('nothing is wrong');
};

const wordsOf = async (given: Given, env?: NodeJS.ProcessEnv) =>
  (await problemsOf(given, env)).map(({ input, message }) => `${input}: ${message}`);

const inList = (requests: string) => wordsOf({ url: 'https://shop.example.com', requests });

describe('url alone', () => {
  test('is one GET, and https where it does not say', async () => {
    const { requests, url } = await read({ url: 'shop.example.com/health' });
    expect(url?.href).toBe('https://shop.example.com/health');
    expect(requests).toMatchObject([
      { method: 'GET', attempts: 10, intervalMs: 30_000, requestTimeoutMs: 10_000 },
    ]);
  });

  test.each([
    ['ftp://shop', 'url: is ftp://, which is not asked; write https:// or http://'],
    ['::1', 'url: "::1" is not a URL; write an address of IPv6 in brackets: https://[::1]'],
    ['https://', 'url: "https://" is not a URL; write one such as https://shop.example.com'],
  ])('%s is refused', async (url, problem) => {
    expect(await wordsOf({ url })).toEqual([problem]);
  });

  test('with a password is refused, and the password not repeated', async () => {
    const [problem] = await wordsOf({ url: 'https://me:hunter2@shop.example.com/' });
    expect(problem).toContain('give them by the header Authorization');
    expect(problem).not.toContain('hunter2');
  });
});

test('all problems of all inputs are told at once', async () => {
  const given = {
    headers: 'no colon\nContent-Length: 5\nX-Api-Key: hunter2\u0007',
    attempts: '0',
    interval: 'soon',
    'request-timeout': '0',
    timeout: '0s',
    'follow-redirects': 'yes',
    'connect-to': 'a b',
    cluster: 'prod',
  };
  const problems = await wordsOf(given);
  expect(problems).toEqual([
    'connect-to: "a b" is not HOST or HOST:PORT, such as my-alb-123.eu-west-1.elb.amazonaws.com or 10.0.1.7:8080',
    'attempts: "0" is not a whole number from 1 to 1000',
    'interval: "soon" is not a duration; write a number with a unit: 90s, 15m or 1h30m',
    'request-timeout: is no time at all; write a duration such as 10s',
    'follow-redirects: "yes" is not one of never, same-host, always',
    'url: is required without requests; for example url: https://shop.example.com/health',
    'service: is required with cluster; or leave out both, and nothing is waited for',
    'headers line 1: has no ":"; write Name: value',
    'headers line 2: "Content-Length" is set by the action itself; leave it out',
    'headers line 3: "X-Api-Key" has a value with a line end or another character that no header may hold; leave it out or encode it',
    'timeout: is no time at all; write a duration such as 10s',
  ]);
});

test('headers are lines or a JSON mapping', async () => {
  const url = 'https://shop.example.com';
  const headers = [
    ['Accept', '*/*'],
    ['X-Deploy-Actions-Canary', 'web'],
  ];
  expect(
    (await read({ url, headers: '# comment\nAccept: */*\nX-Deploy-Actions-Canary: web' })).headers,
  ).toEqual(headers);
  expect((await read({ url, headers: JSON.stringify(Object.fromEntries(headers)) })).headers).toEqual(
    headers,
  );
});

describe('a list of requests', () => {
  test('is read with what the step says for all of them', async () => {
    const requests = `
- name: order
  path: /orders
  json: { sku: 7 }
  expect: 201
  attempts: 2
- path: /health
- path: /health
- url: https://other.example.com:8443/x
  form: { a: 1.10 }
  headers: { X-Version: 1.10 }
`;
    const { requests: all } = await read({ url: 'https://shop.example.com/api', requests, interval: '5s' });
    expect(all).toMatchObject([
      { name: 'order', method: 'POST', attempts: 2, intervalMs: 5_000, expect: { status: { text: '201' } } },
      { name: 'GET /health', method: 'GET', attempts: 10, target: { kind: 'path', text: '/health' } },
      { name: 'GET /health (3)' },
      { method: 'POST', headers: [['X-Version', '1.10']], body: { fields: [['a', '1.10']] } },
    ]);
  });

  test('expects nothing by accident: a value that YAML takes for a comment is told', async () => {
    const problems = await inList(`
- path: /
  expect:
    text: #app
    latency:
    json: { n: { min: , equals: null }, none: null }
    headers: { X-Version: { equals: } }
- path: /two
  expect: { text: { contains: , excludes: [error] } }
`);
    const message = 'has no value; write one, in quotation marks where it begins with #';
    expect(problems).toEqual([
      `requests line 4, expect.text: ${message}`,
      `requests line 5, expect.latency: ${message}`,
      `requests line 6, expect.json.n.min: ${message}`,
      `requests line 7, expect.headers.X-Version.equals: ${message}`,
      `requests line 9, expect.text.contains: ${message}`,
    ]);
  });

  test('tells keys that do not exist, and what was meant', async () => {
    const problems = await inList(`
- name: login
  pth: /login
  metod: POST
  status: 200
  expect:
    staus: 200
    json: { db: { status: UP }, n: { lenght: 3 } }
    schema: { typ: object, nullable: true }
  capture:
    token: { jsn: access_token }
`);
    expect(problems).toEqual([
      'requests line 3 (login), pth: is no key of a request; did you mean path?',
      'requests line 4 (login), metod: is no key of a request; did you mean method?',
      'requests line 5 (login), status: is no key of a request; it belongs under expect: { status: ... }',
      'requests line 7 (login), expect.staus: is no key of expect; did you mean status?',
      'requests line 8 (login), expect.json.db.status: is no key of an expectation; for a value inside write the path "db.status", for the whole mapping equals: {...}',
      'requests line 8 (login), expect.json.n.lenght: is no key of an expectation; did you mean length?',
      'requests line 11 (login), capture.token.jsn: is no key of a capture; did you mean json?',
      'requests line 11 (login), capture.token.json: token does not say what it captures; write one of json: PATH, header: NAME, text: PATTERN',
      'requests line 9 (login), expect.schema.typ: is no keyword of JSON Schema; did you mean type?',
      'requests line 9 (login), expect.schema.nullable: is no keyword of JSON Schema; write type: [string, "null"]',
    ]);
  });

  test('tells values that are wrong', async () => {
    const problems = await inList(`
- name: wrong
  path: https://other.example.com/
  method: GE T
  headers: { "A B": x, C: null, Connection: close }
  retry: maybe
  attempts: 0
  expect:
    status: [200, 2x]
    json: { "a..b": 1, e: { matches: "(" }, f: { one-of: 3 }, g: {} }
    latency: soon
- path: /x
  url: https://y
  json: {}
  body: x
  method: get
- just a text
- url: /orders
`);
    expect(problems).toEqual([
      'requests line 4 (wrong), method: "GE T" is not a method such as GET or POST',
      'requests line 3 (wrong), path: "https://other.example.com/" is a whole address; write it as url',
      'requests line 5 (wrong), headers.C: has no value; write "" for an empty one',
      'requests line 5 (wrong), headers: A B is no name of a header; take letters, digits and hyphens',
      'requests line 5 (wrong), headers: Connection is set by the action itself; leave it out',
      'requests line 9 (wrong), expect.status: [200,"2x"] is not a status; write 201, 2xx, 200-204, or a list of them',
      'requests line 10 (wrong), expect.json.a..b: "a..b" is not a path, such as items[0].id or ["a.b"].c',
      'requests line 10 (wrong), expect.json.e.matches: "(" is not a regular expression: Invalid regular expression: /(/: Unterminated group',
      'requests line 10 (wrong), expect.json.f.one-of: is a number; write a list of values',
      'requests line 10 (wrong), expect.json.g: is an empty mapping, which expects nothing; write a value, or one of equals, not, one-of, exists, type, matches, contains, min, max, length',
      'requests line 11 (wrong), expect.latency: "soon" is not a duration; write a number with a unit: 90s, 15m or 1h30m',
      'requests line 6 (wrong), retry: "maybe" is not a boolean; write true or false',
      'requests line 7 (wrong), attempts: 0 is not a whole number from 1 to 1000',
      'requests line 14, json: is given beside body, and a request has one body; keep one of them',
      'requests line 13, url: is given beside path; keep one of them',
      'requests line 16, method: is GET, which has no body; write POST, or leave out the body',
      'requests line 17: is a text; write "- path: /health"',
      'requests line 18, url: is a path; write it as path',
    ]);
  });

  test('tells captures that nobody makes, two make, or that go in a circle', async () => {
    const problems = await inList(`
- name: login
  path: /login
  capture: { token: access_token }
- name: again
  path: /login
  capture: { token: access_token }
- name: orders
  path: /orders
  headers: { Authorization: "Bearer \${tokn}", X-Key: "\${{ secrets.KEY }}", X-Own: "\${env.HOME}" }
  after: lgoin
- name: a
  path: /\${b}
  capture: { a: a }
- name: b
  path: /\${a}
  capture: { b: b }
- name: self
  path: /
  after: self
`);
    expect(problems).toEqual([
      'requests line 7 (again), capture.token: is captured by "login" as well; give it another name',
      `requests line 10 (orders), headers.Authorization: no request captures \${tokn}; did you mean \${token}?`,
      `requests line 10 (orders), headers.X-Key: \${{ secrets.KEY}} is an expression of GitHub, which is not evaluated in a file; write \${env.SMOKE_TEST_NAME}, and give the step that variable by env`,
      `requests line 10 (orders), headers.X-Own: \${env.HOME} is not handed on: only variables whose names begin with SMOKE_TEST_ are, such as \${env.SMOKE_TEST_TOKEN}`,
      'requests line 11 (orders), after: there is no request "lgoin"; did you mean "login"?',
      'requests line 12 (a): "a" waits for "b" waits for "a": none of them can begin; take one capture or after away',
      'requests line 18 (self): "self" needs a value that it captures itself, or waits for itself; take it from a request before it',
    ]);
  });

  test.each([
    [
      'a: b',
      'requests line 1: is a mapping; write "- path: /health" and what else the request needs, for each of them',
    ],
    [
      '[]',
      'requests line 1: is an empty list; write "- path: /health" and what else the request needs, for each of them',
    ],
    [
      '- a: [',
      'requests line 1, column 7: is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    [
      'smoke.yml',
      `requests: "smoke.yml" does not exist in ${workspace}; is actions/checkout missing before this step?`,
    ],
  ])('cannot be %s', async (requests, problem) => {
    expect(await inList(requests)).toEqual([problem]);
  });

  test('may stand in a file, as schemas may, whose lines problems point at', async () => {
    writeFileSync(join(workspace, 'list.yml'), '- path: /a\n  expect:\n    schema: order.json\n- pth: /b\n');
    writeFileSync(join(workspace, 'order.json'), '{\n  "type": "objekt"\n}\n');
    const problems = await problemsOf({ url: 'https://shop.example.com', requests: 'list.yml' });
    expect(problems).toEqual([
      {
        input: 'list.yml line 4, pth',
        message: 'is no key of a request; did you mean path?',
        place: { file: 'list.yml', line: 4, column: 8 },
      },
      {
        input: 'order.json line 2, type',
        message: '"objekt" is not one of array, boolean, integer, null, number, object, string',
        place: { file: 'order.json', line: 2, column: 11 },
      },
    ]);
  });

  test('gets values of the environment that are meant for it', async () => {
    const given = { url: 'https://shop.example.com', requests: `- path: /?t=\${env.SMOKE_TEST_TOKEN}` };
    expect((await read(given, { SMOKE_TEST_TOKEN: 'abc' })).environment).toEqual(
      new Map([['env.SMOKE_TEST_TOKEN', 'abc']]),
    );
    expect(await wordsOf(given)).toEqual([
      'requests line 1, path: SMOKE_TEST_TOKEN is not set or empty; give it to the step by env',
    ]);
  });
});

test('the examples of the README are right', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../../../actions/smoke-test/README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text);
  const [short = '', long = '', list = ''] = blocks;
  expect(blocks).toHaveLength(3);
  mkdirSync(join(workspace, '.github'));
  mkdirSync(join(workspace, 'schemas'));
  writeFileSync(join(workspace, '.github/smoke-test.yml'), list);
  writeFileSync(join(workspace, 'schemas/products.json'), '{"type":"array"}');
  const [one, many] = await Promise.all(
    [short, long].map((text) => {
      const [step] = parse(text) as [{ with: Given }];
      return read(step.with, { SMOKE_TEST_PASSWORD: 'hunter2' });
    }),
  );
  expect(one?.requests).toMatchObject([{ name: 'health', expect: { json: [{ path: 'status' }] } }]);
  expect(many?.requests.map(({ name }) => name)).toEqual([
    'health',
    'login',
    'order',
    'take the order back',
    'GET /',
    'GET /api/products',
  ]);
  expect(many?.requests[2]?.expect).toMatchObject({ status: { text: '201' }, latencyMs: 2_000 });
});

test('task-definition needs the service that runs it, and is a revision', async () => {
  const url = 'https://shop.example.com';
  expect(await wordsOf({ url, 'task-definition': '7' })).toEqual([
    'task-definition: says nothing without cluster and service; give all three',
  ]);
  expect(await wordsOf({ url, cluster: 'prod', service: 'web', 'task-definition': 'latest' })).toEqual([
    'task-definition: "latest" is neither a revision (42 or web:42) nor its ARN',
  ]);
  const { taskDefinition } = await read({ url, cluster: 'prod', service: 'web', 'task-definition': 'web:7' });
  expect(taskDefinition).toEqual({ kind: 'revision', family: 'web', revision: 7 });
});
