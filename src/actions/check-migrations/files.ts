import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { SqlText } from '../../schema-changes/judge.ts';
import { isUndo } from '../../schema-changes/source.ts';

/** Nothing of the repository's own stands there. */
const SKIPPED = ['node_modules', '.git'];

/** All files of the workspace, with `/` between directories. */
export async function filesOf(workspace: string): Promise<readonly string[]> {
  const found: string[] = [];
  const walk = async (directory: string): Promise<void> => {
    for (const entry of await readdir(join(workspace, directory), { withFileTypes: true })) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory() && !SKIPPED.includes(entry.name)) await walk(path);
      else if (entry.isFile()) found.push(path);
    }
  };
  await walk('');
  return found;
}

/** Numbers in names count as numbers, so that 2 comes before 10, and what takes back comes after what it takes back. */
const ORDER = new Intl.Collator('en', { numeric: true });

export const inOrder = (paths: readonly string[]): readonly string[] =>
  paths.toSorted(
    (a, b) =>
      Number(isRepeated(a)) - Number(isRepeated(b)) ||
      Number(isUndo(a)) - Number(isUndo(b)) ||
      ORDER.compare(a, b) ||
      (a < b ? -1 : 1),
  );

/** Flyway runs them after all others. */
const isRepeated = (path: string): boolean => /(?:^|\/)R__[^/]*$/.test(path);

/** @throws ConfigError for those that are not there */
export async function readFiles(workspace: string, paths: readonly string[]): Promise<readonly SqlText[]> {
  return Promise.all(
    paths.map(async (file) => {
      try {
        return { file, content: await readFile(join(workspace, file), 'utf8') };
      } catch (cause) {
        throw new ConfigError(
          {
            input: 'files',
            message: `${file} is part of the change, and not in the workspace; run actions/checkout before this step, on the commit that the run is for`,
          },
          { cause },
        );
      }
    }),
  );
}
