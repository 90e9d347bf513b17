import { open, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { ConfigError, type Problem } from '../../errors.ts';
import type { Reporter } from '../../ports.ts';
import { attached } from '../../report/attached.ts';

/** A file that another step of the job may have written. */
export interface ReportFile {
  /** As the user wrote it. */
  readonly name: string;
  readonly path: string;
  /** The directory that it has to lie in, wherever links lead. */
  readonly root: string;
}

/** More than a comment and a summary hold. */
const MOST_BYTES = 1024 * 1024;

/**
 * @param text paths, one a line; those of steps that have said nothing are empty
 * @param temporary the runner's directory for files of the job
 * @throws ConfigError for each that lies neither in the workspace nor there
 */
export function readReportFiles(
  text: string,
  workspace: string,
  temporary: string | undefined,
): readonly ReportFile[] {
  const roots = [workspace, ...(temporary ? [temporary] : [])];
  const problems: Problem[] = [];
  const lines = text.split('\n').map((line) => line.trim());
  const files = lines
    .filter((line) => line !== '')
    .flatMap((name): readonly ReportFile[] => {
      const path = resolve(workspace, name);
      const root = roots.find((each) => isWithin(path, each));
      if (root !== undefined) return [{ name, path, root }];
      problems.push({
        input: 'reports',
        message: `"${name}" is neither in the workspace nor in RUNNER_TEMP; write a path that is relative to the workspace, or the output report of another step`,
      });
      return [];
    });
  if (problems.length > 0) throw new ConfigError(problems);
  return files;
}

/** What the files say, made fit for a comment. Those that are missing or say nothing are left out, with a line of the log. */
export async function loadReports(
  files: readonly ReportFile[],
  reporter: Reporter,
): Promise<readonly string[]> {
  const reports: string[] = [];
  for (const file of files) {
    const text = await read(file);
    const markdown = typeof text === 'string' ? attached(text) : '';
    if (markdown !== '') reports.push(markdown);
    else {
      const why = typeof text === 'string' ? 'it is empty' : text.why;
      reporter.info(`The report ${file.name} is left out: ${why}.`);
    }
  }
  return reports;
}

async function read({ path, root }: ReportFile): Promise<string | { readonly why: string }> {
  try {
    // A link in a pull request could lead to any file of the runner.
    const real = await realpath(path);
    if (!isWithin(real, await realpath(root))) return { why: 'it is a link to somewhere else' };
    const file = await open(real);
    try {
      if (!(await file.stat()).isFile()) return { why: 'it is not a file' };
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_BYTES), 0, MOST_BYTES, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { why: code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})` };
  }
}

function isWithin(path: string, root: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}
