import type { Commit } from '../images/tags.ts';

/** The commit that the workflow run is for. */
export const commitOf = (env: NodeJS.ProcessEnv): Commit => ({
  sha: env['GITHUB_SHA'] ?? '',
  ref: env['GITHUB_REF'] ?? '',
});
