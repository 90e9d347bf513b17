import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { type Descriptor, MANIFEST_TYPES, type Manifest, type StoredManifest } from '../images/manifest.ts';
import type { RegistryLogin } from '../ports.ts';
import { permissionFor } from './permissions.ts';
import { RegistryError, type RegistryRequest, refusalOf } from './registry-error.ts';

/** Where images can be read from: a repository of a registry, or a directory. */
export interface ImageSource {
  /** @param reference a tag or a digest; @returns undefined when there is no such image */
  manifest(reference: string): Promise<StoredManifest | undefined>;
  open(blob: Descriptor): Promise<ReadableStream<Uint8Array>>;
}

export interface RegistryOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Gives a login that is still good; asked again when the registry refuses the former one. */
  readonly login: (refused?: RegistryLogin) => Promise<RegistryLogin>;
}

/** How long a registry that does not answer is asked again. */
const PATIENCE_MS = 120_000;
/** For answers without content; content takes as long as it takes. */
const ANSWER_MS = 30_000;

/**
 * A repository of a registry, by the protocol that Docker itself speaks.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 *
 * Requests that fail for a reason that may pass are made again, with growing pauses, for two minutes. Errors are
 * RegistryError.
 */
export class RemoteRepository implements ImageSource {
  readonly #name: string;
  readonly #options: RegistryOptions;

  constructor(name: string, options: RegistryOptions) {
    this.#name = name;
    this.#options = options;
  }

  get name(): string {
    return this.#name;
  }

  /** The digest that a tag has; undefined when there is no such image. */
  async digestOf(reference: string): Promise<string | undefined> {
    const response = await this.#ask('HEAD', `manifests/${reference}`, { accept: MANIFEST_TYPES.join(', ') });
    if (!response) return undefined;
    // A registry may leave the digest out of its answer.
    return response.headers.get('docker-content-digest') ?? (await this.manifest(reference))?.digest;
  }

  async manifest(reference: string): Promise<StoredManifest | undefined> {
    return this.#patiently(async () => {
      const accept = MANIFEST_TYPES.join(', ');
      const response = await this.#ask('GET', `manifests/${reference}`, { accept }, undefined, false);
      if (!response) return undefined;
      const bytes = new Uint8Array(await response.arrayBuffer());
      const digest = sha256(bytes);
      if (reference.startsWith('sha256:') && digest !== reference) {
        throw new RegistryError(`${this.#name}: the registry answered ${digest} for ${reference}`, {
          final: true,
        });
      }
      const content = manifestIn(bytes);
      if (!content)
        throw new RegistryError(`${this.#name}: what the registry has as ${reference} is no manifest`, {
          final: true,
        });
      const type = response.headers.get('content-type')?.split(';')[0]?.trim();
      return { digest, bytes, content, mediaType: type || content.mediaType || '' };
    });
  }

  /** @param reference a tag, or the manifest's own digest */
  async putManifest(reference: string, { mediaType, bytes, digest }: StoredManifest): Promise<void> {
    try {
      await this.#ask('PUT', `manifests/${reference}`, { 'content-type': mediaType }, Buffer.from(bytes));
    } catch (error) {
      // A tag that cannot be moved is refused to the very image that has it: to another job's, or to a repetition of
      // ours whose first answer was lost.
      const refused = error instanceof RegistryError && error.status === 400;
      if (!refused || (await this.digestOf(reference)) !== digest) throw error;
    }
  }

  async has({ digest }: Descriptor): Promise<boolean> {
    return (await this.#ask('HEAD', `blobs/${digest}`)) !== undefined;
  }

  async open({ digest }: Descriptor): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#ask('GET', `blobs/${digest}`, {}, undefined, false);
    if (!response?.body) throw new RegistryError(`${this.#name} has no blob ${digest}`, { status: 404 });
    return response.body;
  }

  /** A blob that is small enough to be held, such as a configuration. */
  async read(blob: Descriptor): Promise<Uint8Array> {
    return this.#patiently(async () => {
      const bytes = new Uint8Array(await new Response(await this.open(blob)).arrayBuffer());
      if (blob.digest.startsWith('sha256:') && sha256(bytes) !== blob.digest) {
        throw new RegistryError(`${this.#name}: the registry answered other content for ${blob.digest}`);
      }
      return bytes;
    });
  }

  /**
   * Puts a blob into the repository, which checks its digest.
   *
   * @param open gives the content anew for each try
   * @param from another repository of this registry that has the blob, where the registry may take it from
   */
  async upload(
    blob: Descriptor,
    open: () => Promise<ReadableStream<Uint8Array>>,
    from?: string,
  ): Promise<'mounted' | 'uploaded'> {
    return this.#patiently(async () => {
      const mount = from === undefined ? '' : `?${new URLSearchParams({ mount: blob.digest, from })}`;
      const begun = await this.#ask('POST', `blobs/uploads/${mount}`, {}, '', false).catch(
        (error: unknown) => {
          // The repository next door may be closed to this role.
          const refused = mount !== '' && error instanceof RegistryError && !error.passes;
          if (!refused) throw error;
          return this.#ask('POST', 'blobs/uploads/', {}, '', false);
        },
      );
      if (begun?.status === 201) return 'mounted';
      const content = await open();
      const sent = await this.#ask(
        'PATCH',
        locationOf(begun),
        { 'content-type': 'application/octet-stream', 'content-length': String(blob.size) },
        content,
        false,
      );
      const end = new URL(locationOf(sent));
      end.searchParams.set('digest', blob.digest);
      await this.#ask('PUT', end.href, { 'content-length': '0' }, '', false);
      return 'uploaded';
    });
  }

  /** Repeats what fails for a reason that may pass, as a whole: half an upload cannot be gone on with. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    const { clock, signal } = this.#options;
    // From the first failure on: what has taken long before it has earned another try.
    let deadline: number | undefined;
    for (let pause = 500; ; pause = Math.min(8_000, pause * 2)) {
      try {
        return await work();
      } catch (error) {
        if (signal.aborted) throw error;
        const reason = isBroken(error) ? this.#broken(error) : error;
        const passes = reason instanceof RegistryError && reason.passes;
        deadline ??= clock.now() + PATIENCE_MS;
        if (!passes || clock.now() + pause > deadline) throw reason;
        await clock.sleep(pause, signal);
        if (signal.aborted) throw reason;
      }
    }
  }

  #broken(cause: Error): RegistryError {
    return new RegistryError(`${this.#name}: an answer broke off (${reasonOf(cause)})`, { cause });
  }

  /**
   * One request; asked again by itself unless it is part of a larger whole.
   *
   * @returns undefined for what is not there, when it was asked for by GET or HEAD
   */
  async #ask(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string | Buffer | ReadableStream<Uint8Array>,
    repeat = true,
  ): Promise<(Response & { readonly url: string }) | undefined> {
    const once = async (login: RegistryLogin): Promise<Response | undefined> => {
      const url = path.startsWith('http') ? path : `${login.endpoint}/v2/${this.#name}/${path}`;
      const request: RegistryRequest = {
        repository: `${new URL(login.endpoint).host}/${this.#name}`,
        what: `${method} ${path.startsWith('http') ? 'blobs/uploads' : path}`,
        permission: permissionFor(method, path),
      };
      // Content takes as long as it takes, and a registry looks at all of it at the end of an upload.
      const streams =
        body instanceof ReadableStream || path.startsWith('blobs/sha256') || path.startsWith('http');
      const { signal } = this.#options;
      let response: Response;
      try {
        response = await fetch(url, {
          method,
          headers: { ...headers, authorization: basic(login) },
          body: body ?? null,
          duplex: 'half',
          signal: streams ? signal : AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
        });
      } catch (error) {
        if (signal.aborted) throw error;
        throw new RegistryError(`${request.what}: no answer (${reasonOf(error)})`, { cause: error, request });
      }
      if (response.ok) return response;
      const missing = response.status === 404 && (method === 'GET' || method === 'HEAD');
      const refusal = await refusalOf(request, response);
      if (missing && refusal.code !== 'NAME_UNKNOWN') return undefined;
      throw refusal;
    };
    const withLogin = async (): Promise<Response | undefined> => {
      const login = await this.#options.login();
      try {
        return await once(login);
      } catch (error) {
        // ECR says 403 of a token that has expired, and to a HEAD nothing more.
        const stale =
          error instanceof RegistryError &&
          (error.status === 401 ||
            (error.status === 403 && (method === 'HEAD' || /token has expired/i.test(error.message))));
        if (!stale) throw error;
        const renewed = await this.#options.login(login);
        if (!(body instanceof ReadableStream)) return once(renewed);
        // The content is spent; whoever has it begins anew, with the new login.
        throw new RegistryError(error.message, { cause: error });
      }
    };
    return repeat ? this.#patiently(withLogin) : withLogin();
  }
}

/** An answer whose content did not come to its end. */
const isBroken = (error: unknown): error is Error =>
  (error instanceof TypeError && /terminated|fetch failed/.test(error.message)) ||
  (error instanceof Error && error.name === 'TimeoutError');

/** @returns undefined for what is not JSON, or nothing that could be a manifest */
export function manifestIn(bytes: Uint8Array): Manifest | undefined {
  try {
    const content: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (typeof content !== 'object' || content === null) return undefined;
    const { layers, manifests } = content as Partial<Record<string, unknown>>;
    const wellFormed = [layers, manifests].every((list) => list === undefined || Array.isArray(list));
    return wellFormed ? (content as Manifest) : undefined;
  } catch {
    return undefined;
  }
}

export const sha256 = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const basic = ({ username, password }: RegistryLogin): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** The password goes along, so an upload goes nowhere but to the registry itself. */
function locationOf(response: Response | undefined): string {
  const location = response?.headers.get('location');
  const place = response && location ? new URL(location, response.url) : undefined;
  if (place && place.origin === new URL(response?.url ?? '').origin) return place.href;
  const where = place ? `sends an upload to ${place.origin}` : 'does not say where an upload goes';
  throw new RegistryError(`the registry ${where}`, { final: true });
}

/** fetch says only that it failed; the reason is further in. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
