import type { Job, StepResult } from '../../src/runner/start-action.ts';
import type { Exchange, GithubOptions, GithubServer } from '../github/github-server.ts';
import { onEnvironment } from '../github/on-environment.ts';
import type { TestWorld, WorldOptions } from './world.ts';

type Inputs = Readonly<Record<string, string>>;

export const BASE = 'b'.repeat(40);
export const WEB = { cluster: 'prod', service: 'web', 'github-token': 'secret' };
export const TASK_DEFINITION = 'arn:aws:ecs:eu-west-1:123456789012:task-definition';

export interface IncidentStage {
  readonly world: TestWorld;
  readonly github: GithubServer;
  /** A job of a run. */
  readonly job: (run?: string, attempt?: number) => Job;
  /** A canary of web:2 that does not meet its gates. */
  readonly failedRelease: (job: Job, inputs?: Inputs) => Promise<StepResult>;
  readonly incident: (job: Job, inputs?: Inputs) => Promise<StepResult>;
  /** Writes lines into the logs of all tasks of a revision that run, as its program would; waits for the first. */
  readonly print: (revision: string, lines: readonly string[]) => Promise<void>;
}

/** A web shop whose second revision is no good, and a GitHub. */
export async function onIncident(
  {
    github,
    ...world
  }: WorldOptions & {
    readonly github?: GithubOptions;
    readonly check?: (exchange: Exchange) => readonly string[];
  },
  play: (stage: IncidentStage) => Promise<void>,
): Promise<void> {
  const behaviours = { 'app:v2': { errorRate: 0.08 }, ...world.behaviours };
  await onEnvironment({ ...world, behaviours, ...(github && { github }) }, async (stage) => {
    const job = (run?: string, attempt = 1) => {
      const made = stage.job(run, undefined, attempt);
      Object.assign(made.env, { GITHUB_WORKFLOW: 'Deploy', GITHUB_ACTOR: 'hubot' });
      return made;
    };
    await play({
      world: stage.world,
      github: stage.github,
      job,
      failedRelease: (on, inputs) =>
        stage.release({ gates: 'error-rate < 1% abort > 2%', steps: '50% for 2m', ...inputs }, on),
      incident: (on, inputs) => on.run('incident', { ...WEB, ...inputs }),
      print: (revision, lines) => print(stage.world, revision, lines),
    });
    return { runs: 'web:1', lostRequests: true, changedByOthers: true, leftovers: true };
  });
}

/** The log group of the web shop is in another region than its tasks. */
async function print(world: TestWorld, revision: string, lines: readonly string[]): Promise<void> {
  const { simulator, clock } = world;
  const tasks = await runningTasks(world, revision);
  const put = simulator.world.services['CloudWatch Logs']?.['PutLogEvents'];
  const now = clock.now();
  for (const task of tasks) {
    const logEvents = lines.map((message, index) => ({ timestamp: now + index, message }));
    const logStreamName = `web/web/${task.split('/').at(-1)}`;
    await put?.({ logGroupName: '/ecs/web', logStreamName, logEvents } as never, {
      now,
      region: 'us-east-1',
      accountId: '123456789012',
    });
  }
}

/** As soon as there are any. */
async function runningTasks(world: TestWorld, revision: string): Promise<readonly string[]> {
  for (;;) {
    const { taskArns } = await world.ask<{ taskArns: string[] }>('ECS', 'ListTasks', { cluster: 'prod' });
    const { tasks } = await world.ask<{
      tasks: { taskArn: string; taskDefinitionArn: string; lastStatus: string }[];
    }>('ECS', 'DescribeTasks', { cluster: 'prod', tasks: taskArns });
    const running = tasks.filter(
      ({ taskDefinitionArn, lastStatus }) =>
        taskDefinitionArn.endsWith(`/${revision}`) && lastStatus === 'RUNNING',
    );
    if (running.length > 0) return running.map(({ taskArn }) => taskArn);
    await world.clock.sleep(1_000);
  }
}
