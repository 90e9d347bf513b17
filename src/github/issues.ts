import { type GithubAccess, openGithub } from './api.ts';
import { statusOf } from './api-failure.ts';

export interface Repository {
  readonly owner: string;
  readonly repository: string;
}

export interface Issue {
  readonly number: number;
  readonly url: string;
  readonly body: string;
  readonly author: number | undefined;
  readonly labels: readonly string[];
}

export interface IssueComment {
  readonly id: number;
  readonly url: string;
  readonly body: string;
  readonly author: number | undefined;
}

export interface NewIssue {
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  readonly assignees: readonly string[];
}

/** The issues of a repository. Errors are those of Octokit. https://docs.github.com/rest/issues */
export interface Issues {
  /** Who writes: its id. */
  me(): Promise<number>;
  /** Those that are open and carry the label, without pull requests, which GitHub takes for issues as well. */
  open(label: string): Promise<readonly Issue[]>;
  create(issue: NewIssue): Promise<Issue>;
  edit(number: number, body: string): Promise<void>;
  close(number: number, reason: 'completed' | 'duplicate'): Promise<void>;
  comments(number: number): Promise<readonly IssueComment[]>;
  comment(number: number, body: string): Promise<IssueComment>;
  editComment(id: number, body: string): Promise<void>;
  /** No error when there is one of that name. */
  makeLabel(label: {
    readonly name: string;
    readonly color: string;
    readonly description: string;
  }): Promise<void>;
}

export function openIssues({ owner, repository: repo }: Repository, access: GithubAccess): Issues {
  const { request, paginate, graphql } = openGithub(access);
  const place = { owner, repo };
  let author: number | undefined;
  return {
    async me() {
      if (author === undefined) {
        // REST does not tell an installation's token whose it is.
        const { viewer } = await graphql<{ viewer: { databaseId: number } }>(
          'query { viewer { databaseId } }',
        );
        author = viewer.databaseId;
      }
      return author;
    },
    async open(label) {
      const all = await paginate('GET /repos/{owner}/{repo}/issues', {
        ...place,
        labels: label,
        state: 'open',
        per_page: 100,
      });
      return all.filter(({ pull_request: request }) => request === undefined).map(issueOf);
    },
    async create({ title, body, labels, assignees }) {
      const { data } = await request('POST /repos/{owner}/{repo}/issues', {
        ...place,
        title,
        body,
        labels: [...labels],
        assignees: [...assignees],
      });
      author ??= data.user ? Number(data.user.id) : undefined;
      return issueOf(data);
    },
    async edit(issue_number, body) {
      await request('PATCH /repos/{owner}/{repo}/issues/{issue_number}', { ...place, issue_number, body });
    },
    async close(issue_number, state_reason) {
      await request('PATCH /repos/{owner}/{repo}/issues/{issue_number}', {
        ...place,
        issue_number,
        state: 'closed',
        state_reason,
      });
    },
    async comments(issue_number) {
      const all = await paginate('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...place,
        issue_number,
        per_page: 100,
      });
      return all.map(commentOf);
    },
    async comment(issue_number, body) {
      const { data } = await request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...place,
        issue_number,
        body,
      });
      return commentOf(data);
    },
    async editComment(comment_id, body) {
      await request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
        ...place,
        comment_id,
        body,
      });
    },
    async makeLabel({ name, color, description }) {
      try {
        await request('GET /repos/{owner}/{repo}/labels/{name}', { ...place, name });
      } catch (missing) {
        if (statusOf(missing) !== 404) throw missing;
        try {
          await request('POST /repos/{owner}/{repo}/labels', { ...place, name, color, description });
        } catch (error) {
          // Somebody else was quicker.
          if (statusOf(error) !== 422) throw error;
        }
      }
    },
  };
}

/** As far as it is read. */
interface Described {
  readonly html_url: string;
  readonly body?: string | null;
  readonly user: { readonly id: number | bigint } | null;
}

interface DescribedIssue extends Described {
  readonly number: number;
  readonly labels: readonly (string | { readonly name?: string })[];
}

const issueOf = ({ number, html_url: url, body, user, labels }: DescribedIssue): Issue => ({
  number,
  url,
  body: body ?? '',
  author: user ? Number(user.id) : undefined,
  labels: labels.map((label) => (typeof label === 'string' ? label : (label.name ?? ''))),
});

const commentOf = ({
  id,
  html_url: url,
  body,
  user,
}: Described & { readonly id: number | bigint }): IssueComment => ({
  id: Number(id),
  url,
  body: body ?? '',
  author: user ? Number(user.id) : undefined,
});
