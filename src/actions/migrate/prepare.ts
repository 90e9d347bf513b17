import { nameIn } from '../../arn.ts';
import { ConfigError } from '../../errors.ts';
import type { ServiceTasks, TaskDefinitions, TaskPlacement, Tasks } from '../../ports.ts';
import { type LogSource, logSource, onlyEssential } from '../../task-run/log-place.ts';
import { isList, type TaskDefinition } from '../../taskdef/definition.ts';
import type { ActionContext } from '../action.ts';
import { asProblem, produce } from '../render-task-definition/produce.ts';
import type { GivenPlacement, Inputs } from './inputs.ts';

/** All that a task needs, of which nothing was changed yet. */
export interface Prepared {
  /** The cluster's name. */
  readonly cluster: string;
  readonly definition: TaskDefinition;
  /** Where the definition came from, for the log. */
  readonly origin: string;
  /** ARN of the revision that is run as it is; without it the definition has to be registered. */
  readonly revision: string | undefined;
  readonly container: string;
  readonly placement: TaskPlacement;
  readonly log: LogSource;
  /** ARN of what the service runs, where there is one. */
  readonly running: string | undefined;
}

/** @throws ConfigError with everything that stands in the way; reads only */
export async function prepare(
  inputs: Inputs,
  context: ActionContext,
  aws: { readonly tasks: Tasks; readonly taskDefinitions: TaskDefinitions },
): Promise<Prepared> {
  const { cluster, service, source, images } = inputs;
  const [beside, produced] = await Promise.all([
    service === undefined ? undefined : aws.tasks.ofService(cluster, service),
    produce(
      {
        source,
        ...(service !== undefined && { service: { cluster, service } }),
        settings: { containers: images, task: {} },
        requireDigest: false,
        showValues: false,
        warnings: [],
      },
      context,
      async () => aws.taskDefinitions,
    ),
  ]);
  const { definition, findings, origin, registered } = produced;
  const errors = findings.flatMap((finding) => asProblem(finding, origin));
  if (errors.length > 0) throw new ConfigError(errors);
  if (registered && images.length === 0 && !registered.active) {
    throw new ConfigError({
      input: 'task-definition',
      message: `${registered.family}:${registered.revision} was deregistered, and ECS starts no task of it; name another revision`,
    });
  }
  const container = containerOf(definition, inputs.container);
  const log = logSource(definition, container);
  requireLog(inputs, log);
  return {
    cluster: beside?.cluster ?? nameIn(cluster),
    definition,
    origin,
    revision: images.length === 0 ? registered?.arn : undefined,
    container,
    placement: placementOf(inputs.placement, beside, definition),
    log,
    running: beside?.taskDefinition,
  };
}

/** @throws ConfigError when it does not exist, or several could be meant */
function containerOf(definition: TaskDefinition, given: string | undefined): string {
  const { family, containerDefinitions } = definition;
  const names = containerDefinitions.map(({ name }) => name);
  const fail = (message: string): never => {
    throw new ConfigError({ input: 'container-name', message });
  };
  if (given !== undefined) {
    return (
      names.find((name) => name === given) ??
      fail(`${family} has no container "${given}"; it has ${names.join(', ')}`)
    );
  }
  const only = names.length === 1 ? names[0] : onlyEssential(definition);
  return (
    only ??
    fail(
      `is required, because ${family} has several containers; name the one that runs the command: ${names.join(', ')}`,
    )
  );
}

/** @throws ConfigError when a command is to be judged by an output that nobody can read */
function requireLog({ status, verify }: Inputs, log: LogSource): void {
  if (log.kind === 'cloudwatch') return;
  const problems = Object.entries({ status, verify }).flatMap(([name, probe]) =>
    probe?.matches
      ? [
          {
            input: `${name}-matches`,
            message: `cannot be compared. ${log.why} Without ${name}-matches the exit code decides; for a preset's command, give ${name}-command yourself, or none.`,
          },
        ]
      : [],
  );
  if (problems.length > 0) throw new ConfigError(problems);
}

/**
 * The service's own place, with what is given put over it. A platform version and a public address are for Fargate alone,
 * constraints and strategies of placement for everything else, and a network for tasks that have one of their own.
 */
export function placementOf(
  given: GivenPlacement,
  beside: ServiceTasks | undefined,
  definition: TaskDefinition,
): TaskPlacement {
  const own = beside?.placement ?? {};
  const moved = given.launchType !== undefined || given.capacityProviders !== undefined;
  const compute = beside || moved ? computeOf(moved ? given : own) : defaultCompute(definition);
  const toFargate = moved && isFargate(compute);
  const fromFargate = moved && !toFargate;
  const version = given.platformVersion ?? (fromFargate ? undefined : own.platformVersion);
  const hasNetwork = definition['networkMode'] === 'awsvpc';
  const subnets = given.subnets ?? (hasNetwork ? own.network?.subnets : undefined);
  if (subnets === undefined && hasNetwork) {
    throw new ConfigError({
      input: 'subnets',
      message: `is required, because tasks of ${definition.family} have a network interface of their own (awsvpc); name a service to use its network, or give subnets and security-groups`,
    });
  }
  return {
    ...compute,
    ...(version !== undefined && { platformVersion: version }),
    ...(!toFargate && own.constraints && { constraints: own.constraints }),
    ...(!toFargate && own.strategy && { strategy: own.strategy }),
    ...(subnets && {
      network: {
        subnets,
        securityGroups: given.securityGroups ?? own.network?.securityGroups ?? [],
        publicIp: given.publicIp ?? (!fromFargate && own.network?.publicIp === true),
      },
    }),
  };
}

/** A definition for Fargate alone runs nowhere else, whatever the cluster's default is. */
function defaultCompute(definition: TaskDefinition): TaskPlacement {
  const needs = definition['requiresCompatibilities'];
  const onlyFargate = isList(needs) && needs.length === 1 && needs[0] === 'FARGATE';
  return onlyFargate ? { launchType: 'FARGATE' } : {};
}

const computeOf = ({ launchType, capacityProviders }: TaskPlacement): TaskPlacement => ({
  ...(launchType !== undefined && { launchType }),
  ...(capacityProviders && { capacityProviders }),
});

const isFargate = ({ launchType, capacityProviders }: TaskPlacement): boolean =>
  launchType === 'FARGATE' ||
  (capacityProviders?.every(({ name }) => /^FARGATE(_SPOT)?$/.test(name)) ?? false);
