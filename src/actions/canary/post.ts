import type { Follow } from '../../engine/conduct.ts';
import { surveySite } from '../../engine/site.ts';
import { deploymentStatus } from '../../report/deployment-status.ts';
import { describeEnd } from '../../report/narrate.ts';
import type { ActionContext } from '../action.ts';
import { connect } from '../aws-adapters.ts';
import { announcerFor, keptDeployment } from '../github-deployments.ts';
import { rescueRollout } from '../rescue-rollout.ts';
import { fromMain } from './state.ts';

/** The runner ends its worker about 45 s after a job was cancelled. */
const PATIENCE_MS = 35_000;
/** Of those, what the canary's last requests get; ECS needs the rest to let go of its tasks. */
const DRAIN_MS = 15_000;

/**
 * Ends what the main step had no time for: the runner gives it seconds when a job is cancelled. Takes all traffic back
 * first, then removes what it can while time is left.
 */
export async function run(context: ActionContext): Promise<void> {
  const kept = keptDeployment(context.reporter);
  const announcer = kept && (await announcerFor(context, kept));
  try {
    await endRollout(context, announcer?.follow);
  } catch (error) {
    await announcer?.failed(error);
    throw error;
  }
  announcer?.sayUnlessEnded(deploymentStatus('inactive', 'The run ended before it had finished'));
  await announcer?.end();
}

async function endRollout(context: ActionContext, follow: Follow | undefined): Promise<void> {
  const { reporter, clock, cancelled } = context;
  const state = fromMain(reporter);
  if (!state) return;
  const aws = await connect(clock, cancelled, () => undefined);
  const site = await surveySite(aws, state.cluster, state.service);
  const { ledger } = site;
  const { rolloutId } = state;
  if (ledger?.rolloutId !== rolloutId) return;
  const { ending, last } = await rescueRollout(context, aws, site, ledger, {
    rolloutId,
    drainMs: DRAIN_MS,
    patienceMs: PATIENCE_MS,
    recordAs: `${rolloutId}-post`,
    ...(follow && { follow }),
  });
  reporter.info(`${describeEnd(site.stable.name, last, ending.leftovers)} (${ending.reason})`);
}
