import { describe, expect, it } from 'vitest';
import type { EcsTask, TaskContainer } from '../../src/ports.ts';
import { interruptedEnd, look, type Seen, verdictOf } from '../../src/task-run/verdict.ts';

const NEW: Seen = { running: false };

const taskOf = (more: Partial<EcsTask>, ...containers: readonly TaskContainer[]): EcsTask => ({
  arn: 'arn:aws:ecs:eu-west-1:111122223333:task/prod/0123',
  cluster: 'prod',
  taskDefinition: 'job:1',
  status: 'STOPPED',
  stopping: true,
  startedBy: '',
  tags: {},
  createdAt: 0,
  containers,
  ...more,
});
const ended = (exitCode: number, more: Partial<TaskContainer> = {}): TaskContainer => ({
  name: 'job',
  status: 'STOPPED',
  exitCode,
  ...more,
});
const RAN = {
  startedAt: 1,
  stopCode: 'EssentialContainerExited',
  stoppedReason: 'Essential container in task exited',
};

/** The verdict on a task that was never looked at before. */
const judged = (task: EcsTask, seen = NEW) => {
  const verdict = verdictOf(task, 'job', look(seen, task, 'job'));
  if (!verdict) throw new Error('no verdict');
  return verdict;
};

describe('a container that ended by itself', () => {
  it('has a verdict as soon as it has an exit code, while its task still stops', () => {
    for (const status of ['RUNNING', 'DEACTIVATING', 'STOPPING', 'DEPROVISIONING', 'STOPPED']) {
      expect(judged(taskOf({ ...RAN, status }, ended(0)))).toMatchObject({ verdict: 'succeeded', ran: true });
    }
  });

  it('has none while it runs, or is pending', () => {
    for (const status of ['PENDING', 'RUNNING']) {
      const task = taskOf({ status, stopping: false }, { name: 'job', status });
      expect(verdictOf(task, 'job', NEW)).toBeUndefined();
    }
  });

  it.each([
    [3, undefined, 'ended with exit code 3.'],
    [137, 'OutOfMemoryError: Container killed due to memory usage', 'used more memory than it may have'],
    [137, undefined, 'was killed (SIGKILL)'],
    [143, undefined, 'was told to stop (SIGTERM)'],
    [139, undefined, 'crashed on memory that is not its own (SIGSEGV)'],
    [127, undefined, 'A command was not found'],
    [126, undefined, 'could not be executed'],
  ])('with %i (%s) says what that means', (exitCode, reason, why) => {
    const verdict = judged(taskOf(RAN, ended(exitCode, reason === undefined ? {} : { reason })));
    expect(verdict).toMatchObject({ verdict: 'failed', exitCode, ran: true });
    expect(verdict.why).toContain(why);
  });

  it('is told to lack memory when the limit of the whole task says so', () => {
    const reason = 'OutOfMemoryError: container killed due to high memory usage';
    expect(judged(taskOf({ ...RAN, stoppedReason: reason }, ended(137))).why).toContain('used more memory');
  });

  it('is not judged by other containers', () => {
    const sidecar = { name: 'proxy', status: 'STOPPED', exitCode: 143 };
    expect(judged(taskOf(RAN, sidecar, ended(0)))).toMatchObject({ verdict: 'succeeded', exitCode: 0 });
  });
});

describe('a container that never ran', () => {
  it.each([
    [
      'CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref 1.dkr.ecr.eu-west-1.amazonaws.com/app:9: not found',
      'no such image',
      'push has succeeded',
    ],
    [
      'CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/library/app: failed to do request: Head "https://registry-1.docker.io": dial tcp 1.2.3.4:443: i/o timeout',
      'cannot be reached',
      'NAT gateway',
    ],
    [
      'CannotPullContainerError: pull access denied for app, repository does not exist or may require authorization',
      'may not be pulled',
      'ecr:BatchGetImage',
    ],
    [
      'CannotPullContainerError: inspect image has been retried 1 time(s): httpReadSeeker: failed open: unexpected status code: 429 Too Many Requests - toomanyrequests: You have reached your pull rate limit',
      'so often',
      'pull through cache',
    ],
    [
      'CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer: write /x: no space left on device',
      'does not fit',
      'ephemeralStorage',
    ],
    [
      "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'",
      'not built for the processor',
      'cpuArchitecture',
    ],
    [
      'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: AccessDeniedException: User is not authorized to perform: secretsmanager:GetSecretValue',
      'may not read',
      'secretsmanager:GetSecretValue',
    ],
    [
      'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 5 time(s): RequestCanceled: request context canceled caused by: context deadline exceeded',
      'cannot be reached',
      'VPC endpoints',
    ],
    [
      'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: invalid ssm parameters: /app/db',
      'does not exist',
      'valueFrom',
    ],
    [
      'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.',
      'log group does not exist',
      'awslogs-create-group',
    ],
    [
      'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: AccessDeniedException: not authorized to perform: logs:CreateLogStream',
      'may not be written',
      'logs:CreateLogStream',
    ],
    [
      'ResourceInitializationError: failed to validate logger args: signal: killed',
      'log driver',
      'VPC endpoint',
    ],
    [
      'ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: Connection timed out',
      'file system',
      'port 2049',
    ],
    [
      'ResourceInitializationError: failed to download env files: file download command: non empty error stream',
      'environment file',
      's3:GetObject',
    ],
    [
      'CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: runc create failed: unable to start container process: exec: "alembic": executable file not found in $PATH: unknown',
      'no such command',
      '["sh", "-c", "..."]',
    ],
    [
      'CannotStartContainerError: ... exec: "/app/run": permission denied: unknown',
      'may not be executed',
      'chmod +x',
    ],
    [
      'ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 3m',
      'in time',
      'Run the job again',
    ],
  ])('says why: %s', (reason, why, fix) => {
    const cause = { stopCode: 'TaskFailedToStart', stoppedReason: 'Task failed to start' };
    const verdict = judged(taskOf(cause, { name: 'job', status: 'STOPPED', reason }));
    expect(verdict).toMatchObject({ verdict: 'never-started', ran: false });
    expect(verdict.why).toContain(why);
    expect(verdict.why).toContain(reason.slice(0, 60));
    expect(verdict.fix).toContain(fix);
  });

  it('has a verdict before ECS has put its task away', () => {
    const cause = {
      status: 'DEPROVISIONING',
      stopCode: 'TaskFailedToStart',
      stoppedReason: 'Task failed to start',
    };
    const reason = 'CannotPullContainerError: x: not found';
    expect(judged(taskOf(cause, { name: 'job', status: 'PENDING', reason }))).toMatchObject({
      verdict: 'never-started',
    });
  });

  it('did not run, even where the agent gives an exit code for a command that it could not start', () => {
    const reason =
      'CannotStartContainerError: Error response from daemon: exec: "x": executable file not found in $PATH';
    const cause = { stopCode: 'TaskFailedToStart', stoppedReason: 'Task failed to start' };
    expect(judged(taskOf(cause, ended(127, { reason })))).toMatchObject({
      verdict: 'never-started',
      ran: false,
      exitCode: 127,
    });
  });

  it('names the other container that kept it from starting', () => {
    const reason = 'CannotPullContainerError: failed to resolve ref proxy:1: not found';
    const cause = { stopCode: 'TaskFailedToStart', stoppedReason: 'Task failed to start' };
    const { why } = judged(
      taskOf(cause, { name: 'job', status: 'STOPPED' }, { name: 'proxy', status: 'STOPPED', reason }),
    );
    expect(why).toContain('Container proxy kept it from starting');
  });

  it('names the container whose end came before, such as one that it depends on', () => {
    const { why, verdict } = judged(
      taskOf(
        { stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container in task exited' },
        { name: 'job', status: 'STOPPED' },
        { name: 'init', status: 'STOPPED', exitCode: 1 },
      ),
    );
    expect(verdict).toBe('never-started');
    expect(why).toContain('Container init ended before, with exit code 1');
  });

  it('says who stopped it', () => {
    const { why } = judged(
      taskOf({ stopCode: 'UserInitiated', stoppedReason: 'wrong one' }, { name: 'job', status: 'STOPPED' }),
    );
    expect(why).toContain('"wrong one"');
    expect(why).toContain('StopTask');
  });
});

describe('a task that something else stopped', () => {
  it.each([
    ['SpotInterruption', 'Your Spot Task was interrupted.', 'Spot'],
    ['UserInitiated', 'Task stopped by user', 'Somebody'],
    ['ServiceSchedulerInitiated', 'Scaling activity initiated by (deployment ecs-svc/1)', 'scheduler'],
    [
      'TerminationNotice',
      'ECS is performing maintenance on the underlying infrastructure hosting the task.',
      'maintained',
    ],
  ])('by %s is no success, even with exit code 0', (stopCode, stoppedReason, why) => {
    const verdict = judged(taskOf({ startedAt: 1, stopCode, stoppedReason }, ended(0)));
    expect(verdict).toMatchObject({ verdict: 'stopped', exitCode: 0, ran: true });
    expect(verdict.why).toContain(why);
    expect(verdict.why).toContain('does not say that it finished its work');
    expect(verdict.fix).toBeTruthy();
  });

  it('by the end of its instance has no exit code, and its end is not known', () => {
    const verdict = judged(
      taskOf(
        { startedAt: 1, stoppedReason: 'Host EC2 (instance i-0123) terminated.' },
        { name: 'job', status: 'STOPPED' },
      ),
    );
    expect(verdict).toMatchObject({ verdict: 'stopped', ran: true });
    expect(verdict.why).toContain('how far it came is not known');
  });

  it('by an essential sidecar is known by what was seen before', () => {
    const proxy = { name: 'proxy', status: 'STOPPED', exitCode: 1 };
    const before = taskOf({ ...RAN, status: 'RUNNING' }, { name: 'job', status: 'RUNNING' }, proxy);
    const seen = look(NEW, before, 'job');
    expect(judged(taskOf(RAN, ended(0), proxy), seen).why).toContain(
      'Container proxy ended first, with exit code 1',
    );
  });

  it('is not one that an earlier run stopped, as its container had ended', () => {
    const stoppedReason = 'deploy-actions: container job has ended (https://github.com/o/r/actions/runs/1)';
    const task = taskOf({ startedAt: 1, stopCode: 'UserInitiated', stoppedReason }, ended(0));
    expect(judged(task).verdict).toBe('succeeded');
  });

  it('is not a sidecar that may end, and has', () => {
    const init = { name: 'init', status: 'STOPPED', exitCode: 0 };
    const before = taskOf(
      { startedAt: 1, status: 'RUNNING', stopping: false },
      { name: 'job', status: 'RUNNING' },
      init,
    );
    const seen = look(NEW, before, 'job');
    expect(judged(taskOf(RAN, ended(0), init), seen).verdict).toBe('succeeded');
  });
});

describe('a task that this run stopped', () => {
  const told = (task: EcsTask, seen = NEW, gone = false) =>
    interruptedEnd({ kind: 'timed-out', after: '10 min' }, { task, container: 'job', seen, gone });

  it('is told with what became of its container', () => {
    expect(told(taskOf({ startedAt: 1 }, ended(0))).why).toContain('exit code 0 all the same');
    expect(told(taskOf({ startedAt: 1 }, ended(143))).why).toContain('exit code 143, told to stop (SIGTERM)');
    expect(told(taskOf({}, { name: 'job', status: 'STOPPED' }))).toMatchObject({ ran: false });
    expect(told(taskOf({ startedAt: 1 }, { name: 'job', status: 'STOPPED' }))).toMatchObject({ ran: true });
  });

  it('never ran when it is put away before it has started', () => {
    const away = taskOf({ status: 'DEPROVISIONING' }, { name: 'job', status: 'PENDING' });
    expect(told(away)).toMatchObject({ ran: false, why: expect.stringContaining('never ran') });
    expect(told(away, { running: true })).toMatchObject({ ran: true });
  });

  it('may have run as long as its end was not seen', () => {
    const still = taskOf({ status: 'PENDING' }, { name: 'job', status: 'PENDING' });
    expect(told(still)).toMatchObject({
      ran: true,
      why: expect.stringContaining('PENDING when it was seen last'),
    });
    expect(told(still, NEW, true).why).toContain('ECS no longer tells of it');
  });
});
