import { decide, type Observation, type Phase, type Rollout } from '../../../src/rollout/controller.ts';
import { DEFAULT_GATES } from '../../../src/rollout/default-gates.ts';
import { parseGates } from '../../../src/rollout/gate-syntax.ts';
import { NO_EVIDENCE, type Period } from '../../../src/rollout/judge/evidence.ts';
import { complete, parseSteps } from '../../../src/rollout/plan.ts';
import type { Side } from '../../bench/judge/contestant.ts';
import { type Release, Traffic } from '../../bench/judge/release.ts';

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 0, 5, 12);
/** Metrics of a minute are there so much after its end, and nothing more comes after three. */
const LATE = MINUTE;
const SETTLED_AFTER = 3 * MINUTE;

const period = (start: number, { requests, errors, slow, verySlow }: Side, settled: boolean): Period => ({
  start,
  requests,
  answered: requests,
  errors5xx: errors,
  errors4xx: 0,
  ...(requests > 0 && { latencySumMs: requests * 40, timed: requests }),
  slower: { 300: slow, 500: verySlow },
  means: {},
  settled,
});

export interface End {
  readonly promoted: boolean;
  readonly reason: string;
  /** Minutes since the canary's first traffic. */
  readonly minutes: number;
}

/** How the real judge and the real controller decide on a release, looking every minute. */
export function playRelease(release: Release, seed: number, gates = DEFAULT_GATES): End {
  const traffic = new Traffic(release, seed);
  const before = traffic.before.map((side, index, { length }) =>
    period(NOON + (index - length) * MINUTE, side, true),
  );
  const rollout: Rollout = {
    from: 'web:1',
    to: 'web:2',
    // With the time until the metrics of its last minute have settled, each step has its weight for 15 minutes.
    plan: complete(parseSteps('5% for 12m\n25% for 12m\n50% for 12m')),
    gates: parseGates(gates),
    minRequests: 100,
    metricDelayMs: SETTLED_AFTER,
    onNoEvidence: 'auto',
    maxHoldMs: 30 * MINUTE,
    afterHold: 'roll-back',
    onStableFailing: 'hold',
    capacity: { mode: 'auto', atLeast: 1 },
    initialTasks: 1,
    preTrafficTest: false,
    healthyTimeoutMs: 10 * MINUTE,
    drainMs: 0,
  };
  const sides: { readonly start: number; readonly canary: Side; readonly stable: Side }[] = [];
  let share = 5;
  let phase: Phase = { kind: 'stepping', step: 0, since: NOON, shiftedAt: NOON, verifiedAt: NOON };
  for (let now = NOON; ; now += MINUTE) {
    const known = sides.filter(({ start }) => start + MINUTE + LATE <= now);
    const of = (side: 'canary' | 'stable') =>
      known.map((both) => period(both.start, both[side], both.start + MINUTE + SETTLED_AFTER <= now));
    const evidence = { ...NO_EVIDENCE, canary: of('canary'), stable: of('stable'), before };
    const seen: Observation = { ...WELL, now, share, evidence };
    const { phase: next, action } = decide(rollout, phase, seen);
    phase = next;
    const minutes = (now - NOON) / MINUTE;
    if (action.kind === 'shift') {
      share = action.weight;
      if (share === 100) return { promoted: true, reason: '', minutes };
      phase = { ...phase, ...{ verifiedAt: now } };
    } else if (phase.kind === 'rolling-back' || phase.kind === 'cleaning') {
      return { promoted: false, reason: phase.reason, minutes };
    }
    sides.push({ start: now, ...traffic.minute(minutes, share) });
  }
}

const WELL: Omit<Observation, 'now' | 'share' | 'evidence'> = {
  stable: {
    desired: 1,
    running: 1,
    taskDefinition: 'web:1',
    deployment: 'completed',
    deploymentReason: '',
    healthy: 1,
  },
  canary: { desired: 1, running: 1, healthy: 1, draining: false, targets: 1 },
  targetGroups: 'all',
  routes: 'attached',
  scaling: 'none',
  served: true,
  tested: true,
  hurried: false,
};
