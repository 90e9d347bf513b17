import { decide, type Observation, type Phase, type Rollout } from '../../../src/rollout/controller.ts';
import { parseGates } from '../../../src/rollout/gates.ts';
import { NO_EVIDENCE, type Period } from '../../../src/rollout/judge/evidence.ts';
import { complete, parseSteps } from '../../../src/rollout/plan.ts';
import { seededRandom } from '../../../src/simulator/random.ts';
import { binomial, poisson } from '../../../src/simulator/world/chance.ts';

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 0, 5, 12);

/** A release of which all is well but a share of its requests. */
export interface Release {
  /** The service's requests per second. */
  readonly rate: number;
  /** Share of the canary's requests that fail. */
  readonly errors?: number;
  /** Share of the canary's requests that are slower than 300 ms. */
  readonly slow?: number;
  readonly gates: string;
  readonly seed: number;
}

/** How the real judge and the real controller decide on a release, and after how many minutes. */
export function playRelease({ rate, errors = 0, slow = 0, gates, seed }: Release): {
  readonly promoted: boolean;
  readonly reason: string;
  readonly minutes: number;
} {
  const random = seededRandom(seed);
  const rollout: Rollout = {
    from: 'web:1',
    to: 'web:2',
    plan: complete(parseSteps('5% for 15m\n25% for 15m\n50% for 15m')),
    gates: parseGates(gates),
    minRequests: 100,
    metricDelayMs: 3 * MINUTE,
    onNoEvidence: 'hold',
    maxHoldMs: 30 * MINUTE,
    afterHold: 'roll-back',
    capacity: { mode: 'auto', atLeast: 1 },
    initialTasks: 1,
    preTrafficTest: false,
    healthyTimeoutMs: 10 * MINUTE,
    drainMs: 0,
  };
  const periods: Period[] = [];
  let share = 5;
  let phase: Phase = { kind: 'stepping', step: 0, since: NOON, shiftedAt: NOON, verifiedAt: NOON };
  for (let now = NOON; ; now += MINUTE) {
    const evidence = {
      ...NO_EVIDENCE,
      canary: periods
        .filter(({ start }) => start + 2 * MINUTE <= now)
        .map((period) => ({ ...period, settled: period.start + 4 * MINUTE <= now })),
    };
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
    const requests = poisson(random, (rate * 60 * share) / 100);
    periods.push({
      start: now,
      requests,
      answered: requests,
      errors5xx: binomial(random, requests, errors),
      errors4xx: 0,
      ...(requests > 0 && { latencySumMs: requests * 40, timed: requests }),
      slower: { 300: binomial(random, requests, slow), 500: 0 },
      means: {},
      settled: false,
    });
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
