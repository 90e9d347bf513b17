/**
 * A signal that aborts on SIGINT or SIGTERM. The runner sends SIGINT when a job is cancelled or a step runs out of
 * time, SIGTERM 7.5 s later, and kills the process after another 2.5 s.
 */
export function cancellation(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => controller.abort(signal));
  }
  return controller.signal;
}
