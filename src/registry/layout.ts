import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { ConfigError } from '../errors.ts';
import { type Descriptor, type Manifest, OCI_MANIFEST, type StoredManifest } from '../images/manifest.ts';
import { type ImageSource, sha256 } from './registry.ts';

/** An image that lies in a directory, and where its parts are read from. */
export interface LocalImage extends ImageSource {
  readonly image: StoredManifest;
}

/**
 * Opens an image in a directory of the OCI layout, as `docker buildx build --output type=oci,tar=false,dest=DIR` and
 * other builders write it.
 * https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 *
 * @throws ConfigError when there is no such directory, or not exactly one image in it
 */
export async function openLayout(path: string, workspace: string, input: string): Promise<LocalImage> {
  const directory = resolve(workspace, path);
  const fail = (message: string, cause?: unknown): never => {
    throw new ConfigError({ input, message }, { cause });
  };
  const file = await stat(directory).catch(() => undefined);
  if (file?.isFile()) {
    return fail(`${path} is a file; unpack it first (tar -xf ${path} -C DIRECTORY) and name the directory`);
  }
  const blob = (digest: string) => join(directory, 'blobs', digest.replace(':', '/'));
  const manifest = async (digest: string): Promise<StoredManifest | undefined> => {
    const bytes = await readFile(blob(digest)).catch(() => undefined);
    if (!bytes || sha256(bytes) !== digest) return undefined;
    const content = JSON.parse(bytes.toString()) as Manifest;
    return { digest, bytes, content, mediaType: content.mediaType ?? OCI_MANIFEST };
  };
  const index = await readFile(join(directory, 'index.json'), 'utf8').then(
    (text) => JSON.parse(text) as Manifest,
    (error: unknown) => fail(`${path} holds no OCI layout: there is no index.json in ${directory}`, error),
  );
  const [only, ...others] = index.manifests ?? [];
  if (!only) return fail(`${path} holds no image: its index.json is empty`);
  if (others.length > 0) {
    return fail(`${path} holds ${others.length + 1} images; write each into a directory of its own`);
  }
  const found = await manifest(only.digest);
  if (!found) return fail(`${path} lacks the manifest ${only.digest}, or it was changed`);
  return {
    image: { ...found, mediaType: only.mediaType || found.mediaType },
    manifest,
    open: async ({ digest }: Descriptor) =>
      Readable.toWeb(createReadStream(blob(digest))) as unknown as ReadableStream<Uint8Array>,
  };
}
