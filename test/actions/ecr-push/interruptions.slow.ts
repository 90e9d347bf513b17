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

/** How many requests a release makes that nothing disturbs. */
async function requestsOf(): Promise<number> {
  let count = 0;
  await inRegistry(REPOSITORIES, async (world) => {
    expect((await release(world)).told).toBe('');
    count = (await world.registry()).requests.length;
  });
  return count;
}

describe('a push and a promotion', () => {
  test.each(KINDS)('get through whichever request it is that ends in %s', async (how) => {
    const count = await requestsOf();
    for (let n = 1; n <= count; n++) {
      await inRegistry(REPOSITORIES, async (world) => {
        (await world.registry()).fail({ how, path: nth(n) });
        const { digest, told } = await release(world);
        expect(told, `request ${n} of ${count}`).toBe('');
        expect(await world.tags('shop')).toEqual({ [SHA]: digest });
        expect(await world.tags('prod')).toEqual({ [SHA]: digest, stable: digest });
      });
    }
  });

  test('can be cancelled at any request, and are completed by the next run', async () => {
    const count = await requestsOf();
    for (let n = 1; n <= count; n++) {
      await inRegistry(REPOSITORIES, async (world) => {
        const front = await world.registry();
        front.fail({ how: 'slow', ms: 1e9, path: nth(n) });
        const controller = new AbortController();
        const running = release(world, controller.signal);
        await world.until(() => front.requests.length >= n);
        controller.abort('SIGINT');
        expect((await running).told, `request ${n} of ${count}`).toContain('The run was cancelled.');
        const { digest, told } = await release(world);
        expect(told).toBe('');
        expect(await world.tags('prod')).toEqual({ [SHA]: digest, stable: digest });
      });
    }
  });
});
