import {
  BatchGetImageCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  PutImageCommand,
} from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRegistry } from './ecr-under-test.ts';
import { START } from './moved-clock.ts';
import { type Door, pushImage } from './oci-push.ts';

let aws: Awaited<ReturnType<typeof startRegistry>>;
let door: Door & { readonly expiresAt: Date | undefined };

beforeAll(async () => {
  aws = await startRegistry({ app: {} });
  door = await aws.login(aws.ecr);
});

afterAll(async () => {
  await aws.simulator.close();
  expect(aws.simulator.bugs).toEqual([]);
});

describe('a registry', () => {
  it('gives a token for 12 hours and the address of its endpoint', async () => {
    expect(door.expiresAt).toEqual(new Date(START + 12 * 3_600_000));
    expect(door.url).toBe((await aws.front()).url);
    const { repositories } = await aws.ecr.send(new DescribeRepositoriesCommand({}));
    expect(repositories).toMatchObject([
      {
        repositoryName: 'app',
        repositoryUri: `${new URL(door.url).host}/app`,
        imageTagMutability: 'MUTABLE',
      },
    ]);
  });

  it('tells of an image what was pushed', async () => {
    const image = await pushImage(door, 'app', 'v1', 'first layer');
    const app = { repositoryName: 'app' };
    const { imageDetails } = await aws.ecr.send(
      new DescribeImagesCommand({ ...app, imageIds: [{ imageTag: 'v1' }] }),
    );
    expect(imageDetails).toMatchObject([
      {
        imageDigest: image.digest,
        imageTags: ['v1'],
        imageManifestMediaType: image.mediaType,
        artifactMediaType: 'application/vnd.oci.image.config.v1+json',
        imageSizeInBytes: image.config.length + 'first layer'.length,
        imagePushedAt: new Date(START),
      },
    ]);
    const { images, failures } = await aws.ecr.send(
      new BatchGetImageCommand({ ...app, imageIds: [{ imageTag: 'v1' }, { imageTag: 'v0' }] }),
    );
    expect(images).toMatchObject([{ imageManifest: image.manifest, imageId: { imageDigest: image.digest } }]);
    expect(failures).toMatchObject([{ imageId: { imageTag: 'v0' }, failureCode: 'ImageNotFound' }]);
    const { image: tagged } = await aws.ecr.send(
      new PutImageCommand({ ...app, imageManifest: image.manifest, imageTag: 'stable' }),
    );
    expect(tagged?.imageId).toEqual({ imageDigest: image.digest, imageTag: 'stable' });
  });
});
