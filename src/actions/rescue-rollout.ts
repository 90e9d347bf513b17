import { conduct, type Follow, type Limits, type Performance, type Stage } from '../engine/conduct.ts';
import type { Site } from '../engine/site.ts';
import { holderOf } from '../github/run-identity.ts';
import type { AwsCall } from '../ports.ts';
import type { Rollout } from '../rollout/controller.ts';
import { type Ledger, resume } from '../rollout/ledger.ts';
import { STRATEGIES } from '../rollout/plan.ts';
import type { ActionContext } from './action.ts';
import type { Adapters } from './aws-adapters.ts';

/** What a rollout is conducted on, of what an action is given. */
export const stageOf = (
  { clock, reporter, env, cancelled }: ActionContext,
  aws: Adapters,
  listenToCalls: (listener: (call: AwsCall) => void) => void = () => undefined,
): Stage => ({
  cloud: aws,
  metrics: aws.metrics,
  outlive: aws.outlive,
  clock,
  reporter,
  env,
  cancelled,
  listenToCalls,
});

/** A rollout that is only to be brought to an end: what it was judged by does not matter any more. */
const onlyToEnd = ({ from, to, initialTasks }: Ledger, drainMs: number): Rollout => ({
  from,
  to,
  initialTasks,
  drainMs,
  plan: STRATEGIES.canary,
  gates: [],
  minRequests: 1,
  metricDelayMs: 0,
  onNoEvidence: 'roll-back',
  onStableFailing: 'hold',
  maxHoldMs: 0,
  afterHold: 'roll-back',
  capacity: { mode: 'auto', atLeast: 1 },
  preTrafficTest: false,
  healthyTimeoutMs: 10 * 60_000,
});

/**
 * Brings a rollout that its ledger tells of to its end: back, unless all that was left to do was to clean up.
 *
 * @param rolloutId under which it is held from now on
 * @param drainMs how long the canary's last requests get
 * @param follow hears of what is decided
 */
export function rescueRollout(
  context: ActionContext,
  aws: Adapters,
  site: Site,
  ledger: Ledger,
  { rolloutId, drainMs, follow, ...limits }: { rolloutId: string; drainMs: number; follow?: Follow } & Limits,
): Promise<Performance> {
  const settings = {
    rolloutId,
    holder: holderOf(context.env),
    stickiness: 'keep',
    alarms: [],
    customMetrics: {},
    before: [],
    preTrafficTest: undefined,
  } as const;
  return conduct(
    { ...stageOf(context, aws), ...(follow && { follow }) },
    site,
    onlyToEnd(ledger, drainMs),
    settings,
    (share) => resume(ledger, [], share, undefined, context.clock.now()),
    limits,
  );
}
