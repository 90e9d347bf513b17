import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { ECSClient, ListClustersCommand, UpdateServiceCommand } from '@aws-sdk/client-ecs';
import {
  DescribeRulesCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterEach, describe, expect, it } from 'vitest';
import { clockFromEnvironment, scaledClock } from '../../src/clock.ts';
import type { Operations } from '../../src/simulator/operation.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts';
import { clientOf } from './client-of.ts';
import { failureOf } from './failure-of.ts';
import { movedClock } from './moved-clock.ts';

let simulator: Simulator | undefined;
let updates = 0;
const clock = movedClock();

const services: Record<string, Operations> = {
  ECS: {
    ListClusters: () => ({ clusterArns: [] }),
    UpdateService: () => {
      updates += 1;
      return { service: {} };
    },
  },
  'Elastic Load Balancing v2': { DescribeRules: () => ({ Rules: [] }) },
};

async function start(options: Partial<SimulatorOptions>): Promise<{
  running: Simulator;
  ecs: ECSClient;
  elbv2: ElasticLoadBalancingV2Client;
  cloudwatch: CloudWatchClient;
}> {
  updates = 0;
  const world = () => ({ advance: () => undefined, services });
  const running = await startSimulator({ clock, seed: 1, world, ...options });
  simulator = running;
  const config = {
    ...clientOf(running),
    requestHandler: { requestTimeout: 250, throwOnRequestTimeout: true },
  };
  return {
    running,
    ecs: new ECSClient(config),
    elbv2: new ElasticLoadBalancingV2Client(config),
    cloudwatch: new CloudWatchClient(config),
  };
}

afterEach(() => simulator?.close());

const list = new ListClustersCommand({});
const update = new UpdateServiceCommand({ cluster: 'main', service: 'web' });
const rules = new DescribeRulesCommand({
  ListenerArn: 'arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/a/b/c',
});

describe('faults', () => {
  it("throttles in each service's own words", async () => {
    const { ecs, elbv2, cloudwatch } = await start({ faults: [{ kind: 'throttle' }] });
    const throttling = { message: 'Rate exceeded', $metadata: { httpStatusCode: 400 } };
    expect(await failureOf(ecs.send(list))).toMatchObject({ name: 'ThrottlingException', ...throttling });
    expect(await failureOf(elbv2.send(rules))).toMatchObject({ name: 'Throttling', ...throttling });
    expect(await failureOf(cloudwatch.send(new DescribeAlarmsCommand({})))).toMatchObject({
      name: 'Throttling',
      ...throttling,
    });
  });

  it('fails inside AWS before the effect', async () => {
    const { ecs, running } = await start({
      faults: [{ kind: 'internal-error', operation: 'UpdateService' }],
    });
    expect(await failureOf(ecs.send(update))).toMatchObject({
      name: 'ServerException',
      $metadata: { httpStatusCode: 500 },
    });
    expect(updates).toBe(0);
    expect(running.calls[0]).toMatchObject({ outcome: 'ServerException', fault: 'internal-error' });
  });

  it('denies access in the words of IAM', async () => {
    const { ecs, elbv2 } = await start({ faults: [{ kind: 'access-denied' }] });
    const denied = await failureOf(ecs.send(update));
    expect(denied).toMatchObject({ name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } });
    expect(denied.message).toBe(
      'User: arn:aws:sts::123456789012:assumed-role/deploy/GitHubActions is not authorized to perform: ' +
        'ecs:UpdateService on resource: arn:aws:ecs:eu-west-1:123456789012:service/main/web ' +
        'because no identity-based policy allows the ecs:UpdateService action',
    );
    expect(await failureOf(elbv2.send(rules))).toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining(
        'elasticloadbalancing:DescribeRules on resource: arn:aws:elasticloadbalancing',
      ),
      $metadata: { httpStatusCode: 403 },
    });
  });

  it('never answers a call that times out, and does nothing', async () => {
    const { ecs, running } = await start({ faults: [{ kind: 'timeout' }] });
    expect(await failureOf(ecs.send(update))).toMatchObject({ name: 'TimeoutError' });
    expect(updates).toBe(0);
    expect(running.calls[0]?.outcome).toBe('timeout');
  });

  it('loses the answer after the effect', async () => {
    const { ecs, running } = await start({ faults: [{ kind: 'lost-answer', nth: 1 }] });
    expect(await failureOf(ecs.send(update))).toMatchObject({ code: 'ECONNRESET' });
    expect(updates).toBe(1);
    await ecs.send(update);
    expect(updates).toBe(2);
    expect(running.calls.map((call) => call.outcome)).toEqual(['lost-answer', 'ok']);
  });

  it.each([
    { after: false, effects: 0 },
    { after: true, effects: 1 },
  ])('kills the caller, after the effect: $after', async ({ after, effects }) => {
    const killer = new AbortController();
    const { ecs } = await start({
      faults: [{ kind: 'kill', service: 'ECS', operation: 'UpdateService', after }],
      onKill: () => killer.abort(),
    });
    expect(await failureOf(ecs.send(update, { abortSignal: killer.signal }))).toMatchObject({
      name: 'AbortError',
    });
    expect(updates).toBe(effects);
  });

  it('strikes the nth matching call, so many times', async () => {
    const { ecs, running } = await start({
      faults: [{ kind: 'throttle', operation: 'UpdateService', nth: 2, times: 2 }],
    });
    for (const command of [update, list, update, update, update]) {
      await ecs.send(command as typeof list).catch(() => undefined);
    }
    expect(running.calls.map((call) => call.outcome)).toEqual([
      'ok',
      'ok',
      'ThrottlingException',
      'ThrottlingException',
      'ok',
    ]);
  });

  it('strikes the nth call of all', async () => {
    const { ecs, elbv2, running } = await start({ faults: [{ kind: 'throttle', call: 3 }] });
    await ecs.send(list);
    await elbv2.send(rules);
    await elbv2.send(rules).catch(() => undefined);
    await ecs.send(list);
    expect(running.calls.map((call) => call.outcome)).toEqual(['ok', 'ok', 'Throttling', 'ok']);
  });

  it('takes faults while it runs, and refuses those that cannot be', async () => {
    const { ecs, running } = await start({});
    running.faults.add({ kind: 'throttle', service: 'ECS' });
    expect(await failureOf(ecs.send(list))).toMatchObject({ name: 'ThrottlingException' });
    running.faults.clear();
    await ecs.send(list);
    expect(() => running.faults.add({ kind: 'throttle', operation: 'UpdateServise' })).toThrow(
      'UpdateServise',
    );
  });
});

describe('throttling', () => {
  it('allows a burst, then the rate', async () => {
    const { ecs, running } = await start({ throttle: { ECS: { rate: 1, burst: 2 } } });
    const call = () => ecs.send(list).catch(() => undefined);
    await call();
    await call();
    await call();
    clock.move(1000);
    await call();
    await call();
    const refused = 'ThrottlingException';
    expect(running.calls.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', refused, 'ok', refused]);
  });
});

describe('the simulator', () => {
  it('lets the world catch up before each call, never backwards', async () => {
    const times: number[] = [];
    const { ecs } = await start({ world: () => ({ advance: (now: number) => times.push(now), services }) });
    await ecs.send(list);
    clock.move(500);
    await ecs.send(list);
    clock.move(-100);
    await ecs.send(list);
    const [first = 0] = times;
    expect(times).toEqual([first, first + 500, first + 500]);
  });

  it('gives a child process its address and its time', async () => {
    const { running } = await start({ clock: scaledClock(1_000_000, 5_000_000, 60) });
    const env = running.env();
    expect(env).toMatchObject({ AWS_ENDPOINT_URL: running.url, AWS_REGION: 'eu-west-1' });
    const child = clockFromEnvironment(env, () => undefined);
    expect(child.scale).toBe(60);
    // Both read the machine's clock, which ticks in milliseconds.
    expect(Math.abs(child.now() - scaledClock(1_000_000, 5_000_000, 60).now())).toBeLessThan(60 * 50);
  });

  it('closes while a call is still open', async () => {
    const { ecs, running } = await start({ faults: [{ kind: 'kill' }], onKill: () => void running.close() });
    expect(await failureOf(ecs.send(list))).toMatchObject({ code: 'ECONNRESET' });
  });
});
