import { formatDuration } from '../rollout/duration.ts';
import { describeStop, type StoppedTask } from '../rollout/judge/evidence.ts';
import type { Finding } from '../rollout/judge/finding.ts';
import { formatStep } from '../rollout/plan.ts';
import { revision } from './narrate.ts';
import type { RolloutRecord } from './record.ts';
import { VERDICT_MARKS } from './verdict-marks.ts';

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
    ...gateTable(steps.findLast(({ findings }) => findings.length > 0)?.findings ?? []),
    ...troubleSection(story),
    `<sub>Rollout ${code(record.rolloutId)}</sub>`,
    '',
  ].join('\n');
}

/** What the gates said last while each step baked, the decision that ended the step included. */
function stepStories({ rollout, entries }: RolloutRecord): readonly StepStory[] {
  const stories: StepStory[] = rollout.plan.map((_, index) => ({ index, findings: [] }));
  let baking: StepStory | undefined;
  for (const entry of entries) {
    if (entry.kind !== 'decision') continue;
    const { phase, action, findings } = entry;
    if (baking && findings.length > 0) baking.findings = findings;
    const inBake = phase.kind === 'stepping' && phase.verifiedAt !== undefined;
    baking = inBake ? stories[phase.step] : undefined;
    const shifted = phase.kind === 'stepping' && action.kind === 'shift' ? stories[phase.step] : undefined;
    if (shifted) shifted.shiftedAt = entry.at;
  }
  return stories.filter(({ shiftedAt }) => shiftedAt !== undefined);
}

function stepRow({ rollout, startedAt }: RolloutRecord, { index, shiftedAt, findings }: StepStory): string {
  const step = rollout.plan[index];
  const name = step ? (step.bakeMs === 0 ? `${step.weight}%` : formatStep(step)) : '';
  const began = shiftedAt === undefined ? 'never' : `after ${formatDuration(shiftedAt - startedAt)}`;
  const marks = findings
    .map(({ verdict, gate }) => `${VERDICT_MARKS[verdict]} ${literal(gate)}`)
    .join('<br>');
  return `| ${name} | ${began} | ${marks} |`;
}

/** What the gates said, as a table; nothing where there are none. */
export function gateTable(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  return [
    '| Gate | Verdict | What was seen last |',
    '| --- | --- | --- |',
    ...findings.map(
      ({ gate, verdict, text, warnOnly }) =>
        `| ${literal(gate)} | ${VERDICT_MARKS[verdict]} ${verdict}${warnOnly ? ' (warns only)' : ''} | ${literal(text)} |`,
    ),
    '',
  ];
}

/** Why tasks have stopped, and what their service said; nothing where none has. */
export function troubleSection({
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
    ...(events.length === 0
      ? []
      : ['### Last events of the canary service', '', ...events.map((event) => `- ${literal(event)}`), '']),
  ];
}

const code = (text: string): string => `\`${text.replaceAll('`', '')}\``;

/** Text of others must not become Markdown or HTML. */
const literal = (text: string): string =>
  text.replace(/[\\`*_{}[\]<>|#]/g, (character) => `\\${character}`).replaceAll('\n', '<br>');
