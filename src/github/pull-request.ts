import { readFile } from 'node:fs/promises';

/** The pull request that a run was started for. */
export interface PullRequest {
  readonly owner: string;
  readonly repository: string;
  readonly number: number;
  /** SHA of the newest commit of its branch. */
  readonly head: string;
  /** Whether it comes from another repository, where GitHub gives a run neither secrets nor a token that may write. */
  readonly fork: boolean;
}

/** What is read of the event; anything may be missing. */
export interface Event {
  readonly pull_request?: {
    readonly number?: unknown;
    readonly title?: unknown;
    readonly user?: { readonly login?: unknown };
    readonly head?: { readonly sha?: unknown; readonly repo?: { readonly full_name?: unknown } | null };
  };
  readonly head_commit?: {
    readonly id?: unknown;
    readonly message?: unknown;
    readonly author?: { readonly name?: unknown; readonly username?: unknown };
  } | null;
  readonly before?: unknown;
  readonly repository?: { readonly default_branch?: unknown };
  readonly merge_group?: { readonly base_sha?: unknown; readonly head_sha?: unknown };
}

/**
 * The pull request of the event that started this run, or `undefined` on other events.
 * https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#pull_request
 */
export async function pullRequestOf(env: NodeJS.ProcessEnv): Promise<PullRequest | undefined> {
  const { GITHUB_EVENT_NAME: name = '', GITHUB_EVENT_PATH: path, GITHUB_REPOSITORY: full = '' } = env;
  const [owner, repository] = full.split('/');
  if (!/^pull_request/.test(name) || !path || !owner || !repository) return undefined;
  const { pull_request: found } = await readEvent(path);
  const head = found?.head?.sha;
  if (typeof found?.number !== 'number' || typeof head !== 'string') return undefined;
  // A fork that was deleted has no repository any more.
  const from = found.head?.repo?.full_name;
  return { owner, repository, number: found.number, head, fork: from !== full };
}

/** Two commits between which the changes lie that started this run. */
export interface Range {
  readonly owner: string;
  readonly repository: string;
  readonly base: string;
  readonly head: string;
}

/**
 * What a push, or a merge queue, has added; `undefined` on other events.
 *
 * @param base compares with that instead, on any event
 */
export async function rangeOf(env: NodeJS.ProcessEnv, base: string | undefined): Promise<Range | undefined> {
  const {
    GITHUB_EVENT_NAME: name = '',
    GITHUB_EVENT_PATH: path,
    GITHUB_REPOSITORY: full = '',
    GITHUB_SHA: sha,
  } = env;
  const [owner, repository] = full.split('/');
  if (!owner || !repository || !sha) return undefined;
  if (base !== undefined) {
    const pullRequest = await pullRequestOf(env);
    return { owner, repository, base, head: pullRequest?.head ?? sha };
  }
  const event = path ? await readEvent(path) : {};
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  if (name === 'merge_group') {
    const [from, to] = [text(event.merge_group?.base_sha), text(event.merge_group?.head_sha)];
    return from && to ? { owner, repository, base: from, head: to } : undefined;
  }
  if (name !== 'push') return undefined;
  const before = text(event.before);
  // A branch that is new has nothing before it.
  const from = before && !/^0+$/.test(before) ? before : text(event.repository?.default_branch);
  return from ? { owner, repository, base: from, head: sha } : undefined;
}

/** The runner writes the file; without it, or with another one in its place, the run is like one of another event. */
export async function readEvent(path: string): Promise<Event> {
  try {
    const event: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof event === 'object' && event !== null ? event : {};
  } catch {
    return {};
  }
}
