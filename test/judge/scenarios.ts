import { seededRandom } from '../../src/simulator/random.ts';
import type { ScenarioBehaviour } from '../../src/simulator/scenario/scenario.ts';
import type { Change, Latency } from '../../src/simulator/traffic/behaviour.ts';
import { normalQuantile } from '../../src/simulator/traffic/latency.ts';
import { burstFactors } from '../bench/judge/bursts.ts';
import {
  CANARIES,
  type Cell,
  canaryShare,
  firstSeed,
  KINDS,
  LEAK_AFTER,
  RATES,
  USUAL,
} from '../bench/judge/cells.ts';
import { LEAK_MINUTES, OTHER_ERRORS, OTHER_SLOW } from '../bench/judge/release.ts';
import type { WorldOptions } from '../bundle/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How often each usual share of faults comes up with each rate, kind and canary is evened out by it. */
const usualFor = (turn: number): number => USUAL[turn % USUAL.length] ?? USUAL[0];

/** Every kind at every rate with half of the regressions, so that each of them meets each rate in two kinds. */
const REGRESSIONS: readonly Cell[] = KINDS.flatMap((kind, k) =>
  RATES.flatMap((rate, r) =>
    CANARIES.flatMap((canary, c): Cell[] =>
      canary === 'healthy' || (k + r + c) % 2 === 1
        ? []
        : [{ kind, rate, usual: usualFor(k + r + c), canary }],
    ),
  ),
);

/** Every kind that a healthy release can be of, at every rate. */
const HEALTHY: readonly Cell[] = KINDS.filter((kind) => kind !== 'leak').flatMap((kind, k) =>
  RATES.map((rate, r): Cell => ({ kind, rate, usual: usualFor(k + r), canary: 'healthy' })),
);

export const SCENARIOS: readonly Cell[] = [...HEALTHY, ...REGRESSIONS];

/** Stable is known for so long before the release: as long as the action looks back. */
const HISTORY_MS = 3 * HOUR;
/** Stable's tasks run for so long when its history begins: `deployedAgo` of the world's services, and their start. */
const AGE_OF_STABLE = 24 * HOUR - MINUTE;
/** Longer than any rollout of the plan takes. */
const ROLLOUT_MINUTES = 180;
const SLOW_MS = 300;
/** Standard deviation of the logarithm of response times. */
const SPREAD = 0.6;

/** Response times of which the share `slow` is longer than 300 ms. */
function latencyWith(slow: number): Latency {
  const p50 = SLOW_MS / Math.exp(SPREAD * normalQuantile(1 - slow));
  return { p50, p95: p50 * Math.exp(SPREAD * normalQuantile(0.95)) };
}

function conductWith({ kind }: Cell, share: number) {
  const faults = Math.min(1, share);
  return kind === 'slow'
    ? { errorRate: OTHER_ERRORS, latency: latencyWith(faults) }
    : { errorRate: faults, latency: latencyWith(OTHER_SLOW) };
}

/** Tasks are never busy: how they answer is up to the scenario alone. */
const IDLE = { capacity: 1e6 } as const;

/** A share of faults that comes in bursts, at ages of the tasks that a seed decides. */
function bursting(cell: Cell, share: number, seed: number, from: number, minutes: number): ScenarioBehaviour {
  const next = burstFactors(seededRandom(seed));
  const factors = Array.from({ length: minutes }, next);
  const calm = Math.min(...factors);
  const changes = factors.flatMap((factor, minute): Change[] => {
    if (factor === calm) return [];
    const age = from + minute * MINUTE;
    return [{ from: { age }, until: { age: age + MINUTE }, ...conductWith(cell, share * factor) }];
  });
  return { ...IDLE, ...conductWith(cell, share * calm), changes };
}

/** A share of faults that is the usual one at first and grows to its whole extent, minute by minute. */
function leaking(cell: Cell): ScenarioBehaviour {
  const { usual } = cell;
  const changes = Array.from({ length: LEAK_MINUTES + 1 }, (_, minute): Change => {
    const grown = Math.min(1, (minute + 0.5) / LEAK_MINUTES);
    const share = usual + (canaryShare(cell) - usual) * grown;
    return { from: { age: (LEAK_AFTER + minute) * MINUTE }, ...conductWith(cell, share) };
  });
  return { ...IDLE, ...conductWith(cell, usual), changes };
}

function stableOf(cell: Cell): ScenarioBehaviour {
  if (cell.kind !== 'bursts') return { ...IDLE, ...conductWith(cell, cell.usual) };
  const minutes = HISTORY_MS / MINUTE + ROLLOUT_MINUTES;
  return bursting(cell, cell.usual, firstSeed(cell), AGE_OF_STABLE, minutes);
}

function canaryOf(cell: Cell): ScenarioBehaviour {
  if (cell.kind === 'leak') return leaking(cell);
  const share = canaryShare(cell);
  if (cell.kind !== 'bursts') return { ...IDLE, ...conductWith(cell, share) };
  return bursting(cell, share, firstSeed(cell) + 1, 0, ROLLOUT_MINUTES);
}

/** The world in which web:1, stable, is to be replaced by web:2, the canary. */
export const worldOf = (cell: Cell): WorldOptions => ({
  seed: firstSeed(cell),
  images: ['app:v1', 'app:v2'],
  tasks: 2,
  // The web shop has a fifth of that beside it.
  rate: cell.rate / 1.2,
  behaviours: { 'app:v1': stableOf(cell), 'app:v2': canaryOf(cell) },
  // At that speed, answers that lag behind by a second's part would look as if they never came.
  override: { history: HISTORY_MS, consistencyLag: { min: 0, max: 0 } },
});
