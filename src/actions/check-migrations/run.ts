import { ConfigError, type Problem } from '../../errors.ts';
import { pullRequestOf } from '../../github/pull-request.ts';
import type { Place } from '../../ports.ts';
import type { Finding } from '../../schema-changes/finding.ts';
import type { SqlText, Verdict } from '../../schema-changes/judge.ts';
import type { ActionContext } from '../action.ts';
import { workspaceOf } from '../workspace.ts';
import { changedFiles, hasLabel } from './changes.ts';
import { outputOf } from './command.ts';
import { inOrder, isMatch, matchingFiles, readFiles } from './files.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { asJson, headline, type Level, type Story, sentence, summaryOf, type Told } from './report.ts';

/** Judges the SQL that a change adds: whether the code that runs works with the database after it. */
export async function run(context: ActionContext): Promise<void> {
  const { reporter, env } = context;
  const inputs = await readInputs(context.input);
  if (inputs.token !== undefined) reporter.mask(inputs.token);
  const pullRequest = await pullRequestOf(env);
  const { changes, history } = await collect(context, inputs, pullRequest);
  const verdict = await judge(changes, history);
  for (const file of verdict.unread)
    reporter.info(
      `${file} is not SQL that PostgreSQL's parser takes: what was there before is not known from it.`,
    );
  const printed = new Set(inputs.command === undefined ? [] : [nameOf(inputs.command)]);
  const breaks = verdict.findings.some(isBreaking);
  const allowedBy = breaks ? await allowance(context, inputs, pullRequest) : undefined;
  const told = verdict.findings.map(
    (finding): Told => ({ finding, level: levelOf(finding, inputs, allowedBy !== undefined) }),
  );
  const story: Story = { ...verdict, told, sources: changes.length, allowedBy };
  const problems = speak(context, story, printed);
  reporter.output('compatible', String(verdict.compatible));
  reporter.output(
    'undo-compatible',
    verdict.undoCompatible === undefined ? '' : String(verdict.undoCompatible),
  );
  reporter.output('breaking', String(count(verdict.findings, ['breaking', 'unknown'])));
  reporter.output('blocking', String(count(verdict.findings, ['blocking', 'failing'])));
  reporter.output('findings', asJson(told));
  await reporter.summary(`${summaryOf(story)}\n`);
  if (problems.length > 0) throw new ConfigError(problems);
}

/** PostgreSQL's parser is loaded only for something to parse. */
async function judge(changes: readonly SqlText[], history: readonly SqlText[]): Promise<Verdict> {
  if (changes.length === 0)
    return {
      compatible: true,
      undoCompatible: undefined,
      findings: [],
      mistakes: [],
      statements: 0,
      unread: [],
    };
  const [{ loadParser }, { judgeChanges }] = await Promise.all([
    import('../../schema-changes/parser.ts'),
    import('../../schema-changes/judge.ts'),
  ]);
  return judgeChanges(changes, history, await loadParser());
}

interface Collected {
  readonly changes: readonly SqlText[];
  readonly history: readonly SqlText[];
}

async function collect(
  context: ActionContext,
  inputs: Inputs,
  pullRequest: Awaited<ReturnType<typeof pullRequestOf>>,
): Promise<Collected> {
  const { reporter, env, cancelled } = context;
  const workspace = workspaceOf(env);
  const { files: patterns, command, historyCommand, directory, changedOnly } = inputs;
  const runs = { workspace, directory, env: withoutInputs(env), cancelled };
  const changes: SqlText[] = [];
  let history: readonly SqlText[] = [];
  if (patterns.length > 0) {
    const matching = await matchingFiles(workspace, patterns);
    const changed = changedOnly ? await changedFiles(context, inputs, pullRequest) : undefined;
    const judged = changed ? inOrder(changed.filter((path) => isMatch(path, patterns))) : matching;
    changes.push(...(await readFiles(workspace, judged)));
    const rest = matching.filter((path) => !judged.includes(path));
    history = await readFiles(workspace, rest);
    reporter.info(
      `${judged.length} ${changed ? 'new or changed ' : ''}${judged.length === 1 ? 'file matches' : 'files match'} ${patterns.join(', ')}${rest.length > 0 ? `; ${rest.length} others tell what was there before` : ''}`,
    );
  }
  if (command) {
    const content = await outputOf(command, runs);
    changes.push({ file: nameOf(command), content });
    reporter.info(
      `${nameOf(command)} printed ${content.trim() === '' ? 'nothing' : `${content.trim().split('\n').length} lines`}`,
    );
  }
  if (historyCommand && changes.length > 0) {
    const content = await outputOf(historyCommand, { ...runs, input: 'history-command' });
    history = [{ file: 'history-command', content }, ...history];
  }
  return { changes, history };
}

/** The inputs, the token among them, are not the command's. */
const withoutInputs = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('INPUT_')));

/** Its arguments may hold a password. */
const nameOf = ([program = '']: readonly string[]): string => `sql-command (${program})`;

const isBreaking = ({ kind, direction, allowed }: Finding): boolean =>
  kind === 'breaking' && direction === 'up' && !allowed;

const count = (findings: readonly Finding[], kinds: readonly string[]): number =>
  findings.filter(({ kind, direction, allowed }) => kinds.includes(kind) && direction === 'up' && !allowed)
    .length;

/** Why what breaks is let through; `undefined` where it is not. */
async function allowance(
  context: ActionContext,
  inputs: Inputs,
  pullRequest: Awaited<ReturnType<typeof pullRequestOf>>,
): Promise<string | undefined> {
  if (inputs.breaking !== 'allow') return undefined;
  if (inputs.reason !== undefined) return inputs.reason;
  return (await hasLabel(context, inputs, pullRequest))
    ? `the pull request has the label ${inputs.label}`
    : undefined;
}

function levelOf(
  { kind, direction, allowed, table }: Finding,
  inputs: Inputs,
  breakingAllowed: boolean,
): Level {
  if (direction === 'down' || kind === 'notice' || allowed) return 'notice';
  if (kind === 'failing') return 'error';
  if (kind === 'unknown') return 'warning';
  if (kind === 'breaking') return breakingAllowed ? 'warning' : 'error';
  if (table !== undefined && isBig(table, inputs.bigTables)) return 'error';
  return { fail: 'error', warn: 'warning', ignore: 'hidden' }[inputs.blocking] as Level;
}

/** A name without a schema is a table of any schema; capitals do not matter. */
const isBig = (table: string, big: ReadonlySet<string>): boolean =>
  [table, table.split('.').at(-1) ?? table].some((name) => big.has(name.toLowerCase()));

/** Writes the log, and gives what the check has to fail for. */
function speak(
  { reporter, input }: ActionContext,
  story: Story,
  printed: ReadonlySet<string>,
): readonly Problem[] {
  const problems: Problem[] = story.mistakes.map(({ message, place }) => ({
    input: `${place.file}:${place.line}:${place.column}`,
    message,
    ...(!printed.has(place.file) && { place }),
  }));
  for (const { finding, level } of story.told) {
    const { place, rule, direction } = finding;
    // There is no file to point at in what a command prints.
    const at: Place | undefined = printed.has(place.file) ? undefined : place;
    const name = at ? rule : `${place.file}:${place.line}: ${rule}`;
    const text = `${direction === 'down' ? 'undo: ' : ''}${sentence(finding)}`;
    if (level === 'error') problems.push({ input: name, message: text, ...(at && { place: at }) });
    else if (level === 'warning') reporter.warning(`${name}: ${text}`, at);
    else if (level === 'notice') reporter.info(`${place.file}:${place.line}: ${rule}: ${text}`);
  }
  if (story.allowedBy !== undefined)
    reporter.warning(
      `What breaks the code that runs is allowed: ${story.allowedBy}. compatible is false all the same.`,
    );
  else if (story.told.some(({ finding }) => isBreaking(finding)))
    problems.push({ input: 'breaking', message: howToAllow(input('breaking'), input('breaking-label')) });
  const { statements } = story;
  reporter.info(`${headline(story)}${statements === 0 ? '' : ` (${statements} statements)`}.`);
  return problems;
}

const howToAllow = (breaking: string, label: string): string => {
  const named = label.trim() || 'breaking-migration';
  return breaking.trim() === 'allow'
    ? `allow needs a ground: the label ${named} on the pull request, or the input reason; neither is there`
    : `to let it through all the same, write a comment before the statement (-- deploy-actions: compatible REASON where the code that runs does not mind, allow REASON where it may break), or give breaking: allow with the label ${named} on the pull request or the input reason`;
};
