import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import * as ecrPush from '../../../src/actions/ecr-push/run.ts';
import { sha256 } from '../../../src/registry/registry.ts';
import { type ImageContent, writeLayout } from '../../images/layout.ts';
import { inRegistry, type RegistryWorld, SHA } from '../../images/registry-world.ts';
import { type RunHere, runHere, workspace } from '../../images/run-here.ts';

/** Pushes an image from a workspace of its own, in this process. */
async function push(
  world: RegistryWorld,
  content: ImageContent,
  inputs: Readonly<Record<string, string>> = {},
  spoil: (directory: string) => void = () => undefined,
): Promise<RunHere & { readonly digest: string }> {
  const directory = workspace();
  const digest = writeLayout(join(directory, 'image'), content);
  spoil(join(directory, 'image'));
  const all = { repository: 'shop', 'oci-layout': 'image', ...inputs };
  return { ...(await runHere(world, ecrPush, all, { directory })), digest };
}

describe('a push', () => {
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
        { 'create-repository': 'true', 'lifecycle-policy': '{"rules": []}' },
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
