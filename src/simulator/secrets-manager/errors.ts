import { AwsError } from '../operation.ts';

/** What Secrets Manager answers when it refuses: names and words as AWS gives them. */
export const notFound = (): AwsError =>
  new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");

export const valueNotFound = (what: string): AwsError =>
  new AwsError(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret value for ${what}`,
  );

export const markedForDeletion = (): AwsError =>
  new AwsError(
    'InvalidRequestException',
    "You can't perform this operation on the secret because it was marked for deletion.",
  );

export const keyIsClosed = (): AwsError =>
  new AwsError('AccessDeniedException', 'Access to KMS is not allowed');

export const noRotation = (): AwsError =>
  new AwsError('InvalidRequestException', 'No Lambda rotation function ARN is associated with this secret.');

export const rotationUnderWay = (): AwsError =>
  new AwsError(
    'InvalidRequestException',
    'A previous rotation isn’t complete. That rotation will be reattempted.',
  );

export const versionExists = (): AwsError =>
  new AwsError(
    'ResourceExistsException',
    "You can't use ClientRequestToken because that value is already in use for a version of this secret with a different content.",
  );

export const invalid = (message: string): AwsError => new AwsError('InvalidParameterException', message);
