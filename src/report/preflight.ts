import type { Finding, Level } from '../preflight/finding.ts';
import type { Row, Verdict } from '../preflight/verdict.ts';
import { literal } from './markdown.ts';

const MARKS: Readonly<Record<Level, string>> = { pass: '✅', skip: '➖', warn: '⚠️', fail: '❌' };
const WORDS: Readonly<Record<Level, string>> = { pass: 'pass', skip: 'skip', warn: 'WARN', fail: 'FAIL' };

/** More than these of one check are counted only: the log has them all. */
const SHOWN = 10;

/** The table as lines of a log: the level, the check, what is so, and below it what to do. */
export function preflightLines({ rows }: Verdict): readonly string[] {
  const width = Math.max(0, ...rows.map(({ check }) => check.length));
  return rows.flatMap(({ findings }) =>
    findings.flatMap(({ check, level, what, fix }) => [
      `${WORDS[level]}  ${check.padEnd(width)}  ${what}`,
      ...(fix === undefined ? [] : [`${' '.repeat(width + 8)}${fix}`]),
    ]),
  );
}

const TITLES: Readonly<Record<Verdict['outcome'], string>> = {
  passed: '✅ Preflight passed',
  warned: '⚠️ Preflight passed, with warnings',
  failed: '❌ Preflight failed',
};

/**
 * The table for the job's summary and for the comment of `plan`: a row for each check.
 *
 * @param subject what was looked at, such as `web in prod`
 */
export function preflightMarkdown(verdict: Verdict, subject: string): string {
  return [
    `### ${TITLES[verdict.outcome]}: ${literal(subject)}`,
    '',
    '| | Check | What is so | What to do |',
    '| --- | --- | --- | --- |',
    ...verdict.rows.flatMap(rowsOf),
    '',
    `${capital(literal(verdict.reason))}.`,
    '',
  ].join('\n');
}

function rowsOf({ check, findings }: Row): readonly string[] {
  const rest = findings.length - SHOWN;
  const more = rest > 0 ? [`| | | ${rest} more are told in the log | |`] : [];
  return [
    ...findings.slice(0, SHOWN).map((finding, index) => row(finding, index === 0 ? check : '')),
    ...more,
  ];
}

const row = ({ level, what, fix }: Finding, check: string): string =>
  `| ${MARKS[level]} | ${check} | ${literal(what)} | ${literal(fix ?? '')} |`;

const capital = (text: string): string => `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`;
