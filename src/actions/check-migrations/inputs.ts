import { ConfigError } from '../../errors.ts';
import { listLines } from '../../rollout/list-lines.ts';
import { parseWords } from '../command-words.ts';
import { InputReader, type InputSource } from '../input-reader.ts';

export interface Inputs {
  /** Patterns of files with SQL; those with `!` take away. None where only a command is asked. */
  readonly files: readonly string[];
  /** A command that prints SQL, in words. */
  readonly command: readonly string[] | undefined;
  /** A command that prints the SQL of what was there before, in words. */
  readonly historyCommand: readonly string[] | undefined;
  readonly directory: string;
  readonly changedOnly: boolean;
  readonly base: string | undefined;
  /** As `schema.table` outside of `public`. */
  readonly bigTables: ReadonlySet<string>;
  /** What patterns are that match nothing. */
  readonly noFiles: 'error' | 'warn';
  /** Where waiting for locks is limited. */
  readonly lockTimeout: 'in-sql' | 'elsewhere';
  readonly blocking: 'warn' | 'fail' | 'ignore';
  readonly breaking: 'fail' | 'allow';
  readonly label: string;
  readonly reason: string | undefined;
  readonly token: string | undefined;
}

/** Where the tools keep them. */
export const DEFAULT_FILES: readonly string[] = ['**/{migrations,migration,migrate,changelog}/**/*.sql'];

/** @throws ConfigError with every problem of every input */
export async function readInputs(input: InputSource): Promise<Inputs> {
  const reader = new InputReader(input);
  const command = reader.optional('sql-command');
  const given = lines(reader.optional('files'));
  for (const pattern of given) {
    const problem = patternProblem(pattern);
    if (problem !== undefined) reader.problem('files', `"${pattern}" ${problem}`);
  }
  if (given.length > 0 && given.every((pattern) => pattern.startsWith('!')))
    reader.problem('files', 'only takes away; name what to look at first, such as db/migrations/**/*.sql');
  const words = await commandOf(reader, 'sql-command');
  const historyCommand = await commandOf(reader, 'history-command');
  const inputs: Inputs = {
    files: given.length > 0 ? given : command === undefined ? DEFAULT_FILES : [],
    command: words,
    historyCommand,
    directory: reader.optional('working-directory') ?? '.',
    changedOnly: reader.boolean('changed-only', true),
    base: reader.parse('base', parseBase, undefined),
    bigTables: new Set(lines(reader.optional('big-tables')).map(tableName)),
    noFiles: reader.oneOf('if-no-files-found', ['error', 'warn'], 'error'),
    lockTimeout: reader.oneOf('lock-timeout', ['in-sql', 'elsewhere'], 'in-sql'),
    blocking: reader.oneOf('blocking', ['warn', 'fail', 'ignore'], 'warn'),
    breaking: reader.oneOf('breaking', ['fail', 'allow'], 'fail'),
    label: reader.optional('breaking-label') ?? 'breaking-migration',
    reason: reader.optional('reason'),
    token: reader.optional('github-token'),
  };
  if (inputs.base !== undefined && !inputs.changedOnly)
    reader.problem('base', 'is for changed-only: true, which compares with it; leave one of them out');
  if (inputs.reason !== undefined && inputs.breaking === 'fail')
    reader.problem('reason', 'is for breaking: allow; give that too, or leave the reason out');
  reader.finish();
  return inputs;
}

const lines = (text: string | undefined): readonly string[] => listLines(text ?? '').map(([, line]) => line);

function patternProblem(pattern: string): string | undefined {
  const bare = pattern.replace(/^!/, '');
  if (bare.startsWith('/') || bare.startsWith('./') || bare.split('/').includes('..'))
    return 'is not relative to the workspace; write it as git writes paths, such as db/migrations/**/*.sql';
  return bare === '' ? 'is empty' : undefined;
}

/** Without quotes, capitals and `public`. */
const tableName = (text: string): string =>
  text
    .replaceAll('"', '')
    .toLowerCase()
    .replace(/^public\./, '');

function parseBase(text: string): string {
  if (/^[^\s~^:?*[\\]+$/.test(text) && !text.includes('...')) return text;
  throw new ConfigError({ input: 'base', message: `"${text}" is not a branch, tag or commit` });
}

async function commandOf(reader: InputReader, name: string): Promise<readonly string[] | undefined> {
  const text = reader.optional(name);
  return text === undefined ? undefined : reader.attemptLater(() => shellessWords(text, name), undefined);
}

async function shellessWords(text: string, name: string): Promise<readonly string[]> {
  try {
    return await parseWords(text, name);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.map((problem) => ({
      ...problem,
      message: problem.message.replace('and ECS starts none', 'and none is started'),
    }));
    throw new ConfigError(problems, { cause: error });
  }
}
