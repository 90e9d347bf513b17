import type { Clock } from '../../clock.ts';
import { formatDuration } from '../../rollout/duration.ts';
import type { HttpClient } from '../../smoke-test/exchange.ts';
import type { HttpTarget } from './targets.ts';

/** What came of a target. */
export type Outcome =
  | {
      readonly kind: 'sent';
      /** Of Slack's bot: what names the message. */
      readonly message?: string;
    }
  | { readonly kind: 'failed'; readonly why: string };

export interface Tools {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly cancelled: AbortSignal;
  readonly say: (line: string) => void;
  /** When the time for all of it is up, in ms of the clock. */
  readonly deadline: number;
}

/** One that hangs leaves time for another try. */
const LONGEST_TRY_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;

/**
 * Sends a message until its target has taken it, refuses it for good, or the time is up. A target that has taken it and
 * could not say so may get it twice.
 *
 * @throws Error named AbortError when the run was cancelled
 */
export async function deliver(target: HttpTarget, tools: Tools): Promise<Outcome> {
  const { client, clock, cancelled, deadline, say } = tools;
  for (let attempt = 1; ; attempt++) {
    const limit = Math.min(LONGEST_TRY_MS, deadline - clock.now());
    const end = await client.send(target.request(clock.now()), Math.max(1, limit));
    const verdict = target.judge(end, clock.now());
    if (verdict.kind === 'sent') return verdict;
    if (verdict.kind === 'gone' && target.instead) {
      say(`${target.place}: ${verdict.why}; a new message is written.`);
      return deliver(target.instead, tools);
    }
    if (verdict.kind !== 'again') return { kind: 'failed', why: verdict.why };
    const usual = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
    // A date that has passed by the clock of this machine, or 0, must not let it ask without a pause.
    const pause = Math.max(FIRST_PAUSE_MS, verdict.afterMs ?? usual);
    if (clock.now() + pause >= deadline) {
      const tries = attempt === 1 ? '' : ` (${attempt} tries)`;
      const asked = verdict.afterMs === undefined ? '' : `, and asks to wait for ${formatDuration(pause)}`;
      return { kind: 'failed', why: `${verdict.why}${asked}; the time is up${tries}` };
    }
    say(`  ${target.place}: ${verdict.why}; again in ${formatDuration(pause)}`);
    await clock.sleep(pause, cancelled);
    cancelled.throwIfAborted();
  }
}
