import { createHash } from 'node:crypto';
import type {
  BatchGetImageCommandInput,
  BatchGetImageCommandOutput,
  DescribeImagesCommandInput,
  DescribeImagesCommandOutput,
  Image,
  ImageDetail,
  ImageFailure,
  ImageIdentifier,
  PutImageCommandInput,
  PutImageCommandOutput,
} from '@aws-sdk/client-ecr';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';
import { page } from '../world/pages.ts';
import { imageExists, invalidParameter, tagTaken } from './errors.ts';
import { factsOf, isManifest, referencesOf } from './manifest.ts';
import { isImmutable, type Repository, type StoredImage, tagsOf } from './model.ts';
import type { Registries } from './registries.ts';
import { badToken, pageSize, registryOf } from './repositories.ts';
import { scanDetail } from './scans.ts';
import type { PrivateRegistry } from './state.ts';

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,299}$/;
const DIGEST = /^[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+$/;
const MAX_IMAGES = 100;

/** Operations on images: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html */
export const imageOperations = (registries: Registries): Operations => ({
  DescribeImages(input: DescribeImagesCommandInput, call: Call): Answer<DescribeImagesCommandOutput> {
    const registry = registryOf(registries, input, call);
    const repository = registry.repository(input.repositoryName);
    const { imageIds, nextToken, maxResults, filter } = input;
    const detail = (image: StoredImage) => imageDetail(registry, repository, image, call.now);
    if (imageIds) {
      const found = imageIds.map((id) => registry.image(repository, id));
      return { imageDetails: [...new Set(found)].map(detail) };
    }
    const all = [...repository.images.values()].filter(({ digest }) => {
      const isTagged = tagsOf(repository, digest).length > 0;
      return (
        filter?.tagStatus === undefined ||
        filter.tagStatus === 'ANY' ||
        isTagged === (filter.tagStatus === 'TAGGED')
      );
    });
    const { items, next } = page(all, nextToken, pageSize(maxResults), badToken);
    return { imageDetails: items.map(detail), ...(next !== undefined && { nextToken: next }) };
  },

  async BatchGetImage(
    input: BatchGetImageCommandInput,
    call: Call,
  ): Promise<Answer<BatchGetImageCommandOutput>> {
    const registry = registryOf(registries, input, call);
    const repository = registry.repository(input.repositoryName);
    const ids = input.imageIds ?? [];
    if (ids.length === 0 || ids.length > MAX_IMAGES) {
      throw invalidParameter('imageIds', `must have between 1 and ${MAX_IMAGES} members`);
    }
    const all = await Promise.all(
      ids.map((id) => getImage(registry, repository, id, input.acceptedMediaTypes)),
    );
    return {
      images: all.flatMap((each) => ('failureCode' in each ? [] : each)),
      failures: all.flatMap((each) => ('failureCode' in each ? each : [])),
    };
  },

  async PutImage(input: PutImageCommandInput, call: Call): Promise<Answer<PutImageCommandOutput>> {
    const registry = registryOf(registries, input, call);
    const repository = registry.repository(input.repositoryName);
    return { image: await registry.inTurn(repository, () => putImage(registry, repository, input)) };
  },
});

/** What an image weighs: config and layers, and of an index its heaviest image. */
function sizeOf(repository: Repository, image: StoredImage): number | undefined {
  const { facts } = image;
  if (facts === undefined) return undefined;
  const parts = facts.manifests.map((digest) => repository.images.get(digest));
  return Math.max(facts.size, ...parts.map((part) => (part && sizeOf(repository, part)) ?? 0));
}

function imageDetail(
  registry: PrivateRegistry,
  repository: Repository,
  image: StoredImage,
  now: number,
): ImageDetail {
  const { digest, mediaType, facts, pushedAt } = image;
  const imageTags = tagsOf(repository, digest);
  const size = sizeOf(repository, image);
  return {
    registryId: registry.accountId,
    repositoryName: repository.name,
    imageDigest: digest,
    ...(imageTags.length > 0 && { imageTags }),
    ...(size !== undefined && { imageSizeInBytes: size }),
    imagePushedAt: new Date(pushedAt),
    ...(mediaType !== undefined && { imageManifestMediaType: mediaType }),
    ...(facts?.artifactMediaType !== undefined && { artifactMediaType: facts.artifactMediaType }),
    ...(facts?.subject !== undefined && { subjectManifestDigest: facts.subject }),
    ...scanDetail(repository, image, now),
  };
}

async function getImage(
  registry: PrivateRegistry,
  repository: Repository,
  imageId: ImageIdentifier,
  accepted: readonly string[] | undefined,
): Promise<Image | ImageFailure> {
  const { imageTag, imageDigest } = imageId;
  const failure = (
    failureCode: NonNullable<ImageFailure['failureCode']>,
    failureReason: string,
  ): ImageFailure => ({
    imageId,
    failureCode,
    failureReason,
  });
  const missing = failure('ImageNotFound', 'Requested image not found');
  if (imageTag === undefined && imageDigest === undefined) {
    return failure('MissingDigestAndTag', 'Invalid request parameters: both tag and digest cannot be null');
  }
  if (imageDigest !== undefined && !DIGEST.test(imageDigest)) {
    return failure(
      'InvalidImageDigest',
      `Invalid request parameters: image digest should satisfy the regex '${DIGEST.source.slice(1, -1)}'`,
    );
  }
  if (imageTag !== undefined && !TAG.test(imageTag)) {
    return failure(
      'InvalidImageTag',
      `Invalid request parameters: image tag should satisfy the regex '${TAG.source.slice(1, -1)}'`,
    );
  }
  const digest = imageTag === undefined ? imageDigest : repository.tags.get(imageTag);
  if (digest === undefined) return missing;
  if (imageDigest !== undefined && imageDigest !== digest) {
    return failure('ImageTagDoesNotMatchDigest', 'Requested image tag does not map to the requested digest');
  }
  const answer = await registry.content(repository.name, `manifests/${digest}`, {
    method: 'GET',
    headers: { accept: repository.images.get(digest)?.mediaType ?? '*/*' },
  });
  const mediaType = repository.images.get(digest)?.mediaType;
  if (!answer.ok || mediaType === undefined) return missing;
  if (accepted && accepted.length > 0 && !accepted.includes(mediaType)) return missing;
  return {
    registryId: registry.accountId,
    repositoryName: repository.name,
    imageId: { imageDigest: digest, ...(imageTag !== undefined && { imageTag }) },
    imageManifest: await answer.text(),
    imageManifestMediaType: mediaType,
  };
}

async function putImage(
  registry: PrivateRegistry,
  repository: Repository,
  input: PutImageCommandInput,
): Promise<Image> {
  const { imageManifest = '', imageTag, imageDigest } = input;
  const place = registry.place(repository.name);
  if (!isManifest(imageManifest)) throw invalidParameter('imageManifest', 'must be a manifest');
  if (imageTag !== undefined && !TAG.test(imageTag)) {
    throw invalidParameter('imageTag', `must satisfy regular expression '${TAG.source.slice(1, -1)}'`);
  }
  const mediaType = input.imageManifestMediaType ?? factsOf(imageManifest, '').mediaType;
  if (mediaType === undefined) {
    throw invalidParameter('imageManifestMediaType', 'must be given when the manifest has no mediaType');
  }
  const digest = `sha256:${createHash('sha256').update(imageManifest).digest('hex')}`;
  if (imageDigest !== undefined && imageDigest !== digest) {
    throw new AwsError(
      'ImageDigestDoesNotMatchException',
      `The specified image digest '${imageDigest}' does not match the digest '${digest}' that Amazon ECR calculated for the image.`,
    );
  }
  const before = imageTag === undefined ? undefined : repository.tags.get(imageTag);
  const isThere = repository.images.get(digest)?.facts !== undefined;
  if (imageTag === undefined ? isThere : before === digest) throw imageExists(digest, imageTag, place);
  if (imageTag !== undefined && before !== undefined && isImmutable(repository, imageTag)) {
    throw new AwsError('ImageTagAlreadyExistsException', tagTaken(imageTag, repository.name));
  }
  await requireReferences(registry, repository, imageManifest);
  const answer = await registry.push(repository, {
    reference: imageTag ?? digest,
    mediaType,
    body: Buffer.from(imageManifest),
  });
  if (!answer.ok) throw invalidParameter('imageManifest', await answer.text());
  return {
    registryId: registry.accountId,
    repositoryName: repository.name,
    imageId: { imageDigest: digest, ...(imageTag !== undefined && { imageTag }) },
    imageManifest,
    imageManifestMediaType: mediaType,
  };
}

/** Refuses a manifest whose layers or images have not been pushed. */
async function requireReferences(
  registry: PrivateRegistry,
  repository: Repository,
  imageManifest: string,
): Promise<void> {
  const { blobs, manifests } = referencesOf(imageManifest);
  const missingOf = async (kind: 'blobs' | 'manifests', digests: readonly string[]): Promise<string[]> => {
    const answers = await Promise.all(
      digests.map((digest) => registry.content(repository.name, `${kind}/${digest}`, { method: 'HEAD' })),
    );
    return digests.filter((_, index) => !answers[index]?.ok);
  };
  const layers = await missingOf('blobs', blobs);
  if (layers.length > 0) {
    throw new AwsError(
      'LayersNotFoundException',
      `The specified layers could not be found in the repository with name '${repository.name}': ${layers.join(', ')}`,
    );
  }
  const images = await missingOf('manifests', manifests);
  if (images.length > 0) {
    throw new AwsError(
      'ReferencedImagesNotFoundException',
      `The manifest list references images that do not exist in the repository with name '${repository.name}': ${images.join(', ')}`,
    );
  }
}
