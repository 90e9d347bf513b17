import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { ConfigError } from '../errors.ts';
import {
  blobsOf,
  type Descriptor,
  isManifestType,
  type Manifest,
  OCI_MANIFEST,
  type StoredManifest,
} from '../images/manifest.ts';
import { isDigest } from '../images/reference.ts';
import { type ImageSource, manifestIn, sha256 } from './registry.ts';

/** An image that lies in a directory, and where its parts are read from. */
export interface LocalImage extends ImageSource {
  readonly image: StoredManifest;
}

/**
 * Opens an image in a directory of the OCI layout, as `docker buildx build --output type=oci,tar=false,dest=DIR` and
 * other builders write it. All its parts are looked for here, so that a directory that was copied by halves is found
 * before anything is sent; the registry checks what is in them.
 * https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 *
 * @throws ConfigError when there is no such directory, or not exactly one whole image in it
 */
export async function openLayout(path: string, workspace: string, input: string): Promise<LocalImage> {
  const directory = resolve(workspace, path);
  const fail = (message: string, cause?: unknown): never => {
    throw new ConfigError({ input, message }, { cause });
  };
  const blob = (digest: string) => join(directory, 'blobs', digest.replace(':', '/'));
  const manifest = async (digest: string): Promise<StoredManifest | undefined> => {
    const bytes = isDigest(digest) ? await readFile(blob(digest)).catch(() => undefined) : undefined;
    const content = bytes && sha256(bytes) === digest ? manifestIn(bytes) : undefined;
    return bytes && content && { digest, bytes, content, mediaType: content.mediaType ?? OCI_MANIFEST };
  };
  const [only, ...others] = (await readIndex(path, directory, fail)).manifests ?? [];
  if (!only) return fail(`${path} holds no image: its index.json is empty`);
  if (others.length > 0) {
    return fail(`${path} holds ${others.length + 1} images; write each into a directory of its own`);
  }
  const found = await manifest(only.digest);
  if (!found) return fail(`${path} lacks the manifest ${only.digest}, or it was changed; write it anew`);

  async function requireParts({ content, digest }: StoredManifest): Promise<void> {
    for (const part of blobsOf(content)) {
      const file = isDigest(part.digest) ? await stat(blob(part.digest)).catch(() => undefined) : undefined;
      if (!file?.isFile()) fail(`${path} lacks ${part.digest}, a part of the image; write it anew`);
      if (file?.size !== part.size) {
        fail(
          `${path}: ${part.digest} has ${file?.size} bytes, and the image says ${part.size}; write it anew`,
        );
      }
    }
    for (const child of content.manifests ?? []) {
      if (!isManifestType(child.mediaType)) continue;
      const read = await manifest(child.digest);
      if (!read) return fail(`${path} lacks the manifest ${child.digest} of ${digest}; write it anew`);
      await requireParts(read);
    }
  }
  await requireParts(found);
  return {
    image: { ...found, mediaType: only.mediaType || found.mediaType },
    manifest,
    open: async ({ digest }: Descriptor) => Readable.toWeb(createReadStream(blob(digest))),
  };
}

async function readIndex(
  path: string,
  directory: string,
  fail: (message: string, cause?: unknown) => never,
): Promise<Manifest> {
  const place = await stat(directory).catch((error: unknown) =>
    fail(`there is no directory ${path} in the workspace; is the step missing that writes it?`, error),
  );
  if (place.isFile()) {
    return fail(`${path} is a file; unpack it first (tar -xf ${path} -C DIRECTORY) and name the directory`);
  }
  const bytes = await readFile(join(directory, 'index.json')).catch((error: unknown) =>
    fail(
      `${path} holds no OCI layout: it has no index.json; docker buildx build writes one with --output type=oci,tar=false,dest=${path}`,
      error,
    ),
  );
  const index = manifestIn(bytes);
  if (index) return index;
  return fail(`the index.json of ${path} is not that of an OCI layout`);
}
