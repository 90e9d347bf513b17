import { ConfigError } from '../../errors.ts';
import type { Place, RegisteredTaskDefinition, TaskDefinitions } from '../../ports.ts';
import type { Path, TaskDefinition } from '../../taskdef/definition.ts';
import { type PlacedProblem, readTaskDefinition } from '../../taskdef/parse.ts';
import { readTextFile } from './read-file.ts';
import type { Source } from './source.ts';

export interface Loaded {
  readonly definition: TaskDefinition;
  /** What is wrong with the form of a file; then the definition is not what its type says. */
  readonly problems: readonly PlacedProblem[];
  /** Where it came from, for the log: a path, or `web:41`. */
  readonly origin: string;
  /** Where in a file of the workspace the value at a path of what was rendered stands; without a file, nowhere. */
  placeOf(path: Path, rendered: TaskDefinition): Promise<Place | undefined>;
  /** Where in the definition what stands at a path of what was rendered from it was before. */
  pathBefore(path: Path, rendered: TaskDefinition): Path;
  /** The revision, where it came from AWS. */
  readonly registered?: RegisteredTaskDefinition;
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
    case 'file': {
      const { path: file } = source;
      const text = await readTextFile(file, workspace, 'task-definition');
      const { definition, problems, pathBefore, placeOf } = await readTaskDefinition(text, file).catch(
        (error: unknown) => {
          throw error instanceof ConfigError ? placed(error, file) : error;
        },
      );
      return {
        definition,
        problems,
        pathBefore,
        origin: file,
        placeOf: async (path, rendered) => ({ file, ...(await placeOf(path, rendered)) }),
      };
    }
    case 'registered': {
      const found = await (await connect()).find(source.reference);
      if (!found) {
        throw new ConfigError({
          input: source.input,
          message: `there is no task definition "${source.reference}" in this account and region; check its name and AWS_REGION, or register it once by hand`,
        });
      }
      return registered(found, `${found.family}:${found.revision}`);
    }
    case 'service': {
      const found = await (await connect()).ofService(source.cluster, source.service);
      return registered(found, `${found.family}:${found.revision}, which service ${source.service} runs`);
    }
  }
}

const registered = (found: RegisteredTaskDefinition, origin: string): Loaded => ({
  definition: found.definition,
  problems: [],
  pathBefore: (path) => path,
  origin,
  placeOf: async () => undefined,
  registered: found,
});

/** With the places that the problems of a file name, for annotations on it. */
function placed(error: ConfigError, file: string): ConfigError {
  const problems = error.problems.map((problem) => {
    const [, line, column] = problem.input.startsWith(file)
      ? (/^:(\d+):(\d+)$/.exec(problem.input.slice(file.length)) ?? [])
      : [];
    const at = line === undefined ? {} : { line: Number(line), column: Number(column) };
    return { ...problem, place: { file, ...at } };
  });
  return new ConfigError(problems, { cause: error });
}
