import type {
  ContainerDefinition,
  DeregisterTaskDefinitionCommandInput,
  DeregisterTaskDefinitionCommandOutput,
  DescribeTaskDefinitionCommandInput,
  DescribeTaskDefinitionCommandOutput,
  ListTaskDefinitionFamiliesCommandInput,
  ListTaskDefinitionFamiliesCommandOutput,
  ListTaskDefinitionsCommandInput,
  ListTaskDefinitionsCommandOutput,
  RegisterTaskDefinitionCommandInput,
  RegisterTaskDefinitionCommandOutput,
  TaskDefinition,
} from '@aws-sdk/client-ecs';
import type { Answer } from '../answer.ts';
import type { Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import { badToken, clientError } from './errors.ts';
import type { TaskDefinitionRecord } from './model.ts';
import type { ContainerService } from './state.ts';
import { checkTaskDefinition, units } from './task-definition-checks.ts';

const A_PAGE = 100;

const completeContainer = (container: ContainerDefinition, awsvpc: boolean): ContainerDefinition => ({
  ...structuredClone(container),
  cpu: container.cpu ?? 0,
  portMappings: (container.portMappings ?? []).map((mapping) => ({
    ...mapping,
    ...(mapping.containerPort === undefined
      ? {}
      : { hostPort: mapping.hostPort ?? (awsvpc ? mapping.containerPort : 0) }),
    protocol: mapping.protocol ?? 'tcp',
  })),
  essential: container.essential ?? true,
  environment: container.environment ?? [],
  mountPoints: container.mountPoints ?? [],
  volumesFrom: container.volumesFrom ?? [],
  systemControls: container.systemControls ?? [],
});

/**
 * Registers the next revision of a family.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
 *
 * @throws AwsError `ClientException`, `InvalidParameterException`
 */
export function addTaskDefinition(
  state: ContainerService,
  input: RegisterTaskDefinitionCommandInput,
  registeredAt: number,
): TaskDefinitionRecord {
  const family = input.family ?? '';
  checkTaskDefinition(input);
  const revisions = state.families.get(family) ?? [];
  const revision = (revisions.at(-1)?.revision ?? 0) + 1;
  const arn = state.kernel.arn('ecs', `task-definition/${family}:${revision}`);
  const { tags, containerDefinitions, ...rest } = structuredClone(input);
  const definition: TaskDefinition = {
    ...rest,
    taskDefinitionArn: arn,
    containerDefinitions: (containerDefinitions ?? []).map((container) =>
      completeContainer(container, input.networkMode === 'awsvpc'),
    ),
    family,
    revision,
    volumes: rest.volumes ?? [],
    status: 'ACTIVE',
    requiresAttributes: [{ name: 'com.amazonaws.ecs.capability.docker-remote-api.1.18' }],
    placementConstraints: rest.placementConstraints ?? [],
    compatibilities: input.networkMode === 'awsvpc' ? ['EC2', 'FARGATE'] : ['EC2'],
    registeredAt: new Date(registeredAt),
    registeredBy: `arn:aws:sts::${state.kernel.accountId}:assumed-role/deploy/session`,
  };
  if (rest.cpu !== undefined) definition.cpu = units(rest.cpu);
  if (rest.memory !== undefined) definition.memory = units(rest.memory);
  const record: TaskDefinitionRecord = { arn, family, revision, definition };
  state.families.set(family, [...revisions, record]);
  if (tags) state.tags.add(arn, ecsTagPairs(tags));
  return record;
}

/** ECS's list of tags as pairs. */
export const ecsTagPairs = (
  tags: readonly { key?: string | undefined; value?: string | undefined }[],
): [key: string, value: string][] => tags.map((tag) => [tag.key ?? '', tag.value ?? '']);

/** Pairs as ECS's list of tags. */
export const ecsTags = (
  pairs: readonly (readonly [key: string, value: string])[],
): { key: string; value: string }[] => pairs.map(([key, value]) => ({ key, value }));

/** Task definitions: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html */
export function taskDefinitionOperations(state: ContainerService): Operations {
  return {
    RegisterTaskDefinition(
      input: RegisterTaskDefinitionCommandInput,
    ): Answer<RegisterTaskDefinitionCommandOutput> {
      const { definition } = addTaskDefinition(state, input, state.kernel.events.now);
      return { taskDefinition: structuredClone(definition), tags: input.tags ?? [] };
    },

    DescribeTaskDefinition(
      input: DescribeTaskDefinitionCommandInput,
    ): Answer<DescribeTaskDefinitionCommandOutput> {
      const record = state.findTaskDefinition(input.taskDefinition ?? '');
      if (record === undefined) throw clientError('Unable to describe task definition.');
      const taskDefinition = structuredClone(record.definition);
      if (!input.include?.includes('TAGS')) return { taskDefinition };
      return { taskDefinition, tags: ecsTags(state.tags.read(record.arn)) };
    },

    DeregisterTaskDefinition(
      input: DeregisterTaskDefinitionCommandInput,
    ): Answer<DeregisterTaskDefinitionCommandOutput> {
      const reference = input.taskDefinition ?? '';
      if (!/:\d+$/.test(reference))
        throw clientError('The specified task definition must include a revision.');
      const record = state.findTaskDefinition(reference);
      if (record === undefined) throw clientError('The specified task definition does not exist.');
      if (record.definition.status === 'ACTIVE') {
        record.definition = {
          ...record.definition,
          status: 'INACTIVE',
          deregisteredAt: new Date(state.kernel.events.now),
        };
      }
      return { taskDefinition: structuredClone(record.definition) };
    },

    ListTaskDefinitions(input: ListTaskDefinitionsCommandInput): Answer<ListTaskDefinitionsCommandOutput> {
      const status = input.status ?? 'ACTIVE';
      const arns = [...state.families.entries()]
        .filter(([family]) => input.familyPrefix === undefined || family === input.familyPrefix)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, revisions]) => revisions)
        .filter((record) => record.definition.status === status)
        .map((record) => record.arn);
      if (input.sort === 'DESC') arns.reverse();
      const { items, next } = page(arns, input.nextToken, input.maxResults ?? A_PAGE, badToken);
      return next === undefined
        ? { taskDefinitionArns: items }
        : { taskDefinitionArns: items, nextToken: next };
    },

    ListTaskDefinitionFamilies(
      input: ListTaskDefinitionFamiliesCommandInput,
    ): Answer<ListTaskDefinitionFamiliesCommandOutput> {
      const isActive = (revisions: readonly TaskDefinitionRecord[]): boolean =>
        revisions.some((record) => record.definition.status === 'ACTIVE');
      const families = [...state.families.entries()]
        .filter(([family]) => family.startsWith(input.familyPrefix ?? ''))
        .filter(([, revisions]) => {
          if (input.status === 'INACTIVE') return !isActive(revisions);
          return input.status !== 'ACTIVE' || isActive(revisions);
        })
        .map(([family]) => family)
        .sort();
      const { items, next } = page(families, input.nextToken, input.maxResults ?? A_PAGE, badToken);
      return next === undefined ? { families: items } : { families: items, nextToken: next };
    },
  };
}
