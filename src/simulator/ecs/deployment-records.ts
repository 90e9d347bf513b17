import type { DeploymentConfiguration, ServiceRevision } from '@aws-sdk/client-ecs';
import { numberId, serviceDeploymentId } from '../world/ids.ts';
import type { Kernel } from '../world/kernel.ts';
import type {
  DeploymentRecord,
  ServiceDeploymentRecord,
  ServiceRecord,
  ServiceRevisionRecord,
} from './model.ts';

/** What the service would run with now, as a new service revision. */
export function newRevision(
  kernel: Kernel,
  service: ServiceRecord,
  createdAt: number,
): ServiceRevisionRecord {
  const { settings, taskDefinition, cluster } = service;
  const arn = kernel.arn(
    'ecs',
    `service-revision/${cluster.name}/${service.name}/${numberId(kernel.random)}`,
  );
  const description: ServiceRevision = {
    serviceRevisionArn: arn,
    serviceArn: service.arn,
    clusterArn: cluster.arn,
    taskDefinition: taskDefinition.arn,
    launchType: settings.launchType,
    platformVersion: settings.platformVersion,
    platformFamily: 'Linux',
    loadBalancers: settings.loadBalancers ?? [],
    networkConfiguration: settings.networkConfiguration,
    capacityProviderStrategy: settings.capacityProviderStrategy,
    containerImages: (taskDefinition.definition.containerDefinitions ?? []).map(({ name, image }) => ({
      containerName: name,
      image,
    })),
    guardDutyEnabled: false,
    createdAt: new Date(createdAt),
  };
  const revision: ServiceRevisionRecord = { arn, taskDefinition, description };
  service.revisions.push(revision);
  return revision;
}

/** Records a service deployment that is about to begin. */
export function newServiceDeployment(
  kernel: Kernel,
  service: ServiceRecord,
  target: ServiceRevisionRecord,
  createdAt: number,
): ServiceDeploymentRecord {
  const configuration: DeploymentConfiguration = structuredClone(service.deploymentConfiguration);
  const record: ServiceDeploymentRecord = {
    arn: kernel.arn(
      'ecs',
      `service-deployment/${service.cluster.name}/${service.name}/${serviceDeploymentId(kernel.random)}`,
    ),
    createdAt,
    startedAt: undefined,
    finishedAt: undefined,
    stoppedAt: undefined,
    updatedAt: createdAt,
    status: 'PENDING',
    statusReason: undefined,
    sources: [...new Set(service.deployments.map((deployment) => deployment.revision))],
    target,
    configuration,
    rollback: undefined,
    breaker: configuration.deploymentCircuitBreaker?.enable ? 'MONITORING' : 'DISABLED',
    failures: 0,
    alarms: 'DISABLED',
    triggeredAlarms: [],
  };
  service.serviceDeployments.unshift(record);
  return record;
}

/** The element of a service's `deployments` that brings a revision into service. */
export function newDeployment(
  kernel: Kernel,
  revision: ServiceRevisionRecord,
  serviceDeployment: ServiceDeploymentRecord,
  createdAt: number,
  isRollback = false,
): DeploymentRecord {
  const id = `ecs-svc/${numberId(kernel.random)}`;
  return {
    id,
    status: 'PRIMARY',
    revision,
    serviceDeployment,
    isRollback,
    createdAt,
    updatedAt: createdAt,
    rolloutState: 'IN_PROGRESS',
    rolloutStateReason: `ECS deployment ${id} in progress.`,
    failedTasks: 0,
    proven: false,
    failuresInRow: 0,
    startAfter: 0,
  };
}
