import { ConfigError, DeployError } from '../../errors.ts';
import type { GithubAccess } from '../../github/api.ts';
import { statusOf, wordsOf } from '../../github/api-failure.ts';
import type { ChangedFiles } from '../../github/changed-files.ts';
import { type PullRequest, rangeOf } from '../../github/pull-request.ts';
import type { ActionContext } from '../action.ts';
import type { Inputs } from './inputs.ts';

/** The files that the run's pull request or push adds or changes; `undefined` outside of GitHub. */
export async function changedFiles(
  context: ActionContext,
  inputs: Inputs,
  pullRequest: PullRequest | undefined,
): Promise<readonly string[] | undefined> {
  const { env } = context;
  const { GITHUB_EVENT_NAME: event } = env;
  if (!event) return undefined;
  if (event === 'pull_request_target')
    throw new ConfigError({
      input: 'changed-only',
      message:
        'pull_request_target has the files of the base branch in its workspace; run this check on pull_request, for which it needs no secrets',
    });
  const range = pullRequest && inputs.base === undefined ? undefined : await rangeOf(env, inputs.base);
  if (!pullRequest && !range)
    throw new ConfigError({
      input: 'base',
      message: `the event ${event} does not tell what has changed; give the branch, tag or commit to compare with, or changed-only: false to judge all files`,
    });
  if (event === 'push') await warnOfOnePush(context, inputs);
  const access = accessOf(context, inputs);
  const { filesBetween, filesOfPullRequest } = await import('../../github/changed-files.ts');
  const found = await asked(() =>
    range ? filesBetween(range, access) : filesOfPullRequest(pullRequest as PullRequest, access),
  );
  refuseCut(found);
  return found.paths;
}

/** One push is less than what a release migrates. */
async function warnOfOnePush({ reporter, env }: ActionContext, { base }: Inputs): Promise<void> {
  const word =
    'what this push adds is judged, and nothing of earlier pushes that are not deployed, such as after a failed run. migrate runs all that is pending: for a release, let base be the commit up to which the database is migrated';
  if (base === undefined) reporter.notice(`Without base, ${word}.`);
  else if (/^[0-9a-f]{40}$/.test(base) && (await rangeOf(env, undefined))?.base === base)
    reporter.warning(`base: is the commit before this push (github.event.before), so ${word}.`);
}

/** A list that is not whole could miss the very file that matters. */
function refuseCut({ cut, paths }: ChangedFiles): void {
  if (!cut) return;
  throw new ConfigError({
    input: 'changed-only',
    message: `GitHub lists no more than ${paths.length} changed files, and there may be others; give changed-only: false with files that name the new ones only, or a sql-command`,
  });
}

/** Whether the pull request has the label by which a person allows what breaks. */
export async function hasLabel(
  context: ActionContext,
  inputs: Inputs,
  pullRequest: PullRequest | undefined,
): Promise<boolean> {
  if (!pullRequest) return false;
  const access = accessOf(context, inputs);
  const { labelsOf } = await import('../../github/changed-files.ts');
  const labels = await asked(() => labelsOf(pullRequest, access));
  return labels.some((label) => label.toLowerCase() === inputs.label.toLowerCase());
}

function accessOf({ env, clock, cancelled }: ActionContext, { token }: Inputs): GithubAccess {
  if (token === undefined)
    throw new ConfigError({
      input: 'github-token',
      message:
        'is empty, and without it GitHub does not tell what the change holds; leave it out to have the token of the job',
    });
  return {
    token,
    env,
    clock,
    signal: cancelled,
  };
}

async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const status = statusOf(cause);
    if (status === undefined) throw cause;
    const said = wordsOf(cause);
    if ([401, 403, 404].includes(status) && !/rate limit/i.test(said))
      throw new ConfigError(
        {
          input: 'github-token',
          message: `GitHub does not let it read the change: ${said}; give the job "permissions: contents: read, pull-requests: read", and check base`,
        },
        { cause },
      );
    throw new DeployError(`GitHub did not tell what the change holds: ${said}.`, {
      state: 'Nothing was judged.',
      next: 'Run this step again.',
      cause,
    });
  }
}
