import { taskLimits } from './circuit-breaker.ts';
import { type DeploymentRecord, primaryOf, type ServiceRecord, type TaskRecord } from './model.ts';
import { Rollouts } from './rollouts.ts';
import { named, say, sayDeregistered } from './service-events.ts';
import type { ContainerService } from './state.ts';
import { ailmentOf, isHealthy, isWanted, SETTLE_WITHOUT_CHECKS, takesPlace } from './task-health.ts';
import { type StopCause, TaskLife, type TaskListener } from './task-life.ts';

/** The scheduler does not call a deployment complete sooner than this after its start. */
const SHORTEST_DEPLOYMENT = 15_000;
/** The scheduler sees a target's health some seconds after the load balancer does. */
const NOTICED_AFTER = 3_000;

/**
 * Keeps services at their desired count and carries out rolling deployments.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
 */
export class ServiceScheduler implements TaskListener {
  readonly life: TaskLife;
  readonly rollouts: Rollouts;
  readonly #state: ContainerService;

  constructor(state: ContainerService) {
    this.#state = state;
    this.life = new TaskLife(state, this);
    this.rollouts = new Rollouts(state, (service) => this.poke(service));
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
      say(this.#state.kernel, task.service, `registered 1 targets in (target-group ${groupArn})`);
    }
  }

  failed(task: TaskRecord): void {
    const { service } = task;
    if (service === undefined) return;
    if (task.stopCode === 'TaskFailedToStart') {
      say(this.#state.kernel, service, `was unable to place a task. Reason: ${task.stoppedReason ?? ''}.`);
    } else {
      sayDeregistered(this.#state.kernel, service, [task]);
    }
    this.rollouts.taskFailed(service, task);
    this.poke(service);
  }

  /** Takes out a running task that fails its health checks, unless its grace period still runs. */
  #judge(service: ServiceRecord, task: TaskRecord): void {
    const { events, between } = this.#state.kernel;
    const ailment = ailmentOf(this.#state, task);
    if (ailment === undefined) {
      task.unwellSince = undefined;
      if (isHealthy(this.#state, task)) this.rollouts.taskHealthy(task);
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
      events.after(between(NOTICED_AFTER, 3 * NOTICED_AFTER), () => this.changed(task));
    }
    if (events.now < task.unwellSince + NOTICED_AFTER) return;
    say(this.#state.kernel, service, ailment.event);
    this.#stop(service, [task], { code: 'ServiceSchedulerInitiated', reason: ailment.stoppedReason });
    this.rollouts.taskFailed(service, task);
  }

  #reconcile(service: ServiceRecord): void {
    const primary = primaryOf(service);
    if (primary === undefined) return;
    this.rollouts.begin(primary);
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
    const order = mine.sort((a, b) => Number(isHealthy(this.#state, a)) - Number(isHealthy(this.#state, b)));
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
    say(this.#state.kernel, service, `has started ${started.length} tasks: ${named(started)}.`);
  }

  /** Stops tasks of former deployments as far as the minimum of healthy tasks allows. */
  #retireFormer(service: ServiceRecord, primary: DeploymentRecord): void {
    if (primary.rolloutState === 'FAILED') return;
    const former = [...service.tasks].filter((task) => isWanted(task) && task.deployment !== primary);
    if (former.length === 0) return;
    const { minimum } = taskLimits(service.deploymentConfiguration, service.desiredCount);
    const healthy = [...service.tasks].filter((task) => isHealthy(this.#state, task)).length;
    const useless = former.filter((task) => !isHealthy(this.#state, task));
    const spare = former
      .filter((task) => isHealthy(this.#state, task))
      .slice(0, Math.max(0, healthy - minimum));
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
    sayDeregistered(
      this.#state.kernel,
      service,
      tasks.filter((task) => task.lastStatus === 'RUNNING'),
    );
    for (const task of tasks) this.life.stop(task, cause);
    say(this.#state.kernel, service, `has stopped ${tasks.length} running tasks: ${named(tasks)}.`);
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
        this.#state.tags.forget(service.arn);
      }
      return;
    }
    const placed = tasks.filter(takesPlace);
    const all =
      placed.length === service.desiredCount && placed.every((task) => isHealthy(this.#state, task));
    if (!all || service.steady || service.deployments.length > 1 || primary.rolloutState === 'FAILED') return;
    if (now < primary.createdAt + SHORTEST_DEPLOYMENT) {
      this.#state.kernel.events.at(primary.createdAt + SHORTEST_DEPLOYMENT, () => this.poke(service));
      return;
    }
    service.steady = true;
    if (primary.rolloutState === 'IN_PROGRESS') this.rollouts.complete(service, primary);
    say(this.#state.kernel, service, `has reached a steady state.`);
  }
}
