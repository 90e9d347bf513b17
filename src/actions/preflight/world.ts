import { nameIn } from '../../arn.ts';
import { canaryTargetGroupName } from '../../engine/names.ts';
import { ConfigError, type DeployError } from '../../errors.ts';
import type { EcsService, ParameterFacts, Secret, ServiceTasks, TargetGroup } from '../../ports.ts';
import { secretReferences } from '../../preflight/references.ts';
import type { PlacedReference } from '../../preflight/secret-reference.ts';
import type { LoadBalancer } from '../../preflight/vpc.ts';
import { canaryTasks } from '../../rollout/capacity.ts';
import { fromTags, type Ledger } from '../../rollout/ledger.ts';
import type { ScalingState } from '../../rollout/scaling-hold.ts';
import type { ActionContext } from '../action.ts';
import { type Produced, produce } from '../render-task-definition/produce.ts';
import { imagesOf, type SeenImage } from './images.ts';
import type { Inputs } from './inputs.ts';
import { once, onceEach, type Ports } from './ports.ts';
import { foundIn, NotThere, unseenBy } from './seen.ts';

/** What several checks look at; whoever asks first makes the call, and all get its answer. */
export interface World {
  readonly context: ActionContext;
  readonly inputs: Inputs;
  readonly ports: Ports;
  /** @throws NotThere */
  service(): Promise<EcsService>;
  /** Where its tasks run. @throws NotThere */
  tasks(): Promise<ServiceTasks>;
  /** What would be released. @throws NotThere */
  definition(): Promise<Produced>;
  targetGroups(): Promise<readonly TargetGroup[]>;
  loadBalancers(): Promise<readonly LoadBalancer[]>;
  /** What a rollout that has not ended wrote down. */
  ledger(): Promise<Ledger | undefined>;
  references(): Promise<readonly PlacedReference[]>;
  /** A secret by what refers to it. */
  secret(name: string): Promise<Secret | undefined>;
  /** Every parameter that the definition refers to. */
  parameters(): Promise<ReadonlyMap<string, ParameterFacts | DeployError>>;
  /** What scales the service by itself; undefined where nothing does. */
  scaler(): Promise<ScalingState | undefined>;
  /** Those of ECR. */
  images(): Promise<readonly SeenImage[]>;
  /** Tasks beside those of the service at the most. */
  need(): Promise<{ readonly canary: number; readonly takeover: number }>;
}

export function openWorld(context: ActionContext, inputs: Inputs, ports: Ports): World {
  const { cluster, service } = inputs;
  const serviceFound = owned('service', async () => {
    const [found] = await (await ports.services()).describe(cluster, [service]);
    if (found) return found;
    throw new ConfigError({
      input: 'service',
      message: `there is no active service "${service}" in the cluster "${nameIn(cluster)}"; check the name, the cluster and AWS_REGION`,
    });
  });
  const tasks = owned('service', async () => (await ports.tasks()).ofService(cluster, service));
  const definition = owned('task-definition', async () => {
    const { render } = inputs;
    const { service: _compared, ...alone } = render;
    const source =
      render.source.kind === 'service'
        ? ({ kind: 'registered', reference: (await tasks()).taskDefinition, input: 'service' } as const)
        : render.source;
    return produce({ ...alone, source }, context, ports.taskDefinitions);
  });
  const targetGroups = once(async () => {
    const { loadBalancers } = await serviceFound();
    const arns = [...new Set(loadBalancers.flatMap(({ targetGroupArn }) => targetGroupArn ?? []))];
    return arns.length === 0 ? [] : (await ports.traffic()).targetGroups(arns);
  });
  const references = once(async () => secretReferences((await definition()).definition));
  return {
    context,
    inputs,
    ports,
    service: serviceFound,
    tasks,
    definition,
    targetGroups,
    loadBalancers: once(async () => {
      const arns = [...new Set((await targetGroups()).flatMap((group) => group.loadBalancerArns))];
      return arns.length === 0 ? [] : (await ports.traffic()).loadBalancers(arns);
    }),
    ledger: once(async () => {
      const [{ cluster: where, name }, groups] = await Promise.all([serviceFound(), targetGroups()]);
      if (groups.length === 0) return undefined;
      const traffic = await ports.traffic();
      const names = groups.map((group) => canaryTargetGroupName(where, name, group.name));
      const [made] = await traffic.targetGroupsByName(names);
      return made && fromTags((await traffic.tags([made.arn])).get(made.arn) ?? {});
    }),
    references,
    secret: onceEach(async (name) => (await ports.secrets()).describe(name)),
    parameters: once(async () => {
      const names = (await references()).flatMap(({ reference }) =>
        reference.kind === 'parameter' ? [reference.name] : [],
      );
      return names.length === 0 ? new Map() : (await ports.parameters()).facts([...new Set(names)]);
    }),
    scaler: once(async () => {
      const { cluster: where, name } = await serviceFound();
      return (await ports.scaling()).find(where, name);
    }),
    images: once(async () => imagesOf((await definition()).definition, context, ports)),
    need: once(async () => {
      const { desired, safeguards } = await serviceFound();
      const canary = canaryTasks(inputs.capacity, { stable: desired, total: desired }, 100);
      const surge = (safeguards?.maximumPercent ?? 200) - 100;
      return { canary, takeover: Math.floor((desired * surge) / 100) };
    }),
  };
}

/** Asked once; what the user has named and is not there is the matter of one check. */
const owned = <Value>(check: 'service' | 'task-definition', make: () => Promise<Value>) =>
  once(async () => {
    try {
      return await make();
    } catch (error) {
      // No region is nothing that a table could tell.
      const fault =
        error instanceof ConfigError && error.problems.every(({ input }) => !/region$/i.test(input));
      if (fault) throw new NotThere(check, foundIn(error as ConfigError), error);
      const why = error instanceof ConfigError ? undefined : unseenBy(error);
      throw why
        ? new NotThere(check, [{ what: `not looked at: ${why.unseen}`, fix: why.fix }], error)
        : error;
    }
  });
