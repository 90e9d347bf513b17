import { formatDuration } from '../rollout/duration.ts';
import type { Gate } from '../rollout/gates.ts';
import type { Alarm, Evidence } from '../rollout/judge/evidence.ts';
import type { Finding } from '../rollout/judge/finding.ts';
import { judge } from '../rollout/judge/judge.ts';
import { whileWatching } from './gates.ts';
import { gateOf, judgeLines, type LogPattern, type MatchedLine } from './log-patterns.ts';

/** What stays the same for the whole of a watch. Times are ms since the epoch. */
export interface Watch {
  readonly startedAt: number;
  readonly forMs: number;
  /** After that time the watch may end once everything passes for sure; never without it. */
  readonly leastMs: number | undefined;
  /** When the deployment of the watched revision began: an alarm that has been firing since before says nothing of it. */
  readonly deployedAt: number;
  readonly gates: readonly Gate[];
  readonly patterns: readonly LogPattern[];
  readonly minRequests: number;
  /** How old a minute has to be before its metrics count as complete: so much later than its end the watch is judged. */
  readonly metricDelayMs: number;
  readonly onNoEvidence: 'proceed' | 'fail';
}

/** What is looked at apart from CloudWatch's metrics, which tell themselves whether they are all there. */
export type Looked = 'service' | 'targets' | 'alarms' | 'logs';

/** What is known of the service at one moment. */
export interface Sighting {
  readonly now: number;
  /** The watched revision's minutes since the watch began stand as the canary's; no other revision has any. */
  readonly evidence: Evidence;
  /** By the name of the pattern, since the watch began. */
  readonly lines: ReadonlyMap<string, readonly MatchedLine[]>;
  /** When each was seen last, of those that are looked at. */
  readonly seenAt: ReadonlyMap<Looked, number>;
  /** Why the service does not run the watched revision any more. */
  readonly gone?: string;
}

export type Decision = { readonly findings: readonly Finding[] } & (
  | { readonly kind: 'watching'; readonly waitingFor: string; readonly until: number }
  | { readonly kind: 'failed'; readonly reason: string }
  /** Over its whole time; `unknown`: what nothing can be said of. */
  | { readonly kind: 'passed'; readonly reason: string; readonly unknown: readonly Finding[] }
  | { readonly kind: 'confident'; readonly reason: string }
  | { readonly kind: 'superseded'; readonly reason: string }
);

/** How much later than usual metrics, or an answer of AWS, may come before that counts as having no evidence. */
const LATE_MS = 3 * 60_000;

/** Nobody is sure of what was seen before that. */
const FRESH_MS = 2 * 60_000;

/** Decides what a watch comes to: pure, so that all of it can be tested without AWS and without time. */
export function decide(watch: Watch, seen: Sighting): Decision {
  const { startedAt, forMs, leastMs = Number.POSITIVE_INFINITY, metricDelayMs } = watch;
  const end = startedAt + forMs;
  const judgedAt = end + metricDelayMs;
  const over = seen.now >= judgedAt;
  const findings = findingsOf(watch, seen, over ? end : undefined);
  if (seen.gone !== undefined) return { kind: 'superseded', reason: seen.gone, findings };
  const deciding = findings.filter(({ warnOnly }) => !warnOnly);
  const failed = deciding.find(({ verdict }) => verdict === 'abort' || (over && verdict === 'fail'));
  if (failed) return { kind: 'failed', reason: `${failed.gate}: ${failed.text}`, findings };
  if (seen.now < end) {
    const sure = deciding.every(
      (finding) =>
        finding.verdict === 'pass' && finding.sure && lookedAt(finding, watch, seen) >= seen.now - FRESH_MS,
    );
    if (sure && seen.now >= startedAt + leastMs) {
      const took = formatDuration(seen.now - startedAt);
      return { kind: 'confident', reason: `every gate passes for sure after ${took}`, findings };
    }
    return { kind: 'watching', waitingFor: 'the end of the watch', until: end, findings };
  }
  const late = judgedAt + LATE_MS;
  if (!over || (seen.now < late && deciding.some(({ waiting }) => waiting))) {
    const waitingFor = 'the metrics of the last minutes';
    return { kind: 'watching', waitingFor, until: over ? late : judgedAt, findings };
  }
  const unknown = deciding.filter(({ verdict }) => verdict === 'no-evidence');
  const [first] = unknown;
  if (first && watch.onNoEvidence === 'fail') {
    return { kind: 'failed', reason: `${first.gate}: no evidence, ${first.text}`, findings };
  }
  const whole = formatDuration(forMs);
  const reason = first
    ? `nothing failed within ${whole}; of ${names(unknown)} nothing can be said`
    : `every gate passed for ${whole}`;
  return { kind: 'passed', reason, unknown, findings };
}

const names = (findings: readonly Finding[]): string => findings.map(({ gate }) => `"${gate}"`).join(', ');

/** @param bakeEnd the end of the watch, once it is to be decided */
function findingsOf(watch: Watch, seen: Sighting, bakeEnd: number | undefined): readonly Finding[] {
  const { startedAt, minRequests, gates, patterns, deployedAt } = watch;
  const { alarms } = seen.evidence;
  const [old, current] = [
    alarms.filter(isOld(deployedAt)),
    alarms.filter((each) => !isOld(deployedAt)(each)),
  ];
  const ruling = {
    since: startedAt,
    minRequests,
    // The watch is one step, with all the traffic.
    steps: 1,
    weight: 100,
    onStableFailing: 'proceed',
    subject: 'the service',
    ...(bakeEnd !== undefined && { bakeEnd }),
  } as const;
  return [
    ...judge(gates.map(whileWatching), { ...seen.evidence, alarms: current }, ruling),
    ...old.map(({ name, since }) => ({
      gate: `alarm ${name}`,
      verdict: 'no-evidence' as const,
      text: `has been in ALARM since ${new Date(since).toISOString()}, which is before the release`,
      warnOnly: true,
    })),
    ...patterns.map((pattern) => judgeLines(pattern, seen.lines.get(pattern.name) ?? [])),
  ].map((finding) => unlessUnseen(finding, watch, seen, bakeEnd));
}

const isOld =
  (deployedAt: number) =>
  ({ state, since }: Alarm): boolean =>
    state === 'ALARM' && since < deployedAt;

/** That nothing bad was seen says nothing where nobody could look. */
function unlessUnseen(finding: Finding, watch: Watch, seen: Sighting, bakeEnd: number | undefined): Finding {
  if (bakeEnd === undefined || finding.verdict !== 'pass') return finding;
  const at = lookedAt(finding, watch, seen);
  if (at >= bakeEnd) return finding;
  const on = lookFor(finding, watch);
  return {
    gate: finding.gate,
    warnOnly: finding.warnOnly,
    verdict: 'no-evidence',
    waiting: true,
    text: `${ANSWERS[on ?? 'service']} has not answered since ${new Date(at).toISOString().slice(11, 16)} UTC; until then ${finding.text}`,
  };
}

/** When that was seen last on which a finding rests; metrics tell themselves whether they are all there. */
function lookedAt(finding: Finding, watch: Watch, { seenAt }: Sighting): number {
  const on = lookFor(finding, watch);
  return (on && seenAt.get(on)) ?? Number.POSITIVE_INFINITY;
}

const ANSWERS: Readonly<Record<Looked, string>> = {
  service: 'ECS',
  targets: 'the load balancer',
  alarms: 'CloudWatch',
  logs: 'CloudWatch Logs',
};

/** Where a finding comes from that does not come from metrics. */
function lookFor({ gate }: Finding, { gates, patterns }: Watch): Looked | undefined {
  if (patterns.some((pattern) => gateOf(pattern) === gate)) return 'logs';
  const measure = gates.find(({ text }) => text === gate)?.measure.kind;
  if (measure === undefined) return gate.startsWith('alarm ') ? 'alarms' : undefined;
  return measure === 'crashes' ? 'service' : measure === 'unhealthy' ? 'targets' : undefined;
}
