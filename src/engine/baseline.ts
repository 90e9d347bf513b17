import type { Clock } from '../clock.ts';
import { ConfigError, type Problem } from '../errors.ts';
import type { Metrics, MetricValues } from '../ports.ts';
import type { Gate } from '../rollout/gates.ts';
import { NO_EVIDENCE, type Period } from '../rollout/judge/evidence.ts';
import type { Finding } from '../rollout/judge/finding.ts';
import { judge } from '../rollout/judge/judge.ts';
import { type CustomMetric, EvidenceSource, type MeteredSide } from './evidence-source.ts';

const MINUTE = 60_000;
/** Long enough to see the bursts that a service has now and then. */
const HISTORY_MS = 180 * MINUTE;
const QUARTER_MS = 15 * MINUTE;

/** How the service itself did before anything is changed. */
export interface Baseline {
  /** Its minutes, oldest first. */
  readonly periods: readonly Period[];
  /**
   * The gates that it did not meet itself in the last quarter of an hour, with the numbers: they cannot tell a good
   * release from a bad one.
   */
  readonly unmet: readonly Finding[];
}

/**
 * @param until how the service did before that time (ms), where it is not to be before now
 * @throws ConfigError naming every custom metric that CloudWatch does not take
 */
export async function readBaseline(
  metrics: Metrics,
  clock: Clock,
  side: MeteredSide,
  gates: readonly Gate[],
  custom: Readonly<Record<string, CustomMetric>>,
  { metricDelayMs, minRequests, until }: { metricDelayMs: number; minRequests: number; until?: number },
): Promise<Baseline> {
  const to =
    Math.floor(Math.min(until ?? Number.POSITIVE_INFINITY, clock.now() - metricDelayMs) / MINUTE) * MINUTE;
  const from = to - HISTORY_MS;
  const source = new EvidenceSource('s', side, gates, custom);
  const values = await readOrBlame(metrics, source, from, to);
  const periods = source.periods(values, from, to, { now: clock.now(), metricDelayMs });
  // Of a service that somebody else had the traffic of at the end, the last quarter of an hour is that before it.
  const last = until === undefined ? undefined : periods.findLast(({ requests }) => requests > 0);
  const since = (last ? last.start + MINUTE : to) - QUARTER_MS;
  const quarter = periods.filter(({ start }) => start >= since);
  const measured = gates.filter(
    ({ kind, measure }) => kind === 'bound' && measure.kind !== 'crashes' && measure.kind !== 'unhealthy',
  );
  // What stable leaves without an answer is what is usual here, and no fault.
  const evidence = { ...NO_EVIDENCE, canary: quarter, stable: quarter, complete: values.complete };
  const findings = judge(measured, evidence, {
    since,
    minRequests,
    steps: 1,
    weight: 100,
    onStableFailing: 'hold',
  });
  return {
    periods,
    unmet: findings.filter(({ verdict }) => verdict === 'fail' || verdict === 'abort'),
  };
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
