import {
  DescribeServicesCommand,
  type DescribeServicesCommandOutput,
  DescribeTasksCommand,
  type DescribeTasksCommandOutput,
  ECSClient,
  ListTasksCommand,
  type ListTasksCommandOutput,
  RunTaskCommand,
  type RunTaskCommandInput,
  type RunTaskCommandOutput,
  type Service as SdkService,
  type Task as SdkTask,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { nameIn } from '../arn.ts';
import { ConfigError, DeployError, isOutage } from '../errors.ts';
import type { EcsTask, TaskOrder, TaskPlacement, Tasks } from '../ports.ts';
import { clusterRefusal } from './cluster-refusal.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';
import { orderProblem } from './task-refusals.ts';

/** How long ECS is asked again for room, and how often, in ms. */
const ROOM_PATIENCE_MS = 300_000;
const ROOM_EVERY_MS = 10_000;
/** One try of RunTask, which the caller hears of before the next. */
const START_PATIENCE_MS = 15_000;
/** ECS takes this many characters as the reason of a stop. */
const MAX_REASON = 255;

/**
 * Tasks of ECS. Permissions: ecs:DescribeServices, ecs:RunTask with ecs:TagResource and iam:PassRole, ecs:DescribeTasks,
 * ecs:ListTasks, ecs:StopTask; each only for the method that needs it.
 */
export function tasks(connection: Connection): Tasks {
  const { clock } = connection;
  const client = new ECSClient(clientSettings(connection));
  const starter = new ECSClient(clientSettings(connection, { patienceMs: START_PATIENCE_MS }));
  const send = <Output>(command: object, through = client): Promise<Output> =>
    call<Output>(connection, 'ecs', through, command).catch((error: unknown) => {
      const { cluster = 'default' } = (command as { input?: { cluster?: string } }).input ?? {};
      throw clusterRefusal(cluster, error);
    });

  async function describe(cluster: string, arns: readonly string[]): Promise<ReadonlyMap<string, EcsTask>> {
    const found = new Map<string, EcsTask>();
    for (let start = 0; start < arns.length; start += 100) {
      const output = await send<DescribeTasksCommandOutput>(
        new DescribeTasksCommand({ cluster, tasks: arns.slice(start, start + 100), include: ['TAGS'] }),
      );
      for (const task of output.tasks ?? []) found.set(task.taskArn ?? '', taskOf(task));
    }
    return found;
  }

  /** One try: the task, or why ECS has no room for it now. */
  async function tryRun(order: TaskOrder): Promise<EcsTask | { readonly noRoom: string }> {
    let output: RunTaskCommandOutput;
    try {
      output = await send<RunTaskCommandOutput>(new RunTaskCommand(inputOf(order)), starter);
    } catch (error) {
      const there = (error as { resourceIds?: readonly string[] }).resourceIds;
      if (errorName(error) !== 'ConflictException' || !there?.length) throw orderProblem(order, error);
      return await theOneOf(order, there, error);
    }
    const [task] = output.tasks ?? [];
    if (task) return taskOf(task);
    const [failure] = output.failures ?? [];
    const reason = [failure?.reason, failure?.detail].filter(Boolean).join(': ') || 'no reason was given';
    if (NO_ROOM.test(reason)) return { noRoom: reason };
    throw new DeployError(`ECS did not start the task: ${reason}${cause(reason)}`, {
      state: 'No task runs.',
      next: remedy(reason),
    });
  }

  async function theOneOf(order: TaskOrder, arns: readonly string[], error: unknown): Promise<EcsTask> {
    const [found] = (await describe(order.cluster, arns)).values();
    if (found) return found;
    throw new DeployError(
      `ECS has started the task of this order before (${arns.join(', ')}) and no longer knows it`,
      {
        state: 'The task has stopped more than an hour ago; how it ended is not known to ECS.',
        next: 'Look for its end in its log, and run the job again as a new run.',
        cause: error,
      },
    );
  }

  return {
    describe,

    async ofService(cluster, service) {
      const output = await send<DescribeServicesCommandOutput>(
        new DescribeServicesCommand({ cluster, services: [service] }),
      );
      const found = existing(cluster, service, output.services?.[0]);
      // A service of CodeDeploy or of an external controller keeps what it runs in its primary task set.
      const set = found.taskSets?.find(({ status }) => status === 'PRIMARY');
      const taskDefinition = found.taskDefinition ?? set?.taskDefinition;
      if (!taskDefinition) {
        throw new ConfigError({
          input: 'service',
          message: `service "${service}" in cluster "${nameIn(cluster)}" has no primary task set yet; name another service, or give the task definition and the network yourself`,
        });
      }
      return {
        cluster: found.clusterArn?.split('/').at(-1) ?? cluster,
        service: found.serviceName ?? service,
        taskDefinition,
        placement: placementOf(set ? { ...found, ...definedOf(set) } : found),
      };
    },

    async run(order, wait) {
      const patience = Math.min(ROOM_PATIENCE_MS, wait?.ms ?? ROOM_PATIENCE_MS);
      const deadline = clock.now() + patience;
      for (let said = ''; ; ) {
        await wait?.before?.();
        const answer = await tryRun(order).catch((error: unknown) => {
          if (isOutage(error)) return { outage: error };
          throw error;
        });
        if ('arn' in answer) return answer;
        const over = wait?.signal.aborted || clock.now() + ROOM_EVERY_MS > deadline;
        // Whether the task was started nobody knows then.
        if ('outage' in answer && over) throw answer.outage;
        const why =
          'outage' in answer
            ? `ECS does not answer (${answer.outage.name})`
            : `ECS has no room for the task now (${answer.noRoom})`;
        if ('noRoom' in answer && over) {
          throw new DeployError(`ECS has no room for the task: ${answer.noRoom}${cause(answer.noRoom)}`, {
            state: 'No task runs.',
            next: remedy(answer.noRoom),
          });
        }
        if (said !== why) {
          wait?.say(`${why}; asking again for up to ${Math.round((deadline - clock.now()) / 1000)} s`);
        }
        said = why;
        await clock.sleep(ROOM_EVERY_MS, wait?.signal);
      }
    },

    async startedBy(cluster, startedBy) {
      const arns: string[] = [];
      let nextToken: string | undefined;
      do {
        // ECS takes no other filter beside startedBy.
        const page: ListTasksCommandOutput = await send(
          new ListTasksCommand({ cluster, startedBy, ...(nextToken && { nextToken }) }),
        );
        arns.push(...(page.taskArns ?? []));
        nextToken = page.nextToken;
      } while (nextToken);
      const found = await describe(cluster, arns);
      return [...found.values()].filter(({ status }) => status !== 'STOPPED');
    },

    async stop(cluster, arn, reason) {
      try {
        await send(new StopTaskCommand({ cluster, task: arn, reason: reason.slice(0, MAX_REASON) }));
      } catch (error) {
        const gone = /not found|MISSING/i.test(error instanceof Error ? error.message : '');
        if (!(errorName(error) === 'InvalidParameterException' && gone)) throw error;
      }
    },
  };
}

function existing(cluster: string, service: string, found: SdkService | undefined): SdkService {
  const wrong = (message: string) => new ConfigError({ input: 'service', message });
  if (!found) {
    throw wrong(
      `there is no service "${service}" in cluster "${nameIn(cluster)}"; check both names and AWS_REGION`,
    );
  }
  if (found.status !== 'ACTIVE') {
    const state = found.status === 'DRAINING' ? 'is being deleted' : 'was deleted';
    throw wrong(
      `service "${service}" in cluster "${nameIn(cluster)}" ${state} (${found.status}); create it again, or name another one`,
    );
  }
  return found;
}

type Placed = Pick<
  SdkService,
  | 'networkConfiguration'
  | 'launchType'
  | 'capacityProviderStrategy'
  | 'platformVersion'
  | 'placementConstraints'
  | 'placementStrategy'
>;

function definedOf({ networkConfiguration, launchType, capacityProviderStrategy, platformVersion }: Placed) {
  return {
    ...(networkConfiguration && { networkConfiguration }),
    ...(launchType && { launchType }),
    ...(capacityProviderStrategy?.length && { capacityProviderStrategy }),
    ...(platformVersion && { platformVersion }),
  };
}

/** AWS takes a platform version on Fargate only, and placement everywhere but there. */
function placementOf(source: Placed): TaskPlacement {
  const { networkConfiguration, capacityProviderStrategy: providers = [], launchType } = source;
  const vpc = networkConfiguration?.awsvpcConfiguration;
  const onFargate = providers.length
    ? providers.every(({ capacityProvider }) => /^FARGATE(_SPOT)?$/.test(capacityProvider ?? ''))
    : launchType === undefined
      ? source.platformVersion !== undefined
      : launchType === 'FARGATE';
  return {
    ...(vpc && {
      network: {
        subnets: vpc.subnets ?? [],
        securityGroups: vpc.securityGroups ?? [],
        publicIp: vpc.assignPublicIp === 'ENABLED',
      },
    }),
    ...(providers.length
      ? {
          capacityProviders: providers.map(({ capacityProvider, weight, base }) => ({
            name: capacityProvider ?? '',
            weight: weight ?? 0,
            base: base ?? 0,
          })),
        }
      : launchType && { launchType }),
    ...(onFargate && source.platformVersion && { platformVersion: source.platformVersion }),
    ...(!onFargate &&
      source.placementConstraints?.length && {
        constraints: source.placementConstraints.map(({ type, expression }) => ({
          type: type ?? '',
          ...(expression !== undefined && { expression }),
        })),
      }),
    ...(!onFargate &&
      source.placementStrategy?.length && {
        strategy: source.placementStrategy.map(({ type, field }) => ({
          type: type ?? '',
          ...(field !== undefined && { field }),
        })),
      }),
  };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html */
export function inputOf(order: TaskOrder): RunTaskCommandInput {
  const { placement, command, environment, cpu, memory, taskRole, executionRole } = order;
  const { network, capacityProviders, launchType, platformVersion, constraints, strategy } = placement;
  const changesContainer = command !== undefined || environment !== undefined;
  const overrides = {
    ...(changesContainer && {
      containerOverrides: [
        {
          name: order.container,
          ...(command && { command: [...command] }),
          ...(environment && {
            environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
          }),
        },
      ],
    }),
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
    ...(taskRole !== undefined && { taskRoleArn: taskRole }),
    ...(executionRole !== undefined && { executionRoleArn: executionRole }),
  };
  const tags = Object.entries(order.tags).map(([key, value]) => ({ key, value }));
  return {
    cluster: order.cluster,
    taskDefinition: order.taskDefinition,
    count: 1,
    clientToken: order.token,
    startedBy: order.startedBy,
    ...(tags.length > 0 && { tags }),
    ...(network && {
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: [...network.subnets],
          ...(network.securityGroups.length > 0 && { securityGroups: [...network.securityGroups] }),
          assignPublicIp: network.publicIp ? 'ENABLED' : 'DISABLED',
        },
      },
    }),
    ...(capacityProviders?.length
      ? {
          capacityProviderStrategy: capacityProviders.map(({ name, weight, base }) => ({
            capacityProvider: name,
            weight,
            base,
          })),
        }
      : launchType && { launchType: launchType as NonNullable<RunTaskCommandInput['launchType']> }),
    ...(platformVersion !== undefined && { platformVersion }),
    ...(constraints?.length && {
      placementConstraints: constraints as NonNullable<RunTaskCommandInput['placementConstraints']>,
    }),
    ...(strategy?.length && {
      placementStrategy: strategy as NonNullable<RunTaskCommandInput['placementStrategy']>,
    }),
    ...(Object.keys(overrides).length > 0 && { overrides }),
  };
}

export function taskOf(task: SdkTask): EcsTask {
  const time = <K extends string>(key: K, at: Date | undefined) =>
    (at ? { [key]: at.getTime() } : {}) as { readonly [key in K]?: number };
  return {
    arn: task.taskArn ?? '',
    cluster: task.clusterArn?.split('/').at(-1) ?? '',
    taskDefinition: task.taskDefinitionArn ?? '',
    status: task.lastStatus ?? '',
    stopping: task.desiredStatus === 'STOPPED' || task.lastStatus === 'STOPPED',
    startedBy: task.startedBy ?? '',
    tags: Object.fromEntries((task.tags ?? []).map(({ key, value }) => [key ?? '', value ?? ''])),
    ...(task.stopCode !== undefined && { stopCode: task.stopCode }),
    ...(task.stoppedReason !== undefined && { stoppedReason: task.stoppedReason }),
    createdAt: task.createdAt?.getTime() ?? 0,
    ...time('startedAt', task.startedAt),
    ...time('stoppedAt', task.stoppedAt),
    containers: (task.containers ?? []).map(({ name, lastStatus, exitCode, reason, runtimeId }) => ({
      name: name ?? '',
      status: lastStatus ?? '',
      ...(exitCode !== undefined && { exitCode }),
      ...(reason !== undefined && { reason }),
      ...(runtimeId !== undefined && { runtimeId }),
    })),
  };
}

/** What passes by itself: instances that are full or scale out, an agent that reconnects, Fargate without capacity. */
const NO_ROOM = /^RESOURCE:|^AGENT\b|capacity is unavailable/i;

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html */
const FAILURES: readonly (readonly [RegExp, string, string])[] = [
  [
    /^RESOURCE:(ENI|FARGATE)/i,
    'no container instance has a free network interface',
    'Use larger container instances or turn on ENI trunking (account setting awsvpcTrunking), or run the task on Fargate.',
  ],
  [
    /^RESOURCE:PORTS/i,
    'the host ports of the task are taken on every container instance',
    'Run a task definition without host ports (hostPort 0), such as one made for this task.',
  ],
  [
    /^RESOURCE:(CPU|MEMORY)/i,
    'no container instance has that much left',
    'Give the task less by cpu and memory, add container instances, or use a capacity provider with managed scaling.',
  ],
  [
    /^RESOURCE:/i,
    'no container instance has what the task asks for',
    'Add container instances that have it, or change the task definition.',
  ],
  [
    /^AGENT\b/i,
    'the ECS agent of the container instance is not connected',
    'Look at the container instances of the cluster: the agent must run and reach ECS.',
  ],
  [
    /capacity is unavailable/i,
    'Fargate has none free in these zones',
    'Run the job again later, or give subnets in more availability zones. FARGATE_SPOT runs short first: use FARGATE.',
  ],
  [
    /^ATTRIBUTE/i,
    'no container instance has an attribute that the task definition needs, such as its network mode, an IAM role or a log driver',
    'Update the ECS agent of the container instances, or compare requiresAttributes of the task definition with their attributes.',
  ],
  [
    /^(LOCATION|AZ)\b/i,
    'the container instances are not in the zones of the subnets',
    'Give subnets in the availability zones of the container instances.',
  ],
  [
    /^(EMPTY|NO ACTIVE INSTANCES|No Container Instances)/i,
    'the cluster has no container instance that could run it',
    'Set launch-type or a capacity provider as the service has it, or add container instances to the cluster.',
  ],
  [
    /^MEMBEROF/i,
    'no container instance fits the placement constraints',
    'Change the placement constraints, or add container instances that fit them.',
  ],
];

const knownOf = (reason: string) => FAILURES.find(([pattern]) => pattern.test(reason));
const cause = (reason: string): string => {
  const known = knownOf(reason);
  return known ? ` (${known[1]})` : '';
};
const remedy = (reason: string): string =>
  knownOf(reason)?.[2] ??
  'See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html for this reason.';
