import type { Commit, Commits } from '../incidents/incident.ts';
import { type GithubAccess, openGithub, patiently } from './api.ts';
import { statusOf } from './api-failure.ts';
import type { Repository } from './issues.ts';

const PAGE = 100;

/**
 * What lies between two commits, the newest first. Needs the permission `contents: read`.
 *
 * @param base a commit, tag or branch
 * @param from how the base is known, in words
 * @param most how many of them are told
 * @returns undefined when GitHub knows one of them not, or not any more
 */
export async function commitsBetween(
  { owner, repository: repo }: Repository,
  { base, head, from }: { readonly base: string; readonly head: string; readonly from: string },
  most: number,
  access: GithubAccess,
): Promise<Commits | undefined> {
  const { request } = openGithub(access);
  const basehead = `${base}...${head}`;
  const ask = (page: number) =>
    patiently(access, () =>
      request('GET /repos/{owner}/{repo}/compare/{basehead}', {
        owner,
        repo,
        basehead,
        per_page: PAGE,
        page,
      }),
    );
  try {
    const { data } = await ask(1);
    const { status, total_commits: total, html_url: url } = data;
    let commits: readonly Described[] = data.commits;
    // They come oldest first.
    const last = Math.ceil(total / PAGE);
    if (last > 1) {
      const pages = last > 2 && total % PAGE !== 0 && total % PAGE < most ? [last - 1, last] : [last];
      const answers = await Promise.all(pages.map(ask));
      commits = [...commits, ...answers.flatMap((answer): readonly Described[] => answer.data.commits)];
    }
    return {
      base,
      head,
      from,
      relation: status,
      total,
      url,
      newest: commits.slice(-most).map(commitOf).toReversed(),
    };
  } catch (error) {
    if (statusOf(error) === 404 || statusOf(error) === 422) return undefined;
    throw error;
  }
}

/** As far as it is read. */
interface Described {
  readonly sha: string;
  readonly commit: { readonly message: string; readonly author: { readonly name?: string } | null };
  readonly author: { readonly login?: string } | object | null;
}

function commitOf({ sha, commit, author }: Described): Commit {
  const [first = '', ...rest] = commit.message.split('\n').filter((line) => line.trim() !== '');
  const [, squashed, merged] = /\(#(\d+)\)$|^Merge pull request #(\d+) /.exec(first) ?? [];
  // GitHub writes the title of a pull request below the line about its merge.
  const subject = merged === undefined ? first : (rest[0] ?? first);
  const number = squashed ?? merged;
  const login = author && 'login' in author ? author.login : undefined;
  return {
    sha,
    subject: squashed === undefined ? subject : subject.slice(0, -`(#${squashed})`.length).trim(),
    author: login ?? commit.author?.name ?? 'nobody',
    pullRequest: number === undefined ? undefined : Number(number),
  };
}
