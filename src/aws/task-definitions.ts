import {
  DescribeServicesCommand,
  type DescribeServicesCommandOutput,
  DescribeTaskDefinitionCommand,
  type DescribeTaskDefinitionCommandOutput,
  ECSClient,
  ListTaskDefinitionsCommand,
  type ListTaskDefinitionsCommandOutput,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  type RegisterTaskDefinitionCommandOutput,
} from '@aws-sdk/client-ecs';
import { nameIn } from '../arn.ts';
import { ConfigError, DeployError } from '../errors.ts';
import type {
  RegisteredTaskDefinition,
  TaskDefinitionRegistration,
  TaskDefinitionRevision,
  TaskDefinitions,
} from '../ports.ts';
import { clean } from '../taskdef/clean.ts';
import type { TaskDefinition } from '../taskdef/definition.ts';
import { sameDefinition } from '../taskdef/equal.ts';
import { clusterRefusal } from './cluster-refusal.ts';
import { type Connection, call, clientSettings, isUncertain } from './connection.ts';

/** How long a registration whose fate is unknown is looked for and tried again. */
const REGISTRATION_PATIENCE_MS = 90_000;
/** Reads lag behind writes: when to look again for a revision that may have been registered. */
const LOOKS_MS = [500, 1_500, 3_000];

/**
 * The task definitions of ECS. Permissions: ecs:DescribeTaskDefinition, ecs:RegisterTaskDefinition (with ecs:TagResource
 * when there are tags, and iam:PassRole for the roles), ecs:ListTaskDefinitions, ecs:DescribeServices; each only for the
 * method that needs it. Errors are those of `call`, and ConfigError for what ECS refuses.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
 */
export function taskDefinitions(connection: Connection): TaskDefinitions {
  const { clock, signal } = connection;
  const client = new ECSClient(clientSettings(connection));
  // Registering is not idempotent: repeating a call whose answer was lost would make a second revision.
  const registrar = new ECSClient(clientSettings(connection, { retryFaults: false }));
  const send = <Output>(command: object, through = client): Promise<Output> =>
    call<Output>(connection, 'ecs', through, command);

  async function find(reference: string): Promise<RegisteredTaskDefinition | undefined> {
    const command = new DescribeTaskDefinitionCommand({ taskDefinition: reference, include: ['TAGS'] });
    try {
      return registered(await send<DescribeTaskDefinitionCommandOutput>(command));
    } catch (error) {
      if (isRefusal(error, /unable to describe task definition/i)) return undefined;
      throw refusal(`task definition ${reference}`, error);
    }
  }

  async function register(definition: TaskDefinition): Promise<TaskDefinitionRegistration> {
    const wanted = clean(definition);
    const newest = await find(wanted.family);
    if (newest && sameDefinition(newest.definition, wanted)) return { ...newest, created: false };
    const before = newest?.revision ?? 0;
    const deadline = clock.now() + REGISTRATION_PATIENCE_MS;
    const command = new RegisterTaskDefinitionCommand(registrationInput(wanted));
    for (;;) {
      try {
        const output = await send<RegisterTaskDefinitionCommandOutput>(command, registrar);
        return { ...registered(output), created: true };
      } catch (error) {
        if (signal?.aborted || !isWorthAnotherLook(error)) {
          throw refusal(`task definition ${wanted.family}`, error);
        }
        const ours = await appeared(wanted, before);
        if (ours) return { ...ours, created: true };
        if (signal?.aborted) throw error;
        if (clock.now() >= deadline) throw unknownFate(wanted.family, error);
      }
    }
  }

  /** A revision newer than `before` that is what we wanted to register, if one shows up. */
  async function appeared(
    wanted: TaskDefinition,
    before: number,
  ): Promise<RegisteredTaskDefinition | undefined> {
    for (const ms of LOOKS_MS) {
      await clock.sleep(ms, signal);
      if (signal?.aborted) return undefined;
      // Another pipeline may have registered its own since.
      let candidate = await find(wanted.family);
      while (candidate && candidate.revision > before) {
        if (candidate.active && sameDefinition(candidate.definition, wanted)) return candidate;
        const lower = candidate.revision - 1;
        candidate = lower > before ? await find(`${wanted.family}:${lower}`) : undefined;
      }
    }
    return undefined;
  }

  async function* list(family: string): AsyncGenerator<TaskDefinitionRevision, void> {
    let nextToken: string | undefined;
    do {
      const command = new ListTaskDefinitionsCommand({
        familyPrefix: family,
        status: 'ACTIVE',
        sort: 'DESC',
        maxResults: 100,
        nextToken,
      });
      const page = await send<ListTaskDefinitionsCommandOutput>(command);
      for (const arn of page.taskDefinitionArns ?? []) {
        const revision = revisionOf(arn);
        if (revision?.family === family) yield revision;
      }
      nextToken = page.nextToken;
    } while (nextToken);
  }

  async function ofService(cluster: string, service: string): Promise<RegisteredTaskDefinition> {
    const command = new DescribeServicesCommand({ cluster, services: [service] });
    const described = await send<DescribeServicesCommandOutput>(command).catch((error: unknown) => {
      throw clusterRefusal(cluster, error);
    });
    const [found] = described.services ?? [];
    const wrong = (message: string) => new ConfigError({ input: 'service', message });
    if (!found) {
      throw wrong(
        `there is no service "${service}" in cluster "${nameIn(cluster)}"; check both names and AWS_REGION`,
      );
    }
    if (found.status !== 'ACTIVE') {
      const state = found.status === 'DRAINING' ? 'is being deleted' : 'was deleted';
      throw wrong(
        `service "${service}" in cluster "${nameIn(cluster)}" ${state} (${found.status}); create it again, or name another one`,
      );
    }
    if (!found.taskDefinition) {
      throw wrong(
        `service "${service}" in cluster "${nameIn(cluster)}" keeps its task definitions in task sets, which belong to its external deployment controller; give task-definition-family or task-definition-arn instead`,
      );
    }
    const definition = await find(found.taskDefinition);
    if (!definition) {
      throw wrong(
        `service "${service}" runs ${found.taskDefinition}, which was deleted; give task-definition or task-definition-family instead`,
      );
    }
    return definition;
  }

  return { find, register, list, ofService };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html */
function registered({
  taskDefinition,
  tags,
}: DescribeTaskDefinitionCommandOutput | RegisterTaskDefinitionCommandOutput): RegisteredTaskDefinition {
  const identity = revisionOf(taskDefinition?.taskDefinitionArn ?? '');
  if (!taskDefinition || !identity) throw new Error('AWS answered a task definition without its ARN');
  // Through JSON: dates become texts and what is undefined goes, which is the form that the type promises.
  const definition = JSON.parse(JSON.stringify({ ...taskDefinition, tags })) as TaskDefinition;
  return { ...identity, active: taskDefinition.status === 'ACTIVE', definition: clean(definition) };
}

/** The SDK's type is the same JSON with the values of today's fields spelled out; AWS is the judge of those. */
const registrationInput = (definition: TaskDefinition): RegisterTaskDefinitionCommandInput =>
  definition as unknown as RegisterTaskDefinitionCommandInput;

function revisionOf(arn: string): TaskDefinitionRevision | undefined {
  const [, family, revision] = /:task-definition\/([^/:]+):(\d+)$/.exec(arn) ?? [];
  return family && revision ? { arn, family, revision: Number(revision) } : undefined;
}

/** What AWS says about a request that it will never take. */
const isRefusal = (error: unknown, message = /^/): error is Error =>
  error instanceof Error &&
  /^(ClientException|InvalidParameterException|SerializationException)$/.test(error.name) &&
  message.test(error.message);

const refusal = (input: string, error: unknown): unknown =>
  isRefusal(error)
    ? new ConfigError({ input, message: `ECS refuses it: ${error.message}` }, { cause: error })
    : error;

/** Whether the revision may be there now or may be registered by trying again. */
function isWorthAnotherLook(error: unknown): boolean {
  // What `call` explains to the user, and what never left this process, cannot be mended by patience.
  if (error instanceof DeployError || error instanceof ConfigError || error instanceof TypeError)
    return false;
  return isUncertain(error) || isRefusal(error, /too many concurrent attempts/i);
}

const unknownFate = (family: string, cause: unknown): DeployError =>
  new DeployError(
    `ECS did not confirm a new revision of task definition ${family} within ${REGISTRATION_PATIENCE_MS / 1000} s: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      state: 'No service was changed. The revision may have been registered all the same; it does no harm.',
      next: 'Run the job again: a revision that is the same is used, not registered twice.',
      cause,
    },
  );
