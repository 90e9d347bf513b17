import { createHash } from 'node:crypto';
import { ConfigError, DeployError } from '../../errors.ts';
import type { Git, RemoteTag } from './git.ts';
import { compareVersions } from './order.ts';
import { assetName, type Prepared } from './prepare.ts';
import type { Release, Releases } from './releases.ts';
import { isPrerelease, isVersion, movableTag } from './version.ts';

/** What a release is published with. */
export interface Publishing {
  readonly git: Git;
  readonly releases: Releases;
  /** The content of the file that the release carries. */
  readonly asset: Buffer;
  readonly say: (line: string) => void;
}

/** What is to be done with the tag that follows the releases. */
type Move =
  | { readonly kind: 'none' }
  | { readonly kind: 'stays'; readonly tag: string; readonly at: string }
  | { readonly kind: 'done'; readonly tag: string }
  | { readonly kind: 'moves'; readonly tag: string; readonly from: string | undefined };

/** What is there of a release. */
interface Standing {
  readonly tags: ReadonlyMap<string, RemoteTag>;
  readonly move: Move;
  readonly found: Release | undefined;
}

/**
 * Looks what is there of a release.
 *
 * @throws ConfigError when there is nothing left to do: the version is out
 */
export async function lookAhead(
  version: string,
  { git, releases }: Pick<Publishing, 'git' | 'releases'>,
): Promise<Standing> {
  const tags = git.remoteTags();
  const move = moveOf(version, tags);
  const found = await releases.find(version);
  if (found && !found.draft && move.kind !== 'moves') {
    throw new ConfigError({
      input: 'version',
      message: `${version} is released, ${found.url}; a release is never changed, name the next version`,
    });
  }
  return { tags, move, found };
}

/**
 * Publishes a release: its tag, a draft, the draft's file, the release, and then the tag that follows releases. What is
 * there of it already is left as it is, so that a run that broke off is brought to its end by running it again.
 *
 * @returns the address of the release
 * @throws ConfigError when there is nothing left to do: the version is out
 */
export async function publish(
  { version, commit, text }: Prepared,
  { git, releases, asset, say }: Publishing,
): Promise<string> {
  const { tags, move, found } = await lookAhead(version, { git, releases });
  if (!tags.has(version)) {
    git.push(version, commit, undefined);
    say(`The tag ${version} is on ${commit}`);
  }
  let release = found;
  if (!release) {
    release = await releases.draft({ version, commit, text, prerelease: isPrerelease(version) });
    say('The draft is there');
  }
  if (release.draft) {
    const name = assetName(version);
    const digest = `sha256:${createHash('sha256').update(asset).digest('hex')}`;
    // Once it is published, nothing can be added.
    if (!release.assets.some((there) => there.name === name && there.digest === digest)) {
      await releases.upload(release, name, asset);
      say(`The draft has ${name}`);
    }
    release = await releases.publish(release, move.kind === 'moves' || move.kind === 'done');
    say(`${version} is released: ${release.url}`);
  }
  if (!release.immutable) {
    throw new DeployError(`${version} is released, but its tag and its file can still be changed`, {
      state: move.kind === 'moves' ? `${move.tag} was not moved to it.` : '',
      next: 'Switch on "Enable release immutability" in the settings of the repository, delete the release, and run this again.',
    });
  }
  if (move.kind === 'moves') {
    git.push(move.tag, commit, move.from);
    say(`${move.tag} is ${version}`);
  }
  if (move.kind === 'stays') say(`${move.tag} stays at ${move.at}, which is later`);
  return release.url;
}

/** The tag that follows releases goes forward only, and never away from what is no release. */
function moveOf(version: string, tags: ReadonlyMap<string, RemoteTag>): Move {
  const tag = movableTag(version);
  if (tag === undefined) return { kind: 'none' };
  const there = tags.get(tag);
  if (!there) return { kind: 'moves', tag, from: undefined };
  const at = [...tags]
    .filter(([name, { commit }]) => isVersion(name) && commit === there.commit)
    .map(([name]) => name)
    .toSorted(compareVersions)
    .at(-1);
  if (at === undefined) {
    throw new DeployError(`${tag} is on ${there.commit}, which is no release`, {
      state: 'Nothing was changed.',
      next: `Find out who put it there, and set ${tag} to the newest release of its kind.`,
    });
  }
  const order = compareVersions(at, version);
  if (order === 0) return { kind: 'done', tag };
  return order > 0 ? { kind: 'stays', tag, at } : { kind: 'moves', tag, from: there.object };
}
