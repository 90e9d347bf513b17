import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { orderProblem } from '../../src/aws/task-refusals.ts';
import { inputOf } from '../../src/aws/tasks.ts';
import { ConfigError, DeployError } from '../../src/errors.ts';
import type { TaskOrder } from '../../src/ports.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { startTasks } from '../task-run/one-task.ts';

type Started = Awaited<ReturnType<typeof startTasks>>;

const ORDER: TaskOrder = {
  cluster: 'prod',
  taskDefinition: 'job:1',
  placement: {},
  container: 'job',
  startedBy: 'deploy-actions/1',
  tags: {},
  token: 't',
};

const problemsOf = async (promise: Promise<unknown>): Promise<ConfigError['problems']> => {
  const error = await promise.then(
    () => new Error('no error'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw error;
  return error.problems;
};

describe('tasks of ECS', () => {
  let world: Started;
  beforeAll(async () => {
    world = await startTasks({ scale: 300, scenario: { programs: {} } });
  });
  afterAll(async () => {
    await world.aws.close();
    expect(world.aws.simulator.bugs).toEqual([]);
  });
  const order = (token: string, more: Partial<TaskOrder> = {}): TaskOrder => ({
    ...world.order('true', token),
    ...more,
  });

  it('are one for one token, however often and with whatever it is asked for', async () => {
    const { tasks } = world.world;
    const first = await tasks.run(order('a'));
    expect(first).toMatchObject({ cluster: 'prod', startedBy: 'deploy-actions/1', stopping: false });
    expect(first.tags).toEqual({ 'deploy-actions:run': '1' });
    expect((await tasks.run(order('a'))).arn).toBe(first.arn);
    expect((await tasks.run(order('a', { command: ['false'] }))).arn).toBe(first.arn);
    expect((await tasks.startedBy('prod', 'deploy-actions/1')).map(({ arn }) => arn)).toEqual([first.arn]);
    expect(await tasks.startedBy('prod', 'somebody')).toEqual([]);
    await tasks.stop('prod', first.arn, 'x'.repeat(2_000));
    const found = (await tasks.describe('prod', [first.arn])).get(first.arn);
    expect(found).toMatchObject({ stopping: true, stoppedReason: 'x'.repeat(255) });
  });

  it('that ECS does not know are not told of, and need no stop', async () => {
    const { tasks } = world.world;
    const gone = Array.from(
      { length: 130 },
      (_, i) => `arn:aws:ecs:eu-west-1:123456789012:task/prod/${String(i).padStart(32, '0')}`,
    );
    const there = await tasks.run(order('b'));
    const found = await tasks.describe('prod', [...gone, there.arn]);
    expect([...found.keys()]).toEqual([there.arn]);
    await tasks.stop('prod', gone[0] ?? '', 'gone');
  });

  it.each([
    ['cluster', { cluster: 'nowhere' }, 'there is no cluster "nowhere"'],
    ['container-name', { container: 'web' }, 'Override for container named web'],
    ['task-definition', { taskDefinition: 'nothing:9' }, 'nothing:9'],
    ['subnets', { placement: { launchType: 'FARGATE' } }, 'subnets'],
    [
      'capacity-providers',
      {
        placement: {
          ...ORDER.placement,
          network: { subnets: ['s'], securityGroups: [], publicIp: false },
          capacityProviders: [{ name: 'own', weight: 1, base: 0 }],
        },
      },
      "'own'",
    ],
    [
      'platform-version',
      {
        placement: {
          launchType: 'FARGATE',
          network: { subnets: ['s'], securityGroups: [], publicIp: false },
          platformVersion: '9.9.9',
        },
      },
      'platform',
    ],
    [
      'launch-type',
      {
        placement: {
          launchType: 'EC2',
          network: { subnets: ['s'], securityGroups: [], publicIp: false },
        },
      },
      'No Container Instances',
    ],
  ])('are refused with the input that is wrong: %s', async (input, more, text) => {
    const [problem] = await problemsOf(world.world.tasks.run(order(`wrong ${input}`, more)));
    expect(problem).toMatchObject({ input, message: expect.stringContaining(text) });
  });
});

describe('the tasks of a service', () => {
  it('give task definition, network and capacity for one beside them', async () => {
    const world = await startTasks({ scenario: webShop() });
    const { tasks } = world.world;
    const [service] = webShop().services;
    const {
      cluster,
      service: name,
      taskDefinition,
      placement,
    } = await tasks.ofService('prod', service?.name ?? '');
    expect({ cluster, name }).toEqual({ cluster: 'prod', name: service?.name });
    expect(taskDefinition).toMatch(/:task-definition\/.+:\d+$/);
    expect(placement.network?.subnets.length).toBeGreaterThan(0);
    expect(placement.launchType ?? placement.capacityProviders).toBeTruthy();
    const [problem] = await problemsOf(tasks.ofService('prod', 'nothing'));
    expect(problem).toMatchObject({
      input: 'service',
      message: expect.stringContaining('no service "nothing"'),
    });
    await world.aws.close();
  });
});

describe('an order', () => {
  it('says nothing to ECS that it does not say', () => {
    expect(inputOf(ORDER)).toEqual({
      cluster: 'prod',
      taskDefinition: 'job:1',
      count: 1,
      clientToken: 't',
      startedBy: 'deploy-actions/1',
    });
  });

  it('overrides container and task, and prefers capacity providers to a launch type', () => {
    const input = inputOf({
      ...ORDER,
      command: ['alembic', 'upgrade', 'head'],
      environment: { A: '1' },
      cpu: '512',
      memory: '1024',
      taskRole: 'migrator',
      executionRole: 'puller',
      tags: { a: 'b' },
      placement: {
        launchType: 'EC2',
        capacityProviders: [{ name: 'spot', weight: 1, base: 2 }],
        constraints: [{ type: 'memberOf', expression: 'x' }],
        strategy: [{ type: 'spread', field: 'host' }],
      },
    });
    expect(input).toMatchObject({
      overrides: {
        containerOverrides: [
          { name: 'job', command: ['alembic', 'upgrade', 'head'], environment: [{ name: 'A', value: '1' }] },
        ],
        cpu: '512',
        memory: '1024',
        taskRoleArn: 'migrator',
        executionRoleArn: 'puller',
      },
      capacityProviderStrategy: [{ capacityProvider: 'spot', weight: 1, base: 2 }],
      placementConstraints: [{ type: 'memberOf', expression: 'x' }],
      placementStrategy: [{ type: 'spread', field: 'host' }],
      tags: [{ key: 'a', value: 'b' }],
    });
    expect(input).not.toHaveProperty('launchType');
  });

  const denied = (what: string): DeployError =>
    new DeployError(`AWS does not allow ecs:RunTask: ${what}`, {
      cause: new Error(what),
      next: 'Allow ecs:RunTask.',
    });

  it('that may not hand on its role says which role', () => {
    const role = 'arn:aws:iam::111122223333:role/migrator';
    const error = orderProblem(
      ORDER,
      denied(
        `User: x is not authorized to perform: iam:PassRole on resource: ${role} because no identity-based policy allows the iam:PassRole action`,
      ),
    );
    expect(error).toMatchObject({
      message: expect.stringContaining(role),
      state: 'No task was started.',
      next: expect.stringContaining(`Allow iam:PassRole on ${role}`),
    });
  });

  it.each([
    ['No Container Instances were found in your cluster.', 'launch-type'],
    ['No Fargate configuration exists for given values: 512 CPU, 512 memory.', 'memory'],
    ['Container Overrides length must be at most 8192', 'command'],
    ['Fargate requires task definition to have execution role ARN to support ECR images.', 'execution-role'],
    ['The security group sg-1 does not exist', 'security-groups'],
    ['TaskDefinition is inactive', 'task-definition'],
    ['Something new', 'task-definition'],
  ])('that ECS refuses with "%s" names the input %s', (message, input) => {
    const refusal = Object.assign(new Error(message), { name: 'InvalidParameterException' });
    expect(orderProblem(ORDER, refusal)).toMatchObject({
      problems: [{ input, message: expect.stringContaining('ECS refuses') }],
    });
    expect(orderProblem(ORDER, new Error(message))).not.toBeInstanceOf(ConfigError);
  });

  it('that may not be tagged says so, and one that may not be run too', () => {
    const tagging = denied(
      'User: x is not authorized to perform: ecs:TagResource on resource: arn:aws:ecs:eu-west-1:1:task/prod/* with an explicit deny',
    );
    expect(orderProblem(ORDER, tagging)).toMatchObject({
      next: expect.stringContaining('ecs:CreateAction RunTask'),
    });
    const running = denied('User: x is not authorized to perform: ecs:RunTask on resource: y');
    expect(orderProblem(ORDER, running)).toMatchObject({
      next: 'Allow ecs:RunTask.',
      state: 'No task was started.',
    });
  });
});
