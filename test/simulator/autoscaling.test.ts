import {
  DeleteScalingPolicyCommand,
  DeleteScheduledActionCommand,
  DeregisterScalableTargetCommand,
  DescribeScalableTargetsCommand,
  DescribeScalingActivitiesCommand,
  DescribeScalingPoliciesCommand,
  DescribeScheduledActionsCommand,
  PutScalingPolicyCommand,
  PutScheduledActionCommand,
  RegisterScalableTargetCommand,
} from '@aws-sdk/client-application-auto-scaling';
import { UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { AddTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetResourcesCommand } from '@aws-sdk/client-resource-groups-tagging-api';
import { describe, expect, it } from 'vitest';
import type { ScenarioScalableTarget } from '../../src/simulator/scenario/scenario.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import type { Rate } from '../../src/simulator/traffic/source.ts';
import { START } from './moved-clock.ts';
import { open, PROMPT } from './world-under-test.ts';

const WEB = {
  ServiceNamespace: 'ecs',
  ResourceId: 'service/prod/web',
  ScalableDimension: 'ecs:service:DesiredCount',
} as const;

const target: ScenarioScalableTarget = {
  service: 'prod/web',
  min: 2,
  max: 10,
  cpu: 50,
  scaleOutCooldown: 60_000,
  scaleInCooldown: 60_000,
};

/** 4 tasks for 100 requests/s each; `rate` arrives. */
const scaled = (rate: Rate, change: Partial<ScenarioScalableTarget> = {}) => {
  const scenario = webShop({ images: ['app:v1', 'app:v2'] });
  return open({
    ...scenario,
    ...PROMPT,
    scalableTargets: [{ ...target, ...change }],
    traffic: scenario.traffic.slice(0, 1).map((source) => ({ ...source, rate })),
  });
};

const suspend = (aws: ReturnType<typeof open>, state: object): void => {
  aws.send(new RegisterScalableTargetCommand({ ...WEB, SuspendedState: state }));
};

describe('target tracking', () => {
  it('scales out soon when the CPU is above its target', () => {
    const aws = scaled({ perSecond: 300 });
    const took = aws.until(() => (aws.service().desiredCount ?? 0) > 4);
    expect(took).toBeGreaterThanOrEqual(180);
    expect(took).toBeLessThan(300);
    // 75% of 4 tasks fits 6 or 7 at 50%.
    expect([6, 7]).toContain(aws.service().desiredCount);
    expect(aws.service().deployments).toHaveLength(1);
    const { ScalingActivities = [] } = aws.send(new DescribeScalingActivitiesCommand(WEB));
    expect(ScalingActivities[0]).toMatchObject({
      Description: `Setting desired count to ${aws.service().desiredCount}.`,
      Cause: expect.stringMatching(/TargetTracking-service\/prod\/web-AlarmHigh-/),
      StatusCode: 'Successful',
    });
  });

  it('never leaves the bounds', () => {
    const aws = scaled({ perSecond: 900 }, { max: 5 });
    aws.pass(3_600);
    expect(aws.service().desiredCount).toBe(5);
    const idle = scaled({ perSecond: 1 }, { min: 3 });
    idle.pass(3 * 3_600);
    expect(idle.service().desiredCount).toBe(3);
  });

  it('scales in only after a quarter of an hour', () => {
    const aws = scaled({ perSecond: 60 });
    const took = aws.until(() => (aws.service().desiredCount ?? 0) < 4);
    expect(took).toBeGreaterThanOrEqual(900);
    expect(aws.service().desiredCount).toBe(2);
  });

  it('does nothing that is suspended', () => {
    const busy = scaled({ perSecond: 300 });
    suspend(busy, { DynamicScalingOutSuspended: true });
    busy.pass(1_800);
    expect(busy.service().desiredCount).toBe(4);
    suspend(busy, { DynamicScalingOutSuspended: false });
    busy.pass(120);
    expect(busy.service().desiredCount).toBeGreaterThan(4);
    const idle = scaled({ perSecond: 60 });
    suspend(idle, { DynamicScalingInSuspended: true });
    idle.pass(3_600);
    expect(idle.service().desiredCount).toBe(4);
    expect(
      idle.send(new DescribeScalableTargetsCommand({ ServiceNamespace: 'ecs' })).ScalableTargets?.[0]
        ?.SuspendedState,
    ).toEqual({
      DynamicScalingInSuspended: true,
      DynamicScalingOutSuspended: false,
      ScheduledScalingSuspended: false,
    });
  });

  it('takes what is not named for not suspended', () => {
    const aws = scaled({ perSecond: 60 });
    suspend(aws, { DynamicScalingOutSuspended: true, ScheduledScalingSuspended: true });
    suspend(aws, { DynamicScalingInSuspended: true });
    const { ScalableTargets = [] } = aws.send(
      new DescribeScalableTargetsCommand({ ServiceNamespace: 'ecs' }),
    );
    expect(ScalableTargets[0]?.SuspendedState).toEqual({
      DynamicScalingInSuspended: true,
      DynamicScalingOutSuspended: false,
      ScheduledScalingSuspended: false,
    });
  });

  it('does not scale in while a deployment is in progress', () => {
    const scenario = webShop({
      images: ['app:v1', 'app:v2'],
      rate: 40,
      behaviours: { 'app:v2': { startup: 3_600_000 } },
      gracePeriod: 7_200_000,
    });
    const aws = open({ ...scenario, ...PROMPT, scalableTargets: [target] });
    aws.pass(600);
    aws.send(new UpdateServiceCommand({ cluster: 'prod', service: 'web', taskDefinition: 'web:2' }));
    aws.pass(3_000);
    expect(aws.service().desiredCount).toBe(4);
    expect(aws.service().deployments?.[0]?.rolloutState).toBe('IN_PROGRESS');
    aws.until(() => aws.service().deployments?.[0]?.rolloutState === 'COMPLETED');
    aws.pass(600);
    expect(aws.service().desiredCount).toBe(2);
  });
});

describe('scalable targets and policies', () => {
  it('are registered, changed and deregistered', () => {
    const aws = open(webShop({ override: PROMPT }));
    const policy = {
      ...WEB,
      PolicyName: 'cpu',
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 60,
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
      },
    } as const;
    expect(aws.refusal(new PutScalingPolicyCommand(policy))).toMatch(/^ObjectNotFoundException/);
    expect(aws.refusal(new RegisterScalableTargetCommand(WEB))).toMatch(/^ValidationException/);
    aws.send(new RegisterScalableTargetCommand({ ...WEB, MinCapacity: 6, MaxCapacity: 8 }));
    // Registering brings the service within the bounds.
    expect(aws.service().desiredCount).toBe(6);
    const { PolicyARN, Alarms } = aws.send(new PutScalingPolicyCommand(policy));
    expect(Alarms).toHaveLength(2);
    const described = aws.send(new DescribeScalingPoliciesCommand({ ServiceNamespace: 'ecs' }));
    expect(described.ScalingPolicies).toMatchObject([{ PolicyARN, PolicyName: 'cpu' }]);
    aws.send(new DeleteScalingPolicyCommand({ ...WEB, PolicyName: 'cpu' }));
    expect(aws.refusal(new DeleteScalingPolicyCommand({ ...WEB, PolicyName: 'cpu' }))).toMatch(
      /^ObjectNotFoundException/,
    );
    aws.send(new DeregisterScalableTargetCommand(WEB));
    expect(aws.send(new DescribeScalableTargetsCommand({ ServiceNamespace: 'ecs' })).ScalableTargets).toEqual(
      [],
    );
    expect(aws.refusal(new DeregisterScalableTargetCommand(WEB))).toMatch(/^ObjectNotFoundException/);
  });
});

describe('scheduled actions', () => {
  const bounds = (aws: ReturnType<typeof open>) => {
    const { ScalableTargets = [] } = aws.send(
      new DescribeScalableTargetsCommand({ ServiceNamespace: 'ecs' }),
    );
    return ScalableTargets.map(({ MinCapacity, MaxCapacity }) => [MinCapacity, MaxCapacity])[0];
  };
  const scheduled = (schedule: NonNullable<ScenarioScalableTarget['schedule']>) => {
    const scenario = webShop({ images: ['app:v1'] });
    const targets = [{ service: 'prod/web', min: 2, max: 10, schedule }];
    return open({ ...scenario, ...PROMPT, scalableTargets: targets });
  };

  it('set the bounds when they are due, and bring the service within them', () => {
    const aws = scheduled({
      up: { schedule: 'cron(10 22 * * ? *)', min: 6, max: 12 },
      down: { schedule: 'cron(20 22 * * ? *)', max: 3, min: 1 },
      least: { schedule: 'cron(30 22 * * ? *)', min: 2 },
    });
    aws.pass(599);
    expect(aws.service().desiredCount).toBe(4);
    aws.pass(2);
    expect([aws.service().desiredCount, bounds(aws)]).toEqual([6, [6, 12]]);
    aws.pass(600);
    expect([aws.service().desiredCount, bounds(aws)]).toEqual([3, [1, 3]]);
    aws.pass(600);
    expect([aws.service().desiredCount, bounds(aws)]).toEqual([3, [2, 3]]);
    const { ScalingActivities = [] } = aws.send(new DescribeScalingActivitiesCommand(WEB));
    expect(ScalingActivities.map(({ Cause }) => Cause)).toEqual([
      'scheduled action name least was triggered',
      'minimum capacity was set to 1',
      'scheduled action name down was triggered',
      'minimum capacity was set to 6',
      'scheduled action name up was triggered',
    ]);
  });

  it('are lost while they are suspended', () => {
    const aws = scheduled({ up: { schedule: 'cron(10 22 * * ? *)', min: 6 } });
    suspend(aws, { ScheduledScalingSuspended: true });
    aws.pass(1_200);
    suspend(aws, { ScheduledScalingSuspended: false });
    aws.pass(1_200);
    expect([aws.service().desiredCount, bounds(aws)]).toEqual([4, [2, 10]]);
    aws.pass(86_400);
    expect([aws.service().desiredCount, bounds(aws)]).toEqual([6, [6, 10]]);
  });

  it('are put, changed and deleted', () => {
    const aws = scheduled({ up: { schedule: 'cron(10 22 * * ? *)', min: 6 } });
    const put = (more: object) =>
      new PutScheduledActionCommand({ ...WEB, ScheduledActionName: 'up', ...more });
    aws.send(put({ Schedule: 'cron(30 22 * * ? *)', Timezone: 'UTC' }));
    const { ScheduledActions } = aws.send(new DescribeScheduledActionsCommand({ ServiceNamespace: 'ecs' }));
    expect(ScheduledActions).toMatchObject([
      {
        ScheduledActionName: 'up',
        Schedule: 'cron(30 22 * * ? *)',
        ScalableTargetAction: { MinCapacity: 6 },
      },
    ]);
    aws.pass(1_700);
    expect(aws.service().desiredCount).toBe(4);
    for (const wrong of [
      { Schedule: 'cron(30 22 * * ?)' },
      { Timezone: 'Moon/Crater' },
      { ScalableTargetAction: { MinCapacity: 6, MaxCapacity: 5 } },
      { StartTime: new Date(START), EndTime: new Date(START) },
      { ScheduledActionName: 'other', ScalableTargetAction: { MinCapacity: 6 } },
      { ScheduledActionName: 'other', Schedule: 'rate(1 day)' },
    ]) {
      expect(aws.refusal(put(wrong))).toMatch(/^ValidationException/);
    }
    const name = { ...WEB, ScheduledActionName: 'up' };
    aws.send(new DeleteScheduledActionCommand(name));
    expect(aws.refusal(new DeleteScheduledActionCommand(name))).toMatch(/^ObjectNotFoundException/);
    aws.pass(1_800);
    expect(aws.service().desiredCount).toBe(4);
    const nowhere = { ...put({ Schedule: 'rate(1 day)' }).input, ResourceId: 'service/prod/other' };
    expect(aws.refusal(new PutScheduledActionCommand(nowhere))).toMatch(/^ObjectNotFoundException/);
  });
});

describe('GetResources', () => {
  it('finds what carries the tags, page by page', () => {
    const scenario = webShop({ override: PROMPT });
    const aws = open({
      ...scenario,
      services: scenario.services.map((service) => ({ ...service, tags: { team: 'shop', tier: 'web' } })),
      targetGroups: scenario.targetGroups.map((group) => ({ ...group, tags: { team: 'shop' } })),
    });
    const rule = aws.rules()[0]?.RuleArn ?? '';
    aws.send(new AddTagsCommand({ ResourceArns: [rule], Tags: [{ Key: 'team', Value: 'other' }] }));
    const find = (input: object) =>
      aws
        .send(new GetResourcesCommand(input))
        .ResourceTagMappingList?.map(({ ResourceARN = '' }) => ResourceARN.split(':')[5]?.split('/')[0]);
    const team = { Key: 'team' };
    expect(find({ TagFilters: [team] })).toEqual(['service', 'listener-rule', 'targetgroup']);
    expect(find({ TagFilters: [{ ...team, Values: ['shop'] }] })).toEqual(['service', 'targetgroup']);
    expect(find({ TagFilters: [team, { Key: 'tier', Values: ['web', 'x'] }] })).toEqual(['service']);
    expect(find({ TagFilters: [team], ResourceTypeFilters: ['elasticloadbalancing:targetgroup'] })).toEqual([
      'targetgroup',
    ]);
    expect(find({ TagFilters: [team], ResourceTypeFilters: ['ecs'] })).toEqual(['service']);
    expect(find({ ResourceARNList: [rule] })).toEqual(['listener-rule']);
    const page = aws.send(new GetResourcesCommand({ TagFilters: [team], ResourcesPerPage: 2 }));
    const rest = new GetResourcesCommand({ TagFilters: [team], PaginationToken: page.PaginationToken });
    expect(aws.send(rest)).toMatchObject({
      PaginationToken: '',
      ResourceTagMappingList: [expect.anything()],
    });
  });

  it('lags behind writes', () => {
    const aws = open(webShop({ override: { history: 0, consistencyLag: { min: 1_000, max: 1_000 } } }));
    const arn = aws.targetGroup();
    aws.send(new AddTagsCommand({ ResourceArns: [arn], Tags: [{ Key: 'rollout', Value: '1' }] }));
    const found = () =>
      aws.send(new GetResourcesCommand({ TagFilters: [{ Key: 'rollout' }] })).ResourceTagMappingList?.length;
    expect(found()).toBe(0);
    aws.pass(1);
    expect(found()).toBe(1);
  });
});
