import type { Clock } from '../clock.ts';
import { isOutage } from '../errors.ts';

/** Throttling and outages slow a change down for that long before it fails. */
const PATIENCE_MS = 10 * 60_000;
const PAUSE_MS = 2_000;

/**
 * Makes a change again and again until AWS takes it, as long as AWS says no more than that it cannot answer now.
 * The adapters ask only briefly themselves, so that `before` is heard before each try.
 *
 * @param before throws when the change must not be made any more
 */
export async function insist(
  clock: Clock,
  change: () => Promise<void>,
  before: () => Promise<void> = async () => undefined,
): Promise<void> {
  const limit = clock.now() + PATIENCE_MS;
  for (;;) {
    await before();
    try {
      return await change();
    } catch (error) {
      if (!isOutage(error) || clock.now() > limit) throw error;
      await clock.sleep(PAUSE_MS);
    }
  }
}
