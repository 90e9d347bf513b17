import { describe, expect, test } from 'vitest';
import { buildInputsDigest } from '../../../src/actions/ecr-push/build-inputs.ts';
import { type Inputs, readInputs } from '../../../src/actions/ecr-push/inputs.ts';
import type { Build } from '../../../src/docker/build.ts';
import { ConfigError } from '../../../src/errors.ts';

const SHA = 'a'.repeat(40);
const HOST = '123456789012.dkr.ecr.eu-central-1.amazonaws.com';

const read = (
  inputs: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = {},
  ref = 'refs/heads/main',
): Promise<Inputs> =>
  readInputs(
    (name) => inputs[name] ?? '',
    async () => ({ sha: SHA, ref }),
    env,
  );

async function problemsOf(...given: Parameters<typeof read>): Promise<readonly string[]> {
  const error = await read(...given).then(
    () => new Error('nothing is wrong'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw error;
  return error.problems.map(({ input, message }) => `${input}: ${message}`);
}

async function buildOf(...given: Parameters<typeof read>): Promise<Build> {
  const [image] = (await read(...given)).images;
  if (image?.source.kind !== 'build') throw new Error('no build');
  return image.source.build;
}

const POLICY =
  '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":5},"action":{"type":"expire"}}]}';

describe('one image', () => {
  test('needs no more than its repository', async () => {
    const { images, ...rest } = await read({ repository: 'team/shop' });
    expect(images).toMatchObject([
      { name: 'shop', repository: 'team/shop', registry: undefined, tags: [{ tag: SHA }] },
    ]);
    expect(rest).toEqual({
      region: undefined,
      registryId: undefined,
      create: undefined,
      scan: undefined,
      builder: undefined,
    });
  });

  test('has its region and account in the address of its repository, unless they are given', async () => {
    expect(await read({ repository: `${HOST}/shop` })).toMatchObject({
      region: 'eu-central-1',
      registryId: '123456789012',
      images: [{ repository: 'shop', registry: HOST }],
    });
    expect(await read({ repository: `${HOST}/shop`, region: 'eu-west-1' })).toMatchObject({
      region: 'eu-west-1',
    });
  });

  test('has every problem of every input told at once', async () => {
    const problems = await problemsOf({
      repository: 'shop:v1',
      tags: 'feature/x\nsha',
      'build-args': 'NAME',
      'secret-envs': 'token=MISSING',
      pull: 'yes',
      'fail-on': 'severe',
      'allow-findings': 'CVE-1',
      'scan-timeout': 'long',
      'on-no-scan': 'maybe',
      'create-repository': 'ja',
      'lifecycle-policy': '{"rules": [{"rulePriority": 1}]}',
      'registry-id': '123',
    });
    for (const part of [
      'repository: "shop:v1" is not a repository; write the name of an ECR repository',
      'tags line 1: "feature/x" is not a tag',
      'build-args line 1: has no "="',
      'secret-envs: token: there is no environment variable MISSING; set it by env: of this step',
      'pull: "yes" is not a boolean; write true or false',
      'fail-on: "severe" is not one of none, critical, high, medium, low, informational',
      'allow-findings line 1: "CVE-1"',
      'scan-timeout: ',
      'on-no-scan: "maybe" is not one of fail, proceed',
      'create-repository: "ja" is not a boolean',
      'lifecycle-policy: is not a lifecycle policy, such as {"rules"',
      'registry-id: "123" is not an account id of 12 digits',
    ]) {
      expect(
        problems.filter((problem) => problem.startsWith(part)),
        part,
      ).toHaveLength(1);
    }
    expect(problems).toHaveLength(12);
  });

  test('is never without a tag', async () => {
    expect(await problemsOf({ repository: 'shop', tags: 'semver' }, {}, 'refs/tags/v1.2')).toEqual([
      'tags: gives no tag: what is built was not checked out by a tag such as v1.2.3 (refs/tags/v1.2); add sha',
    ]);
  });

  test('has no setting that would silently do nothing', async () => {
    const problems = await problemsOf({
      repository: 'shop',
      'allow-findings': 'CVE-1 until 2026-12-31',
      'lifecycle-policy': POLICY,
    });
    expect(problems).toEqual([
      'lifecycle-policy: is for a repository that this step makes; add create-repository: true, or leave it out',
      'allow-findings: does nothing, because no finding fails; add fail-on, such as high',
    ]);
  });

  test('comes from one place', async () => {
    const problems = await problemsOf({
      repository: 'shop',
      'oci-layout': 'image',
      'local-image': 'shop:dev',
      context: 'api',
    });
    expect(problems).toEqual([
      'oci-layout: is given beside local-image; an image comes from one of them',
      'context: is for a build, and local-image is built already; leave one of them out',
    ]);
  });

  test('is told how to be built only where it is built', async () => {
    const why = 'is for a build, and oci-layout is built already; leave one of them out';
    expect(
      await problemsOf({ repository: 'shop', 'oci-layout': 'image', labels: 'a=b', pull: 'true' }),
    ).toEqual([`labels: ${why}`, `pull: ${why}`]);
    const images = '- { tag-prefix: a-, oci-layout: a }\n- { tag-prefix: b-, oci-layout: b, target: web }';
    expect(await problemsOf({ repository: 'shop', platforms: 'linux/arm64', images })).toEqual([
      `images line 2: target: ${why}`,
    ]);
  });

  test('does not take a secret of several lines apart', async () => {
    const key = 'key=-----BEGIN PRIVATE KEY-----\nc2VjcmV0=\nc2VjcmV0=\n-----END PRIVATE KEY-----';
    const problems = await problemsOf({ repository: 'shop', secrets: key });
    expect(problems).toEqual([expect.stringContaining('secrets line 1: begins a value of several lines')]);
    const mapping = JSON.stringify({ key: '-----BEGIN\nc2VjcmV0=' });
    expect((await buildOf({ repository: 'shop', secrets: mapping })).secrets.get('key')).toContain('\nc2Vj');
  });

  test('has secrets that docker takes for one each', async () => {
    const problems = await problemsOf({
      repository: 'shop',
      secrets: 'a,b=hunter2',
      'secret-files': 'a=x,type=env,env=HOME',
    });
    expect(problems).toEqual([
      expect.stringContaining('secrets: an ID is letters'),
      expect.stringContaining('secret-files: holds a comma'),
    ]);
    expect(problems.join()).not.toContain('hunter');
  });

  test('is no option of docker', async () => {
    expect(await problemsOf({ repository: 'shop', context: '--network=host' })).toEqual([
      'context: "--network=host" begins with a hyphen; write ./ before a path',
    ]);
  });

  test('never shows the value of a secret in a problem', async () => {
    const problems = await problemsOf({
      repository: 'shop',
      secrets: 'hunter2\nID =hunter3\nid=hunter4\nid=hunter5',
    });
    expect(problems.join()).toContain('secrets line 1');
    expect(problems.join()).not.toContain('hunter');
  });

  test('has platforms however they are written', async () => {
    const { platforms } = await buildOf({ repository: 'shop', platforms: 'linux/amd64, linux/arm64,\n' });
    expect(platforms).toEqual(['linux/amd64', 'linux/arm64']);
  });
});

describe('a list of images', () => {
  test('takes from the step what its images do not say', async () => {
    const { images } = await read({
      repository: 'shop',
      'build-args': 'A=1',
      target: 'release',
      images: [
        '- tag-prefix: api-',
        '  context: api',
        '- name: web',
        '  repository: team/web',
        '  tags: [sha, latest]',
        '  target: ""',
        '  pull: true',
        '  build-args: { B: two words, C: 1.10 }',
      ].join('\n'),
    });
    expect(images).toMatchObject([
      {
        name: 'api',
        repository: 'shop',
        tags: [{ tag: `api-${SHA}` }],
        source: { build: { context: 'api', target: 'release', pull: false } },
      },
      {
        name: 'web',
        repository: 'team/web',
        tags: [{ tag: SHA }, { tag: 'latest' }],
        source: { build: { context: '.', target: undefined, pull: true } },
      },
    ]);
    const builds = images.map(({ source }) => (source.kind === 'build' ? [...source.build.buildArgs] : []));
    expect(builds).toEqual([
      [['A', '1']],
      [
        ['B', 'two words'],
        ['C', '1.10'],
      ],
    ]);
  });

  test('keeps values as they are written, not as numbers', async () => {
    const { images } = await read({
      repository: 'shop',
      images: '- tags: [1.10, 1e3]\n- { tags: 2.0, tag-prefix: b- }\n- { name: 007, tags: [yes] }',
    });
    expect(images.map(({ name, tags }) => [name, tags.map(({ tag }) => tag)])).toEqual([
      ['shop', ['1.10', '1e3']],
      ['b', ['b-2.0']],
      ['007', ['yes']],
    ]);
  });

  test('has the problems of all its images told at once, each with its name or line', async () => {
    const problems = await problemsOf({
      images: [
        '- name: api',
        '  repository: Shop',
        '  contxt: api',
        '- repository: web',
        '  tags: a b',
        '- shop',
        '- name: last',
        '  pull: maybe',
      ].join('\n'),
    });
    for (const part of [
      'images line 3: "contxt" is not a setting of an image; there are repository, tags, tag-prefix',
      'images line 6: is not a mapping; write "- repository: shop"',
      'api: repository: "Shop" is not a repository',
      'images line 4: tags line 1: "a b" is not a tag',
      'last: repository: is required',
      'last: pull: "maybe" is not a boolean',
    ]) {
      expect(
        problems.filter((problem) => problem.startsWith(part)),
        part,
      ).toHaveLength(1);
    }
    expect(problems).toHaveLength(6);
  });

  test.each([
    ['repository: shop', 'images: is not a list; write "- repository: shop"'],
    ['[]', 'images: is not a list'],
    ['- "a', 'images: line 1, column'],
    ['- a: 1\n  a: 2', 'images: line 2, column 3 is not YAML: this key stands twice in its mapping'],
  ])('cannot be %j', async (images, problem) => {
    expect((await problemsOf({ images }))[0]).toContain(problem);
  });

  test('has no two images under one tag, one name, or in two registries', async () => {
    expect(await problemsOf({ repository: 'shop', images: '- { name: a }\n- { name: b }' })).toEqual([
      `images: "b" would take shop:${SHA} from another image of this step; give it a tag-prefix`,
    ]);
    const images = '- repository: a/shop\n- repository: b/shop';
    expect(await problemsOf({ images })).toEqual([
      'images: two images are called "shop"; give each a name of its own',
    ]);
    const registries = `- repository: ${HOST}/one\n- repository: ghcr.io/org/two`;
    expect((await problemsOf({ images: registries }))[0]).toContain('the images are in several registries');
  });

  test('calls an image without a name by the last part of its repository, or by its prefix', async () => {
    const { images } = await read({
      repository: 'team/shop',
      images: '- { tag-prefix: api- }\n- { tag-prefix: "", name: " " }\n- { repository: team/zed }',
    });
    expect(images.map(({ name }) => name)).toEqual(['api', 'shop', 'zed']);
  });
});

test('a repository that a stack names is found in the list too', async () => {
  const images = '- { name: api, repository: "cloudformation:shop.Api" }\n- { name: web, repository: web }';
  const { images: read } = await readInputs(
    (name) => (name === 'images' ? images : ''),
    async () => ({ sha: SHA, ref: '' }),
    {},
    async (image) => (name) => image(name).replace('cloudformation:shop.Api', `${HOST}/api`),
  );
  expect(read.map(({ repository }) => repository)).toEqual(['api', 'web']);
});

describe('the digest of what a build is made from', () => {
  const digest = async (inputs: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}) =>
    buildInputsDigest(await buildOf({ repository: 'shop', ...inputs }, env));

  test('does not depend on the order in which it is written', async () => {
    expect(await digest({ 'build-args': 'A=1\nB=2', labels: 'x=1\ny=2', platforms: 'a/b,c/d' })).toBe(
      await digest({ 'build-args': 'B=2\nA=1', labels: 'y=2\nx=1', platforms: 'c/d\na/b' }),
    );
  });

  test('depends on every value, but on no secret, and not on how the build is cached', async () => {
    const all = await Promise.all(
      [
        {},
        { context: 'api' },
        { file: 'x' },
        { target: 'x' },
        { 'build-args': 'A=1' },
        { 'build-args': 'A=2' },
        { labels: 'A=1' },
        { platforms: 'linux/arm64' },
        { secrets: 'A=1' },
      ].map((inputs) => digest(inputs)),
    );
    expect(new Set(all).size).toBe(all.length);
    expect(await digest({ secrets: 'A=2' })).toBe(await digest({ secrets: 'A=1' }));
    expect(await digest({ 'cache-from': 'type=gha', 'no-cache': 'true', pull: 'true' })).toBe(all[0]);
  });
});
