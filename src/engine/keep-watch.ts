import type { Clock } from '../clock.ts';
import { type Decision, decide, type Sighting, type Watch } from '../watch/decide.ts';
import type { Lookout } from './lookout.ts';
import type { WatchRecorder } from './watch-recorder.ts';

/** What a watch has come to, or `cancelled` where it was not let come to anything. */
export type WatchEnd = {
  readonly seen: Sighting | undefined;
  readonly decision: Exclude<Decision, { kind: 'watching' }> | 'cancelled';
};

/** However busy AWS is, nothing is looked at more often. */
const LEAST_PAUSE_MS = 1_000;

/**
 * Looks, decides and records until the watch has come to an end.
 *
 * @param say hears of every decision
 * @throws what AWS says when it does not allow a look
 */
export async function keepWatch(
  lookout: Lookout,
  watch: Watch,
  {
    clock,
    recorder,
    cancelled,
    say,
  }: {
    readonly clock: Clock;
    readonly recorder: WatchRecorder;
    readonly cancelled: AbortSignal;
    readonly say: (decision: Decision, seen: Sighting) => void;
  },
): Promise<WatchEnd> {
  let last: Sighting | undefined;
  for (;;) {
    if (cancelled.aborted) return { decision: 'cancelled', seen: last };
    const seen = await lookout.look();
    // What was let go of in the middle says nothing.
    if (cancelled.aborted) continue;
    last = seen;
    const decision = decide(watch, seen);
    recorder.observed(seen);
    recorder.decided(decision);
    say(decision, seen);
    if (decision.kind !== 'watching') return { decision, seen };
    const now = clock.now();
    const pause = Math.max(LEAST_PAUSE_MS, Math.min(lookout.next, decision.until) - now);
    await clock.sleep(pause, cancelled);
  }
}
