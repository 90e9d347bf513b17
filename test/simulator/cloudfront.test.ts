import {
  CloudFrontClient,
  CreateInvalidationCommand,
  GetDistributionCommand,
  GetInvalidationCommand,
} from '@aws-sdk/client-cloudfront';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';
import { clientOf } from './client-of.ts';
import { failureOf } from './failure-of.ts';
import { type MovedClock, movedClock } from './moved-clock.ts';
import { PROMPT } from './world-under-test.ts';

const ID = 'E1A2B3C4D5E6F7';
const MINUTE = 60_000;
const page = (body: string, cacheControl?: string) => ({
  body,
  contentType: 'text/html',
  ...(cacheControl !== undefined && { cacheControl }),
});

let clock: MovedClock;
let aws: Simulator<SimulatedWorld>;
let cloudfront: CloudFrontClient;
beforeEach(async () => {
  clock = movedClock();
  const buckets = {
    site: {
      objects: {
        'v/index.html': page('home 1'),
        'v/short.html': page('short 1', 'public, max-age=60'),
        'v/never.html': page('never 1', 'no-cache'),
        'v/a/ü b.html': page('deep 1', 'max-age=1, s-maxage=3600'),
      },
    },
  };
  const distributions = {
    [ID]: { bucket: 'site', originPath: '/v' },
    EAPP: { bucket: 'site', originPath: 'v', errorPage: '/index.html' },
  };
  aws = await startSimulator({
    clock,
    seed: 1,
    world: (context) =>
      createWorld(context, webShop({ override: { ...PROMPT, traffic: [], buckets, distributions } })),
  });
  cloudfront = new CloudFrontClient(clientOf(aws));
});
afterEach(async () => {
  cloudfront.destroy();
  await aws.close();
  expect(aws.bugs).toEqual([]);
});

const write = (key: string, body: string): void => {
  const bucket = aws.world.buckets.get('site');
  const before = bucket?.get(`v/${key}`);
  bucket?.put({
    key: `v/${key}`,
    body: Buffer.from(body),
    contentType: 'text/html',
    cacheControl: before?.cacheControl,
    contentEncoding: undefined,
    metadata: {},
  });
};
const seen = (path: string) => aws.world.edge.get(path).body;
const invalidate = (reference: string, Items: string[], Quantity = Items.length) =>
  cloudfront.send(
    new CreateInvalidationCommand({
      DistributionId: ID,
      InvalidationBatch: { CallerReference: reference, Paths: { Quantity, Items } },
    }),
  );
const statusOf = async (Id = '') =>
  (await cloudfront.send(new GetInvalidationCommand({ DistributionId: ID, Id }))).Invalidation?.Status;

describe('the edge', () => {
  it('hands out what it has until that expires', () => {
    expect([seen('/'), seen('/short.html'), seen('/never.html'), seen('/a/%C3%BC%20b.html')]).toEqual([
      'home 1',
      'short 1',
      'never 1',
      'deep 1',
    ]);
    for (const key of ['index.html', 'short.html', 'never.html', 'a/ü b.html']) write(key, 'new');
    expect([seen('/'), seen('/short.html'), seen('/never.html')]).toEqual(['home 1', 'short 1', 'new']);
    clock.move(MINUTE);
    expect([seen('/'), seen('/short.html'), seen('/a/ü b.html')]).toEqual(['home 1', 'new', 'deep 1']);
    clock.move(60 * MINUTE);
    expect([seen('/'), seen('/a/ü b.html')]).toEqual(['home 1', 'new']);
    clock.move(24 * 60 * MINUTE);
    expect(seen('/')).toBe('new');
  });

  it('says that an object is not there for some seconds after it came', () => {
    expect(aws.world.edge.get('/late.html')).toMatchObject({ status: 403, cached: false });
    write('late.html', 'there');
    expect(aws.world.edge.get('/late.html')).toMatchObject({ status: 403, cached: true });
    clock.move(10_000);
    expect(aws.world.edge.get('/late.html')).toMatchObject({ status: 200, body: 'there' });
  });

  it('hands out the page of an application for what is not there', () => {
    expect(aws.world.edge.get('/any/route', 'EAPP')).toMatchObject({ status: 200, body: 'home 1' });
  });
});

describe('an invalidation', () => {
  it('makes the edge ask the bucket again, once it has completed', async () => {
    seen('/');
    seen('/a/ü b.html');
    write('index.html', 'home 2');
    write('a/ü b.html', 'deep 2');
    const { Invalidation, Location } = await invalidate('run-1', ['/a/*']);
    expect(Location).toContain(`/distribution/${ID}/invalidation/${Invalidation?.Id}`);
    expect(await statusOf(Invalidation?.Id)).toBe('InProgress');
    expect(seen('/a/ü b.html')).toBe('deep 1');
    clock.move(2 * MINUTE);
    expect(await statusOf(Invalidation?.Id)).toBe('Completed');
    expect(seen('/a/ü b.html')).toBe('deep 2');
    expect(seen('/')).toBe('home 1');
    await invalidate('run-2', ['/', '/a/%C3%BC%20b.html']);
    clock.move(2 * MINUTE);
    expect(seen('/')).toBe('home 2');
  });

  it('is the same for the same reference and the same paths', async () => {
    const first = await invalidate('run', ['/', '/x']);
    clock.move(MINUTE / 60);
    const again = await invalidate('run', ['/x', '/']);
    expect(again.Invalidation).toMatchObject({ Id: first.Invalidation?.Id });
    expect(await failureOf(invalidate('run', ['/']))).toMatchObject({
      name: 'InvalidArgument',
      message: expect.stringContaining('a caller reference that was used for a previous invalidation batch'),
    });
  });

  it('has to wait while 3,000 files or 15 wildcards are under way', async () => {
    const files = (n: number, from = 0) => Array.from({ length: n }, (_, i) => `/${from + i}`);
    await invalidate('1', files(2_999));
    await invalidate(
      '2',
      files(15).map((path) => `${path}/*`),
    );
    const busy = { name: 'TooManyInvalidationsInProgress' };
    expect(await failureOf(invalidate('3', ['/a', '/b']))).toMatchObject(busy);
    expect(await failureOf(invalidate('4', ['/*']))).toMatchObject(busy);
    expect(await failureOf(invalidate('5', files(3_001)))).toMatchObject({ name: 'BatchTooLarge' });
    const { Distribution } = await cloudfront.send(new GetDistributionCommand({ Id: ID }));
    expect(Distribution).toMatchObject({ Id: ID, InProgressInvalidationBatches: 2 });
    clock.move(2 * MINUTE);
    expect((await invalidate('4', ['/*'])).Invalidation?.Status).toBe('InProgress');
  });

  it.each([
    ['a path that is none', ['x'], undefined, 'InvalidArgument'],
    ['a path that is not encoded', ['/ü'], undefined, 'InvalidArgument'],
    ['no paths', [], undefined, 'InvalidArgument'],
    ['another number of paths than it says', ['/x'], 2, 'InconsistentQuantities'],
  ])('is refused for %s', async (_, paths, quantity, name) => {
    expect(await failureOf(invalidate('r', paths, quantity))).toMatchObject({ name });
  });
});

it('says what is not there', async () => {
  expect(await failureOf(cloudfront.send(new GetDistributionCommand({ Id: 'ENONE' })))).toMatchObject({
    name: 'NoSuchDistribution',
    $metadata: { httpStatusCode: 404 },
  });
  expect(await failureOf(statusOf('INONE'))).toMatchObject({ name: 'NoSuchInvalidation' });
});
