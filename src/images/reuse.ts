import { BUILD_INPUTS, REVISION } from './labels.ts';

/** A tag that is in the repository and can never name another image. */
export interface TakenTag {
  readonly tag: string;
  readonly digest: string;
  /** Of the image's configuration, which is what a Docker engine calls the image. */
  readonly configDigest: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** What would be pushed: a build that has yet to be made, or an image that there is. */
export type Candidate =
  | {
      readonly kind: 'build';
      readonly sha: string;
      /** Digest of what else decides what the build makes. */
      readonly inputs: string;
    }
  /** Digests of the image: of its manifest, its configuration, or both. */
  | { readonly kind: 'image'; readonly digests: readonly string[] };

export type Reuse =
  | { readonly kind: 'push' }
  /** The image is there; `note` tells what could not be made sure of. */
  | { readonly kind: 'reuse'; readonly digest: string; readonly note?: string }
  | { readonly kind: 'conflict'; readonly reasons: readonly string[] };

/**
 * Decides before anything is built whether tags that cannot be moved are in the way: the same content is used again,
 * as in a run that is repeated; other content is a conflict, which a push would only find out after the build.
 */
export function decideReuse(taken: readonly TakenTag[], candidate: Candidate): Reuse {
  const [first] = taken;
  if (!first) return { kind: 'push' };
  const reasons = taken.flatMap((each) => conflictOf(each, candidate) ?? []);
  const other = taken.find(({ digest }) => digest !== first.digest);
  if (reasons.length === 0 && other) {
    reasons.push(
      `${first.tag} and ${other.tag} are different images there (${first.digest}, ${other.digest})`,
    );
  }
  if (reasons.length > 0) return { kind: 'conflict', reasons };
  const unsure = candidate.kind === 'build' && taken.find(({ labels }) => labels[BUILD_INPUTS] === undefined);
  return {
    kind: 'reuse',
    digest: first.digest,
    ...(unsure && {
      note: `${unsure.tag} was built by something else: only its tag says that it is this commit`,
    }),
  };
}

function conflictOf(
  { tag, digest, configDigest, labels }: TakenTag,
  candidate: Candidate,
): string | undefined {
  if (candidate.kind === 'image') {
    const same = candidate.digests.some((each) => each === digest || each === configDigest);
    return same ? undefined : `${tag} is another image there (${digest})`;
  }
  const { sha, inputs } = candidate;
  const revision = labels[REVISION];
  const named = tag.endsWith(sha) && sha !== '';
  if (revision === undefined && !named) {
    return `${tag} is an image there that does not say which commit it was built from (${digest})`;
  }
  if (revision !== undefined && revision !== sha)
    return `${tag} was built from commit ${revision} (${digest})`;
  const built = labels[BUILD_INPUTS];
  return built === undefined || built === inputs
    ? undefined
    : `${tag} was built from the same commit by other inputs of this step (${digest})`;
}
