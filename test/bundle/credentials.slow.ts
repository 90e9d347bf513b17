import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Job, type StepResult } from './start-action.ts';

const EXPIRES = '2099-01-01T00:00:00Z';
const ROLE = 'arn:aws:iam::123456789012:role/deployer';

/** Everything that runs may take credentials from, and an ECS that notes whose key a call was signed with. */
class Aws {
  readonly keys: string[] = [];
  readonly asked: string[] = [];
  #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      const [status, text] = this.#answer(request, await bodyOf(request));
      response.writeHead(status).end(text);
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async end(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer({ method, url = '', headers }: IncomingMessage, body: string): [number, string] {
    const given = {
      AccessKeyId: 'AKIAGIVEN',
      SecretAccessKey: 'secret',
      Token: 'token',
      Expiration: EXPIRES,
    };
    const [, key = 'nobody'] = /Credential=(\w+)\//.exec(headers.authorization ?? '') ?? [];
    if (url === '/container') {
      this.asked.push(`container ${headers.authorization}`);
      return [200, JSON.stringify(given)];
    }
    if (url === '/latest/api/token') return [method === 'PUT' ? 200 : 405, 'a-session'];
    if (url === '/latest/meta-data/iam/security-credentials/') return [200, 'deployer'];
    if (url === '/latest/meta-data/iam/security-credentials/deployer') {
      this.asked.push(`instance ${headers['x-aws-ec2-metadata-token']}`);
      return [200, JSON.stringify({ ...given, Code: 'Success' })];
    }
    const [, action] = /\bAction=(\w+)/.exec(body) ?? [];
    if (action !== undefined) {
      const token = /WebIdentityToken=(\w+)/.exec(body)?.[1];
      this.asked.push([action, key, token].filter((part) => part !== undefined).join(' '));
      return [200, session(action)];
    }
    this.keys.push(key);
    return [400, JSON.stringify({ __type: 'AccessDeniedException', message: 'not today' })];
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

const session = (action: string): string =>
  `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/deployer/x</Arn><AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>ASIASESSION</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>${EXPIRES}</Expiration></Credentials></${action}Result></${action}Response>`;

let aws: Aws;
let job: Job;
let url: string;
beforeEach(async () => {
  aws = new Aws();
  url = await aws.start();
  job = new Job({
    AWS_REGION: 'eu-west-1',
    AWS_ENDPOINT_URL: url,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nowhere',
    AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
  });
});
afterEach(async () => {
  job.end();
  await aws.end();
});

/** A run that has to call ECS, with what is set beside a region. */
const run = (env: Readonly<Record<string, string>>): Promise<StepResult> => {
  Object.assign(job.env, env);
  return job.run('render-task-definition', { cluster: 'prod', service: 'web' });
};
/** A profile named `deploy`, and another one with keys. */
const profile = (...lines: string[]): Record<string, string> => ({
  AWS_PROFILE: 'deploy',
  AWS_CONFIG_FILE: job.file(
    'config',
    `[profile deploy]\n${lines.join('\n')}\n[profile keys]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = secret\n`,
  ),
});

it('keys in variables sign the call, and its refusal names the permission', async () => {
  const { code, log } = await run({ AWS_ACCESS_KEY_ID: 'AKIAVARIABLE', AWS_SECRET_ACCESS_KEY: 'secret' });
  expect(aws.keys).toContain('AKIAVARIABLE');
  expect(log).toContain('AWS does not allow ecs:DescribeServices: not today');
  expect(code).toBe(1);
});

it('keys in a profile do', async () => {
  await run({ ...profile(), AWS_PROFILE: 'keys' });
  expect(aws.keys).toContain('AKIAPROFILE');
});

it('a profile with a role assumes it with the keys of its source', async () => {
  await run(profile(`role_arn = ${ROLE}`, 'source_profile = keys'));
  expect(aws.asked).toEqual(['AssumeRole AKIAPROFILE']);
  expect(aws.keys).toContain('ASIASESSION');
});

it('a profile with a role assumes it with what the container gives', async () => {
  await run({
    ...profile(`role_arn = ${ROLE}`, 'credential_source = EcsContainer'),
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/container`,
  });
  expect(aws.asked).toEqual(['container undefined', 'AssumeRole AKIAGIVEN']);
  expect(aws.keys).toContain('ASIASESSION');
});

it('a profile with a program takes what it prints', async () => {
  const given = { Version: 1, AccessKeyId: 'AKIAPROGRAM', SecretAccessKey: 'secret' };
  const file = job.file('credentials.json', JSON.stringify(given));
  await run(profile(`credential_process = cat ${file}`));
  expect(aws.keys).toContain('AKIAPROGRAM');
});

it('a web identity is exchanged, named by variables or by a profile', async () => {
  const file = job.file('token', 'webtoken');
  await run({ AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: ROLE });
  expect(aws.keys).toContain('ASIASESSION');
  delete job.env['AWS_WEB_IDENTITY_TOKEN_FILE'];
  delete job.env['AWS_ROLE_ARN'];
  aws.keys.length = 0;
  await run(profile(`role_arn = ${ROLE}`, `web_identity_token_file = ${file}`));
  expect(aws.keys).toContain('ASIASESSION');
  expect(aws.asked).toEqual(Array(2).fill('AssumeRoleWithWebIdentity nobody webtoken'));
});

it('a container gives credentials to who shows its token', async () => {
  const AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = job.file('token', 'podtoken');
  await run({
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/container`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
  });
  expect(aws.asked).toEqual(['container podtoken']);
  expect(aws.keys).toContain('AKIAGIVEN');
});

it('an instance gives credentials to who holds a session', async () => {
  await run({ AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: url });
  expect(aws.asked).toEqual(['instance a-session']);
  expect(aws.keys).toContain('AKIAGIVEN');
});

it('without any credentials the run says what to do', async () => {
  const { code, log } = await run({});
  expect(log).toContain('Could not load credentials from any providers');
  expect(log).toContain('Run aws-actions/configure-aws-credentials with role-to-assume before this step');
  expect(code).toBe(1);
  expect(aws.keys).toEqual([]);
});

it.each([
  ['IAM Identity Center', 'sso_session = me', 'sso_account_id = 123456789012', 'sso_role_name = deployer'],
  ['"aws login"', `login_session = ${ROLE}`],
])('a profile of a person says what to do: %s', async (what, ...lines) => {
  const { code, log } = await run(profile(...lines));
  expect(log).toContain(`the AWS profile takes its credentials from ${what}`);
  expect(log).toContain(
    'which deploy-actions leaves out; take them from aws-actions/configure-aws-credentials',
  );
  expect(code).toBe(1);
  expect(aws.keys).toEqual([]);
});
