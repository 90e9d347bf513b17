import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bucket } from '../../src/aws/buckets.ts';
import { scaledClock, systemClock } from '../../src/clock.ts';
import type { Bucket, NewObject } from '../../src/ports.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';
import { failureOf } from '../simulator/failure-of.ts';
import { PROMPT } from '../simulator/world-under-test.ts';

const CLOCK = scaledClock(systemClock.now(), systemClock.now(), 20);
const MANY = Object.fromEntries(
  Array.from({ length: 1_003 }, (_, n) => [`many/${String(n).padStart(4, '0')}`, { body: '' }]),
);
const buckets = {
  site: {
    objects: { 'a b/ü+&.html': { body: 'old', metadata: { run: '7' } }, ...MANY },
    keeps: ['many/0500'],
  },
  versioned: { versioning: true },
  elsewhere: { region: 'us-west-2', objects: { 'x.html': { body: 'far' } } },
};

let aws: Simulator<SimulatedWorld>;
beforeEach(async () => {
  aws = await startSimulator({
    clock: CLOCK,
    seed: 1,
    world: (context) => createWorld(context, webShop({ override: { ...PROMPT, traffic: [], buckets } })),
  });
  for (const [name, value] of Object.entries(aws.env())) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
  expect(aws.bugs).toEqual([]);
});

const open = (name = 'site'): Bucket => bucket({ clock: CLOCK }, name);
const page = (body: string, more: Partial<NewObject> = {}): NewObject => ({
  key: 'index.html',
  body: Buffer.from(body),
  contentType: 'text/html',
  ...more,
});
const outcomes = () => aws.calls.map(({ operation, outcome }) => `${operation} ${outcome}`);

describe('an object', () => {
  it('is written with all that is said of it, and read back', async () => {
    const written = page('<p>ü</p>', {
      key: 'a b/ü+&?.html',
      cacheControl: 'no-cache',
      contentEncoding: 'identity',
      metadata: { version: '1.2.3' },
    });
    const { etag, version } = (await open().write(written)) as { etag: string; version?: string };
    expect(version).toBeUndefined();
    expect(aws.world.buckets.get('site')?.get('a b/ü+&?.html')).toMatchObject({
      body: new Uint8Array(Buffer.from('<p>ü</p>')),
      etag,
      contentType: 'text/html',
      cacheControl: 'no-cache',
      contentEncoding: 'identity',
      metadata: { version: '1.2.3' },
    });
    const read = await open().read('a b/ü+&?.html');
    expect(Buffer.from(read?.body ?? []).toString()).toBe('<p>ü</p>');
    expect(read).toMatchObject({ etag, metadata: { version: '1.2.3' } });
  });

  it('may be empty', async () => {
    await open().write(page('', { key: 'empty' }));
    expect((await open().read('empty'))?.body).toHaveLength(0);
  });

  it('has a version where the bucket keeps versions', async () => {
    expect(await open('versioned').write(page('x'))).toMatchObject({ version: expect.stringMatching(/./) });
  });

  it('is undefined where there is none', async () => {
    expect(await open().read('nothing')).toBeUndefined();
    expect(await open().copy('nothing', 'b', { contentType: 'text/html' })).toBeUndefined();
  });

  it('is copied with other settings, on itself too', async () => {
    const settings = { contentType: 'text/plain', cacheControl: 'max-age=60' };
    const etag = await open().copy('a b/ü+&.html', 'a b/ü+&.html', settings);
    expect(aws.world.buckets.get('site')?.get('a b/ü+&.html')).toMatchObject({
      body: Buffer.from('old'),
      etag,
      metadata: {},
      ...settings,
    });
  });
});

describe('a condition', () => {
  it('lets one of two writers through', async () => {
    const first = await open().write(page('1'), { absent: true });
    expect(await open().write(page('2'), { absent: true })).toBe('conflict');
    const { etag } = first as { etag: string };
    expect(await open().write(page('3'), { ifMatch: etag })).toMatchObject({ etag: expect.any(String) });
    expect(await open().write(page('4'), { ifMatch: etag })).toBe('conflict');
    expect(await open().write(page('5', { key: 'gone' }), { ifMatch: etag })).toBe('conflict');
  });

  it('is no conflict with an own write whose answer was lost', async () => {
    aws.faults.add({ kind: 'lost-answer', service: 'S3', operation: 'PutObject', nth: 1 });
    expect(await open().write(page('1'), { absent: true })).toMatchObject({ etag: expect.any(String) });
    expect(outcomes()).toEqual(['PutObject lost-answer', 'PutObject PreconditionFailed', 'GetObject ok']);
  });

  it('is a conflict when another writer came in between the tries', async () => {
    aws.faults.add({ kind: 'throttle', service: 'S3', operation: 'PutObject', nth: 1 });
    aws.world.buckets.get('site')?.put({
      ...page('theirs'),
      cacheControl: undefined,
      contentEncoding: undefined,
      metadata: {},
    });
    expect(await open().write(page('mine'), { absent: true })).toBe('conflict');
  });
});

describe('a listing', () => {
  it('gives all keys below a prefix, page by page', async () => {
    const keys: string[] = [];
    for await (const { key, etag, size } of open().list('many/')) {
      keys.push(key);
      expect([etag, size]).toEqual(['d41d8cd98f00b204e9800998ecf8427e', 0]);
    }
    expect(keys).toEqual(Object.keys(MANY));
    expect(outcomes()).toEqual(['ListObjectsV2 ok', 'ListObjectsV2 ok']);
    for await (const { key } of open().list('a b/ü+&')) expect(key).toBe('a b/ü+&.html');
  });

  it('is empty where there is nothing', async () => {
    for await (const object of open().list('nothing/')) expect(object).toBeUndefined();
    expect(outcomes()).toEqual(['ListObjectsV2 ok']);
  });
});

describe('a deletion', () => {
  it('tells what could not be deleted, in as few calls as AWS allows', async () => {
    expect(await open().delete([...Object.keys(MANY), 'nothing'])).toEqual([
      { key: 'many/0500', reason: 'AccessDenied: Access Denied' },
    ]);
    expect(outcomes()).toEqual(['DeleteObjects ok', 'DeleteObjects ok']);
    expect(aws.world.buckets.get('site')?.keys()).toEqual(['a b/ü+&.html', 'many/0500']);
  });
});

describe('a bucket', () => {
  it('of another region is found there once for all calls', async () => {
    const far = open('elsewhere');
    expect(Buffer.from((await far.read('x.html'))?.body ?? []).toString()).toBe('far');
    await far.write(page('x'));
    expect(outcomes()).toEqual(['GetObject PermanentRedirect', 'GetObject ok', 'PutObject ok']);
  });

  it.each(['arn:aws:s3:eu-west-1:123456789012:accesspoint/a', 'site--euw1-az1--x-s3', 'a/b', ''])(
    'is not what %j names',
    (name) => {
      expect(() => open(name)).toThrow(/is no name of a bucket/);
      expect(aws.calls).toEqual([]);
    },
  );

  it('that does not exist is named', async () => {
    expect(await failureOf(open('nowhere').write(page('x')))).toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining('there is no bucket nowhere'),
    });
  });
});

describe('a call that AWS refuses', () => {
  it('is tried again when S3 asks for patience, or breaks off', async () => {
    aws.faults.add({ kind: 'throttle', service: 'S3', operation: 'PutObject', nth: 1 });
    aws.faults.add({ kind: 'internal-error', service: 'S3', operation: 'GetObject', nth: 1 });
    await open().write(page('x'));
    expect(await open().read('index.html')).toBeDefined();
    expect(outcomes()).toEqual([
      'PutObject SlowDown',
      'PutObject ok',
      'GetObject InternalError',
      'GetObject ok',
    ]);
  });

  it('is tried again when a body breaks off, not for ever', async () => {
    await open().write(page('x'.repeat(100_000)));
    aws.faults.add({ kind: 'cut', service: 'S3', operation: 'GetObject', nth: 1 });
    expect((await open().read('index.html'))?.body).toHaveLength(100_000);
    aws.faults.add({ kind: 'cut', service: 'S3', operation: 'GetObject' });
    await failureOf(open().read('index.html'));
    expect(aws.calls.filter(({ operation }) => operation === 'GetObject')).toHaveLength(2 + 3);
  });

  it('names the permission that is missing', async () => {
    aws.faults.add({ kind: 'access-denied', service: 'S3' });
    const denied = async (call: Promise<unknown>) => (await failureOf(call)) as Error & { next: string };
    expect((await denied(open().read('x'))).next).toContain('Allow s3:GetObject in the policy');
    expect((await denied(open().write(page('x')))).message).toContain(
      'is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::site/index.html',
    );
    expect((await denied(open().list('x')[Symbol.asyncIterator]().next())).next).toContain('s3:ListBucket');
    expect((await denied(open().delete(['x']))).next).toContain('Allow s3:DeleteObject');
    expect((await denied(open().copy('a', 'b', page('')))).next).toContain('s3:GetObject and s3:PutObject');
  });

  it('ends with the run', async () => {
    aws.faults.add({ kind: 'timeout', service: 'S3' });
    const end = new AbortController();
    const call = bucket({ clock: CLOCK, signal: end.signal }, 'site').read('x');
    end.abort();
    expect((await failureOf(call)).name).toBe('AbortError');
  });
});
