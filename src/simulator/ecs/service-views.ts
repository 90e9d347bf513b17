import type { Deployment, Service, ServiceDeployment, ServiceRevisionSummary } from '@aws-sdk/client-ecs';
import { failureThreshold } from './circuit-breaker.ts';
import type {
  DeploymentRecord,
  ServiceDeploymentRecord,
  ServiceRecord,
  ServiceRevisionRecord,
  TaskRecord,
} from './model.ts';

const date = (at: number | undefined): Date | undefined => (at === undefined ? undefined : new Date(at));

/** A draining task still runs for its users, and still counts. */
const counts = (tasks: readonly TaskRecord[]): { running: number; pending: number } => ({
  running: tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING' || lastStatus === 'DEACTIVATING').length,
  pending: tasks.filter(
    ({ lastStatus }) =>
      lastStatus === 'PROVISIONING' || lastStatus === 'PENDING' || lastStatus === 'ACTIVATING',
  ).length,
});

function describeDeployment(service: ServiceRecord, deployment: DeploymentRecord): Deployment {
  const tasks = [...service.tasks].filter((task) => task.deployment === deployment);
  const { running, pending } = counts(tasks);
  const { settings } = service;
  return {
    id: deployment.id,
    status: deployment.status,
    taskDefinition: deployment.revision.taskDefinition.arn,
    desiredCount:
      deployment.status === 'PRIMARY'
        ? service.desiredCount
        : tasks.filter((task) => task.desiredStatus === 'RUNNING').length,
    pendingCount: pending,
    runningCount: running,
    failedTasks: deployment.failedTasks,
    createdAt: new Date(deployment.createdAt),
    updatedAt: new Date(deployment.updatedAt),
    launchType: settings.launchType,
    capacityProviderStrategy: structuredClone(settings.capacityProviderStrategy),
    platformVersion: settings.platformVersion,
    platformFamily: 'Linux',
    networkConfiguration: structuredClone(settings.networkConfiguration),
    serviceConnectConfiguration: structuredClone(settings.serviceConnectConfiguration),
    volumeConfigurations: structuredClone(settings.volumeConfigurations),
    rolloutState: deployment.rolloutState,
    rolloutStateReason: deployment.rolloutStateReason,
  };
}

const summarize = (
  service: ServiceRecord,
  revision: ServiceRevisionRecord,
  requested: number,
): ServiceRevisionSummary => {
  const tasks = [...service.tasks].filter((task) => task.deployment?.revision === revision);
  const { running, pending } = counts(tasks);
  return {
    arn: revision.arn,
    requestedTaskCount: requested,
    runningTaskCount: running,
    pendingTaskCount: pending,
  };
};

/** A service as DescribeServices shows it, without its tags. */
export function describeService(service: ServiceRecord): Service {
  const { running, pending } = counts([...service.tasks]);
  const { settings } = service;
  const current = service.serviceDeployments[0];
  const inProgress =
    current !== undefined && current.finishedAt === undefined && current.status !== 'STOPPED';
  const revisions = [...new Set(service.deployments.map((deployment) => deployment.revision))];
  return {
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: service.cluster.arn,
    loadBalancers: structuredClone(settings.loadBalancers ?? []),
    serviceRegistries: structuredClone(settings.serviceRegistries ?? []),
    status: service.status,
    desiredCount: service.desiredCount,
    runningCount: running,
    pendingCount: pending,
    launchType: settings.launchType,
    capacityProviderStrategy: structuredClone(settings.capacityProviderStrategy),
    platformVersion: settings.platformVersion,
    platformFamily: 'Linux',
    taskDefinition: service.taskDefinition.arn,
    deploymentConfiguration: structuredClone(service.deploymentConfiguration),
    deployments: service.deployments.map((deployment) => describeDeployment(service, deployment)),
    roleArn: `arn:aws:iam::${service.arn.split(':')[4] ?? ''}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS`,
    events: structuredClone(service.events),
    createdAt: new Date(service.createdAt),
    currentServiceDeployment: inProgress ? current.arn : undefined,
    currentServiceRevisions: revisions.map((revision) => summarize(service, revision, service.desiredCount)),
    placementConstraints: structuredClone(settings.placementConstraints ?? []),
    placementStrategy: structuredClone(settings.placementStrategy ?? []),
    networkConfiguration: structuredClone(settings.networkConfiguration),
    healthCheckGracePeriodSeconds: settings.healthCheckGracePeriodSeconds,
    schedulingStrategy: settings.schedulingStrategy ?? 'REPLICA',
    deploymentController: settings.deploymentController ?? { type: 'ECS' },
    createdBy: `arn:aws:iam::${service.arn.split(':')[4] ?? ''}:role/deploy`,
    enableECSManagedTags: settings.enableECSManagedTags ?? false,
    propagateTags: settings.propagateTags ?? 'NONE',
    enableExecuteCommand: settings.enableExecuteCommand ?? false,
    availabilityZoneRebalancing: settings.availabilityZoneRebalancing ?? 'ENABLED',
  };
}

/** A service deployment as DescribeServiceDeployments shows it. */
export function describeServiceDeployment(
  service: ServiceRecord,
  deployment: ServiceDeploymentRecord,
): ServiceDeployment {
  const { rollback, configuration } = deployment;
  return {
    serviceDeploymentArn: deployment.arn,
    serviceArn: service.arn,
    clusterArn: service.cluster.arn,
    createdAt: new Date(deployment.createdAt),
    startedAt: date(deployment.startedAt),
    finishedAt: date(deployment.finishedAt),
    stoppedAt: date(deployment.stoppedAt),
    updatedAt: new Date(deployment.updatedAt),
    sourceServiceRevisions: deployment.sources.map((revision) =>
      summarize(service, revision, rollback?.revision === revision ? service.desiredCount : 0),
    ),
    targetServiceRevision: summarize(service, deployment.target, rollback ? 0 : service.desiredCount),
    status: deployment.status,
    statusReason: deployment.statusReason,
    deploymentConfiguration: structuredClone(configuration),
    rollback: rollback && {
      reason: rollback.reason,
      startedAt: new Date(rollback.startedAt),
      serviceRevisionArn: rollback.revision.arn,
    },
    deploymentCircuitBreaker: {
      status: deployment.breaker,
      failureCount: deployment.failures,
      threshold: failureThreshold(configuration, service.desiredCount),
    },
    alarms: {
      status: deployment.alarms,
      alarmNames: configuration.alarms?.alarmNames ?? [],
      triggeredAlarmNames: [...deployment.triggeredAlarms],
    },
  };
}
