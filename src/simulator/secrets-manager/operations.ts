import type {
  APIErrorType,
  BatchGetSecretValueCommandInput,
  BatchGetSecretValueCommandOutput,
  DeleteSecretCommandInput,
  DeleteSecretCommandOutput,
  DescribeSecretCommandInput,
  DescribeSecretCommandOutput,
  GetSecretValueCommandInput,
  GetSecretValueCommandOutput,
  PutSecretValueCommandInput,
  PutSecretValueCommandOutput,
  RestoreSecretCommandInput,
  RestoreSecretCommandOutput,
  RotateSecretCommandInput,
  RotateSecretCommandOutput,
  UpdateSecretVersionStageCommandInput,
  UpdateSecretVersionStageCommandOutput,
} from '@aws-sdk/client-secrets-manager';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';
import { accessDenied } from '../refusals.ts';
import { invalid, keyIsClosed, markedForDeletion } from './errors.ts';
import type { SecretRecord } from './model.ts';
import { CURRENT, type Secrets } from './secrets.ts';

const DAY = 86_400_000;
const MOST_AT_ONCE = 20;
const MOST_BYTES = 65_536;

/** Secrets Manager: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html */
export function secretOperations(secrets: Secrets): Operations {
  /** @throws AwsError when the caller may not read it, or nobody can */
  const readValue = (
    id: string,
    wanted: { version?: string; stage?: string },
    call: Call,
  ): Answer<GetSecretValueCommandOutput> => {
    const secret = secrets.find(id, call.region);
    if (secret.unreadable === 'policy') {
      throw accessDenied('Secrets Manager', 'GetSecretValue', secret.arn, call);
    }
    if (secret.deletedAt !== undefined) throw markedForDeletion();
    const version = secrets.value(secret, wanted);
    if (secret.unreadable === 'key') throw keyIsClosed();
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.id,
      ...(version.text !== undefined && { SecretString: version.text }),
      ...(version.bytes !== undefined && { SecretBinary: version.bytes }),
      VersionStages: [...version.stages],
      CreatedDate: new Date(version.createdAt),
    };
  };

  const writable = (id: string | undefined, call: Call): SecretRecord => {
    const secret = secrets.truly(id ?? '', call.region);
    if (secret.deletedAt !== undefined) throw markedForDeletion();
    return secret;
  };

  return {
    DescribeSecret(
      { SecretId = '' }: DescribeSecretCommandInput,
      call: Call,
    ): Answer<DescribeSecretCommandOutput> {
      const secret = secrets.find(SecretId, call.region);
      const versions = secret.versions.filter(({ stages }) => stages.length > 0);
      return {
        ARN: secret.arn,
        Name: secret.name,
        ...(secret.kmsKey !== undefined && { KmsKeyId: secret.kmsKey }),
        ...(secret.rotationTime !== undefined && { RotationEnabled: true }),
        ...(secret.rotatedAt !== undefined && { LastRotatedDate: new Date(secret.rotatedAt) }),
        LastChangedDate: new Date(secret.changedAt),
        ...(secret.deletedAt !== undefined && { DeletedDate: new Date(secret.deletedAt) }),
        Tags: Object.entries(secret.tags).map(([Key, Value]) => ({ Key, Value })),
        ...(versions.length > 0 && {
          VersionIdsToStages: Object.fromEntries(versions.map(({ id, stages }) => [id, [...stages]])),
        }),
        CreatedDate: new Date(secret.createdAt),
      };
    },

    GetSecretValue(
      { SecretId = '', VersionId, VersionStage }: GetSecretValueCommandInput,
      call: Call,
    ): Answer<GetSecretValueCommandOutput> {
      const wanted = {
        ...(VersionId !== undefined && { version: VersionId }),
        ...(VersionStage !== undefined && { stage: VersionStage }),
      };
      return readValue(SecretId, wanted, call);
    },

    BatchGetSecretValue(
      { SecretIdList, Filters }: BatchGetSecretValueCommandInput,
      call: Call,
    ): Answer<BatchGetSecretValueCommandOutput> {
      if (SecretIdList === undefined || Filters !== undefined) {
        throw invalid('Secrets are simulated by SecretIdList, not by Filters');
      }
      if (SecretIdList.length < 1 || SecretIdList.length > MOST_AT_ONCE) {
        throw new AwsError(
          'ValidationException',
          `1 validation error detected: Value at 'secretIdList' failed to satisfy constraint: Member must have length less than or equal to ${MOST_AT_ONCE}`,
        );
      }
      const values: Answer<GetSecretValueCommandOutput>[] = [];
      const Errors: APIErrorType[] = [];
      for (const SecretId of SecretIdList) {
        try {
          values.push(readValue(SecretId, {}, call));
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          Errors.push({ SecretId, ErrorCode: error.name, Message: error.message });
        }
      }
      return { SecretValues: values, Errors };
    },

    PutSecretValue(input: PutSecretValueCommandInput, call: Call): Answer<PutSecretValueCommandOutput> {
      const { SecretString, SecretBinary, ClientRequestToken = '', VersionStages = [CURRENT] } = input;
      if ((SecretString === undefined) === (SecretBinary === undefined)) {
        throw invalid('You must provide either SecretString or SecretBinary, but not both.');
      }
      if (Buffer.byteLength(SecretString ?? SecretBinary ?? '') > MOST_BYTES) {
        throw invalid(`The secret value is longer than ${MOST_BYTES} bytes.`);
      }
      const secret = writable(input.SecretId, call);
      const value = {
        ...(SecretString !== undefined && { text: SecretString }),
        ...(SecretBinary !== undefined && { bytes: SecretBinary }),
      };
      const version = secrets.put(secret, ClientRequestToken, value, VersionStages);
      return {
        ARN: secret.arn,
        Name: secret.name,
        VersionId: version.id,
        VersionStages: [...version.stages],
      };
    },

    UpdateSecretVersionStage(
      input: UpdateSecretVersionStageCommandInput,
      call: Call,
    ): Answer<UpdateSecretVersionStageCommandOutput> {
      const { VersionStage = '', RemoveFromVersionId: from, MoveToVersionId: to } = input;
      const secret = writable(input.SecretId, call);
      const has = secret.versions.find(({ stages }) => stages.includes(VersionStage))?.id;
      if (has !== from) {
        throw invalid(
          from === undefined
            ? `The parameter RemoveFromVersionId can't be empty. Staging label ${VersionStage} is currently attached to version ${has}, so you must explicitly reference that version in RemoveFromVersionId.`
            : `The parameter RemoveFromVersionId is not the version that has the staging label ${VersionStage}.`,
        );
      }
      secrets.label(secret, VersionStage, to);
      return { ARN: secret.arn, Name: secret.name };
    },

    RotateSecret(input: RotateSecretCommandInput, call: Call): Answer<RotateSecretCommandOutput> {
      const { ClientRequestToken = '' } = input;
      const secret = writable(input.SecretId, call);
      secrets.rotate(secret, ClientRequestToken);
      return { ARN: secret.arn, Name: secret.name, VersionId: ClientRequestToken };
    },

    DeleteSecret(input: DeleteSecretCommandInput, call: Call): Answer<DeleteSecretCommandOutput> {
      const { RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: now = false } = input;
      if (now && days !== undefined) {
        throw invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
      }
      if (days !== undefined && (days < 7 || days > 30)) {
        throw invalid('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
      }
      const secret = writable(input.SecretId, call);
      if (now) secrets.drop(secret);
      else secrets.order(secret, call.now);
      const DeletionDate = new Date(call.now + (now ? 0 : (days ?? 30) * DAY));
      return { ARN: secret.arn, Name: secret.name, DeletionDate };
    },

    RestoreSecret(
      { SecretId = '' }: RestoreSecretCommandInput,
      call: Call,
    ): Answer<RestoreSecretCommandOutput> {
      const secret = secrets.truly(SecretId, call.region);
      secrets.order(secret, undefined);
      return { ARN: secret.arn, Name: secret.name };
    },
  };
}
