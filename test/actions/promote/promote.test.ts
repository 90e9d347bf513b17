import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run as runEcrPush } from '../../../src/actions/ecr-push/run.ts';
import { run as runPromote } from '../../../src/actions/promote/run.ts';
import { type ImageContent, writeLayout } from '../../images/layout.ts';
import { inRegistry, type RegistryWorld } from '../../images/registry-world.ts';
import { runHere, workspace } from '../../images/run-here.ts';

const ecrPush = { name: 'ecr-push', run: runEcrPush };
const promote = { name: 'promote', run: runPromote };

/** Pushes an image under a tag and gives its digest. */
async function pushed(
  world: RegistryWorld,
  tag: string,
  content: ImageContent,
  repository = 'shop',
): Promise<string> {
  const directory = workspace();
  const digest = writeLayout(join(directory, 'image'), content);
  const inputs = { repository, tags: tag, 'oci-layout': 'image' };
  const run = await runHere(world, ecrPush, inputs, { directory });
  if (run.error !== undefined) throw run.error;
  return digest;
}

const uploads = async (world: RegistryWorld): Promise<number> =>
  (await world.registry()).requests.filter(({ method }) => method === 'PATCH').length;

describe('promote', () => {
  test('copies an image with all its platforms and attestations under its own tag, and only once', async () => {
    await inRegistry({ shop: {}, 'prod/shop': { immutable: true } }, async (world) => {
      const platforms = ['linux/amd64', 'linux/arm64'];
      const digest = await pushed(world, 'v1', { text: 'one', platforms });
      const inputs = { image: 'ecr:shop:v1', 'to-repository': 'prod/{name}' };
      const run = await runHere(world, promote, inputs);
      expect(run.told).toBe('');
      const { host } = await world.registry();
      expect(run.outputs).toEqual({
        image: `${host}/prod/shop@${digest}`,
        reference: `ecr:prod/shop@${digest}`,
        digest,
        images: JSON.stringify({ shop: `${host}/prod/shop@${digest}` }),
        references: JSON.stringify({ shop: `ecr:prod/shop@${digest}` }),
        digests: JSON.stringify({ shop: digest }),
      });
      expect(await world.tags('prod/shop')).toEqual({ v1: digest });
      const before = await uploads(world);
      const again = await runHere(world, promote, inputs);
      expect(again.told).toBe('');
      expect(again.log).toContain('all of it was there');
      expect(await uploads(world)).toBe(before);
    });
  });

  test('gives another tag in the same repository without sending anything', async () => {
    await inRegistry({ shop: {} }, async (world) => {
      const digest = await pushed(world, 'v1', { text: 'one' });
      const before = await uploads(world);
      const run = await runHere(world, promote, { image: `ecr:shop@${digest}`, tags: 'production' });
      expect(run.told).toBe('');
      expect(await world.tags()).toEqual({ v1: digest, production: digest });
      expect(await uploads(world)).toBe(before);
    });
  });

  test('takes several images from the output of ecr-push', async () => {
    await inRegistry({ shop: {}, prod: {} }, async (world) => {
      const api = await pushed(world, 'api', { text: 'api' });
      const web = await pushed(world, 'web', { text: 'web' });
      const images = JSON.stringify({ api: `ecr:shop@${api}`, web: `ecr:shop@${web}` });
      const inputs = { images, 'to-repository': 'prod' };
      const clash = await runHere(world, promote, { ...inputs, tags: 'v1' });
      expect(clash.told).toContain('images: api and web would all become prod:v1; put {name} into');
      expect(await world.tags('prod')).toEqual({});
      const run = await runHere(world, promote, { ...inputs, tags: '{name}-v1' });
      expect(run.told).toBe('');
      expect(await world.tags('prod')).toEqual({ 'api-v1': api, 'web-v1': web });
      expect(Object.keys(JSON.parse(run.outputs['images'] ?? ''))).toEqual(['api', 'web']);
      expect(run.outputs).not.toHaveProperty('image');
    });
  });

  test('copies to another region, to another account by a role, and from where a role may read', async () => {
    const account = '210987654321';
    const repositories = {
      shop: {},
      north: { name: 'shop', region: 'eu-north-1' },
      prod: { name: 'shop', account },
      mirror: {},
    };
    await inRegistry(repositories, async (world) => {
      const digest = await pushed(world, 'v1', { text: 'one' });
      const image = 'ecr:shop:v1';
      const north = await runHere(world, promote, { image, 'target-region': 'eu-north-1' });
      expect(north.told).toBe('');
      expect(await world.tags('shop', { region: 'eu-north-1' })).toEqual({ v1: digest });
      const role = `arn:aws:iam::${account}:role/push-images`;
      const prod = await runHere(world, promote, { image, 'target-role': role });
      expect(prod.told).toBe('');
      expect(await world.tags('shop', { accountId: account })).toEqual({ v1: digest });
      const reader = 'arn:aws:iam::123456789012:role/pull-images';
      const mirror = { image, 'source-role': reader, 'to-repository': 'mirror' };
      expect((await runHere(world, promote, mirror)).told).toBe('');
      expect(await world.tags('mirror')).toEqual({ v1: digest });
      const assumed = world.calls.filter(({ operation }) => operation === 'AssumeRole');
      expect(assumed.map(({ input }) => (input as { RoleArn: string }).RoleArn)).toEqual([role, reader]);
      world.simulator.faults.add({ kind: 'access-denied', operation: 'AssumeRole' });
      const denied = await runHere(world, promote, { image, 'target-role': role });
      expect(denied.told).toContain('sts:AssumeRole');
    });
  });

  test('pins the digest that a tag has at first, though the tag moves in between', async () => {
    await inRegistry({ shop: {}, prod: {} }, async (world) => {
      const first = await pushed(world, 'v1', { text: 'one' });
      const front = await world.registry();
      front.fail({ how: 'slow', ms: 15_000, path: /shop\/manifests\/sha256/, method: 'GET' });
      const running = runHere(world, promote, { image: 'ecr:shop:v1', 'to-repository': 'prod' });
      await world.until(() =>
        front.requests.some(({ method, path }) => method === 'GET' && path.includes(first)),
      );
      const second = await pushed(world, 'v1', { text: 'two' });
      expect((await running).outputs['digest']).toBe(first);
      expect(await world.tags()).toEqual({ v1: second });
      expect(await world.tags('prod')).toEqual({ v1: first });
    });
  });

  test('refuses before anything is copied what the target or the source does not allow', async () => {
    await inRegistry({ shop: {}, prod: { immutable: true } }, async (world) => {
      await pushed(world, 'v1', { text: 'one' });
      const there = await pushed(world, 'v1', { text: 'other' }, 'prod');
      const before = await uploads(world);
      const { host } = await world.registry();
      for (const [inputs, told] of [
        [{ image: 'ecr:shop:v1' }, 'image: nothing says where shop is to go'],
        [
          { image: 'ecr:shop:v1', 'to-repository': 'prod' },
          `tags: prod:v1 is another image (${there}), and the tags of that repository are immutable`,
        ],
        [{ image: 'ecr:shop:v2', 'to-repository': 'prod' }, 'image: shop has no image v2'],
        [
          { image: 'ecr:shop:v1', 'to-repository': 'nowhere' },
          'to-repository: there is no repository "nowhere"',
        ],
        [
          { image: 'ecr:nothing:v1', tags: 'v2' },
          'image: there is no repository "nothing" in the registry of the account of this job\'s role in eu-west-1;',
        ],
        [{ image: `ecr:shop@sha256:${'0'.repeat(64)}` }, 'image: nothing says where shop is to go'],
        [{ image: 'ecr:shop', tags: 'v2' }, '"ecr:shop" does not name one image'],
        [{ image: '' }, 'image: no image is given. If it comes from another job: GitHub drops'],
        [{ image: '/shop@sha256:1', tags: 'v2' }, 'lacks the registry before the first "/"'],
        [{ images: '{"api": ""}', tags: 'v2' }, 'images line 1: api: no image is given.'],
        [
          { image: 'docker.io/library/nginx:1', 'to-repository': 'prod' },
          `image: library/nginx is in the registry docker.io, and this step reads from ${host}`,
        ],
        [{ images: '{}', tags: 'v2' }, 'images: no image is given.'],
        [
          { image: '***.dkr.ecr.eu-west-1.amazonaws.com/shop:v1', tags: 'v2' },
          'the log shows *** in the place of',
        ],
        [
          { image: '.dkr.ecr.eu-west-1.amazonaws.com/shop:v1', tags: 'v2' },
          'the account id before the first dot',
        ],
        [{ image: 'ecr:shop:v1', 'target-region': 'EU West' }, 'region: is empty or no name of one'],
        [{ image: 'ecr:shop:v1', tags: 'semver', 'to-repository': 'prod' }, 'tags: gives no tag'],
        [{ image: 'ecr:shop:v1', 'to-repository': `${host}/prod` }, 'to-repository: "'],
        [{ image: 'ecr:shop:v1', tags: 'a b' }, 'tags line 1: "a b" is not a tag'],
        [{ image: 'ecr:shop:v1', 'target-role': 'push' }, 'target-role: "push" is not the ARN of a role'],
      ] as const) {
        const run = await runHere(world, promote, inputs);
        expect(run.told).toContain(told);
        expect(run.told).not.toContain('DEFECT');
      }
      expect(await uploads(world)).toBe(before);
      expect(await world.tags('prod')).toEqual({ v1: there });
    });
  });

  test('says that an image without a tag is in danger', async () => {
    await inRegistry({ shop: {}, prod: {} }, async (world) => {
      const digest = await pushed(world, 'v1', { text: 'one' });
      const run = await runHere(world, promote, { image: `ecr:shop@${digest}`, 'to-repository': 'prod' });
      expect(run.told).toBe('');
      expect(run.log).toContain(`::warning::shop: no tag names ${digest} in prod`);
    });
  });

  test('names the permission and the side of it that are missing', async () => {
    await inRegistry({ shop: {}, prod: {} }, async (world) => {
      await pushed(world, 'v1', { text: 'one' });
      const front = await world.registry();
      for (const [method, path, permission, repository] of [
        ['HEAD', /shop\/manifests/, 'ecr:BatchGetImage', 'shop'],
        ['GET', /shop\/manifests/, 'ecr:BatchGetImage', 'shop'],
        ['GET', /shop\/blobs/, 'ecr:GetDownloadUrlForLayer', 'shop'],
        ['HEAD', /prod\/blobs/, 'ecr:BatchCheckLayerAvailability', 'prod'],
        ['POST', /prod\/blobs/, 'ecr:InitiateLayerUpload', 'prod'],
        ['PUT', /prod\/manifests/, 'ecr:PutImage', 'prod'],
      ] as const) {
        front.fail({ how: 'status', status: 403, method, path, times: 9 });
        const run = await runHere(world, promote, { image: 'ecr:shop:v1', 'to-repository': 'prod' });
        front.heal();
        const arn = `arn:aws:ecr:eu-west-1:123456789012:repository/${repository}`;
        expect(run.told).toContain(`Allow ${permission} on ${arn}`);
      }
    });
  });

  test('gets through what fails for a while, and completes what was interrupted', async () => {
    await inRegistry({ shop: {}, prod: { immutable: true } }, async (world) => {
      const digest = await pushed(world, 'v1', { text: 'one', ballast: 300_000 });
      const inputs = { image: 'ecr:shop:v1', 'to-repository': 'prod' };
      const front = await world.registry();
      front.fail({ how: 'slow', ms: 1e9, method: 'PATCH' });
      const controller = new AbortController();
      const running = runHere(world, promote, inputs, { cancelled: controller.signal });
      await world.until(() =>
        front.requests.some(({ method, path }) => method === 'PATCH' && path.includes('prod')),
      );
      controller.abort('SIGINT');
      expect((await running).told).toContain('The run was cancelled.');
      expect(await world.tags('prod')).toEqual({});
      front.heal();
      front.fail({ how: 'cut', method: 'GET', path: /blobs/, times: 2 });
      front.fail({ how: 'cut', method: 'GET', path: /manifests/ });
      front.fail({ how: 'status', status: 500, method: 'PUT' });
      front.fail({ how: 'lost-answer', method: 'PUT', path: /manifests\/v1/ });
      const run = await runHere(world, promote, inputs);
      expect(run.told).toBe('');
      expect(await world.tags('prod')).toEqual({ v1: digest });
    });
  });
});
