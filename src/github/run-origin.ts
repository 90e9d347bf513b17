import type { Commit, Origin } from '../notifications/notice.ts';
import { type Event, readEvent } from './pull-request.ts';
import { repositoryUrl, runUrl } from './run-identity.ts';

/**
 * Where a run comes from, by the variables of the runner and the event that started it.
 * https://docs.github.com/actions/reference/workflows-and-actions/variables#default-environment-variables
 */
export async function originOf(env: NodeJS.ProcessEnv): Promise<Origin> {
  const { GITHUB_EVENT_PATH: path } = env;
  const event = path ? await readEvent(path) : {};
  return {
    repository: text(env['GITHUB_REPOSITORY']),
    // A pull request's own is that of a merge that nobody has made.
    ref: text(env['GITHUB_HEAD_REF']) ?? text(env['GITHUB_REF_NAME']),
    actor: text(env['GITHUB_TRIGGERING_ACTOR']) ?? text(env['GITHUB_ACTOR']),
    workflow: text(env['GITHUB_WORKFLOW']),
    runUrl: runUrl(env),
    commit: commitOf(env, event),
  };
}

function commitOf(
  env: NodeJS.ProcessEnv,
  { pull_request: request, head_commit: pushed }: Event,
): Commit | undefined {
  const sha = text(request?.head?.sha) ?? text(env['GITHUB_SHA']);
  if (sha === undefined) return undefined;
  const repository = repositoryUrl(env);
  // The newest commit of a push is not the one of a run that was started for a tag on an older one.
  const commit = pushed?.id === sha ? pushed : undefined;
  return {
    sha,
    url: repository && `${repository}/commit/${sha}`,
    subject: text(commit?.message)?.split(/\r?\n/)[0] ?? text(request?.title),
    author: text(commit?.author?.name) ?? text(commit?.author?.username) ?? text(request?.user?.login),
  };
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
