import { repositoryUrl } from '../../github/run-identity.ts';
import type { Origin } from '../../images/labels.ts';
import type { Commit } from '../../images/tags.ts';
import { committedAt } from '../commit.ts';

/** What the runner and the checkout know of the commit that is built. */
export async function originOf(commit: Commit, env: NodeJS.ProcessEnv, workspace: string): Promise<Origin> {
  return {
    ...commit,
    source: repositoryUrl(env) ?? '',
    // Without git, a checkout or the commit in it, the label is left out: it is no reason to fail.
    committedAt: await committedAt(commit.sha, workspace),
  };
}
