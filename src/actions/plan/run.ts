import { ConfigError, type Problem } from '../../errors.ts';
import { pullRequestOf } from '../../github/pull-request.ts';
import { withoutAccountIds } from '../../report/account-ids.ts';
import { withReports } from '../../report/attached.ts';
import { describeDifference } from '../../report/definition-diff.ts';
import { describeForecast } from '../../report/forecast.ts';
import { type PlanStory, planHeadline, planMarkdown } from '../../report/plan.ts';
import type { ActionContext } from '../action.ts';
import { connectToRepositories, connectToStacks } from '../aws-adapters.ts';
import { withEcrImages } from '../ecr-images.ts';
import { askedRegion } from '../job-region.ts';
import type { Produced } from '../render-task-definition/produce.ts';
import { IMAGE_INPUTS } from '../render-task-definition/render-inputs.ts';
import { workspaceOf } from '../workspace.ts';
import { comment } from './comment.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { isBlind, look } from './look.ts';
import { loadReports } from './reports.ts';
import { storyOf } from './story.ts';

/** Says what a release would change and do, in the log, the summary and a comment; changes nothing in AWS. */
export async function run(context: ActionContext): Promise<void> {
  const { reporter, env } = context;
  const pullRequest = await pullRequestOf(env);
  const inputs = await inputsOf(context, pullRequest?.fork ?? false).catch(async (error: unknown) => {
    if (error instanceof ConfigError) {
      await (await import('./unmade.ts')).tellUnmade(context, error, pullRequest);
    }
    throw error;
  });
  if (inputs.token !== undefined) reporter.mask(inputs.token);
  const looked = await look(context, inputs, pullRequest?.fork ?? false);
  const story = storyOf(inputs.title, looked, pullRequest?.head, env);
  report(context, story, looked.produced);
  const markdown = withoutAccountIds(planMarkdown(story));
  const reports = (await loadReports(inputs.reports, reporter)).map(withoutAccountIds);
  reporter.output('changed', story.difference ? String(story.difference.changed) : '');
  reporter.output('diff', withoutAccountIds(story.difference?.markdown ?? ''));
  reporter.output('plan', withoutAccountIds(JSON.stringify(asJson(story))));
  await reporter.summary(`${withReports(markdown, reports)}\n`);
  const url = inputs.comment ? await comment(context, inputs, pullRequest, markdown, reports) : undefined;
  reporter.output('comment-url', url ?? '');
  if (story.problems.length > 0) throw new ConfigError(unplaced(story.problems, looked.produced));
}

/** @param fork whether nobody can expect this run to have AWS credentials, which names from stacks and of images take */
async function inputsOf({ input, env, clock, cancelled }: ActionContext, fork: boolean): Promise<Inputs> {
  const workspace = workspaceOf(env);
  const temporary = env['RUNNER_TEMP'];
  const region = askedRegion(env);
  const stacks = () => connectToStacks(clock, cancelled);
  const registry = () => connectToRepositories(clock, cancelled);
  try {
    const given = await withEcrImages(input, IMAGE_INPUTS, registry);
    return await readInputs(given, workspace, stacks, region, temporary);
  } catch (error) {
    if (!fork || !isBlind(error)) throw error;
    return readInputs((name) => withoutStack(input(name)), workspace, stacks, region, temporary);
  }
}

/** A name that a stack owns, called as the stack calls it. */
const withoutStack = (text: string): string => text.replace(/^\s*cloudformation:[\w-]+\.(\w+)/, '$1');

/** Annotations point at the file where the place in it is known. */
function report({ reporter }: ActionContext, story: PlanStory, produced: Produced | undefined): void {
  const { forecast, situation, remarks } = story;
  if (produced) {
    reporter.info(`Task definition ${produced.definition.family}, from ${produced.origin}`);
    if (story.difference) {
      reporter.info(`Against ${story.difference.from}:`);
      for (const line of describeDifference(produced.difference)) reporter.info(`  ${line}`);
      if (!story.difference.changed) reporter.info('  nothing changes');
    }
    for (const { severity, message, place } of produced.findings) reporter[severity](message, place);
  }
  if (forecast) {
    reporter.startGroup(`Rollout to ${forecast.service} in ${forecast.cluster}`);
    for (const line of describeForecast(forecast)) reporter.info(line);
    reporter.endGroup();
  }
  const told = new Set(produced?.findings.map(({ message }) => message));
  for (const { level, text } of remarks) if (!told.has(text)) reporter[level](text);
  for (const { message, next } of situation) {
    reporter.warning([message, next].filter((part) => part !== undefined).join('\n'));
  }
  if (story.unseen !== undefined) reporter.notice(story.unseen);
  reporter.info(planHeadline(story));
}

/** Those that are not told yet with their place in the file; the check has to fail for the others' sake too. */
function unplaced(problems: readonly Problem[], produced: Produced | undefined): readonly Problem[] {
  const told = new Set(produced?.findings.map(({ message }) => message));
  const rest = problems.filter(({ message }) => !told.has(message));
  const errors = problems.length - rest.length;
  if (errors === 0 || !produced) return rest;
  const what = `what is made of ${produced.origin} has ${errors === 1 ? 'an error' : `${errors} errors`}, told above`;
  return [{ input: 'task-definition', message: what }, ...rest];
}

/** The output `plan`. */
const asJson = ({ difference, forecast, problems, situation, remarks }: PlanStory) => ({
  ...(difference && { changed: difference.changed, from: difference.from }),
  problems,
  situation,
  remarks,
  ...(forecast && { rollout: forecast }),
});
