import { codeSpan, literal } from '../../report/markdown.ts';
import type { Finding } from '../../schema-changes/finding.ts';
import type { Mistake } from '../../schema-changes/judge.ts';
import { printable } from '../../taskdef/shape.ts';

/** How much a finding counts here. */
export type Level = 'error' | 'warning' | 'notice' | 'hidden';

export interface Told {
  readonly finding: Finding;
  readonly level: Level;
  /** Whether it is about one of the big tables. */
  readonly big: boolean;
}

export interface Story {
  /** `undefined` where nobody knows, for the reasons in `gaps`. */
  readonly compatible: boolean | undefined;
  readonly gaps: readonly string[];
  readonly undoCompatible: boolean | undefined;
  readonly told: readonly Told[];
  /** How many files and commands were judged, and how many statements. */
  readonly sources: number;
  readonly statements: number;
  /** Why what breaks is let through. */
  readonly allowedBy: string | undefined;
  readonly mistakes: readonly Mistake[];
}

/** A finding in a log: what, why, and the steps. */
export function sentence({ what, why, steps, allowed }: Finding): string {
  const reason = allowed ? ` Allowed by a comment: ${allowed.reason}` : '';
  const listed = allowed
    ? []
    : steps.length > 1
      ? steps.map((step, index) => `${index + 1}. ${step}`)
      : steps;
  return [`${capital(what)}. ${why}${reason}`, ...listed].map(printable).join('\n');
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const LABELS: Readonly<Record<Finding['kind'], string>> = {
  breaking: '💥 breaks',
  failing: '⛔ fails',
  unknown: '❔ unknown',
  blocking: '🔒 blocks',
  notice: 'ℹ️ notice',
};

export function headline({ compatible, statements, told, mistakes, allowedBy }: Story): string {
  if (mistakes.length > 0) return 'The migrations could not be judged';
  if (compatible === undefined)
    return statements === 0
      ? 'Nothing was judged, and nobody has said that there is nothing to judge'
      : 'Not all of the migrations were judged';
  if (compatible)
    return statements === 0
      ? 'No migration is added or changed: there is nothing to judge'
      : 'The code that runs works with the database after these migrations';
  const breaks = told.some(({ finding }) => finding.kind === 'breaking' && finding.direction === 'up');
  return breaks
    ? `These migrations break the code that runs${allowedBy === undefined ? '' : ', and that is allowed'}`
    : 'Whether the code that runs works after these migrations is not known';
}

const MOST_PLACES = 3;

/** Why the check fails, in one line; `undefined` where it does not, or where nothing could be judged. */
export function failureOf({ told, mistakes }: Pick<Story, 'told' | 'mistakes'>): string | undefined {
  const errors = told.filter(({ level }) => level === 'error');
  if (errors.length === 0) return undefined;
  const of = (kind: Finding['kind'], big?: boolean) =>
    errors.filter((each) => each.finding.kind === kind && (big === undefined || each.big === big));
  const tables = (list: readonly Told[]) => [...new Set(list.map(({ finding }) => finding.table ?? ''))];
  const [breaks, fails, big, blocks] = [
    of('breaking'),
    of('failing'),
    of('blocking', true),
    of('blocking', false),
  ];
  return [
    ...(mistakes.length > 0 ? ['there are files that cannot be judged'] : []),
    ...(breaks.length > 0 ? [`the code that runs breaks (${places(breaks)})`] : []),
    ...(fails.length > 0 ? [`PostgreSQL refuses what is there (${places(fails)})`] : []),
    ...(big.length > 0
      ? [
          `the big ${tables(big).length === 1 ? 'table' : 'tables'} ${tables(big).join(', ')} would be blocked (${places(big)})`,
        ]
      : []),
    ...(blocks.length > 0 ? [`${tables(blocks).join(', ')} would be blocked (${places(blocks)})`] : []),
  ].join('; ');
}

/** The first few of them. */
function places(told: readonly Told[]): string {
  const more = told.length - MOST_PLACES;
  const first = told
    .slice(0, MOST_PLACES)
    .map(({ finding: { rule, place } }) => `${rule}, ${place.file}:${place.line}`)
    .join('; ');
  return printable(more > 0 ? `${first}; and ${more} more` : first);
}

/** The job's summary. */
export function summaryOf(story: Story): string {
  const { mistakes, allowedBy, gaps, undoCompatible } = story;
  const failure = failureOf(story);
  const shown = story.told.filter(({ level }) => level !== 'hidden');
  const up = shown.filter(({ finding }) => finding.direction === 'up');
  const down = shown.filter(({ finding }) => finding.direction === 'down');
  const fails = up.filter(({ level }) => level === 'error');
  const passes = up.filter(({ level }) => level !== 'error');
  return [
    `## ${markOf(story)} ${headline(story)}`,
    '',
    countsOf(story),
    ...(failure === undefined ? [] : ['', `**The check fails:** ${literal(failure)}.`]),
    ...(allowedBy === undefined ? [] : ['', `**What breaks is allowed:** ${literal(allowedBy)}`]),
    ...gaps.flatMap((gap) => ['', `${literal(gap)}.`]),
    ...mistakes.map(
      ({ message, place }) => `\n- ${codeSpan(`${place.file}:${place.line}`)}: ${literal(message)}`,
    ),
    ...(fails.length === 0
      ? tableOf(passes)
      : [
          '',
          '### ❌ Fails the check',
          ...tableOf(fails),
          ...titled('### Does not fail it', tableOf(passes)),
        ]),
    ...detailsOf(up),
    ...(undoCompatible === undefined
      ? []
      : [
          '',
          `### ${undoCompatible ? '✅ The way back loses nothing' : '⚠️ The way back breaks or loses something'}`,
          ...tableOf(down),
        ]),
  ].join('\n');
}

const titled = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

function markOf(story: Story): string {
  const { mistakes, compatible } = story;
  if (mistakes.length > 0) return '❌';
  if (compatible === undefined) return '❔';
  return compatible ? (failureOf(story) === undefined ? '✅' : '❌') : '💥';
}

function countsOf({ statements, sources, mistakes, compatible }: Story): string {
  const said = `\`compatible\` is ${compatible === undefined ? 'empty' : `\`${compatible}\``}.`;
  if (sources === 0) return `No SQL is added or changed; ${said}`;
  const files = `${sources} ${sources === 1 ? 'file' : 'files'}`;
  // What the parser refuses has no statements that could be counted.
  if (mistakes.length > 0)
    return `${mistakes.length} ${mistakes.length === 1 ? 'place' : 'places'} in ${files} could not be read; ${said}`;
  return `${statements === 0 ? 'No' : statements} ${statements === 1 ? 'statement' : 'statements'} in ${files}; ${said}`;
}

const where = ({ place }: Finding): string => codeSpan(`${place.file}:${place.line}`);

function tableOf(told: readonly Told[]): readonly string[] {
  if (told.length === 0) return [];
  const rows = told.map(({ finding }) => {
    const { kind, what, lock, allowed } = finding;
    const allowance = allowed ? `<br>${allowed.as}: ${literal(allowed.reason)}` : '';
    return `| ${LABELS[kind]} | ${where(finding)} | ${literal(capital(what))}${allowance} | ${lock ?? ''} |`;
  });
  return ['', '| | Where | What | Lock |', '| --- | --- | --- | --- |', ...rows];
}

function detailsOf(told: readonly Told[]): readonly string[] {
  const explained = told.filter(({ finding }) => !finding.allowed && finding.kind !== 'notice');
  if (explained.length === 0) return [];
  return [
    '',
    '<details><summary>Why, and what to do instead</summary>',
    '',
    ...explained.flatMap(({ finding }) => [
      `**${literal(capital(finding.what))}** (${where(finding)})`,
      '',
      literal(finding.why),
      '',
      ...finding.steps.map((step, index) => `${index + 1}. ${literal(step)}`),
      '',
    ]),
    '</details>',
  ];
}

/** Outputs may hold no more than 1 MB in all. */
const MOST_FINDINGS = 500;

/** The output `findings`. */
export const asJson = (told: readonly Told[]): string =>
  JSON.stringify(
    told.slice(0, MOST_FINDINGS).map(({ finding: { place, ...finding }, level }) => ({
      ...finding,
      ...place,
      level,
    })),
  );
