import { DEFAULT_PLACE } from '../ec2/model.ts';
import { newDeployment, newRevision, newServiceDeployment } from '../ecs/deployment-records.ts';
import type { DeploymentRecord, ServiceRecord } from '../ecs/model.ts';
import { addCluster } from '../ecs/operations.ts';
import { say } from '../ecs/service-events.ts';
import type { ServiceScheduler } from '../ecs/service-scheduler.ts';
import { addService } from '../ecs/services.ts';
import type { ContainerService } from '../ecs/state.ts';
import { addTaskDefinition } from '../ecs/task-definitions.ts';
import type {
  Scenario,
  ScenarioPastDeployment,
  ScenarioService,
  ScenarioTaskDefinition,
} from '../scenario/scenario.ts';
import { type GroupArns, groupArn } from './settle-balancing.ts';

const DAY = 86_400_000;
const A_DEPLOYMENT_TAKES = 240_000;

const listOf = (tags: Readonly<Record<string, string>>): { key: string; value: string }[] =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));

function settleTaskDefinition(
  definition: ScenarioTaskDefinition,
  containers: ContainerService,
  start: number,
): void {
  addTaskDefinition(
    containers,
    {
      family: definition.family,
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: definition.cpu ?? '256',
      memory: definition.memory ?? '512',
      executionRoleArn: `arn:aws:iam::${containers.kernel.accountId}:role/ecsTaskExecutionRole`,
      containerDefinitions: [...definition.containers],
      ...(definition.tags ? { tags: listOf(definition.tags) } : {}),
    },
    start - 20 * DAY,
  );
}

/** A deployment that has ended, and what it left behind. */
function settleDeployment(
  service: ServiceRecord,
  past: ScenarioPastDeployment,
  containers: ContainerService,
  start: number,
): DeploymentRecord {
  const { kernel } = containers;
  const definition = containers.findTaskDefinition(past.taskDefinition);
  if (definition === undefined) {
    throw new Error(`The scenario has no task definition "${past.taskDefinition}" for ${service.name}`);
  }
  const at = start - past.ago;
  service.taskDefinition = definition;
  const revision = newRevision(kernel, service, at);
  const record = newServiceDeployment(kernel, service, revision, at);
  record.startedAt = at + 1_000;
  record.updatedAt = at + A_DEPLOYMENT_TAKES;
  record.finishedAt = record.updatedAt;
  record.status = past.status;
  if (record.breaker === 'MONITORING') record.breaker = 'MONITORING_COMPLETE';
  const deployment = newDeployment(kernel, revision, record, at);
  deployment.rolloutState = 'COMPLETED';
  deployment.rolloutStateReason = `ECS deployment ${deployment.id} completed.`;
  deployment.updatedAt = record.updatedAt;
  if (past.status === 'SUCCESSFUL') {
    service.lastCompleted = revision;
    service.deployments = [deployment];
    return deployment;
  }
  record.stoppedAt = record.finishedAt;
  if (service.lastCompleted === undefined) return deployment;
  service.taskDefinition = service.lastCompleted.taskDefinition;
  if (past.status === 'ROLLBACK_SUCCESSFUL') {
    record.breaker = 'TRIGGERED';
    record.rollback = {
      reason: 'Service deployment rolled back because the circuit breaker threshold was exceeded.',
      startedAt: at + A_DEPLOYMENT_TAKES / 2,
      revision: service.lastCompleted,
    };
  }
  return deployment;
}

function settleService(
  wanted: ScenarioService,
  containers: ContainerService,
  scheduler: ServiceScheduler,
  groups: GroupArns,
  start: number,
): void {
  const history = wanted.history ?? [];
  const deployedAgo = wanted.deployedAgo ?? DAY;
  const service = addService(
    containers,
    containers.cluster(wanted.cluster),
    {
      serviceName: wanted.name,
      taskDefinition: wanted.taskDefinition,
      desiredCount: wanted.desiredCount,
      launchType: 'FARGATE',
      loadBalancers: (wanted.targetGroups ?? []).map(({ name, container, port }) => ({
        targetGroupArn: groupArn(groups, name),
        containerName: container,
        containerPort: port,
      })),
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: [...(wanted.network?.subnets ?? DEFAULT_PLACE.subnets)],
          securityGroups: [...(wanted.network?.securityGroups ?? DEFAULT_PLACE.securityGroups)],
          assignPublicIp: 'DISABLED',
        },
      },
      deploymentConfiguration: {
        minimumHealthyPercent: wanted.minimumHealthyPercent ?? 100,
        maximumPercent: wanted.maximumPercent ?? 200,
        deploymentCircuitBreaker: {
          enable: wanted.circuitBreaker !== undefined,
          rollback: wanted.circuitBreaker?.rollback ?? false,
        },
      },
      ...(wanted.gracePeriod === undefined
        ? {}
        : { healthCheckGracePeriodSeconds: wanted.gracePeriod / 1000 }),
      ...(wanted.tags ? { tags: listOf(wanted.tags) } : {}),
    },
    start - Math.max(deployedAgo, history[0]?.ago ?? 0),
  );
  for (const past of history) settleDeployment(service, past, containers, start);
  const { taskDefinition } = wanted;
  const current = settleDeployment(
    service,
    { taskDefinition, ago: deployedAgo, status: 'SUCCESSFUL' },
    containers,
    start,
  );
  service.steady = true;
  for (let started = 0; started < wanted.desiredCount; started++) {
    scheduler.life.startSettled(
      { cluster: service.cluster, definition: service.taskDefinition, service, deployment: current },
      current.createdAt + 60_000,
    );
  }
  say(containers.kernel, service, 'has reached a steady state.');
}

/** Builds the scenario's clusters, task definitions and services, with the tasks that run. */
export function settleServices(
  scenario: Scenario,
  containers: ContainerService,
  scheduler: ServiceScheduler,
  groups: GroupArns,
  start: number,
): void {
  for (const cluster of scenario.clusters) addCluster(containers, cluster);
  for (const definition of scenario.taskDefinitions) settleTaskDefinition(definition, containers, start);
  for (const service of scenario.services) settleService(service, containers, scheduler, groups, start);
}
