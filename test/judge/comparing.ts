import type { RecordEntry } from '../../src/report/record.ts';
import type { Period } from '../../src/rollout/judge/evidence.ts';
import type { Look as ModelLook, Side } from '../bench/judge/contestant.ts';
import { ours } from '../bench/judge/ours.ts';
import { GATES, NOTHING, type Played, type TrueMinute } from './playing.ts';

const MINUTE = 60_000;

export type Of = keyof typeof GATES;
const ALL = Object.keys(GATES) as readonly Of[];

/** What the action knew of CloudWatch's metrics at a time, and which comparisons took the release back. */
export interface Look {
  /** ms since the epoch. */
  readonly at: number;
  readonly canary: ReadonlyMap<number, Period>;
  readonly stable: ReadonlyMap<number, Period>;
  readonly aborted: readonly Of[];
}

type Entry<Kind> = RecordEntry & { readonly kind: Kind };

const isDecision = (entry: RecordEntry): entry is Entry<'decision'> => entry.kind === 'decision';

/** The looks that brought something new, up to the last one on which something was judged. */
export function looksOf({ record: { entries } }: Played): readonly Look[] {
  const canary = new Map<number, Period>();
  const stable = new Map<number, Period>();
  return entries.flatMap((entry, index): Look[] => {
    if (entry.kind !== 'metrics') return [];
    for (const period of entry.canary) canary.set(period.start, period);
    for (const period of entry.stable) stable.set(period.start, period);
    const { findings = [] } = entries.slice(index).find(isDecision) ?? {};
    if (findings.length === 0) return [];
    const aborted = ALL.filter((of) =>
      findings.some(({ gate, verdict }) => gate === GATES[of] && verdict === 'abort'),
    );
    return [{ at: entry.at, canary: new Map(canary), stable: new Map(stable), aborted }];
  });
}

/** When each step's weight was seen in place, ms since the epoch. */
export function stepsOf({ record: { entries } }: Played): readonly number[] {
  const verified: number[] = [];
  for (const { phase } of entries.filter(isDecision)) {
    if (phase.kind === 'stepping' && phase.verifiedAt !== undefined) verified[phase.step] = phase.verifiedAt;
  }
  return verified;
}

/** Where in the plan a minute lay. */
function positionAt(
  played: Played,
  steps: readonly number[],
  start: number,
): Omit<ModelLook, 'canary' | 'stable'> {
  const { plan } = played.record.rollout;
  const index = Math.max(
    0,
    steps.findLastIndex((verifiedAt) => verifiedAt <= start),
  );
  const { weight, bakeMs } = plan[index] ?? plan[0];
  const since = Math.min(start, steps[index] ?? start);
  return { weight, minuteOfStep: 1 + Math.floor((start - since) / MINUTE), minutesOfStep: bakeMs / MINUTE };
}

/** The minute as if nothing but that had gone wrong. */
const only = (of: Of, side: Side): Side => ({ ...NOTHING, requests: side.requests, [of]: side[of] });

/** Whether the model takes the release back after each of the minutes, by all of its gates or by one alone. */
function modelOn(played: Played, minutes: readonly TrueMinute[], by?: Of): readonly boolean[] {
  const seen = (side: Side): Side => (by === undefined ? side : only(by, side));
  const run = ours(false).begin(played.truth.before.map(seen));
  const steps = stepsOf(played);
  return minutes.map(({ start, canary, stable }) => {
    const sides = { canary: seen(canary), stable: seen(stable) };
    return run({ ...sides, ...positionAt(played, steps, start) }) === 'roll-back';
  });
}

/** A minute as far as a comparison believes it: before it has settled, its errors may still be on their way. */
function knownTo(of: Of, { requests, errors5xx, timed = 0, slower, settled }: Period) {
  if (requests === 0 || !settled) return undefined;
  return of === 'errors'
    ? { ...NOTHING, requests, errors: errors5xx }
    : { ...NOTHING, requests: timed, slow: slower[300] ?? 0 };
}

/** By which gates the model takes the release back on what the action knew, some of the last minutes in part. */
export const modelAt = (played: Played, { canary, stable }: Look): readonly Of[] =>
  ALL.filter((of) => {
    const minutes = [...stable.values()].flatMap((period): TrueMinute[] => {
      const { start, settled, requests } = period;
      const onStable = settled && requests === 0 ? NOTHING : knownTo(of, period);
      if (!onStable) return [];
      const beside = canary.get(start);
      return [{ start, stable: onStable, canary: (beside && knownTo(of, beside)) ?? NOTHING }];
    });
    return modelOn(played, minutes, of).at(-1) ?? false;
  });

/** A settled minute of one side, as the action knew it in the end. */
export interface Counted {
  readonly side: 'canary' | 'stable';
  readonly start: number;
  readonly requests: number;
  readonly errors: number;
  readonly slow: number;
}

export const settledIn = (look: Look): readonly Counted[] =>
  (['canary', 'stable'] as const).flatMap((side) =>
    [...look[side].values()]
      .filter(({ settled }) => settled)
      .map(({ start, requests, errors5xx, slower }) => ({
        side,
        start,
        requests,
        errors: errors5xx,
        slow: slower[300] ?? 0,
      })),
  );

/** The same minutes as they really were. */
export function reallyIn({ truth }: Played, counted: readonly Counted[]): readonly Counted[] {
  const minutes = new Map(truth.minutes.map((minute) => [minute.start, minute]));
  return counted.map(({ side, start }) => {
    const { requests, errors, slow } = minutes.get(start)?.[side] ?? NOTHING;
    return { side, start, requests, errors, slow };
  });
}

/** The first minute after which the model takes the release back. */
export interface ModelEnd {
  /** ms since the epoch; the minute lasts until `end`. */
  readonly end: number;
  readonly gates: readonly Of[];
  /** One of the minutes after it speaks for the canary again, so that whoever learns of both at once stays calm. */
  readonly passing: boolean;
}

/**
 * The model on the minutes as they really were, from the canary's first whole one.
 *
 * @param last start of the last one that is judged
 */
export function modelEnd(played: Played, first: number, last: number): ModelEnd | undefined {
  const minutes = played.truth.minutes.filter(({ start }) => start >= first && start <= last);
  const rollsBack = modelOn(played, minutes);
  const index = rollsBack.indexOf(true);
  const minute = minutes[index];
  if (!minute) return undefined;
  return {
    end: minute.start + MINUTE,
    gates: ALL.filter((of) => modelOn(played, minutes, of)[index]),
    passing: rollsBack.slice(index).includes(false),
  };
}

/** Start of the newest minute that is settled, on both sides, as are all before it. */
export function settledUpTo({ canary, stable }: Look): number {
  const open = [...canary.values(), ...stable.values()].filter(({ settled }) => !settled);
  return Math.min(newestIn({ stable }), ...open.map(({ start }) => start - MINUTE));
}

/** Start of the newest minute of which the action may have known something. */
export const newestIn = ({ stable }: Pick<Look, 'stable'>): number => Math.max(...stable.keys());
