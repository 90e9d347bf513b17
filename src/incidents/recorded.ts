import { revision } from '../report/narrate.ts';
import type { RecordEntry, RolloutRecord } from '../report/record.ts';
import { formatDuration } from '../rollout/duration.ts';
import type { Period, StoppedTask } from '../rollout/judge/evidence.ts';
import { answersIn } from './answers.ts';
import type { Impact, Incident, Moment, Production } from './incident.ts';
import { type WatchStory, watched } from './watched.ts';

type Entry<Kind extends RecordEntry['kind']> = RecordEntry & { readonly kind: Kind };
type Observed = Entry<'observation'>;
type Decided = Entry<'decision'>;

/** What a record tells of a rollout, whoever conducted it. */
export interface Recorded
  extends Pick<Incident, 'backAt' | 'production' | 'impact' | 'timeline' | 'gates' | 'stops' | 'events'> {
  readonly cluster: string;
  readonly service: string;
  readonly startedAt: number;
  readonly outcome: string | undefined;
  readonly reason: string | undefined;
  /** ARNs. */
  readonly failed: string | undefined;
  readonly good: string | undefined;
  readonly decidedAt: number | undefined;
}

/** @returns undefined when the text is no record, or one that is not understood */
export function readRecord(text: string): Recorded | undefined {
  try {
    const record = JSON.parse(text) as RolloutRecord | (WatchStory & { readonly version: 1 });
    if (record.version !== 1 || typeof record.service !== 'string' || !Array.isArray(record.entries))
      return undefined;
    return 'kind' in record ? watched(record) : recorded(record);
  } catch {
    // A run that was killed, or a later version, may have left anything.
    return undefined;
  }
}

function recorded(record: RolloutRecord): Recorded {
  const { entries, cluster, service, startedAt, outcome, reason, events = [] } = record;
  const rollout: { readonly from?: string; readonly to?: string } = record.rollout ?? {};
  const observations = entries.filter((entry): entry is Observed => entry.kind === 'observation');
  const decisions = entries.filter((entry): entry is Decided => entry.kind === 'decision');
  const turned = decisions.find(({ phase }) => phase.kind === 'rolling-back');
  const decidedAt = turned && 'since' in turned.phase ? turned.phase.since : undefined;
  const backAt = decisions
    .map(({ phase }) =>
      phase.kind === 'cleaning' && phase.outcome === 'rolled-back' ? phase.restoredAt : undefined,
    )
    .findLast((at) => at !== undefined);
  return {
    cluster,
    service,
    startedAt,
    outcome,
    reason,
    failed: rollout.to,
    good: rollout.from,
    decidedAt,
    backAt,
    production: productionOf(observations.at(-1), decisions.at(-1)),
    impact: impactOf(observations, entries),
    timeline: timelineOf(record, decisions),
    gates: turned?.findings.length
      ? turned.findings
      : (decisions.findLast(({ findings }) => findings.length > 0)?.findings ?? []),
    stops: stopsOf(observations),
    events,
  };
}

function productionOf(seen: Observed | undefined, decided: Decided | undefined): Production | undefined {
  if (!seen) return undefined;
  const { stable, share } = seen.observation;
  return {
    seenAt: seen.at,
    runs: revision(stable.taskDefinition),
    running: stable.running,
    desired: stable.desired,
    share,
    leftovers: decided?.phase.kind === 'done' && decided.phase.leftovers,
  };
}

/** What CloudWatch said last of each minute; none where no user has reached the release. */
function impactOf(observations: readonly Observed[], entries: readonly RecordEntry[]): Impact | undefined {
  const served = observations.filter(({ observation }) => observation.share > 0);
  const [first, last] = [served[0], served.at(-1)];
  if (!first || !last) return undefined;
  const minutes = new Map<number, Period>();
  for (const entry of entries) {
    if (entry.kind === 'metrics') for (const period of entry.canary) minutes.set(period.start, period);
  }
  const after = observations.find(({ at, observation }) => at > last.at && observation.share === 0);
  return {
    share: Math.max(...served.map(({ observation }) => observation.share)),
    ms: (after ?? last).at - first.at,
    answers: answersIn(minutes.values()),
  };
}

function stopsOf(observations: readonly Observed[]): readonly StoppedTask[] {
  const known = new Map<string, StoppedTask>();
  for (const { observation } of observations) {
    for (const task of observation.evidence.crashes ?? []) known.set(task.arn, task);
  }
  return [...known.values()];
}

/** The moments that somebody who was not there wants to know of; what is said twice stands once. */
function timelineOf(
  { startedAt, rollout, entries, endedAt }: RolloutRecord,
  decisions: readonly Decided[],
): readonly Moment[] {
  const moments: Moment[] = [
    {
      at: startedAt,
      text: `The rollout of ${revision(rollout?.to ?? 'the release')} began${rollout?.from ? `; ${revision(rollout.from)} ran` : ''}`,
    },
  ];
  let said = '';
  const say = (at: number, text: string): void => {
    if (text !== said) moments.push({ at, text });
    said = text;
  };
  const verdicts = new Map<string, string>();
  // A decision is written down when it was carried out, and made on what was seen before.
  let seenAt = startedAt;
  let verified: number | undefined;
  let restored = false;
  for (const entry of entries) {
    if (entry.kind === 'observation') seenAt = entry.at;
    if (entry.kind === 'error') say(entry.at, `Error while ${entry.doing}: ${entry.message}`);
    if (entry.kind !== 'decision') continue;
    const { at, phase, action, findings } = entry;
    for (const { gate, verdict, text } of findings) {
      const bad = verdict === 'abort' || verdict === 'fail';
      const saidBelow = phase.kind === 'rolling-back' && phase.reason.startsWith(`${gate}: `);
      if (bad && verdicts.get(gate) !== verdict && !saidBelow) {
        moments.push({ at: seenAt, text: `Gate ${gate} says ${verdict}: ${text}` });
      }
      verdicts.set(gate, verdict);
    }
    if (phase.kind === 'stepping' && phase.verifiedAt !== undefined && phase.verifiedAt !== verified) {
      verified = phase.verifiedAt;
      const weight = rollout?.plan?.[phase.step]?.weight;
      if (weight !== undefined) say(verified, `${weight}% of the traffic was on the release`);
    }
    if (phase.kind === 'rolling-back') say(phase.since, `Roll back: ${phase.reason}`);
    if (phase.kind === 'cleaning' && phase.restoredAt !== undefined && !restored) {
      restored = true;
      const since = decisions.find((each) => each.phase.kind === 'rolling-back')?.phase;
      const took =
        since && 'since' in since
          ? `, ${formatDuration(Math.max(0, phase.restoredAt - since.since))} after the decision`
          : '';
      if (phase.outcome === 'rolled-back')
        say(phase.restoredAt, `All traffic was back on the service${took}`);
    }
    const done = DONE[action.kind];
    if (done !== undefined) say(at, done);
  }
  if (endedAt !== undefined) moments.push({ at: endedAt, text: 'The rollout ended' });
  return moments.toSorted((a, b) => a.at - b.at);
}

const DONE: Readonly<Partial<Record<Decided['action']['kind'], string>>> = {
  'make-canary': 'The canary was started',
  test: 'The canary was tried by requests of our own',
  'update-stable': 'The service itself was given a revision',
  'delete-canary': 'The canary was removed',
};
