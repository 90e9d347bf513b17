import {
  BatchGetSecretValueCommand,
  type BatchGetSecretValueCommandOutput,
  DescribeSecretCommand,
  type DescribeSecretCommandOutput,
  GetSecretValueCommand,
  type GetSecretValueCommandOutput,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { DeployError, isRefusal } from '../errors.ts';
import type { SecretPlace, Secrets } from '../ports.ts';
import { byRegion, inBatches, regionOf, sideBySide } from './batches.ts';
import { type Connection, call, clientSettings, errorName, isDenied } from './connection.ts';

/** BatchGetSecretValue takes this many secrets a call, and gives the current value of each. */
const AT_ONCE = 20;

/** What became of the look at a value, of which only this is kept. */
type Keys = readonly string[] | 'not-json' | DeployError | undefined;

/**
 * Secrets of Secrets Manager, each in the region that its ARN names, a name in that of the job. Permissions:
 * secretsmanager:DescribeSecret; for their values secretsmanager:GetSecretValue, and kms:Decrypt on a customer's key;
 * secretsmanager:BatchGetSecretValue spares calls.
 */
export function secrets(connection: Connection): Secrets {
  const clients = new Map<string, SecretsManagerClient>();
  const clientOf = (region: string): SecretsManagerClient => {
    const settings = { ...clientSettings(connection), ...(region !== '' && { region }) };
    const client = clients.get(region) ?? new SecretsManagerClient(settings);
    clients.set(region, client);
    return client;
  };
  const send = <Output>(region: string, command: object): Promise<Output> =>
    call(connection, 'secretsmanager', clientOf(region), command);

  async function one({ secret, stage, version }: SecretPlace): Promise<Keys> {
    const command = new GetSecretValueCommand({
      SecretId: secret,
      ...(stage !== undefined && { VersionStage: stage }),
      ...(version !== undefined && { VersionId: version }),
    });
    try {
      return keysOf(await send<GetSecretValueCommandOutput>(regionOf(secret), command));
    } catch (error) {
      if (errorName(error) === NOT_FOUND) return undefined;
      if (isDenied(error)) return error;
      if (isRefusal(error)) return unreadable(secret, error.name, error.message, error);
      throw error;
    }
  }

  /** The current values of secrets of one region, without those that AWS could not give this time. */
  async function current(region: string, ids: readonly string[]): Promise<ReadonlyMap<string, Keys>> {
    const found = new Map<string, Keys>();
    let page: BatchGetSecretValueCommandOutput | undefined;
    do {
      const command = new BatchGetSecretValueCommand({
        SecretIdList: [...ids],
        ...(page?.NextToken !== undefined && { NextToken: page.NextToken }),
      });
      page = await send<BatchGetSecretValueCommandOutput>(region, command);
      for (const value of page.SecretValues ?? []) {
        for (const id of ids) if (isCalled(id, value)) found.set(id, keysOf(value));
      }
      for (const { SecretId = '', ErrorCode = '', Message = '' } of page.Errors ?? []) {
        if (!SETTLED.test(ErrorCode)) continue;
        found.set(SecretId, ErrorCode === NOT_FOUND ? undefined : unreadable(SecretId, ErrorCode, Message));
      }
    } while (page.NextToken);
    return found;
  }

  async function allCurrent(ids: readonly string[]): Promise<ReadonlyMap<string, Keys>> {
    const regions = [...byRegion(ids)].map(async ([region, names]) => {
      const batches = await inBatches(names, AT_ONCE, async (batch) => {
        // One is read without the permission for many.
        const together: ReadonlyMap<string, Keys> =
          batch.length === 1
            ? new Map()
            : await current(region, batch).catch((error: unknown) => {
                if (isDenied(error) || isRefusal(error)) return new Map();
                throw error;
              });
        const left = batch.filter((secret) => !together.has(secret));
        const alone = await sideBySide(left, async (secret) => [secret, await one({ secret })] as const);
        return [...together, ...alone];
      });
      return batches.flat();
    });
    return new Map((await Promise.all(regions)).flat());
  }

  return {
    async describe(secret) {
      const command = new DescribeSecretCommand({ SecretId: secret });
      try {
        const found = await send<DescribeSecretCommandOutput>(regionOf(secret), command);
        return {
          arn: found.ARN ?? '',
          name: found.Name ?? '',
          kmsKey: /^alias\/aws\/|:alias\/aws\//.test(found.KmsKeyId ?? '') ? undefined : found.KmsKeyId,
          deletedAt: found.DeletedDate?.getTime(),
          changedAt: found.LastChangedDate?.getTime(),
          versions: new Map(Object.entries(found.VersionIdsToStages ?? {})),
        };
      } catch (error) {
        if (errorName(error) === NOT_FOUND) return undefined;
        if (isRefusal(error)) throw unreadable(secret, error.name, error.message, error);
        throw error;
      }
    },

    async jsonKeys(places) {
      const isCurrent = ({ stage, version }: SecretPlace) =>
        version === undefined && (stage === undefined || stage === 'AWSCURRENT');
      const others = places.filter((place) => !isCurrent(place));
      const [now, then] = await Promise.all([
        allCurrent(places.filter(isCurrent).map(({ secret }) => secret)),
        sideBySide(others, async (place) => [place, await one(place)] as const),
      ]);
      const exact = new Map(then);
      return places.map((place) => (isCurrent(place) ? now.get(place.secret) : exact.get(place)));
    },
  };
}

const NOT_FOUND = 'ResourceNotFoundException';
/** What a secret of many is not given for, and would not be given for alone either. */
const SETTLED = /^(ResourceNotFound|AccessDenied|InvalidRequest|InvalidParameter|DecryptionFailure)/;

/** Whether a secret is the one that was asked for by name, ARN, or ARN without the six characters at its end. */
const isCalled = (id: string, { ARN = '', Name }: { ARN?: string | undefined; Name?: string | undefined }) =>
  id === ARN || id === Name || id === ARN.slice(0, -7);

/** The value is let go of here. */
function keysOf({ SecretString }: { SecretString?: string | undefined }): readonly string[] | 'not-json' {
  try {
    const value: unknown = JSON.parse(SecretString ?? '');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.keys(value);
  } catch {
    // What JSON.parse says may hold a piece of the value.
  }
  return 'not-json';
}

function unreadable(secret: string, name: string, message: string, cause?: unknown): DeployError {
  const closed = /KMS/.test(message) || name === 'DecryptionFailure';
  return new DeployError(`Secrets Manager does not give the value of ${secret}: ${message || name}`, {
    next: closed
      ? 'Allow kms:Decrypt on the key of the secret in the policy of the role that this job assumes, and in the policy of the key.'
      : /AccessDenied/.test(name)
        ? 'Allow secretsmanager:GetSecretValue on the secret in the policy of the role that this job assumes.'
        : 'Look at the secret in Secrets Manager: one that is marked for deletion can be restored.',
    cause,
  });
}
