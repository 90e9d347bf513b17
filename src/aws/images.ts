import { DescribeImagesCommand, type DescribeImagesCommandOutput, ECRClient } from '@aws-sdk/client-ecr';
import { parseEcrHost, parseReference } from '../images/reference.ts';
import type { Images } from '../ports.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** Images in ECR repositories. Permission: ecr:DescribeImages. */
export function images(connection: Connection): Images {
  const clients = new Map<string, ECRClient>();
  const clientIn = (region: string): ECRClient => {
    const client = clients.get(region) ?? new ECRClient({ ...clientSettings(connection), region });
    clients.set(region, client);
    return client;
  };

  return {
    async digestOf(image, tag) {
      const reference = parseReference(image);
      const registry = parseEcrHost(reference?.registry ?? '');
      if (!reference || !registry) return undefined;
      const { account: registryId, region } = registry;
      const command = new DescribeImagesCommand({
        registryId,
        repositoryName: reference.repository,
        imageIds: [{ imageTag: tag }],
      });
      try {
        const output: DescribeImagesCommandOutput = await call(connection, 'ecr', clientIn(region), command);
        return output.imageDetails?.[0]?.imageDigest;
      } catch (error) {
        if (/^(ImageNotFoundException|RepositoryNotFoundException)$/.test(errorName(error))) return undefined;
        throw error;
      }
    },
  };
}
