import { DescribeImagesCommand, type DescribeImagesCommandOutput, ECRClient } from '@aws-sdk/client-ecr';
import type { Images } from '../ports.ts';
import { type Connection, call, clientSettings, errorName } from './connection.ts';

/** `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY`, in any partition, with or without tag and digest. */
const ECR_IMAGE = /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.[a-z0-9.-]+\/([a-z0-9._/-]+)/;

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
      const [, registryId, region, repositoryName] = ECR_IMAGE.exec(image) ?? [];
      if (registryId === undefined || region === undefined || repositoryName === undefined) return undefined;
      const command = new DescribeImagesCommand({
        registryId,
        repositoryName,
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
