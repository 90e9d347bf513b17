import { formatDuration } from '../duration.ts';
import { formatShare } from '../gates.ts';
import type { Counting } from './requests.ts';

const MINUTE = 60_000;

const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16);

/** `12:03-12:07 UTC`, from the start of the first minute to the end of the last. */
export const spanOf = (
  first: { readonly start: number } | undefined,
  last: { readonly start: number } | undefined,
): string =>
  first && last ? `${clock(first.start)}-${clock(last.start + MINUTE)} UTC` : 'no complete minute yet';

export const span = (minutes: readonly { readonly start: number }[]): string =>
  spanOf(minutes[0], minutes.at(-1));

/** `36 of 1024 requests (3.52%)`. */
export function ratio(faults: number, requests: number): string {
  const share = requests === 0 ? '' : ` (${formatShare(faults / requests)})`;
  return `${faults} of ${requests} requests${share}`;
}

/** `99.5%` for a chance of 0.005; never rounded to certainty. */
export const confidence = (chance: number): string => `${Number((100 - 100 * chance).toFixed(5))}%`;

/** What the requests are said to have done. */
export function did(counting: Counting): string {
  if (counting.of === 'slow') return `took longer than ${formatDuration(counting.slowerThanMs)}`;
  return counting.of === 'unanswered' ? 'got no answer' : `answered ${counting.of}`;
}

export const silence = (unanswered: number): string =>
  unanswered === 0 ? '' : ` or, ${unanswered} of them, not at all`;
