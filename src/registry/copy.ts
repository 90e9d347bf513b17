import { blobsOf, isManifestType, type StoredManifest } from '../images/manifest.ts';
import { inParallel } from './in-parallel.ts';
import type { ImageSource, RemoteRepository } from './registry.ts';
import { RegistryError } from './registry-error.ts';

/** What a copy had to do. */
export interface Copied {
  /** Blobs that were sent, and how many bytes. */
  readonly blobs: number;
  readonly bytes: number;
}

/** Uploads at a time; more of them only share one line. */
const UPLOADS = 4;

/**
 * Puts an image, of one platform or of several, into a repository by its digest: the very bytes, so the digest stays.
 * What is there already is not sent again. No tag is touched.
 *
 * @param from the source's repository, where it is one of the same registry
 */
export async function copyImage(
  source: ImageSource,
  image: StoredManifest,
  target: RemoteRepository,
  from?: string,
): Promise<Copied> {
  if ((await target.digestOf(image.digest)) !== undefined) return { blobs: 0, bytes: 0 };
  const { manifests = [] } = image.content;
  const children: Copied[] = [];
  for (const child of manifests.filter(({ mediaType }) => isManifestType(mediaType))) {
    const manifest = await source.manifest(child.digest);
    if (!manifest)
      throw new RegistryError(`the image ${image.digest} lacks its part ${child.digest}`, { final: true });
    children.push(await copyImage(source, manifest, target, from));
  }
  let [blobs, bytes] = [0, 0];
  // An image may name a layer twice, such as an empty one.
  const parts = new Map(blobsOf(image.content).map((blob) => [blob.digest, blob]));
  await inParallel([...parts.values()], UPLOADS, async (blob) => {
    if (await target.has(blob)) return;
    const how = await target.upload(blob, () => source.open(blob), from);
    if (how === 'mounted') return;
    blobs++;
    bytes += blob.size;
  });
  await target.putManifest(image.digest, image);
  return children.reduce((sum, each) => ({ blobs: sum.blobs + each.blobs, bytes: sum.bytes + each.bytes }), {
    blobs,
    bytes,
  });
}
