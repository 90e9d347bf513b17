import { revision } from '../report/narrate.ts';
import type { Period, StoppedTask } from '../rollout/judge/evidence.ts';
import type { Finding } from '../rollout/judge/finding.ts';
import { answersIn } from './answers.ts';
import type { Moment } from './incident.ts';
import type { Recorded } from './recorded.ts';

/** What is read of the record of a watch, which `monitor` keeps. */
export interface WatchStory {
  readonly kind: 'watch';
  readonly cluster: string;
  readonly service: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly outcome?: string;
  readonly reason?: string;
  /** `from` is empty where nobody knows it. */
  readonly rollout: { readonly from: string; readonly to: string };
  /** When the deployment of what is watched began; 0 where nobody knows it. */
  readonly watch?: { readonly deployedAt: number };
  readonly entries: readonly WatchedEntry[];
}

type WatchedEntry = { readonly at: number } & (
  | { readonly kind: 'metrics'; readonly canary: readonly Period[] }
  | {
      readonly kind: 'observation';
      readonly observation: { readonly evidence: { readonly crashes?: readonly StoppedTask[] } };
    }
  | { readonly kind: 'decision'; readonly decision: string; readonly findings: readonly Finding[] }
  | { readonly kind: 'error'; readonly doing: string; readonly message: string }
  | { readonly kind: 'call' }
);

/** What the record of a watch tells: all users have had the release, from its beginning on. */
export function watched(record: WatchStory): Recorded {
  const { cluster, service, startedAt, endedAt, outcome, reason, rollout, watch, entries } = record;
  const stops = new Map<string, StoppedTask>();
  const minutes = new Map<number, Period>();
  const verdicts = new Map<string, string>();
  const timeline: Moment[] = [
    ...(watch?.deployedAt
      ? [{ at: watch.deployedAt, text: `ECS began to deploy ${revision(rollout.to)}` }]
      : []),
    { at: startedAt, text: `The watch of ${revision(rollout.to)} began, with all of the traffic` },
  ];
  let gates: readonly Finding[] = [];
  let decidedAt: number | undefined;
  for (const entry of entries) {
    if (entry.kind === 'metrics') for (const period of entry.canary) minutes.set(period.start, period);
    if (entry.kind === 'observation') {
      for (const task of entry.observation.evidence.crashes ?? []) stops.set(task.arn, task);
    }
    if (entry.kind === 'error')
      timeline.push({ at: entry.at, text: `Error while ${entry.doing}: ${entry.message}` });
    if (entry.kind !== 'decision') continue;
    if (entry.findings.length > 0 && decidedAt === undefined) gates = entry.findings;
    for (const { gate, verdict, text } of entry.findings) {
      const bad = verdict === 'abort' || verdict === 'fail';
      if (bad && verdicts.get(gate) !== verdict)
        timeline.push({ at: entry.at, text: `Gate ${gate} says ${verdict}: ${text}` });
      verdicts.set(gate, verdict);
    }
    if (entry.decision === 'failed') decidedAt ??= entry.at;
  }
  const backAt = outcome === 'rolled-back' ? endedAt : undefined;
  if (endedAt !== undefined)
    timeline.push({ at: endedAt, text: endOf(outcome, rollout.from, decidedAt !== undefined) });
  // The deployment began before the watch of it, and users had it from then on.
  const since = watch?.deployedAt || startedAt;
  return {
    cluster,
    service,
    startedAt,
    outcome,
    reason,
    failed: rollout.to,
    good: rollout.from === '' ? undefined : rollout.from,
    decidedAt,
    backAt,
    production: undefined,
    impact: {
      share: 100,
      ms: Math.max(0, (backAt ?? decidedAt ?? endedAt ?? startedAt) - since),
      answers: answersIn(minutes.values()),
    },
    timeline,
    gates,
    stops: [...stops.values()],
    events: [],
  };
}

/** @param ours whether it was this watch that found it bad: otherwise somebody else has gone back, wherever to */
function endOf(outcome: string | undefined, from: string, ours: boolean): string {
  if (outcome !== 'rolled-back' || !ours) return `The watch ended: ${outcome ?? 'broken off'}`;
  return `The service ran ${from === '' ? 'the former revision' : revision(from)} again, and the watch ended`;
}
