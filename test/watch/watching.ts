import { parseGates } from '../../src/rollout/gate-syntax.ts';
import { NO_EVIDENCE, type Period } from '../../src/rollout/judge/evidence.ts';
import type { Sighting, Watch } from '../../src/watch/decide.ts';
import { parseLogPatterns } from '../../src/watch/log-patterns.ts';

export const MINUTE = 60_000;
export const NOON = Date.UTC(2026, 0, 5, 12);

/** A watch of half an hour from noon on. */
export const watchBy = (gates: string, more: Partial<Watch> & { readonly logs?: string } = {}): Watch => {
  const { logs = '', ...rest } = more;
  return {
    startedAt: NOON,
    forMs: 30 * MINUTE,
    leastMs: undefined,
    deployedAt: NOON - 5 * MINUTE,
    gates: parseGates(gates),
    patterns: parseLogPatterns(logs),
    minRequests: 100,
    metricDelayMs: 3 * MINUTE,
    onNoEvidence: 'proceed',
    ...rest,
  };
};

/** A minute of the service, so many after noon. */
export const minute = (at: number, of: Partial<Period> = {}): Period => ({
  start: NOON + at * MINUTE,
  requests: 1_000,
  answered: of.requests ?? 1_000,
  errors5xx: 0,
  errors4xx: 0,
  latencySumMs: 0,
  timed: of.requests ?? 1_000,
  slower: {},
  means: {},
  settled: true,
  ...of,
});

export const minutes = (count: number, of: (at: number) => Partial<Period> = () => ({})): readonly Period[] =>
  Array.from({ length: count }, (_, at) => minute(at, of(at)));

/** What is seen so many minutes after noon, when nothing has happened but requests. */
export function seenAt(at: number, canary: readonly Period[], more: Partial<Sighting> = {}): Sighting {
  const now = NOON + at * MINUTE;
  return {
    now,
    evidence: { ...NO_EVIDENCE, canary },
    lines: new Map(),
    seenAt: new Map([
      ['service', now],
      ['targets', now],
      ['alarms', now],
      ['logs', now],
    ]),
    ...more,
  };
}
