import { nameIn } from '../../arn.ts';
import type { ConfigError } from '../../errors.ts';
import type { PullRequest } from '../../github/pull-request.ts';
import { runUrl } from '../../github/run-identity.ts';
import { withoutAccountIds } from '../../report/account-ids.ts';
import { withReports } from '../../report/attached.ts';
import { planMarkdown } from '../../report/plan.ts';
import type { ActionContext } from '../action.ts';
import { connectToStacks } from '../aws-adapters.ts';
import { InputReader } from '../input-reader.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { workspaceOf } from '../workspace.ts';
import { comment } from './comment.ts';
import { parseTitle } from './inputs.ts';
import { loadReports, readReportFiles } from './reports.ts';

/**
 * Tells in the comment and the summary why there is no plan, since what other steps have found stands below it. Nothing
 * that goes wrong here hides the error itself, which is for the caller to throw.
 */
export async function tellUnmade(
  context: ActionContext,
  error: ConfigError,
  pullRequest: PullRequest | undefined,
): Promise<void> {
  const { reporter, env } = context;
  try {
    const reader = new InputReader(context.input);
    const token = reader.optional('github-token');
    if (token !== undefined) reporter.mask(token);
    const title = await titleOf(context, reader);
    const commit = pullRequest?.head ?? env['GITHUB_SHA'];
    const url = runUrl(env);
    const story = {
      title: title ?? 'plan',
      unmade: true as const,
      problems: error.problems,
      situation: [],
      remarks: [],
      ...(commit && { commit }),
      ...(url && { runUrl: url }),
    };
    const markdown = withoutAccountIds(planMarkdown(story));
    const files = reader.parse(
      'reports',
      (text) => readReportFiles(text, workspaceOf(env), env['RUNNER_TEMP']),
      [],
    );
    const reports = (await loadReports(files, reporter)).map(withoutAccountIds);
    await reporter.summary(`${withReports(markdown, reports)}\n`);
    if (!reader.boolean('comment', true)) return;
    if (title === undefined) {
      // It would stand beside the plan's own comment when the plan can be made.
      reporter.info('What the comment is called is not known: this stands in the summary only.');
      return;
    }
    const kept = await comment(context, { title, token }, pullRequest, markdown, reports);
    reporter.output('comment-url', kept ?? '');
  } catch (cause) {
    if (context.cancelled.aborted) return;
    const message = cause instanceof Error ? cause.message : String(cause);
    reporter.warning(`That there is no plan could not be told on the pull request: ${message}`);
  }
}

/** As the plan itself would be called, as far as that can be known without the inputs that are wrong. */
async function titleOf(
  { input, clock, cancelled }: ActionContext,
  reader: InputReader,
): Promise<string | undefined> {
  const title = reader.parse('title', parseTitle, undefined);
  if (title !== undefined) return title;
  const names = ['cluster', 'service'];
  const resolved = await withStackOutputs(input, names, () => connectToStacks(clock, cancelled)).catch(
    () => undefined,
  );
  const known = names.map((name) => resolved?.(name).trim() ?? '');
  return known.includes('') ? undefined : known.map(nameIn).join('/');
}
