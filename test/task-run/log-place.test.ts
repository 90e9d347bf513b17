import { describe, expect, it } from 'vitest';
import type { EcsTask } from '../../src/ports.ts';
import { logPlace, logSource, onlyEssential } from '../../src/task-run/log-place.ts';
import type { ContainerDefinition, TaskDefinition } from '../../src/taskdef/definition.ts';

const definition = (...containerDefinitions: readonly ContainerDefinition[]): TaskDefinition => ({
  family: 'job',
  containerDefinitions,
});
const awslogs = (options: Readonly<Record<string, string>>) =>
  definition({ name: 'job', logConfiguration: { logDriver: 'awslogs', options } });
const task = (runtimeId?: string): EcsTask => ({
  arn: 'arn:aws-cn:ecs:cn-north-1:111122223333:task/prod/0123abcd',
  cluster: 'prod',
  taskDefinition: '',
  status: 'RUNNING',
  stopping: false,
  startedBy: '',
  tags: {},
  createdAt: 0,
  containers: [{ name: 'job', status: 'RUNNING', ...(runtimeId !== undefined && { runtimeId }) }],
});
const placeOf = (options: Readonly<Record<string, string>>, runtimeId?: string) => {
  const source = logSource(awslogs(options), 'job');
  if (source.kind !== 'cloudwatch') throw new Error(source.why);
  return logPlace(source, 'job', task(runtimeId));
};

describe('the log of a container', () => {
  it('is the stream PREFIX/CONTAINER/TASK, in the partition and account of the task', () => {
    expect(
      placeOf({
        'awslogs-group': '/ecs/a/b',
        'awslogs-region': 'cn-northwest-1',
        'awslogs-stream-prefix': 'a/b',
      }),
    ).toEqual({
      partition: 'aws-cn',
      region: 'cn-northwest-1',
      account: '111122223333',
      group: '/ecs/a/b',
      stream: 'a/b/job/0123abcd',
    });
  });

  it('is in the region of the task when its options name none', () => {
    expect(placeOf({ 'awslogs-group': 'g', 'awslogs-stream-prefix': 'p' })?.region).toBe('cn-north-1');
  });

  it('has the name of the runtime id without a prefix, once there is one', () => {
    expect(placeOf({ 'awslogs-group': 'g' })).toBeUndefined();
    expect(placeOf({ 'awslogs-group': 'g' }, 'f00d')?.stream).toBe('f00d');
  });

  it('is said to lose lines in a flood where its mode is non-blocking', () => {
    const source = logSource(awslogs({ 'awslogs-group': 'g', mode: 'non-blocking' }), 'job');
    expect(source).toMatchObject({ notes: [expect.stringContaining('drops lines')] });
    expect(logSource(awslogs({ 'awslogs-group': 'g', mode: 'blocking' }), 'job')).toMatchObject({
      notes: [],
    });
  });

  it.each([
    ['FireLens', { logDriver: 'awsfirelens' }, 'logs through FireLens'],
    ['another driver', { logDriver: 'splunk' }, 'logs through the driver splunk'],
    ['no driver', undefined, 'has no log configuration'],
    ['no group', { logDriver: 'awslogs', options: {} }, 'without an awslogs-group'],
  ])('is elsewhere with %s, which is said with what to do', (_, logConfiguration, why) => {
    const source = logSource(
      definition({ name: 'job', ...(logConfiguration && { logConfiguration }) }),
      'job',
    );
    expect(source).toEqual({ kind: 'elsewhere', why: expect.stringContaining(why) });
    expect(source).toEqual({ kind: 'elsewhere', why: expect.stringContaining('"logDriver": "awslogs"') });
  });
});

describe('the container that decides', () => {
  it('is the only essential one', () => {
    expect(onlyEssential(definition({ name: 'a' }))).toBe('a');
    expect(onlyEssential(definition({ name: 'a' }, { name: 'b', essential: false }))).toBe('a');
    expect(onlyEssential(definition({ name: 'a', essential: false }, { name: 'b', essential: true }))).toBe(
      'b',
    );
  });

  it('is left open by several', () => {
    expect(onlyEssential(definition({ name: 'a' }, { name: 'b' }))).toBeUndefined();
  });
});
