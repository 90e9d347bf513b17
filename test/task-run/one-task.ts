import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import { logs } from '../../src/aws/logs.ts';
import { tasks } from '../../src/aws/tasks.ts';
import type { EcsTask, Reporter, TaskOrder } from '../../src/ports.ts';
import type { Scenario } from '../../src/simulator/scenario/scenario.ts';
import type { SimulatorOptions } from '../../src/simulator/server.ts';
import type { SimulatedWorld } from '../../src/simulator/world/world.ts';
import { runTask, type TaskEnd, type TaskRun, type TaskWorld } from '../../src/task-run/run-task.ts';
import type { TaskDefinition } from '../../src/taskdef/definition.ts';
import { job, jobs, startJobs } from '../simulator/tasks-under-test.ts';

/** What a run has told, line by line, with the time of the clock. */
export class Told implements Pick<Reporter, 'info' | 'warning'> {
  readonly lines: { readonly at: number; readonly text: string }[] = [];
  readonly warnings: string[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  info(text: string): void {
    this.lines.push({ at: this.#now(), text });
  }

  warning(text: string): void {
    this.warnings.push(text);
  }

  /** The lines that begin with the text. */
  starting(text: string): readonly string[] {
    return this.lines.map((line) => line.text).filter((line) => line.startsWith(text));
  }

  when(text: string): number {
    return this.lines.find((line) => line.text.includes(text))?.at ?? Number.NaN;
  }
}

export interface Setup {
  readonly containers?: readonly ContainerDefinition[];
  readonly scenario?: Partial<Scenario>;
  readonly scale?: number;
  readonly simulator?: Partial<SimulatorOptions<SimulatedWorld>>;
}

/** A simulator with one task definition, and `runTask` with the real adapters against it. */
export async function startTasks({ containers = [job()], scenario, scale = 20, simulator }: Setup = {}) {
  const calls: { at: number; operation: string; outcome: string }[] = [];
  const aws = await startJobs(jobs(containers, scenario), scale, {
    onCall: ({ operation, outcome }) => calls.push({ at: aws.clock.now(), operation, outcome }),
    ...simulator,
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: aws.simulator.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'y',
  });
  const connection = { clock: aws.clock };
  const told = new Told(() => aws.clock.now());
  const cancel = new AbortController();
  const known: EcsTask[] = [];
  const world: TaskWorld = {
    tasks: tasks(connection),
    logs: logs(connection),
    clock: aws.clock,
    reporter: told as Partial<Reporter> as Reporter,
    cancelled: cancel.signal,
    async started(task) {
      known.push(task);
    },
  };
  const definition = { family: 'job', containerDefinitions: containers } as unknown as TaskDefinition;
  const order = (script: string, token: string): TaskOrder => ({
    cluster: 'prod',
    taskDefinition: 'job:1',
    placement: {
      launchType: 'FARGATE',
      network: { subnets: ['subnet-1'], securityGroups: ['sg-1'], publicIp: false },
    },
    container: 'job',
    command: [script],
    startedBy: 'deploy-actions/1',
    tags: { 'deploy-actions:run': '1' },
    token,
  });
  const common = {
    container: 'job',
    definition,
    timeoutMs: 600_000,
    by: 'https://github.com/o/r/actions/runs/1',
  };
  return {
    aws,
    told,
    cancel,
    known,
    world,
    run: (script: string, more: Partial<TaskRun> = {}, token = 'token'): Promise<TaskEnd> =>
      runTask({ ...common, order: order(script, token), ...more } as TaskRun, world),
    adopt: (task: EcsTask, timeoutMs = common.timeoutMs): Promise<TaskEnd> =>
      runTask({ ...common, adopt: task, timeoutMs }, world),
    order,
    /** The busiest minute of all calls so far, as the simulator has seen them. */
    busiestMinute(): number {
      const times = calls.map(({ at }) => at);
      // On a busy machine, a call arrives up to two seconds of scaled time after it was let go.
      return Math.max(
        ...times.map((at) => times.filter((other) => other >= at && other < at + 58_000).length),
      );
    },
    calls,
    operations: (): readonly string[] => calls.map(({ operation }) => operation),
  };
}
