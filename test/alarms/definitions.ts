import type { Definition } from '../../src/alarms/definition.ts';
import { readDefinition } from '../../src/alarms/read-definition.ts';
import type { WatchedService } from '../../src/alarms/wanted.ts';
import { readYaml } from '../../src/taskdef/yaml-document.ts';

/** Reads YAML as the action does; problems as `line N KEY: MESSAGE`. */
export async function read(text: string): Promise<{ definition: Definition; problems: readonly string[] }> {
  const yaml = await readYaml(text);
  if (!('value' in yaml)) throw new Error(yaml.message);
  const problems: string[] = [];
  const definition = readDefinition(yaml.value, {
    complain: (path, message) =>
      problems.push(`line ${yaml.placeOf(path).line} ${path.join('.')}: ${message}`),
    written: (path) => yaml.sourceOf(path),
  });
  return { definition, problems };
}

const ELB = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012';

/** A service behind a load balancer of its own. */
export const SERVICE: WatchedService = {
  cluster: 'prod',
  service: 'web',
  partition: 'aws',
  region: 'eu-west-1',
  account: '123456789012',
  targetGroups: [
    { arn: `${ELB}:targetgroup/web/0123`, loadBalancerArns: [`${ELB}:loadbalancer/app/shop/4567`] },
  ],
  shared: false,
  canary: { service: 'web-canary', targetGroups: ['canary-web-00000000'] },
};

/** The same with two target groups, as ECS has them for blue and green. */
export const BLUE_GREEN: WatchedService = {
  ...SERVICE,
  shared: true,
  targetGroups: ['web', 'green'].map((name) => ({
    arn: `${ELB}:targetgroup/${name}/0123`,
    loadBalancerArns: [`${ELB}:loadbalancer/app/shop/4567`],
  })),
};
