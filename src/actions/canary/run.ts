import type { ActionContext } from '../action.ts';
import { connectToStacks } from '../aws-adapters.ts';
import { askedRegion } from '../job-region.ts';
import { workspaceOf } from '../workspace.ts';
import { readInputs } from './inputs.ts';
import { findRelease } from './prepare.ts';
import { releaseFrom } from './release.ts';

/** Releases a revision to a service in steps, and takes it back when a gate says so. */
export async function run(context: ActionContext): Promise<void> {
  const { env, clock, cancelled } = context;
  const workspace = workspaceOf(env);
  const stacks = () => connectToStacks(clock, cancelled);
  const inputs = await readInputs(context.input, workspace, stacks, askedRegion(env));
  await releaseFrom(context, inputs, {
    name: inputs.taskDefinition,
    find: ({ taskDefinitions }) => findRelease(inputs.taskDefinition, workspace, taskDefinitions),
    already: (revision) =>
      `The service already runs ${revision}: there is nothing to release. A new image needs a new revision; refer to images by digest or by a tag that never moves.`,
  });
}
