import type { PullRequest } from '../../github/pull-request.ts';
import { runUrl } from '../../github/run-identity.ts';
import { withReports } from '../../report/attached.ts';
import type { ActionContext } from '../action.ts';
import type { Inputs } from './inputs.ts';

/**
 * Keeps the plan's comment on the pull request up to date, where there is one and the token may write. Where not, the
 * log says why, and the plan stands in the summary all the same.
 *
 * @returns the comment's URL
 */
export async function comment(
  { reporter, env, clock, cancelled }: ActionContext,
  { title, token }: Pick<Inputs, 'title' | 'token'>,
  pullRequest: PullRequest | undefined,
  markdown: string,
  reports: readonly string[],
): Promise<string | undefined> {
  if (!pullRequest) {
    reporter.info('This run is not for a pull request: the plan stands in the summary only.');
    return undefined;
  }
  if (token === undefined) {
    reporter.info('There is no github-token: the plan stands in the summary only.');
    return undefined;
  }
  // Octokit is of no use to a run without a comment.
  const { COMMENT_LIMIT, keepComment } = await import('../../github/comment.ts');
  const url = runUrl(env);
  const where = url === undefined ? "the run's summary" : `[the run's summary](${encodeURI(url)})`;
  const kept = await keepComment(
    {
      pullRequest,
      key: title,
      markdown: withReports(markdown, reports, COMMENT_LIMIT, {
        plan: `**Cut here:** a comment holds no more. The whole plan stands in ${where}.`,
        report: `**Cut here:** a comment holds no more. The whole report stands in ${where}.`,
      }),
      run: Number(env['GITHUB_RUN_ID'] ?? 0),
    },
    {
      token,
      env,
      clock,
      signal: cancelled,
    },
  );
  switch (kept.kind) {
    case 'refused':
      if (kept.forbidden && pullRequest.fork) {
        reporter.info(
          `A pull request from a fork has a token that may not write: the plan stands in the summary only (${kept.why}).`,
        );
      } else {
        const fix = kept.forbidden
          ? '; give the job "permissions: pull-requests: write", or write comment: false'
          : '';
        reporter.warning(
          `The comment could not be written: ${kept.why}${fix}. The plan stands in the summary.`,
        );
      }
      return undefined;
    case 'stands':
      reporter.notice(`A run that began later has its plan in the comment already: ${kept.url}`);
      return kept.url;
    default:
      reporter.info(`The comment is ${kept.kind}: ${kept.url}`);
      return kept.url;
  }
}
