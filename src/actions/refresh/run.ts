import { newRolloutId, runUrl } from '../../github/run-identity.ts';
import { markedCopy } from '../../taskdef/copy.ts';
import type { ActionContext } from '../action.ts';
import { connectToStacks, connectToVaults } from '../aws-adapters.ts';
import { releaseFrom } from '../canary/release.ts';
import { askedRegion } from '../job-region.ts';
import { workspaceOf } from '../workspace.ts';
import { readInputs } from './inputs.ts';
import { changedSince } from './rotation.ts';

/**
 * Starts a service's tasks anew, so that they get the present values of their secrets: the revision that runs is
 * registered once more, and the copy is released as any revision is.
 */
export async function run(context: ActionContext): Promise<void> {
  const { env, clock, cancelled, reporter } = context;
  const stacks = () => connectToStacks(clock, cancelled);
  const inputs = await readInputs(context.input, workspaceOf(env), stacks, askedRegion(env));
  const { cluster, onlyIfRotated } = inputs;
  // The same for every attempt of a run, so that it finds the copy that it has registered.
  const mark = runUrl(env) ?? newRolloutId(env);
  await releaseFrom(context, inputs, {
    name: 'the revision that runs, with new tasks,',
    async find({ taskDefinitions }) {
      const { definition } = await taskDefinitions.ofService(cluster, inputs.service);
      return { kind: 'definition', definition: markedCopy(definition, mark) };
    },
    already: (revision) =>
      `This run has started the tasks of ${revision} anew already: there is nothing left to do.`,
    ...(onlyIfRotated && {
      async idle({ services }, service, { definition }) {
        const since = await services.oldestTask(service.cluster, service.name);
        if (since === undefined) return undefined;
        const started = `${new Date(since).toISOString().slice(0, 19)}Z`;
        const changed = await changedSince(definition, since, connectToVaults(clock, cancelled));
        if (changed.length === 0) {
          return `no secret or parameter of its task definition has changed since its oldest task was started (${started})`;
        }
        reporter.info(`Changed since the oldest task was started (${started}): ${changed.join(', ')}`);
        return undefined;
      },
    }),
  });
}
