import { copiedFrom, isOfStep, type Occasion } from './marks.ts';
import { progressOf, type Snapshot } from './source.ts';

/** What is to be done for a database to have its backup. */
export type Choice =
  /** It is there already. */
  | { readonly kind: 'use'; readonly snapshot: Snapshot; readonly why: 'same-step' | 'newer-than' }
  /** AWS is at it: an earlier attempt, or a call whose answer was lost, has begun it. */
  | { readonly kind: 'continue'; readonly snapshot: Snapshot }
  | { readonly kind: 'make' };

/** So long a backup that the same step has made in an earlier attempt counts as made before what is done now. */
export const SAME_STEP_MS = 3_600_000;

/**
 * Decides from what is there.
 *
 * @param own snapshots of this database that are ours, as `isOwn` says
 * @param newerThanMs a finished one that began within that time serves; 0 for none
 */
export function choose(
  own: readonly Snapshot[],
  occasion: Pick<Occasion, 'run' | 'step'>,
  now: number,
  newerThanMs: number,
): Choice {
  const taken = newestFirst(own.filter((snapshot) => copiedFrom(snapshot) === undefined));
  const ofStep = taken.filter((snapshot) => isOfStep(snapshot, occasion));
  const underWay = ofStep.find((snapshot) => progressOf(snapshot) === 'working');
  if (underWay) return { kind: 'continue', snapshot: underWay };
  const since = (ms: number) => (snapshot: Snapshot) =>
    progressOf(snapshot) === 'finished' && (snapshot.beganAt ?? Number.NEGATIVE_INFINITY) >= now - ms;
  const mine = ofStep.find(since(Math.max(SAME_STEP_MS, newerThanMs)));
  if (mine) return { kind: 'use', snapshot: mine, why: 'same-step' };
  const other = newerThanMs > 0 ? taken.find(since(newerThanMs)) : undefined;
  return other ? { kind: 'use', snapshot: other, why: 'newer-than' } : { kind: 'make' };
}

/** By when they were taken; those of which that is not known come last. */
export const newestFirst = (snapshots: readonly Snapshot[]): readonly Snapshot[] =>
  [...snapshots].sort((a, b) => (b.beganAt ?? 0) - (a.beganAt ?? 0) || (a.id < b.id ? 1 : -1));
