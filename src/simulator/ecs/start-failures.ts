import { logTargetOf, openGroup } from './log-driver.ts';
import type { ContainerRecord, TaskRecord } from './model.ts';
import type { ContainerService } from './state.ts';

/**
 * Why a container of a task cannot be started, as DescribeTasks tells it; its log group is created where its settings
 * say so.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
 */
export function startFailureOf(
  state: ContainerService,
  _task: TaskRecord,
  { definition, behaviour }: ContainerRecord,
): string | undefined {
  const image = definition.image ?? '';
  if (behaviour.pull === 'failing') {
    return `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: ${image}: not found`;
  }
  const target = logTargetOf(definition, state.kernel.region);
  if (target !== undefined && openGroup(state.logs, target) === undefined) {
    return 'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1';
  }
  return undefined;
}
