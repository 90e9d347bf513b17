import {
  DeregisterTaskDefinitionCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  RunTaskCommand,
  type RunTaskCommandInput,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../src/simulator/operation.ts';
import type { Scenario } from '../../src/simulator/scenario/scenario.ts';
import { job, jobs, RUN } from './tasks-under-test.ts';
import { open } from './world-under-test.ts';

const start = (override: Partial<Scenario> = {}, containers = [job()]) =>
  open(jobs(containers, { programs: {}, ...override }));

type World = ReturnType<typeof open>;

const run = (aws: World, more: Partial<RunTaskCommandInput> = {}): string =>
  aws.send(new RunTaskCommand({ ...RUN, ...more })).tasks?.[0]?.taskArn ?? '';

const look = (aws: World, arn: string): Task =>
  aws.send(new DescribeTasksCommand({ cluster: 'prod', tasks: [arn], include: ['TAGS'] })).tasks?.[0] ?? {};

const stopped = (aws: World, arn: string): Task => {
  aws.until(() => look(aws, arn).lastStatus === 'STOPPED');
  return look(aws, arn);
};

describe('RunTask', () => {
  it('finds the tasks of a token again, even when they have stopped and their definition is gone', () => {
    const aws = start();
    const arn = run(aws, { clientToken: 'one' });
    aws.send(new StopTaskCommand({ cluster: 'prod', task: arn }));
    stopped(aws, arn);
    aws.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'job:1' }));
    const { tasks } = aws.send(new RunTaskCommand({ ...RUN, clientToken: 'one' }));
    expect(tasks).toMatchObject([{ taskArn: arn, lastStatus: 'STOPPED' }]);
  });

  it('names the tasks of a token that comes with another request', () => {
    const aws = start();
    const arn = run(aws, { clientToken: 'one' });
    let refusal: unknown;
    try {
      run(aws, { clientToken: 'one', startedBy: 'else' });
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(AwsError);
    expect(refusal).toMatchObject({ name: 'ConflictException', body: { resourceIds: [arn] } });
  });

  it('has no capacity for the first calls, and keeps their token free', () => {
    const aws = start({ callsWithoutCapacity: 2 });
    const call = () => aws.send(new RunTaskCommand({ ...RUN, clientToken: 'one' }));
    const none = { tasks: [], failures: [{ reason: expect.stringMatching(/^Capacity is unavailable/) }] };
    expect([call(), call()]).toEqual([none, none]);
    expect(call()).toMatchObject({ tasks: [{ lastStatus: 'PROVISIONING' }], failures: [] });
  });

  it('starts a task that the next calls may not know yet', () => {
    const aws = start({ consistencyLag: { min: 2_000, max: 2_000 } });
    const arn = run(aws, { startedBy: 'me' });
    const describeTasks = new DescribeTasksCommand({ cluster: 'prod', tasks: [arn] });
    const listTasks = new ListTasksCommand({ cluster: 'prod', startedBy: 'me' });
    expect(aws.send(describeTasks).failures).toEqual([{ arn, reason: 'MISSING' }]);
    expect(aws.send(listTasks).taskArns).toEqual([]);
    aws.pass(2);
    expect(aws.send(describeTasks).tasks).toHaveLength(1);
    expect(aws.send(listTasks).taskArns).toEqual([arn]);
  });

  it('shows where the task runs, and what was asked of it', () => {
    const aws = start();
    const arn = run(aws, {
      launchType: undefined,
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
      platformVersion: 'LATEST',
      startedBy: 'deploy-actions/7',
      overrides: { cpu: '512', memory: '1024', containerOverrides: [{ name: 'job', command: ['a', 'b'] }] },
      tags: [{ key: 'commit', value: 'abc' }],
    });
    expect(look(aws, arn)).toMatchObject({
      capacityProviderName: 'FARGATE_SPOT',
      launchType: 'FARGATE',
      platformVersion: '1.4.0',
      cpu: '512',
      memory: '1024',
      startedBy: 'deploy-actions/7',
      group: 'family:job',
      overrides: { containerOverrides: [{ name: 'job', command: ['a', 'b'] }] },
      attachments: [{ details: [{ name: 'subnetId', value: 'subnet-1' }, {}, {}] }],
      tags: [{ key: 'commit', value: 'abc' }],
    });
  });

  it('hands the tags of the definition on when it is told to', () => {
    const aws = open(
      jobs([], {
        taskDefinitions: [
          { family: 'job', cpu: '256', memory: '512', containers: [job()], tags: { team: 'data', a: '1' } },
        ],
        programs: {},
      }),
    );
    const tags = [{ key: 'a', value: '2' }];
    expect(look(aws, run(aws, { tags })).tags).toEqual(tags);
    expect(look(aws, run(aws, { tags, propagateTags: 'TASK_DEFINITION' })).tags).toEqual([
      { key: 'team', value: 'data' },
      ...tags,
    ]);
  });

  it.each<[what: string, request: Partial<RunTaskCommandInput>, says: string]>([
    [
      'an override of a container that is not there',
      { overrides: { containerOverrides: [{ name: 'web', command: ['x'] }] } },
      'InvalidParameterException: Override for container named web is not a container in the TaskDefinition.',
    ],
    [
      'a launch type beside a strategy',
      { capacityProviderStrategy: [{ capacityProvider: 'FARGATE' }] },
      'InvalidParameterException: Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.',
    ],
    [
      'neither of them in a cluster without instances',
      { launchType: undefined },
      'InvalidParameterException: No Container Instances were found in your cluster.',
    ],
    [
      'no network',
      { networkConfiguration: undefined },
      "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ],
    [
      'no subnets',
      { networkConfiguration: { awsvpcConfiguration: { subnets: [] } } },
      'InvalidParameterException: subnets can not be empty.',
    ],
    [
      'a definition that is not there',
      { taskDefinition: 'x:1' },
      'ClientException: TaskDefinition not found.',
    ],
    ['too many tasks', { count: 11 }, 'InvalidParameterException: count must be between 1 and 10.'],
    [
      'an unknown platform',
      { platformVersion: '9.9.9' },
      'PlatformUnknownException: The specified platform does not exist.',
    ],
    [
      'a size that Fargate does not have',
      { overrides: { memory: '99' } },
      'ClientException: No Fargate configuration exists for given values: 256 CPU, 99 memory. See the Amazon ECS documentation for the valid values.',
    ],
    [
      'tags of a service',
      { propagateTags: 'SERVICE' },
      'InvalidParameterException: propagateTags SERVICE is only valid for tasks of a service.',
    ],
  ])('refuses %s', (_what, request, says) => {
    expect(start().refusal(new RunTaskCommand({ ...RUN, ...request }))).toBe(says);
  });

  it('refuses a definition that was deregistered', () => {
    const aws = start();
    aws.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'job:1' }));
    expect(aws.refusal(new RunTaskCommand({ ...RUN, taskDefinition: 'job:1' }))).toBe(
      'ClientException: TaskDefinition is inactive',
    );
  });
});

describe('ListTasks', () => {
  it('takes startedBy as its only filter, beside the status', () => {
    const aws = start();
    const arn = run(aws, { startedBy: 'me' });
    run(aws, { startedBy: 'you' });
    const list = { cluster: 'prod', startedBy: 'me' };
    expect(aws.send(new ListTasksCommand(list)).taskArns).toEqual([arn]);
    expect(aws.send(new ListTasksCommand({ ...list, desiredStatus: 'STOPPED' })).taskArns).toEqual([]);
    expect(aws.refusal(new ListTasksCommand({ ...list, family: 'job' }))).toMatch(
      /^InvalidParameterException: .*only filter/,
    );
  });
});

describe('a task that does not start', () => {
  const secrets = [
    { name: 'KEY', valueFrom: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf' },
  ];

  it.each([
    ['its image is not there', { pull: 'failing' }, /^CannotPullContainerError: .*job:1: not found$/],
    [
      'no route leads to the registry',
      { pull: 'unreachable' },
      /^CannotPullContainerError: .* dial tcp [\d.]+:443: i\/o timeout$/,
    ],
    [
      'its secret may not be read',
      { secrets: 'denied' },
      /^ResourceInitializationError: unable to pull secrets or registry auth: .*AccessDeniedException: .*secret:db-AbCdEf/,
    ],
  ] as const)('says that %s', (_what, behaviour, says) => {
    const aws = start({ behaviours: { 'job:1': behaviour } }, [job({ secrets })]);
    const task = stopped(aws, run(aws));
    expect(task).toMatchObject({ stopCode: 'TaskFailedToStart', stoppedReason: expect.stringMatching(says) });
    expect(task.startedAt).toBeUndefined();
    expect(task.containers?.[0]?.exitCode).toBeUndefined();
  });
});

describe('a task that dies', () => {
  it.each([
    [
      'of a lack of memory',
      {
        crash: {
          after: 5_000,
          exitCode: 137,
          reason: 'OutOfMemoryError: Container killed due to memory usage',
        },
      },
      { stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container in task exited' },
      { exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' },
    ],
    [
      'because Spot capacity is taken back',
      { stop: { after: 5_000, by: 'spot' } },
      { stopCode: 'SpotInterruption', stoppedReason: 'Your Spot Task was interrupted.' },
      { exitCode: 0 },
    ],
    [
      'by the hand of somebody',
      { stop: { after: 5_000, by: 'user', reason: 'wrong one' } },
      { stopCode: 'UserInitiated', stoppedReason: 'wrong one' },
      { exitCode: 0 },
    ],
  ] as const)('%s says so', (_what, behaviour, task, container) => {
    const aws = start({ behaviours: { 'job:1': behaviour } });
    expect(stopped(aws, run(aws))).toMatchObject({ ...task, containers: [container] });
  });

  it('with a sidecar that is essential and ends first says whose end it was', () => {
    const aws = start({ behaviours: { 'proxy:1': { crash: { after: 5_000, exitCode: 1 } } } }, [
      job(),
      { name: 'proxy', image: 'proxy:1' },
    ]);
    expect(stopped(aws, run(aws))).toMatchObject({
      stopCode: 'EssentialContainerExited',
      containers: [
        { name: 'job', exitCode: 143 },
        { name: 'proxy', exitCode: 1 },
      ],
    });
  });
});
