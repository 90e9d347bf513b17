import type {
  CopyObjectCommandInput,
  CopyObjectCommandOutput,
  DeleteObjectsCommandInput,
  DeleteObjectsCommandOutput,
  GetObjectCommandInput,
  GetObjectCommandOutput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
  ListObjectsV2CommandInput,
  ListObjectsV2CommandOutput,
  PutObjectCommandInput,
  PutObjectCommandOutput,
} from '@aws-sdk/client-s3';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';
import type { Buckets, StoredBucket } from './buckets.ts';
import type { StoredObject } from './model.ts';

const MOST_KEYS = 1_000;
const LONGEST_KEY = 1_024;

/** Objects of S3: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html */
export function bucketOperations(buckets: Buckets): Operations {
  const find = (name: string | undefined, call: Call): StoredBucket => {
    const bucket = buckets.get(name ?? '');
    if (bucket === undefined)
      throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: name });
    if (bucket.region !== call.region) {
      throw new AwsError(
        'PermanentRedirect',
        'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
        301,
        {
          Endpoint: `${name}.s3.${bucket.region}.amazonaws.com`,
          Bucket: name,
          Region: bucket.region,
        },
      );
    }
    return bucket;
  };

  const object = (bucket: StoredBucket, key: string | undefined): StoredObject => {
    const found = bucket.get(key ?? '');
    if (found === undefined)
      throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });
    return found;
  };

  return {
    PutObject(input: PutObjectCommandInput, call: Call): Answer<PutObjectCommandOutput> {
      const bucket = find(input.Bucket, call);
      const key = input.Key ?? '';
      if (Buffer.byteLength(key) > LONGEST_KEY) throw new AwsError('KeyTooLongError', 'Your key is too long');
      judgeConditions(input, bucket.get(key));
      const body = input.Body;
      const { etag, version } = bucket.put({
        key,
        body: body instanceof Uint8Array ? body : new Uint8Array(),
        ...described(input),
      });
      return { ETag: quoted(etag), ...(version !== undefined && { VersionId: version }) };
    },

    GetObject(input: GetObjectCommandInput, call: Call): object {
      if (input.Range !== undefined) throw new AwsError('NotImplemented', 'ranges are not simulated', 501);
      const found = object(find(input.Bucket, call), input.Key);
      const answer: Omit<Answer<GetObjectCommandOutput>, 'Body'> = headers(found);
      return { ...answer, Body: found.body };
    },

    HeadObject: (input: HeadObjectCommandInput, call: Call): Answer<HeadObjectCommandOutput> =>
      headers(object(find(input.Bucket, call), input.Key)),

    ListObjectsV2: (input: ListObjectsV2CommandInput, call: Call): Answer<ListObjectsV2CommandOutput> =>
      listed(find(input.Bucket, call), input),

    DeleteObjects(input: DeleteObjectsCommandInput, call: Call): Answer<DeleteObjectsCommandOutput> {
      const bucket = find(input.Bucket, call);
      const objects = input.Delete?.Objects ?? [];
      if (objects.length === 0 || objects.length > MOST_KEYS) {
        throw new AwsError(
          'MalformedXML',
          'The XML you provided was not well-formed or did not validate against our published schema',
        );
      }
      const keys = objects.map(({ Key = '' }) => Key);
      const kept = new Set(keys.filter((key) => !bucket.delete(key)));
      const deleted = keys.filter((key) => !kept.has(key)).map((Key) => ({ Key }));
      return {
        ...(!input.Delete?.Quiet && deleted.length > 0 && { Deleted: deleted }),
        ...(kept.size > 0 && {
          Errors: [...kept].map((Key) => ({ Key, Code: 'AccessDenied', Message: 'Access Denied' })),
        }),
      };
    },

    CopyObject(input: CopyObjectCommandInput, call: Call): Answer<CopyObjectCommandOutput> {
      const source = (input.CopySource ?? '').replace(/^\//, '').replace(/\?.*/s, '');
      const [, from = '', key = ''] = /^([^/]+)\/(.+)$/s.exec(source) ?? [];
      const copied = object(find(from, call), decodeURIComponent(key));
      const target = find(input.Bucket, call);
      const replaces = input.MetadataDirective === 'REPLACE';
      if (from === input.Bucket && copied.key === input.Key && !replaces) {
        throw new AwsError(
          'InvalidRequest',
          "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
        );
      }
      const { etag, modifiedAt, version } = target.put({
        ...copied,
        ...(replaces && described(input)),
        key: input.Key ?? '',
      });
      return {
        CopyObjectResult: { ETag: quoted(etag), LastModified: new Date(modifiedAt) },
        ...(version !== undefined && { VersionId: version }),
      };
    },
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
function judgeConditions(
  { IfMatch, IfNoneMatch }: Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'>,
  found: StoredObject | undefined,
): void {
  const failed = (Condition: string) =>
    new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412, {
      Condition,
    });
  if (IfNoneMatch !== undefined && IfNoneMatch !== '*')
    throw new AwsError(
      'NotImplemented',
      'A header you provided implies functionality that is not implemented',
      501,
    );
  if (IfNoneMatch !== undefined && found !== undefined) throw failed('If-None-Match');
  if (IfMatch === undefined) return;
  if (found === undefined) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
  if (IfMatch.replaceAll('"', '') !== found.etag) throw failed('If-Match');
}

const described = (input: PutObjectCommandInput | CopyObjectCommandInput) => ({
  contentType: input.ContentType ?? 'binary/octet-stream',
  cacheControl: input.CacheControl,
  contentEncoding: input.ContentEncoding,
  metadata: input.Metadata ?? {},
});

const quoted = (etag: string): string => `"${etag}"`;

const headers = (object: StoredObject) => ({
  AcceptRanges: 'bytes',
  ContentLength: object.body.length,
  ContentType: object.contentType,
  ETag: quoted(object.etag),
  LastModified: new Date(object.modifiedAt),
  Metadata: { ...object.metadata },
  ...(object.cacheControl !== undefined && { CacheControl: object.cacheControl }),
  ...(object.contentEncoding !== undefined && { ContentEncoding: object.contentEncoding }),
  ...(object.version !== undefined && { VersionId: object.version }),
});

function listed(bucket: StoredBucket, input: ListObjectsV2CommandInput): Answer<ListObjectsV2CommandOutput> {
  const { Prefix = '', Delimiter, StartAfter, ContinuationToken, EncodingType } = input;
  const most = Math.min(input.MaxKeys ?? MOST_KEYS, MOST_KEYS);
  const after = ContinuationToken === undefined ? StartAfter : continued(ContinuationToken);
  const shown = (key: string): string =>
    EncodingType === 'url' ? encodeURIComponent(key).replaceAll('%2F', '/') : key;
  const contents: StoredObject[] = [];
  const folders: string[] = [];
  let last: string | undefined;
  let more = false;
  for (const key of bucket.keys()) {
    if (!key.startsWith(Prefix)) continue;
    const end = Delimiter ? key.indexOf(Delimiter, Prefix.length) : -1;
    const folder = end < 0 || !Delimiter ? undefined : key.slice(0, end + Delimiter.length);
    if (folder !== undefined && folder === folders.at(-1)) continue;
    if (after !== undefined && compare(folder ?? key, after) <= 0) continue;
    if (contents.length + folders.length >= most) {
      more = most > 0;
      break;
    }
    last = folder ?? key;
    const found = bucket.get(key);
    if (folder !== undefined) folders.push(folder);
    else if (found) contents.push(found);
  }
  return {
    Name: bucket.name,
    Prefix: shown(Prefix),
    ...(Delimiter !== undefined && { Delimiter: shown(Delimiter) }),
    ...(EncodingType !== undefined && { EncodingType }),
    ...(StartAfter !== undefined && { StartAfter: shown(StartAfter) }),
    ...(ContinuationToken !== undefined && { ContinuationToken }),
    MaxKeys: most,
    KeyCount: contents.length + folders.length,
    IsTruncated: more,
    ...(more && last !== undefined && { NextContinuationToken: Buffer.from(last).toString('base64') }),
    ...(contents.length > 0 && {
      Contents: contents.map(({ key, body, etag, modifiedAt }) => ({
        Key: shown(key),
        LastModified: new Date(modifiedAt),
        ETag: quoted(etag),
        Size: body.length,
        StorageClass: 'STANDARD' as const,
      })),
    }),
    ...(folders.length > 0 && { CommonPrefixes: folders.map((folder) => ({ Prefix: shown(folder) })) }),
  };
}

const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function continued(token: string): string {
  const key = Buffer.from(token, 'base64').toString();
  if (Buffer.from(key).toString('base64') !== token)
    throw new AwsError('InvalidArgument', 'The continuation token provided is incorrect');
  return key;
}
