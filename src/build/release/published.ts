/** The reusable workflows that users call; the others, such as CI, are this repository's own. */
export const PUBLISHED_WORKFLOWS = ['deploy', 'rollback', 'pr-check', 'promote', 'incident'] as const;

export type PublishedWorkflow = (typeof PUBLISHED_WORKFLOWS)[number];

/** Files at the root of the repository that are at the root of a release, too. */
const ROOT_FILES: readonly string[] = ['action.yml', 'README.md', 'LICENSE'];

/** Beside an action: who reads it has the sources, and jobs have less to download. */
const FOR_READERS = /\.md$|\/policy\.json$/;

/**
 * Where a file of the repository is in a release, `undefined` for what is not published. Paths start at the root and
 * have `/` between their parts. Actions stand at the root of a release, because the runner joins
 * `OWNER/REPO/canary@v1` literally. Every job downloads the whole of it, so only what jobs need is in it, and what says
 * what it is.
 */
export function publishedPath(path: string): string | undefined {
  const [, action] = /^actions\/(.+)$/.exec(path) ?? [];
  if (action !== undefined) return FOR_READERS.test(action) ? undefined : action;
  const [, workflow] = /^\.github\/workflows\/(.+)\.yml$/.exec(path) ?? [];
  if (workflow !== undefined) {
    return PUBLISHED_WORKFLOWS.some((name) => name === workflow) ? path : undefined;
  }
  return ROOT_FILES.includes(path) || path.startsWith('dist/') ? path : undefined;
}
