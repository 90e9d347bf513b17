import type {
  Attachment,
  Container,
  ContainerDefinition,
  CreateServiceRequest,
  DeploymentConfiguration,
  HealthStatus,
  ServiceDeploymentStatus,
  ServiceEvent,
  ServiceRevision,
  TaskDefinition,
  TaskOverride,
  TaskStopCode,
} from '@aws-sdk/client-ecs';
import type { Behaviour } from '../traffic/behaviour.ts';
import type { Endpoint } from '../traffic/endpoint.ts';
import type { Scheduled } from '../world/queue.ts';
import type { RunningContainer } from './process-group.ts';
import type { Launch } from './programs.ts';

export interface ClusterRecord {
  readonly arn: string;
  readonly name: string;
  status: 'ACTIVE' | 'INACTIVE';
}

export interface TaskDefinitionRecord {
  readonly arn: string;
  readonly family: string;
  readonly revision: number;
  /** As described; deregistration changes it. */
  definition: TaskDefinition;
}

/** What a service ran with at one time: its task definition and the settings that a deployment rolls out. */
export interface ServiceRevisionRecord {
  readonly arn: string;
  readonly taskDefinition: TaskDefinitionRecord;
  readonly description: ServiceRevision;
}

/** The service deployment that ListServiceDeployments shows; a rollback belongs to the deployment it undoes. */
export interface ServiceDeploymentRecord {
  readonly arn: string;
  readonly createdAt: number;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  stoppedAt: number | undefined;
  updatedAt: number;
  status: ServiceDeploymentStatus;
  statusReason: string | undefined;
  readonly sources: readonly ServiceRevisionRecord[];
  readonly target: ServiceRevisionRecord;
  readonly configuration: DeploymentConfiguration;
  rollback: { reason: string; startedAt: number; revision: ServiceRevisionRecord } | undefined;
  breaker: 'DISABLED' | 'MONITORING' | 'MONITORING_COMPLETE' | 'TRIGGERED';
  failures: number;
  /** Alarms of the deployment: whether they are watched, and those that went off. */
  alarms: 'DISABLED' | 'MONITORING' | 'MONITORING_COMPLETE' | 'TRIGGERED';
  readonly triggeredAlarms: string[];
}

/** One element of a service's `deployments`. */
export interface DeploymentRecord {
  readonly id: string;
  status: 'PRIMARY' | 'ACTIVE';
  readonly revision: ServiceRevisionRecord;
  readonly serviceDeployment: ServiceDeploymentRecord;
  readonly isRollback: boolean;
  readonly createdAt: number;
  updatedAt: number;
  rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  rolloutStateReason: string;
  failedTasks: number;
  /** A task of it has been healthy: the circuit breaker no longer counts. */
  proven: boolean;
  /** Tasks that failed in a row, for the throttling of replacements. */
  failuresInRow: number;
  /** No task is started before this time (ms). */
  startAfter: number;
}

/** The settings of a service that CreateService and UpdateService set. */
export type ServiceSettings = Pick<
  CreateServiceRequest,
  | 'loadBalancers'
  | 'serviceRegistries'
  | 'launchType'
  | 'capacityProviderStrategy'
  | 'platformVersion'
  | 'placementConstraints'
  | 'placementStrategy'
  | 'networkConfiguration'
  | 'healthCheckGracePeriodSeconds'
  | 'schedulingStrategy'
  | 'deploymentController'
  | 'enableECSManagedTags'
  | 'propagateTags'
  | 'enableExecuteCommand'
  | 'availabilityZoneRebalancing'
  | 'serviceConnectConfiguration'
  | 'volumeConfigurations'
>;

export interface ServiceRecord {
  readonly arn: string;
  readonly name: string;
  readonly cluster: ClusterRecord;
  status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  desiredCount: number;
  taskDefinition: TaskDefinitionRecord;
  settings: ServiceSettings;
  deploymentConfiguration: DeploymentConfiguration;
  readonly createdAt: number;
  /** The PRIMARY deployment first. */
  deployments: DeploymentRecord[];
  /** Newest first. */
  serviceDeployments: ServiceDeploymentRecord[];
  readonly revisions: ServiceRevisionRecord[];
  lastCompleted: ServiceRevisionRecord | undefined;
  /** Newest first. */
  events: ServiceEvent[];
  readonly tasks: Set<TaskRecord>;
  steady: boolean;
  /** What created it: a repeated call with the same token and request finds it again. */
  readonly creation: { readonly token: string | undefined; readonly request: string };
  reconciling: Scheduled | undefined;
}

export type TaskStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED';

/** A container of a task and how it behaves. */
export interface ContainerRecord {
  readonly definition: ContainerDefinition;
  readonly description: Container;
  readonly behaviour: Behaviour;
  readonly essential: boolean;
  /** What is run for it, if anything is run for real. */
  readonly launch: Launch | undefined;
  /** While it runs for real. */
  process: RunningContainer | undefined;
}

/** Where a task runs, as DescribeTasks tells it. */
export interface TaskPlace {
  readonly launchType: 'FARGATE';
  readonly capacityProviderName?: string;
  readonly platformVersion: string;
}

export interface TaskRecord {
  readonly arn: string;
  readonly id: string;
  readonly cluster: ClusterRecord;
  readonly definition: TaskDefinitionRecord;
  readonly service: ServiceRecord | undefined;
  deployment: DeploymentRecord | undefined;
  readonly startedBy: string | undefined;
  readonly group: string;
  readonly address: string;
  readonly place: TaskPlace;
  readonly zone: string;
  readonly attachment: Attachment;
  readonly containers: readonly ContainerRecord[];
  readonly endpoint: Endpoint;
  /** The target groups that its containers are registered in. */
  readonly targets: readonly { readonly groupArn: string; readonly port: number }[];
  readonly overrides: TaskOverride;
  lastStatus: TaskStatus;
  desiredStatus: 'RUNNING' | 'STOPPED';
  health: HealthStatus;
  healthFailures: number;
  /** Since when the scheduler has known that a health check of it fails, in ms. */
  unwellSince: number | undefined;
  readonly createdAt: number;
  /** Nobody is told of it before, in ms. */
  readonly knownFrom: number;
  connectivityAt: number | undefined;
  pullStartedAt: number | undefined;
  pullStoppedAt: number | undefined;
  startedAt: number | undefined;
  stoppingAt: number | undefined;
  executionStoppedAt: number | undefined;
  stoppedAt: number | undefined;
  stopCode: TaskStopCode | undefined;
  stoppedReason: string | undefined;
  version: number;
  /** Steps of its life that are still to come; all are cancelled when it is told to stop. */
  readonly pending: Set<Scheduled>;
}

/** The deployment that new tasks belong to. */
export const primaryOf = (service: ServiceRecord): DeploymentRecord | undefined =>
  service.deployments.find((deployment) => deployment.status === 'PRIMARY');

/** `family:revision`. */
export const revisionName = (definition: TaskDefinitionRecord): string =>
  `${definition.family}:${definition.revision}`;
