import { describe, expect, it } from 'vitest';
import { describeStop, isCrash, type StoppedTask } from '../../../src/rollout/judge/evidence.ts';

const TASK: StoppedTask = {
  arn: 'arn:aws:ecs:eu-west-1:111122223333:task/prod/0af1',
  startedBy: 'ecs-svc/1',
  stopCode: 'EssentialContainerExited',
  reason: 'Essential container in task exited',
  stoppedAt: 0,
  containers: [],
};

describe('isCrash', () => {
  it.each([
    ['EssentialContainerExited', 'Essential container in task exited', true],
    ['TaskFailedToStart', 'CannotPullContainerError: image not found', true],
    ['ServiceSchedulerInitiated', 'Task failed ELB health checks in (target-group web)', true],
    ['ServiceSchedulerInitiated', 'Task failed container health checks', true],
    ['ServiceSchedulerInitiated', 'Scaling activity initiated by (deployment ecs-svc/1)', false],
    ['UserInitiated', 'Task stopped by user', false],
    ['SpotInterruption', 'Your Spot Task was interrupted.', false],
    ['TerminationNotice', 'The underlying host is retired', false],
  ])('%s, "%s": %s', (stopCode, reason, crash) => {
    expect(isCrash({ ...TASK, stopCode, reason })).toBe(crash);
  });
});

describe('describeStop', () => {
  it.each<[string, Partial<StoppedTask>, string]>([
    ['only the task', {}, 'task 0af1 stopped; EssentialContainerExited; Essential container in task exited'],
    [
      'exit codes and reasons of the containers that said something, 0 too',
      {
        containers: [
          { name: 'web', exitCode: 137, reason: 'OutOfMemoryError: killed' },
          { name: 'proxy', exitCode: 0 },
          { name: 'pull', reason: 'CannotPullContainerError' },
          { name: 'silent' },
        ],
      },
      'task 0af1 stopped; EssentialContainerExited; Essential container in task exited; web: exit code 137 OutOfMemoryError: killed; proxy: exit code 0; pull: CannotPullContainerError',
    ],
    ['nothing that is empty', { stopCode: '', reason: '' }, 'task 0af1 stopped'],
  ])('says %s', (_, task, text) => {
    expect(describeStop({ ...TASK, ...task })).toBe(text);
  });
});
