import {
  BatchGetImageCommand,
  CreateRepositoryCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  type ECRClient,
  GetAuthorizationTokenCommand,
  GetLifecyclePolicyCommand,
  ListTagsForResourceCommand,
  PutImageCommand,
  PutLifecyclePolicyCommand,
} from '@aws-sdk/client-ecr';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, describe, expect, it } from 'vitest';
import type { ScenarioRepositories } from '../../src/simulator/ecr/model.ts';
import { parseScenario } from '../../src/simulator/scenario/read-scenario.ts';
import { startRegistry } from './ecr-under-test.ts';
import { failureOf, refusalOf } from './failure-of.ts';
import { START } from './moved-clock.ts';
import { imageOf, pushBlob, pushImage, sha256 } from './oci-push.ts';

const DIGEST = sha256('an image that only a scenario names');
const app = { repositoryName: 'app' };
const IN_EU = "in the registry with id '123456789012'";

let running: Awaited<ReturnType<typeof startRegistry>> | undefined;

async function start(
  repositories: ScenarioRepositories = { app: {} },
  options: Parameters<typeof startRegistry>[1] = {},
) {
  running = await startRegistry(repositories, { registry: true, ...options });
  return running;
}

afterEach(async () => {
  await running?.simulator.close();
  expect(running?.simulator.bugs ?? []).toEqual([]);
  running = undefined;
});

const put = (ecr: ECRClient, imageManifest: string, rest: Partial<PutImageCommand['input']> = {}) =>
  ecr.send(new PutImageCommand({ ...app, imageManifest, ...rest }));

const detailsOf = async (ecr: ECRClient, imageTag: string) => {
  const { imageDetails } = await ecr.send(new DescribeImagesCommand({ ...app, imageIds: [{ imageTag }] }));
  return imageDetails?.[0];
};

describe('authorization', () => {
  it('gives a token for 12 hours and the address of the endpoint', async () => {
    const { ecr, login, front } = await start();
    const door = await login(ecr);
    expect(door.expiresAt).toEqual(new Date(START + 12 * 3_600_000));
    expect(door.url).toBe((await front()).url);
    expect(door.password.length).toBeGreaterThan(1_000);
    expect((await login(ecr)).password).not.toBe(door.password);
  });

  it('names the endpoints of the registries that are asked for', async () => {
    const { ecr, front } = await start();
    const { authorizationData } = await ecr.send(
      new GetAuthorizationTokenCommand({ registryIds: ['210987654321', '123456789012'] }),
    );
    expect(authorizationData?.map(({ proxyEndpoint }) => proxyEndpoint)).toEqual([
      (await front({ accountId: '210987654321' })).url,
      (await front()).url,
    ]);
  });

  it('has the names of AWS when no port is to be opened, and keeps images all the same', async () => {
    const aws = await startRegistry({ app: { tags: { v1: DIGEST } } }, {});
    running = aws;
    const { ecr, login, front } = aws;
    const host = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
    expect((await login(ecr)).url).toBe(`https://${host}`);
    const { repositories } = await ecr.send(new DescribeRepositoriesCommand({}));
    expect(repositories?.[0]?.repositoryUri).toBe(`${host}/app`);
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [],
    });
    expect((await put(ecr, index, { imageTag: 'empty' })).image?.imageId?.imageDigest).toBe(sha256(index));
    expect(await failureOf(front())).toMatchObject({
      message: 'the simulator was started without container registries',
    });
  });
});

describe('repositories', () => {
  it('are described by name, or page by page', async () => {
    const { ecr, front } = await start({ web: {}, api: { immutable: true, scanning: 'on-push' }, job: {} });
    const { host } = await front();
    const named = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['api'] }));
    expect(named.repositories).toEqual([
      {
        repositoryArn: 'arn:aws:ecr:eu-west-1:123456789012:repository/api',
        registryId: '123456789012',
        repositoryName: 'api',
        repositoryUri: `${host}/api`,
        createdAt: new Date(START),
        imageTagMutability: 'IMMUTABLE',
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfiguration: { encryptionType: 'AES256' },
      },
    ]);
    const first = await ecr.send(new DescribeRepositoriesCommand({ maxResults: 2 }));
    const { nextToken } = first;
    const second = await ecr.send(new DescribeRepositoriesCommand({ maxResults: 2, nextToken }));
    const pages = [first, second].map(({ repositories }) => repositories?.map((each) => each.repositoryName));
    expect(pages).toEqual([['api', 'job'], ['web']]);
    expect(second.nextToken).toBeUndefined();
    expect(await refusalOf(ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['none'] })))).toBe(
      `RepositoryNotFoundException: The repository with name 'none' does not exist ${IN_EU}`,
    );
  });

  it('are created as asked for, and once', async () => {
    const { ecr } = await start({});
    const create = new CreateRepositoryCommand({
      repositoryName: 'team/api',
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'cache-*' }],
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: 'KMS', kmsKey: 'alias/images' },
      tags: [{ Key: 'team', Value: 'web' }],
    });
    const { repository } = await ecr.send(create);
    expect(repository).toMatchObject({
      repositoryName: 'team/api',
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'cache-*' }],
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: 'KMS', kmsKey: 'alias/images' },
    });
    const { tags } = await ecr.send(
      new ListTagsForResourceCommand({ resourceArn: repository?.repositoryArn }),
    );
    expect(tags).toEqual([{ Key: 'team', Value: 'web' }]);
    expect(await refusalOf(ecr.send(create))).toBe(
      `RepositoryAlreadyExistsException: The repository with name 'team/api' already exists ${IN_EU}`,
    );
  });

  it.each([
    ['a name in capitals', { repositoryName: 'Api' }, "'repositoryName'"],
    [
      'exclusions without anything to be excluded from',
      {
        repositoryName: 'api',
        imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD' as const, filter: 'x*' }],
      },
      'must be empty when imageTagMutability is MUTABLE',
    ],
    [
      'no exclusions where there have to be some',
      { repositoryName: 'api', imageTagMutability: 'MUTABLE_WITH_EXCLUSION' as const },
      'must not be empty when imageTagMutability is MUTABLE_WITH_EXCLUSION',
    ],
    [
      'an exclusion with too many wildcards',
      {
        repositoryName: 'api',
        imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION' as const,
        imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD' as const, filter: '*a*b*' }],
      },
      "'filter'",
    ],
  ])('are not created with %s', async (_, input, part) => {
    const { ecr } = await start({});
    const message = await refusalOf(ecr.send(new CreateRepositoryCommand(input)));
    expect(message).toMatch(/^InvalidParameterException: Invalid parameter at /);
    expect(message).toContain(part);
  });

  it('keep a lifecycle policy that is one', async () => {
    const { ecr } = await start();
    const read = () => ecr.send(new GetLifecyclePolicyCommand(app));
    const write = (lifecyclePolicyText: string) =>
      ecr.send(new PutLifecyclePolicyCommand({ ...app, lifecyclePolicyText }));
    expect(await refusalOf(read())).toContain('LifecyclePolicyNotFoundException: Lifecycle policy does not');
    const policy = JSON.stringify({
      rules: [
        {
          rulePriority: 1,
          selection: { tagStatus: 'untagged', countType: 'imageCountMoreThan', countNumber: 10 },
          action: { type: 'expire' },
        },
      ],
    });
    await write(policy);
    expect(await read()).toMatchObject({ ...app, lifecyclePolicyText: policy });
    for (const wrong of ['rules', '{}', '{"rules":[]}', '{"rules":[{"rulePriority":1}]}']) {
      expect(await refusalOf(write(wrong))).toContain('InvalidParameterException');
    }
  });
});

describe('images', () => {
  it('are described as they were pushed', async () => {
    const { ecr, login, clock } = await start();
    const door = await login(ecr);
    clock.move(60_000);
    const image = await pushImage(door, 'app', 'v1', 'first layer');
    expect(await detailsOf(ecr, 'v1')).toEqual({
      registryId: '123456789012',
      repositoryName: 'app',
      imageDigest: image.digest,
      imageTags: ['v1'],
      imageManifestMediaType: image.mediaType,
      artifactMediaType: 'application/vnd.oci.image.config.v1+json',
      imageSizeInBytes: image.config.length + 'first layer'.length,
      imagePushedAt: new Date(START + 60_000),
    });
  });

  it('keep their digest when the tag goes to another one', async () => {
    const { ecr, login } = await start();
    const door = await login(ecr);
    const old = await pushImage(door, 'app', 'latest', 'one');
    const young = await pushImage(door, 'app', 'latest', 'two');
    const digests = async (tagStatus: 'TAGGED' | 'UNTAGGED' | 'ANY') => {
      const { imageDetails } = await ecr.send(new DescribeImagesCommand({ ...app, filter: { tagStatus } }));
      return imageDetails?.map(({ imageDigest }) => imageDigest);
    };
    expect(await digests('TAGGED')).toEqual([young.digest]);
    expect(await digests('UNTAGGED')).toEqual([old.digest]);
    expect(await digests('ANY')).toEqual([old.digest, young.digest]);
  });

  it('come in pages', async () => {
    const tags = Object.fromEntries(['v1', 'v2', 'v3'].map((tag) => [tag, sha256(tag)]));
    const { ecr } = await start({ app: tags });
    const first = await ecr.send(new DescribeImagesCommand({ ...app, maxResults: 2 }));
    const { nextToken } = first;
    const second = await ecr.send(new DescribeImagesCommand({ ...app, maxResults: 2, nextToken }));
    const pages = [first, second].map(({ imageDetails }) => imageDetails?.map((each) => each.imageTags));
    expect(pages).toEqual([[['v1'], ['v2']], [['v3']]]);
    expect(second.nextToken).toBeUndefined();
    const wrong = new DescribeImagesCommand({ ...app, nextToken: 'not a token' });
    expect(await refusalOf(ecr.send(wrong))).toContain(
      "InvalidParameterException: Invalid parameter at 'next",
    );
    expect(await refusalOf(ecr.send(new DescribeImagesCommand({ ...app, maxResults: 1001 })))).toContain(
      'between 1 and 1000',
    );
  });

  it('are not found in the words of ECR', async () => {
    const { ecr } = await start();
    expect(await refusalOf(detailsOf(ecr, 'v9'))).toBe(
      "ImageNotFoundException: The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist " +
        `within the repository with name 'app' ${IN_EU}`,
    );
  });

  it('are got byte for byte, and what is not there is told apart from what is no image id', async () => {
    const { ecr, login } = await start();
    const image = await pushImage(await login(ecr), 'app', 'v1', 'layer');
    const { images, failures } = await ecr.send(
      new BatchGetImageCommand({
        ...app,
        imageIds: [
          { imageTag: 'v1' },
          { imageDigest: image.digest },
          { imageTag: 'v9' },
          { imageDigest: DIGEST },
          { imageDigest: 'v1' },
          { imageTag: 'v1@' },
          { imageTag: 'v1', imageDigest: DIGEST },
          {},
        ],
      }),
    );
    expect(images).toMatchObject([
      { imageManifest: image.manifest, imageId: { imageTag: 'v1', imageDigest: image.digest } },
      { imageManifestMediaType: image.mediaType, imageId: { imageDigest: image.digest } },
    ]);
    expect(failures?.map(({ failureCode }) => failureCode)).toEqual([
      'ImageNotFound',
      'ImageNotFound',
      'InvalidImageDigest',
      'InvalidImageTag',
      'ImageTagDoesNotMatchDigest',
      'MissingDigestAndTag',
    ]);
    const docker = ['application/vnd.docker.distribution.manifest.v2+json'];
    const other = await ecr.send(
      new BatchGetImageCommand({ ...app, imageIds: [{ imageTag: 'v1' }], acceptedMediaTypes: docker }),
    );
    expect(other).toMatchObject({ images: [], failures: [{ failureCode: 'ImageNotFound' }] });
  });

  it('get further tags by PutImage, each once', async () => {
    const { ecr, login } = await start();
    const { manifest, digest } = await pushImage(await login(ecr), 'app', 'v1', 'layer');
    const { image } = await put(ecr, manifest, { imageTag: 'stable', imageDigest: digest });
    expect(image).toMatchObject({ imageId: { imageDigest: digest, imageTag: 'stable' } });
    expect((await detailsOf(ecr, 'v1'))?.imageTags).toEqual(['v1', 'stable']);
    expect(await refusalOf(put(ecr, manifest, { imageTag: 'stable' }))).toBe(
      `ImageAlreadyExistsException: Image with digest '${digest}' and tag 'stable' already exists in the ` +
        `repository with name 'app' ${IN_EU}`,
    );
    expect(await refusalOf(put(ecr, manifest))).toContain('ImageAlreadyExistsException');
  });

  it('are refused by PutImage when anything of them is missing or wrong', async () => {
    const { ecr, login } = await start();
    const door = await login(ecr);
    const { manifest, config, digest } = imageOf('layer');
    expect(await refusalOf(put(ecr, manifest, { imageTag: 'v1' }))).toContain('LayersNotFoundException');
    await pushBlob(door, 'app', config);
    await pushBlob(door, 'app', 'layer');
    const index = JSON.stringify({
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ digest, size: manifest.length, mediaType: imageOf('').mediaType }],
    });
    expect(await refusalOf(put(ecr, index))).toContain('ReferencedImagesNotFoundException');
    expect(await refusalOf(put(ecr, manifest, { imageDigest: DIGEST }))).toContain(
      `ImageDigestDoesNotMatchException: The specified image digest '${DIGEST}' does not match`,
    );
    expect(await refusalOf(put(ecr, 'no manifest'))).toContain('InvalidParameterException');
    expect(await refusalOf(put(ecr, manifest, { imageTag: 'a b' }))).toContain('InvalidParameterException');
    await put(ecr, manifest);
    await put(ecr, index, { imageTag: 'v1' });
    expect(await detailsOf(ecr, 'v1')).toMatchObject({
      imageManifestMediaType: 'application/vnd.oci.image.index.v1+json',
      imageSizeInBytes: config.length + 'layer'.length,
    });
  });

  it('keep an immutable tag', async () => {
    const { ecr, login } = await start({ app: { immutable: true, tags: { v0: DIGEST } } });
    const door = await login(ecr);
    const { manifest } = await pushImage(door, 'app', 'v1', 'layer');
    expect(await refusalOf(put(ecr, manifest, { imageTag: 'v0' }))).toBe(
      "ImageTagAlreadyExistsException: The image tag 'v0' already exists in the 'app' repository and cannot " +
        'be overwritten because the tag is immutable.',
    );
    expect(await refusalOf(put(ecr, manifest, { imageTag: 'v1' }))).toContain('ImageAlreadyExistsException');
    await put(ecr, manifest, { imageTag: 'v2' });
  });

  it.each([
    ['IMMUTABLE_WITH_EXCLUSION', 'cache-arm', 'v1'],
    ['MUTABLE_WITH_EXCLUSION', 'v1', 'cache-arm'],
  ] as const)('move only the tags that %s leaves free', async (imageTagMutability, free, fixed) => {
    const { ecr, login } = await start({});
    const imageTagMutabilityExclusionFilters = [{ filterType: 'WILDCARD' as const, filter: 'cache-*' }];
    await ecr.send(
      new CreateRepositoryCommand({ ...app, imageTagMutability, imageTagMutabilityExclusionFilters }),
    );
    const door = await login(ecr);
    for (const tag of [free, fixed]) await pushImage(door, 'app', tag, 'one');
    const { digest } = await pushImage(door, 'app', free, 'two');
    expect((await detailsOf(ecr, free))?.imageDigest).toBe(digest);
    expect((await failureOf(pushImage(door, 'app', fixed, 'two'))).message).toContain('TAG_INVALID');
  });
});

describe('registries of their own', () => {
  const repositories: ScenarioRepositories = {
    app: {},
    far: { name: 'app', region: 'us-east-1', tags: { far: DIGEST } },
    production: { name: 'app', account: '210987654321', tags: { live: DIGEST } },
  };
  const role = 'arn:aws:iam::210987654321:role/deploy/promote';

  it('belong to the region that a call is signed for', async () => {
    const aws = await start(repositories);
    const far = aws.in('us-east-1');
    expect((await detailsOf(far, 'far'))?.imageDigest).toBe(DIGEST);
    expect(await refusalOf(detailsOf(aws.ecr, 'far'))).toContain('ImageNotFoundException');
    expect((await aws.login(far)).url).not.toBe((await aws.login(aws.ecr)).url);
  });

  it('belong to the account whose role was assumed', async () => {
    const aws = await start(repositories);
    const { ecr, sts } = await aws.assume(role);
    expect((await detailsOf(ecr, 'live'))?.registryId).toBe('210987654321');
    expect(await refusalOf(detailsOf(aws.ecr, 'live'))).toContain('ImageNotFoundException');
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: '210987654321',
      Arn: 'arn:aws:sts::210987654321:assumed-role/promote/promote',
    });
    const image = await pushImage(await aws.login(ecr), 'app', 'v1', 'layer');
    expect((await detailsOf(ecr, 'v1'))?.imageDigest).toBe(image.digest);
    expect(await refusalOf(detailsOf(aws.ecr, 'v1'))).toContain('ImageNotFoundException');
  });

  it('can be named in a call', async () => {
    const { ecr } = await start(repositories);
    const { imageDetails } = await ecr.send(
      new DescribeImagesCommand({ ...app, registryId: '210987654321' }),
    );
    expect(imageDetails).toMatchObject([{ registryId: '210987654321', imageTags: ['live'] }]);
  });

  it('stay out of reach when the role is not among those that may be assumed', async () => {
    const { assume } = await start(repositories, { roles: ['arn:aws:iam::210987654321:role/other'] });
    expect(await refusalOf(assume(role))).toBe(
      'AccessDenied: User: arn:aws:sts::123456789012:assumed-role/deploy/GitHubActions is not authorized to ' +
        `perform: sts:AssumeRole on resource: ${role} because no identity-based policy allows the ` +
        'sts:AssumeRole action',
    );
  });

  it('name their repository when a call is denied', async () => {
    const { simulator, ecr } = await start(repositories);
    simulator.faults.add({ kind: 'access-denied', service: 'ECR' });
    expect(await refusalOf(ecr.send(new DescribeImagesCommand(app)))).toContain(
      'ecr:DescribeImages on resource: arn:aws:ecr:eu-west-1:123456789012:repository/app',
    );
  });
});

describe('a scenario file', () => {
  it('describes repositories by digests alone, or in full', () => {
    const { repositories, roles } = parseScenario(`
name: images
clusters: []
roles: ['arn:aws:iam::210987654321:role/promote']
repositories:
  app: { v1: '${DIGEST}' }
  api:
    immutable: true
    scanning: enhanced
    scanTime: 90s
    account: 012345678901
    region: us-east-1
    findings:
      - { name: CVE-2026-0001, severity: HIGH, package: zlib, version: 1.3, fixedIn: '1.3.1', tag: 'v1*' }
`);
    expect(roles).toEqual(['arn:aws:iam::210987654321:role/promote']);
    expect(repositories).toEqual({
      app: { v1: DIGEST },
      api: {
        immutable: true,
        scanning: 'enhanced',
        scanTime: 90_000,
        account: '012345678901',
        region: 'us-east-1',
        findings: [
          {
            name: 'CVE-2026-0001',
            severity: 'HIGH',
            package: 'zlib',
            version: '1.3',
            fixedIn: '1.3.1',
            tag: 'v1*',
          },
        ],
      },
    });
  });

  it('is told everything that is wrong with them', async () => {
    const wrong = `
name: images
clusters: []
roles: [promote]
repositories:
  app: { tags: { v1: sha256:abc }, scanning: daily }
  api: { account: 'mine' }
`;
    const { message } = await failureOf((async () => parseScenario(wrong))());
    for (const part of ['roles[0]', 'repositories.app.tags.v1', 'scanning', 'repositories.api.account']) {
      expect(message).toContain(part);
    }
  });
});
