import {
  CloudWatchLogsClient,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  type ContainerDefinition,
  DescribeTasksCommand,
  ECSClient,
  RunTaskCommand,
  type RunTaskCommandInput,
  type Task,
} from '@aws-sdk/client-ecs';
import { scaledClock, systemClock } from '../../src/clock.ts';
import type { Scenario } from '../../src/simulator/scenario/scenario.ts';
import { type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';
import { clientOf } from './client-of.ts';
import { EMPTY } from './empty-scenario.ts';
import { START } from './moved-clock.ts';

export const GROUP = '/ecs/jobs';

/** A container whose image runs as a process, with its output in `GROUP`. */
export const job = (more: Partial<ContainerDefinition> = {}): ContainerDefinition => ({
  name: 'job',
  image: 'job:1',
  logConfiguration: {
    logDriver: 'awslogs',
    options: { 'awslogs-group': GROUP, 'awslogs-region': 'eu-west-1', 'awslogs-stream-prefix': 'run' },
  },
  ...more,
});

/** A world without services, whose image `job:1` runs for real in the task definition `job:1`. */
export const jobs = (
  containers: readonly ContainerDefinition[] = [job()],
  override: Partial<Scenario> = {},
): Scenario => ({
  ...EMPTY,
  name: 'jobs',
  clusters: ['prod'],
  taskDefinitions: [{ family: 'job', cpu: '256', memory: '512', containers }],
  programs: { 'job:1': { prefix: ['/bin/sh', '-c'] } },
  ...override,
});

export const RUN = {
  cluster: 'prod',
  taskDefinition: 'job',
  launchType: 'FARGATE',
  networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'], securityGroups: ['sg-1'] } },
} satisfies RunTaskCommandInput;

/** A simulator whose time is `scale` times as fast as the machine's, and its clients. */
export async function startJobs(
  scenario: Scenario,
  scale = 300,
  options: Partial<SimulatorOptions<SimulatedWorld>> = {},
) {
  const clock = scaledClock(systemClock.now(), START, scale);
  const simulator = await startSimulator({
    clock,
    seed: 1,
    world: (context) => createWorld(context, scenario),
    ...options,
  });
  const config = clientOf(simulator);
  const ecs = new ECSClient(config);
  const logs = new CloudWatchLogsClient({ ...config, disableHostPrefix: true });

  const describe = async (arn: string): Promise<Task> => {
    const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster: 'prod', tasks: [arn] }));
    return tasks[0] ?? {};
  };

  return {
    simulator,
    clock,
    ecs,
    logs,
    describe,

    /** Starts the task definition `job`; the container runs the shell script. */
    async run(script?: string, more: Partial<RunTaskCommandInput> = {}): Promise<string> {
      const overrides =
        script === undefined
          ? {}
          : { overrides: { containerOverrides: [{ name: 'job', command: [script] }] } };
      const { tasks = [] } = await ecs.send(new RunTaskCommand({ ...RUN, ...overrides, ...more }));
      return tasks[0]?.taskArn ?? '';
    },

    /** The task as soon as it is as it should be. */
    async when(arn: string, ready: (task: Task) => boolean): Promise<Task> {
      for (let looks = 0; looks < 2_000; looks++) {
        const task = await describe(arn);
        if (ready(task)) return task;
        await clock.sleep(2_000);
      }
      throw new Error(`the task never became that: ${JSON.stringify(await describe(arn))}`);
    },

    stopped(arn: string): Promise<Task> {
      return this.when(arn, ({ lastStatus }) => lastStatus === 'STOPPED');
    },

    /** The events of a task's stream, after all of them can be read. */
    async lines(arn: string, more: Partial<GetLogEventsCommandInput> = {}): Promise<string[]> {
      await clock.sleep(3_000);
      const { events = [] } = await logs.send(
        new GetLogEventsCommand({
          logGroupName: GROUP,
          logStreamName: `run/job/${arn.split('/').at(-1)}`,
          startFromHead: true,
          ...more,
        }),
      );
      return events.map(({ message }) => message ?? '');
    },

    /** The task's first lines, as soon as it has written so many. */
    async firstLines(arn: string, count: number): Promise<string[]> {
      await this.when(arn, ({ lastStatus }) => lastStatus === 'RUNNING');
      for (let looks = 0; looks < 300; looks++) {
        const lines = await this.lines(arn);
        if (lines.length >= count) return lines;
      }
      throw new Error('the task never wrote that much');
    },

    close: () => simulator.close(),
  };
}
