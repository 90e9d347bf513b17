import type { Answer, Call, Holder } from './github-server.ts';

/** An issue as GitHub keeps it; its comments are kept with those of pull requests. */
export interface KeptIssue {
  readonly number: number;
  readonly author: Holder;
  readonly title: string;
  readonly assignees: readonly string[];
  readonly labels: string[];
  /** GitHub lists pull requests among the issues. */
  readonly pullRequest?: true;
  body: string;
  state: 'open' | 'closed';
  reason: string | null;
}

export interface KeptCommit {
  readonly sha: string;
  readonly message: string;
  readonly login?: string;
}

/** What GitHub says of two commits. */
export interface KeptComparison {
  readonly status: 'ahead' | 'behind' | 'diverged' | 'identical';
  /** Oldest first. */
  readonly commits: readonly KeptCommit[];
}

const TEMPLATE = '/repos/{owner}/{repo}/issues';
const TIME = '2026-01-05T12:00:00Z';

/** A commit as a comparison has it. */
export function describeCommit(
  { sha, message, login }: KeptCommit,
  base: string,
  userOf: (holder: Holder) => object,
): object {
  const url = `${base}/repos/org/web/commits/${sha}`;
  const person = { name: login ?? 'A Person', email: 'person@example.com', date: TIME };
  return {
    sha,
    node_id: `C_${sha}`,
    url,
    html_url: `https://github.com/org/web/commit/${sha}`,
    comments_url: `${url}/comments`,
    commit: {
      url,
      author: person,
      committer: person,
      message,
      comment_count: 0,
      tree: { sha, url: `${base}/repos/org/web/git/trees/${sha}` },
    },
    // As GitHub writes a person who has no account.
    author: login === undefined ? {} : userOf({ id: 7, login, type: 'User', may: 'read' }),
    committer: {},
    parents: [],
  };
}

/** What GitHub's API does with issues and labels: https://docs.github.com/rest/issues */
export function issuesApi(
  kept: KeptIssue[],
  labels: Map<string, { readonly color: string; readonly description: string | null }>,
  base: () => string,
  describeUser: (holder: Holder) => object,
  error: (status: number, message: string) => Answer,
  people: readonly string[],
) {
  const repository = () => `${base()}/repos/org/web`;
  const describedLabel = (name: string, id: number) => ({
    id,
    node_id: `LA_${id}`,
    url: `${repository()}/labels/${encodeURIComponent(name)}`,
    name,
    description: labels.get(name)?.description ?? null,
    color: labels.get(name)?.color ?? 'ededed',
    default: false,
  });
  const described = (issue: KeptIssue) => {
    const url = `${repository()}/issues/${issue.number}`;
    const page = `https://github.com/org/web/${issue.pullRequest ? 'pull' : 'issues'}/${issue.number}`;
    const people = issue.assignees.map((login, id) =>
      describeUser({ id, login, type: 'User', may: 'write' }),
    );
    return {
      id: 9_000 + issue.number,
      node_id: `I_${issue.number}`,
      url,
      repository_url: repository(),
      labels_url: `${url}/labels{/name}`,
      comments_url: `${url}/comments`,
      events_url: `${url}/events`,
      html_url: page,
      number: issue.number,
      state: issue.state,
      // GitHub's description has no null among the reasons.
      ...(issue.reason !== null && { state_reason: issue.reason }),
      title: issue.title,
      body: issue.body,
      user: describeUser(issue.author),
      labels: issue.labels.map(describedLabel),
      assignee: people[0] ?? null,
      assignees: people,
      milestone: null,
      locked: false,
      comments: 0,
      closed_at: issue.state === 'closed' ? TIME : null,
      created_at: TIME,
      updated_at: TIME,
      author_association: 'NONE',
      ...(issue.pullRequest && {
        pull_request: { url, html_url: page, diff_url: `${page}.diff`, patch_url: `${page}.patch` },
      }),
    };
  };

  const create = (given: Record<string, unknown>, author: Holder): Answer => {
    const { title, body = '', labels: wanted = [], assignees = [] } = given;
    if (typeof title !== 'string' || title === '' || title.length > 256)
      return error(422, 'Validation Failed: title');
    if (String(body).length > 65_536)
      return error(422, 'Validation Failed: body is too long (maximum is 65536 characters)');
    const persons = assignees as readonly string[];
    if (persons.some((person) => !people.includes(person)))
      return error(422, 'Validation Failed: assignees is invalid');
    const names = wanted as readonly string[];
    for (const name of names) if (!labels.has(name)) labels.set(name, { color: 'ededed', description: null });
    const issue: KeptIssue = {
      number: 40 + kept.length,
      author,
      title,
      body: String(body),
      labels: [...names],
      assignees: persons,
      state: 'open',
      reason: null,
    };
    kept.push(issue);
    return { status: 201, body: described(issue) };
  };

  const change = (issue: KeptIssue, given: Record<string, unknown>): Answer => {
    const { body = issue.body, state = issue.state, state_reason: reason = issue.reason } = given;
    if (String(body).length > 65_536)
      return error(422, 'Validation Failed: body is too long (maximum is 65536 characters)');
    Object.assign(issue, { body: String(body), state, reason });
    return { status: 200, body: described(issue) };
  };

  /** `undefined` where it is about something else. */
  return (call: Call, holder: Holder): Answer | undefined => {
    const { method, template, query, parameters } = call;
    const ofLabels = template.startsWith('/repos/{owner}/{repo}/labels');
    if (!ofLabels && template !== TEMPLATE && template !== `${TEMPLATE}/{issue_number}`) return undefined;
    if (method !== 'GET' && holder.may === 'read')
      return error(403, 'Resource not accessible by integration');
    const given = (call.body ?? {}) as Record<string, unknown>;
    if (ofLabels) {
      const name = String(parameters['name'] ?? given['name']);
      const decoded = decodeURIComponent(name);
      if (method === 'GET') {
        return labels.has(decoded)
          ? { status: 200, body: describedLabel(decoded, 1) }
          : error(404, 'Not Found');
      }
      if (labels.has(name)) return error(422, 'Validation Failed: already_exists');
      labels.set(name, { color: String(given['color']), description: String(given['description']) });
      return { status: 201, body: describedLabel(name, 1) };
    }
    if (method === 'POST') return create(given, holder);
    if (method === 'PATCH') {
      const issue = kept.find(({ number }) => number === Number(parameters['issue_number']));
      return issue ? change(issue, given) : error(404, 'Not Found');
    }
    const size = Number(query['per_page'] ?? 30);
    const page = Number(query['page'] ?? 1);
    const fits = ({ state, labels: has }: KeptIssue) =>
      (query['state'] === 'all' || state === (query['state'] ?? 'open')) &&
      (query['labels'] ?? '').split(',').every((label) => label === '' || has.includes(label));
    const found = kept.filter(fits).reverse();
    const next = page * size < found.length;
    const link = `<${base()}${call.path}?${new URLSearchParams({ ...query, page: String(page + 1) })}>; rel="next"`;
    return {
      status: 200,
      body: found.slice((page - 1) * size, page * size).map(described),
      headers: next ? { link } : {},
    };
  };
}
