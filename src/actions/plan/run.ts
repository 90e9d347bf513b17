import { ConfigError, type Problem } from '../../errors.ts';
import { pullRequestOf } from '../../github/pull-request.ts';
import { runUrl } from '../../github/run-identity.ts';
import { describeDifference, differenceMarkdown } from '../../report/definition-diff.ts';
import { describeForecast } from '../../report/forecast.ts';
import { type PlanStory, planHeadline, planMarkdown } from '../../report/plan.ts';
import type { ActionContext } from '../action.ts';
import { connect, connectToStacks } from '../aws-adapters.ts';
import { type Foreseen, foresee } from '../canary/foresee.ts';
import { type Produced, produce, workspaceOf } from '../render-task-definition/produce.ts';
import { comment } from './comment.ts';
import { type Inputs, readInputs } from './inputs.ts';

/** Says what a release would change and do, in the log, the summary and a comment; changes nothing in AWS. */
export async function run(context: ActionContext): Promise<void> {
  const { reporter, env, clock, cancelled } = context;
  const workspace = workspaceOf(env);
  const inputs = await readInputs(context.input, workspace, () => connectToStacks(clock, cancelled));
  if (inputs.token !== undefined) reporter.mask(inputs.token);
  const aws = await connect(clock, cancelled, () => undefined);

  const producing = produce(inputs.render, context, async () => aws.taskDefinitions);
  const foreseen = await foresee(inputs.rollout, async () => (await producing).definition, aws, clock);
  // A definition that cannot be had is among the faults already.
  const produced = await producing.catch(() => undefined);

  const pullRequest = await pullRequestOf(env);
  const story = tell(inputs, foreseen, produced, pullRequest?.head, env);
  report(context, story, produced);
  const markdown = planMarkdown(story);
  reporter.output('changed', produced ? String(produced.difference.changed) : '');
  reporter.output('diff', produced ? differenceMarkdown(produced.difference) : '');
  reporter.output('plan', JSON.stringify(asJson(story)));
  await reporter.summary(`${markdown}\n`);
  const url = inputs.comment ? await comment(context, inputs, pullRequest, markdown) : undefined;
  reporter.output('comment-url', url ?? '');
  if (story.problems.length > 0) throw new ConfigError(unplaced(story.problems, produced));
}

function tell(
  { title }: Inputs,
  { forecast, remarks, faults, situation }: Foreseen,
  produced: Produced | undefined,
  head: string | undefined,
  env: NodeJS.ProcessEnv,
): PlanStory {
  const commit = head ?? env['GITHUB_SHA'];
  const url = runUrl(env);
  const running = produced?.running;
  const findings = produced?.findings ?? [];
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  const notThere = produced?.notThere ?? [];
  return {
    title,
    ...(produced && {
      difference: {
        changed: produced.difference.changed,
        markdown: differenceMarkdown(produced.difference),
        from: running ? `${running.family}:${running.revision}` : produced.origin,
      },
    }),
    ...(forecast && { forecast }),
    problems: [
      ...findings
        .filter(({ severity }) => severity === 'error')
        .map(({ message }) => ({ input: 'task-definition', message })),
      ...faults.flatMap(({ problems }) => problems),
    ],
    situation: situation.map(({ message, next }) => ({ message, next })),
    remarks: [
      ...remarks,
      ...warnings.map(({ message }) => ({ level: 'warning' as const, text: message })),
      ...notThere.map((name) => ({
        level: 'notice' as const,
        text: `unset: there is no variable and no secret ${name}`,
      })),
    ],
    ...(commit && { commit }),
    ...(url && { runUrl: url }),
  };
}

/** Annotations point at the file where the place in it is known. */
function report({ reporter }: ActionContext, story: PlanStory, produced: Produced | undefined): void {
  const { forecast, situation, remarks } = story;
  if (produced) {
    reporter.info(`Task definition ${produced.definition.family}, from ${produced.origin}`);
    for (const line of describeDifference(produced.difference)) reporter.info(`  ${line}`);
    if (!produced.difference.changed) reporter.info('  nothing changes');
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
