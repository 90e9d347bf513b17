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
interface Event {
  readonly pull_request?: {
    readonly number?: unknown;
    readonly head?: { readonly sha?: unknown; readonly repo?: { readonly full_name?: unknown } | null };
  };
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

/** The runner writes the file; without it, or with another one in its place, the run is like one of another event. */
async function readEvent(path: string): Promise<Event> {
  try {
    const event: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof event === 'object' && event !== null ? event : {};
  } catch {
    return {};
  }
}
