import { expect, it } from 'vitest';
import { scaledClock } from '../../src/clock.ts';
import type { EcsTask, Logs, Tasks } from '../../src/ports.ts';
import { runTask } from '../../src/task-run/run-task.ts';
import { QUIET } from '../actions/quiet-reporter.ts';

const TASK: EcsTask = {
  arn: 'arn:aws:ecs:eu-west-1:111122223333:task/prod/0123',
  cluster: 'prod',
  taskDefinition: 'job:1',
  status: 'PROVISIONING',
  stopping: false,
  startedBy: '',
  tags: {},
  createdAt: 0,
  containers: [],
};
const ENDED: EcsTask = {
  ...TASK,
  status: 'STOPPED',
  stopping: true,
  startedAt: 1,
  stopCode: 'EssentialContainerExited',
  containers: [{ name: 'job', status: 'STOPPED', exitCode: 0 }],
};

it('believes in a task that ECS does not show at once, however long it had no room for it', async () => {
  const clock = scaledClock(Date.now(), 0, 1_000);
  let looks = 0;
  const tasks: Partial<Tasks> = {
    async run() {
      await clock.sleep(120_000);
      return TASK;
    },
    describe: async () => new Map(++looks > 2 ? [[TASK.arn, ENDED]] : []),
  };
  const end = await runTask(
    {
      order: {
        cluster: 'prod',
        taskDefinition: 'job:1',
        placement: {},
        container: 'job',
        startedBy: '',
        tags: {},
        token: 't',
      },
      container: 'job',
      definition: { family: 'job', containerDefinitions: [{ name: 'job' }] },
      timeoutMs: 600_000,
      by: 'a run',
    },
    {
      tasks: tasks as Tasks,
      logs: {} as Logs,
      clock,
      reporter: QUIET,
      cancelled: new AbortController().signal,
      started: async () => undefined,
    },
  );
  expect(end).toMatchObject({ verdict: 'succeeded', exitCode: 0 });
});
