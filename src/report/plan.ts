import type { Problem } from '../errors.ts';
import { formatDuration } from '../rollout/duration.ts';
import { type Forecast, formatSpan, type Remark, type Span, type StepForecast } from '../rollout/forecast.ts';
import { counted } from './forecast.ts';
import { codeSpan, literal } from './markdown.ts';

/** What a pull request would lead to, as far as it could be found out. */
export interface PlanStory {
  /** What the plan is for, such as `prod/web`. */
  readonly title: string;
  /** Against what the service runs; absent where that could not be found out. */
  readonly difference?: {
    readonly changed: boolean;
    /** As Markdown, made harmless. */
    readonly markdown: string;
    /** `family:revision` that the service runs. */
    readonly from: string;
  };
  readonly forecast?: Forecast;
  /** Why nothing is known of the service. */
  readonly unseen?: string;
  /** That it could not be made at all, for its inputs' sake. */
  readonly unmade?: true;
  /** What has to be mended before anything can be released. */
  readonly problems: readonly Problem[];
  /** What speaks against a release at this moment only. */
  readonly situation: readonly { readonly message: string; readonly next: string | undefined }[];
  readonly remarks: readonly Remark[];
  /** SHA of the commit that was looked at. */
  readonly commit?: string;
  readonly runUrl?: string;
}

/** What would happen, in a line. */
export function planHeadline({ title, difference, problems, situation, unseen, unmade }: PlanStory): string {
  const name = codeSpan(title);
  if (unmade) return `❌ ${name}: the plan could not be made`;
  if (problems.length > 0) return `❌ ${name}: this cannot be released`;
  if (unseen !== undefined) return `❔ ${name}: not compared with what runs`;
  if (difference && !difference.changed) return `✅ ${name}: nothing changes`;
  return situation.length > 0
    ? `⚠️ ${name}: a new revision, which cannot be released at this moment`
    : `📦 ${name}: a new revision`;
}

/** A plan as Markdown, for a comment on the pull request and for the job's summary. */
export function planMarkdown(story: PlanStory): string {
  const { difference, forecast, problems, situation, remarks } = story;
  const idle = difference?.changed === false;
  return [
    `### ${planHeadline(story)}`,
    story.unseen ?? '',
    ...list(
      '**Mend this first:**',
      problems.map(({ input, message }) => `${codeSpan(input)}: ${literal(message)}`),
    ),
    ...(difference?.changed
      ? [`Against ${codeSpan(difference.from)}, which runs now:`, difference.markdown]
      : []),
    ...(idle
      ? [`The service runs this as ${codeSpan(difference.from)} already; a release would do nothing.`]
      : []),
    ...(idle
      ? []
      : list(
          '**At this moment:**',
          situation.map(({ message, next }) => literal([message, next].filter(Boolean).join('\n'))),
        )),
    ...list(
      '**Note:**',
      remarks.map(({ text }) => literal(text)),
    ),
    ...(forecast && !idle ? rolloutSections(forecast) : []),
    footer(story),
  ]
    .filter((block) => block !== '')
    .join('\n\n');
}

const list = (title: string, items: readonly string[]): readonly string[] =>
  items.length === 0 ? [] : [title, items.map((item) => `- ${item}`).join('\n')];

function rolloutSections(forecast: Forecast): readonly string[] {
  const { steps, gates, alarms, routes } = forecast;
  return [
    '#### The rollout',
    [
      '| Share of users | Begins | Watched for | Tasks of the canary |',
      '| --: | --- | --- | --: |',
      ...steps.map(
        (step) => `| ${step.weight}% | ${begins(step.begins)} | ${watched(step)} | ${step.tasks} |`,
      ),
    ].join('\n'),
    [time(forecast), capacity(forecast), hold(forecast)].filter((line) => line !== '').join(' '),
    [
      '<details><summary>Gates and routes</summary>',
      '',
      ...gates.map(({ text, warnOnly }) => `- gate ${codeSpan(text)}${warnOnly ? ' (warns only)' : ''}`),
      ...alarms.map((alarm) => `- alarm ${codeSpan(alarm)}`),
      ...(forecast.preTrafficTest ? ['- requests of our own before the first user'] : []),
      ...routes.map((route) => `- traffic from ${codeSpan(route)}`),
      ...forecast.stickiness.map((line) => `- ${literal(line)}`),
      '',
      '</details>',
    ].join('\n'),
  ];
}

const begins = (span: Span): string => (span.most === 0 ? 'at once' : `after ${formatSpan(span)}`);

const watched = ({ bakeMs, leastMs }: StepForecast): string =>
  bakeMs === 0 ? 'until the service itself runs it' : formatSpan({ least: leastMs ?? bakeMs, most: bakeMs });

function time({ allUsers, total, timeLimitMs }: Forecast): string {
  const limit =
    timeLimitMs === undefined
      ? ''
      : ` It is taken back if it is not over after ${formatDuration(timeLimitMs)}.`;
  const last = allUsers.most === 0 ? 'at once' : `after ${formatSpan(allUsers)}`;
  const judged =
    total.most === allUsers.most ? '' : `, and the last gate is judged after ${formatSpan(total)}`;
  return `All users have it ${last}${judged}; the time that tasks need to start comes on top.${limit}`;
}

function capacity({ tasks, mostTasks, scaling }: Forecast): string {
  const scaler = scaling
    ? ` Its autoscaler takes no tasks away meanwhile, and adds some up to ${scaling.maxTasks}.`
    : '';
  return `The service keeps its ${counted(tasks)}; with the canary, up to ${mostTasks} run at once.${scaler}`;
}

const hold = ({ hold: { mostMs, afterwards } }: Forecast): string =>
  mostMs === 0
    ? ''
    : `A step without enough evidence is held for up to ${formatDuration(mostMs)} and then ${afterwards === 'proceed' ? 'passed' : 'taken back'}.`;

function footer({ commit, runUrl }: PlanStory): string {
  const parts = [
    ...(commit ? [`commit ${codeSpan(commit.slice(0, 10))}`] : []),
    ...(runUrl ? [`[run](${encodeURI(runUrl)})`] : []),
    'nothing was changed',
  ];
  return `<sub>${parts.join(' · ')}</sub>`;
}
