import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { TaskDefinitions } from '../../ports.ts';
import type { TaskDefinition } from '../../taskdef/definition.ts';
import { parseTaskDefinition } from '../../taskdef/parse.ts';
import type { Source } from './inputs.ts';

export interface Loaded {
  readonly definition: TaskDefinition;
  /** Where it came from, for the log: a path, or `web:41`. */
  readonly origin: string;
}

/**
 * @param workspace the directory that relative paths start from
 * @param connect opens AWS; called only for a source that is there
 * @throws ConfigError when the source does not exist or cannot be read
 */
export async function load(
  source: Source,
  workspace: string,
  connect: () => Promise<TaskDefinitions>,
): Promise<Loaded> {
  switch (source.kind) {
    case 'file':
      return {
        definition: await parseTaskDefinition(await read(source.path, workspace), source.path),
        origin: source.path,
      };
    case 'registered': {
      const found = await (await connect()).find(source.reference);
      if (!found) {
        throw new ConfigError({
          input: source.input,
          message: `there is no task definition "${source.reference}" in this account and region; check its name and AWS_REGION, or register it once by hand`,
        });
      }
      return { definition: found.definition, origin: `${found.family}:${found.revision}` };
    }
    case 'service': {
      const found = await (await connect()).ofService(source.cluster, source.service);
      return {
        definition: found.definition,
        origin: `${found.family}:${found.revision}, which service ${source.service} runs`,
      };
    }
  }
}

async function read(path: string, workspace: string): Promise<string> {
  const file = resolve(workspace, path);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const why =
      code === 'ENOENT'
        ? `there is no file ${file}; is actions/checkout missing before this step?`
        : code === 'EISDIR'
          ? `${file} is a directory; name the file in it`
          : `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new ConfigError({ input: 'task-definition', message: why }, { cause: error });
  }
}
