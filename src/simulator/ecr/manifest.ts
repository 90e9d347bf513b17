/** What a manifest names besides itself, as OCI and Docker write it. */
interface Descriptor {
  readonly mediaType?: string;
  readonly digest?: string;
  readonly size?: number;
}

interface Manifest {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
  readonly subject?: Descriptor;
}

const INDEXES: readonly string[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

const IMAGE_CONFIGS: readonly string[] = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];

/** What the simulated ECR needs to know of a manifest. */
export interface ManifestFacts {
  /** The manifest's own word on its media type. */
  readonly mediaType?: string;
  /** Of the config, or the artifact type where there is one. */
  readonly artifactMediaType?: string;
  readonly subject?: string;
  /** An image that runs, an index of several, or something else such as an attestation. */
  readonly kind: 'image' | 'index' | 'artifact';
  /** Bytes of config and layers. */
  readonly size: number;
  /** The digests of an index. */
  readonly manifests: readonly string[];
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Whether the text is a manifest of schema 2: of an image, an index or an artifact. */
export function isManifest(text: string): boolean {
  const manifest = parsed(text);
  if (typeof manifest !== 'object' || manifest === null) return false;
  return 'manifests' in manifest ? Array.isArray(manifest.manifests) : 'config' in manifest;
}

const digests = (descriptors: readonly (Descriptor | undefined)[]): string[] =>
  descriptors.flatMap((descriptor) => descriptor?.digest ?? []);

/** The digests that have to exist before the manifest does: `isManifest` has to hold. */
export function referencesOf(text: string): { readonly blobs: string[]; readonly manifests: string[] } {
  const { config, layers = [], manifests = [] } = JSON.parse(text) as Manifest;
  return { blobs: digests([config, ...layers]), manifests: digests(manifests) };
}

/** @param mediaType what it was pushed as */
export function factsOf(text: string, mediaType: string): ManifestFacts {
  const manifest = JSON.parse(text) as Manifest;
  const { config, layers = [], artifactType, subject } = manifest;
  const isIndex = manifest.manifests !== undefined || INDEXES.includes(mediaType);
  const isImage =
    IMAGE_CONFIGS.includes(config?.mediaType ?? '') &&
    !layers.some((layer) => layer.mediaType?.startsWith('application/vnd.in-toto'));
  const artifact = artifactType ?? config?.mediaType;
  return {
    kind: isIndex ? 'index' : isImage ? 'image' : 'artifact',
    size: [config, ...layers].reduce((sum, part) => sum + (part?.size ?? 0), 0),
    manifests: digests(manifest.manifests ?? []),
    ...(manifest.mediaType === undefined ? {} : { mediaType: manifest.mediaType }),
    ...(artifact === undefined ? {} : { artifactMediaType: artifact }),
    ...(subject?.digest === undefined ? {} : { subject: subject.digest }),
  };
}
