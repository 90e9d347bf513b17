import { createHash } from 'node:crypto';

/** How a registry is reached: its endpoint, and the password that GetAuthorizationToken gave. */
export interface Door {
  readonly url: string;
  readonly password: string;
}

export interface PushedImage {
  readonly digest: string;
  readonly manifest: string;
  readonly mediaType: string;
}

const IMAGE = 'application/vnd.oci.image.manifest.v1+json';

export const sha256 = (content: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** One request to a registry, with the credentials. */
export const ask = (door: Door, path: string, init: RequestInit = {}): Promise<Response> => {
  const headers = new Headers(init.headers);
  if (!headers.has('authorization')) {
    headers.set('authorization', `Basic ${Buffer.from(`AWS:${door.password}`).toString('base64')}`);
  }
  return fetch(new URL(path, door.url), { ...init, headers, redirect: 'manual' });
};

/** Uploads a blob as one piece, as the distribution specification tells it. */
export async function pushBlob(door: Door, repository: string, content: string): Promise<string> {
  const begun = await ask(door, `/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const target = new URL(begun.headers.get('location') ?? '', door.url);
  target.searchParams.set('digest', sha256(content));
  const ended = await ask(door, target.href, { method: 'PUT', body: content });
  if (ended.status !== 201) throw new Error(`the blob was answered ${ended.status} ${await ended.text()}`);
  return sha256(content);
}

/** The manifest of an image of one layer. */
export function imageOf(layer: string, extra: object = {}): PushedImage & { readonly config: string } {
  const config = JSON.stringify({ architecture: 'amd64', os: 'linux', layer });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: IMAGE,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: sha256(config),
      size: config.length,
    },
    layers: [
      {
        mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
        digest: sha256(layer),
        size: layer.length,
      },
    ],
    ...extra,
  });
  return { manifest, digest: sha256(manifest), mediaType: IMAGE, config };
}

export const putManifest = (
  door: Door,
  repository: string,
  reference: string,
  { manifest, mediaType }: PushedImage,
): Promise<Response> =>
  ask(door, `/v2/${repository}/manifests/${reference}`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: manifest,
  });

/** Pushes an image of one layer by tag, as `docker push` would. */
export async function pushImage(
  door: Door,
  repository: string,
  tag: string,
  layer: string,
): Promise<ReturnType<typeof imageOf>> {
  const image = imageOf(layer);
  await pushBlob(door, repository, image.config);
  await pushBlob(door, repository, layer);
  const answer = await putManifest(door, repository, tag, image);
  if (answer.status !== 201) throw new Error(`the push was answered ${answer.status} ${await answer.text()}`);
  return image;
}
