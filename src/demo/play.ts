import { formatDuration } from '../rollout/duration.ts';
import type { UserTotals } from '../simulator/traffic/ledger.ts';
import { awsClients } from './aws-clients.ts';
import { missesOf } from './expectations.ts';
import { type FinalState, readFinalState } from './final-state.ts';
import { count, partOf, realTime } from './numbers.ts';
import { deployPlainly, type PlainDeployment } from './plain-deployment.ts';
import { NOON } from './shop.ts';
import { SEED, Stage } from './stage.ts';
import type { Story } from './stories.ts';
import { Timeline } from './timeline.ts';

/** What came of one story. */
export interface StoryReport {
  readonly story: Story;
  /** In what it was not as expected. */
  readonly misses: readonly string[];
  /** Simulated milliseconds. */
  readonly took: number;
  readonly users: UserTotals;
  readonly plain?: PlainDeployment;
}

/** Users are counted for at least this long, also after a release was taken back. */
const COUNTED_MS = 30 * 60_000;
const NOBODY: UserTotals = { requests: 0, errors: 0, slow: 0 };

/**
 * Plays one story, tells it line by line, and holds what AWS says in the end against what has to be. It never throws:
 * a story that breaks is a story that did not end as expected.
 */
export async function playStory(
  story: Story,
  number: number,
  print: (line: string) => void,
): Promise<StoryReport> {
  const timeline = new Timeline(print);
  timeline.heading(number, story.title, story.plot);
  try {
    const stage = await Stage.set(story.scenario, timeline);
    try {
      timeline.event(NOON, 'the job begins', 'dim');
      return await perform(story, stage);
    } finally {
      await stage.strike();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    timeline.account('✘', message, 'red');
    return { story, misses: [message], took: 0, users: NOBODY };
  }
}

async function perform(story: Story, stage: Stage): Promise<StoryReport> {
  const { timeline, simulator, clock, teller } = stage;
  const { world } = simulator;
  const result = await story.play(stage);
  const took = clock.now() - NOON;
  const aws = awsClients(simulator.url);
  const state = await readFinalState(aws).finally(aws.close);
  const counted = Math.max(COUNTED_MS, took);
  world.advance(NOON + counted);
  const users = world.users.total({ from: NOON, until: NOON + counted });
  const plain =
    story.comparedWith === undefined
      ? undefined
      : await deployPlainly(story.scenario, story.comparedWith, counted, SEED);
  const misses = missesOf(story, {
    result,
    state,
    trafficBackMs: teller.trafficBackMs,
    bugs: simulator.bugs,
  });
  timeline.gap();
  timeline.account('users', usersLine(story, users, counted));
  if (plain !== undefined) timeline.account('', plainLine(story, plain));
  timeline.account('AWS says', stateLine(state));
  timeline.account(
    'action',
    `outcome=${result.outputs['outcome'] ?? ''}, exit code ${result.code}, after ${formatDuration(took)} of simulated and ${realTime(took / clock.scale)} of real time`,
  );
  if (misses.length === 0) timeline.account('✔', 'as expected', 'green');
  for (const miss of misses) timeline.account('✘', miss, 'red');
  if (misses.length > 0)
    for (const line of result.log.trimEnd().split('\n').slice(-20)) timeline.detail(line);
  return { story, misses, took, users, ...(plain !== undefined && { plain }) };
}

const HARM = { errors: 'failed', slow: 'took longer than half a second' } as const;

const usersLine = ({ harm }: Story, users: UserTotals, counted: number): string =>
  `${partOf(users[harm], users.requests)} requests ${HARM[harm]} in ${formatDuration(counted)}`;

function plainLine({ harm }: Story, { users, rolloutState, failedTasks }: PlainDeployment): string {
  const end =
    rolloutState === 'COMPLETED'
      ? ''
      : ` and would not have ended: ${count(failedTasks)} tasks have failed so far`;
  return `a rolling deployment that nothing watches: ${partOf(users[harm], users.requests)}${end}`;
}

function stateLine({
  runs,
  running,
  desired,
  healthy,
  routes,
  otherServices,
  otherTargetGroups,
}: FinalState) {
  const left = [...otherServices, ...otherTargetGroups];
  const rest =
    left.length === 0 ? 'no canary is left' : `left for the next run to remove: ${left.join(', ')}`;
  return `web runs ${runs} in ${running} of ${desired} tasks, ${healthy} healthy; rules: ${[...new Set(routes)].join('; ')}; ${rest}`;
}
