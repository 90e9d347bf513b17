import fc from 'fast-check';
import { expect } from 'vitest';
import { type Build, FrontendHere } from './frontend-here.ts';
import { MemoryBucket } from './memory-bucket.ts';

/** Assets by what they hold: a name holds a hash, so that one content has one name. */
const ASSETS = ['a1b2c3d4', 'b2c3d4e5', 'c3d4e5f6', 'd4e5f6a7', 'e5f6a7b8'];
const assetPath = (hash: string) => `assets/app.${hash}.js`;
const PAGES = ['index.html', 'about.html', 'shop/index.html', 'shop/cart.html'];
/** Of somebody else as long as no release has overwritten it. */
const MANUAL = 'manual.pdf';
const OTHERS = ['robots.txt', 'data/prices.json', MANUAL];

/** A page that names the assets it needs. */
const page = (salt: number, assets: readonly string[]) =>
  `<!-- ${salt} -->${assets.map((hash) => `[${hash}]`).join('')}`;

const build: fc.Arbitrary<Build> = fc
  .record({
    pages: fc.subarray(PAGES.slice(1)),
    others: fc.subarray(OTHERS),
    salt: fc.nat({ max: 3 }),
    needs: fc.array(fc.subarray(ASSETS), { minLength: 4, maxLength: 4 }),
  })
  .map(({ pages, others, salt, needs }) => {
    const files: Record<string, string> = {};
    for (const [index, path] of ['index.html', ...pages].entries()) {
      const assets = needs[index] ?? [];
      files[path] = page(salt, assets);
      for (const hash of assets) files[assetPath(hash)] = `asset ${hash}`;
    }
    for (const path of others) files[path] = `${path} ${salt}`;
    return files;
  });

const death = fc.option(fc.record({ call: fc.integer({ min: 1, max: 25 }), after: fc.boolean() }), {
  nil: undefined,
  freq: 2,
});

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('release' as const),
      build,
      dies: death,
      grace: fc.constantFrom('0', '1h', '7d'),
      locked: fc.oneof(
        { weight: 4, arbitrary: fc.constant([]) },
        fc.subarray([...PAGES, ...OTHERS, ...ASSETS.map(assetPath)]),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const), dies: death }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), hours: fc.constantFrom(1, 30, 24 * 8) }),
  },
);

/** What somebody else has in the bucket, at the same place too. */
const FOREIGN: Readonly<Record<string, string>> = {
  'photos/cat.jpg': 'a cat',
  'assets/mine.js': 'not of any build',
  '.deploy-actions-other/x': 'x',
  'old.html': '<p>somebody else',
};

function shop() {
  const bucket = new MemoryBucket();
  for (const [key, content] of Object.entries({ ...FOREIGN, [MANUAL]: 'theirs', 'about.html': 'adopted' })) {
    bucket.put({ key, body: new TextEncoder().encode(content), contentType: 'text/plain' });
  }
  let manual: string | undefined;
  bucket.look = () => {
    const before = manual;
    manual = bucket.text(MANUAL);
    if (before === 'theirs' && manual === undefined) throw new Error(`BROKEN: ${MANUAL} was theirs`);
    for (const path of PAGES) {
      for (const [, hash = ''] of bucket.text(path)?.matchAll(/\[(\w+)\]/g) ?? []) {
        if (bucket.text(assetPath(hash)) !== `asset ${hash}`)
          throw new Error(`BROKEN: ${path} lacks ${hash}`);
      }
    }
  };
  return bucket;
}

const isBroken = (error: unknown) => error instanceof Error && error.message.startsWith('BROKEN');

function expectServed(bucket: MemoryBucket, files: Build): void {
  for (const [path, content] of Object.entries(files)) {
    expect(bucket.text(path), path).toBe(content);
    const asset = path.startsWith('assets/');
    expect(bucket.objects.get(path)?.cacheControl).toBe(
      asset ? 'public, max-age=31536000, immutable' : 'no-cache',
    );
  }
}

/** No page is ever there without its assets, whatever is released, restored or killed, and the version before comes back. */
export async function checkReleases(numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 7 }),
      build,
      build,
      async (steps, last, next) => {
        const bucket = shop();
        const here = new FrontendHere();
        for (const each of steps) {
          if (each.kind === 'pass') {
            here.clock.pass(each.hours * 3_600_000);
            continue;
          }
          const client = bucket.client(each.dies, each.kind === 'release' ? each.locked : []);
          const run =
            each.kind === 'release'
              ? here.release(client, each.build, { grace: each.grace })
              : here.restore(client);
          // A restore may have nothing to go back to; a client that dies tells so.
          await run.catch((error: unknown) => {
            if (isBroken(error) || (each.kind === 'release' && !each.dies)) throw error;
          });
          bucket.look();
        }
        await here.release(bucket.client(), last, { version: 'last', grace: '0' });
        expectServed(bucket, last);
        await here.release(bucket.client(), next, { version: 'next', grace: '0' });
        expectServed(bucket, next);
        // Run again long after, it leaves the way back open.
        here.clock.pass(30 * 24 * 3_600_000);
        await here.release(bucket.client(), next, { version: 'next', grace: '0' });
        expect(await here.restore(bucket.client())).toMatchObject({
          version: 'last',
          previousVersion: 'next',
        });
        expectServed(bucket, last);
        for (const [key, content] of Object.entries(FOREIGN)) expect(bucket.text(key)).toBe(content);
        // In the end nothing is left behind but what is in service, and what the version before it needs.
        for (const [index, salt] of [8, 9, 8].entries()) {
          here.clock.pass(30 * 24 * 3_600_000);
          await here.release(bucket.client(), {
            'index.html': page(salt, [`a1b2c3d${index}`]),
            [assetPath(`a1b2c3d${index}`)]: `asset a1b2c3d${index}`,
          });
        }
        const left = [...bucket.objects.keys()].filter(
          (key) => !(key in FOREIGN) && key !== 'about.html' && bucket.text(key) !== 'theirs',
        );
        expect(left.filter((key) => !key.startsWith('.deploy')).sort()).toEqual([
          assetPath('a1b2c3d1'),
          assetPath('a1b2c3d2'),
          'index.html',
        ]);
        expect(left.filter((key) => key.startsWith('.deploy'))).toHaveLength(3);
      },
    ),
    { numRuns },
  );
}
