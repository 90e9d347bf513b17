/** The reusable workflows that users call; the others, such as CI, are this repository's own. */
export const PUBLISHED_WORKFLOWS = ['deploy', 'rollback', 'pr-check', 'promote'] as const;

/** Files at the root of the repository that are at the root of a release, too. */
const ROOT_FILES: readonly string[] = ['action.yml', 'README.md', 'CHANGELOG.md', 'LICENSE'];

const DIRECTORIES: readonly string[] = ['dist', '.github/guides', '.github/policies'];

/**
 * Where a file of the repository is in a release, `undefined` for what is not published. Paths start at the root and
 * have `/` between their parts. Actions stand at the root of a release, because the runner joins
 * `OWNER/REPO/canary@v1` literally.
 */
export function publishedPath(path: string): string | undefined {
  const [, action] = /^actions\/(.+)$/.exec(path) ?? [];
  if (action !== undefined) return action;
  const [, workflow] = /^\.github\/workflows\/(.+)\.yml$/.exec(path) ?? [];
  if (workflow !== undefined) {
    return PUBLISHED_WORKFLOWS.some((name) => name === workflow) ? path : undefined;
  }
  if (ROOT_FILES.includes(path)) return path;
  return DIRECTORIES.some((directory) => path.startsWith(`${directory}/`)) ? path : undefined;
}
