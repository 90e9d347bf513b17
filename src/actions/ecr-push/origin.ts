import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Origin } from '../../images/labels.ts';
import { commitOf } from '../commit.ts';

/** What the runner and the checkout know of the commit that is built. */
export async function originOf(env: NodeJS.ProcessEnv, workspace: string): Promise<Origin> {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = env;
  const commit = commitOf(env);
  return {
    ...commit,
    source: server && repository ? `${server}/${repository}` : '',
    committedAt: commit.sha === '' ? undefined : await committedAt(commit.sha, workspace),
  };
}

/** Without git, a checkout or the commit in it, the label is left out: it is no reason to fail. */
const committedAt = (sha: string, workspace: string): Promise<string | undefined> =>
  promisify(execFile)('git', ['show', '--no-patch', '--format=%cI', sha], { cwd: workspace }).then(
    ({ stdout }) => stdout.trim() || undefined,
    () => undefined,
  );
