import type { TaskStopCode } from '@aws-sdk/client-ecs';
import { deregisterTarget, registerHealthyTarget, registerTarget } from '../elbv2/targets.ts';
import { hexId } from '../world/ids.ts';
import { LogDriver, logTargetOf, openGroup } from './log-driver.ts';
import type { ContainerRecord, TaskRecord, TaskStatus } from './model.ts';
import type { ProcessEnd } from './process-group.ts';
import { startFailureOf } from './start-failures.ts';
import type { ContainerService } from './state.ts';
import { newTask, type TaskOrder } from './task-records.ts';

/** Why a task stops, as DescribeTasks will show it. */
export interface StopCause {
  readonly code: TaskStopCode;
  readonly reason: string;
}

/** What the scheduler wants to hear about tasks. */
export interface TaskListener {
  /** Its status or health is another one now. */
  changed(task: TaskRecord): void;
  /** It is registered with its target groups. */
  registered(task: TaskRecord): void;
  /** It ended by itself, or never started. */
  failed(task: TaskRecord): void;
}

/** Why a task does not get as far as running its containers. */
interface StartFailure {
  readonly reason: string;
  readonly container: ContainerRecord;
}

const STOPPED_TASKS_STAY = 3_600_000;
const DEFAULT_STOP_TIMEOUT = 30_000;

const stopTimeoutOf = ({ definition }: ContainerRecord): number =>
  definition.stopTimeout === undefined ? DEFAULT_STOP_TIMEOUT : definition.stopTimeout * 1000;

/**
 * Moves tasks through their life: PROVISIONING, PENDING, ACTIVATING, RUNNING, DEACTIVATING, STOPPING,
 * DEPROVISIONING, STOPPED.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
 */
export class TaskLife {
  readonly #state: ContainerService;
  readonly #listener: TaskListener;
  /** Of tasks with real processes: lets the world's time stand still again. */
  readonly #timeKept = new Map<TaskRecord, () => void>();
  /** What is to be done when the last real process of a task has ended. */
  readonly #onceSilent = new Map<TaskRecord, () => void>();
  #started = 0;

  constructor(state: ContainerService, listener: TaskListener) {
    this.#state = state;
    this.#listener = listener;
    state.balancing.onTargetChange((_groupArn, address) => {
      const task = state.tasksByAddress.get(address);
      if (task !== undefined) this.#targetChanged(task);
    });
  }

  /** Starts a task: its network interface is being attached. */
  start(order: TaskOrder): TaskRecord {
    const { kernel } = this.#state;
    const task = newTask(this.#state, order, ++this.#started, kernel.events.now);
    if (task.containers.some(({ launch }) => launch !== undefined)) {
      this.#timeKept.set(task, this.#state.processes.keepTime());
    }
    this.#later(task, kernel.between(4_000, 9_000), () => this.#pull(task));
    return task;
  }

  /** A task that has been running, and healthy in its target groups, for long: the start of a scenario. */
  startSettled(order: TaskOrder, startedAt: number): TaskRecord {
    const { balancing } = this.#state;
    const task = newTask(this.#state, order, ++this.#started, startedAt - 20_000);
    task.connectivityAt = startedAt - 15_000;
    task.pullStartedAt = startedAt - 14_000;
    task.pullStoppedAt = startedAt - 2_000;
    task.startedAt = startedAt;
    task.endpoint.runningSince = startedAt;
    task.attachment.status = 'ATTACHED';
    this.#enter(task, 'RUNNING');
    for (const container of task.containers) {
      container.description.lastStatus = 'RUNNING';
      this.#writeLog(task, container);
    }
    for (const { groupArn, port } of task.targets) {
      const group = balancing.targetGroups.get(groupArn);
      if (group) registerHealthyTarget(balancing, group, task.address, port, task.zone);
    }
    if (this.#checked(task).length > 0) {
      task.health = 'HEALTHY';
      this.#watchHealth(task);
    }
    return task;
  }

  /** Tells a task to stop; while it is registered with load balancers it drains first. */
  stop(task: TaskRecord, cause: StopCause): void {
    if (task.desiredStatus === 'STOPPED') return;
    const wasRunning = task.endpoint.runningSince !== undefined;
    this.#decide(task, cause);
    if (!wasRunning) {
      this.#deprovision(task);
    } else if (this.#isRegistered(task)) {
      this.#enter(task, 'DEACTIVATING');
      this.#deregister(task);
    } else {
      this.#terminate(task);
    }
  }

  #pull(task: TaskRecord): void {
    const { events, between } = this.#state.kernel;
    task.attachment.status = 'ATTACHED';
    task.connectivityAt = events.now;
    task.pullStartedAt = events.now;
    this.#enter(task, 'PENDING');
    this.#later(task, between(5_000, 12_000), () => {
      const failure = this.#startFailure(task);
      if (failure === undefined) {
        this.#run(task);
        return;
      }
      failure.container.description.reason = failure.reason;
      this.#decide(task, { code: 'TaskFailedToStart', reason: failure.reason });
      this.#deprovision(task);
      this.#listener.failed(task);
    });
  }

  #startFailure(task: TaskRecord): StartFailure | undefined {
    for (const container of task.containers) {
      const reason = startFailureOf(this.#state, task, container);
      if (reason !== undefined) return { reason, container };
    }
    return undefined;
  }

  #run(task: TaskRecord): void {
    const { balancing, kernel } = this.#state;
    task.pullStoppedAt = kernel.events.now;
    balancing.routingChanges();
    task.endpoint.runningSince = kernel.events.now;
    for (const container of task.containers) {
      const { description, behaviour } = container;
      this.#launch(task, container);
      if (container.process?.began === false) continue;
      description.lastStatus = 'RUNNING';
      description.runtimeId = `${task.id}-${hexId(kernel.random, 10)}`;
      description.imageDigest = `sha256:${hexId(kernel.random, 64)}`;
      this.#writeLog(task, container);
      if (behaviour.crash) {
        const { after } = behaviour.crash;
        this.#later(task, after === 0 ? kernel.between(300, 1_500) : after, () =>
          this.#exit(task, container),
        );
      }
    }
    if (this.#checked(task).length > 0) this.#watchHealth(task);
    // What could not be started says so at once, and ends the task.
    if (task.containers.some(({ process }) => process?.began === false)) return;
    if (task.targets.length === 0) {
      this.#running(task);
      return;
    }
    this.#enter(task, 'ACTIVATING');
    this.#later(task, kernel.between(500, 1_500), () => {
      for (const { groupArn, port } of task.targets) {
        const group = balancing.targetGroups.get(groupArn);
        if (group) registerTarget(balancing, group, task.address, port, task.zone);
      }
      this.#listener.registered(task);
      this.#running(task);
    });
  }

  #running(task: TaskRecord): void {
    task.startedAt = this.#state.kernel.events.now;
    this.#enter(task, 'RUNNING');
    for (const { behaviour } of task.containers) {
      if (behaviour.stop === undefined) continue;
      const { after, by, reason = 'Task stopped by user' } = behaviour.stop;
      const cause: StopCause =
        by === 'spot'
          ? { code: 'SpotInterruption', reason: 'Your Spot Task was interrupted.' }
          : { code: 'UserInitiated', reason };
      this.#later(task, after, () => this.stop(task, cause));
    }
  }

  /** Opens the container's log, and runs it for real if it is to be. */
  #launch(task: TaskRecord, container: ContainerRecord): void {
    const { processes } = this.#state;
    const { launch } = container;
    const driver = this.#logOf(task, container);
    if (launch === undefined) return;
    container.process = processes.start(launch, {
      output: (from, chunk) => driver?.write(from, chunk),
      ended: (end) => {
        container.process = undefined;
        driver?.end();
        this.#processEnded(task, container, end);
      },
    });
  }

  /** The container's log, where it goes to CloudWatch. */
  #logOf(task: TaskRecord, { definition, description }: ContainerRecord): LogDriver | undefined {
    const { kernel, logs } = this.#state;
    const target = logTargetOf(definition, kernel.region);
    const group = target && openGroup(logs, target);
    const stream = group && logs.openStream(group, [target.prefix, description.name, task.id].join('/'));
    return stream && new LogDriver(logs, stream, kernel.events);
  }

  /** What a container that only behaves writes, as long as its task is not told to stop. */
  #writeLog(task: TaskRecord, container: ContainerRecord): void {
    const habits = container.launch === undefined ? (container.behaviour.logs ?? []) : [];
    if (habits.length === 0) return;
    const { now } = this.#state.kernel.events;
    const age = now - (task.endpoint.runningSince ?? now);
    const driver = this.#logOf(task, container);
    for (const { line, after, every } of habits) {
      const write = (): void => {
        driver?.write('stdout', Buffer.from(`${line}\n`));
        if (every !== undefined && every > 0) this.#later(task, every, write);
      };
      // Of a task that has been running for long, what it wrote before is not kept.
      const missed = age > after && every !== undefined && every > 0 ? Math.ceil((age - after) / every) : 0;
      const due = after + missed * (every ?? 0) - age;
      if (due >= 0) this.#later(task, due, write);
    }
  }

  #processEnded(task: TaskRecord, container: ContainerRecord, end: ProcessEnd): void {
    container.description.lastStatus = 'STOPPED';
    if (end.kind === 'exited') container.description.exitCode = end.code;
    else container.description.reason = end.reason;
    if (task.desiredStatus === 'STOPPED') {
      if (!this.#runsForReal(task)) this.#onceSilent.get(task)?.();
    } else if (end.kind === 'exited') {
      if (container.essential) this.#essentialExited(task);
    } else {
      this.#balancingEnds(task);
      this.#decide(task, { code: 'TaskFailedToStart', reason: 'Task failed to start' });
      this.#stopProcesses(task, () => {
        this.#deprovision(task);
        this.#listener.failed(task);
      });
    }
  }

  /** A container ends by itself; if it is essential the task goes with it. */
  #exit(task: TaskRecord, exited: ContainerRecord): void {
    const { crash } = exited.behaviour;
    if (crash === undefined) return;
    if (crash.reason !== undefined) exited.description.reason = crash.reason;
    if (exited.launch !== undefined) {
      // Nothing but a kill ends a real process from outside; the reason says what is made out to have done it.
      exited.process?.kill();
      return;
    }
    exited.description.lastStatus = 'STOPPED';
    exited.description.exitCode = crash.exitCode;
    if (exited.essential) this.#essentialExited(task);
  }

  #essentialExited(task: TaskRecord): void {
    const { kernel } = this.#state;
    this.#balancingEnds(task);
    for (const { description, launch } of task.containers) {
      if (launch !== undefined) continue;
      description.lastStatus = 'STOPPED';
      description.exitCode ??= 143;
    }
    this.#decide(task, { code: 'EssentialContainerExited', reason: 'Essential container in task exited' });
    this.#stopProcesses(task, () => {
      task.executionStoppedAt = kernel.events.now;
      // The agent reports the exit, then the target is taken out; until then requests go to a closed port.
      this.#later(task, kernel.between(800, 2_500), () => {
        if (this.#isRegistered(task)) this.#enter(task, 'DEACTIVATING');
        this.#deregister(task);
        this.#deprovision(task);
        this.#listener.failed(task);
      });
    });
  }

  /** Requests no longer reach the task. */
  #balancingEnds(task: TaskRecord): void {
    this.#state.balancing.routingChanges();
    task.endpoint.runningSince = undefined;
  }

  #runsForReal(task: TaskRecord): boolean {
    return task.containers.some(({ process }) => process !== undefined);
  }

  /** SIGTERM to the real processes of a task that is to stop, SIGKILL after their stop time-outs. */
  #stopProcesses(task: TaskRecord, then: () => void): void {
    const { events } = this.#state.kernel;
    if (!this.#runsForReal(task)) {
      then();
      return;
    }
    this.#onceSilent.set(task, () => {
      this.#onceSilent.delete(task);
      then();
    });
    for (const container of task.containers) {
      container.process?.terminate();
      events.after(stopTimeoutOf(container), () => container.process?.kill());
    }
  }

  #checked(task: TaskRecord): { interval: number; retries: number; startPeriod: number }[] {
    return (task.definition.definition.containerDefinitions ?? []).flatMap(({ healthCheck, essential }) =>
      healthCheck === undefined || essential === false
        ? []
        : [
            {
              interval: (healthCheck.interval ?? 30) * 1000,
              retries: healthCheck.retries ?? 3,
              startPeriod: (healthCheck.startPeriod ?? 0) * 1000,
            },
          ],
    );
  }

  /** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html */
  #watchHealth(task: TaskRecord): void {
    const { kernel, network } = this.#state;
    const check = this.#checked(task)[0];
    if (check === undefined) return;
    this.#later(task, check.interval, () => {
      const passes = network.probe(task.address, kernel.events.now).kind === 'passing';
      const age = kernel.events.now - (task.endpoint.runningSince ?? kernel.events.now);
      if (passes) task.healthFailures = 0;
      else if (age >= check.startPeriod) task.healthFailures++;
      const before = task.health;
      if (passes) task.health = 'HEALTHY';
      else if (task.healthFailures >= check.retries) task.health = 'UNHEALTHY';
      for (const { description } of task.containers) description.healthStatus = task.health;
      this.#watchHealth(task);
      if (task.health !== before) this.#listener.changed(task);
    });
  }

  #targetChanged(task: TaskRecord): void {
    if (task.lastStatus === 'DEACTIVATING' && task.endpoint.runningSince !== undefined) {
      if (!this.#isRegistered(task)) this.#terminate(task);
    } else if (task.desiredStatus === 'RUNNING') {
      this.#listener.changed(task);
    }
  }

  #isRegistered(task: TaskRecord): boolean {
    return task.targets.some(({ groupArn, port }) =>
      this.#state.balancing.targetGroups.get(groupArn)?.targets.has(`${task.address}:${port}`),
    );
  }

  #deregister(task: TaskRecord): void {
    const { balancing } = this.#state;
    for (const { groupArn, port } of task.targets) {
      const group = balancing.targetGroups.get(groupArn);
      if (group) deregisterTarget(balancing, group, task.address, port);
    }
  }

  /** SIGTERM; after the stop time-out SIGKILL, which makes the exit code 137. */
  #terminate(task: TaskRecord): void {
    const { kernel } = this.#state;
    this.#enter(task, 'STOPPING');
    const since = kernel.events.now;
    const timeout = Math.max(...task.containers.map(stopTimeoutOf), 0);
    const simulated = task.containers.filter(({ launch }) => launch === undefined);
    const slowest = Math.max(...simulated.map(({ behaviour }) => behaviour.shutdown), 0);
    this.#stopProcesses(task, () => {
      const left = since + Math.min(slowest, timeout) - kernel.events.now;
      this.#later(task, Math.max(left, 0), () => {
        this.#balancingEnds(task);
        task.executionStoppedAt = kernel.events.now;
        for (const { description, behaviour } of simulated) {
          description.lastStatus = 'STOPPED';
          description.exitCode ??= behaviour.shutdown > timeout ? 137 : behaviour.stopExitCode;
        }
        this.#deprovision(task);
      });
    });
  }

  #deprovision(task: TaskRecord): void {
    const { kernel } = this.#state;
    this.#enter(task, 'DEPROVISIONING');
    this.#later(task, kernel.between(4_000, 10_000), () => {
      task.stoppedAt = kernel.events.now;
      task.attachment.status = 'DELETED';
      for (const { description } of task.containers) description.lastStatus = 'STOPPED';
      this.#state.network.close(task.address);
      this.#state.tasksByAddress.delete(task.address);
      task.service?.tasks.delete(task);
      this.#enter(task, 'STOPPED');
      this.#timeKept.get(task)?.();
      this.#timeKept.delete(task);
      kernel.events.after(STOPPED_TASKS_STAY, () => this.#state.tasks.delete(task.arn));
    });
  }

  #decide(task: TaskRecord, cause: StopCause): void {
    for (const step of task.pending) step.cancel();
    task.pending.clear();
    task.desiredStatus = 'STOPPED';
    task.stopCode = cause.code;
    task.stoppedReason = cause.reason;
    task.stoppingAt = this.#state.kernel.events.now;
  }

  #enter(task: TaskRecord, status: TaskStatus): void {
    task.lastStatus = status;
    task.version++;
    this.#listener.changed(task);
  }

  #later(task: TaskRecord, delay: number, step: () => void): void {
    const scheduled = this.#state.kernel.events.after(delay, () => {
      task.pending.delete(scheduled);
      step();
    });
    task.pending.add(scheduled);
  }
}
