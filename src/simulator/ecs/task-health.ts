import type { TargetRecord } from '../elbv2/model.ts';
import type { TaskRecord } from './model.ts';
import type { ContainerService } from './state.ts';

/** Without a load balancer or container health check a task counts as healthy this long after it runs, in ms. */
export const SETTLE_WITHOUT_CHECKS = 40_000;

/** Whether a task is meant to run; it may not have started yet. */
export const isWanted = (task: TaskRecord): boolean => task.desiredStatus === 'RUNNING';

/** Whether a task still takes the place of a running one: it starts, runs or drains. */
export const takesPlace = (task: TaskRecord): boolean =>
  isWanted(task) || task.lastStatus === 'DEACTIVATING' || task.lastStatus === 'STOPPING';

const targetOf = (
  state: ContainerService,
  task: TaskRecord,
  { groupArn, port }: TaskRecord['targets'][number],
): TargetRecord | undefined =>
  state.balancing.targetGroups.get(groupArn)?.targets.get(`${task.address}:${port}`);

/**
 * Whether the scheduler counts the task towards the minimum: it runs and every check of it passes.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
 */
export function isHealthy(state: ContainerService, task: TaskRecord): boolean {
  if (!isWanted(task) || task.lastStatus !== 'RUNNING' || task.startedAt === undefined) return false;
  const checked = task.definition.definition.containerDefinitions?.some(
    ({ healthCheck, essential }) => healthCheck !== undefined && essential !== false,
  );
  if (checked && task.health !== 'HEALTHY') return false;
  if (task.targets.length === 0) {
    return checked === true || state.kernel.events.now - task.startedAt >= SETTLE_WITHOUT_CHECKS;
  }
  return task.targets.every((target) => targetOf(state, task, target)?.state === 'healthy');
}

/** What is wrong with a task, in AWS's words for the event and for the task's `stoppedReason`. */
export interface Ailment {
  readonly event: string;
  readonly stoppedReason: string;
}

/** The failing health check of a task: its container's, or else a load balancer's. */
export function ailmentOf(state: ContainerService, task: TaskRecord): Ailment | undefined {
  if (task.health === 'UNHEALTHY') {
    return {
      event: `(task ${task.id}) failed container health checks.`,
      stoppedReason: 'Task failed container health checks',
    };
  }
  for (const target of task.targets) {
    const record = targetOf(state, task, target);
    if (record?.state !== 'unhealthy') continue;
    return {
      event: `(task ${task.id}) (port ${target.port}) is unhealthy in (target-group ${target.groupArn}) due to (reason ${record.description ?? 'Health checks failed'}).`,
      stoppedReason: `Task failed ELB health checks in (target-group ${target.groupArn})`,
    };
  }
  return undefined;
}
