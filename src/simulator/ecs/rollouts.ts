import type { Kernel } from '../world/kernel.ts';
import { failureThreshold, throttle } from './circuit-breaker.ts';
import { newDeployment, newRevision, newServiceDeployment } from './deployment-records.ts';
import type { DeploymentRecord, ServiceRecord, TaskRecord } from './model.ts';
import { say } from './service-events.ts';
import type { ContainerService } from './state.ts';
import { isWanted } from './task-health.ts';

const ALARMS_POLLED_EVERY = 15_000;

/**
 * The states of deployments: begun, completed, failed by the circuit breaker or an alarm, stopped by a user,
 * rolled back. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
 */
export class Rollouts {
  readonly #kernel: Kernel;
  readonly #alarmState: ContainerService['alarmState'];
  readonly #poke: (service: ServiceRecord) => void;

  /** @param poke makes the scheduler look at a service soon */
  constructor(state: ContainerService, poke: (service: ServiceRecord) => void) {
    this.#kernel = state.kernel;
    this.#alarmState = state.alarmState;
    this.#poke = poke;
  }

  /** Rolls out what the service's settings say now. */
  deploy(service: ServiceRecord): void {
    const { now } = this.#kernel.events;
    const superseded = service.serviceDeployments[0];
    const target = newRevision(this.#kernel, service, now);
    const serviceDeployment = newServiceDeployment(this.#kernel, service, target, now);
    if (
      superseded !== undefined &&
      superseded.finishedAt === undefined &&
      superseded.stoppedAt === undefined
    ) {
      superseded.status = 'STOPPED';
      superseded.statusReason =
        'The service deployment was stopped because a new service deployment started.';
      superseded.stoppedAt = now;
      superseded.updatedAt = now;
    }
    const deployment = newDeployment(this.#kernel, target, serviceDeployment, now);
    this.#replacePrimary(service, deployment);
    this.#watchAlarms(service, deployment);
  }

  /** Returns the service to the last completed deployment's revision, as part of the deployment that failed. */
  rollBack(service: ServiceRecord, failed: DeploymentRecord, reason: string): void {
    const by =
      failed.serviceDeployment.breaker === 'TRIGGERED' ? 'ECS deployment circuit breaker' : 'ECS deployment';
    const { now } = this.#kernel.events;
    const revision = service.lastCompleted;
    const { serviceDeployment } = failed;
    if (revision === undefined) return;
    const deployment = newDeployment(this.#kernel, revision, serviceDeployment, now, true);
    deployment.rolloutStateReason = `${by}: rolling back to deploymentId ${deployment.id}.`;
    serviceDeployment.status = 'ROLLBACK_IN_PROGRESS';
    serviceDeployment.statusReason = reason;
    serviceDeployment.updatedAt = now;
    serviceDeployment.rollback = { reason, startedAt: now, revision };
    service.taskDefinition = revision.taskDefinition;
    say(this.#kernel, service, `rolling back to deployment ${deployment.id}.`);
    // Tasks that already run what is rolled back to stay and belong to the new deployment.
    for (const task of service.tasks) {
      if (isWanted(task) && task.deployment?.revision === revision) task.deployment = deployment;
    }
    this.#replacePrimary(service, deployment);
  }

  /** Fails the deployment in progress at a user's request and rolls back if asked. */
  stop(service: ServiceRecord, deployment: DeploymentRecord, roll: boolean): void {
    const { now } = this.#kernel.events;
    const { serviceDeployment } = deployment;
    deployment.rolloutState = 'FAILED';
    deployment.rolloutStateReason = 'ECS deployment stopped by user.';
    deployment.updatedAt = now;
    serviceDeployment.updatedAt = now;
    serviceDeployment.stoppedAt = now;
    if (roll && service.lastCompleted !== undefined) {
      serviceDeployment.status = 'ROLLBACK_REQUESTED';
      this.rollBack(service, deployment, 'Service deployment rolled back because of a user request.');
    } else {
      serviceDeployment.status = 'STOPPED';
      serviceDeployment.statusReason = 'Service deployment stopped by user.';
    }
  }

  /** Moves the primary deployment on when the scheduler first acts on it. */
  begin(primary: DeploymentRecord): void {
    const { serviceDeployment } = primary;
    if (serviceDeployment.status !== 'PENDING') return;
    serviceDeployment.status = 'IN_PROGRESS';
    serviceDeployment.startedAt = this.#kernel.events.now;
    serviceDeployment.updatedAt = this.#kernel.events.now;
  }

  /** Everything that the deployment wants runs, and nothing else does. */
  complete(service: ServiceRecord, primary: DeploymentRecord): void {
    const { now } = this.#kernel.events;
    const { serviceDeployment } = primary;
    primary.rolloutState = 'COMPLETED';
    primary.rolloutStateReason = `ECS deployment ${primary.id} completed.`;
    primary.updatedAt = now;
    service.lastCompleted = primary.revision;
    serviceDeployment.status = primary.isRollback ? 'ROLLBACK_SUCCESSFUL' : 'SUCCESSFUL';
    serviceDeployment.finishedAt = now;
    serviceDeployment.updatedAt = now;
    if (serviceDeployment.breaker === 'MONITORING') serviceDeployment.breaker = 'MONITORING_COMPLETE';
    say(this.#kernel, service, `(deployment ${primary.id}) deployment completed.`);
  }

  /** A task of it has become healthy. */
  taskHealthy(task: TaskRecord): void {
    const { deployment } = task;
    if (deployment === undefined) return;
    deployment.failuresInRow = 0;
    deployment.startAfter = 0;
    const resets = task.service?.deploymentConfiguration.deploymentCircuitBreaker?.resetOnHealthyTask ?? true;
    if (resets && !deployment.proven) {
      deployment.failedTasks = 0;
      deployment.proven = true;
    }
  }

  /** A task of it ended by itself, never started, or failed its health checks. */
  taskFailed(service: ServiceRecord, task: TaskRecord): void {
    const { deployment } = task;
    if (deployment === undefined) return;
    const { now } = this.#kernel.events;
    deployment.failuresInRow++;
    deployment.startAfter = now + throttle(deployment.failuresInRow);
    if (deployment.failuresInRow === 3) {
      say(
        this.#kernel,
        service,
        `is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`,
      );
    }
    if (deployment.proven || deployment.rolloutState !== 'IN_PROGRESS') return;
    deployment.failedTasks++;
    deployment.updatedAt = now;
    const { serviceDeployment } = deployment;
    serviceDeployment.failures = deployment.failedTasks;
    const breaker = service.deploymentConfiguration.deploymentCircuitBreaker;
    const threshold = failureThreshold(service.deploymentConfiguration, service.desiredCount);
    if (!breaker?.enable || deployment.status !== 'PRIMARY' || deployment.failedTasks < threshold) return;
    serviceDeployment.breaker = 'TRIGGERED';
    this.#fail(service, deployment, breaker.rollback ?? false, {
      rolloutState: 'ECS deployment circuit breaker: tasks failed to start.',
      event: 'tasks failed to start',
      cause: 'the circuit breaker threshold was exceeded',
    });
  }

  #fail(
    service: ServiceRecord,
    deployment: DeploymentRecord,
    rollback: boolean,
    words: { readonly rolloutState: string; readonly event: string; readonly cause: string },
  ): void {
    const { now } = this.#kernel.events;
    const { serviceDeployment } = deployment;
    deployment.rolloutState = 'FAILED';
    deployment.rolloutStateReason = words.rolloutState;
    deployment.updatedAt = now;
    serviceDeployment.updatedAt = now;
    say(this.#kernel, service, `(deployment ${deployment.id}) deployment failed: ${words.event}.`);
    if (deployment.isRollback) {
      serviceDeployment.status = 'ROLLBACK_FAILED';
      serviceDeployment.finishedAt = now;
    } else if (rollback && service.lastCompleted !== undefined) {
      this.rollBack(service, deployment, `Service deployment rolled back because ${words.cause}.`);
    } else {
      serviceDeployment.status = 'STOPPED';
      serviceDeployment.statusReason = `Service deployment failed because ${words.cause}.`;
      serviceDeployment.stoppedAt = now;
      serviceDeployment.finishedAt = now;
    }
  }

  /**
   * Fails the deployment when one of its alarms goes off. Alarms that are off from the start are not watched, so
   * that a fix can be deployed. The bake time after the last task is not simulated.
   * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
   */
  #watchAlarms(service: ServiceRecord, deployment: DeploymentRecord): void {
    const { alarms } = service.deploymentConfiguration;
    const { events } = this.#kernel;
    const { serviceDeployment } = deployment;
    const inAlarm = (): string[] =>
      (alarms?.alarmNames ?? []).filter((name) => this.#alarmState(name, events.now) === 'ALARM');
    if (!alarms?.enable || inAlarm().length > 0) return;
    serviceDeployment.alarms = 'MONITORING';
    const look = (): void => {
      if (deployment.rolloutState !== 'IN_PROGRESS' || deployment.status !== 'PRIMARY') {
        if (serviceDeployment.alarms === 'MONITORING') serviceDeployment.alarms = 'MONITORING_COMPLETE';
        return;
      }
      const triggered = inAlarm();
      if (triggered.length === 0) {
        events.after(ALARMS_POLLED_EVERY, look);
        return;
      }
      serviceDeployment.alarms = 'TRIGGERED';
      serviceDeployment.triggeredAlarms.push(...triggered);
      this.#fail(service, deployment, alarms.rollback ?? false, {
        rolloutState: 'ECS deployment failed: alarm detected.',
        event: 'alarm detected',
        cause: `the alarms ${triggered.join(', ')} went off`,
      });
    };
    events.after(ALARMS_POLLED_EVERY, look);
  }

  #replacePrimary(service: ServiceRecord, deployment: DeploymentRecord): void {
    for (const former of service.deployments) former.status = 'ACTIVE';
    service.deployments.unshift(deployment);
    service.steady = false;
    this.#poke(service);
  }
}
