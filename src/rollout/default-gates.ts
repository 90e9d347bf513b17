import { parseGates } from './gate-syntax.ts';
import type { Gate } from './gates.ts';
import type { Period } from './judge/evidence.ts';

/** What a team gets that writes no gates. */
export const DEFAULT_GATES = [
  'error-rate vs stable',
  'slower-than 300ms vs stable',
  'crashes = 0',
  'unhealthy < 2m',
].join('\n');

/** What slow may mean instead for services that take longer by nature. */
export const LONGER_TIMES: readonly Gate[] = parseGates(
  'slower-than 1s vs stable\nslower-than 3s vs stable\nslower-than 10s vs stable',
);
/** Where more of stable's requests are slow than that, one more that is says little. */
const SLOW_BY_NATURE = 0.2;

/** A default gate that says little of the service, what takes its place, and the share of its requests that are slow. */
export interface Replaced {
  readonly gate: Gate;
  readonly instead: Gate;
  readonly slow: number;
}

/**
 * Finds a longer time where the service is not quick enough for the default notion of slow.
 *
 * @param before stable's minutes before the rollout
 */
export function tooStrict(gates: readonly Gate[], before: readonly Period[]): readonly Replaced[] {
  return gates.flatMap((gate) => {
    const slow = slowShare(gate, before);
    if (slow <= SLOW_BY_NATURE) return [];
    const instead =
      LONGER_TIMES.find((longer) => slowShare(longer, before) <= SLOW_BY_NATURE) ?? LONGER_TIMES.at(-1);
    return instead ? [{ gate, instead, slow }] : [];
  });
}

/** The share of stable's requests that a gate calls slow; none for one that measures something else. */
function slowShare({ measure }: Gate, before: readonly Period[]): number {
  if (measure.kind !== 'share' || measure.of !== 'slow') return 0;
  const known = before.filter(({ settled }) => settled);
  const sum = (of: (period: Period) => number | undefined) =>
    known.reduce((total, period) => total + (of(period) ?? 0), 0);
  const timed = sum((period) => period.timed);
  return timed === 0 ? 0 : sum(({ slower }) => slower[measure.slowerThanMs]) / timed;
}
