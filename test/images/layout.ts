import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Descriptor, Manifest } from '../../src/images/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/images/manifest.ts';

export interface ImageContent {
  /** What makes this image another one than the next. */
  readonly text: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Several make an index, with an attestation for each as BuildKit adds it. */
  readonly platforms?: readonly string[];
  /** Bytes of a further layer that is hard to compress. */
  readonly ballast?: number;
}

/** Writes an image in the OCI layout, byte by byte the same for the same content, and gives its digest. */
export function writeLayout(directory: string, content: ImageContent): string {
  const { text, labels = {}, platforms = ['linux/amd64'], ballast = 0 } = content;
  mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
  const put = (mediaType: string, bytes: Buffer): Descriptor => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(directory, 'blobs/sha256', hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (mediaType: string, value: unknown) => put(mediaType, Buffer.from(JSON.stringify(value)));
  const layer = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const image = (platform: string): Descriptor => {
    const [os = 'linux', architecture = 'amd64'] = platform.split('/');
    const config = json('application/vnd.oci.image.config.v1+json', {
      os,
      architecture,
      config: { Labels: labels },
      rootfs: { type: 'layers', diff_ids: [] },
    });
    const layers = [
      put(layer, gzipSync(Buffer.from(`${text} for ${platform}`))),
      ...(ballast > 0 ? [put(layer, noise(text, ballast))] : []),
    ];
    const manifest: Manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers };
    return { ...json(OCI_MANIFEST, manifest), platform: { os, architecture } };
  };
  const attestation = (of: Descriptor): Descriptor => {
    const config = json('application/vnd.oci.image.config.v1+json', { of: of.digest });
    const statement = json('application/vnd.in-toto+json', { subject: of.digest });
    const manifest: Manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [statement] };
    return {
      ...json(OCI_MANIFEST, manifest),
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    };
  };
  const images = platforms.map(image);
  const single = images.length === 1 ? images[0] : undefined;
  const top =
    single ??
    json(OCI_INDEX, {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [...images, ...images.map(attestation)],
    });
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [top] }));
  return top.digest;
}

/** Bytes that look random and are the same each time. */
function noise(seed: string, length: number): Buffer {
  const parts: Buffer[] = [];
  let last = Buffer.from(seed);
  for (let size = 0; size < length; size += last.length) {
    last = createHash('sha512').update(last).digest();
    parts.push(last);
  }
  return Buffer.concat(parts).subarray(0, length);
}
