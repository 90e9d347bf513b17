import type { Clock } from '../clock.ts';
import type { Reporter } from '../ports.ts';
import { formatDuration } from '../rollout/duration.ts';

const EVERY_MS = 60_000;

/**
 * Says each thing once, with the time since the beginning.
 *
 * @returns takes a line, what it is about, and whether it goes on: then it is said again every minute
 */
export function telling(
  reporter: Pick<Reporter, 'info'>,
  clock: Clock,
): (line: string, about: string, goesOn: boolean) => void {
  const started = clock.now();
  let said = '';
  let saidAt = 0;
  return (line, about, goesOn) => {
    const now = clock.now();
    if (about === said && (!goesOn || now - saidAt < EVERY_MS)) return;
    said = about;
    saidAt = now;
    reporter.info(`[+${formatDuration(now - started)}] ${line}`);
  };
}
