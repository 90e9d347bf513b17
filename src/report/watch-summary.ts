import { formatDuration } from '../rollout/duration.ts';
import type { StoppedTask } from '../rollout/judge/evidence.ts';
import type { Finding } from '../rollout/judge/finding.ts';
import type { LogPattern, MatchedLine } from '../watch/log-patterns.ts';
import { withoutAccountIds } from './account-ids.ts';
import { first } from './bounded.ts';
import { shownLine } from './log-line.ts';
import { codeSpan, literal } from './markdown.ts';
import { revision } from './narrate.ts';
import { gateTable, troubleSection } from './summary.ts';
import type { WatchOutcome } from './watch-record.ts';

/** Lines of one pattern that are shown. */
const MOST_SHOWN = 10;

/** The lines that one pattern has found, and where to see all of them. */
export interface FoundLines {
  readonly pattern: LogPattern;
  readonly lines: readonly MatchedLine[];
  readonly consoleUrl: string;
}

export interface WatchStory {
  readonly service: string;
  readonly cluster: string;
  /** ARN of what was watched. */
  readonly taskDefinition: string;
  readonly outcome: WatchOutcome | 'cancelled';
  readonly reason: string;
  readonly ms: number;
  readonly findings: readonly Finding[];
  readonly crashes: readonly StoppedTask[];
  readonly found: readonly FoundLines[];
  readonly id: string;
}

const TITLES: Readonly<Record<WatchStory['outcome'], string>> = {
  passed: '✅ {} has passed its watch',
  failed: '⛔ {} has failed its watch',
  'rolled-back': '⛔ {} has failed its watch and was rolled back',
  'rollback-failed': '🚨 {} has failed its watch and could not be rolled back',
  superseded: '⚠️ {} is not what runs any more',
  cancelled: '⚠️ the watch of {} was cancelled',
};

/** A watch as Markdown for the job's summary page. */
export function summarizeWatch(story: WatchStory): string {
  const { service, cluster, taskDefinition, outcome, reason, ms, findings, crashes, found } = story;
  const title = TITLES[outcome].replace('{}', codeSpan(revision(taskDefinition)));
  return [
    `## ${title} (${formatDuration(ms)})`,
    '',
    `Service ${codeSpan(service)} in cluster ${codeSpan(cluster)}. ${outcome === 'passed' ? '' : '**'}${literal(withoutAccountIds(reason))}${outcome === 'passed' ? '' : '**'}`,
    '',
    ...gateTable(findings),
    ...found.flatMap(lineSection),
    ...troubleSection({ crashes, events: [] }),
    `<sub>Watch ${codeSpan(story.id)}</sub>`,
    '',
  ].join('\n');
}

function lineSection({ pattern, lines, consoleUrl }: FoundLines): string[] {
  if (lines.length === 0) return [];
  const { shown, left } = first(lines, MOST_SHOWN);
  return [
    `### Log lines: ${literal(pattern.name)}`,
    '',
    ...shown.map(({ at, text }) => `- ${new Date(at).toISOString()} ${codeSpan(shownLine(text))}`),
    ...(left > 0 ? [`- and ${left} more`] : []),
    '',
    `[All of them in CloudWatch](${consoleUrl})`,
    '',
  ];
}

/** The lines for the job's log, each with its time. */
export function linesForLog({ lines }: FoundLines): readonly string[] {
  const { shown, left } = first(lines, MOST_SHOWN);
  return [
    ...shown.map(({ at, text }) => `${new Date(at).toISOString()} ${shownLine(text)}`),
    ...(left > 0 ? [`and ${left} more`] : []),
  ];
}
