import { posix } from 'node:path';
import { ConfigError, DeployError, type Problem } from '../../errors.ts';
import type { PullRequest } from '../../github/pull-request.ts';
import type { SqlText } from '../../schema-changes/judge.ts';
import type { ActionContext } from '../action.ts';
import { isMatch } from '../globs.ts';
import { workspaceOf } from '../workspace.ts';
import { changedFiles } from './changes.ts';
import { outputOf } from './command.ts';
import { filesOf, inOrder, readFiles } from './files.ts';
import { DEFAULT_FILES, type Inputs } from './inputs.ts';
import { adviceFor, named, unjudgedOf } from './unjudged.ts';

export interface Collected {
  readonly changes: readonly SqlText[];
  readonly history: readonly SqlText[];
  /** Why there is something that nobody judges, a sentence each; then nobody may call the change compatible. */
  readonly gaps: readonly string[];
}

/** Reads what is to be judged, and what was there before. */
export async function collect(
  context: ActionContext,
  inputs: Inputs,
  pullRequest: PullRequest | undefined,
): Promise<Collected> {
  const { reporter, env, cancelled } = context;
  const { command, historyCommand, directory } = inputs;
  const workspace = workspaceOf(env);
  const runs = { workspace, directory, env: forCommands(env), cancelled };
  const files =
    inputs.files.length > 0
      ? await collectFiles(context, inputs, pullRequest)
      : { changes: [], history: [], gaps: [] };
  const changes = [...files.changes];
  const gaps = [...files.gaps];
  let { history } = files;
  if (command) {
    const content = await outputOf(command, runs);
    const lines = content.trim() === '' ? 0 : content.trim().split('\n').length;
    reporter.info(`${nameOf(command)} printed ${lines === 0 ? 'nothing' : counted(lines, 'line')}`);
    if (lines > 0) changes.push({ file: nameOf(command), content });
    else
      gaps.push(
        `${nameOf(command)} ended well and printed nothing, so there was nothing to judge; where that means that there is nothing to migrate, let it print a comment that says so, such as "-- nothing"`,
      );
  }
  if (historyCommand && changes.length > 0) {
    const content = await outputOf(historyCommand, { ...runs, input: 'history-command' });
    history = [{ file: 'history-command', content }, ...history];
  }
  return { changes, history, gaps };
}

async function collectFiles(
  context: ActionContext,
  inputs: Inputs,
  pullRequest: PullRequest | undefined,
): Promise<Collected> {
  const { files: patterns, changedOnly, command } = inputs;
  const workspace = workspaceOf(context.env);
  const all = await filesOf(workspace);
  const matching = inOrder(all.filter((path) => isMatch(path, patterns)));
  const changed = changedOnly ? await changedFiles(context, inputs, pullRequest) : undefined;
  const judged = changed ? inOrder(changed.filter((path) => isMatch(path, patterns))) : matching;
  const changes = await readFiles(workspace, judged);
  const empty = emptyPatterns(inputs, [...all, ...(changed ?? [])]);
  if (empty.length > 0 && inputs.noFiles === 'error') throw new ConfigError(empty);
  const rest = matching.filter((path) => !judged.includes(path));
  context.reporter.info(
    `${judged.length} ${changed ? 'new or changed ' : ''}${judged.length === 1 ? 'file matches' : 'files match'} ${patterns.join(', ')}${rest.length > 0 ? `; ${rest.length === 1 ? '1 other tells' : `${rest.length} others tell`} what was there before` : ''}`,
  );
  const gaps: string[] = [];
  if (matching.length + judged.length === 0) {
    if (!command) gaps.push(...empty.map(({ input, message }) => `${input}: ${message}`));
  } else for (const { input, message } of empty) context.reporter.warning(`${input}: ${message}`);
  const unjudged = command ? [] : unjudgedOf(changed ?? all, new Set(judged), patterns);
  if (unjudged.length > 0)
    gaps.push(
      `${unjudged.length === 1 ? 'A file looks like a migration' : `${unjudged.length} files look like migrations`}, and nobody has judged what is in there: ${named(unjudged)}. To have it judged: ${adviceFor(unjudged)}. What is no migration is taken away by a line with ! in files`,
    );
  return { changes, history: await readFiles(workspace, rest), gaps };
}

/**
 * A command whose SQL does nothing, although files that look like migrations have changed, was asked for the wrong ones,
 * such as Alembic for what comes after its own head.
 */
export async function idleGaps(
  context: ActionContext,
  inputs: Inputs,
  pullRequest: PullRequest | undefined,
): Promise<readonly string[]> {
  const { files, command, changedOnly } = inputs;
  if (!command || !changedOnly) return [];
  let changed: readonly string[] = [];
  try {
    changed = (await changedFiles(context, inputs, pullRequest)) ?? [];
  } catch (error) {
    // The command alone needs neither a token nor an event, so its word has to do.
    if (!(error instanceof ConfigError || error instanceof DeployError)) throw error;
    context.reporter.info(`Whether migrations have changed is not known: ${error.message}`);
  }
  const project = posix.join(inputs.directory, '/').replace(/^\.?\//, '');
  const found = unjudgedOf(
    changed.filter((path) => path.startsWith(project)),
    new Set(),
    ['*', ...files.filter((pattern) => pattern.startsWith('!'))],
  );
  if (found.length === 0) return [];
  return [
    `${nameOf(command)} printed no statement, although migrations have changed: ${named(found)}. See that it begins before them, and not behind`,
  ];
}

/** Patterns that name nothing: a slip of the pen, or a workspace without the repository. */
function emptyPatterns({ files, command, noFiles }: Inputs, paths: readonly string[]): readonly Problem[] {
  if (paths.length === 0)
    throw new ConfigError({
      input: 'files',
      message: 'the workspace is empty, so there is nothing to judge; run actions/checkout before this step',
    });
  const none = files.filter(
    (pattern) => !pattern.startsWith('!') && !paths.some((path) => isMatch(path, [pattern])),
  );
  const others = unjudgedOf(paths, new Set(), ['*', ...files.filter((pattern) => pattern.startsWith('!'))]);
  const seen =
    others.length > 0 && !command
      ? `. There are ${named(others)}, though: ${adviceFor(others)}`
      : '. Write patterns from the root of the repository on, such as db/migrations/**/*.sql';
  return none.map((pattern) => ({
    input: 'files',
    message: `${files === DEFAULT_FILES ? `is not given, and ${pattern}` : `"${pattern}"`} matches nothing in the workspace, so nothing would be judged${seen}${noFiles === 'error' ? '. Where there is no migration yet, give if-no-files-found: warn' : ''}`,
  }));
}

/**
 * What a command of a pull request could act with as the job: inputs, tokens and credentials; and the files by which a
 * step tells the runner something, since a `PATH` from there would be that of the steps to come.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions#environment-files
 */
const WITHHELD =
  /^(INPUT_.*|ACTIONS_.*|GITHUB_(ENV|PATH|OUTPUT|STATE|STEP_SUMMARY|TOKEN)|AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|WEB_IDENTITY_TOKEN_FILE|CONTAINER_.*))$/i;

const forCommands = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !WITHHELD.test(name)));

/** What a command prints, as a file; its arguments may hold a password. */
export const nameOf = ([program = '']: readonly string[]): string => `sql-command (${program})`;

/** A number of things, such as `1 line` and `2 lines`. */
export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;
