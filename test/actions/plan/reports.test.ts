import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadReports, readReportFiles } from '../../../src/actions/plan/reports.ts';
import { ConfigError } from '../../../src/errors.ts';
import { githubReporter } from '../../../src/github/reporter.ts';
import { workspace } from '../../images/run-here.ts';

/** What a plan makes of files, and what it says in the log. */
async function load(text: string, work: string, temporary: string) {
  const log: string[] = [];
  const reporter = { ...githubReporter, info: (line: string) => void log.push(line) };
  const reports = await loadReports(readReportFiles(text, work, temporary), reporter);
  return { reports, log };
}

test('reports are read from the workspace and from the temporary directory, in their order', async () => {
  const [work, temporary] = [workspace(), workspace()];
  mkdirSync(join(work, 'out'));
  writeFileSync(join(work, 'out/tests.md'), '## Tests\n\nask @someone\n');
  writeFileSync(join(temporary, 'report.md'), '## Migrations\n');
  const { reports, log } = await load(`\n ${temporary}/report.md\n\nout/tests.md\n`, work, temporary);
  expect(reports).toEqual(['## Migrations', '## Tests\n\nask @\u200bsomeone']);
  expect(log).toEqual([]);
});

test('what is missing, empty, no file, or a link to somewhere else is left out', async () => {
  const [work, temporary, elsewhere] = [workspace(), workspace(), workspace()];
  writeFileSync(join(elsewhere, 'secret'), 'password');
  writeFileSync(join(temporary, 'command'), 'password');
  writeFileSync(join(work, 'empty.md'), ' \n');
  mkdirSync(join(work, 'out'));
  symlinkSync(join(elsewhere, 'secret'), join(work, 'link.md'));
  symlinkSync(elsewhere, join(work, 'linked'));
  symlinkSync(join(temporary, 'command'), join(work, 'other.md'));
  const names = ['none.md', 'empty.md', 'out', 'link.md', 'linked/secret', 'other.md'];
  const { reports, log } = await load(names.join('\n'), work, temporary);
  expect(reports).toEqual([]);
  expect(log).toEqual([
    'The report none.md is left out: there is no such file.',
    'The report empty.md is left out: it is empty.',
    'The report out is left out: it is not a file.',
    'The report link.md is left out: it is a link to somewhere else.',
    'The report linked/secret is left out: it is a link to somewhere else.',
    'The report other.md is left out: it is a link to somewhere else.',
  ]);
});

test('paths out of both directories are wrong inputs, all told at once', () => {
  expect(() => readReportFiles('/etc/passwd\n../up.md\n.', '/work', undefined)).toThrow(ConfigError);
  const problems = () => readReportFiles('/etc/passwd\na.md\n../up.md', '/work', '/temp');
  expect(problems).toThrow(/"\/etc\/passwd" is neither[^\n]*\nreports: "\.\.\/up\.md"/);
});
