import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run as runEcrPush } from '../../../src/actions/ecr-push/run.ts';
import { run as runPromote } from '../../../src/actions/promote/run.ts';
import type { RegistryFault } from '../../../src/simulator/ecr/registry-faults.ts';
import { writeLayout } from '../../images/layout.ts';
import { inRegistry, type RegistryWorld, SHA } from '../../images/registry-world.ts';
import { runHere, workspace } from '../../images/run-here.ts';

const ecrPush = { name: 'ecr-push', run: runEcrPush };
const promote = { name: 'promote', run: runPromote };

/** A path that fits the nth request, counted from 1. */
function nth(n: number): RegExp {
  let seen = 0;
  return { [Symbol.search]: () => (++seen === n ? 0 : -1) } as unknown as RegExp;
}

const KINDS: readonly RegistryFault['how'][] = ['status', 'cut', 'lost-answer', 'unauthorized'];
const WAYS = [...KINDS, 'cancel'] as const;
type Way = (typeof WAYS)[number];

const PLATFORMS = ['linux/amd64', 'linux/arm64'];
const REPOSITORIES = { shop: { immutable: true }, prod: { immutable: true } };

/** Pushes an image and promotes it; gives the digest. */
async function release(world: RegistryWorld, cancelled?: AbortSignal) {
  const directory = workspace();
  const digest = writeLayout(join(directory, 'image'), { text: 'one', platforms: PLATFORMS });
  const options = { directory, ...(cancelled && { cancelled }) };
  const pushed = await runHere(
    world,
    ecrPush,
    { repository: 'shop', 'oci-layout': 'image', tags: 'sha' },
    options,
  );
  if (pushed.told !== '') return { digest, told: pushed.told };
  const copied = await runHere(
    world,
    promote,
    { image: `ecr:shop:${SHA}`, 'to-repository': 'prod', tags: 'sha\nstable' },
    options,
  );
  return { digest, told: copied.told };
}

/** What a request asks for, whichever layer or image it is. */
const shapeOf = ({ method, path }: { readonly method: string; readonly path: string }): string =>
  `${method} ${path.replace(/sha256(:|%3A)[0-9a-f]{64}/g, 'DIGEST').replace(/uploads\/[0-9a-f-]+/, 'uploads/ID')}`;

/**
 * The requests of a release that nothing disturbs that one way is to end, by their numbers from 1. The ways take turns
 * at requests of one shape, of which an image of two platforms makes many: every request is ended in some way, and
 * every shape in every way.
 */
async function requestsFor(way: Way): Promise<readonly number[]> {
  const shapes = new Map<string, number[]>();
  await inRegistry(REPOSITORIES, async (world) => {
    expect((await release(world)).told).toBe('');
    for (const [index, request] of (await world.registry()).requests.entries()) {
      const shape = shapeOf(request);
      shapes.set(shape, [...(shapes.get(shape) ?? []), index + 1]);
    }
  });
  const turn = WAYS.indexOf(way);
  return [...shapes.values()].flatMap((numbers) =>
    numbers.filter((_, place) => place % WAYS.length === turn % Math.min(numbers.length, WAYS.length)),
  );
}

describe('a push and a promotion', () => {
  test.each(KINDS)('get through whichever request it is that ends in %s', async (how) => {
    for (const n of await requestsFor(how)) {
      await inRegistry(REPOSITORIES, async (world) => {
        (await world.registry()).fail({ how, path: nth(n) });
        const { digest, told } = await release(world);
        expect(told, `request ${n}`).toBe('');
        expect(await world.tags('shop')).toEqual({ [SHA]: digest });
        expect(await world.tags('prod')).toEqual({ [SHA]: digest, stable: digest });
      });
    }
  });

  test('can be cancelled at any request, and are completed by the next run', async () => {
    for (const n of await requestsFor('cancel')) {
      await inRegistry(REPOSITORIES, async (world) => {
        const front = await world.registry();
        front.fail({ how: 'slow', ms: 1e9, path: nth(n) });
        const controller = new AbortController();
        const running = release(world, controller.signal);
        await world.until(() => front.requests.length >= n);
        controller.abort('SIGINT');
        expect((await running).told, `request ${n}`).toContain('The run was cancelled.');
        const { digest, told } = await release(world);
        expect(told).toBe('');
        expect(await world.tags('prod')).toEqual({ [SHA]: digest, stable: digest });
      });
    }
  });
});
