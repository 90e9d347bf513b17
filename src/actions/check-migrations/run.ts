import { ConfigError, type Problem } from '../../errors.ts';
import { pullRequestOf } from '../../github/pull-request.ts';
import type { Place } from '../../ports.ts';
import type { Finding } from '../../schema-changes/finding.ts';
import type { SqlText, Verdict } from '../../schema-changes/judge.ts';
import type { ActionContext } from '../action.ts';
import { withReport } from '../step-report.ts';
import { hasLabel } from './changes.ts';
import { collect, counted, idleGaps, nameOf } from './collect.ts';
import { type Inputs, readInputs } from './inputs.ts';
import {
  asJson,
  failureOf,
  headline,
  type Level,
  type Story,
  sentence,
  summaryOf,
  type Told,
} from './report.ts';

/** Judges the SQL that a change adds: whether the code that runs works with the database after it. */
export async function run(context: ActionContext): Promise<void> {
  let problems: readonly Problem[] = [];
  await withReport(context, 'Migrations', async (reporting) => {
    problems = await check(reporting);
  });
  // The report has told them in its own way.
  if (problems.length > 0) throw new ConfigError(problems);
}

/** @returns what the check has to fail for */
async function check(context: ActionContext): Promise<readonly Problem[]> {
  const { reporter, env } = context;
  const inputs = await readInputs(context.input);
  if (inputs.token !== undefined) reporter.mask(inputs.token);
  const pullRequest = await pullRequestOf(env);
  const { changes, history, gaps: unjudged } = await collect(context, inputs, pullRequest);
  const verdict = await judge(changes, history, inputs);
  const idle = verdict.compatible && verdict.statements === 0 && unjudged.length === 0;
  const gaps = idle ? await idleGaps(context, inputs, pullRequest) : unjudged;
  for (const file of verdict.unread)
    reporter.info(
      `${file} is not SQL that PostgreSQL's parser takes: what was there before is not known from it.`,
    );
  const printed = new Set(inputs.command === undefined ? [] : [nameOf(inputs.command)]);
  const breaks = verdict.findings.some(isBreaking);
  const allowedBy = breaks ? await allowance(context, inputs, pullRequest) : undefined;
  const told = verdict.findings.map(
    (finding): Told => ({
      finding,
      level: levelOf(finding, inputs, allowedBy !== undefined),
      big: finding.table !== undefined && isBig(finding.table, inputs.bigTables),
    }),
  );
  // What is known to break breaks, whatever else there is.
  const compatible = verdict.compatible && gaps.length > 0 ? undefined : verdict.compatible;
  const story: Story = { ...verdict, compatible, gaps, told, sources: changes.length, allowedBy };
  const problems = speak(context, story, printed);
  reporter.output('compatible', compatible === undefined ? '' : String(compatible));
  reporter.output(
    'undo-compatible',
    verdict.undoCompatible === undefined ? '' : String(verdict.undoCompatible),
  );
  reporter.output('breaking', String(count(verdict.findings, ['breaking', 'unknown'])));
  reporter.output('blocking', String(count(verdict.findings, ['blocking', 'failing'])));
  reporter.output('findings', asJson(told));
  await reporter.summary(`${summaryOf(story)}\n`);
  return problems;
}

/** PostgreSQL's parser is loaded only for something to parse. */
async function judge(
  changes: readonly SqlText[],
  history: readonly SqlText[],
  { lockTimeout }: Inputs,
): Promise<Verdict> {
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
  return judgeChanges(changes, history, await loadParser(), { lockTimeout: lockTimeout === 'elsewhere' });
}

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
  for (const gap of story.gaps)
    reporter.warning(`${gap}. compatible is ${story.compatible === undefined ? 'empty' : 'false'}.`);
  const { allowedBy, statements } = story;
  if (allowedBy !== undefined)
    reporter.warning(
      `What breaks the code that runs is allowed: ${allowedBy}. compatible is false all the same.`,
    );
  reporter.info(`${headline(story)}${statements === 0 ? '' : ` (${counted(statements, 'statement')})`}.`);
  const failure = failureOf(story);
  if (failure !== undefined) {
    const breaks = story.told.some(({ finding, level }) => isBreaking(finding) && level === 'error');
    const why = breaks ? ` ${howToAllow(input('breaking'), input('breaking-label'))}` : '';
    const allowed =
      allowedBy === undefined ? '' : ' What breaks the code that runs is allowed, and is not the reason.';
    problems.push({ input: 'failed because', message: `${failure}.${why}${allowed}` });
  }
  return problems;
}

const howToAllow = (breaking: string, label: string): string => {
  const named = label.trim() || 'breaking-migration';
  return breaking.trim() === 'allow'
    ? `breaking: allow needs a ground: the label ${named} on the pull request, or the input reason; neither is there.`
    : `To let through what breaks, write a comment before the statement (-- deploy-actions: compatible REASON where the code that runs does not mind, allow REASON where it may break), or give breaking: allow with the label ${named} on the pull request or the input reason.`;
};
