import type { TaskOverride } from '@aws-sdk/client-ecs';
import { behaviourOf, STEADY } from '../traffic/behaviour.ts';
import { hexId, uuid } from '../world/ids.ts';
import {
  type ClusterRecord,
  type ContainerRecord,
  type DeploymentRecord,
  revisionName,
  type ServiceRecord,
  type ServiceSettings,
  type TaskDefinitionRecord,
  type TaskPlace,
  type TaskRecord,
} from './model.ts';
import { launchOf } from './programs.ts';
import type { ContainerService } from './state.ts';

/** What a task is started for. */
export interface TaskOrder {
  readonly cluster: ClusterRecord;
  readonly definition: TaskDefinitionRecord;
  readonly service?: ServiceRecord;
  readonly deployment?: DeploymentRecord;
  readonly startedBy?: string;
  readonly group?: string;
  readonly overrides?: TaskOverride;
  /** Of a task without a service; one of a service is where its service says. */
  readonly settings?: PlaceSettings;
}

/** What decides where a task runs. */
export type PlaceSettings = Pick<
  ServiceSettings,
  'capacityProviderStrategy' | 'platformVersion' | 'networkConfiguration'
>;

/** The newest of Fargate for Linux, which `LATEST` means. */
const PLATFORM = '1.4.0';

function placeOf({ capacityProviderStrategy, platformVersion = 'LATEST' }: PlaceSettings): TaskPlace {
  // Of several providers the one with a base comes first, then the one with the most weight.
  const [provider] = (capacityProviderStrategy ?? []).toSorted(
    (a, b) => (b.base ?? 0) - (a.base ?? 0) || (b.weight ?? 0) - (a.weight ?? 0),
  );
  return {
    launchType: 'FARGATE',
    ...(provider?.capacityProvider === undefined ? {} : { capacityProviderName: provider.capacityProvider }),
    platformVersion: platformVersion === 'LATEST' ? PLATFORM : platformVersion,
  };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html sets these. */
const settingOf = (region: string): Readonly<Record<string, string>> => ({
  AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
});

/**
 * Records a task that is about to start, and opens its address.
 *
 * @param number counts the tasks; its address follows from it
 */
export function newTask(
  state: ContainerService,
  order: TaskOrder,
  number: number,
  createdAt: number,
): TaskRecord {
  const { random, region } = state.kernel;
  const id = hexId(random, 32);
  const { cluster, definition, service } = order;
  const arn = state.kernel.arn('ecs', `task/${cluster.name}/${id}`);
  const address = `10.0.${(number >> 8) & 255}.${number & 255}`;
  const zone = `${region}${number % 2 === 0 ? 'b' : 'a'}`;
  const attachmentId = uuid(random);
  const containers = (definition.definition.containerDefinitions ?? []).map((container): ContainerRecord => {
    const override = order.overrides?.containerOverrides?.find(({ name }) => name === container.name);
    return {
      definition: container,
      // Tasks of services have simulated requests to answer, which no real process could.
      launch:
        service === undefined ? launchOf(state.programs, container, override, settingOf(region)) : undefined,
      process: undefined,
      essential: container.essential ?? true,
      behaviour: state.behaviourBySecrets(
        behaviourOf(container.image ?? '', state.behaviours),
        container.secrets ?? [],
      ),
      description: {
        containerArn: state.kernel.arn('ecs', `container/${cluster.name}/${id}/${uuid(random)}`),
        taskArn: arn,
        name: container.name,
        image: container.image,
        lastStatus: 'PENDING',
        networkInterfaces: [{ attachmentId, privateIpv4Address: address }],
        healthStatus: 'UNKNOWN',
        cpu: String(override?.cpu ?? container.cpu ?? 0),
        ...(container.memory === undefined ? {} : { memory: String(container.memory) }),
      },
    };
  });
  const settings = service?.settings ?? order.settings ?? {};
  const subnets = settings.networkConfiguration?.awsvpcConfiguration?.subnets ?? [];
  const served = service?.settings.loadBalancers?.[0]?.containerName;
  const main =
    containers.find(({ description }) => description.name === served) ??
    containers.find(({ essential }) => essential);
  const task: TaskRecord = {
    arn,
    id,
    cluster,
    definition,
    service,
    deployment: order.deployment,
    startedBy: order.startedBy ?? order.deployment?.id,
    group: order.group ?? (service ? `service:${service.name}` : `family:${definition.family}`),
    address,
    place: placeOf(settings),
    zone,
    attachment: {
      id: attachmentId,
      type: 'ElasticNetworkInterface',
      status: 'PRECREATED',
      details: [
        {
          name: 'subnetId',
          value: subnets[service === undefined ? number % subnets.length : 0] ?? 'subnet-0a',
        },
        { name: 'networkInterfaceId', value: `eni-${hexId(random, 17)}` },
        { name: 'privateIPv4Address', value: address },
      ],
    },
    containers,
    endpoint: {
      cluster: cluster.name,
      service: service?.name,
      revision: revisionName(definition),
      behaviour: main?.behaviour ?? STEADY,
      runningSince: undefined,
    },
    targets: (service?.settings.loadBalancers ?? []).flatMap(({ targetGroupArn, containerPort }) =>
      targetGroupArn === undefined || containerPort === undefined
        ? []
        : [{ groupArn: targetGroupArn, port: containerPort }],
    ),
    overrides: order.overrides ?? { containerOverrides: [], inferenceAcceleratorOverrides: [] },
    lastStatus: 'PROVISIONING',
    desiredStatus: 'RUNNING',
    health: 'UNKNOWN',
    healthFailures: 0,
    unwellSince: undefined,
    createdAt,
    knownFrom: createdAt + (service === undefined ? state.kernel.consistencyLag() : 0),
    connectivityAt: undefined,
    pullStartedAt: undefined,
    pullStoppedAt: undefined,
    startedAt: undefined,
    stoppingAt: undefined,
    executionStoppedAt: undefined,
    stoppedAt: undefined,
    stopCode: undefined,
    stoppedReason: undefined,
    version: 1,
    pending: new Set(),
  };
  state.tasks.set(arn, task);
  state.tasksByAddress.set(address, task);
  state.network.open(address, task.endpoint);
  service?.tasks.add(task);
  return task;
}
