import type { TaskDefinitions } from '../../ports.ts';
import { describeChanges } from '../../taskdef/changes.ts';
import { clean } from '../../taskdef/clean.ts';
import { render } from '../../taskdef/render.ts';
import type { ActionContext } from '../action.ts';
import { connectToStacks } from '../aws-adapters.ts';
import { withStackOutputs } from '../stack-outputs.ts';
import { readInputs } from './inputs.ts';
import { load } from './load.ts';
import { writeDefinition } from './write.ts';

/**
 * Renders a task definition into a file.
 *
 * @param connect opens AWS, whose SDK is loaded only when the definition comes from there
 */
export async function run(context: ActionContext, connect = connectToAws): Promise<void> {
  const { input, reporter, env } = context;
  const inputs = await readInputs(
    await withStackOutputs(input, ['cluster', 'service', 'image'], () =>
      connectToStacks(context.clock, context.cancelled),
    ),
  );
  const workspace = env['GITHUB_WORKSPACE'] || process.cwd();
  const { definition, origin } = await load(inputs.source, workspace, () => connect(context));
  const rendered = render(clean(definition), inputs.settings);
  const path = await writeDefinition(rendered.definition, inputs.outputFile, env);

  const { family, containerDefinitions } = rendered.definition;
  reporter.info(`Task definition ${family}, from ${origin}`);
  for (const line of describeChanges(rendered.changes)) reporter.info(`  ${line}`);
  if (rendered.changes.length === 0) reporter.info('  nothing to change was given');
  reporter.info(`Written to ${path}`);

  const images = containerDefinitions.flatMap(({ name, image }) =>
    image === undefined ? [] : [[name, image]],
  );
  reporter.output('task-definition', path);
  reporter.output('family', family);
  reporter.output('images', JSON.stringify(Object.fromEntries(images)));
}

async function connectToAws({ clock, cancelled }: ActionContext): Promise<TaskDefinitions> {
  const { taskDefinitions } = await import('../../aws/task-definitions.ts');
  return taskDefinitions({ clock, signal: cancelled });
}
