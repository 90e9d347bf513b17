import { ConfigError } from '../../errors.ts';
import type { Reporter, TaskDefinitions } from '../../ports.ts';
import { describeDifference, differenceMarkdown, differenceSummary } from '../../report/definition-diff.ts';
import type { ActionContext } from '../action.ts';
import { connectToRepositories, connectToStacks } from '../aws-adapters.ts';
import { withEcrImages } from '../ecr-images.ts';
import { askedRegion } from '../job-region.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { workspaceOf } from '../workspace.ts';
import { readInputs } from './inputs.ts';
import { asProblem, type Produced, placeText, produce } from './produce.ts';
import { IMAGE_INPUTS, STACK_INPUTS } from './render-inputs.ts';
import { writeDefinition } from './write.ts';

/**
 * Renders a task definition into a file, and tells what is another in it.
 *
 * @param connect opens AWS, whose SDK is loaded only when something comes from there
 */
export async function run(context: ActionContext, connect = connectToAws): Promise<void> {
  const { reporter, env, clock, cancelled } = context;
  const named = await withStackOutputs(context.input, STACK_INPUTS, () => connectToStacks(clock, cancelled));
  const input = await withEcrImages(named, IMAGE_INPUTS, () => connectToRepositories(clock, cancelled));
  const inputs = await readInputs(input, workspaceOf(env), askedRegion(env));
  const produced = await produce(inputs, context, () => connect(context));
  const { definition, difference, origin } = produced;
  const { family, containerDefinitions } = definition;
  const against = comparedWith(produced);
  reporter.info(`Task definition ${family}, from ${origin}`);
  reporter.info(`Compared with ${against}:`);
  for (const line of describeDifference(difference)) reporter.info(`  ${line}`);
  if (!difference.changed) reporter.info('  nothing changes');
  report(produced, reporter);

  const path = await writeDefinition(definition, inputs.outputFile, env);
  reporter.info(`Written to ${path}`);
  const images = containerDefinitions.flatMap(({ name, image }) =>
    image === undefined ? [] : [[name, image]],
  );
  reporter.output('task-definition', path);
  reporter.output('family', family);
  reporter.output('images', JSON.stringify(Object.fromEntries(images)));
  reporter.output('changed', String(difference.changed));
  reporter.output('diff', differenceMarkdown(difference));
  await reporter.summary(differenceSummary(difference, { family, origin, against }));
}

/** @throws ConfigError with everything in the definition that is an error */
function report({ findings, notThere, origin }: Produced, reporter: Reporter): void {
  for (const name of notThere) reporter.notice(`unset: there is no variable and no secret ${name}`);
  for (const finding of findings) {
    const { severity, message, place } = finding;
    if (severity === 'warning') reporter.warning(`${placeText(finding, origin)}: ${message}`, place);
  }
  const errors = findings.flatMap((finding) => asProblem(finding, origin));
  if (errors.length > 0) throw new ConfigError(errors);
}

/** In words: what the task definition was compared with. */
function comparedWith({ compared, running, origin }: Produced): string {
  if (compared.kind === 'source') return origin;
  const revision = running ? ` (${running.family}:${running.revision})` : '';
  return `what service ${compared.service} runs${revision}`;
}

async function connectToAws({ clock, cancelled }: ActionContext): Promise<TaskDefinitions> {
  const { taskDefinitions } = await import('../../aws/task-definitions.ts');
  return taskDefinitions({ clock, signal: cancelled });
}
