/** A request to an OCI registry: the path from `/v2/` on, with its query. */
export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | ReadableStream<Uint8Array>;
}

/** The OCI registry that keeps the content: blobs and manifests. */
export type Upstream = (request: UpstreamRequest) => Promise<Response>;

/**
 * A registry elsewhere, such as Debian's docker-registry on the loopback interface.
 *
 * @param url where it answers, such as `http://127.0.0.1:5000`
 */
export const httpUpstream =
  (url: string): Upstream =>
  ({ method, path, headers = {}, body }) =>
    fetch(new URL(path, url), {
      method,
      // What is passed on has to be what was stored, and as long as the registry says.
      headers: { ...headers, 'accept-encoding': 'identity' },
      redirect: 'manual',
      ...(body === undefined ? {} : { body: body as NonNullable<RequestInit['body']>, duplex: 'half' }),
    });
