import type { ActionContext } from '../action.ts';
import { lookForVersion, type Restored, type RestoreInputs } from '../frontend/restore.ts';
import type { Inputs } from './inputs.ts';

/**
 * Brings a frontend back, after the service where there is one: former pages work with former code. Whether its version
 * is there is known before anything is changed.
 */
export async function withFrontend(
  context: ActionContext,
  { hasService, reason }: Inputs,
  frontend: RestoreInputs,
  rollBackService: (context: ActionContext) => Promise<void>,
): Promise<void> {
  const { reporter } = context;
  const found = await lookForVersion(context, frontend);
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
    await rollBackService(listening);
    if (said['outcome'] === 'superseded') {
      reporter.warning(`The frontend stays as it is, too: ${said['reason']}.`);
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
