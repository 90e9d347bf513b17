import { afterAll, beforeAll, expect, it } from 'vitest';
import { bucket } from '../../src/aws/buckets.ts';
import { distributions } from '../../src/aws/distributions.ts';
import { systemClock } from '../../src/clock.ts';
import type { NewObject } from '../../src/ports.ts';
import { failureOf } from '../simulator/failure-of.ts';
import { type Moto, startMoto } from '../slow/moto.ts';

/** What the adapters for static files send, judged by an emulator that others have written. */

const connection = { clock: systemClock };
let moto: Moto;

const SETUP = `
import boto3, sys
make = lambda name: boto3.client(name, region_name='eu-west-1', endpoint_url=sys.argv[1], aws_access_key_id='x', aws_secret_access_key='x')
s3, cloudfront = make('s3'), make('cloudfront')
for name in ['site', 'versioned']:
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
s3.put_bucket_versioning(Bucket='versioned', VersioningConfiguration={'Status': 'Enabled'})
print(cloudfront.create_distribution(DistributionConfig={'CallerReference': '1', 'Comment': '', 'Enabled': True,
  'Aliases': {'Quantity': 1, 'Items': ['www.example.com']},
  'Origins': {'Quantity': 1, 'Items': [{'Id': 'o', 'DomainName': 'site.s3.amazonaws.com', 'S3OriginConfig': {'OriginAccessIdentity': ''}}]},
  'DefaultCacheBehavior': {'TargetOriginId': 'o', 'ViewerProtocolPolicy': 'redirect-to-https', 'MinTTL': 0, 'ForwardedValues': {'QueryString': False, 'Cookies': {'Forward': 'none'}}}})['Distribution']['Id'], end='')
`;

const LOOK = `
import boto3, json, sys
s3 = boto3.client('s3', region_name='eu-west-1', endpoint_url=sys.argv[1], aws_access_key_id='x', aws_secret_access_key='x')
got = s3.get_object(Bucket='site', Key=sys.argv[2])
print(json.dumps({'body': got['Body'].read().decode(), **{name: got.get(name) for name in ['ContentType', 'CacheControl', 'ContentEncoding', 'Metadata']}}))
`;

let distribution: string;
beforeAll(async () => {
  moto = await startMoto();
  distribution = moto.python(SETUP);
});
afterAll(() => moto?.stop());

const page = (key: string, body: string, more: Partial<NewObject> = {}): NewObject => ({
  key,
  body: Buffer.from(body),
  contentType: 'text/html; charset=utf-8',
  ...more,
});

it('objects are kept as they were written, and as they were copied', async () => {
  const site = bucket(connection, 'site');
  const key = 'a b/ü+&<>.html';
  const settings = { cacheControl: 'no-cache', contentEncoding: 'br', metadata: { version: '1.2.3' } };
  await site.write(page(key, '<p>ü</p>', settings));
  expect(JSON.parse(moto.python(LOOK, key))).toEqual({
    body: '<p>ü</p>',
    ContentType: 'text/html; charset=utf-8',
    CacheControl: 'no-cache',
    ContentEncoding: 'br',
    Metadata: { version: '1.2.3' },
  });
  const read = await site.read(key);
  expect(Buffer.from(read?.body ?? []).toString()).toBe('<p>ü</p>');
  expect(await site.copy(key, 'copy.txt', { contentType: 'text/plain' })).toBe(read?.etag);
  expect(JSON.parse(moto.python(LOOK, 'copy.txt'))).toMatchObject({
    body: '<p>ü</p>',
    ContentType: 'text/plain',
    CacheControl: null,
    Metadata: {},
  });
  expect(await site.read('nothing')).toBeUndefined();
  expect(await site.copy('nothing', 'x', { contentType: 'text/plain' })).toBeUndefined();
  expect(await bucket(connection, 'versioned').write(page('x', 'y'))).toMatchObject({
    version: expect.stringMatching(/./),
  });
  expect(await failureOf(bucket(connection, 'nowhere').read('x'))).toMatchObject({ name: 'ConfigError' });
});

it('one of two writers gets through', async () => {
  const site = bucket(connection, 'site');
  const first = await site.write(page('current', '1'), { absent: true });
  expect(await site.write(page('current', '2'), { absent: true })).toBe('conflict');
  const { etag } = first as { etag: string };
  const second = await site.write(page('current', '3'), { ifMatch: etag });
  expect(second).not.toBe('conflict');
  expect(await site.write(page('current', '4'), { ifMatch: etag })).toBe('conflict');
});

it('more objects than a page are listed and deleted', async () => {
  const site = bucket(connection, 'site');
  const keys = Array.from({ length: 1_003 }, (_, n) => `many/${String(n).padStart(4, '0')}`);
  for (let at = 0; at < keys.length; at += 20)
    await Promise.all(keys.slice(at, at + 20).map((key) => site.write(page(key, key))));
  const found: string[] = [];
  for await (const { key, size } of site.list('many/')) {
    found.push(key);
    expect(size).toBe(9);
  }
  expect(found).toEqual(keys);
  expect(await site.delete([...keys, 'nothing'])).toEqual([]);
  for await (const { key } of site.list('many/')) expect(key).toBeUndefined();
});

it('a distribution is found and invalidated', async () => {
  const cdn = distributions(connection);
  expect(await cdn.find(distribution)).toMatchObject({ aliases: ['www.example.com'], enabled: true });
  expect(await cdn.find('ENONE')).toBeUndefined();
  const id = await cdn.invalidate(distribution, 'run-1', ['/', '/a%20b/*']);
  // moto says COMPLETED, which AWS does not.
  expect(await cdn.state(distribution, id)).toBe('in-progress');
});
