import { formatDuration } from '../duration.ts';
import { type BoundGate, type Measure, meets } from '../gates.ts';
import type { Evidence } from './evidence.ts';
import type { Assessment, Ruling } from './finding.ts';
import { faultOf, RequestCounter } from './requests.ts';
import { silence, spanOf } from './wording.ts';

const MINUTE = 60_000;

/** Judges how many faults there were in the worst window; literally, and as soon as they are seen. */
export function assessCount(
  { bound }: BoundGate,
  measure: Measure & { readonly kind: 'count' },
  evidence: Evidence,
  { since, minRequests }: Ruling,
): Assessment {
  const counter = new RequestCounter(faultOf(measure), evidence);
  const length = measure.windowMs / MINUTE;
  let worst = counter.count([]);
  for (let end = 1; end <= evidence.canary.length; end++) {
    const window = counter.count(evidence.canary.slice(Math.max(0, end - length), end));
    if (worst.first === undefined || window.faults > worst.faults) worst = window;
  }
  const text = `${worst.faults} answers ${measure.of}${silence(worst.unanswered)} in the worst ${formatDuration(measure.windowMs)}, ${spanOf(worst.first, worst.last)}`;
  if (!meets(worst.faults, bound)) return { verdict: 'abort', text };
  const requests = evidence.canary
    .filter(({ start }) => start >= since)
    .reduce((total, period) => total + period.requests, 0);
  if (requests === 0 || requests < minRequests || !evidence.complete) {
    return { verdict: 'no-evidence', text: `${requests} of at least ${Math.max(1, minRequests)} requests` };
  }
  return { verdict: 'pass', text, sure: true };
}
