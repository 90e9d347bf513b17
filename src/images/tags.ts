import parse from 'semver/functions/parse.js';
import type { Problem } from '../errors.ts';
import { isTag } from './reference.ts';

/**
 * A tag that an image gets. `moves`: it is meant to name another image one day, as `1.2` and `latest` do, so it cannot
 * live in a repository whose tags are immutable; `asked`: the user wrote it, it did not follow from something else.
 */
export interface WantedTag {
  readonly tag: string;
  readonly moves: boolean;
  readonly asked: boolean;
}

/** What is built: a commit, and the git reference by which the workflow was started. */
export interface Commit {
  readonly sha: string;
  /** `refs/heads/main`, `refs/tags/v1.2.3`, ... */
  readonly ref: string;
}

export const DEFAULT_TAGS = 'sha\nsemver';

/**
 * Reads a list of tags: `sha` is the commit, `semver` what follows from a git tag such as `v1.2.3` (`1.2.3` and `1.2`;
 * of a pre-release only the first; nothing where the run was not started by such a tag), `latest` and all else
 * themselves.
 *
 * @param lines with their numbers, as `listLines` gives them
 * @param prefix stands before each of them
 */
export function readTags(
  lines: readonly (readonly [number: number, line: string])[],
  commit: Commit,
  prefix: string,
): { readonly tags: readonly WantedTag[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const tags = new Map<string, WantedTag>();
  const add = (name: string, moves: boolean, asked: boolean, line: number) => {
    const tag = `${prefix}${name}`;
    if (isTag(tag)) tags.set(tag, tags.get(tag) ?? { tag, moves, asked });
    else {
      const rule =
        'write one on each line, of up to 128 letters, digits, underscores, dots and hyphens, beginning with no dot or hyphen';
      problems.push({ input: `tags line ${line}`, message: `"${tag}" is not a tag; ${rule}` });
    }
  };
  for (const [number, line] of lines) {
    if (line === 'sha') {
      if (commit.sha !== '') add(commit.sha, false, false, number);
      else
        problems.push({
          input: `tags line ${number}`,
          message: 'sha: the commit is not known, because GITHUB_SHA is not set; name a tag instead',
        });
    } else if (line === 'semver') {
      const version = versionOf(commit.ref);
      if (!version) continue;
      add(version.full, false, false, number);
      if (version.series !== undefined) add(version.series, true, false, number);
    } else add(line, line === 'latest', true, number);
  }
  return { tags: [...tags.values()], problems };
}

/** The version that a git tag such as `v1.2.3` names; `series` (`1.2`) only where it is not a pre-release. */
export function versionOf(ref: string): { readonly full: string; readonly series?: string } | undefined {
  const [, text] = /^refs\/tags\/v?(\d.*)$/.exec(ref) ?? [];
  const version = text === undefined ? null : parse(text);
  if (!version) return undefined;
  // A tag of a registry takes no "+"; build metadata does not count in precedence either.
  const full = version.version;
  return version.prerelease.length > 0 ? { full } : { full, series: `${version.major}.${version.minor}` };
}
