import { nameOf, type VersionRecord } from '../../frontend/state.ts';
import type { ActionContext } from '../action.ts';
import { lookForVersion, type Restorable, type Restored, type RestoreInputs } from '../frontend/restore.ts';
import type { Inputs } from './inputs.ts';

/**
 * Brings a frontend back, after the service where there is one: former pages work with former code. Whether its version
 * is there is known before anything is changed. Where a rollout of the service was taken back that had not come to the
 * frontend yet, what is in service is the one that belongs to the former code.
 *
 * @param rollBackService gives who held the rollout that was under way, and was taken back
 */
export async function withFrontend(
  context: ActionContext,
  { hasService, reason }: Inputs,
  frontend: RestoreInputs,
  rollBackService: (context: ActionContext) => Promise<string | undefined>,
  look: (context: ActionContext, inputs: RestoreInputs) => Promise<Restorable> = lookForVersion,
): Promise<void> {
  const { reporter } = context;
  const found = await look(context, frontend);
  const said: Record<string, string> = {};
  const listening: ActionContext = {
    ...context,
    reporter: {
      ...reporter,
      output(name, value) {
        said[name] = value;
        reporter.output(name, value);
      },
    },
  };
  if (hasService) {
    const ended = await rollBackService(listening);
    if (said['outcome'] === 'superseded') {
      reporter.warning(`The frontend stays as it is, too: ${said['reason']}.`);
      return;
    }
    const { inService } = found;
    if (ended !== undefined && frontend.to === 'previous' && inService && !isOf(inService, ended)) {
      const version = nameOf(inService);
      reporter.notice(
        `The frontend stays as it is, too: the rollout that was under way had not come to it. To bring it back from ${version}, run this action without cluster and service.`,
      );
      reporter.output('version', version);
      reporter.output('previous-version', version);
      return;
    }
  }
  const tellOutputs = ({ outcome, version, previousVersion }: Restored): void => {
    const changed = outcome === 'rolled-back' || said['outcome'] === 'rolled-back';
    const unchanged = `${version} of the frontend is in service already`;
    if (outcome !== '') {
      reporter.output('outcome', changed ? 'rolled-back' : 'unchanged');
      reporter.output('reason', changed ? reason : (said['reason'] ?? unchanged));
    }
    reporter.output('version', version);
    reporter.output('previous-version', previousVersion);
  };
  tellOutputs(await found.restore(tellOutputs));
}

/** Whether a version was released by the run that held a rollout. */
const isOf = ({ run }: VersionRecord, holder: string): boolean =>
  run !== undefined && holder.startsWith(`${run}/attempts/`);
