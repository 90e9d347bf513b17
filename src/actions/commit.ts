import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Commit } from '../images/tags.ts';

/** The commit that the workflow run is for. */
export const commitOf = (env: NodeJS.ProcessEnv): Commit => ({
  sha: env['GITHUB_SHA'] ?? '',
  ref: env['GITHUB_REF'] ?? '',
});

/**
 * Finds the commit that a directory holds: what is built from it is of that commit, whatever the run was started for.
 * A directory that is no checkout is taken to hold the run's own; one of another commit has no git reference.
 *
 * @param tell hears of each checkout that is not the run's commit, once
 */
export function checkouts(
  env: NodeJS.ProcessEnv,
  workspace: string,
  tell: (message: string) => void,
): (directory: string) => Promise<Commit> {
  const run = commitOf(env);
  const told = new Set<string>();
  return async (directory) => {
    const head = await git(resolve(workspace, directory), 'rev-parse', '--verify', 'HEAD');
    if (head === undefined || head === run.sha) return run;
    if (!told.has(head) && run.sha !== '') {
      tell(
        `The checkout is commit ${head}, while the run was started for ${run.sha}: tags and labels are those of the checkout, and semver gives nothing.`,
      );
    }
    told.add(head);
    return { sha: head, ref: '' };
  };
}

/** When a commit was made, as ISO 8601. */
export const committedAt = (sha: string, directory: string): Promise<string | undefined> =>
  sha === '' ? Promise.resolve(undefined) : git(directory, 'show', '--no-patch', '--format=%cI', sha);

/** The workspace belongs to another user where the job runs in a container; nothing in it is executed by this. */
const git = (directory: string, ...args: readonly string[]): Promise<string | undefined> =>
  promisify(execFile)('git', ['-c', 'safe.directory=*', ...args], { cwd: directory }).then(
    ({ stdout }) => stdout.trim() || undefined,
    () => undefined,
  );
