import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../clock.ts';
import { serve } from '../http.ts';
import { repositoryMissing, tagTaken } from './errors.ts';
import { isImmutable, type Repository } from './model.ts';
import { createRegistryFaults, type RegistryFault } from './registry-faults.ts';
import type { PrivateRegistry } from './state.ts';

/** ECR takes manifests of up to 4 MiB. */
const LONGEST_MANIFEST = 4 * 1024 * 1024;

/** One request that a registry's endpoint got. */
export interface RegistryRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** What it was answered with; 0 while it is not, or when it was left without an answer. */
  readonly status: number;
}

/** The endpoint of one registry, which speaks the OCI distribution API as ECR does. */
export interface RegistryFront {
  readonly url: string;
  /** `HOST:PORT`, as image names begin. */
  readonly host: string;
  /** Every request so far, the oldest first. */
  readonly requests: readonly RegistryRequest[];
  /** Lets something go wrong with the next requests that fit. */
  fail(fault: RegistryFault): void;
  /** Ends all faults. */
  heal(): void;
  close(): Promise<void>;
}

export interface FrontOptions {
  readonly registry: PrivateRegistry;
  readonly clock: Clock;
  /** Whether a password is that of a token that is still good here. */
  readonly accepts: (password: string) => boolean;
  /** Told of each request for something of a repository, before it has had any effect. */
  readonly heard: (
    password: string,
    request: { readonly method: string; readonly repository: string; readonly path: string },
  ) => void;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly repository: Repository;
  /** What follows the repository's name, with its query. */
  readonly rest: string;
  readonly fault: RegistryFault | undefined;
}

const NOT_PASSED_ON: readonly string[] = [
  'authorization',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'transfer-encoding',
];

/** A refusal in the registry's own form. */
const refusal = (status: number, code: string, message: string): Response =>
  Response.json({ errors: [{ code, message }] }, { status });

/**
 * Opens a registry's endpoint on a free port of the loopback interface. It looks after what is ECR's own (tokens,
 * repositories, immutable tags) and passes everything else on to the upstream.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
 */
export async function openFront({ registry, clock, accepts, heard }: FrontOptions): Promise<RegistryFront> {
  const requests: { -readonly [K in keyof RegistryRequest]: RegistryRequest[K] }[] = [];
  const faults = createRegistryFaults();

  const unauthorized = (): Response =>
    new Response('Not Authorized\n', {
      status: 401,
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'www-authenticate': `Basic realm="${url}/",service="ecr.amazonaws.com"`,
      },
    });

  async function putManifest({ request, repository, rest }: Exchange): Promise<Response> {
    const reference = decodeURIComponent(rest.slice('manifests/'.length));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (body.length > LONGEST_MANIFEST) return refusal(400, 'SIZE_INVALID', 'The manifest is too large');
    const mediaType = request.headers['content-type'] ?? '';
    return await registry.inTurn(repository, async () =>
      repository.tags.has(reference) && isImmutable(repository, reference)
        ? refusal(400, 'TAG_INVALID', tagTaken(reference, repository.name))
        : await registry.push(repository, { reference, mediaType, body }),
    );
  }

  async function passOn({ request, repository, rest, fault }: Exchange): Promise<Response> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) {
      if (!NOT_PASSED_ON.includes(name) && value !== undefined) headers[name] = String(value);
    }
    const method = request.method ?? 'GET';
    const hasBody = method === 'PUT' || method === 'PATCH' || method === 'POST';
    if (fault?.how === 'cut' && hasBody) {
      // The first piece of the content arrives, the rest never does.
      await new Promise((resolve) => request.once('data', resolve).once('end', resolve));
      return broken;
    }
    return await registry.content(repository.name, rest, {
      method,
      headers,
      ...(hasBody ? { body: Readable.toWeb(request) as ReadableStream<Uint8Array> } : {}),
    });
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    fault: RegistryFault | undefined,
  ): Promise<Response> {
    const path = request.url ?? '';
    if (fault?.how === 'unauthorized' || !accepts(passwordOf(request))) return unauthorized();
    if (fault?.how === 'status') {
      return refusal(fault.status ?? 500, 'UNKNOWN', 'The service encountered an internal error.');
    }
    if (fault?.how === 'slow') await clock.sleep(fault.ms ?? 5_000);
    if (/^\/v2\/?$/.test(path))
      return new Response('{}', { headers: { 'content-type': 'application/json' } });
    const [, name, rest] = /^\/v2\/(.+?)\/((?:blobs|manifests|tags)\/.*)$/.exec(path) ?? [];
    if (name === undefined || rest === undefined) return refusal(404, 'UNSUPPORTED', 'not found');
    const repository = registry.repositories.get(name);
    if (!repository) return refusal(404, 'NAME_UNKNOWN', repositoryMissing(registry.place(name)));
    heard(passwordOf(request), { method: request.method ?? '', repository: name, path: rest });
    const exchange: Exchange = { request, response, repository, rest, fault };
    if (rest.startsWith('manifests/') && request.method === 'PUT') {
      return fault?.how === 'cut' ? broken : await putManifest(exchange);
    }
    if (request.method === 'DELETE' && !rest.startsWith('blobs/uploads/')) {
      return refusal(405, 'UNSUPPORTED', 'The operation is unsupported.');
    }
    if (rest.startsWith('tags/')) return await withoutPrefix(await passOn(exchange), name, registry.prefix);
    return await passOn({ ...exchange, rest: withoutMount(rest) });
  }

  const { url, close } = await serve(0, (request, response) => {
    const [method, path] = [request.method ?? '', request.url ?? ''];
    const recorded = { method, path, status: 0 };
    requests.push(recorded);
    const fault = faults.strike(method, path);
    answer(request, response, fault)
      .catch((error: unknown) => refusal(500, 'UNKNOWN', `the upstream registry failed: ${String(error)}`))
      .then(async (given) => {
        if (given === broken || fault?.how === 'lost-answer') {
          response.destroy();
          return;
        }
        recorded.status = given.status;
        await deliver(given, response, { url, prefix: registry.prefix, cut: fault?.how === 'cut' });
      })
      // The client went away before it had everything.
      .catch(() => response.destroy());
  });
  return {
    url,
    host: new URL(url).host,
    requests,
    fail: faults.add,
    heal: faults.clear,
    close,
  };
}

/** Stands for an answer that never comes. */
const broken = Response.error();

function passwordOf({ headers }: IncomingMessage): string {
  const [, credentials = ''] = /^Basic\s+(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  const [, password = ''] = /^AWS:(.*)$/s.exec(Buffer.from(credentials, 'base64').toString('utf8')) ?? [];
  return password;
}

/** ECR does not mount blobs of other repositories: it opens an upload instead, as the specification allows. */
function withoutMount(rest: string): string {
  const [path = '', query = ''] = rest.split('?');
  const parameters = new URLSearchParams(query);
  if (!parameters.has('mount')) return rest;
  parameters.delete('mount');
  parameters.delete('from');
  return parameters.size === 0 ? path : `${path}?${parameters}`;
}

/** A list of tags under the name that the client knows. */
async function withoutPrefix(answer: Response, name: string, prefix: string): Promise<Response> {
  if (!answer.ok) return answer;
  const { tags } = (await answer.json()) as { tags: string[] | null };
  const link = answer.headers.get('link')?.replace(prefix, '/v2/');
  return Response.json({ name, tags: tags ?? [] }, link === undefined ? {} : { headers: { link } });
}

interface Delivery {
  readonly url: string;
  readonly prefix: string;
  /** Half of the content is all that is sent. */
  readonly cut: boolean;
}

async function deliver(given: Response, response: ServerResponse, to: Delivery): Promise<void> {
  for (const [name, value] of given.headers) {
    if (name !== 'connection' && name !== 'keep-alive' && name !== 'transfer-encoding') {
      response.setHeader(name, value);
    }
  }
  const location = given.headers.get('location');
  if (location !== null) {
    const { pathname, search } = new URL(location, to.url);
    response.setHeader('location', `${to.url}${pathname.replace(to.prefix, '/v2/')}${search}`);
  }
  response.setHeader('docker-distribution-api-version', 'registry/2.0');
  response.writeHead(given.status);
  if (to.cut) {
    const bytes = Buffer.from(await given.arrayBuffer());
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
  } else if (given.body === null) response.end();
  else await pipeline(Readable.fromWeb(given.body as Parameters<typeof Readable.fromWeb>[0]), response);
}
