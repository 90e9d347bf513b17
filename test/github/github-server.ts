import { listen } from '../../src/simulator/http.ts';
import { deploymentsApi, type KeptDeployment } from './kept-deployments.ts';
import { describeCommit, issuesApi, type KeptComparison, type KeptIssue } from './kept-issues.ts';

/** Whose a token is, and what it may do to pull requests. */
export interface Holder {
  readonly id: number;
  readonly login: string;
  readonly type: 'Bot' | 'User';
  readonly may: 'write' | 'read' | 'nothing';
}

export interface ChangedFile {
  readonly filename: string;
  readonly status: 'added' | 'modified' | 'removed' | 'renamed';
  readonly changes?: number;
}

export interface KeptComment {
  readonly id: number;
  readonly issue: number;
  readonly author: Holder;
  body: string;
}

/** One request as it came and how it was answered. */
export interface Exchange {
  readonly method: string;
  /** As GitHub's description writes it, such as `/repos/{owner}/{repo}/issues/{issue_number}/comments`. */
  readonly template: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly status: number;
  readonly answer: unknown;
}

export type Fault =
  | { readonly kind: 'outage' | 'cut' | 'lost-answer' }
  | { readonly kind: 'retry-after'; readonly status: 403 | 429; readonly seconds: number }
  | { readonly kind: 'rate-limit'; readonly resetAt: number }
  | { readonly kind: 'locked' };

export interface GithubOptions {
  readonly tokens?: Readonly<Record<string, Holder>>;
  /** What goes wrong, by method, each with the next request of that method. */
  readonly faults?: readonly (readonly [method: string, fault: Fault])[];
  /** Problems of a request or its answer. */
  readonly check?: (exchange: Exchange) => readonly string[];
  /** Of pull request 7, and between any two commits: what has changed. */
  readonly files?: readonly ChangedFile[];
  readonly labels?: readonly string[];
  /** Commits that are not in the repository any more. */
  readonly unknownCommits?: readonly string[];
  /** Between any two commits. */
  readonly comparison?: KeptComparison;
  /** Who may be assigned to issues. */
  readonly people?: readonly string[];
  /** Issues are switched off in the repository. */
  readonly withoutIssues?: boolean;
  /** Something that happens just before a request is dealt with; it is waited for. */
  readonly before?: (method: string, server: GithubServer, path: string) => void | Promise<void>;
}

export const BOT: Holder = { id: 41_898_282, login: 'github-actions[bot]', type: 'Bot', may: 'write' };
export const PERSON: Holder = { id: 583_231, login: 'octocat', type: 'User', may: 'write' };

export interface GithubServer {
  readonly url: string;
  readonly comments: readonly KeptComment[];
  readonly deployments: readonly KeptDeployment[];
  readonly issues: KeptIssue[];
  /** Names of the repository's labels. */
  readonly issueLabels: ReadonlyMap<string, unknown>;
  /** `METHOD path` of each request. */
  readonly calls: readonly string[];
  /** What `check` has found. */
  readonly problems: readonly string[];
  add(author: Holder, body: string, issue?: number): KeptComment;
  close(): Promise<void>;
}

/** The part of GitHub's API that keeps pull requests, with their comments, in memory and on loopback. */
export async function startGithub(options: GithubOptions = {}): Promise<GithubServer> {
  const { tokens = { secret: BOT }, check = () => [], before, files = [], labels = [] } = options;
  const faults = [...(options.faults ?? [])];
  const comments: KeptComment[] = [];
  const deployments: KeptDeployment[] = [];
  const issues: KeptIssue[] = [];
  const issueLabels = new Map<string, { readonly color: string; readonly description: string | null }>();
  const calls: string[] = [];
  const problems: string[] = [];
  let lastId = 1_000;

  const server: GithubServer = {
    get url() {
      return listener.url;
    },
    comments,
    deployments,
    issues,
    issueLabels,
    calls,
    problems,
    add(author, body, issue = 7) {
      const comment = { id: ++lastId, issue, author, body };
      comments.push(comment);
      return comment;
    },
    close: () => listener.close(),
  };

  const described = ({ id, issue, author, body }: KeptComment) => {
    const repository = `${listener.url}/repos/org/web`;
    return {
      id,
      node_id: `IC_${id}`,
      url: `${repository}/issues/comments/${id}`,
      html_url: `https://github.com/org/web/pull/${issue}#issuecomment-${id}`,
      issue_url: `${repository}/issues/${issue}`,
      body,
      user: userOf(author),
      created_at: '2026-01-05T12:00:00Z',
      updated_at: '2026-01-05T12:00:00Z',
      author_association: 'NONE',
    };
  };

  const describedFile = ({ filename, status, changes = 1 }: ChangedFile) => {
    const url = `${listener.url}/repos/org/web/contents/${filename}`;
    return {
      sha: SHA,
      filename,
      status,
      additions: changes,
      deletions: 0,
      changes,
      blob_url: url,
      raw_url: url,
      contents_url: url,
      ...(status === 'renamed' && { previous_filename: `old/${filename}` }),
    };
  };

  /** What is read of it; GitHub says far more. */
  const pullRequest = () => ({
    number: 7,
    labels: labels.map((name, id) => ({
      id,
      node_id: `LA_${id}`,
      url: `${listener.url}/repos/org/web/labels/${encodeURIComponent(name)}`,
      name,
      description: null,
      color: 'ededed',
      default: false,
    })),
  });

  /** All files stand on the first page, and no more than 300 of them; the pages are those of the commits. */
  const comparison = (basehead: string, page: number, size: number): Answer => {
    const { status, commits } = options.comparison ?? { status: 'ahead', commits: [] };
    const url = `${listener.url}/repos/org/web/compare/${basehead}`;
    if (basehead.startsWith('none')) return error(404, 'Not Found');
    const some: object = describeCommit({ sha: SHA, message: 'Begin' }, listener.url, userOf);
    return {
      status: 200,
      body: {
        url,
        html_url: url,
        permalink_url: url,
        diff_url: url,
        patch_url: url,
        base_commit: some,
        merge_base_commit: some,
        status,
        ahead_by: commits.length,
        behind_by: status === 'diverged' || status === 'behind' ? 1 : 0,
        total_commits: commits.length,
        commits: commits
          .slice((page - 1) * size, page * size)
          .map((commit) => describeCommit(commit, listener.url, userOf)),
        ...(page === 1 && { files: files.slice(0, 300).map(describedFile) }),
      },
    };
  };

  const answerDeployments = deploymentsApi(
    deployments,
    () => listener.url,
    userOf,
    error,
    options.unknownCommits ?? [],
  );

  const answerIssues = issuesApi(
    issues,
    issueLabels,
    () => listener.url,
    userOf,
    error,
    options.people ?? ['octocat'],
  );

  /** What the API does, once a token is known to be one. */
  const answer = (call: Call, holder: Holder): Answer => {
    const { method, template, query, parameters, body } = call;
    if (template === '/graphql')
      return { status: 200, body: { data: { viewer: { databaseId: holder.id } } } };
    if (holder.may === 'nothing') return error(404, 'Not Found');
    const ofDeployments = answerDeployments(call, holder);
    if (ofDeployments) return ofDeployments;
    if (options.withoutIssues && template.includes('/issues'))
      return error(410, 'Issues has been disabled in this repository.');
    const ofIssues = answerIssues(call, holder);
    if (ofIssues) return ofIssues;
    if (method === 'GET') {
      const size = Number(query['per_page'] ?? 30);
      const page = Number(query['page'] ?? 1);
      if (template.endsWith('/compare/{basehead}'))
        return comparison(parameters['basehead'] ?? '', page, size);
      const ofPullRequest = parameters['pull_number'];
      if (ofPullRequest !== undefined && ofPullRequest !== '7') return error(404, 'Not Found');
      if (template.endsWith('/pulls/{pull_number}')) return { status: 200, body: pullRequest() };
      const all =
        ofPullRequest === undefined
          ? comments.filter(({ issue }) => issue === Number(parameters['issue_number'])).map(described)
          : files.slice(0, 3_000).map(describedFile);
      const last = Math.max(1, Math.ceil(all.length / size));
      const link = (to: number, rel: string) =>
        `<${listener.url}${call.path}?per_page=${size}&page=${to}>; rel="${rel}"`;
      const links = page < last ? [link(page + 1, 'next'), link(last, 'last')] : [];
      return {
        status: 200,
        body: all.slice((page - 1) * size, page * size),
        headers: links.length > 0 ? { link: links.join(', ') } : {},
      };
    }
    if (holder.may === 'read') return error(403, 'Resource not accessible by integration');
    const text = (body as { body?: unknown } | undefined)?.body;
    if (method !== 'DELETE' && (typeof text !== 'string' || text.length > 65_536)) {
      return error(422, 'Validation Failed: body is too long (maximum is 65536 characters)');
    }
    if (method === 'POST') {
      return {
        status: 201,
        body: described(server.add(holder, String(text), Number(parameters['issue_number']))),
      };
    }
    const index = comments.findIndex(({ id }) => id === Number(parameters['comment_id']));
    const comment = comments[index];
    if (!comment) return error(404, 'Not Found');
    if (method === 'DELETE') {
      comments.splice(index, 1);
      return { status: 204, body: undefined };
    }
    comment.body = String(text);
    return { status: 200, body: described(comment) };
  };

  const listener = await listen(0, async (request) => {
    const url = new URL(request.url, 'http://localhost');
    calls.push(`${request.method} ${url.pathname}`);
    await before?.(request.method, server, url.pathname);
    const at = faults.findIndex(([method]) => method === request.method);
    const [, fault] = at < 0 ? [] : (faults.splice(at, 1)[0] ?? []);
    if (fault?.kind === 'cut') return 'break';
    const call = read(request.method, url, request.body);
    const holder = tokens[/^token (.+)$/.exec(String(request.headers['authorization']))?.[1] ?? ''];
    const reply =
      (fault && failure(fault)) ??
      (!call ? error(404, 'Not Found') : holder ? answer(call, holder) : error(401, 'Bad credentials'));
    if (call) {
      const { headers } = request;
      const exchange = { ...call, headers, status: reply.status, answer: reply.body };
      problems.push(...check(exchange));
    }
    if (fault?.kind === 'lost-answer') return 'break';
    return {
      status: reply.status,
      headers: { 'content-type': 'application/json; charset=utf-8', ...reply.headers },
      body: Buffer.from(reply.body === undefined ? '' : JSON.stringify(reply.body)),
    };
  });
  return server;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly template: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const SHA = '5d41402abc4b2a76b9719d911017c592ae5f1c3d';

const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  '/repos/{owner}/{repo}/pulls/{pull_number}': ['GET'],
  '/repos/{owner}/{repo}/pulls/{pull_number}/files': ['GET'],
  '/repos/{owner}/{repo}/compare/{basehead}': ['GET'],
  '/repos/{owner}/{repo}/deployments': ['GET', 'POST'],
  '/repos/{owner}/{repo}/deployments/{deployment_id}/statuses': ['GET', 'POST'],
  '/graphql': ['POST'],
  '/repos/{owner}/{repo}/issues': ['GET', 'POST'],
  '/repos/{owner}/{repo}/issues/{issue_number}': ['PATCH'],
  '/repos/{owner}/{repo}/labels': ['POST'],
  '/repos/{owner}/{repo}/labels/{name}': ['GET'],
  '/repos/{owner}/{repo}/issues/{issue_number}/comments': ['GET', 'POST'],
  '/repos/{owner}/{repo}/issues/comments/{comment_id}': ['PATCH', 'DELETE'],
};

function read(method: string, url: URL, body: Uint8Array): Call | undefined {
  for (const [template, methods] of Object.entries(TEMPLATES)) {
    const pattern = template.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    const match = new RegExp(`^${pattern}$`).exec(url.pathname);
    if (!match || !methods.includes(method)) continue;
    return {
      method,
      path: url.pathname,
      template,
      parameters: match.groups ?? {},
      query: Object.fromEntries(url.searchParams),
      body: body.length === 0 ? undefined : (JSON.parse(Buffer.from(body).toString()) as unknown),
    };
  }
  return undefined;
}

const error = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
  headers,
});

function failure(fault: Fault): Answer | undefined {
  switch (fault.kind) {
    case 'outage':
      return error(502, 'Server Error');
    case 'retry-after':
      return error(fault.status, 'You have exceeded a secondary rate limit.', {
        'retry-after': String(fault.seconds),
      });
    case 'rate-limit':
      return error(403, 'API rate limit exceeded for installation.', {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(Math.round(fault.resetAt / 1000)),
      });
    case 'locked':
      return error(403, 'Unable to create comment because issue is locked.');
    default:
      return undefined;
  }
}

function userOf({ id, login, type }: Holder) {
  const url = `https://api.github.com/users/${encodeURIComponent(login)}`;
  return {
    login,
    id,
    node_id: `U_${id}`,
    avatar_url: `https://avatars.githubusercontent.com/u/${id}`,
    gravatar_id: '',
    url,
    html_url: `https://github.com/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    site_admin: false,
  };
}
