import { createHash, randomUUID } from 'node:crypto';
import { isManifest, referencesOf } from './manifest.ts';
import type { Upstream, UpstreamRequest } from './upstream.ts';

const OCTETS = 'application/octet-stream';

/** A manifest as it was pushed, byte for byte. */
interface StoredManifest {
  readonly mediaType: string;
  readonly body: Uint8Array;
}

interface StoredRepository {
  readonly blobs: Map<string, Uint8Array>;
  readonly uploads: Map<string, Uint8Array>;
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, string>;
}

interface Target extends UpstreamRequest {
  readonly name: string;
  readonly query: URLSearchParams;
  /** A digest, a tag or an upload's id. */
  readonly reference: string;
  readonly repository: StoredRepository;
}

/**
 * An OCI registry in memory: what the distribution specification asks for to push, pull and list tags.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export function memoryRegistry(): Upstream {
  const repositories = new Map<string, StoredRepository>();
  return async (request) => {
    const { pathname, searchParams } = new URL(request.path, 'http://registry');
    if (pathname === '/v2/') return new Response('{}', { status: 200 });
    const found = /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests|tags)\/([^/]*)$/.exec(pathname);
    const [, name, kind, reference] = found?.map(decodeURIComponent) ?? [];
    if (name === undefined || kind === undefined || reference === undefined)
      return refusal(404, 'UNSUPPORTED');
    const repository = repositories.get(name) ?? emptyRepository();
    repositories.set(name, repository);
    const target: Target = { ...request, name, query: searchParams, reference, repository };
    switch (kind) {
      case 'blobs/uploads':
        return await upload(target);
      case 'blobs':
        return blob(target);
      case 'manifests':
        return request.method === 'PUT' ? await putManifest(target) : manifest(target);
      default:
        return tagList(target);
    }
  };
}

const emptyRepository = (): StoredRepository => ({
  blobs: new Map(),
  uploads: new Map(),
  manifests: new Map(),
  tags: new Map(),
});

const digestOf = (body: Uint8Array): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;

function refusal(status: number, code: string, message = code.toLowerCase().replaceAll('_', ' ')): Response {
  return Response.json({ errors: [{ code, message }] }, { status });
}

async function bytesOf(body: UpstreamRequest['body']): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(body as ConstructorParameters<typeof Response>[0]).arrayBuffer());
}

async function upload(target: Target): Promise<Response> {
  const { method, name, repository, reference, query, headers = {} } = target;
  if (method === 'POST' && reference === '') {
    const id = randomUUID();
    repository.uploads.set(id, new Uint8Array());
    const digest = query.get('digest');
    return digest === null ? progress(202, name, id, 0) : await finish({ ...target, reference: id }, digest);
  }
  const sofar = repository.uploads.get(reference);
  if (!sofar) return refusal(404, 'BLOB_UPLOAD_UNKNOWN');
  if (method === 'GET') return progress(204, name, reference, sofar.length);
  if (method === 'DELETE') {
    repository.uploads.delete(reference);
    return new Response(null, { status: 204 });
  }
  if (method === 'PUT') return await finish(target, query.get('digest') ?? '');
  if (method !== 'PATCH') return refusal(405, 'UNSUPPORTED');
  // The specification asks for it, and registries insist.
  if ((headers['content-type'] ?? OCTETS) !== OCTETS) return refusal(400, 'BLOB_UPLOAD_INVALID');
  const start = /^(\d+)-/.exec(headers['content-range'] ?? '')?.[1];
  if (start !== undefined && Number(start) !== sofar.length) {
    return refusal(416, 'BLOB_UPLOAD_INVALID', 'the chunk does not begin where the last one ended');
  }
  const all = Buffer.concat([sofar, await bytesOf(target.body)]);
  repository.uploads.set(reference, all);
  return progress(202, name, reference, all.length);
}

function progress(status: number, name: string, id: string, length: number): Response {
  return new Response(null, {
    status,
    headers: {
      location: `/v2/${name}/blobs/uploads/${id}`,
      'docker-upload-uuid': id,
      range: `0-${Math.max(0, length - 1)}`,
    },
  });
}

async function finish({ name, repository, reference, body }: Target, digest: string): Promise<Response> {
  const content = Buffer.concat([repository.uploads.get(reference) ?? new Uint8Array(), await bytesOf(body)]);
  repository.uploads.delete(reference);
  if (digestOf(content) !== digest) {
    return refusal(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  }
  repository.blobs.set(digest, content);
  return new Response(null, {
    status: 201,
    headers: { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest },
  });
}

function content(method: string, mediaType: string, digest: string, body: Uint8Array): Response {
  if (method !== 'GET' && method !== 'HEAD') return refusal(405, 'UNSUPPORTED');
  return new Response(method === 'HEAD' ? null : new Uint8Array(body), {
    status: 200,
    headers: {
      'content-type': mediaType,
      'content-length': String(body.length),
      'docker-content-digest': digest,
    },
  });
}

function blob({ method, repository, reference }: Target): Response {
  const body = repository.blobs.get(reference);
  if (!body) return refusal(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
  return content(method, OCTETS, reference, body);
}

function manifest({ method, repository, reference }: Target): Response {
  const digest = repository.tags.get(reference) ?? reference;
  const stored = repository.manifests.get(digest);
  if (!stored) return refusal(404, 'MANIFEST_UNKNOWN', 'Requested image not found');
  return content(method, stored.mediaType, digest, stored.body);
}

async function putManifest({ name, repository, reference, headers = {}, body }: Target): Promise<Response> {
  const bytes = await bytesOf(body);
  const digest = digestOf(bytes);
  if (reference.includes(':') && reference !== digest) {
    return refusal(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  }
  const text = Buffer.from(bytes).toString('utf8');
  if (!isManifest(text)) return refusal(400, 'MANIFEST_INVALID', 'manifest invalid');
  const { blobs, manifests } = referencesOf(text);
  const missing = [
    ...blobs.filter((each) => !repository.blobs.has(each)),
    ...manifests.filter((each) => !repository.manifests.has(each)),
  ];
  if (missing.length > 0) {
    return refusal(400, 'MANIFEST_BLOB_UNKNOWN', `blob unknown to registry: ${missing.join(', ')}`);
  }
  repository.manifests.set(digest, { mediaType: headers['content-type'] ?? '', body: bytes });
  if (!reference.includes(':')) repository.tags.set(reference, digest);
  return new Response(null, {
    status: 201,
    headers: { location: `/v2/${name}/manifests/${digest}`, 'docker-content-digest': digest },
  });
}

function tagList({ name, repository, query, reference }: Target): Response {
  if (reference !== 'list') return refusal(404, 'UNSUPPORTED');
  const last = query.get('last') ?? '';
  const after = [...repository.tags.keys()].sort().filter((tag) => tag > last);
  const tags = after.slice(0, Number(query.get('n') ?? after.length));
  const next = `</v2/${name}/tags/list?n=${tags.length}&last=${tags.at(-1) ?? ''}>; rel="next"`;
  return Response.json({ name, tags }, tags.length < after.length ? { headers: { link: next } } : {});
}
