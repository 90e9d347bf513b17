import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
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
      });
      expect(await world.tags()).toEqual({ [SHA]: first.digest, '1.2.3': first.digest, '1.2': first.digest });
      expect(sent(front.requests)).toEqual({ uploads: 2, manifests: 4 });
      expect(first.summary).toContain(`| shop | \`${reference}\` | \`${SHA}\` \`1.2.3\` \`1.2\` | pushed |`);

      const before = front.requests.length;
      const again = await push(world, { text: 'one' }, {}, job);
      expect(again.code, again.log).toBe(0);
      expect(again.outputs).toEqual(first.outputs);
      expect(again.summary).toContain('| unchanged |');
      const requests = front.requests.slice(before);
      expect(sent(requests)).toEqual({ uploads: 0, manifests: 0 });
      expect(requests.length, 'requests of a push of nothing new').toBeLessThan(10);
    });
  });

  test('masks the password before anything else, and never prints it', async () => {
    await inRegistry({ shop: {} }, async (world) => {
      const { log, code } = await push(world, { text: 'one' });
      expect(code, log).toBe(0);
      const masks = [...log.matchAll(/^::add-mask::(.+)$/gm)].map(([, secret]) => secret ?? '');
      const password = masks.find((secret) => secret.length > 1000 && !secret.startsWith('QVdT'));
      expect(password).toBeDefined();
      expect(masks).toContain(Buffer.from(`AWS:${password}`).toString('base64'));
      for (const secret of masks) expect(log.split(secret)).toHaveLength(2);
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

  test('uses an image again that an immutable tag names, and refuses another before anything is sent', async () => {
    await inRegistry({ shop: { immutable: true } }, async (world) => {
      const first = await push(world, { text: 'one' });
      expect(first.code, first.log).toBe(0);
      const { requests } = await world.registry();
      const before = requests.length;
      const again = await push(world, { text: 'one' }, {}, world.job({ GITHUB_REF: 'refs/tags/v1.2.3' }));
      expect(again.code, again.log).toBe(0);
      expect(again.log).toContain('is there already and is used again');
      expect(again.log).toContain('without the tag 1.2, because');
      expect(await world.tags()).toEqual({ [SHA]: first.digest, '1.2.3': first.digest });
      expect(sent(requests.slice(before))).toEqual({ uploads: 0, manifests: 1 });

      const other = await push(world, { text: 'two' });
      expect(other.code).toBe(1);
      expect(other.log).toContain(
        `::error::shop: tags: tags of shop are immutable, and ${SHA} is another image there (${first.digest}); push under another tag`,
      );
      expect(sent(requests.slice(before))).toEqual({ uploads: 0, manifests: 1 });
    });
  });

  test('makes a repository with its lifecycle policy when asked to, and only then', async () => {
    await inRegistry({}, async (world) => {
      const policy =
        '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":5},"action":{"type":"expire"}}]}';
      const missing = await push(world, { text: 'one' });
      expect(missing.code).toBe(1);
      expect(missing.log).toContain('::error::repository: there is no repository "shop" in this registry');
      expect(missing.log).toContain('create-repository: true');
      const made = await push(
        world,
        { text: 'one' },
        { 'create-repository': 'true', 'lifecycle-policy': policy },
      );
      expect(made.code, made.log).toBe(0);
      const [create] = world.calls.filter(({ operation }) => operation === 'CreateRepository');
      expect(create?.input).toMatchObject({
        repositoryName: 'shop',
        imageTagMutability: 'IMMUTABLE',
        imageScanningConfiguration: { scanOnPush: true },
      });
      expect(await world.lifecyclePolicy('shop')).toBe(policy);
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
      const front2 = await world.registry();
      front2.fail({ how: 'cut', method: 'GET', path: /manifests|blobs/, times: 2 });
      const again = await push(world, { text: 'one', ballast: 300_000 });
      expect(again.code, again.log).toBe(0);
      expect(again.log).toContain('is used again');
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

  test('renews a password that has run out in between', async () => {
    await inRegistry(
      { shop: {} },
      async (world) => {
        const front = await world.registry();
        // Two minutes of patience on the registry's side would be over long before 12 hours.
        front.fail({ how: 'slow', ms: 12.5 * 3_600_000, method: 'HEAD', path: /blobs/, times: 1 });
        const step = await push(world, { text: 'one' });
        expect(step.code, step.log).toBe(0);
        const logins = world.calls.filter(({ operation }) => operation === 'GetAuthorizationToken');
        expect(logins).toHaveLength(2);
      },
      { scale: 60_000 },
    );
  });

  test('finds a broken layout before anything is sent', async () => {
    await inRegistry({ shop: {} }, async (world) => {
      const job = world.job();
      const at = (name: string) => join(job.directory, name);
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
      const step = await job.run('ecr-push', {
        repository: 'shop',
        images: names
          .map((name, n) => `- { name: n${n}, tag-prefix: n${n}-, oci-layout: ${name} }`)
          .join('\n'),
      });
      expect(step.code).toBe(1);
      for (const [n, what] of [
        'there is no directory nowhere in the workspace',
        'empty holds no OCI layout: it has no index.json',
        'file.tar is a file; unpack it first',
        'the index.json of no-json is not that of an OCI layout',
        'lacks lacks the manifest sha256:',
        'outside lacks the manifest sha256:../../../file.tar',
      ].entries()) {
        expect(step.log).toContain(`::error::n${n}: oci-layout: ${what}`);
      }
      expect(sent((await world.registry()).requests)).toEqual({ uploads: 0, manifests: 0 });
    });
  });

  test('ends on a cancel in the middle of an upload, tags nothing, and the next run completes it', async () => {
    await inRegistry({ shop: {} }, async (world) => {
      const front = await world.registry();
      front.fail({ how: 'slow', ms: 1e9, method: 'PATCH' });
      const job = world.job();
      const digest = writeLayout(join(job.directory, 'image'), { text: 'one', ballast: 300_000 });
      const inputs = { repository: 'shop', 'oci-layout': 'image' };
      const running = job.start('ecr-push', inputs);
      await expect.poll(() => front.requests.some(({ method }) => method === 'PATCH')).toBe(true);
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

  test('refuses an address in another registry, and a tag behind the repository', async () => {
    await inRegistry({ 'org/shop': {} }, async (world) => {
      const elsewhere = await push(
        world,
        { text: 'one' },
        { repository: 'ghcr.io/org/shop', 'create-repository': 'true' },
      );
      expect(elsewhere.code).toBe(1);
      expect(elsewhere.log).toContain('its address is in the registry ghcr.io, and this step pushes to');
      expect(world.calls.map(({ operation }) => operation)).not.toContain('CreateRepository');
      const { host } = await world.registry();
      const tagged = await push(world, { text: 'one' }, { repository: `${host}/org/shop:v1` });
      expect(tagged.log).toContain(`"${host}/org/shop:v1" is not a repository`);
      const right = await push(world, { text: 'one' }, { repository: `${host}/org/shop` });
      expect(right.code, right.log).toBe(0);
    });
  });
});
