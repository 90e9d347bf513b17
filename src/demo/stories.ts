import type { StepResult } from '../runner/start-action.ts';
import type { Scenario } from '../simulator/scenario/scenario.ts';
import { partOf, realTime } from './numbers.ts';
import { CLUSTER, NOON, SERVICE, shopAfterBadRelease, shopWith } from './shop.ts';
import type { Stage } from './stage.ts';

/** One story of the demo and how it has to end. */
export interface Story {
  readonly name: string;
  readonly title: string;
  readonly plot: string;
  readonly scenario: Scenario;
  /** Runs the actions; gives the step that decides. */
  readonly play: (stage: Stage) => Promise<StepResult>;
  readonly expected: {
    readonly exitCode: number;
    readonly outcome: string;
    /** What the output `reason` has to say. */
    readonly reason: RegExp;
    /** The revision that the service runs in the end. */
    readonly runs: string;
    /** The canary's target group may be left, without targets and in no rule: the next run removes it. */
    readonly mayLeaveTargetGroup?: true;
  };
  /** What goes wrong for users. */
  readonly harm: 'errors' | 'slow';
  /** Compared with a plain deployment of this revision. */
  readonly comparedWith?: string;
}

const RELEASE = { cluster: CLUSTER, service: SERVICE, 'task-definition': 'web:2' };
const canary = (stage: Stage): Promise<StepResult> => stage.run('canary', RELEASE);
const taken = (reason: RegExp): Story['expected'] => ({
  exitCode: 1,
  outcome: 'rolled-back',
  reason,
  runs: 'web:1',
});

const MINUTE = 60_000;

export const STORIES: readonly Story[] = [
  {
    name: 'good',
    title: 'A good release is promoted',
    plot: 'web:2 answers as well as web:1. It gets 5%, 25% and 50% of the traffic for a quarter of an hour each; then the service itself is renewed.',
    scenario: shopWith({ latency: { p50: 38, p95: 115 } }),
    play: canary,
    expected: { exitCode: 0, outcome: 'promoted', reason: /every step was passed/, runs: 'web:2' },
    harm: 'errors',
  },
  {
    name: 'errors',
    title: 'A release that fails 5% of its requests is taken back',
    plot: 'web:2 answers one request in twenty with a 500.',
    scenario: shopWith({ errorRate: 0.05 }),
    play: canary,
    expected: taken(/^error-rate/),
    harm: 'errors',
    comparedWith: 'web:2',
  },
  {
    name: 'slow',
    title: 'A slow release is taken back',
    plot: 'web:2 makes no mistake, but takes a second where web:1 takes a tenth of it.',
    scenario: shopWith({ latency: { p50: 300, p95: 1_100 } }),
    play: canary,
    expected: taken(/^slower-than 300ms vs stable/),
    harm: 'slow',
    comparedWith: 'web:2',
  },
  {
    name: 'crash',
    title: 'A release that crashes on start never sees a user',
    plot: 'web:2 ends with exit code 1 as soon as it starts.',
    scenario: shopWith({ crash: { after: 0, exitCode: 1, reason: 'Error: DATABASE_URL is not set' } }),
    play: canary,
    expected: taken(/crashes|exit code 1/),
    harm: 'errors',
    comparedWith: 'web:2',
  },
  {
    name: 'load',
    title: 'A release that only breaks at 25% is taken back',
    plot: 'web:2 is fine with few users. With a quarter of the traffic it runs out of database connections: 8% fail.',
    scenario: shopWith({ changes: [{ from: { share: 0.25 }, errorRate: 0.08 }] }),
    play: canary,
    expected: taken(/^error-rate/),
    harm: 'errors',
    comparedWith: 'web:2',
  },
  {
    name: 'cancelled',
    title: 'A cancelled run takes its traffic back before it ends',
    plot: 'web:2 is good and has 25% of the traffic when somebody cancels the workflow. The runner gives the step 7.5 s.',
    scenario: shopWith({}),
    play: cancelAt25Percent,
    expected: { ...taken(/cancelled/), mayLeaveTargetGroup: true },
    harm: 'errors',
  },
  {
    name: 'rollback',
    title: 'A rollback by hand',
    plot: 'web:3 has been in service for 20 minutes and fails 4% of its requests. web:2 before it never came up: the revision to go back to is web:1, not the next lower number.',
    scenario: shopAfterBadRelease(),
    play: rollBackByHand,
    expected: { exitCode: 0, outcome: 'rolled-back', reason: /./, runs: 'web:1' },
    harm: 'errors',
  },
];

async function cancelAt25Percent(stage: Stage): Promise<StepResult> {
  const { clock, timeline } = stage;
  const step = stage.start('canary', RELEASE);
  await stage.reaches(25, step);
  await clock.sleep(4 * MINUTE);
  timeline.event(clock.now(), 'somebody presses “Cancel workflow”: the runner sends SIGINT', 'yellow');
  const sent = clock.now();
  const main = await step.cancel();
  const took = realTime((clock.now() - sent) / clock.scale);
  timeline.event(
    clock.now(),
    `the step has ended, ${took} of real time after the signal; its post step runs`,
  );
  const post = await stage.post('canary', main, RELEASE);
  if (post.code !== 0) throw new Error(`the post step ended with ${post.code}:\n${post.log}`);
  return main;
}

async function rollBackByHand(stage: Stage): Promise<StepResult> {
  const { clock, timeline, simulator } = stage;
  const { users } = simulator.world;
  const step = stage.start('rollback', {
    cluster: CLUSTER,
    service: SERVICE,
    to: 'previous',
    reason: 'checkout fails for some customers',
  });
  const ended = step.done.then(() => true);
  let shown = 0;
  const before = users.total({ from: NOON - 10 * MINUTE, until: NOON });
  timeline.event(
    NOON,
    `${partOf(before.errors, before.requests)} requests failed in the last ten minutes`,
    'yellow',
  );
  timeline.weight(clock.now(), 0, 'of the answers come from web:1; all others from web:3', 'yellow');
  for (let running = true; running; ) {
    running = !(await Promise.race([ended, clock.sleep(MINUTE / 3).then(() => false)]));
    const now = clock.now();
    simulator.world.advance(now);
    const recent = users.byRevision({ from: now - MINUTE / 3, until: now });
    const all = [...recent.values()].reduce((sum, { requests }) => sum + requests, 0);
    const share = all === 0 ? 0 : ((recent.get('web:1')?.requests ?? 0) / all) * 100;
    if (Math.abs(share - shown) < 10) continue;
    shown = share;
    timeline.weight(now, share, share === 100 ? 'of the answers come from web:1 again' : '', 'green');
  }
  return step.done;
}
