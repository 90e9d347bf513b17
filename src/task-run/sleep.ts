import type { Clock } from '../clock.ts';

/** Sleeps until the clock shows `at`, which a timer alone may miss by a little; shorter when `signal` aborts. */
export async function sleepUntil(clock: Clock, at: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && clock.now() < at) await clock.sleep(at - clock.now(), signal);
}

/** What a promise gives, or `undefined` when the signal aborts first; then its end is nobody's business. */
export async function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly value: T } | undefined> {
  promise.catch(() => undefined);
  if (signal.aborted) return undefined;
  const stop = new AbortController();
  const aborted = new Promise<undefined>((settle) => {
    signal.addEventListener('abort', () => settle(undefined), { once: true, signal: stop.signal });
  });
  try {
    return await Promise.race([promise.then((value) => ({ value })), aborted]);
  } finally {
    stop.abort();
  }
}
