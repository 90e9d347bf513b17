import {
  CreateServiceCommand,
  type CreateServiceCommandInput,
  DeleteServiceCommand,
  type DeploymentConfiguration,
  DescribeServiceRevisionsCommand,
  type DescribeServiceRevisionsCommandOutput,
  DescribeServicesCommand,
  type DescribeServicesCommandOutput,
  DescribeTasksCommand,
  type DescribeTasksCommandOutput,
  ECSClient,
  ListServiceDeploymentsCommand,
  type ListServiceDeploymentsCommandOutput,
  ListTasksCommand,
  type ListTasksCommandOutput,
  type Service as SdkService,
  type Tag,
  type Task,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import type { EcsService, PastDeployment, ServiceCopy, Services } from '../ports.ts';
import type { StoppedTask } from '../rollout/judge/evidence.ts';
import type { Tags } from '../rollout/ledger.ts';
import { clusterRefusal } from './cluster-refusal.ts';
import { CHANGE, type Connection, call, clientSettings, deniedAsGone, errorName } from './connection.ts';

/** ECS services, and what their tasks and deployments have to say. */
export function services(connection: Connection): Services {
  const client = new ECSClient(clientSettings(connection));
  const writer = new ECSClient(clientSettings(connection, CHANGE));
  const send = <Output>(command: object, through = client): Promise<Output> =>
    call(connection, 'ecs', through, command);
  /** The SDK's own description, which a copy is made from. */
  const raw = new Map<string, SdkService>();

  const describe: Services['describe'] = async (cluster, names) => {
    const output = await send<DescribeServicesCommandOutput>(
      new DescribeServicesCommand({ cluster, services: [...names], include: ['TAGS'] }),
    ).catch((error: unknown) => {
      throw clusterRefusal(cluster, error);
    });
    return names.map((name) => {
      const found = output.services?.find(
        (service) => service.serviceName === name || service.serviceArn === name,
      );
      if (!found || found.status === 'INACTIVE') return undefined;
      raw.set(found.serviceArn ?? '', found);
      return fromSdk(found);
    });
  };

  const tasksOf = async (cluster: string, serviceName: string, desiredStatus: 'RUNNING' | 'STOPPED') => {
    const arns: string[] = [];
    let nextToken: string | undefined;
    do {
      const page: ListTasksCommandOutput = await send(
        new ListTasksCommand({ cluster, serviceName, desiredStatus, ...(nextToken && { nextToken }) }),
      );
      arns.push(...(page.taskArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken);
    return arns;
  };

  const describeTasks = async (cluster: string, arns: readonly string[]): Promise<readonly Task[]> => {
    const tasks: Task[] = [];
    for (let start = 0; start < arns.length; start += 100) {
      const output: DescribeTasksCommandOutput = await send(
        new DescribeTasksCommand({ cluster, tasks: arns.slice(start, start + 100) }),
      );
      tasks.push(...(output.tasks ?? []));
    }
    return tasks;
  };

  return {
    describe,

    async createLike(model, copy) {
      const source = raw.get(model.arn);
      if (!source) throw new Error(`createLike needs a service that describe has answered, not ${model.arn}`);
      try {
        await send(new CreateServiceCommand(copyOf(source, model, copy)));
      } catch (error) {
        // A lost answer: the service is there already. Whose it is, the caller has made sure of.
        if (!/not idempotent/i.test(error instanceof Error ? error.message : '')) throw error;
      }
    },

    async update(service, { taskDefinition, tasks }) {
      await send(
        new UpdateServiceCommand({
          cluster: service.cluster,
          service: service.name,
          ...(taskDefinition !== undefined && { taskDefinition }),
          ...(tasks !== undefined && { desiredCount: tasks }),
        }),
        writer,
      );
    },

    async delete(cluster, name) {
      try {
        await send(new DeleteServiceCommand({ cluster, service: name, force: true }));
      } catch (error) {
        if (/^(ServiceNotFoundException|ServiceNotActiveException)$/.test(errorName(error))) return;
        const isGone = async () => (await describe(cluster, [name]))[0] === undefined;
        if (!(await deniedAsGone(error, isGone))) throw error;
      }
    },

    async stopped(cluster, name, known) {
      const arns = await tasksOf(cluster, name, 'STOPPED');
      const fresh = arns.filter((arn) => !known.has(arn));
      return (await describeTasks(cluster, fresh)).map(stoppedTask);
    },

    async oldestTask(cluster, name) {
      const tasks = await describeTasks(cluster, await tasksOf(cluster, name, 'RUNNING'));
      const made = tasks.flatMap(({ createdAt }) => createdAt?.getTime() ?? []);
      return made.length === 0 ? undefined : Math.min(...made);
    },

    async *history(service) {
      let nextToken: string | undefined;
      do {
        const page: ListServiceDeploymentsCommandOutput = await send(
          new ListServiceDeploymentsCommand({
            cluster: service.cluster,
            service: service.name,
            ...(nextToken && { nextToken }),
          }),
        );
        yield* await withTaskDefinitions(page);
        nextToken = page.nextToken;
      } while (nextToken);
    },
  };

  /** Deployments name service revisions; the task definition stands in those. */
  async function withTaskDefinitions(page: ListServiceDeploymentsCommandOutput): Promise<PastDeployment[]> {
    const deployments = page.serviceDeployments ?? [];
    const revisions = [
      ...new Set(deployments.flatMap(({ targetServiceRevisionArn: arn }) => (arn ? [arn] : []))),
    ];
    const definitions = new Map<string, string>();
    for (let start = 0; start < revisions.length; start += 20) {
      const output: DescribeServiceRevisionsCommandOutput = await send(
        new DescribeServiceRevisionsCommand({ serviceRevisionArns: revisions.slice(start, start + 20) }),
      );
      for (const { serviceRevisionArn, taskDefinition } of output.serviceRevisions ?? []) {
        if (serviceRevisionArn && taskDefinition) definitions.set(serviceRevisionArn, taskDefinition);
      }
    }
    return deployments.flatMap(({ targetServiceRevisionArn, status, startedAt, createdAt }) => {
      const taskDefinition = definitions.get(targetServiceRevisionArn ?? '');
      return taskDefinition === undefined
        ? []
        : [{ taskDefinition, status: status ?? '', startedAt: (startedAt ?? createdAt)?.getTime() ?? 0 }];
    });
  }
}

const toTags = (tags: readonly Tag[] | undefined): Tags =>
  Object.fromEntries((tags ?? []).map(({ key, value }) => [key ?? '', value ?? '']));

const fromTags = (tags: Tags): Tag[] => Object.entries(tags).map(([key, value]) => ({ key, value }));

function fromSdk(service: SdkService): EcsService {
  const states = { COMPLETED: 'completed', FAILED: 'failed', IN_PROGRESS: 'in-progress' } as const;
  return {
    arn: service.serviceArn ?? '',
    name: service.serviceName ?? '',
    cluster: service.clusterArn?.split('/').at(-1) ?? '',
    status: service.status === 'DRAINING' ? 'DRAINING' : 'ACTIVE',
    desired: service.desiredCount ?? 0,
    running: service.runningCount ?? 0,
    taskDefinition: service.taskDefinition ?? '',
    loadBalancers: (service.loadBalancers ?? []).map(
      ({ targetGroupArn, containerName, containerPort, advancedConfiguration: advanced }) => ({
        targetGroupArn,
        ...(advanced?.alternateTargetGroupArn && {
          alternateTargetGroupArn: advanced.alternateTargetGroupArn,
        }),
        containerName: containerName ?? '',
        containerPort: containerPort ?? 0,
      }),
    ),
    controller: service.deploymentController?.type ?? 'ECS',
    strategy: service.deploymentConfiguration?.strategy ?? 'ROLLING',
    scheduling: service.schedulingStrategy ?? 'REPLICA',
    deployments: (service.deployments ?? []).map((deployment) => ({
      id: deployment.id ?? '',
      primary: deployment.status === 'PRIMARY',
      taskDefinition: deployment.taskDefinition ?? '',
      state: states[deployment.rolloutState ?? 'COMPLETED'] ?? 'completed',
      reason: deployment.rolloutStateReason ?? '',
      createdAt: deployment.createdAt?.getTime() ?? 0,
    })),
    ...(service.deploymentConfiguration && { safeguards: safeguardsOf(service.deploymentConfiguration) }),
    events: (service.events ?? []).map(({ id, createdAt, message }) => ({
      id: id ?? '',
      at: createdAt?.getTime() ?? 0,
      message: message ?? '',
    })),
    tags: toTags(service.tags),
  };
}

/** What is not set is as ECS takes it: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html */
const safeguardsOf = ({
  deploymentCircuitBreaker: breaker,
  maximumPercent = 200,
  minimumHealthyPercent = 100,
}: DeploymentConfiguration): NonNullable<EcsService['safeguards']> => ({
  circuitBreaker: { enabled: breaker?.enable ?? false, rollback: breaker?.rollback ?? false },
  maximumPercent,
  minimumHealthyPercent,
});

/** A service has 50 tags at most. */
const MAX_TAGS = 50;

/** The copy's tags: its own all, of the model's as many as have room. AWS keeps `aws:` for itself, and refuses it. */
function tagsOf(copy: ServiceCopy, model: EcsService): Tag[] {
  const all = fromTags(copy.tags).filter(({ key }) => !/^aws:/i.test(key ?? ''));
  const inherited = all.filter(({ key, value }) => model.tags[key ?? ''] === value);
  const own = all.filter((tag) => !inherited.includes(tag));
  return [...own, ...inherited].slice(0, MAX_TAGS);
}

/**
 * Whether AWS runs the service's tasks on Fargate, where it takes a platform version and no placement.
 * A service with neither launch type nor strategy follows its cluster's default; its platform version tells.
 */
function isOnFargate({ launchType, capacityProviderStrategy, platformVersion }: SdkService): boolean {
  if (capacityProviderStrategy?.length) {
    return capacityProviderStrategy.every(({ capacityProvider }) =>
      /^FARGATE(_SPOT)?$/.test(capacityProvider ?? ''),
    );
  }
  return launchType === undefined ? platformVersion !== undefined : launchType === 'FARGATE';
}

/** Settings that AWS takes for some kinds of compute only. */
function placementOf(source: SdkService): Partial<CreateServiceCommandInput> {
  if (isOnFargate(source)) return source.platformVersion ? { platformVersion: source.platformVersion } : {};
  return {
    ...(source.placementConstraints?.length && { placementConstraints: source.placementConstraints }),
    ...(source.placementStrategy?.length && { placementStrategy: source.placementStrategy }),
  };
}

/**
 * Balancing over zones as the model has it. A new service is balanced unless it says no; AWS takes a yes only with room
 * above 100% of the tasks (which the copy has), and where spreading over zones comes first in the placement, if any does.
 */
function balancingOf({ availabilityZoneRebalancing, placementStrategy }: SdkService): 'ENABLED' | 'DISABLED' {
  const [first] = placementStrategy ?? [];
  const spread = !first || (first.type === 'spread' && first.field === 'attribute:ecs.availability-zone');
  return availabilityZoneRebalancing === 'ENABLED' && spread ? 'ENABLED' : 'DISABLED';
}

/**
 * The request for a service like `source`. Left out on purpose: service registries, VPC Lattice and Service Connect's own
 * names, through which callers would reach the canary past the load balancer and its weights; the deployment's alarms,
 * hooks and percentages, which are for the service's own deployments.
 */
export function copyOf(source: SdkService, model: EcsService, copy: ServiceCopy): CreateServiceCommandInput {
  const { serviceConnectConfiguration, volumeConfigurations } =
    source.deployments?.find(({ status }) => status === 'PRIMARY') ?? {};
  // A client needs no names; without a namespace, AWS takes the cluster's default, as it did for the model.
  const { services: _names, ...connectAsClient } = serviceConnectConfiguration ?? { enabled: false };
  const strategy = source.capacityProviderStrategy?.length
    ? { capacityProviderStrategy: source.capacityProviderStrategy }
    : source.launchType && { launchType: source.launchType };
  return {
    cluster: model.cluster,
    serviceName: copy.name,
    taskDefinition: copy.taskDefinition,
    desiredCount: copy.tasks,
    clientToken: copy.token,
    tags: tagsOf(copy, model),
    loadBalancers: model.loadBalancers.flatMap(({ targetGroupArn = '', containerName, containerPort }) => {
      const own = copy.targetGroups.get(targetGroupArn);
      return own === undefined ? [] : [{ targetGroupArn: own, containerName, containerPort }];
    }),
    ...strategy,
    ...placementOf(source),
    ...(source.networkConfiguration && { networkConfiguration: source.networkConfiguration }),
    ...(source.healthCheckGracePeriodSeconds !== undefined && {
      healthCheckGracePeriodSeconds: source.healthCheckGracePeriodSeconds,
    }),
    ...(source.enableExecuteCommand !== undefined && { enableExecuteCommand: source.enableExecuteCommand }),
    ...(source.enableECSManagedTags !== undefined && { enableECSManagedTags: source.enableECSManagedTags }),
    ...(source.propagateTags && source.propagateTags !== 'NONE' && { propagateTags: source.propagateTags }),
    availabilityZoneRebalancing: balancingOf(source),
    ...(connectAsClient.enabled && { serviceConnectConfiguration: connectAsClient }),
    ...(volumeConfigurations?.length && { volumeConfigurations }),
    deploymentConfiguration: {
      minimumHealthyPercent: 100,
      maximumPercent: 200,
      // ECS gives up on a canary that cannot start; taking it back is the rollout's part.
      deploymentCircuitBreaker: { enable: true, rollback: false },
    },
  };
}

function stoppedTask(task: Task): StoppedTask {
  return {
    arn: task.taskArn ?? '',
    startedBy: task.startedBy ?? '',
    stopCode: task.stopCode ?? '',
    reason: task.stoppedReason ?? '',
    stoppedAt: (task.stoppedAt ?? task.stoppingAt)?.getTime() ?? 0,
    containers: (task.containers ?? []).map(({ name, exitCode, reason }) => ({
      name: name ?? '',
      ...(exitCode !== undefined && { exitCode }),
      ...(reason !== undefined && { reason }),
    })),
  };
}
