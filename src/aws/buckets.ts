import {
  CopyObjectCommand,
  type CopyObjectCommandOutput,
  DeleteObjectsCommand,
  type DeleteObjectsCommandOutput,
  GetObjectCommand,
  type GetObjectCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  type PutObjectCommandOutput,
  S3Client,
} from '@aws-sdk/client-s3';
import { ConfigError, DeployError } from '../errors.ts';
import type { Bucket, ListedObject, ObjectSettings } from '../ports.ts';
import { printable } from '../taskdef/shape.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; those before 2018 are longer. */
const USUAL = /^[A-Za-z0-9][\w.-]{1,253}[A-Za-z0-9]$/;
const UNUSUAL = /--(x-s3|xa-s3|op-s3|ol-s3)$|-s3alias$/;
/** DeleteObjects takes no more keys at once. */
const MOST_DELETED = 1_000;
/** So often a body is asked for whose answer broke off. */
const READS = 3;

/**
 * A bucket of S3, in whichever region it is. Permissions: s3:GetObject, s3:PutObject, s3:ListBucket, s3:DeleteObject;
 * each only for its methods. Without s3:ListBucket, S3 says of an object that is not there that it may not be read.
 *
 * @throws ConfigError for what is no name of a bucket of the usual kind, such as the ARN of an access point
 */
export function bucket(connection: Connection, name: string): Bucket {
  if (!USUAL.test(name) || UNUSUAL.test(name)) {
    const message = `"${printable(name)}" is no name of a bucket; access points, their ARNs and directory buckets are not supported`;
    throw new ConfigError({ input: 'bucket', message });
  }
  const { requestHandler, ...settings } = clientSettings(connection);
  const { requestTimeout, connectionTimeout } = requestHandler;
  let region: string | undefined;
  const open = () =>
    new S3Client({
      ...settings,
      // However long an upload takes, it is alive while its bytes flow.
      requestHandler: { connectionTimeout, socketTimeout: requestTimeout },
      // Of an answer, TLS and the length are enough.
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(region !== undefined && { region }),
    });
  let client = open();

  async function send<Output>(command: object, permission: string): Promise<Output> {
    const sent = client;
    try {
      return await call<Output>(connection, 's3', sent, command, permission);
    } catch (error) {
      const actual = regionOf(error);
      if (actual === undefined || actual === region) throw explained(error, name);
      // Others may have found out meanwhile.
      if (sent === client) {
        region = actual;
        client = open();
      }
      return await send(command, permission);
    }
  }

  async function read(key: string) {
    const output = await send<GetObjectCommandOutput>(
      new GetObjectCommand({ Bucket: name, Key: key }),
      's3:GetObject',
    );
    const body = (await output.Body?.transformToByteArray()) ?? new Uint8Array();
    return { body, etag: unquoted(output.ETag), metadata: output.Metadata ?? {} };
  }

  return {
    async read(key) {
      for (let n = 1; ; n++) {
        try {
          return await read(key);
        } catch (error) {
          if (errorName(error) === 'NoSuchKey') return undefined;
          if (error instanceof ConfigError || n >= READS || !brokeOff(error)) throw error;
          connection.signal?.throwIfAborted();
        }
      }
    },

    async write({ key, body, ...object }, condition) {
      const command = new PutObjectCommand({
        Bucket: name,
        Key: key,
        Body: body,
        ...settingsOf(object),
        ...(condition && 'ifMatch' in condition && { IfMatch: `"${condition.ifMatch}"` }),
        ...(condition && 'absent' in condition && { IfNoneMatch: '*' }),
      });
      try {
        const { ETag, VersionId } = await send<PutObjectCommandOutput>(command, 's3:PutObject');
        return { etag: unquoted(ETag), ...(VersionId !== undefined && { version: VersionId }) };
      } catch (error) {
        if (!condition || !CONFLICT.test(errorName(error))) throw error;
        // The answer to the first try may have been lost: it is then its own write that is in the way.
        if (attemptsOf(error) > 1) {
          const found = await this.read(key);
          if (found && Buffer.compare(found.body, body) === 0) return { etag: found.etag };
        }
        return 'conflict';
      }
    },

    async *list(prefix) {
      let token: string | undefined;
      do {
        const command: ListObjectsV2Command = new ListObjectsV2Command({
          Bucket: name,
          Prefix: prefix,
          ...(token !== undefined && { ContinuationToken: token }),
        });
        const page = await send<ListObjectsV2CommandOutput>(command, 's3:ListBucket');
        for (const { Key, Size, ETag, LastModified } of page.Contents ?? []) {
          const object: ListedObject = {
            key: Key ?? '',
            size: Size ?? 0,
            etag: unquoted(ETag),
            modifiedAt: LastModified?.getTime() ?? 0,
          };
          yield object;
        }
        token = page.NextContinuationToken;
      } while (token);
    },

    async delete(keys) {
      const kept: { key: string; reason: string }[] = [];
      for (let at = 0; at < keys.length; at += MOST_DELETED) {
        const command = new DeleteObjectsCommand({
          Bucket: name,
          Delete: { Objects: keys.slice(at, at + MOST_DELETED).map((Key) => ({ Key })), Quiet: true },
        });
        const output = await send<DeleteObjectsCommandOutput>(command, 's3:DeleteObject');
        for (const { Key = '', Code = '', Message = '' } of output.Errors ?? [])
          kept.push({ key: Key, reason: [Code, Message].filter((text) => text !== '').join(': ') });
      }
      return kept;
    },

    async copy(from, to, object) {
      const command = new CopyObjectCommand({
        Bucket: name,
        Key: to,
        CopySource: `${name}/${from.split('/').map(encodeURIComponent).join('/')}`,
        MetadataDirective: 'REPLACE',
        ...settingsOf(object),
      });
      try {
        const { CopyObjectResult } = await send<CopyObjectCommandOutput>(
          command,
          's3:GetObject and s3:PutObject',
        );
        return unquoted(CopyObjectResult?.ETag);
      } catch (error) {
        if (errorName(error) === 'NoSuchKey') return undefined;
        throw error;
      }
    },
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: `NoSuchKey` where one is to match. */
const CONFLICT = /^(PreconditionFailed|ConditionalRequestConflict|NoSuchKey)$/;

const settingsOf = ({ contentType, cacheControl, contentEncoding, metadata }: ObjectSettings) => ({
  ContentType: contentType,
  ...(cacheControl !== undefined && { CacheControl: cacheControl }),
  ...(contentEncoding !== undefined && { ContentEncoding: contentEncoding }),
  ...(metadata !== undefined && { Metadata: metadata }),
});

const unquoted = (etag: string | undefined): string => (etag ?? '').replaceAll('"', '');

interface Answered {
  readonly $metadata?: { readonly attempts?: number; readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

const attemptsOf = (error: unknown): number => (error as Answered).$metadata?.attempts ?? 1;

/** An error of the connection while the body came: what AWS itself says has a status. */
const brokeOff = (error: unknown): boolean =>
  !(error instanceof DeployError) && (error as Answered).$metadata === undefined;

/**
 * Where the bucket is, when S3 says that it is elsewhere. The SDK's own way to follow would ask at the wrong place each
 * time first.
 */
function regionOf(error: unknown): string | undefined {
  if (!/^(PermanentRedirect|AuthorizationHeaderMalformed)$/.test(errorName(error))) return undefined;
  return (error as Answered).$response?.headers?.['x-amz-bucket-region'];
}

function explained(error: unknown, name: string): unknown {
  if (errorName(error) === 'NoSuchBucket') {
    return new ConfigError(
      { input: 'bucket', message: `there is no bucket ${name}; check its name` },
      { cause: error },
    );
  }
  return error;
}
