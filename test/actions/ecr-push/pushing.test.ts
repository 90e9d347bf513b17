import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { run as runEcrPush } from '../../../src/actions/ecr-push/run.ts';
import { sha256 } from '../../../src/registry/registry.ts';
import type { RegistryRequest } from '../../../src/simulator/ecr/front.ts';
import { type ImageContent, writeLayout } from '../../images/layout.ts';
import { inRegistry, type RegistryWorld, SHA } from '../../images/registry-world.ts';
import { type RunHere, runHere, workspace } from '../../images/run-here.ts';

const ecrPush = { name: 'ecr-push', run: runEcrPush };

/** Pushes an image from a workspace of its own, in this process. */
async function push(
  world: RegistryWorld,
  content: ImageContent,
  inputs: Readonly<Record<string, string>> = {},
  spoil: (directory: string) => void = () => undefined,
  env: Readonly<Record<string, string>> = {},
): Promise<RunHere & { readonly digest: string }> {
  const directory = workspace();
  const digest = writeLayout(join(directory, 'image'), content);
  spoil(join(directory, 'image'));
  const all = { repository: 'shop', 'oci-layout': 'image', ...inputs };
  return { ...(await runHere(world, ecrPush, all, { directory, env })), digest };
}

/** Requests that bring content, by kind. */
const sent = (requests: readonly RegistryRequest[]) => ({
  uploads: requests.filter(({ method, path }) => method === 'POST' && path.includes('/uploads/')).length,
  manifests: requests
    .filter(({ method }) => method === 'PUT')
    .filter(({ path }) => path.includes('manifests')).length,
});

const POLICY =
  '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":5},"action":{"type":"expire"}}]}';

describe('a push', () => {
  test('makes no repository for an image that is not there', async () => {
    await inRegistry({}, async (world) => {
      const inputs = { repository: 'new', 'create-repository': 'true', 'oci-layout': 'nowhere' };
      const run = await push(world, { text: 'one' }, inputs);
      expect(run.told).toContain('oci-layout');
      expect(world.calls.map(({ operation }) => operation)).not.toContain('CreateRepository');
    });
  });

  test('makes no cache of tags that cannot be written twice', async () => {
    await inRegistry({ shop: { immutable: true } }, async (world) => {
      const directory = workspace();
      const script = '#!/bin/sh\n[ "$1 $2" = "buildx inspect" ] && echo "Driver: docker-container"\nexit 0\n';
      writeFileSync(join(directory, 'docker'), script, { mode: 0o755 });
      writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\n');
      const run = await runHere(
        world,
        ecrPush,
        { repository: 'shop', 'cache-to': 'type=registry,ref={repository}:cache,mode=max', tags: 'v1' },
        { directory, env: { PATH: `${directory}:${process.env['PATH']}` } },
      );
      expect(run.told).toContain('shop: cache-to: cache could be written only once');
    });
  });

  test('names the permission of AWS that is missing', async () => {
    await inRegistry({ shop: { scanning: 'manual' } }, async (world) => {
      for (const [operation, inputs] of [
        ['DescribeRepositories', {}],
        ['GetAuthorizationToken', {}],
        ['CreateRepository', { repository: 'new', 'create-repository': 'true' }],
        ['DescribeImageScanFindings', { 'fail-on': 'high' }],
        ['StartImageScan', { 'fail-on': 'high' }],
      ] as const) {
        world.simulator.faults.clear();
        world.simulator.faults.add({ kind: 'access-denied', operation });
        const run = await push(world, { text: operation }, inputs);
        expect(run.told).toContain(`Allow ecr:${operation} in the policy of the role`);
      }
    });
  });

  test('names the permission of the registry that is missing, which its own answer may not', async () => {
    await inRegistry({ shop: {} }, async (world) => {
      const front = await world.registry();
      for (const [method, path, permission] of [
        ['HEAD', /manifests/, 'ecr:BatchGetImage'],
        ['HEAD', /blobs/, 'ecr:BatchCheckLayerAvailability'],
        ['POST', /uploads/, 'ecr:InitiateLayerUpload'],
        ['PATCH', /uploads/, 'ecr:UploadLayerPart'],
        ['PUT', /uploads/, 'ecr:CompleteLayerUpload'],
        ['PUT', /manifests/, 'ecr:PutImage'],
      ] as const) {
        front.fail({ how: 'status', status: 403, method, path, times: 9 });
        const run = await push(world, { text: permission });
        front.heal();
        expect(run.told).toContain(
          `Allow ${permission} on arn:aws:ecr:eu-west-1:123456789012:repository/shop`,
        );
      }
    });
  });

  test('looks at immutable tags with the same care for what the registry refuses', async () => {
    await inRegistry({ shop: { immutable: true } }, async (world) => {
      expect((await push(world, { text: 'one' })).told).toBe('');
      const front = await world.registry();
      front.fail({ how: 'cut', method: 'GET', path: /manifests/ });
      front.fail({ how: 'cut', method: 'GET', path: /blobs/ });
      front.fail({ how: 'status', status: 500, method: 'GET', path: /blobs/ });
      expect((await push(world, { text: 'one' })).log).toContain('is used again');
      front.fail({ how: 'status', status: 403, method: 'GET', path: /blobs/, times: 9 });
      const run = await push(world, { text: 'one' });
      expect(run.told).toContain('Allow ecr:GetDownloadUrlForLayer on');
      expect(run.told).toContain('Nothing was built or pushed.');
    });
  });

  test('says how to go on after a repository was made whose lifecycle policy was refused', async () => {
    await inRegistry({}, async (world) => {
      world.simulator.faults.add({ kind: 'access-denied', operation: 'PutLifecyclePolicy' });
      const run = await push(
        world,
        { text: 'one' },
        { 'create-repository': 'true', 'lifecycle-policy': POLICY },
      );
      expect(run.told).toContain('ecr:PutLifecyclePolicy');
      expect(run.told).toContain('The repository shop is there now, without a lifecycle policy');
    });
  });

  test('makes one repository though the answer to its making is lost', async () => {
    await inRegistry({}, async (world) => {
      world.simulator.faults.add({ kind: 'lost-answer', operation: 'CreateRepository', nth: 1 });
      const run = await push(world, { text: 'one' }, { 'create-repository': 'true' });
      expect(run.told).toBe('');
      expect(await world.tags()).toEqual({ [SHA]: run.digest });
    });
  });

  test('logs in once, however many images and layers there are', async () => {
    await inRegistry({ shop: {} }, async (world) => {
      const directory = workspace();
      for (const name of ['a', 'b', 'c']) writeLayout(join(directory, name), { text: name, ballast: 10_000 });
      const images = ['a', 'b', 'c'].map((name) => `- { oci-layout: ${name}, tag-prefix: ${name}- }`);
      const inputs = { repository: 'shop', images: images.join('\n') };
      expect((await runHere(world, ecrPush, inputs, { directory })).told).toBe('');
      const operations = world.calls.map(({ operation }) => operation);
      expect(operations.filter((each) => each === 'GetAuthorizationToken')).toHaveLength(1);
      expect(operations.filter((each) => each === 'DescribeRepositories')).toHaveLength(1);
    });
  });

  test('sends a layer once that several platforms share', async () => {
    await inRegistry({ shop: {} }, async (world) => {
      const run = await push(world, {
        text: 'one',
        platforms: ['linux/amd64', 'linux/arm64'],
        ballast: 5_000,
      });
      expect(run.told).toBe('');
      const { requests } = await world.registry();
      const begun = requests.filter(({ method }) => method === 'POST').length;
      const digests = requests.filter(({ method, path }) => method === 'PUT' && path.includes('digest='));
      expect(new Set(digests.map(({ path }) => path.split('digest=')[1])).size).toBe(begun);
    });
  });

  test('uses an image again that an immutable tag names, and refuses another before anything is sent', async () => {
    await inRegistry({ shop: { immutable: true } }, async (world) => {
      const first = await push(world, { text: 'one' });
      expect(first.told).toBe('');
      const { requests } = await world.registry();
      const before = requests.length;
      const again = await push(world, { text: 'one' }, {}, undefined, { GITHUB_REF: 'refs/tags/v1.2.3' });
      expect(again.told).toBe('');
      expect(again.log).toContain('is there already and is used again');
      expect(again.log).toContain('without the tag 1.2, because');
      expect(await world.tags()).toEqual({ [SHA]: first.digest, '1.2.3': first.digest });
      expect(sent(requests.slice(before))).toEqual({ uploads: 0, manifests: 1 });

      const other = await push(world, { text: 'two' });
      expect(other.told).toContain(
        `shop: tags: tags of shop are immutable, and ${SHA} is another image there (${first.digest}); push under another tag`,
      );
      expect(sent(requests.slice(before))).toEqual({ uploads: 0, manifests: 1 });
    });
  });

  test('makes a repository with its lifecycle policy when asked to, and only then', async () => {
    await inRegistry({}, async (world) => {
      const missing = await push(world, { text: 'one' });
      expect(missing.told).toContain('repository: there is no repository "shop" in the registry of');
      expect(missing.told).toContain('create-repository: true');
      const made = await push(
        world,
        { text: 'one' },
        { 'create-repository': 'true', 'lifecycle-policy': POLICY },
      );
      expect(made.told).toBe('');
      const [create] = world.calls.filter(({ operation }) => operation === 'CreateRepository');
      expect(create?.input).toMatchObject({
        repositoryName: 'shop',
        imageTagMutability: 'IMMUTABLE',
        imageScanningConfiguration: { scanOnPush: true },
      });
      expect(await world.lifecyclePolicy('shop')).toBe(POLICY);
    });
  });

  test('renews a password that has run out in between', async () => {
    await inRegistry(
      { shop: {} },
      async (world) => {
        const front = await world.registry();
        // Two minutes of patience on the registry's side would be over long before 12 hours.
        front.fail({ how: 'slow', ms: 12.5 * 3_600_000, method: 'HEAD', path: /blobs/, times: 1 });
        const run = await push(world, { text: 'one' });
        expect(run.told).toBe('');
        const logins = world.calls.filter(({ operation }) => operation === 'GetAuthorizationToken');
        // More than one only because the clock ran on for 12 hours.
        expect(logins.length).toBeGreaterThan(1);
      },
      { scale: 60_000 },
    );
  });

  test('refuses an address in another registry, and a tag behind the repository', async () => {
    await inRegistry({ 'org/shop': {} }, async (world) => {
      const elsewhere = await push(
        world,
        { text: 'one' },
        { repository: 'ghcr.io/org/shop', 'create-repository': 'true' },
      );
      expect(elsewhere.told).toContain('its address is in the registry ghcr.io, and this step pushes to');
      expect(world.calls.map(({ operation }) => operation)).not.toContain('CreateRepository');
      const { host } = await world.registry();
      const tagged = await push(world, { text: 'one' }, { repository: `${host}/org/shop:v1` });
      expect(tagged.told).toContain(`"${host}/org/shop:v1" is not a repository`);
      const right = await push(world, { text: 'one' }, { repository: `${host}/org/shop` });
      expect(right.told).toBe('');
    });
  });

  test('finds a broken layout before anything is sent', async () => {
    await inRegistry({ shop: {} }, async (world) => {
      const directory = workspace();
      const at = (name: string) => join(directory, name);
      const layer = (name: string, text: string) => {
        writeLayout(at(name), { text });
        return text;
      };
      mkdirSync(at('empty'));
      writeFileSync(at('file.tar'), 'tar');
      layer('no-json', 'a');
      writeFileSync(join(at('no-json'), 'index.json'), '{');
      layer('lacks', 'b');
      rmSync(join(at('lacks'), 'blobs'), { recursive: true });
      const outside = { mediaType: '', digest: 'sha256:../../../file.tar', size: 3 };
      layer('outside', 'c');
      writeFileSync(join(at('outside'), 'index.json'), JSON.stringify({ manifests: [outside] }));
      const names = ['nowhere', 'empty', 'file.tar', 'no-json', 'lacks', 'outside'];
      const run = await runHere(
        world,
        ecrPush,
        {
          repository: 'shop',
          images: names
            .map((name, n) => `- { name: n${n}, tag-prefix: n${n}-, oci-layout: ${name} }`)
            .join('\n'),
        },
        { directory },
      );
      for (const [n, what] of [
        'there is no directory nowhere in the workspace',
        'empty holds no OCI layout: it has no index.json',
        'file.tar is a file; unpack it first',
        'the index.json of no-json is not that of an OCI layout',
        'lacks lacks the manifest sha256:',
        'outside lacks the manifest sha256:../../../file.tar',
      ].entries()) {
        expect(run.told).toContain(`n${n}: oci-layout: ${what}`);
      }
      expect(sent((await world.registry()).requests)).toEqual({ uploads: 0, manifests: 0 });
    });
  });

  test('leaves no tag behind when a layer is not what the layout says', async () => {
    await inRegistry({ shop: {} }, async (world) => {
      const blobs = (directory: string) => join(directory, 'blobs/sha256');
      const { hex, size } = layerOf();
      const lacking = await push(world, { text: 'one' }, {}, (directory) =>
        rmSync(join(blobs(directory), hex)),
      );
      expect(lacking.told).toContain(`shop: oci-layout: image lacks sha256:${hex}, a part of the image`);
      const short = await push(world, { text: 'one' }, {}, (directory) =>
        writeFileSync(join(blobs(directory), hex), 'short'),
      );
      expect(short.told).toContain(`image: sha256:${hex} has 5 bytes, and the image says`);
      expect((await world.registry()).requests.filter(({ method }) => method === 'POST')).toEqual([]);
      const other = await push(world, { text: 'one' }, {}, (directory) =>
        writeFileSync(join(blobs(directory), hex), Buffer.alloc(size)),
      );
      expect(other.told).toContain('provided digest did not match uploaded content');
      expect(await world.tags()).toEqual({});
    });
  });

  test('gets through when any call to AWS is throttled, fails, or loses its answer', async () => {
    const operations = [
      'DescribeRepositories',
      'CreateRepository',
      'PutLifecyclePolicy',
      'GetAuthorizationToken',
      'DescribeImageScanFindings',
    ];
    for (const kind of ['throttle', 'internal-error', 'lost-answer'] as const) {
      await inRegistry({}, async (world) => {
        for (const operation of operations) world.simulator.faults.add({ kind, operation, nth: 1, times: 2 });
        const run = await push(
          world,
          { text: 'one' },
          {
            'create-repository': 'true',
            'immutable-tags': 'false',
            'lifecycle-policy': POLICY,
            'fail-on': 'low',
          },
        );
        expect(run.told, kind).toBe('');
        const struck = world.calls.filter(({ fault }) => fault === kind);
        expect(new Set(struck.map(({ operation }) => operation))).toEqual(new Set(operations));
        const made = world.calls.find(({ operation }) => operation === 'CreateRepository');
        expect(made?.input).toMatchObject({ imageTagMutability: 'MUTABLE' });
        expect(await world.lifecyclePolicy('shop')).toBe(POLICY);
      });
    }
  });

  test('is as good as another that wins the race for an immutable tag, unless they differ', async () => {
    await inRegistry({ shop: { immutable: true } }, async (world) => {
      // Both have looked for the tag before either takes it.
      const front = await world.registry();
      const slow = { how: 'slow', ms: 20_000, method: 'PUT', path: /manifests\/[0-9a-f]{40}/ } as const;
      front.fail({ ...slow, times: 2 });
      const same = await Promise.all([push(world, { text: 'one' }), push(world, { text: 'one' })]);
      expect(same.map(({ told }) => told)).toEqual(['', '']);
      front.fail({ ...slow, path: /manifests\/v2/, times: 2 });
      const others = await Promise.all(['two', 'three'].map((text) => push(world, { text }, { tags: 'v2' })));
      const [lost, ...more] = others.filter(({ told }) => told !== '');
      expect(more).toEqual([]);
      expect(lost?.told).toContain("The image tag 'v2' already exists in the 'shop' repository");
    });
  });

  test('tells of every image that failed, and what became of the others', async () => {
    await inRegistry({ shop: {} }, async (world) => {
      const directory = workspace();
      for (const name of ['a', 'b', 'c']) writeLayout(join(directory, name), { text: name });
      const images = ['a', 'b', 'c'].map((name) => `- { oci-layout: ${name}, tag-prefix: ${name}- }`);
      const inputs = { repository: 'shop', images: images.join('\n') };
      const front = await world.registry();
      front.fail({ how: 'status', status: 403, method: 'PUT', path: /manifests\/[ab]-/, times: 9 });
      const run = await runHere(world, ecrPush, inputs, { directory });
      expect(run.told).toContain('a: the registry refused a request');
      expect(run.told).toContain('b: the registry refused a request');
      expect(run.told).toContain('1 of 3 images are pushed');
      expect(run.told).toContain('Allow ecr:PutImage');
      expect(run.outputs).toEqual({});
    });
  });
});

/** The layer of the image that writeLayout makes of "one". */
function layerOf(): { readonly hex: string; readonly size: number } {
  const content = gzipSync(Buffer.from('one for linux/amd64'));
  return { hex: sha256(content).slice('sha256:'.length), size: content.length };
}
