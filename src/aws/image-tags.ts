import { DescribeImagesCommand, type DescribeImagesCommandOutput, ECRClient } from '@aws-sdk/client-ecr';
import { parseEcrHost, parseReference } from '../images/reference.ts';
import type { ImageTags } from '../ports.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** Tags of images in ECR repositories. Permission: ecr:DescribeImages. */
export function imageTags(connection: Connection): ImageTags {
  return {
    async tagsOf(image) {
      const reference = parseReference(image);
      const registry = parseEcrHost(reference?.registry ?? '');
      if (!reference || !registry) return [];
      const { tag, digest } = reference;
      const client = new ECRClient({ ...clientSettings(connection), region: registry.region });
      const command = new DescribeImagesCommand({
        registryId: registry.account,
        repositoryName: reference.repository,
        imageIds: [digest === undefined ? { imageTag: tag ?? 'latest' } : { imageDigest: digest }],
      });
      try {
        const output: DescribeImagesCommandOutput = await call(connection, 'ecr', client, command);
        return output.imageDetails?.[0]?.imageTags ?? [];
      } catch (error) {
        if (/^(ImageNotFoundException|RepositoryNotFoundException)$/.test(errorName(error))) return [];
        throw error;
      }
    },
  };
}
