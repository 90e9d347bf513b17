import {
  CreateServiceCommand,
  DeleteServiceCommand,
  DeregisterTaskDefinitionCommand,
  DescribeClustersCommand,
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListServiceDeploymentsCommand,
  ListServicesCommand,
  ListTagsForResourceCommand,
  ListTaskDefinitionFamiliesCommand,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  RunTaskCommand,
  type Service,
  StopServiceDeploymentCommand,
  StopTaskCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import { CreateTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, it } from 'vitest';
import { failureThreshold, taskLimits, throttle } from '../../src/simulator/ecs/circuit-breaker.ts';
import { type WebShopOptions, webShop } from '../../src/simulator/scenario/web-shop.ts';
import { open, PROMPT } from './world-under-test.ts';

const shop = (options: WebShopOptions = {}, extra: Parameters<typeof open>[1] = {}) =>
  open(webShop({ images: ['app:v1', 'app:v2'], rate: 2, override: PROMPT, ...options }), extra);

type World = ReturnType<typeof open>;

const release = (aws: World, taskDefinition = 'web:2') =>
  aws.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', taskDefinition }));

const primary = (service: Service) => service.deployments?.find(({ status }) => status === 'PRIMARY');

const isDone = (aws: World) => (): boolean =>
  aws.service().deployments?.length === 1 && primary(aws.service())?.rolloutState === 'COMPLETED';

const deployments = (aws: World) => {
  const { serviceDeployments = [] } = aws.send(
    new ListServiceDeploymentsCommand({ cluster: 'prod', service: 'web' }),
  );
  const arns = serviceDeployments.map(({ serviceDeploymentArn }) => serviceDeploymentArn ?? '');
  return (
    aws.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: arns })).serviceDeployments ?? []
  );
};

const running = (service: Service | undefined): string[] =>
  (service?.deployments ?? []).map((d) => `${d.taskDefinition?.split('/')[1]} ${d.runningCount}`);

describe('a scenario at its start', () => {
  it('is settled: tasks run, targets are healthy, the last deployment was successful', () => {
    const aws = open(webShop());
    const service = aws.service();
    expect(service).toMatchObject({ status: 'ACTIVE', desiredCount: 4, runningCount: 4, pendingCount: 0 });
    expect(primary(service)).toMatchObject({ rolloutState: 'COMPLETED', failedTasks: 0 });
    expect(aws.inState('healthy')).toBe(4);
    expect(deployments(aws)).toMatchObject([{ status: 'SUCCESSFUL' }]);
    expect(service.events?.[0]?.message).toBe('(service web) has reached a steady state.');
  });

  it('has the metrics of its last hour', () => {
    const aws = open(webShop({ rate: 20 }));
    const hour = aws.clock.now() - 3_600_000;
    expect(Math.min(...aws.samples.map(({ at }) => at))).toBeGreaterThanOrEqual(hour);
    expect(aws.sum('RequestCount', { TargetGroup: 'web' }) / (24 * 3600)).toBeCloseTo(1, 1);
    expect(aws.samples.filter(({ name }) => name === 'CPUUtilization')).toHaveLength(60 * 4);
  });

  it('tells the history of deployments, the newest first', () => {
    const scenario = webShop({ images: ['app:v1', 'app:v2', 'app:v3'], override: PROMPT });
    const aws = open({
      ...scenario,
      services: scenario.services.map((service) => ({
        ...service,
        taskDefinition: 'web:3',
        history: [
          { taskDefinition: 'web:1', ago: 9e8, status: 'SUCCESSFUL' },
          { taskDefinition: 'web:2', ago: 5e8, status: 'ROLLBACK_SUCCESSFUL' },
        ],
      })),
    });
    const listed = deployments(aws);
    expect(listed.map(({ status }) => status)).toEqual(['SUCCESSFUL', 'ROLLBACK_SUCCESSFUL', 'SUCCESSFUL']);
    const { serviceRevisions = [] } = aws.send(
      new DescribeServiceRevisionsCommand({
        serviceRevisionArns: listed.map(({ targetServiceRevision }) => targetServiceRevision?.arn ?? ''),
      }),
    );
    expect(serviceRevisions.map(({ taskDefinition }) => taskDefinition?.split('/')[1])).toEqual([
      'web:3',
      'web:2',
      'web:1',
    ]);
  });
});

describe('a rolling deployment', () => {
  it('never falls below the healthy minimum nor rises above the maximum', () => {
    const aws = shop({ tasks: 5, minimumHealthyPercent: 50, maximumPercent: 150 });
    release(aws);
    let fewest = 99;
    let most = 0;
    aws.until(() => {
      const { runningCount = 0, pendingCount = 0 } = aws.service();
      most = Math.max(most, runningCount + pendingCount);
      fewest = Math.min(fewest, aws.inState('healthy'));
      return isDone(aws)();
    });
    // 50% of 5 rounded up, 150% of 5 rounded down.
    expect({ fewest, most }).toEqual({ fewest: 3, most: 7 });
    expect(running(aws.service())).toEqual(['web:2 5']);
    expect(aws.world.users.total().errors).toBe(0);
  });

  it('shows the former deployment until its tasks are gone, and says what it does', () => {
    const aws = shop();
    const id = primary(release(aws).service ?? {})?.id;
    aws.until(() => aws.service().pendingCount === 4);
    expect(aws.service().deployments).toMatchObject([
      {
        id,
        status: 'PRIMARY',
        rolloutState: 'IN_PROGRESS',
        desiredCount: 4,
        runningCount: 0,
        pendingCount: 4,
      },
      { status: 'ACTIVE', rolloutState: 'COMPLETED', desiredCount: 4, runningCount: 4 },
    ]);
    expect(deployments(aws)[0]).toMatchObject({
      status: 'IN_PROGRESS',
      targetServiceRevision: { requestedTaskCount: 4, pendingTaskCount: 4 },
      sourceServiceRevisions: [{ runningTaskCount: 4 }],
    });
    aws.until(isDone(aws));
    const events = aws.events().join('\n');
    expect(events).toMatch(/\(service web\) has started 4 tasks: \(task [0-9a-f]{32}\) \(task /);
    expect(events).toMatch(/\(service web\) registered 1 targets in \(target-group arn:/);
    expect(events).toMatch(/\(service web\) has begun draining connections on \d tasks\./);
    expect(events).toMatch(/\(service web\) has stopped \d running tasks: \(task /);
    expect(events).toContain(`(service web) (deployment ${id}) deployment completed.`);
    expect(aws.events().at(-1)).toBe('(service web) has reached a steady state.');
    expect(deployments(aws)[0]).toMatchObject({
      status: 'SUCCESSFUL',
      deploymentCircuitBreaker: { status: 'DISABLED', threshold: 3 },
    });
  });

  it('takes tasks through their whole life and keeps stopped ones for an hour', () => {
    const aws = shop({ tasks: 1, deregistrationDelay: 40_000 });
    const old = aws.tasks()[0]?.taskArn ?? '';
    release(aws);
    const lives = new Map<string, string[]>();
    aws.until(() => {
      for (const { taskArn = '', lastStatus = '' } of [...aws.tasks(), ...aws.tasks('STOPPED')]) {
        const life = lives.get(taskArn) ?? [];
        if (life.at(-1) !== lastStatus) lives.set(taskArn, [...life, lastStatus]);
      }
      return isDone(aws)();
    });
    aws.pass(30);
    const { tasks = [] } = aws.send(new DescribeTasksCommand({ cluster: 'prod', tasks: [old] }));
    expect(lives.get(old)).toEqual(['RUNNING', 'DEACTIVATING', 'STOPPING', 'DEPROVISIONING', 'STOPPED']);
    expect([...lives.values()].at(-1)).toEqual(['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING']);
    expect(tasks[0]).toMatchObject({
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      stopCode: 'ServiceSchedulerInitiated',
      stoppedReason: expect.stringMatching(/^Scaling activity initiated by \(deployment ecs-svc\/\d{19}\)$/),
      containers: [{ name: 'web', lastStatus: 'STOPPED', exitCode: 0 }],
    });
    const { stoppingAt, executionStoppedAt, stoppedAt } = tasks[0] ?? {};
    // The task drains for the deregistration delay before it gets its SIGTERM.
    expect((executionStoppedAt?.getTime() ?? 0) - (stoppingAt?.getTime() ?? 0)).toBeGreaterThan(40_000);
    expect(stoppedAt?.getTime()).toBeGreaterThan(executionStoppedAt?.getTime() ?? 0);
    aws.pass(3_600);
    expect(aws.send(new DescribeTasksCommand({ cluster: 'prod', tasks: [old] })).failures).toEqual([
      { arn: old, reason: 'MISSING' },
    ]);
  });

  it('is not made by scaling, by the same task definition, or without a change', () => {
    const aws = shop();
    const { id } = primary(aws.service()) ?? {};
    aws.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', desiredCount: 6 }));
    release(aws, 'web:1');
    aws.until(() => aws.service().runningCount === 6);
    aws.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', desiredCount: 3 }));
    aws.until(() => aws.service().runningCount === 3);
    expect(primary(aws.service())?.id).toBe(id);
    expect(deployments(aws)).toHaveLength(1);
    aws.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', forceNewDeployment: true }));
    expect(primary(aws.service())?.id).not.toBe(id);
    expect(deployments(aws)).toHaveLength(2);
  });

  it('stops the one before it', () => {
    const aws = shop({ images: ['app:v1', 'app:v2', 'app:v3'] });
    release(aws);
    aws.pass(20);
    release(aws, 'web:3');
    expect(deployments(aws).map(({ status }) => status)).toEqual(['PENDING', 'STOPPED', 'SUCCESSFUL']);
    aws.until(isDone(aws));
    expect(running(aws.service())).toEqual(['web:3 4']);
  });

  it('waits 40 s for tasks that nothing checks', () => {
    const scenario = webShop({ override: PROMPT });
    const aws = open({
      ...scenario,
      traffic: [],
      services: scenario.services.map(({ targetGroups: _none, ...service }) => ({
        ...service,
        desiredCount: 1,
      })),
    });
    aws.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', forceNewDeployment: true }));
    aws.until(() => aws.service().runningCount === 2);
    expect(aws.until(isDone(aws))).toBeGreaterThanOrEqual(40);
  });
});

describe('failing tasks', () => {
  it('trip the circuit breaker, which takes the service back to the last good revision', () => {
    const aws = shop({
      circuitBreaker: { rollback: true },
      behaviours: { 'app:v2': { crash: { after: 0, exitCode: 3 } } },
    });
    const failed = primary(release(aws).service ?? {})?.id;
    aws.until(() => primary(aws.service())?.id !== failed);
    const rollback = primary(aws.service());
    expect(rollback).toMatchObject({
      taskDefinition: expect.stringMatching(/web:1$/),
      rolloutState: 'IN_PROGRESS',
      rolloutStateReason: `ECS deployment circuit breaker: rolling back to deploymentId ${rollback?.id}.`,
    });
    expect(aws.service().deployments?.find(({ id }) => id === failed)).toMatchObject({
      status: 'ACTIVE',
      rolloutState: 'FAILED',
      rolloutStateReason: 'ECS deployment circuit breaker: tasks failed to start.',
      failedTasks: 3,
    });
    aws.until(isDone(aws));
    expect(aws.service().taskDefinition).toMatch(/web:1$/);
    expect(running(aws.service())).toEqual(['web:1 4']);
    expect(aws.events()).toContain(
      `(service web) (deployment ${failed}) deployment failed: tasks failed to start.`,
    );
    expect(aws.events()).toContain(`(service web) rolling back to deployment ${rollback?.id}.`);
    expect(deployments(aws)[0]).toMatchObject({
      status: 'ROLLBACK_SUCCESSFUL',
      deploymentCircuitBreaker: { status: 'TRIGGERED', failureCount: 3, threshold: 3 },
      rollback: { serviceRevisionArn: deployments(aws)[1]?.targetServiceRevision?.arn },
    });
    const crashed = aws.tasks('STOPPED').find(({ stopCode }) => stopCode === 'EssentialContainerExited');
    expect(crashed).toMatchObject({
      stoppedReason: 'Essential container in task exited',
      containers: [{ exitCode: 3, lastStatus: 'STOPPED' }],
    });
  });

  it('without a rollback leave the deployment failed and the former tasks in service', () => {
    const aws = shop({
      circuitBreaker: { rollback: false },
      behaviours: { 'app:v2': { pull: 'failing' } },
    });
    release(aws);
    aws.until(() => primary(aws.service())?.rolloutState === 'FAILED');
    aws.pass(60);
    const started = aws.tasks('STOPPED').length;
    aws.pass(1_200);
    expect(running(aws.service())).toEqual(['web:2 0', 'web:1 4']);
    expect(aws.tasks('STOPPED')).toHaveLength(started);
    expect(aws.tasks('STOPPED')[0]).toMatchObject({
      stopCode: 'TaskFailedToStart',
      stoppedReason: expect.stringMatching(/^CannotPullContainerError: .*app:v2: not found$/),
      containers: [{ reason: expect.stringMatching(/^CannotPullContainerError/) }],
    });
    expect(aws.tasks('STOPPED')[0]?.containers?.[0]?.exitCode).toBeUndefined();
    expect(deployments(aws)[0]).toMatchObject({ status: 'STOPPED' });
    expect(aws.world.users.total().errors).toBe(0);
  });

  it('are replaced ever more slowly', () => {
    const aws = shop({ behaviours: { 'app:v2': { crash: { after: 0, exitCode: 1 } } } });
    release(aws);
    aws.pass(600);
    const first = aws.tasks('STOPPED').length;
    aws.pass(2_400);
    const then = aws.tasks('STOPPED').length;
    expect(first).toBeGreaterThan(5);
    // Tasks per minute.
    expect((then - first) / 40).toBeLessThan(first / 10 / 2);
    expect(primary(aws.service())?.rolloutState).toBe('IN_PROGRESS');
    expect(aws.events().join()).toContain('is unable to consistently start tasks successfully.');
  });

  it('that were healthy before do not trip the breaker', () => {
    const aws = shop({
      circuitBreaker: { rollback: true },
      behaviours: {
        'app:v2': {
          crash: {
            after: 90_000,
            exitCode: 137,
            reason: 'OutOfMemoryError: Container killed due to memory usage',
          },
        },
      },
    });
    release(aws);
    aws.pass(900);
    expect(aws.service().taskDefinition).toMatch(/web:2$/);
    const crashed = aws.tasks('STOPPED').filter(({ stopCode }) => stopCode === 'EssentialContainerExited');
    expect(crashed.length).toBeGreaterThan(8);
    expect(crashed[0]?.containers?.[0]).toMatchObject({
      exitCode: 137,
      reason: 'OutOfMemoryError: Container killed due to memory usage',
    });
  });

  it('of the load balancer’s health checks are stopped and named, after the grace period', () => {
    const sick = (gracePeriod: number) => {
      const aws = shop({
        gracePeriod,
        behaviours: { 'app:v2': { healthCheck: { kind: 'status', code: 503 } } },
      });
      release(aws);
      const took = aws.until(() => aws.events().some((event) => event.includes('is unhealthy in')));
      return { aws, took };
    };
    const { aws, took } = sick(0);
    const { took: later } = sick(120_000);
    expect(later).toBeGreaterThan(took + 90);
    expect(aws.events().find((event) => event.includes('is unhealthy'))).toMatch(
      /^\(service web\) \(task [0-9a-f]{32}\) \(port 8080\) is unhealthy in \(target-group arn:.*\) due to \(reason Health checks failed with these codes: \[503\]\)\.$/,
    );
    expect(aws.tasks('STOPPED')[0]).toMatchObject({
      stopCode: 'ServiceSchedulerInitiated',
      stoppedReason: `Task failed ELB health checks in (target-group ${aws.targetGroup()})`,
    });
    expect(primary(aws.service())?.failedTasks).toBeGreaterThan(0);
  });

  it('of the container’s health check are stopped', () => {
    const scenario = webShop({ images: ['app:v1'], override: PROMPT });
    const aws = open({
      ...scenario,
      taskDefinitions: [
        ...scenario.taskDefinitions,
        ...scenario.taskDefinitions.map((definition) => ({
          ...definition,
          containers: definition.containers.map((container) => ({
            ...container,
            image: 'app:v2',
            healthCheck: { command: ['CMD', 'true'], interval: 10, retries: 2 },
          })),
        })),
      ],
      behaviours: { 'app:v2': { healthCheck: { kind: 'timeout' } } },
    });
    release(aws);
    aws.until(() => aws.events().some((event) => event.endsWith('failed container health checks.')));
    expect(aws.tasks('STOPPED')[0]).toMatchObject({
      stoppedReason: 'Task failed container health checks',
      healthStatus: 'UNHEALTHY',
    });
  });

  it('are limited by a threshold of half the tasks, 3 to 200', () => {
    const threshold = (desired: number) => failureThreshold({}, desired);
    expect([1, 4, 7, 25, 1000].map(threshold)).toEqual([3, 3, 4, 13, 200]);
    const breaker = { enable: true, rollback: true };
    const custom = (type: 'COUNT' | 'UNBOUNDED_PERCENT', value: number) => ({
      deploymentCircuitBreaker: { ...breaker, thresholdConfiguration: { type, value } },
    });
    expect(failureThreshold(custom('COUNT', 1), 50)).toBe(1);
    expect(failureThreshold(custom('UNBOUNDED_PERCENT', 10), 10)).toBe(1);
    expect([1, 3, 4, 20].map(throttle)).toEqual([0, 10_000, 20_000, 900_000]);
    expect(taskLimits({ minimumHealthyPercent: 51, maximumPercent: 150 }, 5)).toEqual({
      minimum: 3,
      maximum: 7,
    });
  });
});

describe('a deployment that is stopped', () => {
  it('by its user goes back to the former revision', () => {
    const aws = shop();
    release(aws);
    aws.until(() => aws.service().deployments?.[0]?.runningCount === 2);
    const arn = deployments(aws)[0]?.serviceDeploymentArn ?? '';
    aws.send(new StopServiceDeploymentCommand({ serviceDeploymentArn: arn, stopType: 'ROLLBACK' }));
    expect(deployments(aws)[0]).toMatchObject({ status: 'ROLLBACK_IN_PROGRESS' });
    aws.until(isDone(aws));
    expect(running(aws.service())).toEqual(['web:1 4']);
    expect(deployments(aws)[0]).toMatchObject({ status: 'ROLLBACK_SUCCESSFUL' });
    expect(aws.refusal(new StopServiceDeploymentCommand({ serviceDeploymentArn: arn }))).toMatch(
      /^ConflictException/,
    );
    const unknown = arn.replace(/.$/, '!');
    expect(aws.refusal(new StopServiceDeploymentCommand({ serviceDeploymentArn: unknown }))).toMatch(
      /^ServiceDeploymentNotFoundException/,
    );
  });

  it('by an alarm goes back too, unless the alarm was off before it began', () => {
    const withAlarm = (offFrom: number) => {
      let now = 0;
      const aws = shop({}, { alarmState: (_name, at) => (at >= now + offFrom ? 'ALARM' : 'OK') });
      now = aws.clock.now();
      aws.send(
        new UpdateServiceCommand({
          cluster: 'prod',
          service: 'web',
          taskDefinition: 'web:2',
          deploymentConfiguration: { alarms: { alarmNames: ['errors'], enable: true, rollback: true } },
        }),
      );
      aws.until(isDone(aws));
      return aws;
    };
    const stopped = withAlarm(20_000);
    expect(stopped.service().taskDefinition).toMatch(/web:1$/);
    expect(deployments(stopped)[0]).toMatchObject({
      status: 'ROLLBACK_SUCCESSFUL',
      alarms: { status: 'TRIGGERED', triggeredAlarmNames: ['errors'] },
    });
    expect(withAlarm(-1).service().taskDefinition).toMatch(/web:2$/);
  });
});

describe('services', () => {
  const canary = (aws: World) => ({
    cluster: 'prod',
    serviceName: 'web-canary',
    taskDefinition: 'web:2',
    desiredCount: 1,
    launchType: 'FARGATE' as const,
    networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
    loadBalancers: [{ targetGroupArn: aws.targetGroup(), containerName: 'web', containerPort: 8080 }],
  });

  it('are created once for a client token, and refused for a name in use', () => {
    const aws = shop();
    const input = { ...canary(aws), clientToken: 'once' };
    const first = aws.send(new CreateServiceCommand(input)).service;
    const again = aws.send(new CreateServiceCommand(input)).service;
    expect(again?.deployments?.[0]?.id).toBe(first?.deployments?.[0]?.id);
    const message = 'InvalidParameterException: Creation of service was not idempotent.';
    expect(aws.refusal(new CreateServiceCommand({ ...input, desiredCount: 2 }))).toBe(message);
    expect(aws.refusal(new CreateServiceCommand(canary(aws)))).toBe(message);
  });

  it('are refused with AWS’s words', () => {
    const aws = shop();
    const create = (change: object) => aws.refusal(new CreateServiceCommand({ ...canary(aws), ...change }));
    const { TargetGroups = [] } = aws.send(
      new CreateTargetGroupCommand({ Name: 'loose', TargetType: 'ip', Port: 8080 }),
    );
    const loose = TargetGroups[0]?.TargetGroupArn;
    const on = (container: object) => ({
      loadBalancers: [
        { targetGroupArn: aws.targetGroup(), containerName: 'web', containerPort: 8080, ...container },
      ],
    });
    expect(create(on({ targetGroupArn: loose }))).toBe(
      `InvalidParameterException: The target group with targetGroupArn ${loose} does not have an associated load balancer.`,
    );
    expect(create(on({ containerName: 'api' }))).toMatch(
      /container api does not exist in the task definition/,
    );
    expect(create(on({ containerPort: 1 }))).toMatch(/did not have a container port 1 defined/);
    expect(create({ cluster: 'dev' })).toBe('ClusterNotFoundException: Cluster not found.');
    expect(create({ cluster: 'arn:aws:ecs:us-east-2:123456789012:cluster/prod' })).toBe(
      'InvalidParameterException: Invalid Region in ARN',
    );
    expect(create({ cluster: 'arn:aws:ecs:eu-west-1:210987654321:cluster/prod' })).toBe(
      'InvalidParameterException: Identifier is for 210987654321. Your accountId is 123456789012',
    );
    expect(create({ taskDefinition: 'web:9' })).toBe('ClientException: TaskDefinition not found.');
    expect(create({ networkConfiguration: undefined })).toMatch(/Network Configuration must be provided/);
    expect(create({ loadBalancers: [], healthCheckGracePeriodSeconds: 5 })).toMatch(
      /grace period is only valid/,
    );
    const update = (change: object) =>
      aws.refusal(new UpdateServiceCommand({ cluster: 'prod', service: 'web', ...change }));
    expect(update({ service: 'nope' })).toBe('ServiceNotFoundException: Service not found.');
    aws.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'web:2' }));
    expect(update({ taskDefinition: 'web:2' })).toBe('ClientException: TaskDefinition is inactive');
  });

  it('are deleted when they are scaled to 0 or by force, and drain before they are INACTIVE', () => {
    const aws = shop();
    const remove = (force: boolean) => new DeleteServiceCommand({ cluster: 'prod', service: 'web', force });
    expect(aws.refusal(remove(false))).toBe(
      'InvalidParameterException: The service cannot be stopped while it is scaled above 0.',
    );
    aws.send(remove(true));
    expect(aws.service().status).toBe('DRAINING');
    expect(aws.refusal(new CreateServiceCommand({ ...canary(aws), serviceName: 'web' }))).toBe(
      'InvalidParameterException: Unable to Start a service that is still Draining.',
    );
    expect(aws.until(() => aws.service().status === 'INACTIVE')).toBeGreaterThan(30);
    expect(aws.service().runningCount).toBe(0);
    expect(aws.refusal(new UpdateServiceCommand({ cluster: 'prod', service: 'web', desiredCount: 1 }))).toBe(
      'ServiceNotActiveException: Service was not ACTIVE.',
    );
    aws.send(new CreateServiceCommand({ ...canary(aws), serviceName: 'web' }));
    expect(aws.service().status).toBe('ACTIVE');
  });

  it('are listed page by page and described up to 10 at a time', () => {
    const aws = shop();
    for (let i = 0; i < 12; i++) {
      aws.send(new CreateServiceCommand({ ...canary(aws), serviceName: `svc-${i}`, desiredCount: 0 }));
    }
    const arns: string[] = [];
    let nextToken: string | undefined;
    let pages = 0;
    do {
      const answer = aws.send(new ListServicesCommand({ cluster: 'prod', nextToken, maxResults: 5 }));
      arns.push(...(answer.serviceArns ?? []));
      nextToken = answer.nextToken;
      pages++;
    } while (nextToken);
    expect({ found: new Set(arns).size, pages }).toEqual({ found: 13, pages: 3 });
    expect(aws.refusal(new ListServicesCommand({ cluster: 'prod', nextToken: 'x' }))).toMatch(
      /Invalid token/,
    );
    expect(aws.refusal(new DescribeServicesCommand({ cluster: 'prod', services: arns }))).toMatch(
      /more than 10/,
    );
    const answer = aws.send(new DescribeServicesCommand({ cluster: 'prod', services: ['svc-1', 'nope'] }));
    expect(answer.failures).toMatchObject([{ reason: 'MISSING', arn: expect.stringMatching(/prod\/nope$/) }]);
    expect(aws.send(new DescribeClustersCommand({ clusters: ['prod', 'x'] }))).toMatchObject({
      clusters: [{ activeServicesCount: 13, runningTasksCount: 4 }],
      failures: [{ reason: 'MISSING' }],
    });
  });

  it('show the state before a write until the write has spread', () => {
    const aws = shop({ override: { history: 0, consistencyLag: { min: 2_000, max: 2_000 } } });
    const answer = aws.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', desiredCount: 6 }));
    expect(answer.service?.desiredCount).toBe(6);
    expect(aws.service().desiredCount).toBe(4);
    aws.pass(2);
    expect(aws.service().desiredCount).toBe(6);
    aws.send(new CreateServiceCommand(canary(aws)));
    const describe = new DescribeServicesCommand({ cluster: 'prod', services: ['web-canary'] });
    expect(aws.send(describe).failures).toHaveLength(1);
    aws.pass(2);
    expect(aws.send(describe).services).toHaveLength(1);
  });
});

describe('tasks', () => {
  it('are listed by service, family, who started them and status', () => {
    const aws = shop();
    const network = { awsvpcConfiguration: { subnets: ['subnet-1'] } };
    const run = {
      cluster: 'prod',
      taskDefinition: 'web:2',
      launchType: 'FARGATE' as const,
      networkConfiguration: network,
      startedBy: 'migration',
    };
    const { tasks = [], failures } = aws.send(new RunTaskCommand({ ...run, count: 2 }));
    expect({ started: tasks.length, failures }).toEqual({ started: 2, failures: [] });
    const count = (filter: object) =>
      aws.send(new ListTasksCommand({ cluster: 'prod', ...filter })).taskArns?.length;
    expect(count({})).toBe(6);
    expect(count({ serviceName: 'web' })).toBe(4);
    expect(count({ startedBy: 'migration' })).toBe(2);
    expect(count({ family: 'other' })).toBe(0);
    expect(count({ maxResults: 4 })).toBe(4);
    expect(count({ desiredStatus: 'STOPPED' })).toBe(0);
  });

  it('are run once for a client token', () => {
    const aws = shop();
    const run = {
      cluster: 'prod',
      taskDefinition: 'web:2',
      launchType: 'FARGATE' as const,
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
      clientToken: 'migration-7',
    };
    const arn = () => aws.send(new RunTaskCommand(run)).tasks?.[0]?.taskArn;
    expect(arn()).toBe(arn());
    expect(aws.refusal(new RunTaskCommand({ ...run, count: 2 }))).toMatch(/^ConflictException/);
    expect(aws.refusal(new RunTaskCommand({ ...run, clientToken: 'x', taskDefinition: 'web:9' }))).toMatch(
      /^ClientException: TaskDefinition not found/,
    );
  });

  it('of a service are replaced when a user stops one, which is no failure', () => {
    const aws = shop();
    const task = aws.tasks()[0]?.taskArn ?? '';
    aws.send(new StopTaskCommand({ cluster: 'prod', task, reason: 'tired' }));
    aws.until(() => aws.service().pendingCount === 1);
    aws.until(() => aws.inState('healthy') === 4 && aws.service().runningCount === 4);
    expect(aws.tasks('STOPPED')[0]).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'tired' });
    expect(primary(aws.service())?.failedTasks).toBe(0);
    expect(aws.refusal(new StopTaskCommand({ cluster: 'prod', task: 'f'.repeat(32) }))).toMatch(/not found/);
  });
});

describe('task definitions', () => {
  const definition: RegisterTaskDefinitionCommandInput = {
    family: 'api',
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    cpu: '0.5 vCPU',
    memory: '1 GB',
    containerDefinitions: [{ name: 'api', image: 'api:1', portMappings: [{ containerPort: 80 }] }],
  };

  it('are completed as AWS completes them, and numbered within their family', () => {
    const aws = shop();
    const register = () => aws.send(new RegisterTaskDefinitionCommand(definition)).taskDefinition;
    expect(register()).toMatchObject({
      revision: 1,
      cpu: '512',
      memory: '1024',
      status: 'ACTIVE',
      volumes: [],
    });
    expect(register()).toMatchObject({
      revision: 2,
      taskDefinitionArn: 'arn:aws:ecs:eu-west-1:123456789012:task-definition/api:2',
      containerDefinitions: [
        { essential: true, cpu: 0, environment: [], portMappings: [{ hostPort: 80, protocol: 'tcp' }] },
      ],
    });
    const revision = (taskDefinition: string) =>
      aws.send(new DescribeTaskDefinitionCommand({ taskDefinition })).taskDefinition?.revision;
    expect([revision('api'), revision('api:1')]).toEqual([2, 1]);
    aws.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'api:2' }));
    expect([revision('api'), revision('api:2')]).toEqual([1, 2]);
    const list = (filter: object) => aws.send(new ListTaskDefinitionsCommand(filter)).taskDefinitionArns;
    expect(list({ familyPrefix: 'api' })).toHaveLength(1);
    expect(list({ status: 'INACTIVE' })).toHaveLength(1);
    expect(list({ sort: 'DESC' })?.[0]).toMatch(/web:2$/);
    expect(aws.send(new ListTaskDefinitionFamiliesCommand({ familyPrefix: 'a' })).families).toEqual(['api']);
  });

  it('are refused with AWS’s words', () => {
    const aws = shop();
    const refusal = (change: object) =>
      aws.refusal(new RegisterTaskDefinitionCommand({ ...definition, ...change }));
    expect(refusal({ tags: [] })).toBe('InvalidParameterException: Tags can not be empty.');
    expect(refusal({ containerDefinitions: [] })).toBe('ClientException: Container list cannot be empty.');
    expect(refusal({ containerDefinitions: [{ name: 'api' }] })).toMatch(/image should not be null or empty/);
    expect(refusal({ cpu: '300', memory: '512' })).toMatch(
      /No Fargate configuration exists for given values: 300 CPU, 512 memory/,
    );
    expect(refusal({ memory: '512' })).toMatch(/512 CPU, 512 memory/);
    expect(aws.refusal(new DescribeTaskDefinitionCommand({ taskDefinition: 'none' }))).toBe(
      'ClientException: Unable to describe task definition.',
    );
  });
});

describe('tags', () => {
  it('are added, listed and removed', () => {
    const aws = shop();
    const resourceArn = aws.service().serviceArn ?? '';
    aws.send(new TagResourceCommand({ resourceArn, tags: [{ key: 'rollout', value: 'r1' }] }));
    expect(aws.send(new ListTagsForResourceCommand({ resourceArn })).tags).toEqual([
      { key: 'rollout', value: 'r1' },
    ]);
    const include = ['TAGS' as const];
    const described = aws.send(new DescribeServicesCommand({ cluster: 'prod', services: ['web'], include }));
    expect(described.services?.[0]?.tags).toEqual([{ key: 'rollout', value: 'r1' }]);
    aws.send(new UntagResourceCommand({ resourceArn, tagKeys: ['rollout'] }));
    expect(aws.send(new ListTagsForResourceCommand({ resourceArn })).tags).toEqual([]);
    expect(aws.refusal(new ListTagsForResourceCommand({ resourceArn: `${resourceArn}x` }))).toMatch(
      /^ServiceNotFoundException/,
    );
  });
});
