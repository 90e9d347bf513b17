import type { RecordEntry } from '../../src/report/record.ts';
import type { Period } from '../../src/rollout/judge/evidence.ts';
import type { Look as ModelLook, Side } from '../bench/judge/contestant.ts';
import { ours } from '../bench/judge/ours.ts';
import { GATES, NOTHING, type Played } from './playing.ts';

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

/** By which of its gates the model takes the release back after each minute, by the minute's start. */
export type Answers = ReadonlyMap<number, readonly Of[]>;

/**
 * What the model says of the minutes as they really were.
 *
 * @param first start of the first one, ms since the epoch
 */
export function modelOn(played: Played, first: number): Answers {
  const { before, minutes } = played.truth;
  const steps = stepsOf(played);
  const runs = ALL.map((of) => ({ of, run: ours(false).begin(before.map((side) => only(of, side))) }));
  const judged = minutes.filter(({ start }) => start >= first);
  return new Map(
    judged.map(({ start, canary, stable }) => {
      const position = positionAt(played, steps, start);
      const against = runs.filter(({ of, run }) => {
        const sides = { canary: only(of, canary), stable: only(of, stable) };
        return run({ ...sides, ...position }) === 'roll-back';
      });
      return [start, against.map(({ of }) => of)];
    }),
  );
}

/** From which minute on the model takes the release back after each, up to the given one; ms since the epoch. */
export function againstSince(answers: Answers, last: number): number {
  let since = last;
  while ((answers.get(since - MINUTE) ?? []).length > 0) since -= MINUTE;
  return since;
}

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

/**
 * Start of the newest minute that the comparisons know, as they do all before it. One in which the canary had no
 * request settles later than others, but says nothing.
 */
export function knownUpTo({ truth }: Played, { canary, stable }: Look): number {
  const idle = new Set(
    truth.minutes.filter((minute) => minute.canary.requests === 0).map(({ start }) => start),
  );
  const open = [...stable.values()].filter(
    ({ start, settled }) => !settled || !(canary.get(start)?.settled || idle.has(start)),
  );
  return Math.min(Math.max(...stable.keys()), ...open.map(({ start }) => start - MINUTE));
}
