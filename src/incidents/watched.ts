import { revision } from '../report/narrate.ts';
import type { Period, StoppedTask } from '../rollout/judge/evidence.ts';
import type { Finding } from '../rollout/judge/finding.ts';
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
  const { cluster, service, startedAt, endedAt, outcome, reason, rollout, entries } = record;
  const stops = new Map<string, StoppedTask>();
  const minutes = new Map<number, Period>();
  const verdicts = new Map<string, string>();
  const timeline: Moment[] = [
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
    timeline.push({ at: endedAt, text: `The watch ended: ${outcome ?? 'broken off'}` });
  const sum = (of: (period: Period) => number) =>
    [...minutes.values()].reduce((total, period) => total + of(period), 0);
  const requests = sum((period) => period.requests);
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
      ms: Math.max(0, (backAt ?? decidedAt ?? endedAt ?? startedAt) - startedAt),
      answers: requests === 0 ? undefined : { requests, errors5xx: sum(({ errors5xx }) => errors5xx) },
    },
    timeline,
    gates,
    stops: [...stops.values()],
    events: [],
  };
}
