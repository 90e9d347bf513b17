import { expect, test } from 'vitest';
import { type Aws, awaitService } from '../../../src/actions/smoke-test/await-service.ts';
import { scaledClock } from '../../../src/clock.ts';
import type { EcsService, TargetHealth } from '../../../src/ports.ts';

const arn = (name: string) => `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/${name}/1`;
const healthOf = (healthy: number): TargetHealth => ({
  healthy,
  unhealthy: 0,
  initial: 0,
  draining: 0,
  reasons: [],
});

const SERVICE = {
  name: 'web',
  status: 'ACTIVE',
  desired: 2,
  running: 2,
  loadBalancers: [{ targetGroupArn: arn('blue'), containerName: 'app', containerPort: 80 }],
  deployments: [{}],
  events: [1, 2, 3, 4].map((at) => ({ id: String(at), at, message: `event ${at}` })),
} as unknown as EcsService;

/** ECS and the load balancer as far as they are asked. */
function world(
  services: readonly Partial<EcsService>[],
  healths: Readonly<Record<string, TargetHealth>>,
): Aws {
  let asked = 0;
  return {
    services: {
      describe: async () => [{ ...SERVICE, ...services[Math.min(asked++, services.length - 1)] }],
    },
    traffic: {
      targetGroups: async (arns: readonly string[]) =>
        arns.map((one) => ({
          arn: one,
          name: one.split('/')[1] ?? '',
          loadBalancerArns: [],
          protocol: 'HTTP',
        })),
      health: async (one: string) => healths[one.split('/')[1] ?? ''] ?? healthOf(0),
    },
  } as unknown as Aws;
}

const wait = async (aws: Aws, patienceMs = 36_000_000) => {
  const clock = scaledClock(Date.now(), 0, 10_000);
  const said: string[] = [];
  const place = { cluster: 'prod', name: 'web' };
  const end = await awaitService(aws, place, clock, patienceMs, new AbortController().signal, (line) =>
    said.push(line),
  ).catch((error: unknown) => error);
  return { end, said };
};

test('tasks and targets are waited for, and told when they change', async () => {
  const { end, said } = await wait(world([{ running: 1 }, { running: 1 }, {}], { blue: healthOf(2) }));
  expect(end).toBe('web: 2/2 tasks running, 2/2 targets of blue healthy');
  expect(said).toEqual(['web: 1/2 tasks running, 2/2 targets of blue healthy', end]);
});

test('either group of a service may have its tasks that ECS deploys in blue and green', async () => {
  const [entry] = SERVICE.loadBalancers;
  const loadBalancers = [{ ...entry, alternateTargetGroupArn: arn('green') }] as EcsService['loadBalancers'];
  const { end } = await wait(world([{ loadBalancers }], { green: healthOf(2) }));
  expect(end).toBe('web: 2/2 tasks running, 2/2 targets of blue and green healthy');
});

test('a service that does not get ready is told with what ECS has said last', async () => {
  const { end } = await wait(world([{ running: 0 }], {}), 60_000);
  expect(end).toMatchObject({
    message: 'web: 0/2 tasks running, 0/2 targets of blue healthy, and the time is up',
    state: 'Nothing was asked of it. ECS said last:\n  event 1\n  event 2\n  event 3',
  });
});

test('a service without tasks is not waited for', async () => {
  const { end, said } = await wait(world([{ desired: 0, running: 0 }], {}));
  expect(end).toMatchObject({ message: 'web is set to run no tasks' });
  expect(said).toEqual([]);
});
