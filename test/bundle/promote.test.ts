import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeLayout } from '../images/layout.ts';
import { inRegistry, SHA } from '../images/registry-world.ts';

describe.concurrent('promote', () => {
  test('takes what ecr-push hands on to another account, by one digest and without a password in its log', async () => {
    const account = '210987654321';
    await inRegistry({ shop: {}, prod: { name: 'shop', account, immutable: true } }, async (world) => {
      const job = world.job();
      const digest = writeLayout(join(job.directory, 'image'), {
        text: 'one',
        platforms: ['linux/amd64', 'linux/arm64'],
      });
      const pushed = await job.run('ecr-push', { repository: 'shop', 'oci-layout': 'image' });
      expect(pushed.code, pushed.log).toBe(0);
      const inputs = {
        images: pushed.outputs['references'] ?? '',
        tags: 'sha',
        'target-role': `arn:aws:iam::${account}:role/push-images`,
      };
      const step = await job.run('promote', inputs);
      expect(step.code, step.log).toBe(0);
      const { host } = await world.registry({ accountId: account });
      expect(step.outputs).toEqual({
        image: `${host}/shop@${digest}`,
        reference: `ecr:shop@${digest}`,
        digest,
        images: JSON.stringify({ shop: `${host}/shop@${digest}` }),
        references: JSON.stringify({ shop: `ecr:shop@${digest}` }),
        digests: JSON.stringify({ shop: digest }),
      });
      expect(await world.tags('shop', { accountId: account })).toEqual({ [SHA]: digest });
      const masks = [...step.log.matchAll(/^::add-mask::(.+)$/gm)].map(([, secret]) => secret ?? '');
      expect(masks).toHaveLength(6);
      for (const secret of masks) expect(step.log.split(secret)).toHaveLength(2);
    });
  });

  test('ends on a cancel, names nothing by a tag, and is completed by the next run', async () => {
    await inRegistry({ shop: {}, prod: {} }, async (world) => {
      const job = world.job();
      const digest = writeLayout(join(job.directory, 'image'), { text: 'one', ballast: 300_000 });
      const pushed = await job.run('ecr-push', { repository: 'shop', 'oci-layout': 'image', tags: 'v1' });
      expect(pushed.code, pushed.log).toBe(0);
      const front = await world.registry();
      front.fail({ how: 'slow', ms: 1e9, method: 'PATCH' });
      const inputs = { image: 'ecr:shop:v1', 'to-repository': 'prod' };
      const running = job.start('promote', inputs);
      await world.until(() =>
        front.requests.some(({ method, path }) => method === 'PATCH' && path.includes('prod')),
      );
      const step = await running.cancel();
      expect(step.code).toBe(1);
      expect(step.log).toContain('::error::The run was cancelled.');
      expect(step.ms).toBeLessThan(5_000);
      expect(await world.tags('prod')).toEqual({});
      front.heal();
      const next = await job.run('promote', inputs);
      expect(next.code, next.log).toBe(0);
      expect(await world.tags('prod')).toEqual({ v1: digest });
    });
  });

  test('tells a newcomer what is wrong, and what an emptied output means', async () => {
    await inRegistry({ shop: {} }, async (world) => {
      const step = await world.job().run('promote', { image: '', tags: 'feature/x', 'target-role': 'admin' });
      expect(step.code).toBe(1);
      expect(step.log).toContain(
        '::error::image: no image is given. If it comes from another job: GitHub drops',
      );
      expect(step.log).toContain(
        '::error::target-role: "admin" is not the ARN of a role, such as arn:aws:iam::',
      );
      expect(world.calls).toEqual([]);
    });
  });
});
