import type {
  DescribeTasksCommandInput,
  DescribeTasksCommandOutput,
  Failure,
  ListTasksCommandInput,
  ListTasksCommandOutput,
  RunTaskCommandInput,
  RunTaskCommandOutput,
  StopTaskCommandInput,
  StopTaskCommandOutput,
  Task,
} from '@aws-sdk/client-ecs';
import type { Answer } from '../answer.ts';
import { AwsError, type Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import { badToken, clientError, invalidParameter } from './errors.ts';
import type { ClusterRecord, TaskRecord } from './model.ts';
import type { ServiceScheduler } from './service-scheduler.ts';
import type { ContainerService } from './state.ts';
import { ecsTagPairs, ecsTags } from './task-definitions.ts';

const MAX_DESCRIBED = 100;

/** A task as DescribeTasks shows it, without its tags. */
function describeTask(task: TaskRecord): Task {
  const times: Partial<Record<keyof Task, number | undefined>> = {
    connectivityAt: task.connectivityAt,
    pullStartedAt: task.pullStartedAt,
    pullStoppedAt: task.pullStoppedAt,
    startedAt: task.startedAt,
    stoppingAt: task.stoppingAt,
    executionStoppedAt: task.executionStoppedAt,
    stoppedAt: task.stoppedAt,
  };
  const definition = task.definition.definition;
  return {
    taskArn: task.arn,
    clusterArn: task.cluster.arn,
    taskDefinitionArn: task.definition.arn,
    attachments: [structuredClone(task.attachment)],
    attributes: [{ name: 'ecs.cpu-architecture', value: 'x86_64' }],
    availabilityZone: task.zone,
    ...(task.connectivityAt === undefined ? {} : { connectivity: 'CONNECTED' }),
    containers: task.containers.map(({ description }) => structuredClone(description)),
    cpu: definition.cpu,
    memory: definition.memory,
    createdAt: new Date(task.createdAt),
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: task.service?.settings.enableExecuteCommand ?? false,
    group: task.group,
    healthStatus: task.health,
    lastStatus: task.lastStatus,
    launchType: 'FARGATE',
    overrides: structuredClone(task.overrides),
    platformVersion: '1.4.0',
    platformFamily: 'Linux',
    startedBy: task.startedBy,
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    version: task.version,
    ephemeralStorage: { sizeInGiB: 20 },
    ...Object.fromEntries(
      Object.entries(times).flatMap(([name, at]) => (at === undefined ? [] : [[name, new Date(at)]])),
    ),
  };
}

/** Tasks: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html */
export function taskOperations(state: ContainerService, scheduler: ServiceScheduler): Operations {
  const arnOf = (cluster: ClusterRecord, reference: string): string =>
    reference.startsWith('arn:') ? reference : state.kernel.arn('ecs', `task/${cluster.name}/${reference}`);

  const runs = new Map<string, { readonly request: string; readonly tasks: readonly TaskRecord[] }>();

  /** The tasks of an earlier call with the same client token. */
  const repeated = (input: RunTaskCommandInput): readonly TaskRecord[] | undefined => {
    const run = input.clientToken === undefined ? undefined : runs.get(input.clientToken);
    if (run !== undefined && run.request !== JSON.stringify(input)) {
      throw new AwsError(
        'ConflictException',
        'The clientToken was already used with a request whose parameters differ.',
        400,
        { resourceIds: run.tasks.map((task) => task.arn) },
      );
    }
    return run?.tasks;
  };

  return {
    ListTasks(input: ListTasksCommandInput): Answer<ListTasksCommandOutput> {
      const cluster = state.cluster(input.cluster);
      const service = input.serviceName === undefined ? undefined : state.service(cluster, input.serviceName);
      const desired = input.desiredStatus === 'STOPPED' ? 'STOPPED' : 'RUNNING';
      const arns = [...state.tasks.values()]
        .filter((task) => task.cluster === cluster && task.desiredStatus === desired)
        .filter((task) => service === undefined || task.service === service)
        .filter((task) => input.family === undefined || task.definition.family === input.family)
        .filter((task) => input.startedBy === undefined || task.startedBy === input.startedBy)
        .filter(() => input.launchType === undefined || input.launchType === 'FARGATE')
        .map((task) => task.arn);
      const { items, next } = page(arns, input.nextToken, input.maxResults ?? 100, badToken);
      return next === undefined ? { taskArns: items } : { taskArns: items, nextToken: next };
    },

    DescribeTasks(input: DescribeTasksCommandInput): Answer<DescribeTasksCommandOutput> {
      const cluster = state.cluster(input.cluster);
      const references = input.tasks ?? [];
      if (references.length === 0) throw invalidParameter('Tasks cannot be empty.');
      if (references.length > MAX_DESCRIBED) {
        throw invalidParameter(`Tasks cannot have more than ${MAX_DESCRIBED} entries.`);
      }
      const tasks: Task[] = [];
      const failures: Failure[] = [];
      for (const reference of references) {
        const arn = arnOf(cluster, reference);
        const task = state.tasks.get(arn);
        if (task === undefined) failures.push({ arn, reason: 'MISSING' });
        else if (input.include?.includes('TAGS')) {
          tasks.push({ ...describeTask(task), tags: ecsTags(state.tags.read(arn)) });
        } else tasks.push(describeTask(task));
      }
      return { tasks, failures };
    },

    StopTask(input: StopTaskCommandInput): Answer<StopTaskCommandOutput> {
      const cluster = state.cluster(input.cluster);
      const task = state.tasks.get(arnOf(cluster, input.task ?? ''));
      if (task === undefined) throw invalidParameter('The referenced task was not found.');
      scheduler.life.stop(task, { code: 'UserInitiated', reason: input.reason ?? 'Task stopped by user' });
      return { task: describeTask(task) };
    },

    RunTask(input: RunTaskCommandInput): Answer<RunTaskCommandOutput> {
      const cluster = state.cluster(input.cluster);
      const definition = state.findTaskDefinition(input.taskDefinition ?? '');
      if (definition === undefined) throw clientError('TaskDefinition not found.');
      if (definition.definition.status !== 'ACTIVE') throw clientError('TaskDefinition is inactive');
      const count = input.count ?? 1;
      if (count < 1 || count > 10) throw invalidParameter('count must be between 1 and 10.');
      if ((input.startedBy?.length ?? 0) > 128)
        throw invalidParameter('startedBy is longer than 128 characters.');
      const { networkConfiguration } = input;
      if (definition.definition.networkMode === 'awsvpc' && !networkConfiguration?.awsvpcConfiguration) {
        throw invalidParameter(
          "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        );
      }
      const start = (): TaskRecord => {
        const task = scheduler.life.start({
          cluster,
          definition,
          ...(input.startedBy === undefined ? {} : { startedBy: input.startedBy }),
          ...(input.group === undefined ? {} : { group: input.group }),
          ...(input.overrides === undefined ? {} : { overrides: input.overrides }),
        });
        if (input.tags?.length) state.tags.add(task.arn, ecsTagPairs(input.tags));
        return task;
      };
      const tasks = repeated(input) ?? Array.from({ length: count }, start);
      if (input.clientToken !== undefined) {
        runs.set(input.clientToken, { request: JSON.stringify(input), tasks });
      }
      return { tasks: tasks.map(describeTask), failures: [] };
    },
  };
}
