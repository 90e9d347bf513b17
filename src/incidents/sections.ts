import { BREAK, command } from '../backups/shell.ts';
import { first } from '../report/bounded.ts';
import { differenceMarkdown } from '../report/definition-diff.ts';
import { VERDICT_MARKS } from '../report/verdict-marks.ts';
import { describeStop } from '../rollout/judge/evidence.ts';
import type { Verdict } from '../rollout/judge/finding.ts';
import { printable } from '../taskdef/shape.ts';
import { linkTo } from './head.ts';
import type { Commits, Incident, LogExcerpt, Moment, Subject } from './incident.ts';
import { cell, codeBlock, dateTime, inOneLine, name, plural, quoted, sentence, timeOfDay } from './words.ts';

/** A part of the story. Where there is no room for all of it, its last blocks are left out first. */
export interface Section {
  readonly title: string;
  readonly blocks: readonly string[];
  /** What joins them: a line of a table or a list needs no empty line before it. */
  readonly between: '\n' | '\n\n';
  /** Those of larger numbers give way first. */
  readonly rank: number;
  /** Shown only when somebody opens it. */
  readonly folded?: true;
}

const MOST_MOMENTS = 40;
const MOST_STOPS = 10;
const MOST_EVENTS = 10;
/** Longer than the commands for a dozen databases; beyond it they stand in the summary of the backup alone. */
const MOST_COMMANDS = 20_000;

/** All that is known, in the order in which people need it. */
export const sectionsOf = (incident: Incident): readonly Section[] =>
  [
    nextSteps(incident),
    timeline(incident),
    gates(incident),
    stops(incident),
    logs(incident),
    difference(incident),
    commits(incident),
    events(incident),
    unknown(incident),
  ].filter(({ blocks }) => blocks.length > 0);

function nextSteps(incident: Incident): Section {
  const { subject, good, failed, migrations, restoreCommands, runbookUrl, run } = incident;
  const { region, cluster, service } = subject;
  const at = { '--region': region === '' ? undefined : region, '--cluster': cluster };
  const look = [
    command('aws ecs describe-services', { ...at, '--services': service }),
    "--query 'services[0].[taskDefinition,runningCount,desiredCount,deployments[].rolloutState]'",
  ].join(BREAK);
  const back = command('aws ecs update-service', {
    ...at,
    '--service': service,
    '--task-definition': good ?? 'FAMILY:REVISION',
  });
  const steps = [
    `Is production sound? Its tasks run, all of them, and its alarms are quiet${consoleOf(subject)}:\n\n${codeBlock(look.split('\n'), 'sh')}`,
    `If it is not, bring the service back by hand${good === undefined ? '' : ` to ${name(good)}`}: by the ${run.repositoryUrl === undefined ? 'workflow' : `[workflow](${linkTo(`${run.repositoryUrl}/actions`)})`} that uses \`rollback\`, which also takes back a rollout that is under way and removes what is left of one, or, where no rollout is under way:\n\n${codeBlock(back.split('\n'), 'sh')}`,
    databaseStep(migrations, restoreCommands, good),
    ...(runbookUrl === undefined ? [] : [`Go on with the [runbook](${linkTo(runbookUrl)}).`]),
    `When the cause is known, mend it by a new release${failed === undefined ? '' : ` instead of ${name(failed)}`}, and close this issue.`,
  ];
  return {
    title: 'Next steps',
    blocks: steps.map((step, index) => `${index + 1}. ${step.replaceAll(/\n(?=.)/g, '\n   ')}`),
    between: '\n',
    rank: 0,
  };
}

/** Its page in the console of AWS; other partitions have consoles of their own. */
const consoleOf = ({ region, cluster, service }: Subject): string =>
  region === '' || /^(cn|us-gov|us-iso|eusc)/.test(region)
    ? ''
    : ` ([console](${linkTo(`https://${region}.console.aws.amazon.com/ecs/v2/clusters/${cluster}/services/${service}/health?region=${region}`)}))`;

function databaseStep(
  migrations: Incident['migrations'],
  restoreCommands: string | undefined,
  good: string | undefined,
): string {
  const suits =
    migrations === undefined
      ? `Does the database suit ${good === undefined ? 'the former revision' : name(good)}? Code goes back, the database does not; nobody has looked at the migrations here.`
      : `${migrations.compatible === true ? '✅ ' : migrations.compatible === false ? '⛔ ' : '❔ '}${sentence(quoted(migrations.text, 2_000))}`;
  if (restoreCommands === undefined) return `**Database:** ${suits}`;
  const lines = restoreCommands.replaceAll('\r', '').split('\n').map(printable);
  const size = lines.reduce((sum, line) => sum + line.length + 1, 0);
  const commands =
    size > MOST_COMMANDS
      ? 'The commands that restore the backup are too long for an issue: they stand in the summary of the job that made it.'
      : `<details><summary>Commands that restore the backup from before the release: what was written since is lost with it</summary>\n\n${codeBlock(lines, 'sh')}\n\n</details>`;
  return `**Database:** ${suits}\n\n${commands}`;
}

function timeline({ timeline: moments, at }: Incident): Section {
  const shown = ends(moments, MOST_MOMENTS);
  const first = moments[0]?.at ?? at;
  const sameDay = (moments.at(-1)?.at ?? at) - first < 86_400_000;
  return {
    title: 'Timeline',
    blocks:
      moments.length === 0
        ? []
        : [
            `| ${sameDay ? `${dateTime(first).slice(0, 10)}, UTC` : 'UTC'} | |\n| --- | --- |`,
            ...shown.map((moment) =>
              moment === undefined
                ? '| … | … |'
                : `| ${sameDay ? timeOfDay(moment.at) : dateTime(moment.at).slice(0, 19)} | ${cell(quoted(inOneLine(moment.text)))} |`,
            ),
          ],
    between: '\n',
    rank: 1,
  };
}

/** The first and, more of them, the last: `undefined` stands for those between. */
function ends(moments: readonly Moment[], most: number): readonly (Moment | undefined)[] {
  if (moments.length <= most) return moments;
  const atFirst = Math.floor(most / 4);
  return [...moments.slice(0, atFirst), undefined, ...moments.slice(moments.length - (most - atFirst))];
}

function gates({ gates: findings }: Incident): Section {
  const worst = (verdict: Verdict) => ['abort', 'fail', 'no-evidence', 'undecided', 'pass'].indexOf(verdict);
  return {
    title: 'Gates',
    blocks:
      findings.length === 0
        ? []
        : [
            '| Gate | Verdict | What it saw |\n| --- | --- | --- |',
            ...findings
              .toSorted((a, b) => worst(a.verdict) - worst(b.verdict))
              .map(
                ({ gate, verdict, text, warnOnly }) =>
                  `| ${cell(quoted(gate, 200))} | ${VERDICT_MARKS[verdict]} ${verdict}${warnOnly ? ' (warns only)' : ''} | ${cell(quoted(text.replaceAll('\n', '; ')))} |`,
              ),
          ],
    between: '\n',
    rank: 2,
  };
}

function stops({ stops: tasks }: Incident): Section {
  const { shown, left } = first(
    tasks.toSorted((a, b) => b.stoppedAt - a.stoppedAt),
    MOST_STOPS,
  );
  return {
    title: 'Stopped tasks',
    blocks: [
      ...shown.map(
        (task) =>
          `- ${task.stoppedAt === 0 ? '' : `${timeOfDay(task.stoppedAt)} `}${quoted(describeStop(task), 700)}`,
      ),
      ...(left > 0 ? [`- and ${left} more`] : []),
    ],
    between: '\n',
    rank: 3,
  };
}

function logs({ logs: excerpts }: Incident): Section {
  return {
    title: 'Last log lines of the failed revision',
    blocks: excerpts.map(logBlock),
    between: '\n\n',
    rank: 5,
  };
}

function logBlock({ task, container, lines }: LogExcerpt): string {
  const what = `Task ${name(task)}, container ${name(container)}`;
  if (lines.length === 0) return `${what} has written nothing that is still there.`;
  return `${what}:\n\n${codeBlock(
    lines.map(({ at, text }) => `${timeOfDay(at)}  ${text}`),
    'text',
  )}`;
}

function difference({ difference: changed, failed, good }: Incident): Section {
  return {
    title: 'What the revision changed',
    blocks: changed
      ? [
          `${good === undefined ? '' : `From ${name(good)} `}to ${failed === undefined ? 'the release' : name(failed)}; values that may be secrets are not shown.`,
          ...differenceMarkdown(changed).split(/\n(?=- )/),
        ]
      : [],
    between: '\n\n',
    rank: 4,
  };
}

const RELATIONS: Readonly<Record<Commits['relation'], string | undefined>> = {
  ahead: undefined,
  identical: 'It is the same commit: the release differed in something else.',
  diverged:
    '⚠️ The commit of the last good release is not an ancestor of this one: these are the commits since both had one in common, and what the good one has beside them is missing here.',
  behind: '⚠️ The release was older than the last good one: it had no commits of its own.',
};

function commits({ commits: since, run }: Incident): Section {
  if (!since) return { title: 'Commits', blocks: [], between: '\n\n', rank: 6 };
  const { base, head, from, relation, newest, total, url } = since;
  const short = (sha: string) => name(/^[0-9a-f]{40}$/.test(sha) ? sha.slice(0, 7) : sha);
  const what =
    RELATIONS[relation] ??
    (newest.length < total ? `The newest ${newest.length} of ${total}:` : `${plural(total, 'commit')}:`);
  const list = newest.map(({ sha, subject, author, pullRequest }) => {
    const request =
      pullRequest === undefined || run.repositoryUrl === undefined
        ? ''
        : ` ([#${pullRequest}](${linkTo(`${run.repositoryUrl}/pull/${pullRequest}`)}))`;
    const what = subject === '' ? 'without a message' : quoted(subject, 200);
    return `- ${short(sha)} ${what}${request}, by ${name(author)}`;
  });
  return {
    title: 'Commits since the last good release',
    blocks: [
      `[${short(base)} to ${short(head)}](${linkTo(url)}); the good one is known by ${quoted(from, 200)}. ${what}`,
      ...(list.length > 0 ? [list.join('\n')] : []),
    ],
    between: '\n\n',
    rank: 6,
  };
}

function events({ events: said }: Incident): Section {
  return {
    title: 'What ECS said last',
    blocks: said.slice(0, MOST_EVENTS).map((event) => `- ${quoted(event)}`),
    between: '\n',
    rank: 7,
    folded: true,
  };
}

function unknown({ unknown: gaps }: Incident): Section {
  return {
    title: 'What could not be found out',
    blocks: gaps.map((gap) => `- ${sentence(quoted(gap))}`),
    between: '\n',
    rank: 4,
  };
}
