import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { parse } from 'yaml';
import type { ActionModule } from '../../src/actions/action.ts';
import { systemClock } from '../../src/clock.ts';
import { ConfigError } from '../../src/errors.ts';
import type { Reporter } from '../../src/ports.ts';

const ROOT = resolve(import.meta.dirname, '../..');
type Inputs = Readonly<Record<string, string>>;

/** Every action with an input of that name, and the defaults of its inputs. */
const withInput = (wanted: string) =>
  readdirSync(join(ROOT, 'actions')).flatMap((action): [string, Inputs][] => {
    const { inputs } = parse(readFileSync(join(ROOT, 'actions', action, 'action.yml'), 'utf8')) as {
      inputs: Readonly<Record<string, { readonly default?: unknown }>>;
    };
    const defaults = Object.entries(inputs).map(([name, { default: value }]) => [name, String(value ?? '')]);
    // notify asks nothing of AWS by them, and has to tell of a deploy that was refused for what it names.
    return wanted in inputs && action !== 'notify' ? [[action, Object.fromEntries(defaults)]] : [];
  });

/** What they need besides. */
const NEEDED: Readonly<Record<string, Inputs>> = {
  alarms: { definition: 'defaults' },
  canary: { 'task-definition': 'taskdef.json' },
  incident: { outcome: 'rolled-back' },
  migrate: { preset: 'rails' },
  plan: { comment: 'false' },
  'smoke-test': { url: 'https://shop.example.com' },
};

let asked = 0;
const aws = createServer((_, answer) => {
  asked++;
  answer.writeHead(403, { 'content-type': 'application/x-amz-json-1.1' });
  answer.end('{"__type":"AccessDeniedException","message":"nothing is asked here"}');
});
const workspace = mkdtempSync(join(tmpdir(), 'deploy-actions-places-'));

beforeAll(async () => {
  await new Promise<void>((listening) => void aws.listen(0, '127.0.0.1', listening));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(aws.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'id');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_REGION', 'eu-west-1');
});
afterAll(() => {
  vi.unstubAllEnvs();
  aws.close();
  rmSync(workspace, { recursive: true });
});
afterEach(() => {
  asked = 0;
});

const said = () => undefined;
const reporter: Reporter = {
  info: said,
  notice: said,
  warning: said,
  error: said,
  startGroup: said,
  endGroup: said,
  mask: said,
  output: said,
  summary: async () => undefined,
  saveState: said,
  state: () => '',
};

/** What the action says is wrong, as the log has it. */
async function problemsOf(
  action: string,
  defaults: Inputs,
  given: Inputs,
  env: NodeJS.ProcessEnv = { AWS_REGION: 'eu-west-1' },
): Promise<readonly string[]> {
  const { run } = (await import(join(ROOT, 'src/actions', action, 'run.ts'))) as ActionModule;
  const inputs: Inputs = { ...defaults, 'github-token': 'token', ...NEEDED[action], ...given };
  const error = await run({
    input: (name) => inputs[name] ?? '',
    reporter,
    clock: systemClock,
    env: { ...env, GITHUB_WORKSPACE: workspace, RUNNER_TEMP: workspace },
    cancelled: new AbortController().signal,
  }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error(`expected a ConfigError, got ${String(error)}`);
  return error.problems.map(({ input, message }) => `${input}: ${message}`);
}

const HERE = 'arn:aws:ecs:eu-west-1:123456789012';
const FAR = 'arn:aws:ecs:us-east-1:123456789012';
const TOLD = 'arn:aws:ecs:eu-west-1:ACCOUNT';
const REGION = /is in us-east-1, and this job works in eu-west-1; set AWS_REGION/;

const aboutServices = withInput('service');

test('are read by as many actions as there are', () => {
  expect(aboutServices.map(([action]) => action)).toEqual([
    'alarms',
    'canary',
    'incident',
    'migrate',
    'monitor',
    'plan',
    'preflight',
    'refresh',
    'render-task-definition',
    'rollback',
    'smoke-test',
  ]);
});

describe.each(aboutServices)('%s asks nothing of AWS', (action, defaults) => {
  it('for a service of another cluster than the one that is given', async () => {
    const given = { cluster: 'staging', service: `${HERE}:service/prod/web` };
    expect(await problemsOf(action, defaults, given)).toEqual([
      `service: "${TOLD}:service/prod/web" is in the cluster prod, and cluster is "staging"; give both of the same service`,
    ]);
    expect(asked).toBe(0);
  });

  it('for a cluster or a service in another region', async () => {
    const given = { cluster: `${FAR}:cluster/prod`, service: `${FAR}:service/web` };
    expect(await problemsOf(action, defaults, given)).toEqual([
      expect.stringMatching(/^cluster: /),
      expect.stringMatching(/^service: /),
    ]);
    for (const problem of await problemsOf(action, defaults, given)) expect(problem).toMatch(REGION);
    expect(asked).toBe(0);
  });

  it('for what is no name', async () => {
    const given = { cluster: 'the cluster', service: 'prod/web' };
    const problems = await problemsOf(action, defaults, given);
    expect(problems).toEqual([
      expect.stringMatching(/^cluster: "the cluster" is neither the name of an ECS cluster .* nor its ARN/),
      expect.stringMatching(/^service: "prod\/web" is neither the name of an ECS service .* nor its ARN/),
    ]);
    expect(asked).toBe(0);
  });
});

test.each(aboutServices)(
  '%s takes an ARN of any region where AWS_DEFAULT_REGION alone is set, which the SDK does not read',
  async (action, defaults) => {
    const given = { cluster: `${FAR}:cluster/prod`, service: 'prod/web' };
    expect(await problemsOf(action, defaults, given, { AWS_DEFAULT_REGION: 'eu-west-1' })).toEqual([
      expect.stringMatching(/^service: "prod\/web" is neither/),
    ]);
  },
);

test.each(withInput('config'))('%s reads them alike in the file of config', async (action, defaults) => {
  const config = `${action}.yml`;
  writeFileSync(join(workspace, config), `cluster: staging\nservice: ${HERE}:service/prod/web\n`);
  const problems = await problemsOf(action, defaults, { config });
  expect(problems).toContain(
    `service: "${TOLD}:service/prod/web" is in the cluster prod, and cluster is "staging"; give both of the same service`,
  );
  expect(asked).toBe(0);
});

test('alarms are asked for in the region that its input names', async () => {
  const defaults = Object.fromEntries(aboutServices)['alarms'] ?? {};
  const given = { cluster: 'prod', service: `${FAR}:service/prod/web`, region: 'eu-central-1' };
  expect(await problemsOf('alarms', defaults, given)).toEqual([
    'service: "arn:aws:ecs:us-east-1:ACCOUNT:service/prod/web" is in us-east-1, and this job works in eu-central-1; mend the input region, or give one of eu-central-1',
  ]);
});

const WEB = { cluster: 'prod', service: 'web' };
const REVISION = `${FAR}:task-definition/web:3`;

test.each([
  ['canary', 'task-definition'],
  ['incident', 'task-definition'],
  ['incident', 'previous-task-definition'],
  ['migrate', 'task-definition'],
  ['monitor', 'task-definition'],
  ['plan', 'task-definition-arn'],
  ['preflight', 'task-definition'],
  ['render-task-definition', 'task-definition-arn'],
  ['rollback', 'to'],
  ['rollback', 'only-from'],
  ['smoke-test', 'task-definition'],
])('%s takes no %s of another region', async (action, name) => {
  const defaults = Object.fromEntries(aboutServices)[action] ?? {};
  const [problem, ...others] = await problemsOf(action, defaults, { ...WEB, [name]: REVISION });
  expect(problem).toMatch(/^[\w-]*: "arn:aws:ecs:us-east-1:ACCOUNT:task-definition\/web:3" /);
  expect(problem).toMatch(REGION);
  expect(others).toEqual([]);
  expect(asked).toBe(0);
});

test('preflight takes no backup of a database of another region for one of a database here', async () => {
  const defaults = Object.fromEntries(aboutServices)['preflight'] ?? {};
  const given = { ...WEB, 'backup-db-instances': 'arn:aws:rds:us-east-1:123456789012:db:orders' };
  const [problem, ...others] = await problemsOf('preflight', defaults, given);
  expect(problem).toMatch(/^backup-db-instances line 1, name 1: "arn:aws:rds:us-east-1:ACCOUNT:db:orders" /);
  expect(problem).toMatch(REGION);
  expect(others).toEqual([]);
});

test.each(withInput('alarms'))('%s takes alarms by their names', async (action, defaults) => {
  const alarm = (region: string) => `arn:aws:cloudwatch:${region}:123456789012:alarm:web: errors, p95`;
  const alarms = `fine\n${alarm('eu-west-1')}\n${alarm('us-east-1')}`;
  expect(await problemsOf(action, defaults, { ...WEB, alarms })).toEqual([
    'alarms: "arn:aws:cloudwatch:eu-west-1:ACCOUNT:alarm:web: errors, p95" is an ARN; write the name of the alarm, web: errors, p95',
    expect.stringMatching(REGION),
  ]);
  expect(asked).toBe(0);
});
