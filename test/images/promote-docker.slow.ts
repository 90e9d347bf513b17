import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OCI_INDEX } from '../../src/images/manifest.ts';
import { type DockerRunner, dockerfile, dockerRunner, writeContext } from './docker-runner.ts';
import { SHA } from './registry-world.ts';

/** promote of what docker has pushed, as docker pulls it afterwards. */

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const PRODUCTION = { account: '210987654321', region: 'us-east-1' };
const REPOSITORIES = {
  shop: {},
  staging: { immutable: true },
  production: { ...PRODUCTION, name: 'shop', immutable: true },
};

let runner: DockerRunner;

beforeAll(async () => {
  runner = await dockerRunner({ buildkit: true });
});

afterAll(async () => {
  await runner?.stop();
});

describe('promote', () => {
  it.each([
    ['an image of the engine', { builder: 'default' }, MANIFEST],
    [
      'an index with attestations',
      { platforms: 'linux/amd64,linux/arm64', provenance: 'mode=max' },
      OCI_INDEX,
    ],
  ] as const)(
    'copies %s to another repository, account and region, and docker pulls it there',
    async (what, inputs, type) => {
      const tag = what.replaceAll(' ', '-');
      await runner.play(REPOSITORIES, async (world) => {
        const job = runner.job(world, { GITHUB_REF: 'refs/tags/v1.2.3' });
        const steps = 'platforms' in inputs ? 'FROM scratch\nCOPY busybox /bin/busybox\n' : dockerfile(tag);
        writeContext(runner, job, 'app', { Dockerfile: steps });
        const built = await job.run('ecr-push', { repository: 'shop', context: 'app', ...inputs });
        expect(built.code, built.log).toBe(0);
        const digest = built.outputs['digest'] ?? '';
        expect((await runner.stored('shop', digest))?.mediaType).toBe(type);

        // Both tests write into one registry, whose tags outlive the simulated ECR.
        const image = built.outputs['reference'] ?? '';
        const staged = await job.run('promote', { image, 'to-repository': 'staging', tags: tag });
        expect(staged.code, staged.log).toBe(0);
        expect(staged.outputs['digest']).toBe(digest);
        expect((await runner.stored('staging', tag))?.digest).toBe(digest);

        const last = await job.run('promote', {
          image: staged.outputs['reference'] ?? '',
          'to-repository': 'shop',
          tags: tag,
          'target-region': PRODUCTION.region,
          'target-registry-id': PRODUCTION.account,
        });
        expect(last.code, last.log).toBe(0);
        const { host } = await world.registry({ accountId: PRODUCTION.account, region: PRODUCTION.region });
        expect(last.outputs['image']).toBe(`${host}/shop@${digest}`);
        expect((await runner.stored('shop', tag, PRODUCTION))?.digest).toBe(digest);
        for (const [repository, place] of [
          ['staging', {}],
          ['shop', PRODUCTION],
        ] as const) {
          const pulled = await runner.pull(repository, digest, place);
          expect(pulled.RepoDigests.some((name) => name.endsWith(`@${digest}`))).toBe(true);
          expect(pulled.Config.Labels?.['org.opencontainers.image.revision']).toBe(SHA);
          const said = await runner.docker(
            'run',
            '--rm',
            pulled.RepoDigests[0] ?? '',
            '/bin/busybox',
            'echo',
            'runs',
          );
          expect(said).toBe('runs\n');
        }

        const front = await world.registry({ accountId: PRODUCTION.account, region: PRODUCTION.region });
        const from = front.requests.length;
        const again = await job.run('promote', {
          image,
          'to-repository': 'shop',
          tags: tag,
          'target-region': PRODUCTION.region,
          'target-registry-id': PRODUCTION.account,
        });
        expect(again.code, again.log).toBe(0);
        const methods = front.requests.slice(from).map(({ method }) => method);
        expect(methods.filter((method) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
      });
    },
  );
});
