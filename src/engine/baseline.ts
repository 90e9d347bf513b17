import type { Clock } from '../clock.ts';
import { ConfigError, type Problem } from '../errors.ts';
import type { Metrics, MetricValues } from '../ports.ts';
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
 * @throws ConfigError naming every custom metric that CloudWatch does not take
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
  const values = await readOrBlame(metrics, source, from, to);
  const periods = source.periods(values, from, to, { now: clock.now(), metricDelayMs });
  // What stable leaves without an answer is what is usual here, and no fault.
  const evidence = { ...NO_EVIDENCE, canary: periods, stable: periods, complete: values.complete };
  return judge(measured, evidence, { since: from, minRequests }).filter(
    ({ verdict }) => verdict === 'fail' || verdict === 'abort',
  );
}

const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && /^(Validation|InvalidParameter)/.test(error.name);

/** CloudWatch refuses a call for one wrong query in it: each custom metric is asked for alone to find whose it is. */
async function readOrBlame(
  metrics: Metrics,
  source: EvidenceSource,
  from: number,
  to: number,
): Promise<MetricValues> {
  try {
    return await metrics.read(source.queries, from, to);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const problems: Problem[] = [];
    for (const [name, queries] of source.custom) {
      try {
        await metrics.read(queries, from, to);
      } catch (refusal) {
        if (!isRefusal(refusal)) throw refusal;
        const id = queries[0]?.id ?? '';
        // The ids are ours, and mean nothing to the user.
        const message = refusal.message.replaceAll(`${id}_`, '').replaceAll(id, name);
        problems.push({ input: `metrics.${name}`, message: `CloudWatch does not take it: ${message}` });
      }
    }
    throw problems.length > 0 ? new ConfigError(problems, { cause: error }) : error;
  }
}
