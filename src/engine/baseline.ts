import type { Clock } from '../clock.ts';
import type { Metrics } from '../ports.ts';
import type { Gate } from '../rollout/gates.ts';
import { NO_EVIDENCE } from '../rollout/judge/evidence.ts';
import { type Finding, judge } from '../rollout/judge/judge.ts';
import { type CustomMetric, EvidenceSource, type MeteredSide } from './evidence-source.ts';

const MINUTE = 60_000;
const LOOK_BACK_MS = 15 * MINUTE;

/**
 * How the service itself stands to the gates before anything is changed, over the last quarter of an hour. A gate
 * that stable does not meet cannot tell a good release from a bad one.
 *
 * @returns the gates that stable fails, with the numbers
 */
export async function unmetByStable(
  metrics: Metrics,
  clock: Clock,
  side: MeteredSide,
  gates: readonly Gate[],
  custom: Readonly<Record<string, CustomMetric>>,
  { metricDelayMs, minRequests }: { metricDelayMs: number; minRequests: number },
): Promise<readonly Finding[]> {
  const measured = gates.filter(({ measure }) => measure.kind !== 'crashes' && measure.kind !== 'unhealthy');
  const to = Math.floor((clock.now() - metricDelayMs) / MINUTE) * MINUTE;
  const from = to - LOOK_BACK_MS;
  const source = new EvidenceSource('s', side, measured, custom);
  const values = await metrics.read(source.queries, from, to);
  const canary = source.periods(values, from, to, clock.now());
  const evidence = { ...NO_EVIDENCE, canary, complete: values.complete };
  return judge(measured, evidence, { since: from, minRequests }).filter(
    ({ verdict }) => verdict === 'fail' || verdict === 'abort',
  );
}
