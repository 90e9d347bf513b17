import type { Scenario } from '../../src/simulator/scenario/scenario.ts';
import { type WebShopOptions, webShop } from '../../src/simulator/scenario/web-shop.ts';

/** One service of an example. */
export interface ExampleService {
  readonly cluster: string;
  readonly service: string;
  /** The service's own name if not given. */
  readonly container?: string;
}

/** The web shop under the names of an example, behind a load balancer of its own for each service. */
export function worldOf(
  services: readonly ExampleService[],
  options: WebShopOptions = {},
): Pick<
  Scenario,
  'clusters' | 'loadBalancers' | 'targetGroups' | 'taskDefinitions' | 'services' | 'traffic'
> {
  const shops = services.map((each) => renamed(webShop(options), each));
  return {
    clusters: [...new Set(shops.flatMap(({ clusters }) => clusters))],
    loadBalancers: shops.flatMap(({ loadBalancers }) => loadBalancers),
    targetGroups: shops.flatMap(({ targetGroups }) => targetGroups),
    taskDefinitions: shops.flatMap(({ taskDefinitions }) => taskDefinitions),
    services: shops.flatMap((shop) => shop.services),
    traffic: shops.flatMap(({ traffic }) => traffic),
  };
}

function renamed(shop: Scenario, { cluster, service, container = service }: ExampleService): Scenario {
  const names: Readonly<Record<string, string>> = { prod: cluster, web: service, shop: service };
  const text = JSON.stringify(shop).replaceAll(
    /"(prod|web|shop)(:\d+)?"/g,
    (_, name: string, revision = '') => JSON.stringify(`${names[name]}${revision}`),
  );
  const copy = JSON.parse(text) as Scenario;
  return {
    ...copy,
    taskDefinitions: copy.taskDefinitions.map((definition) => ({
      ...definition,
      containers: definition.containers.map((each) => ({ ...each, name: container })),
    })),
    services: copy.services.map((each) => ({
      ...each,
      ...(each.targetGroups && { targetGroups: each.targetGroups.map((group) => ({ ...group, container })) }),
    })),
  };
}
