import type { Plan } from '../../frontend/plan.ts';
import type { Reporter } from '../../ports.ts';
import { codeSpan, literal } from '../../report/markdown.ts';
import { printable } from '../../taskdef/shape.ts';
import type { Done, Site } from './carry-out.ts';

/** How many names of a list are shown. */
const SHOWN = 10;

export const counted = (count: number, one = 'file', several = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : several}`;

/** `1.5 MB`; a megabyte is a million bytes. */
export function sized(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const [value, unit] = bytes < 1_000_000 ? [bytes / 1_000, 'kB'] : [bytes / 1_000_000, 'MB'];
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ${unit}`;
}

/** Some names of a list, and how many there are besides. */
export function some(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).map(printable).join(', ');
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
}

export const placeOf = ({ bucketName, prefix }: Site): string => `s3://${bucketName}/${prefix}`;

/** What would be done, line by line. */
export function foresee(reporter: Reporter, site: Site, plan: Plan, paths: readonly string[]): void {
  const list = (what: string, names: readonly string[]) => {
    if (names.length > 0) reporter.info(`${what} ${counted(names.length)}: ${some(names)}`);
  };
  list(
    'It would upload',
    plan.uploads.map(({ path }) => path),
  );
  list(
    'It would delete',
    plan.deletes.map(({ path }) => path),
  );
  if (site.edge && paths.length > 0) {
    reporter.info(`It would invalidate ${counted(paths.length, 'path')}: ${some(paths)}`);
  }
  const size = plan.uploads.reduce((sum, entry) => sum + entry.size, 0);
  reporter.notice(
    `Dry run: ${counted(plan.uploads.length)} (${sized(size)}) would be uploaded to ${placeOf(site)}; nothing was changed.`,
  );
}

/** What was done, as a table for the job's summary. */
export function summaryOf(title: string, site: Site, files: Plan['next'], done: Done): string {
  const size = files.files.reduce((sum, entry) => sum + entry.size, 0);
  const rows: readonly (readonly [string, string])[] = [
    ['In service', `${counted(files.files.length)}, ${sized(size)}`],
    ['Uploaded', `${counted(done.uploaded)}, ${sized(done.bytes)}`],
    ['Kept for old pages', counted(files.retired.length)],
    ['Deleted', counted(done.deleted)],
    ...(done.invalidationId === undefined
      ? []
      : ([
          ['Invalidated', `${some(done.invalidated.map((path) => codeSpan(path).replaceAll('|', '\\|')))}`],
        ] as const)),
  ];
  const where = site.edge ? `${literal(site.edge.domain)}, from ` : '';
  return [
    `## ${literal(title)}`,
    '',
    `${where}${codeSpan(placeOf(site))}`,
    '',
    '| | |',
    '| --- | --- |',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
    '',
  ].join('\n');
}
