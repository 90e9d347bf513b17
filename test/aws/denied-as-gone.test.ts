import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheSnapshots } from '../../src/aws/cache-snapshots.ts';
import type { Connection } from '../../src/aws/connection.ts';
import { databaseSnapshots } from '../../src/aws/database-snapshots.ts';
import { services } from '../../src/aws/services.ts';
import { traffic } from '../../src/aws/traffic.ts';
import { systemClock } from '../../src/clock.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';

const CONNECTION: Connection = { clock: systemClock };
const GONE = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/canary-web/0123456789abcdef';
const GONE_RULE =
  'arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/shop/0123456789abcdef/0123456789abcdef/0123456789abcdef';

let aws: Simulator<SimulatedWorld>;
beforeEach(async () => {
  const scenario = {
    ...webShop(),
    history: 0,
    consistencyLag: { min: 0, max: 0 },
    databases: { instances: { orders: {} }, snapshots: { 'orders-1': { of: 'orders' } } },
    caches: { replicationGroups: { sessions: {} }, snapshots: { 'sessions-1': { of: 'sessions' } } },
  };
  aws = await startSimulator({
    clock: systemClock,
    seed: 1,
    world: (context) => createWorld(context, scenario),
    // What AWS says of a change that is allowed by tag alone, when nothing carries the tag.
    faults: [
      'DeleteService',
      'DeleteTargetGroup',
      'DeleteRule',
      'AddTags',
      'DeleteDBSnapshot',
      'DeleteSnapshot',
    ].map((operation) => ({ kind: 'access-denied', operation }) as const),
  });
  for (const [name, value] of Object.entries(aws.env())) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

const group = async (): Promise<string> => {
  const [web] = await traffic(CONNECTION).targetGroupsByName(['web']);
  return web?.arn ?? '';
};
const rule = async (): Promise<string> => {
  const elb = traffic(CONNECTION);
  const [web] = await elb.targetGroupsByName(['web']);
  const [route] = await elb.routes(web?.loadBalancerArns ?? []);
  return route?.ruleArn ?? '';
};

describe('a removal that AWS denies', () => {
  it.each([
    ['a service', () => services(CONNECTION).delete('prod', 'web-canary')],
    ['a target group', () => traffic(CONNECTION).deleteTargetGroup(GONE)],
    ['a rule', () => traffic(CONNECTION).deleteRule(GONE_RULE)],
    ['a snapshot of a database', () => databaseSnapshots(CONNECTION, 'db-instance').delete('orders-2')],
    ['a snapshot of a cache', () => cacheSnapshots(CONNECTION, 'replication-group').delete('sessions-2')],
  ])('is done when %s is gone, of which no tag tells any more', async (_what, remove) => {
    await expect(remove()).resolves.toBeUndefined();
  });

  it.each([
    ['a service', () => services(CONNECTION).delete('prod', 'web')],
    ['a target group', async () => traffic(CONNECTION).deleteTargetGroup(await group())],
    ['a rule', async () => traffic(CONNECTION).deleteRule(await rule())],
    ['a snapshot of a database', () => databaseSnapshots(CONNECTION, 'db-instance').delete('orders-1')],
    ['a snapshot of a cache', () => cacheSnapshots(CONNECTION, 'replication-group').delete('sessions-1')],
  ])('fails with the permission that is missing while %s is there', async (_what, remove) => {
    await expect(remove()).rejects.toThrow(/^AWS does not allow \w+:Delete/);
  });
});

describe('tags of the ledger that AWS denies', () => {
  it('are not found when the target group is gone', async () => {
    await expect(traffic(CONNECTION).tag([GONE], { key: 'value' })).rejects.toMatchObject({
      name: 'TargetGroupNotFoundException',
    });
  });

  it('fail with the permission that is missing while it is there', async () => {
    await expect(traffic(CONNECTION).tag([await group()], { key: 'value' })).rejects.toThrow(
      /^AWS does not allow elasticloadbalancing:AddTags/,
    );
  });
});
