import { expect, test } from 'vitest';
import type { RevisionReference } from '../../../src/actions/revision-reference.ts';
import { type Aws, awaitService } from '../../../src/actions/smoke-test/await-service.ts';
import { OtherRevision, requireRevisionStill } from '../../../src/actions/smoke-test/tested-revision.ts';
import { scaledClock } from '../../../src/clock.ts';
import type { EcsService, TargetHealth } from '../../../src/ports.ts';
import { soundDeployment, soundService } from '../../engine/sound-service.ts';

const arn = (name: string) => `arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/${name}/1`;
const healthOf = (healthy: number): TargetHealth => ({
  healthy,
  unhealthy: 0,
  initial: 0,
  draining: 0,
  reasons: [],
});

const SERVICE = soundService({
  loadBalancers: [{ targetGroupArn: arn('blue'), containerName: 'app', containerPort: 80 }],
  events: [1, 2, 3, 4].map((at) => ({ id: String(at), at, message: `event ${at}` })),
});

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
  };
}

const wait = async (aws: Aws, patienceMs = 36_000_000, wanted?: RevisionReference) => {
  const clock = scaledClock(Date.now(), 0, 10_000);
  const said: string[] = [];
  const place = { cluster: 'prod', name: 'web' };
  const end = await awaitService(
    aws,
    place,
    clock,
    patienceMs,
    new AbortController().signal,
    (line) => said.push(line),
    wanted,
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

const revision = (name: string) => `arn:aws:ecs:eu-west-1:123456789012:task-definition/${name}`;
const set = (name: string, primary = name): Partial<EcsService> => ({
  taskDefinition: revision(name),
  deployments: [soundDeployment({ taskDefinition: revision(primary) })],
});
const WANTED = { kind: 'arn', arn: revision('web:2') } as const;

test('a service that runs the revision to be tested is waited for as any other', async () => {
  const { end } = await wait(world([set('web:2')], { blue: healthOf(2) }), undefined, WANTED);
  expect(end).toBe('web: 2/2 tasks running, 2/2 targets of blue healthy');
});

test.each([
  ['at once', [set('web:3')]],
  ['while it is waited for', [{ ...set('web:2'), running: 1 }, set('web:3')]],
  ['by what ECS rolls out now', [set('web:2', 'web:3')]],
])('a service that runs another revision, seen %s, is not tested', async (_, services) => {
  const { end } = await wait(world(services, { blue: healthOf(2) }), undefined, WANTED);
  expect(end).toBeInstanceOf(OtherRevision);
  expect(end).toMatchObject({
    message: 'web runs web:3, and web:2 was to be tested: somebody else has deployed or rolled back.',
    state: 'Nothing was asked of it.',
  });
});

test('an answer does not count where another revision has come while it was asked for', async () => {
  const { services } = world([set('web:3')], {});
  await expect(
    requireRevisionStill(services, { cluster: 'prod', name: 'web' }, WANTED),
  ).rejects.toMatchObject({
    state: 'The requests may have been answered by either of them.',
  });
});
