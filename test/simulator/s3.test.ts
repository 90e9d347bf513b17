import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';
import { clientOf } from './client-of.ts';
import { failureOf } from './failure-of.ts';
import { movedClock, START } from './moved-clock.ts';
import { PROMPT } from './world-under-test.ts';

const buckets = {
  site: {
    objects: Object.fromEntries(
      ['index.html', 'Z', 'a/1', 'a/2', 'a/b/3', 'c d/ü<&>', 'é'].map((key) => [key, { body: key }]),
    ),
  },
  elsewhere: { region: 'us-west-2' },
};

let aws: Simulator<SimulatedWorld>;
let s3: S3Client;
beforeEach(async () => {
  aws = await startSimulator({
    clock: movedClock(),
    seed: 1,
    world: (context) => createWorld(context, webShop({ override: { ...PROMPT, traffic: [], buckets } })),
  });
  s3 = new S3Client(clientOf(aws));
});
afterEach(async () => {
  s3.destroy();
  await aws.close();
  expect(aws.bugs).toEqual([]);
});

const Bucket = 'site';
const list = async (input: Partial<ListObjectsV2CommandInput> = {}) => {
  const page = await s3.send(new ListObjectsV2Command({ Bucket, ...input }));
  return {
    ...page,
    keys: (page.Contents ?? []).map(({ Key }) => Key),
    folders: (page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
  };
};

describe('objects', () => {
  it('are handed out with their headers, and described without their body', async () => {
    const written = {
      ContentType: 'text/css',
      CacheControl: 'max-age=1, public',
      ContentEncoding: 'gzip',
      Metadata: { version: '1.2', 'by-whom': 'ci' },
    };
    const { ETag } = await s3.send(
      new PutObjectCommand({ Bucket, Key: 'a b/+ü?.css', Body: Buffer.from([0, 255, 13, 10]), ...written }),
    );
    const expected = { ...written, ETag, ContentLength: 4, LastModified: new Date(START) };
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'a b/+ü?.css' }));
    expect(got).toMatchObject(expected);
    expect([...((await got.Body?.transformToByteArray()) ?? [])]).toEqual([0, 255, 13, 10]);
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'a b/+ü?.css' }))).toMatchObject(expected);
  });

  it('are refused when another body came than was sent', async () => {
    const sent = { Bucket, Key: 'x', Body: 'sent', ChecksumCRC32: 'AAAAAA==' };
    expect(await failureOf(s3.send(new PutObjectCommand(sent)))).toMatchObject({ name: 'BadDigest' });
    expect(aws.world.buckets.get(Bucket)?.get('x')).toBeUndefined();
  });

  it('are copied with their settings, or with others', async () => {
    const copy = (Key: string, more: object = {}) =>
      s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: 'site/c%20d/%C3%BC%3C%26%3E', ...more }));
    await copy('same');
    expect(aws.world.buckets.get(Bucket)?.get('same')).toMatchObject({ contentType: 'binary/octet-stream' });
    await copy('other', { MetadataDirective: 'REPLACE', ContentType: 'text/html', Metadata: { a: 'b' } });
    expect(aws.world.buckets.get(Bucket)?.get('other')).toMatchObject({
      body: Buffer.from('c d/ü<&>'),
      contentType: 'text/html',
      metadata: { a: 'b' },
    });
    expect(await failureOf(copy('c d/ü<&>'))).toMatchObject({ name: 'InvalidRequest' });
  });
});

describe('a listing', () => {
  it('is in the order of bytes, by prefix and up to a delimiter', async () => {
    expect((await list()).keys).toEqual(['Z', 'a/1', 'a/2', 'a/b/3', 'c d/ü<&>', 'index.html', 'é']);
    expect(await list({ Prefix: 'a/' })).toMatchObject({ keys: ['a/1', 'a/2', 'a/b/3'], KeyCount: 3 });
    expect(await list({ Delimiter: '/' })).toMatchObject({
      keys: ['Z', 'index.html', 'é'],
      folders: ['a/', 'c d/'],
      KeyCount: 5,
      IsTruncated: false,
    });
    expect(await list({ Prefix: 'c', EncodingType: 'url' })).toMatchObject({
      keys: ['c%20d/%C3%BC%3C%26%3E'],
    });
  });

  it('goes on where its page ended, folders counted once', async () => {
    const seen: unknown[] = [];
    let token: string | undefined;
    do {
      const page = await list({
        MaxKeys: 2,
        Delimiter: '/',
        ...(token !== undefined && { ContinuationToken: token }),
      });
      seen.push([...page.keys, ...page.folders]);
      token = page.NextContinuationToken;
    } while (token !== undefined);
    expect(seen).toEqual([['Z', 'a/'], ['index.html', 'c d/'], ['é']]);
    expect((await list({ StartAfter: 'c' })).keys).toEqual(['c d/ü<&>', 'index.html', 'é']);
    expect(await failureOf(list({ ContinuationToken: 'x' }))).toMatchObject({ name: 'InvalidArgument' });
  });
});

it('deletes what is there, and says so of what is not too', async () => {
  const { Deleted } = await s3.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'Z' }, { Key: 'nothing' }] } }),
  );
  expect(Deleted).toEqual([{ Key: 'Z' }, { Key: 'nothing' }]);
  expect((await list()).keys).not.toContain('Z');
});

it.each([
  ['an object that is not there', new GetObjectCommand({ Bucket, Key: 'none' }), 'NoSuchKey', 404],
  ['its description', new HeadObjectCommand({ Bucket, Key: 'none' }), 'NotFound', 404],
  ['a bucket that is not there', new GetObjectCommand({ Bucket: 'none', Key: 'x' }), 'NoSuchBucket', 404],
  ['another region', new GetObjectCommand({ Bucket: 'elsewhere', Key: 'x' }), 'PermanentRedirect', 301],
  [
    'a condition that does not hold',
    new PutObjectCommand({ Bucket, Key: 'Z', Body: 'x', IfNoneMatch: '*' }),
    'PreconditionFailed',
    412,
  ],
  [
    'a condition on what is not there',
    new PutObjectCommand({ Bucket, Key: 'none', Body: 'x', IfMatch: 'x' }),
    'NoSuchKey',
    404,
  ],
  [
    'a key that is too long',
    new PutObjectCommand({ Bucket, Key: 'ü'.repeat(513), Body: 'x' }),
    'KeyTooLongError',
    400,
  ],
  [
    'too many deletions',
    new DeleteObjectsCommand({
      Bucket,
      Delete: { Objects: Array.from({ length: 1_001 }, (_, n) => ({ Key: String(n) })) },
    }),
    'MalformedXML',
    400,
  ],
])('refuses %s', async (_, command, name, status) => {
  expect(await failureOf(s3.send(command as GetObjectCommand))).toMatchObject({
    name,
    $metadata: { httpStatusCode: status },
  });
});

it('tells a body that is no XML', async () => {
  const answer = await fetch(`${aws.url}/site?delete`, {
    method: 'POST',
    headers: { authorization: 'AWS4-HMAC-SHA256 Credential=x/20261121/eu-west-1/s3/aws4_request' },
    body: '<Delete><Object></Delete>',
  });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('<Code>MalformedXML</Code>');
});
