import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Job, StepResult } from '../../src/runner/start-action.ts';
import type { RegistryRequest } from '../../src/simulator/ecr/front.ts';
import { type ImageContent, writeLayout } from '../images/layout.ts';
import { inRegistry, type RegistryWorld, SHA } from '../images/registry-world.ts';

const DEFECT = 'This is a defect of deploy-actions';

/** Writes an image into the job's workspace and pushes it. */
async function push(
  world: RegistryWorld,
  content: ImageContent,
  inputs: Readonly<Record<string, string>> = {},
  job: Job = world.job(),
): Promise<StepResult & { readonly digest: string }> {
  const digest = writeLayout(join(job.directory, 'image'), content);
  const step = await job.run('ecr-push', { repository: 'shop', 'oci-layout': 'image', ...inputs });
  return { ...step, digest };
}

/** Requests that bring content, by kind. */
const sent = (requests: readonly RegistryRequest[]) => ({
  uploads: requests.filter(({ method, path }) => method === 'POST' && path.includes('/uploads/')).length,
  manifests: requests
    .filter(({ method }) => method === 'PUT')
    .filter(({ path }) => path.includes('manifests')).length,
});

describe.concurrent('ecr-push', () => {
  test('pushes an image, hands on its digest, and sends nothing of it a second time', async () => {
    await inRegistry({ shop: {} }, async (world) => {
      const job = world.job({ GITHUB_REF: 'refs/tags/v1.2.3' });
      const first = await push(world, { text: 'one' }, {}, job);
      expect(first.code, first.log).toBe(0);
      const front = await world.registry();
      const image = `${front.host}/shop@${first.digest}`;
      const reference = `ecr:shop@${first.digest}`;
      expect(first.outputs).toEqual({
        image,
        reference,
        digest: first.digest,
        images: JSON.stringify({ shop: image }),
        references: JSON.stringify({ shop: reference }),
        digests: JSON.stringify({ shop: first.digest }),
        tags: JSON.stringify({ shop: [SHA, '1.2.3', '1.2'] }),
        report: expect.stringContaining(job.directory),
      });
      expect(readFileSync(first.outputs['report'] ?? '', 'utf8').trim()).toBe(first.summary.trim());
      expect(await world.tags()).toEqual({ [SHA]: first.digest, '1.2.3': first.digest, '1.2': first.digest });
      expect(sent(front.requests)).toEqual({ uploads: 2, manifests: 4 });
      const masks = [...first.log.matchAll(/^::add-mask::(.+)$/gm)].map(([, secret]) => secret ?? '');
      const [password] = masks;
      expect(masks).toEqual([password, Buffer.from(`AWS:${password}`).toString('base64')]);
      expect(password?.length, 'the length of a password of ECR').toBeGreaterThan(1_000);
      for (const secret of masks) expect(first.log.split(secret), 'printed besides its mask').toHaveLength(2);
      expect(first.summary).toContain(`| shop | \`${reference}\` | \`${SHA}\` \`1.2.3\` \`1.2\` | pushed |`);

      const before = front.requests.length;
      const again = await push(world, { text: 'one' }, {}, job);
      expect(again.code, again.log).toBe(0);
      expect({ ...again.outputs, report: first.outputs['report'] }).toEqual(first.outputs);
      expect(again.summary).toContain('| unchanged |');
      const requests = front.requests.slice(before);
      expect(sent(requests)).toEqual({ uploads: 0, manifests: 0 });
      expect(requests.length, 'requests of a push of nothing new').toBeLessThan(10);
    });
  });

  test('pushes several images side by side and tells of each under its name', async () => {
    await inRegistry({ shop: {}, 'team/web': {} }, async (world) => {
      const job = world.job();
      const api = writeLayout(join(job.directory, 'api'), { text: 'api' });
      const client = writeLayout(join(job.directory, 'client'), { text: 'client' });
      const web = writeLayout(join(job.directory, 'web'), {
        text: 'web',
        platforms: ['linux/amd64', 'linux/arm64'],
      });
      const step = await job.run('ecr-push', {
        repository: 'shop',
        images: [
          '- { tag-prefix: api-, oci-layout: api }',
          '- { tag-prefix: client-, oci-layout: client }',
          '- repository: team/web',
          '  oci-layout: web',
          '  tags: [sha, latest, 1.10]',
        ].join('\n'),
      });
      expect(step.code, step.log).toBe(0);
      expect(JSON.parse(step.outputs['digests'] ?? '')).toEqual({ api, client, web });
      expect(step.outputs).not.toHaveProperty('image');
      expect(await world.tags()).toEqual({ [`api-${SHA}`]: api, [`client-${SHA}`]: client });
      expect(await world.tags('team/web')).toEqual({ [SHA]: web, latest: web, '1.10': web });
      expect(step.log).toContain('::warning::web: latest names another image after each push.');
    });
  });

  test('gets an image through when requests fail, break off, are throttled or lose their answers', async () => {
    await inRegistry({ shop: { immutable: true } }, async (world) => {
      world.simulator.faults.add({ kind: 'throttle', operation: 'DescribeRepositories', times: 3 });
      world.simulator.faults.add({ kind: 'internal-error', operation: 'GetAuthorizationToken', times: 2 });
      const front = await world.registry();
      front.fail({ how: 'status', status: 503, method: 'HEAD', times: 2 });
      front.fail({ how: 'status', status: 500, method: 'POST', times: 2 });
      front.fail({ how: 'cut', method: 'PATCH', times: 2 });
      front.fail({ how: 'unauthorized', method: 'PATCH' });
      front.fail({ how: 'lost-answer', method: 'PUT', path: /uploads/ });
      front.fail({ how: 'status', status: 429, method: 'PUT', path: /manifests\/sha256/ });
      front.fail({ how: 'lost-answer', method: 'PUT', path: new RegExp(`manifests/${SHA}`) });
      const step = await push(world, { text: 'one', ballast: 300_000 });
      expect(step.code, step.log).toBe(0);
      expect(await world.tags()).toEqual({ [SHA]: step.digest });
    });
  });

  test('gives up on a registry that stays down, in bounded time and with a way on', async () => {
    await inRegistry(
      { shop: {} },
      async (world) => {
        const front = await world.registry();
        front.fail({ how: 'status', status: 500, times: 1e6 });
        const step = await push(world, { text: 'one' });
        expect(step.code).toBe(1);
        expect(step.log).toMatch(/::error::shop: the registry did not answer for .*\/shop: .*HTTP 500/);
        expect(step.log).toContain('Run this step again once the registry answers');
        expect(step.ms).toBeLessThan(5_000);
      },
      { scale: 400 },
    );
  });

  test('ends on a cancel in the middle of an upload, tags nothing, and the next run completes it', async () => {
    await inRegistry({ shop: {} }, async (world) => {
      const front = await world.registry();
      front.fail({ how: 'slow', ms: 1e9, method: 'PATCH' });
      const job = world.job();
      const digest = writeLayout(join(job.directory, 'image'), { text: 'one', ballast: 300_000 });
      const inputs = { repository: 'shop', 'oci-layout': 'image' };
      const running = job.start('ecr-push', inputs);
      await world.until(() => front.requests.some(({ method }) => method === 'PATCH'));
      const step = await running.cancel();
      expect(step.code).toBe(1);
      expect(step.signal).toBeNull();
      expect(step.log).toContain('::error::The run was cancelled.');
      expect(step.log).not.toContain(DEFECT);
      expect(step.ms).toBeLessThan(5_000);
      expect(await world.tags()).toEqual({});
      front.heal();
      const next = await job.run('ecr-push', inputs);
      expect(next.code, next.log).toBe(0);
      expect(await world.tags()).toEqual({ [SHA]: digest });
    });
  });
});
