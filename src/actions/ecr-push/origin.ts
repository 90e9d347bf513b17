import type { Origin } from '../../images/labels.ts';
import type { Commit } from '../../images/tags.ts';
import { committedAt } from '../commit.ts';

/** What the runner and the checkout know of the commit that is built. */
export async function originOf(commit: Commit, env: NodeJS.ProcessEnv, workspace: string): Promise<Origin> {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = env;
  return {
    ...commit,
    source: server && repository ? `${server}/${repository}` : '',
    // Without git, a checkout or the commit in it, the label is left out: it is no reason to fail.
    committedAt: await committedAt(commit.sha, workspace),
  };
}
