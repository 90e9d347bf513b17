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
  task: TaskRecord,
  { definition, behaviour }: ContainerRecord,
): string | undefined {
  if (behaviour.secrets === 'denied') return secretsDenied(state, task, definition.secrets?.[0]?.valueFrom);
  const image = definition.image ?? '';
  if (behaviour.pull === 'failing') {
    return `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: ${image}: not found`;
  }
  if (behaviour.pull === 'unreachable') {
    const { host, path, tag } = partsOf(image);
    return `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref ${image}: failed to do request: Head "https://${host}/v2/${path}/manifests/${tag}": dial tcp 203.0.113.10:443: i/o timeout`;
  }
  const target = logTargetOf(definition, state.kernel.region);
  if (target !== undefined && openGroup(state.logs, target) === undefined) {
    return 'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1';
  }
  return undefined;
}

function secretsDenied({ kernel }: ContainerService, task: TaskRecord, from: string | undefined): string {
  const secret = from ?? kernel.arn('secretsmanager', 'secret:app');
  const role = task.definition.definition.executionRoleArn?.split('/').at(-1) ?? 'ecsTaskExecutionRole';
  const fromManager = secret.startsWith('arn:') && secret.includes(':secretsmanager:');
  const action = fromManager ? 'secretsmanager:GetSecretValue' : 'ssm:GetParameters';
  const resource = secret.startsWith('arn:') ? secret : kernel.arn('ssm', `parameter/${secret}`);
  const what = fromManager
    ? `unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret ${secret} from secrets manager`
    : 'unable to retrieve secrets from ssm: service call has been retried 1 time(s)';
  return `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ${what}: AccessDeniedException: User: arn:aws:sts::${kernel.accountId}:assumed-role/${role}/${task.id} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action status code: 400`;
}

function partsOf(image: string): { host: string; path: string; tag: string } {
  const [, named, path = '', tag = 'latest'] =
    /^(?:([^/]+[.:][^/]*)\/)?([^:@]+)(?:[:@](.+))?$/.exec(image) ?? [];
  return { host: named ?? 'registry-1.docker.io', path, tag };
}
