import { conduct } from '../../engine/conduct.ts';
import { surveySite } from '../../engine/site.ts';
import { holderOf } from '../../github/run-identity.ts';
import { describeEnd } from '../../report/narrate.ts';
import { resume } from '../../rollout/ledger.ts';
import type { ActionContext } from '../action.ts';
import { connect } from '../aws-adapters.ts';
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
export async function run({ reporter, env, clock, cancelled }: ActionContext): Promise<void> {
  const state = fromMain(reporter);
  if (!state) return;
  const aws = await connect(clock, cancelled, () => undefined);
  const site = await surveySite(aws, state.cluster, state.service);
  const { ledger } = site;
  if (ledger?.rolloutId !== state.rolloutId || !ledger) return;
  const stage = {
    cloud: aws,
    metrics: aws.metrics,
    clock,
    reporter,
    env,
    cancelled,
    outlive: aws.outlive,
    listenToCalls: () => undefined,
  };
  const { ending, last } = await conduct(
    stage,
    site,
    rescueRollout(ledger, DRAIN_MS),
    {
      rolloutId: ledger.rolloutId,
      holder: holderOf(env),
      stickiness: 'keep',
      alarms: [],
      customMetrics: {},
      metricDelayMs: 0,
      preTrafficTest: undefined,
    },
    (share) => resume(ledger, [], share, undefined, clock.now()),
    { patienceMs: PATIENCE_MS, recordAs: `${ledger.rolloutId}-post` },
  );
  reporter.info(`${describeEnd(site.stable.name, last, ending.leftovers)} (${ending.reason})`);
}
