import type {
  DescribeTasksCommandInput,
  DescribeTasksCommandOutput,
  Failure,
  ListTasksCommandInput,
  ListTasksCommandOutput,
  StopTaskCommandInput,
  StopTaskCommandOutput,
  Task,
} from '@aws-sdk/client-ecs';
import type { Answer } from '../answer.ts';
import type { Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import { badToken, invalidParameter } from './errors.ts';
import type { ClusterRecord, TaskRecord } from './model.ts';
import { runTaskOperation } from './run-task.ts';
import type { ServiceScheduler } from './service-scheduler.ts';
import type { ContainerService } from './state.ts';
import { ecsTags } from './task-definitions.ts';

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
    cpu: task.overrides.cpu ?? definition.cpu,
    memory: task.overrides.memory ?? definition.memory,
    createdAt: new Date(task.createdAt),
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: task.service?.settings.enableExecuteCommand ?? false,
    group: task.group,
    healthStatus: task.health,
    lastStatus: task.lastStatus,
    ...task.place,
    overrides: structuredClone(task.overrides),
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

  /** As AWS says of RunTask, what it has started may not be seen by the next calls. */
  const isKnown = (task: TaskRecord): boolean => task.knownFrom <= state.kernel.events.now;

  return {
    ListTasks(input: ListTasksCommandInput): Answer<ListTasksCommandOutput> {
      const { startedBy, serviceName, family, launchType, containerInstance } = input;
      if (
        startedBy !== undefined &&
        (serviceName ?? family ?? launchType ?? containerInstance) !== undefined
      ) {
        throw invalidParameter('When startedBy is specified, it must be the only filter.');
      }
      const cluster = state.cluster(input.cluster);
      const service = input.serviceName === undefined ? undefined : state.service(cluster, input.serviceName);
      const desired = input.desiredStatus === 'STOPPED' ? 'STOPPED' : 'RUNNING';
      const arns = [...state.tasks.values()]
        .filter((task) => task.cluster === cluster && task.desiredStatus === desired && isKnown(task))
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
        if (task === undefined || !isKnown(task)) failures.push({ arn, reason: 'MISSING' });
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

    RunTask: runTaskOperation(state, scheduler, (task) => ({
      ...describeTask(task),
      tags: ecsTags([...state.tags.current(task.arn)]),
    })),
  };
}
