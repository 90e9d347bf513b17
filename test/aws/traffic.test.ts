import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../src/aws/connection.ts';
import { scaling } from '../../src/aws/scaling.ts';
import { traffic } from '../../src/aws/traffic.ts';
import { systemClock } from '../../src/clock.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';

const PROMPT = { history: 0, consistencyLag: { min: 0, max: 0 }, propagation: { min: 0, max: 0 } };
const CONNECTION: Connection = { clock: systemClock };

let aws: Simulator<SimulatedWorld>;
beforeEach(async () => {
  const base = webShop();
  const [web] = base.targetGroups;
  const attributes = {
    'slow_start.duration_seconds': '45',
    'load_balancing.algorithm.type': 'least_outstanding_requests',
  };
  const scenario = {
    ...base,
    ...PROMPT,
    targetGroups: web
      ? [
          { ...web, attributes },
          { ...web, name: 'other' },
        ]
      : [],
    scalableTargets: [{ service: 'prod/web', min: 2, max: 9 }],
  };
  aws = await startSimulator({
    clock: systemClock,
    seed: 1,
    world: (context) => createWorld(context, scenario),
  });
  for (const [name, value] of Object.entries(aws.env())) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

const sent = (operation: string) =>
  aws.calls.filter((call) => call.operation === operation).map(({ input }) => input);

describe('a target group like another', () => {
  it('gets the attributes that differ, once', async () => {
    const elb = traffic(CONNECTION);
    const [web] = await elb.targetGroupsByName(['web']);
    if (!web) throw new Error('there is no target group web');
    const made = await elb.createLike(web, 'canary-web', {});
    expect(sent('ModifyTargetGroupAttributes')).toEqual([
      {
        TargetGroupArn: made.arn,
        Attributes: [
          { Key: 'deregistration_delay.timeout_seconds', Value: '30' },
          { Key: 'slow_start.duration_seconds', Value: '45' },
          { Key: 'load_balancing.algorithm.type', Value: 'least_outstanding_requests' },
        ],
      },
    ]);
    expect(await elb.createLike(web, 'canary-web', {})).toEqual(made);
    expect(sent('ModifyTargetGroupAttributes')).toHaveLength(1);
    expect(sent('CreateTargetGroup')).toHaveLength(1);
  });

  it('gets them even when it was made by a call that nobody waited for', async () => {
    const elb = traffic(CONNECTION);
    const [web, other] = await elb.targetGroupsByName(['web', 'other']);
    if (!web || !other) throw new Error('the web shop has changed');
    expect(await elb.createLike(web, 'other', {})).toEqual(other);
    expect(sent('CreateTargetGroup')).toHaveLength(0);
    expect(sent('ModifyTargetGroupAttributes')).toHaveLength(1);
  });

  it('is found when it has the name and other settings', async () => {
    const elb = traffic(CONNECTION);
    const [web] = await elb.targetGroupsByName(['web']);
    if (!web) throw new Error('there is no target group web');
    const { CreateTargetGroup: create } = aws.world.services['Elastic Load Balancing v2'] ?? {};
    const call = { now: systemClock.now(), region: 'eu-west-1', accountId: '123456789012' };
    await create?.({ Name: 'canary-web', Port: 1, TargetType: 'ip' } as never, call);
    expect(await elb.createLike(web, 'canary-web', {})).toMatchObject({ name: 'canary-web' });
  });
});

it('target groups come in the order asked for, without those that are gone', async () => {
  const elb = traffic(CONNECTION);
  const found = await elb.targetGroupsByName(['other', 'web']);
  const [other = '', web = ''] = found.map(({ arn }) => arn);
  const names = async (...arns: string[]) => (await elb.targetGroups(arns)).map(({ name }) => name);
  expect(await names(other, web)).toEqual(['other', 'web']);
  expect(await names(web, other)).toEqual(['web', 'other']);
  expect(await names(web, `${other}0`, other)).toEqual(['web', 'other']);
});

describe('the scaler', () => {
  const FREE = { scaleIn: false, scaleOut: true, schedule: false };
  const scaledBy = (
    DynamicScalingInSuspended: boolean,
    DynamicScalingOutSuspended: boolean,
    ScheduledScalingSuspended: boolean,
  ) => ({
    SuspendedState: {
      DynamicScalingInSuspended,
      DynamicScalingOutSuspended,
      ScheduledScalingSuspended,
    },
  });

  it('is told what is suspended in full, and of the bounds what is named', async () => {
    const scaler = scaling(CONNECTION);
    await scaler.set('prod', 'web', { suspended: FREE });
    const before = await scaler.find('prod', 'web');
    expect(before).toMatchObject({ max: 9, suspended: FREE });
    await scaler.set('prod', 'web', { suspended: { ...FREE, scaleIn: true, schedule: true }, min: 3 });
    expect(await scaler.find('prod', 'web')).toEqual({
      min: 3,
      max: 9,
      suspended: { scaleIn: true, scaleOut: true, schedule: true },
    });
    await scaler.set('prod', 'web', { max: 8 });
    const target = expect.objectContaining({ ResourceId: 'service/prod/web' });
    expect(sent('RegisterScalableTarget')).toEqual([target, target, target]);
    expect(sent('RegisterScalableTarget')).toMatchObject([
      scaledBy(false, true, false),
      { ...scaledBy(true, true, true), MinCapacity: 3 },
      { MaxCapacity: 8 },
    ]);
  });

  it('tells every scheduled action, on any page', async () => {
    const scaler = scaling(CONNECTION);
    expect(await scaler.schedule('prod', 'web')).toEqual([]);
    const { PutScheduledAction: put } = aws.world.services['Application Auto Scaling'] ?? {};
    const call = { now: systemClock.now(), region: 'eu-west-1', accountId: '123456789012' };
    const scope = {
      ServiceNamespace: 'ecs',
      ScalableDimension: 'ecs:service:DesiredCount',
      ResourceId: 'service/prod/web',
    };
    for (let index = 0; index < 51; index++) {
      await put?.(
        {
          ...scope,
          ScheduledActionName: `n${index}`,
          Schedule: 'cron(0 8 * * ? 2040)',
          ...(index === 0 && {
            Timezone: 'Europe/Berlin',
            StartTime: new Date(5_000),
            EndTime: new Date(9_000),
          }),
          ScalableTargetAction: index === 0 ? { MinCapacity: 2 } : { MaxCapacity: 9 },
        } as never,
        call,
      );
    }
    const actions = await scaler.schedule('prod', 'web');
    expect(actions.map(({ name }) => name)).toEqual(Array.from({ length: 51 }, (_, index) => `n${index}`));
    const createdAt = expect.any(Number);
    const schedule = 'cron(0 8 * * ? 2040)';
    expect(actions.slice(0, 2)).toEqual([
      { name: 'n0', schedule, createdAt, timezone: 'Europe/Berlin', startsAt: 5_000, endsAt: 9_000, min: 2 },
      { name: 'n1', schedule, createdAt, max: 9 },
    ]);
  });
});
