import type { EncryptionConfiguration, FindingSeverity, ImageTagMutability } from '@aws-sdk/client-ecr';
import type { ManifestFacts } from './manifest.ts';

/**
 * How a repository's images are scanned:
 * - `on-push`: a basic scan after each push
 * - `manual`: a basic scan when StartImageScan asks for it
 * - `enhanced`: by Amazon Inspector, after each push and from then on
 * - `never`: a scan is due after each push, and stays so
 * - `failing`: a basic scan after each push that fails
 */
export type Scanning = 'on-push' | 'manual' | 'enhanced' | 'never' | 'failing';

/** Something that scans find. */
export interface ScenarioFinding {
  /** Such as `CVE-2026-1234`. */
  readonly name: string;
  readonly severity: FindingSeverity;
  readonly package: string;
  readonly version: string;
  /** The version that is no longer vulnerable; enhanced scans tell it. */
  readonly fixedIn?: string;
  readonly uri?: string;
  readonly description?: string;
  /** Only in images with such a tag: a pattern with `*`. */
  readonly tag?: string;
}

/** A repository to begin with. */
export interface ScenarioRepository {
  /** The key it has in the scenario if not given: two registries may have repositories of one name. */
  readonly name?: string;
  /** Digests by tag, of images that have no content: they can be described, not pulled. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
  /** `manual` if not given. */
  readonly scanning?: Scanning;
  /** Milliseconds from a push, or from StartImageScan, to the findings. */
  readonly scanTime?: number;
  /** Milliseconds from a push to the end of enhanced scanning; it does not end if not given. */
  readonly scannedFor?: number;
  readonly findings?: readonly ScenarioFinding[];
  /** The simulator's own region and account if not given. */
  readonly region?: string;
  readonly account?: string;
}

/** Repositories by name: digests by tag, or the repository in full. */
export type ScenarioRepositories = Readonly<
  Record<string, Readonly<Record<string, string>> | ScenarioRepository>
>;

export const isDigest = (value: unknown): value is string =>
  typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);

/** Whether a scenario's repository is digests by tag alone. */
export const isTagMap = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null && Object.values(value).every(isDigest);

/** An image in a repository: what ECR knows of it besides its content. */
export interface StoredImage {
  readonly digest: string;
  readonly pushedAt: number;
  readonly mediaType?: string;
  /** Unknown of images that only a scenario names. */
  readonly facts?: ManifestFacts;
  /** When its last scan was asked for. */
  scanAskedAt?: number;
}

/** A repository; times in ms since the epoch. */
export interface Repository {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly mutability: ImageTagMutability;
  /** Tags that are exempt from `mutability`, as patterns with `*`. */
  readonly exclusions: readonly string[];
  readonly scanning: Scanning;
  readonly scanTime: number;
  readonly scannedFor: number;
  readonly findings: readonly ScenarioFinding[];
  readonly encryption: EncryptionConfiguration;
  readonly resourceTags: Map<string, string>;
  /** By digest, the oldest first. */
  readonly images: Map<string, StoredImage>;
  /** Digests by tag. */
  readonly tags: Map<string, string>;
  lifecyclePolicy: string | undefined;
  /** Ends when the pushes so far have ended: pushes take turns, as two of one immutable tag cannot both succeed. */
  turn: Promise<unknown>;
}

/** Whether a text fits a pattern with `*`. */
export function fits(pattern: string, text: string): boolean {
  const literal = (part: string): string => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&');
  return new RegExp(`^${pattern.split('*').map(literal).join('.*')}$`, 's').test(text);
}

/** The tags that point to an image, in the order in which they were first pushed. */
export const tagsOf = ({ tags }: Repository, digest: string): string[] =>
  [...tags].filter(([, of]) => of === digest).map(([tag]) => tag);

/** Whether a tag that exists may not be pushed again. */
export function isImmutable({ mutability, exclusions }: Repository, tag: string): boolean {
  const excluded = exclusions.some((pattern) => fits(pattern, tag));
  switch (mutability) {
    case 'IMMUTABLE':
      return true;
    case 'IMMUTABLE_WITH_EXCLUSION':
      return !excluded;
    case 'MUTABLE_WITH_EXCLUSION':
      return excluded;
    default:
      return false;
  }
}
