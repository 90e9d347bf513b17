import type { Clock } from '../clock.ts';
import { DeployError } from '../errors.ts';
import { isFormerAttempt } from '../github/run-identity.ts';
import type { Traffic } from '../ports.ts';
import { fromTags, type Ledger } from '../rollout/ledger.ts';

/** How often a holder says that it lives. */
export const HEARTBEAT_MS = 60_000;
const LOOK_EVERY_MS = 5_000;

/**
 * Waits until the holder of a rollout is known to be dead: its lease has run out, or it is a former attempt of this
 * run. A holder that renews its lease while we look is alive.
 *
 * @throws DeployError naming the holder when it is alive
 */
export async function requireDead(
  found: Ledger,
  anchorArn: string,
  { traffic, clock, own, signal }: { traffic: Traffic; clock: Clock; own: string; signal: AbortSignal },
  say: (line: string) => void,
): Promise<void> {
  if (isFormerAttempt(found.holder, own) || clock.now() > found.leaseUntil) return;
  say(`${found.holder} holds a rollout of ${found.service}; waiting to see whether it is still running`);
  while (clock.now() <= found.leaseUntil) {
    await clock.sleep(LOOK_EVERY_MS, signal);
    if (signal.aborted)
      throw new DeployError('cancelled while waiting for another rollout', { state: 'Nothing was changed.' });
    const now = fromTags((await traffic.tags([anchorArn])).get(anchorArn) ?? {});
    if (!now) return;
    if (now.leaseUntil !== found.leaseUntil || now.holder !== found.holder) {
      throw new DeployError(`${now.holder} is rolling out ${now.service} at the same time (${now.phase})`, {
        state: 'Nothing was changed by this run.',
        next: 'Wait for that run to end or cancel it; give both workflows the same concurrency group so that they queue.',
      });
    }
  }
}

/** Renews the lease until `stop` is called; a renewal that fails is tried again at the next beat. */
export function keepLease(
  clock: Clock,
  leaseMs: number,
  renew: (until: number) => Promise<void>,
  warn: (message: string) => void,
) {
  const stopped = new AbortController();
  const beating = (async () => {
    while (!stopped.signal.aborted) {
      await clock.sleep(HEARTBEAT_MS, stopped.signal);
      if (stopped.signal.aborted) return;
      await renew(clock.now() + leaseMs).catch((error: unknown) =>
        warn(`the lease could not be renewed: ${error instanceof Error ? error.message : String(error)}`),
      );
    }
  })();
  return {
    async stop(): Promise<void> {
      stopped.abort();
      await beating;
    },
  };
}
