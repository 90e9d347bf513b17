import type { ImageIdentifier } from '@aws-sdk/client-ecr';
import { AwsError } from '../operation.ts';

/** What Amazon ECR answers when it refuses: names and words as AWS gives them. */
export const invalidParameter = (parameter: string, constraint: string): AwsError =>
  new AwsError(
    'InvalidParameterException',
    `Invalid parameter at '${parameter}' failed to satisfy constraint: '${constraint}'`,
  );

/** A repository's place, as messages name it. */
export interface Place {
  readonly name: string;
  readonly registryId: string;
}

const within = ({ name, registryId }: Place): string =>
  `the repository with name '${name}' in the registry with id '${registryId}'`;

export const idText = ({ imageDigest, imageTag }: ImageIdentifier): string =>
  `{imageDigest:'${imageDigest ?? 'null'}', imageTag:'${imageTag ?? 'null'}'}`;

export const repositoryMissing = ({ name, registryId }: Place): string =>
  `The repository with name '${name}' does not exist in the registry with id '${registryId}'`;

export const repositoryNotFound = (place: Place): AwsError =>
  new AwsError('RepositoryNotFoundException', repositoryMissing(place));

export const repositoryExists = ({ name, registryId }: Place): AwsError =>
  new AwsError(
    'RepositoryAlreadyExistsException',
    `The repository with name '${name}' already exists in the registry with id '${registryId}'`,
  );

export const imageNotFound = (id: ImageIdentifier, place: Place): AwsError =>
  new AwsError(
    'ImageNotFoundException',
    `The image with imageId ${idText(id)} does not exist within ${within(place)}`,
  );

export const scanNotFound = (id: ImageIdentifier, place: Place): AwsError =>
  new AwsError(
    'ScanNotFoundException',
    `Image scan does not exist for the image with '${idText(id)}' in ${within(place)}`,
  );

/** The registry's endpoint and PutImage say the same. */
export const tagTaken = (tag: string, repository: string): string =>
  `The image tag '${tag}' already exists in the '${repository}' repository and cannot be overwritten because the tag is immutable.`;

export const imageExists = (digest: string, tag: string | undefined, place: Place): AwsError =>
  new AwsError(
    'ImageAlreadyExistsException',
    `Image with digest '${digest}' and tag '${tag ?? 'null'}' already exists in ${within(place)}`,
  );

export const lifecyclePolicyNotFound = ({ name, registryId }: Place): AwsError =>
  new AwsError(
    'LifecyclePolicyNotFoundException',
    `Lifecycle policy does not exist for the repository with name '${name}' in the registry with id '${registryId}'`,
  );
