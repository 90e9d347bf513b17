import type { DescribeImagesCommandInput, DescribeImagesCommandOutput } from '@aws-sdk/client-ecr';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';

/** Digests by tag, by repository name. */
export type Repositories = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html */
export const registryOperations = (repositories: Repositories): Operations => ({
  DescribeImages(
    { repositoryName, registryId, imageIds }: DescribeImagesCommandInput,
    call: Call,
  ): Answer<DescribeImagesCommandOutput> {
    const registry = registryId ?? call.accountId;
    const tags = repositoryName === undefined ? undefined : repositories[repositoryName];
    if (repositoryName === undefined || !tags) {
      throw new AwsError(
        'RepositoryNotFoundException',
        `The repository with name '${repositoryName}' does not exist in the registry with id '${registry}'`,
      );
    }
    const wanted = imageIds ?? Object.keys(tags).map((imageTag) => ({ imageTag }));
    return {
      imageDetails: wanted.map(({ imageTag }) => {
        const digest = imageTag === undefined ? undefined : tags[imageTag];
        if (imageTag === undefined || digest === undefined) {
          throw new AwsError(
            'ImageNotFoundException',
            `The image with imageId {imageDigest:'null', imageTag:'${imageTag}'} does not exist within the repository with name '${repositoryName}' in the registry with id '${registry}'`,
          );
        }
        return { registryId: registry, repositoryName, imageDigest: digest, imageTags: [imageTag] };
      }),
    };
  },
});
