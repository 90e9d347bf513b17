import type { Rollout } from '../rollout/controller.ts';
import type { Ledger } from '../rollout/ledger.ts';
import { STRATEGIES } from '../rollout/plan.ts';

/** A rollout that is only to be brought to an end: what it was judged by does not matter any more. */
export const rescueRollout = ({ from, to, initialTasks }: Ledger, drainMs = 30_000): Rollout => ({
  from,
  to,
  initialTasks,
  plan: STRATEGIES.canary,
  gates: [],
  minRequests: 1,
  metricDelayMs: 0,
  onNoEvidence: 'roll-back',
  maxHoldMs: 0,
  afterHold: 'roll-back',
  capacity: { mode: 'auto', atLeast: 1 },
  preTrafficTest: false,
  healthyTimeoutMs: 10 * 60_000,
  drainMs,
});
