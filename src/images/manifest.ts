/** A piece of content in a registry. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly annotations?: Readonly<Record<string, string>>;
  /** Where the content really is; registries do not keep such layers. */
  readonly urls?: readonly string[];
}

/**
 * A manifest: of one image (`config`, `layers`), or of several (`manifests`).
 * https://github.com/opencontainers/image-spec/blob/main/manifest.md
 */
export interface Manifest {
  readonly schemaVersion: number;
  readonly mediaType?: string;
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

/** A manifest as a registry keeps it: the bytes are what the digest is of, so they are never written anew. */
export interface StoredManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly content: Manifest;
}

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** Every kind of manifest that images have today. */
export const MANIFEST_TYPES: readonly string[] = [
  OCI_INDEX,
  OCI_MANIFEST,
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** Whether a digest names another manifest, not a blob. */
export const isManifestType = (mediaType: string): boolean => MANIFEST_TYPES.includes(mediaType);

/** The manifests of real platforms in an index: what BuildKit adds to attest them has the platform "unknown". */
export const platformsOf = ({ manifests = [] }: Manifest): readonly Descriptor[] =>
  manifests.filter(
    ({ platform, annotations }) =>
      platform?.os !== 'unknown' && annotations?.['vnd.docker.reference.type'] !== 'attestation-manifest',
  );

/** The blobs of one image: its configuration and the layers that registries keep. */
export const blobsOf = ({ config, layers = [] }: Manifest): readonly Descriptor[] => [
  ...(config ? [config] : []),
  ...layers.filter(({ urls }) => urls === undefined || urls.length === 0),
];
