import { type GithubAccess, openGithub, patiently } from './api.ts';
import type { PullRequest, Range } from './pull-request.ts';

/** Files as they are after a change; those that are gone are not among them. */
export interface ChangedFiles {
  readonly paths: readonly string[];
  /** Whether GitHub has not told all of them. */
  readonly cut: boolean;
}

/** GitHub's word on one file of a comparison. */
interface Described {
  readonly filename: string;
  readonly status?: string;
  readonly changes?: number;
}

/** It lists no more than that. https://docs.github.com/rest/pulls/pulls#list-pull-requests-files */
const MOST_OF_PULL_REQUEST = 3_000;
/** https://docs.github.com/rest/commits/commits#compare-two-commits */
const MOST_OF_COMPARISON = 300;

/** What a pull request adds or changes. Needs the permission `pull-requests: read`. */
export async function filesOfPullRequest(
  pullRequest: PullRequest,
  access: GithubAccess,
): Promise<ChangedFiles> {
  const { owner, repository: repo, number: pull_number } = pullRequest;
  const { paginate } = openGithub(access);
  const files = await patiently(access, () =>
    paginate('GET /repos/{owner}/{repo}/pulls/{pull_number}/files', {
      owner,
      repo,
      pull_number,
      per_page: 100,
    }),
  );
  return { paths: added(files), cut: files.length >= MOST_OF_PULL_REQUEST };
}

/** What lies between two commits. Needs the permission `contents: read`. */
export async function filesBetween(
  { owner, repository: repo, base, head }: Range,
  access: GithubAccess,
): Promise<ChangedFiles> {
  const { request } = openGithub(access);
  const { data } = await patiently(access, () =>
    // Pages are those of the commits: the files all stand on the first one.
    request('GET /repos/{owner}/{repo}/compare/{basehead}', {
      owner,
      repo,
      basehead: `${base}...${head}`,
      per_page: 1,
    }),
  );
  const files = data.files ?? [];
  return { paths: added(files), cut: files.length >= MOST_OF_COMPARISON };
}

/** The names of a pull request's labels as they are now. */
export async function labelsOf(pullRequest: PullRequest, access: GithubAccess): Promise<readonly string[]> {
  const { owner, repository: repo, number: pull_number } = pullRequest;
  const { request } = openGithub(access);
  const { data } = await patiently(access, () =>
    request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { owner, repo, pull_number }),
  );
  return data.labels.map(({ name }) => name);
}

/** A file that only has another name adds nothing. */
const added = (files: readonly Described[]): readonly string[] =>
  files
    .filter(
      ({ status, changes }) =>
        status !== 'removed' && status !== 'unchanged' && !(status === 'renamed' && changes === 0),
    )
    .map(({ filename }) => filename);
