import { withoutAccountIds } from '../report/account-ids.ts';
import { printable } from '../taskdef/shape.ts';
import { ENDS, headOf, linkTo } from './head.ts';
import type { Incident, Subject } from './incident.ts';
import {
  DETAILS_MARK,
  END_MARK,
  type Entry,
  entryMark,
  HISTORY_MARK,
  issueMark,
  readEntry,
} from './marks.ts';
import { type Section, sectionsOf } from './sections.ts';
import { cell, dateTime, inOneLine, name, quoted } from './words.ts';

/** GitHub takes 65,536 characters in an issue or a comment; a list of what came later has to fit in as well. */
const DETAILS_LIMIT = 40_000;
const MOST_LISTED = 20;

/** What an issue and its comments are made of. */
export interface Told {
  readonly entry: Entry;
  /** The five lines. */
  readonly head: string;
  /** All the rest, in no more characters than GitHub takes. */
  readonly details: string;
  /** Everything, for the summary of the job, which holds more. */
  readonly whole: string;
}

/** An incident as Markdown: nothing of others in it is rendered, mentions somebody or refers to another issue. */
export function tell(incident: Incident): Told {
  const { run, at, outcome, failed, subject } = incident;
  const reason = printable(inOneLine(incident.reason));
  const sections = sectionsOf(incident);
  const link = run.url === undefined ? undefined : `[the run](${linkTo(run.url)})`;
  const footer = [
    ...(link === undefined
      ? []
      : [`Told by ${link}${run.workflow === undefined ? '' : ` of ${quoted(run.workflow, 100)}`}`]),
    ...(run.actor === undefined ? [] : [`started by ${name(run.actor)}`]),
  ].join(', ');
  const end = footer === '' ? [] : [`<sub>${footer}</sub>`];
  const [head = '', details = '', rest = '', why = ''] = withoutAccounts(incident.account, [
    headOf(incident),
    fitted(sections, DETAILS_LIMIT, link),
    sections.map(markdownOf).join('\n\n'),
    reason,
  ]);
  return {
    entry: { run: run.id, at, outcome, failed: failed ?? subject.service, reason: why },
    head,
    details: [details, ...end].join('\n\n'),
    whole: [`## Incident: ${quoted(subject.service, 255)}`, head, rest, ...end].join('\n\n'),
  };
}

/** The same account has the same word in all of them; the own one is known wherever it stands, as in a queue's URL. */
function withoutAccounts(own: string | undefined, texts: readonly string[]): readonly string[] {
  // First, so that it is ACCOUNT, and the others ACCOUNT-2 and so on.
  const named = own === undefined ? '' : `arn:aws:iam::${own}:root`;
  const [, ...rest] = withoutAccountIds([named, ...texts].join(BETWEEN)).split(BETWEEN);
  if (own === undefined) return rest;
  return rest.map((text) => text.replaceAll(new RegExp(`(?<!\\d)${own}(?!\\d)`, 'g'), 'ACCOUNT'));
}

/** No text has it: control characters are taken out of all of them. */
const BETWEEN = '\0';

const markdownOf = ({ title, blocks, between, folded }: Section): string =>
  folded
    ? `<details><summary>${title}</summary>\n\n${blocks.join(between)}\n\n</details>`
    : `### ${title}\n\n${blocks.join(between)}`;

/** The sections in few enough characters: the least important ones lose their last blocks first. */
function fitted(sections: readonly Section[], limit: number, link: string | undefined): string {
  const word = `_There was more than fits here${link === undefined ? '' : `; it stands in the summary of ${link}`}._`;
  const whole = sections.map(markdownOf).join('\n\n');
  if (whole.length <= limit) return whole;
  let room = limit - word.length - 2;
  const kept = new Map<Section, string>();
  for (const section of sections.toSorted((a, b) => a.rank - b.rank)) {
    // What is dear is a block: a table without its rows, or a fence that is not closed, would be worse than none.
    let blocks = section.blocks;
    const text = () => markdownOf({ ...section, blocks });
    while (blocks.length > 0 && text().length + 2 > room) blocks = blocks.slice(0, -1);
    if (blocks.length === 0 || (blocks.length === 1 && blocks[0]?.includes('| --- |'))) continue;
    kept.set(section, text());
    room -= text().length + 2;
  }
  return [...sections.flatMap((section) => kept.get(section) ?? []), word].join('\n\n');
}

/** One of the incidents in the list. */
export interface Listed {
  readonly entry: Entry;
  /** Where its details stand; those of the first one are in the issue itself. */
  readonly url: string | undefined;
}

/** The body of the issue of a service: the newest incident's head, the list of all, and the first one's details. */
export function issueBody(
  subject: Subject,
  {
    head,
    first,
    details,
    all,
    notes = '',
  }: {
    readonly head: string;
    readonly first: Entry;
    readonly details: string;
    readonly all: readonly Listed[];
    /** What people have added. */
    readonly notes?: string;
  },
): string {
  return [
    issueMark(subject),
    entryMark(first),
    head,
    HISTORY_MARK,
    ...(all.length > 1 ? [listOf(all)] : []),
    DETAILS_MARK,
    ...(all.length > 1 ? [`## The first one, ${dateTime(first.at)}`] : []),
    details,
    END_MARK,
    ...(notes === '' ? [] : [notes]),
  ].join('\n\n');
}

/** A comment with a later incident. */
export const commentBody = ({ entry, head, details }: Told): string =>
  [entryMark(entry), head, HISTORY_MARK, DETAILS_MARK, details].join('\n\n');

function listOf(all: readonly Listed[]): string {
  const newest = all.toSorted((a, b) => b.entry.at - a.entry.at);
  const rows = newest.slice(0, MOST_LISTED).map(({ entry: { at, outcome, failed, reason }, url }) => {
    const when = url === undefined ? dateTime(at) : `[${dateTime(at)}](${linkTo(url)})`;
    return `| ${when} | ${cell(name(failed))} | ${ENDS[outcome].mark} ${outcome} | ${cell(quoted(reason, 200))} |`;
  });
  const left = newest.length - rows.length;
  return [
    `**${all.length} releases have failed since this issue was opened**, the newest first:`,
    '',
    '| When | Release | End | Why |',
    '| --- | --- | --- | --- |',
    ...rows,
    ...(left > 0 ? [`| … | | | and ${left} more |`] : []),
  ].join('\n');
}

/** What an issue or a comment of ours consists of; undefined for any other text. */
export function readTold(
  body: string,
):
  | { readonly entry: Entry; readonly head: string; readonly details: string; readonly notes: string }
  | undefined {
  const text = body.replaceAll('\r\n', '\n');
  const entry = readEntry(text);
  if (!entry) return undefined;
  const [before = '', ...rest] = text.split(HISTORY_MARK);
  const [, ...after] = rest.join(HISTORY_MARK).split(DETAILS_MARK);
  const below = after.join(DETAILS_MARK);
  // The last one: a log may have printed it as well.
  const end = below.lastIndexOf(END_MARK);
  const details = (end < 0 ? below : below.slice(0, end)).trim();
  return {
    entry,
    head: before.replaceAll(/^<!-- deploy-actions .*-->$/gm, '').trim(),
    details: details.replace(/^## The first one, .*\n+/, ''),
    notes: end < 0 ? '' : below.slice(end + END_MARK.length).trim(),
  };
}

/** What a later, sound release is told by. */
export function resolvedComment(
  release: string | undefined,
  { url }: { readonly url: string | undefined },
  service: string,
): string {
  const what = release === undefined ? `A release of ${name(service)}` : name(release);
  const by = url === undefined ? '' : ` by [this run](${linkTo(url)})`;
  return `✅ ${what} was deployed${by} and is sound; the issue is closed. Reopen it where something is still to be done.`;
}
