import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { TaskDefinition } from '../../taskdef/definition.ts';
import { workspaceOf } from '../workspace.ts';

/**
 * Writes the definition as JSON: whole or not at all.
 *
 * @param outputFile a path, relative ones from `workspace`; without it a file in a new directory, named after the
 *   family, in the runner's temporary directory, readable by this user only, for variables may be secrets
 * @returns the absolute path
 * @throws ConfigError when the place cannot be written to
 */
export async function writeDefinition(
  definition: TaskDefinition,
  outputFile: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const temporary = env['RUNNER_TEMP'] || tmpdir();
  let path = resolve(workspaceOf(env), outputFile ?? temporary);
  let draft = '';
  // Synchronous, as reading is: nothing else is under way.
  try {
    if (outputFile === undefined) {
      mkdirSync(temporary, { recursive: true });
      path = join(
        mkdtempSync(join(temporary, `task-definition-${definition.family}-`)),
        'task-definition.json',
      );
    }
    draft = `${path}.${process.pid}.tmp`;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, `${JSON.stringify(definition, null, 2)}\n`, {
      mode: outputFile === undefined ? 0o600 : 0o644,
    });
    renameSync(draft, path);
  } catch (error) {
    if (draft !== '') discard(draft);
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      {
        input: 'output-file',
        message: `${path} cannot be written (${why}); name a file in a directory that this job may write to`,
      },
      { cause: error },
    );
  }
  return path;
}

/** What cannot be removed either is no worse than what is told of the place already. */
function discard(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {}
}
