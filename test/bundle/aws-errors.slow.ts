import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleLibraries } from '../../src/build/libraries.ts';

const ROOT = resolve(import.meta.dirname, '../..');

// The clients as ncc is given them, which dist/ holds within larger files.
const home = mkdtempSync(join(tmpdir(), 'deploy-actions-clients-'));
const LIB = join(home, 'lib');
const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', join(home, 'emitted')], {
  cwd: ROOT,
});
await bundleLibraries(ROOT, join(home, 'emitted'), home, []);
writeFileSync(join(home, 'package.json'), '{"type":"module"}');
afterAll(() => rmSync(home, { recursive: true }));
const CLIENT = 'aws-sdk-client-';

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/^(simulator|demo|build)\b/.test(file))
  .map((file) => readFileSync(join(ROOT, 'src', file), 'utf8'))
  .join('\n');
const words = new Set(sources.match(/\w+/g));
/** What our code asks of an error's name with, other than the name itself. */
const patterns = [
  ...[...sources.matchAll(/\/(\^?\(?[A-Z][\w()|?:]*\)?\$?)\/(i?)/g)].map(
    ([, pattern = '', flags]) => new RegExp(pattern, flags),
  ),
  ...[...sources.matchAll(/\.startsWith\('(\w+)'\)/g)].map(([, start]) => new RegExp(`^${start}`)),
];

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

interface Protocol {
  getShapeId(): string;
  readonly awsQueryCompatible?: boolean;
}

interface Client {
  readonly config: { readonly protocol: Protocol };
  send(command: object): Promise<unknown>;
}

/** A package's exports, of its own kind each. */
type Package = Readonly<Record<string, unknown>>;

interface Modelled {
  readonly name: string;
  readonly code: string;
  readonly status: number;
}

/** What a run reads of an error, and what the SDK takes it for when it decides on another try. */
interface Seen {
  readonly name: string;
  readonly message: string;
  readonly fault: string;
  readonly metadata: object;
  readonly kind: string;
}

/** All errors that the model of the service has. */
const modelled = (sdk: Package): readonly Modelled[] =>
  Object.values(sdk).flatMap((schema) => {
    if (!Array.isArray(schema) || schema[0] !== -3 || /ServiceException$/.test(schema[2])) return [];
    const { error, httpError, awsQueryError } = schema[3] as {
      readonly error: string;
      readonly httpError?: number;
      readonly awsQueryError?: readonly [string, number];
    };
    const status = awsQueryError?.[1] ?? httpError ?? (error === 'server' ? 500 : 400);
    return [{ name: schema[2] as string, code: awsQueryError?.[0] ?? schema[2], status }];
  });

/** As the service answers, https://smithy.io/2.0/aws/protocols/index.html */
function answer({ config: { protocol } }: Client, { name, code, status }: Modelled): Answer {
  const message = `what AWS says of ${code}`;
  const requestId = 'c6a2e8a0-1111-2222-3333-444455556666';
  const query = protocol.getShapeId().endsWith('awsQuery');
  const text = query
    ? `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`
    : JSON.stringify({ __type: `com.amazonaws#${name}`, message });
  const compatible = protocol.awsQueryCompatible && { 'x-amzn-query-error': `${code};Sender` };
  return {
    statusCode: status,
    headers: { 'x-amzn-requestid': requestId, ...compatible },
    body: new TextEncoder().encode(text),
  };
}

function make(of: Package, type: string, state: { answer?: Answer; kind?: string }): Client {
  const settings = {
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: { handle: async () => ({ response: state.answer }) },
    retryStrategy: {
      acquireInitialRetryToken: async () => ({ getRetryCount: () => 0, getRetryDelay: () => 0 }),
      refreshRetryTokenForRetry: async (_: object, { errorType }: { readonly errorType: string }) => {
        state.kind = errorType;
        throw new Error('no other try');
      },
      recordSuccess: () => undefined,
    },
  };
  return new (of[type] as new (settings: object) => Client)(settings);
}

/** A way to see what a client makes of an answer. */
function viewer(of: Package, type: string, operation: string) {
  const state: { answer?: Answer; kind?: string } = {};
  const client = make(of, type, state);
  const Command = of[operation] as new (input: object) => object;
  const see = async (error: Modelled): Promise<Seen> => {
    state.answer = answer(client, error);
    delete state.kind;
    // What the paths of S3 are made of.
    const input = { Bucket: 'bucket', Key: 'key' };
    const thrown = await client.send(new Command(input)).catch((reason: unknown) => reason);
    const { name, message, $fault, $metadata } = thrown as Error & { $fault: string; $metadata: object };
    return { name, message, fault: $fault, metadata: $metadata, kind: state.kind ?? 'never tried again' };
  };
  return { see, named: new Command({}).constructor.name };
}

const GENERAL: readonly Modelled[] = [
  ...['ThrottlingException', 'Throttling', 'RequestLimitExceeded', 'TooManyRequestsException'],
  ...['AccessDenied', 'AccessDeniedException', 'ExpiredToken', 'ExpiredTokenException'],
  ...['UnrecognizedClientException', 'InvalidClientTokenId', 'ValidationError', 'SomethingNew'],
].map((name) => ({ name, code: name, status: 400 }));
const OUTAGES: readonly Modelled[] = [500, 502, 503, 504].map((status) => ({
  name: 'InternalFailure',
  code: 'InternalFailure',
  status,
}));

const clients = readdirSync(LIB).filter((file) => file.startsWith(CLIENT));

it('there are clients to look at', () => {
  expect(clients.length).toBeGreaterThan(9);
});

describe.each(clients)('what runs sees in errors what the SDK sees: %s', async (file) => {
  const service = file.slice(CLIENT.length, -'.js'.length);
  const [sdk, lean]: readonly Package[] = await Promise.all([
    import(`@aws-sdk/client-${service}`),
    import(pathToFileURL(join(LIB, file)).href),
  ]);
  if (!sdk || !lean) throw new Error(`no ${service}`);
  const type = Object.keys(lean).find((name) => name.endsWith('Client')) ?? '';
  const operation =
    Object.keys(lean).find((name) =>
      /^(Describe|Get|List|Publish|AssumeRole|Simulate)\w*Command$/.test(name),
    ) ?? '';
  const expected = viewer(sdk, type, operation);
  const seen = viewer(lean, type, operation);
  const errors = [...modelled(sdk), ...GENERAL, ...OUTAGES];

  it('with the name of the command', () => {
    expect(seen.named).toBe(operation);
  });

  it('in every error of its model and those that all services have', async () => {
    for (const error of errors) {
      const [ours, theirs] = [await seen.see(error), await expected.see(error)];
      const { name, ...rest } = theirs;
      expect({ ...rest, error: error.name }).toEqual({ ...ours, name: undefined, error: error.name });
      // What our code does not name has the name that AWS sends, to which the SDK adds such as "Fault" or "Exception".
      expect([name, words.has(name) ? name : error.code]).toContain(ours.name);
      expect(name.startsWith(ours.name)).toBe(true);
      const differing = patterns.filter((pattern) => pattern.test(name) !== pattern.test(ours.name));
      expect(differing, `${name} is ${ours.name} here`).toEqual([]);
    }
  });
});
