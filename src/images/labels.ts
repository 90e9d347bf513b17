import type { Commit } from './tags.ts';
import { versionOf } from './tags.ts';

/** The commit an image was built from. */
export const REVISION = 'org.opencontainers.image.revision';
/** A digest over everything but the commit that decides what a build makes: two builds that share both are the same. */
export const BUILD_INPUTS = 'deploy-actions.build-inputs';

/** What is known of the origin of an image. */
export interface Origin extends Commit {
  /** `https://github.com/org/shop`, or empty. */
  readonly source: string;
  /** When the commit was made, as ISO 8601; a build's own time would make every image another one. */
  readonly committedAt: string | undefined;
}

/**
 * The labels by which an image says where it comes from.
 * https://github.com/opencontainers/image-spec/blob/main/annotations.md#pre-defined-annotation-keys
 */
export function originLabels(origin: Origin, title: string): ReadonlyMap<string, string> {
  const { sha, ref, source, committedAt } = origin;
  const version = versionOf(ref)?.full ?? ref.replace(/^refs\/(heads|tags|pull)\//, '');
  const known: readonly (readonly [string, string | undefined])[] = [
    ['org.opencontainers.image.title', title],
    ['org.opencontainers.image.created', committedAt],
    [REVISION, sha],
    ['org.opencontainers.image.version', version],
    ['org.opencontainers.image.source', source],
    ['org.opencontainers.image.url', source],
  ];
  return new Map(known.flatMap(([name, value]): [string, string][] => (value ? [[name, value]] : [])));
}
