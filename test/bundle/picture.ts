import type {
  DescribeScalableTargetsCommandOutput,
  DescribeScalingPoliciesCommandOutput,
} from '@aws-sdk/client-application-auto-scaling';
import type {
  DescribeServicesCommandOutput,
  DescribeTasksCommandOutput,
  ListServicesCommandOutput,
  ListTasksCommandOutput,
  Service,
} from '@aws-sdk/client-ecs';
import type {
  DescribeListenersCommandOutput,
  DescribeLoadBalancersCommandOutput,
  DescribeRulesCommandOutput,
  DescribeTagsCommandOutput,
  DescribeTargetGroupAttributesCommandOutput,
  DescribeTargetGroupsCommandOutput,
  DescribeTargetHealthCommandOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ServiceId } from '../../src/simulator/faults.ts';
import type { Operations } from '../../src/simulator/operation.ts';

/** Where operations are asked past the wire: no call is recorded, no fault strikes. */
export interface Backstage {
  readonly operations: Readonly<Partial<Record<ServiceId, Operations>>>;
  /** The simulator's time, ms since the epoch. */
  readonly now: () => number;
}

/** Asks one operation of the simulated AWS directly, as somebody else's tool would. */
export async function ask<Output>(
  { operations, now }: Backstage,
  service: ServiceId,
  operation: string,
  input: object,
): Promise<Output> {
  const effect = operations[service]?.[operation];
  if (!effect) throw new Error(`the simulator has no ${service} ${operation}`);
  const call = { now: now(), region: 'eu-west-1', accountId: '123456789012' };
  return (await effect(input as never, call)) as Output;
}

async function all<Page, Item>(
  read: (marker: string | undefined) => Promise<Page>,
  items: (page: Page) => readonly Item[] | undefined,
  next: (page: Page) => string | undefined,
): Promise<Item[]> {
  const found: Item[] = [];
  let marker: string | undefined;
  do {
    const page = await read(marker);
    found.push(...(items(page) ?? []));
    marker = next(page);
  } while (marker !== undefined);
  return found;
}

const ELB = 'Elastic Load Balancing v2';

/** Everything that Terraform or a person would find in the account: what a rollout has to leave as it was. */
export interface Picture {
  readonly listeners: readonly object[];
  readonly rules: readonly object[];
  readonly targetGroups: readonly object[];
  readonly services: readonly object[];
  readonly scaling: readonly object[];
  /** By service name: the revision that it is set to run, as `family:revision`. */
  readonly revisions: Readonly<Record<string, string>>;
}

export async function takePicture(backstage: Backstage): Promise<Picture> {
  const elb = <Output>(operation: string, input: object) => ask<Output>(backstage, ELB, operation, input);
  const marked = (Marker: string | undefined) => (Marker === undefined ? {} : { Marker });
  const tagsOf = async (arn: string | undefined) => {
    const answer = await elb<DescribeTagsCommandOutput>('DescribeTags', { ResourceArns: [arn] });
    return answer.TagDescriptions?.[0]?.Tags;
  };
  const balancers = await elb<DescribeLoadBalancersCommandOutput>('DescribeLoadBalancers', {});
  const listeners: object[] = [];
  const rules: object[] = [];
  for (const { LoadBalancerArn } of balancers.LoadBalancers ?? []) {
    const found = await elb<DescribeListenersCommandOutput>('DescribeListeners', { LoadBalancerArn });
    for (const listener of found.Listeners ?? []) {
      const { ListenerArn } = listener;
      listeners.push({ ...listener, tags: await tagsOf(ListenerArn) });
      const own = await all(
        (marker) => elb<DescribeRulesCommandOutput>('DescribeRules', { ListenerArn, ...marked(marker) }),
        (page) => page.Rules,
        (page) => page.NextMarker,
      );
      for (const rule of own) {
        rules.push({ ...rule, ...(!rule.IsDefault && { tags: await tagsOf(rule.RuleArn) }) });
      }
    }
  }
  const groups = await all(
    (marker) => elb<DescribeTargetGroupsCommandOutput>('DescribeTargetGroups', marked(marker)),
    (page) => page.TargetGroups,
    (page) => page.NextMarker,
  );
  const targetGroups: object[] = [];
  for (const group of groups) {
    const { TargetGroupArn } = group;
    const { Attributes } = await elb<DescribeTargetGroupAttributesCommandOutput>(
      'DescribeTargetGroupAttributes',
      { TargetGroupArn },
    );
    targetGroups.push({ ...group, Attributes, tags: await tagsOf(TargetGroupArn) });
  }
  const services = await allServices(backstage);
  const scaling = await ask<DescribeScalableTargetsCommandOutput>(
    backstage,
    'Application Auto Scaling',
    'DescribeScalableTargets',
    { ServiceNamespace: 'ecs' },
  );
  const policies = await ask<DescribeScalingPoliciesCommandOutput>(
    backstage,
    'Application Auto Scaling',
    'DescribeScalingPolicies',
    { ServiceNamespace: 'ecs' },
  );
  return {
    listeners,
    rules,
    targetGroups,
    services: services.map(settled),
    scaling: [...(scaling.ScalableTargets ?? []), ...(policies.ScalingPolicies ?? [])],
    revisions: Object.fromEntries(
      services.map(({ serviceName, taskDefinition }) => [
        serviceName ?? '',
        taskDefinition?.split('task-definition/').at(-1) ?? '',
      ]),
    ),
  };
}

/** Services that are active or still draining, of every cluster. */
export async function allServices(backstage: Backstage): Promise<Service[]> {
  const { clusterArns = [] } = await ask<{ clusterArns?: string[] }>(backstage, 'ECS', 'ListClusters', {});
  const services: Service[] = [];
  for (const cluster of clusterArns) {
    const arns = await all(
      (nextToken) =>
        ask<ListServicesCommandOutput>(backstage, 'ECS', 'ListServices', {
          cluster,
          ...(nextToken !== undefined && { nextToken }),
        }),
      (page) => page.serviceArns,
      (page) => page.nextToken,
    );
    for (let start = 0; start < arns.length; start += 10) {
      const answer = await ask<DescribeServicesCommandOutput>(backstage, 'ECS', 'DescribeServices', {
        cluster,
        services: arns.slice(start, start + 10),
        include: ['TAGS'],
      });
      services.push(...(answer.services ?? []));
    }
  }
  return services;
}

/** What is set about a service, without what its tasks and deployments are doing. */
function settled(service: Service): object {
  const {
    deployments: _deployments,
    events: _events,
    runningCount: _running,
    pendingCount: _pending,
    taskDefinition: _revision,
    currentServiceDeployment: _deployment,
    currentServiceRevisions: _revisions,
    ...settings
  } = service;
  return settings;
}

/** Healthy targets of a target group, by its name. */
export async function healthyTargets(backstage: Backstage, group: string): Promise<number> {
  const found = await ask<DescribeTargetGroupsCommandOutput>(backstage, ELB, 'DescribeTargetGroups', {
    Names: [group],
  });
  const health = await ask<DescribeTargetHealthCommandOutput>(backstage, ELB, 'DescribeTargetHealth', {
    TargetGroupArn: found.TargetGroups?.[0]?.TargetGroupArn,
  });
  return (health.TargetHealthDescriptions ?? []).filter(
    ({ TargetHealth }) => TargetHealth?.State === 'healthy',
  ).length;
}

/** Task definitions of the tasks that a cluster runs, as `family:revision`, one entry a task. */
export async function runningRevisions(backstage: Backstage, cluster: string): Promise<string[]> {
  const { taskArns: tasks = [] } = await ask<ListTasksCommandOutput>(backstage, 'ECS', 'ListTasks', {
    cluster,
    desiredStatus: 'RUNNING',
  });
  if (tasks.length === 0) return [];
  const answer = await ask<DescribeTasksCommandOutput>(backstage, 'ECS', 'DescribeTasks', { cluster, tasks });
  return (answer.tasks ?? []).map(
    ({ taskDefinitionArn }) => taskDefinitionArn?.split('task-definition/').at(-1) ?? '',
  );
}
