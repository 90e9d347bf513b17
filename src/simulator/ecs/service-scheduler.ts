import type { DeploymentConfiguration, ServiceRevision } from '@aws-sdk/client-ecs';
import { numberId, serviceDeploymentId, uuid } from '../world/ids.ts';
import { failureThreshold, taskLimits, throttle } from './circuit-breaker.ts';
import {
  type DeploymentRecord,
  primaryOf,
  type ServiceDeploymentRecord,
  type ServiceRecord,
  type ServiceRevisionRecord,
  type TaskRecord,
} from './model.ts';
import type { ContainerService } from './state.ts';
import { type StopCause, TaskLife, type TaskListener } from './task-life.ts';

/** Without a load balancer or container health check a task counts as healthy this long after it runs. */
const SETTLE_WITHOUT_CHECKS = 40_000;
/** The scheduler does not call a deployment complete sooner than this after its start. */
const SHORTEST_DEPLOYMENT = 15_000;
/** The scheduler sees a target's health some seconds after the load balancer does. */
const NOTICED_AFTER = 3_000;
const ALARMS_POLLED_EVERY = 15_000;
const EVENTS_KEPT = 100;

const plural = (tasks: readonly TaskRecord[]): string => tasks.map((task) => `(task ${task.id})`).join(' ');

/** Whether a task is meant to run; it may not have started yet. */
const isWanted = (task: TaskRecord): boolean => task.desiredStatus === 'RUNNING';

/** Whether a task still takes the place of a running one: it starts, runs or drains. */
const takesPlace = (task: TaskRecord): boolean =>
  isWanted(task) || task.lastStatus === 'DEACTIVATING' || task.lastStatus === 'STOPPING';

/**
 * Keeps services at their desired count and carries out rolling deployments.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
 */
export class ServiceScheduler implements TaskListener {
  readonly life: TaskLife;
  readonly #state: ContainerService;

  constructor(state: ContainerService) {
    this.#state = state;
    this.life = new TaskLife(state, this);
  }

  /** What the service would run with now, as a new service revision. */
  newRevision(service: ServiceRecord, createdAt: number): ServiceRevisionRecord {
    const { kernel } = this.#state;
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

  /** Records a service deployment; `finish` or the scheduler give it its end. */
  newServiceDeployment(
    service: ServiceRecord,
    target: ServiceRevisionRecord,
    createdAt: number,
  ): ServiceDeploymentRecord {
    const { kernel } = this.#state;
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

  newDeployment(
    revision: ServiceRevisionRecord,
    serviceDeployment: ServiceDeploymentRecord,
    createdAt: number,
    isRollback = false,
  ): DeploymentRecord {
    const id = `ecs-svc/${numberId(this.#state.kernel.random)}`;
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

  /** Rolls out what the service's settings say now. */
  deploy(service: ServiceRecord): void {
    const { now } = this.#state.kernel.events;
    const superseded = service.serviceDeployments[0];
    const target = this.newRevision(service, now);
    const serviceDeployment = this.newServiceDeployment(service, target, now);
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
    const deployment = this.newDeployment(target, serviceDeployment, now);
    this.#replacePrimary(service, deployment);
    this.#watchAlarms(service, deployment);
  }

  /** Returns the service to the last completed deployment's revision, as part of the deployment that failed. */
  rollBack(service: ServiceRecord, failed: DeploymentRecord, reason: string): void {
    const by =
      failed.serviceDeployment.breaker === 'TRIGGERED' ? 'ECS deployment circuit breaker' : 'ECS deployment';
    const { now } = this.#state.kernel.events;
    const revision = service.lastCompleted;
    const { serviceDeployment } = failed;
    if (revision === undefined) return;
    const deployment = this.newDeployment(revision, serviceDeployment, now, true);
    deployment.rolloutStateReason = `${by}: rolling back to deploymentId ${deployment.id}.`;
    serviceDeployment.status = 'ROLLBACK_IN_PROGRESS';
    serviceDeployment.statusReason = reason;
    serviceDeployment.updatedAt = now;
    serviceDeployment.rollback = { reason, startedAt: now, revision };
    service.taskDefinition = revision.taskDefinition;
    this.say(service, `(service ${service.name}) rolling back to deployment ${deployment.id}.`);
    // Tasks that already run what is rolled back to stay and belong to the new deployment.
    for (const task of service.tasks) {
      if (isWanted(task) && task.deployment?.revision === revision) task.deployment = deployment;
    }
    this.#replacePrimary(service, deployment);
  }

  /** Fails the deployment in progress at a user's request and rolls back if asked. */
  stopDeployment(service: ServiceRecord, deployment: DeploymentRecord, roll: boolean): void {
    const { now } = this.#state.kernel.events;
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

  /** Looks at the service soon: the scheduler acts within a second or two. */
  poke(service: ServiceRecord): void {
    if (service.reconciling !== undefined || service.status === 'INACTIVE') return;
    const { events, between } = this.#state.kernel;
    service.reconciling = events.after(between(500, 2_000), () => {
      service.reconciling = undefined;
      this.#reconcile(service);
    });
  }

  say(service: ServiceRecord, message: string): void {
    const { events, random } = this.#state.kernel;
    service.events.unshift({ id: uuid(random), createdAt: new Date(events.now), message });
    service.events.length = Math.min(service.events.length, EVENTS_KEPT);
  }

  /** Whether the scheduler counts the task towards the minimum: it runs and every check of it passes. */
  isHealthy(task: TaskRecord): boolean {
    if (!isWanted(task) || task.lastStatus !== 'RUNNING' || task.startedAt === undefined) return false;
    const checked = task.definition.definition.containerDefinitions?.some(
      ({ healthCheck, essential }) => healthCheck !== undefined && essential !== false,
    );
    if (checked && task.health !== 'HEALTHY') return false;
    if (task.targets.length === 0) {
      return checked === true || this.#state.kernel.events.now - task.startedAt >= SETTLE_WITHOUT_CHECKS;
    }
    return task.targets.every(
      ({ groupArn, port }) => this.#target(task, groupArn, port)?.state === 'healthy',
    );
  }

  changed(task: TaskRecord): void {
    const { service } = task;
    if (service === undefined) return;
    if (task.lastStatus === 'RUNNING' && isWanted(task)) {
      this.#judge(service, task);
      if (task.targets.length === 0) {
        this.#state.kernel.events.after(SETTLE_WITHOUT_CHECKS, () => this.poke(service));
      }
    }
    this.poke(service);
  }

  registered(task: TaskRecord): void {
    if (task.service === undefined) return;
    for (const { groupArn } of task.targets) {
      this.say(
        task.service,
        `(service ${task.service.name}) registered 1 targets in (target-group ${groupArn})`,
      );
    }
  }

  failed(task: TaskRecord): void {
    const { service } = task;
    if (service === undefined) return;
    if (task.stopCode === 'TaskFailedToStart') {
      this.say(
        service,
        `(service ${service.name}) was unable to place a task. Reason: ${task.stoppedReason ?? ''}.`,
      );
    } else {
      this.#sayDeregistered(service, [task]);
    }
    this.#countFailure(service, task);
    this.poke(service);
  }

  #replacePrimary(service: ServiceRecord, deployment: DeploymentRecord): void {
    for (const former of service.deployments) former.status = 'ACTIVE';
    service.deployments.unshift(deployment);
    service.steady = false;
    this.poke(service);
  }

  #target(task: TaskRecord, groupArn: string, port: number) {
    return this.#state.balancing.targetGroups.get(groupArn)?.targets.get(`${task.address}:${port}`);
  }

  /** Takes out a running task that fails its health checks, unless its grace period still runs. */
  #judge(service: ServiceRecord, task: TaskRecord): void {
    const { events } = this.#state.kernel;
    const sick = task.targets.find(
      ({ groupArn, port }) => this.#target(task, groupArn, port)?.state === 'unhealthy',
    );
    if (sick === undefined && task.health !== 'UNHEALTHY') {
      task.unwellSince = undefined;
      if (this.isHealthy(task)) this.#healthy(task);
      return;
    }
    const grace = (service.settings.healthCheckGracePeriodSeconds ?? 0) * 1000;
    const graceEnds = (task.startedAt ?? events.now) + grace;
    if (events.now < graceEnds) {
      events.at(graceEnds, () => this.changed(task));
      return;
    }
    if (task.unwellSince === undefined) {
      task.unwellSince = events.now;
      events.after(this.#state.kernel.between(NOTICED_AFTER, 3 * NOTICED_AFTER), () => this.changed(task));
    }
    if (events.now < task.unwellSince + NOTICED_AFTER) return;
    if (sick === undefined || task.health === 'UNHEALTHY') {
      this.say(service, `(service ${service.name}) (task ${task.id}) failed container health checks.`);
      this.#stop(service, [task], {
        code: 'ServiceSchedulerInitiated',
        reason: 'Task failed container health checks',
      });
    } else {
      const why = this.#target(task, sick.groupArn, sick.port)?.description ?? 'Health checks failed';
      this.say(
        service,
        `(service ${service.name}) (task ${task.id}) (port ${sick.port}) is unhealthy in (target-group ${sick.groupArn}) due to (reason ${why}).`,
      );
      this.#stop(service, [task], {
        code: 'ServiceSchedulerInitiated',
        reason: `Task failed ELB health checks in (target-group ${sick.groupArn})`,
      });
    }
    this.#countFailure(service, task);
  }

  #healthy(task: TaskRecord): void {
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

  #countFailure(service: ServiceRecord, task: TaskRecord): void {
    const { deployment } = task;
    if (deployment === undefined) return;
    const { now } = this.#state.kernel.events;
    deployment.failuresInRow++;
    deployment.startAfter = now + throttle(deployment.failuresInRow);
    if (deployment.failuresInRow === 3) {
      this.say(
        service,
        `(service ${service.name}) is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`,
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
    const { now } = this.#state.kernel.events;
    const { serviceDeployment } = deployment;
    deployment.rolloutState = 'FAILED';
    deployment.rolloutStateReason = words.rolloutState;
    deployment.updatedAt = now;
    serviceDeployment.updatedAt = now;
    this.say(
      service,
      `(service ${service.name}) (deployment ${deployment.id}) deployment failed: ${words.event}.`,
    );
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
    const { events } = this.#state.kernel;
    const { serviceDeployment } = deployment;
    const inAlarm = (): string[] =>
      (alarms?.alarmNames ?? []).filter((name) => this.#state.alarmState(name, events.now) === 'ALARM');
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

  #reconcile(service: ServiceRecord): void {
    const primary = primaryOf(service);
    if (primary === undefined) return;
    const { now } = this.#state.kernel.events;
    const begun = primary.serviceDeployment;
    if (begun.status === 'PENDING') {
      begun.status = 'IN_PROGRESS';
      begun.startedAt = now;
      begun.updatedAt = now;
    }
    this.#scaleIn(service, primary);
    this.#startMissing(service, primary);
    this.#retireFormer(service, primary);
    this.#settle(service, primary);
  }

  #tasksOf(service: ServiceRecord, deployment: DeploymentRecord): TaskRecord[] {
    return [...service.tasks].filter((task) => task.deployment === deployment && isWanted(task));
  }

  /** Stops tasks of the primary deployment beyond the desired count, those that are not healthy first. */
  #scaleIn(service: ServiceRecord, primary: DeploymentRecord): void {
    const mine = this.#tasksOf(service, primary);
    const surplus = mine.length - service.desiredCount;
    if (surplus <= 0) return;
    const order = mine.sort((a, b) => Number(this.isHealthy(a)) - Number(this.isHealthy(b)));
    this.#stop(service, order.slice(0, surplus), this.#scalingCause(primary));
  }

  #startMissing(service: ServiceRecord, primary: DeploymentRecord): void {
    if (service.status !== 'ACTIVE' || primary.rolloutState === 'FAILED') return;
    const { events } = this.#state.kernel;
    const missing = service.desiredCount - this.#tasksOf(service, primary).length;
    if (missing <= 0) return;
    if (primary.startAfter > events.now) {
      events.at(primary.startAfter, () => this.poke(service));
      return;
    }
    const { maximum } = taskLimits(service.deploymentConfiguration, service.desiredCount);
    const room = maximum - [...service.tasks].filter(takesPlace).length;
    const started = Array.from({ length: Math.min(missing, Math.max(0, room)) }, () =>
      this.life.start({
        cluster: service.cluster,
        definition: primary.revision.taskDefinition,
        service,
        deployment: primary,
      }),
    );
    if (started.length === 0) return;
    service.steady = false;
    primary.updatedAt = events.now;
    this.say(service, `(service ${service.name}) has started ${started.length} tasks: ${plural(started)}.`);
  }

  /** Stops tasks of former deployments as far as the minimum of healthy tasks allows. */
  #retireFormer(service: ServiceRecord, primary: DeploymentRecord): void {
    if (primary.rolloutState === 'FAILED') return;
    const former = [...service.tasks].filter((task) => isWanted(task) && task.deployment !== primary);
    if (former.length === 0) return;
    const { minimum } = taskLimits(service.deploymentConfiguration, service.desiredCount);
    const healthy = [...service.tasks].filter((task) => this.isHealthy(task)).length;
    const useless = former.filter((task) => !this.isHealthy(task));
    const spare = former.filter((task) => this.isHealthy(task)).slice(0, Math.max(0, healthy - minimum));
    const stopped = [...useless, ...spare];
    if (stopped.length > 0) this.#stop(service, stopped, this.#scalingCause(primary));
  }

  #scalingCause(deployment: DeploymentRecord): StopCause {
    return {
      code: 'ServiceSchedulerInitiated',
      reason: `Scaling activity initiated by (deployment ${deployment.id})`,
    };
  }

  #stop(service: ServiceRecord, tasks: readonly TaskRecord[], cause: StopCause): void {
    service.steady = false;
    this.#sayDeregistered(
      service,
      tasks.filter((task) => task.lastStatus === 'RUNNING'),
    );
    for (const task of tasks) this.life.stop(task, cause);
    this.say(
      service,
      `(service ${service.name}) has stopped ${tasks.length} running tasks: ${plural(tasks)}.`,
    );
  }

  #sayDeregistered(service: ServiceRecord, tasks: readonly TaskRecord[]): void {
    // A task is registered just before it counts as started.
    const registered = tasks.filter((task) => task.targets.length > 0 && task.startedAt !== undefined);
    if (registered.length === 0) return;
    this.say(
      service,
      `(service ${service.name}) has begun draining connections on ${registered.length} tasks.`,
    );
    for (const groupArn of new Set(
      registered.flatMap((task) => task.targets.map((target) => target.groupArn)),
    )) {
      this.say(
        service,
        `(service ${service.name}) deregistered ${registered.length} targets in (target-group ${groupArn})`,
      );
    }
  }

  /** Ends the deployment and calls the service steady when all that should run does, and nothing else. */
  #settle(service: ServiceRecord, primary: DeploymentRecord): void {
    const { now } = this.#state.kernel.events;
    const tasks = [...service.tasks];
    if (primary.rolloutState !== 'FAILED') {
      service.deployments = service.deployments.filter(
        (deployment) => deployment === primary || tasks.some((task) => task.deployment === deployment),
      );
    }
    if (service.status === 'DRAINING') {
      if (tasks.length === 0) {
        service.status = 'INACTIVE';
        service.deployments = [];
      }
      return;
    }
    const placed = tasks.filter(takesPlace);
    const all = placed.length === service.desiredCount && placed.every((task) => this.isHealthy(task));
    if (!all || service.steady || service.deployments.length > 1 || primary.rolloutState === 'FAILED') return;
    if (now < primary.createdAt + SHORTEST_DEPLOYMENT) {
      this.#state.kernel.events.at(primary.createdAt + SHORTEST_DEPLOYMENT, () => this.poke(service));
      return;
    }
    service.steady = true;
    if (primary.rolloutState === 'IN_PROGRESS') this.#complete(service, primary, now);
    this.say(service, `(service ${service.name}) has reached a steady state.`);
  }

  #complete(service: ServiceRecord, primary: DeploymentRecord, now: number): void {
    const { serviceDeployment } = primary;
    primary.rolloutState = 'COMPLETED';
    primary.rolloutStateReason = `ECS deployment ${primary.id} completed.`;
    primary.updatedAt = now;
    service.lastCompleted = primary.revision;
    serviceDeployment.status = primary.isRollback ? 'ROLLBACK_SUCCESSFUL' : 'SUCCESSFUL';
    serviceDeployment.finishedAt = now;
    serviceDeployment.updatedAt = now;
    if (serviceDeployment.breaker === 'MONITORING') serviceDeployment.breaker = 'MONITORING_COMPLETE';
    this.say(service, `(service ${service.name}) (deployment ${primary.id}) deployment completed.`);
  }
}
