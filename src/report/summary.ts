import type { Action, Phase } from '../rollout/controller.ts';
import { formatDuration } from '../rollout/duration.ts';
import { describeStop, type StoppedTask } from '../rollout/judge/evidence.ts';
import type { Finding, Verdict } from '../rollout/judge/judge.ts';
import { formatStep } from '../rollout/plan.ts';
import { revision } from './narrate.ts';
import type { RolloutRecord } from './record.ts';

const MARKS: Readonly<Record<Verdict, string>> = {
  pass: '✅',
  fail: '❌',
  abort: '⛔',
  'no-evidence': '❔',
};

/** What happened in one step of the plan. */
interface StepStory {
  readonly index: number;
  shiftedAt?: number;
  endedAt?: number;
  findings: readonly Finding[];
}

/** A rollout's record as Markdown for the job's summary page. */
export function summarize(
  record: RolloutRecord,
  story: { readonly crashes: readonly StoppedTask[]; readonly events: readonly string[] },
): string {
  const { rollout, outcome, reason, startedAt, endedAt, service, cluster } = record;
  const took = endedAt === undefined ? '' : ` in ${formatDuration(endedAt - startedAt)}`;
  const title =
    outcome === 'promoted'
      ? `✅ ${code(revision(rollout.to))} is promoted${took}`
      : `⛔ ${code(revision(rollout.to))} was taken back${took}`;
  const steps = stepStories(record);
  return [
    `## ${title}`,
    '',
    `Service ${code(service)} in cluster ${code(cluster)}, from ${code(revision(rollout.from))}. ${outcome === 'promoted' ? '' : `**${literal(reason ?? '')}**`}`,
    '',
    '| Step | Began | Gates |',
    '| --- | --- | --- |',
    ...steps.map((step) => stepRow(record, step)),
    '',
    ...gateTable(steps.at(-1)?.findings ?? []),
    ...troubleSection(story),
    `<sub>Rollout ${code(record.rolloutId)}</sub>`,
    '',
  ].join('\n');
}

function stepStories({ rollout, entries }: RolloutRecord): readonly StepStory[] {
  const stories: StepStory[] = rollout.plan.map((_, index) => ({ index, findings: [] }));
  for (const entry of entries) {
    if (entry.kind !== 'decision') continue;
    const story = stories[stepOf(entry.phase, entry.action, stories)];
    if (!story) continue;
    if (entry.action.kind === 'shift') story.shiftedAt = entry.at;
    if (entry.findings.length > 0) story.findings = entry.findings;
  }
  return stories.filter(({ shiftedAt, findings }) => shiftedAt !== undefined || findings.length > 0);
}

/** A decision that ends a step still speaks of the step before it. */
function stepOf(phase: Phase, action: Action, stories: readonly StepStory[]): number {
  if (phase.kind === 'stepping')
    return phase.verifiedAt === undefined && action.kind !== 'shift'
      ? Math.max(0, phase.step - 1)
      : phase.step;
  return stories.findLastIndex(({ shiftedAt }) => shiftedAt !== undefined);
}

function stepRow({ rollout, startedAt }: RolloutRecord, { index, shiftedAt, findings }: StepStory): string {
  const step = rollout.plan[index];
  const name = step ? (step.bakeMs === 0 ? `${step.weight}%` : formatStep(step)) : '';
  const began = shiftedAt === undefined ? 'never' : `after ${formatDuration(shiftedAt - startedAt)}`;
  const marks = findings.map(({ verdict, gate }) => `${MARKS[verdict]} ${literal(gate)}`).join('<br>');
  return `| ${name} | ${began} | ${marks} |`;
}

function gateTable(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  return [
    '| Gate | Verdict | What was seen last |',
    '| --- | --- | --- |',
    ...findings.map(
      ({ gate, verdict, text, warnOnly }) =>
        `| ${literal(gate)} | ${MARKS[verdict]} ${verdict}${warnOnly ? ' (warns only)' : ''} | ${literal(text)} |`,
    ),
    '',
  ];
}

function troubleSection({
  crashes,
  events,
}: {
  readonly crashes: readonly StoppedTask[];
  readonly events: readonly string[];
}): string[] {
  if (crashes.length === 0) return [];
  return [
    '### Stopped tasks',
    '',
    ...crashes.slice(0, 10).map((task) => `- ${literal(describeStop(task))}`),
    '',
    '### Last events of the canary service',
    '',
    ...events.map((event) => `- ${literal(event)}`),
    '',
  ];
}

const code = (text: string): string => `\`${text.replaceAll('`', '')}\``;

/** Text of others must not become Markdown or HTML. */
const literal = (text: string): string =>
  text.replace(/[\\`*_{}[\]<>|#]/g, (character) => `\\${character}`).replaceAll('\n', '<br>');
