import { codeSpan, literal } from '../../report/markdown.ts';
import type { Finding } from '../../schema-changes/finding.ts';
import type { Mistake } from '../../schema-changes/judge.ts';
import { printable } from '../../taskdef/shape.ts';

/** How much a finding counts here. */
export type Level = 'error' | 'warning' | 'notice' | 'hidden';

export interface Told {
  readonly finding: Finding;
  readonly level: Level;
}

export interface Story {
  readonly compatible: boolean;
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

export function headline({ compatible, statements, told, mistakes }: Story): string {
  if (mistakes.length > 0) return 'The migrations could not be judged';
  if (statements === 0) return 'No SQL to judge: the code that runs is not touched';
  if (compatible) return 'The code that runs works with the database after these migrations';
  const breaks = told.some(({ finding }) => finding.kind === 'breaking' && finding.direction === 'up');
  return breaks
    ? 'These migrations break the code that runs'
    : 'Whether the code that runs works after these migrations is not known';
}

/** The job's summary. */
export function summaryOf(story: Story): string {
  const { compatible, statements, sources, mistakes, allowedBy, undoCompatible } = story;
  const mark = mistakes.length > 0 ? '❌' : statements === 0 || compatible ? '✅' : '💥';
  const shown = story.told.filter(({ level }) => level !== 'hidden');
  const up = shown.filter(({ finding }) => finding.direction === 'up');
  const down = shown.filter(({ finding }) => finding.direction === 'down');
  return [
    `## ${mark} ${headline(story)}`,
    '',
    statements === 0
      ? 'No file with SQL is added or changed.'
      : `${statements} ${statements === 1 ? 'statement' : 'statements'} in ${sources} ${sources === 1 ? 'file' : 'files'}; \`compatible\` is \`${compatible}\`.`,
    ...(allowedBy === undefined ? [] : ['', `**What breaks is allowed:** ${literal(allowedBy)}`]),
    ...mistakes.map(
      ({ message, place }) => `\n- ${codeSpan(`${place.file}:${place.line}`)}: ${literal(message)}`,
    ),
    ...tableOf(up),
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
