import type {
  Failure,
  RunTaskCommandInput,
  RunTaskCommandOutput,
  Tag,
  Task,
  TaskOverride,
} from '@aws-sdk/client-ecs';
import type { Answer } from '../answer.ts';
import { AwsError, type Operation } from '../operation.ts';
import { clientError, invalidParameter } from './errors.ts';
import type { ClusterRecord, TaskDefinitionRecord, TaskRecord } from './model.ts';
import { checkNetwork, definitionFor } from './service-checks.ts';
import type { ServiceScheduler } from './service-scheduler.ts';
import type { ContainerService } from './state.ts';
import { checkFargateSize } from './task-definition-checks.ts';
import { ecsTagPairs } from './task-definitions.ts';

/** What Fargate says when it has no room. */
const NO_CAPACITY =
  'Capacity is unavailable at this time. Please try again later or in a different availability zone';

/** What a client token stands for. */
interface Run {
  readonly request: string;
  readonly tasks: readonly TaskRecord[];
}

/**
 * RunTask: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html. A client token that was used
 * before gives the tasks that it gave then, whatever has become of them.
 *
 * @param describe a task as the answer shows it
 */
export function runTaskOperation(
  state: ContainerService,
  scheduler: ServiceScheduler,
  describe: (task: TaskRecord) => Task,
): Operation {
  const runs = new Map<string, Run>();

  return (input: RunTaskCommandInput): Answer<RunTaskCommandOutput> => {
    const cluster = state.cluster(input.cluster);
    const token = input.clientToken === undefined ? undefined : `${cluster.name} ${input.clientToken}`;
    const earlier = token === undefined ? undefined : runs.get(token);
    if (earlier !== undefined) {
      if (earlier.request !== JSON.stringify(input)) throw conflict(earlier);
      return { tasks: earlier.tasks.map(describe), failures: [] };
    }
    const definition = definitionFor(state, input.taskDefinition);
    check(input, definition);
    const count = input.count ?? 1;
    if (state.callsWithoutCapacity > 0) {
      state.callsWithoutCapacity -= 1;
      return { tasks: [], failures: Array.from({ length: count }, (): Failure => ({ reason: NO_CAPACITY })) };
    }
    const tags = tagsOf(state, input, cluster, definition);
    const tasks = Array.from({ length: count }, () => {
      const task = scheduler.life.start({
        cluster,
        definition,
        settings: input,
        ...(input.startedBy === undefined ? {} : { startedBy: input.startedBy }),
        ...(input.group === undefined ? {} : { group: input.group }),
        ...(input.overrides === undefined ? {} : { overrides: completed(input.overrides) }),
      });
      if (tags.length > 0) state.tags.add(task.arn, ecsTagPairs(tags));
      return task;
    });
    if (token !== undefined) runs.set(token, { request: JSON.stringify(input), tasks });
    return { tasks: tasks.map(describe), failures: [] };
  };
}

const conflict = (run: Run): AwsError =>
  new AwsError(
    'ConflictException',
    'The RunTask request could not be processed due to conflicts. The provided clientToken is already in use with a different RunTask request. The resourceIds are the existing task ARNs which are already associated with the clientToken.',
    400,
    { resourceIds: run.tasks.map((task) => task.arn) },
  );

/** As DescribeTasks shows them. */
const completed = (overrides: TaskOverride): TaskOverride => ({
  containerOverrides: [],
  inferenceAcceleratorOverrides: [],
  ...overrides,
});

function check(input: RunTaskCommandInput, definition: TaskDefinitionRecord): void {
  const { count = 1, startedBy = '', clientToken = '' } = input;
  if (count < 1 || count > 10) throw invalidParameter('count must be between 1 and 10.');
  if (startedBy.length > 128) throw invalidParameter('startedBy is longer than 128 characters.');
  if (!/^[\w/-]*$/.test(startedBy)) throw invalidParameter('startedBy contains invalid characters.');
  if (clientToken.length > 64) throw invalidParameter('clientToken is longer than 64 characters.');
  checkNetwork(input, definition);
  checkCapacity(input);
  checkOverrides(input.overrides ?? {}, definition);
  if (input.propagateTags === 'SERVICE') {
    throw invalidParameter('propagateTags SERVICE is only valid for tasks of a service.');
  }
  const { awsvpcConfiguration } = input.networkConfiguration ?? {};
  if (definition.definition.networkMode !== 'awsvpc' && awsvpcConfiguration !== undefined) {
    throw invalidParameter(
      'Network Configuration is not valid for the given networkMode of this task definition.',
    );
  }
  if (awsvpcConfiguration?.subnets?.length === 0) throw invalidParameter('subnets can not be empty.');
}

/** Without a strategy and a launch type the launch type is EC2, for which no cluster here has any instances. */
function checkCapacity({ launchType, capacityProviderStrategy = [], platformVersion }: RunTaskCommandInput) {
  for (const { capacityProvider = '' } of capacityProviderStrategy) {
    if (capacityProvider !== 'FARGATE' && capacityProvider !== 'FARGATE_SPOT') {
      throw invalidParameter(`The specified capacity provider '${capacityProvider}' was not found.`);
    }
  }
  if (capacityProviderStrategy.length === 0 && launchType !== 'FARGATE') {
    throw invalidParameter('No Container Instances were found in your cluster.');
  }
  if (!['LATEST', '1.4.0', '1.3.0', undefined].includes(platformVersion)) {
    throw new AwsError('PlatformUnknownException', 'The specified platform does not exist.');
  }
}

function checkOverrides(overrides: TaskOverride, { definition }: TaskDefinitionRecord): void {
  for (const { name } of overrides.containerOverrides ?? []) {
    if (!name) throw invalidParameter('Container override must have a name.');
    if (!definition.containerDefinitions?.some((container) => container.name === name)) {
      throw invalidParameter(
        `Override for container named ${name} is not a container in the TaskDefinition.`,
      );
    }
  }
  const { cpu, memory, containerOverrides = [] } = overrides;
  if (cpu !== undefined || memory !== undefined) {
    checkFargateSize(cpu ?? definition.cpu ?? '', memory ?? definition.memory ?? '');
  }
  if (JSON.stringify(containerOverrides).length > 8192) {
    throw clientError('Container Overrides length must be at most 8192');
  }
}

function tagsOf(
  state: ContainerService,
  input: RunTaskCommandInput,
  cluster: ClusterRecord,
  definition: TaskDefinitionRecord,
): Tag[] {
  const inherited = input.propagateTags === 'TASK_DEFINITION' ? [...state.tags.current(definition.arn)] : [];
  const managed = input.enableECSManagedTags ? [{ key: 'aws:ecs:clusterName', value: cluster.name }] : [];
  return [...managed, ...inherited.map(([key, value]) => ({ key, value })), ...(input.tags ?? [])];
}
