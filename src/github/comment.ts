import { type GithubAccess, openGithub, patiently } from './api.ts';
import { isForbidden, statusOf, wordsOf } from './api-failure.ts';
import type { PullRequest } from './pull-request.ts';

/** A comment that is kept up to date: one for each key and pull request. */
export interface Comment {
  readonly pullRequest: PullRequest;
  /** Tells it from others of ours on the same pull request. */
  readonly key: string;
  readonly markdown: string;
  /** Id of the workflow run; runs that began later have larger ones. */
  readonly run: number;
}

export type Kept =
  /** `stands`: the same text is there, or the one of a run that began later. */
  | { readonly kind: 'created' | 'updated' | 'unchanged' | 'stands'; readonly url: string }
  /** `forbidden` when it is the token that may not write. */
  | { readonly kind: 'refused'; readonly forbidden: boolean; readonly why: string };

/** GitHub takes no more characters in a comment, the hidden line that tells it from others included. */
export const COMMENT_LIMIT = 65_536 - 1_024;

interface Found {
  readonly id: number;
  readonly url: string;
  readonly body: string;
  /** Id of the run that wrote it. */
  readonly run: number;
  readonly author: number | undefined;
}

/**
 * Writes a comment, or brings the one that is there up to date, and removes others of ours with the same key, which
 * two runs may make at the same moment: the one stays that shows what the run says which began last. Comments of others
 * are left alone whatever stands in them.
 *
 * @returns also when GitHub does not let us, since a plan is told without a comment as well
 */
export async function keepComment(comment: Comment, access: GithubAccess): Promise<Kept> {
  const thread = openThread(comment, access);
  try {
    return await patiently(access, () => keep(comment, thread), { lookAnew: true });
  } catch (error) {
    return refusal(error);
  }
}

async function keep({ key, markdown, run }: Comment, thread: Thread): Promise<Kept> {
  const body = `${markerOf(key)} run=${run} -->\n${markdown}`;
  let [newest, ...older] = await thread.ours();
  let made = false;
  if (!newest) {
    const created = await thread.create(body);
    made = true;
    // Another run may have found none either.
    const others = (await thread.ours(created.author)).filter(({ id }) => id !== created.id);
    [newest = created, ...older] = [created, ...others].sort(newestFirst);
  }
  for (const { id } of older) await thread.remove(id);
  const { id, url } = newest;
  if (newest.run > run) return { kind: 'stands', url };
  if (sameText(newest.body, body)) return { kind: made ? 'created' : 'unchanged', url };
  await thread.update(id, body);
  return { kind: 'updated', url };
}

/** The comments of one pull request that are ours and carry one key. */
interface Thread {
  /**
   * Newest first.
   *
   * @param author who we are, where that is known already
   */
  ours(author?: number): Promise<readonly Found[]>;
  create(body: string): Promise<Found>;
  update(id: number, body: string): Promise<void>;
  /** No error when it is gone. */
  remove(id: number): Promise<void>;
}

function openThread({ pullRequest, key }: Comment, access: GithubAccess): Thread {
  const { owner, repository: repo, number } = pullRequest;
  const { request, paginate, graphql } = openGithub(access);
  const comment = { owner, repo };
  const marker = `${markerOf(key)} `;
  let author: number | undefined;
  return {
    async ours(known) {
      author ??= known;
      const all = await paginate('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...comment,
        issue_number: number,
        per_page: 100,
      });
      const marked = all.map(found).filter(({ body }) => body.startsWith(marker));
      if (marked.length === 0) return [];
      if (author === undefined) {
        // REST does not tell an installation's token whose it is.
        const { viewer } = await graphql<{ viewer: { databaseId: number } }>(
          'query { viewer { databaseId } }',
        );
        author = viewer.databaseId;
      }
      return marked.filter((each) => each.author === author).sort(newestFirst);
    },
    async create(body) {
      const { data } = await request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...comment,
        issue_number: number,
        body,
      });
      return found(data);
    },
    async update(id, body) {
      await request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
        ...comment,
        comment_id: id,
        body,
      });
    },
    async remove(id) {
      try {
        await request('DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', {
          ...comment,
          comment_id: id,
        });
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
      }
    },
  };
}

/** Written so that no key can end the HTML comment which it stands in. */
const markerOf = (key: string): string => `<!-- deploy-actions plan ${encodeURIComponent(key)}`;

/** A comment as REST describes it, as far as it is read. */
interface Described {
  readonly id: number | bigint;
  readonly html_url: string;
  readonly body?: string;
  readonly user: { readonly id: number | bigint } | null;
}

const found = ({ id, html_url: url, body = '', user }: Described): Found => ({
  id: Number(id),
  url,
  body,
  run: Number(/^<!-- [^>]* run=(\d+) -->/.exec(body)?.[1] ?? 0),
  author: user ? Number(user.id) : undefined,
});

/** By the run that wrote it, so that all runs agree on the one that stays. */
const newestFirst = (a: Found, b: Found): number => b.run - a.run || b.id - a.id;

/** GitHub gives line ends back in its own way. */
const sameText = (a: string, b: string): boolean => plain(a) === plain(b);
const plain = (text: string): string => text.replaceAll('\r\n', '\n').trim();

function refusal(error: unknown): Kept {
  return { kind: 'refused', forbidden: isForbidden(error), why: wordsOf(error) };
}
