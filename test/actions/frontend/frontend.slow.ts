import { createHash } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import type { RunningStep } from '../../../src/runner/start-action.ts';
import type { Fault, FaultKind } from '../../../src/simulator/faults.ts';
import {
  BUCKET,
  type Build,
  DISTRIBUTION,
  type FrontendWorld,
  INPUTS,
  openFrontendWorld,
} from './frontend-world.ts';

// They wait for CloudFront most of the time.
vi.setConfig({ maxConcurrency: 8 });

const BACK = { bucket: BUCKET, distribution: DISTRIBUTION };

const hashed = (name: string, content: string) =>
  `assets/${name}.${createHash('sha256').update(content).digest('hex').slice(0, 16)}.js`;

/** A website of 2,000 files, of which some belong to the release. */
function website(release: string, changed: number): Build {
  const files: Record<string, string> = {};
  for (let n = 0; n < 1_900; n++) {
    const content = `export const module${n} = '${n < changed - 2 ? release : 'same'}';\n${'// text\n'.repeat(300)}`;
    files[hashed(`module${n}`, content)] = content;
  }
  const [first = ''] = Object.keys(files);
  for (let n = 0; n < 99; n++) files[`pages/${n}/index.html`] = `page ${n}${n === 0 ? release : ''}`;
  files['index.html'] = `<script src="${first}"></script>`;
  return files;
}

/** Every asset that a page names is there, as it was built. */
function expectWhole(world: FrontendWorld, ...builds: readonly Build[]): void {
  const all: Build = Object.assign({}, ...builds);
  for (const key of world.keys().filter((each) => each.endsWith('.html'))) {
    for (const [, asset = ''] of world.text(key)?.matchAll(/src="([^"]+)"/g) ?? []) {
      expect(world.text(asset), `${key} names ${asset}`).toBe(all[asset]);
    }
  }
}

const expectServed = (world: FrontendWorld, build: Build) =>
  expect(Object.fromEntries(Object.keys(build).map((path) => [path, world.text(path)]))).toEqual(build);

describe.concurrent('a website of 2,000 files', () => {
  test('with 20 changed uploads 20, in at most 30 calls, and goes back as quickly', async ({
    onTestFinished,
  }) => {
    const world = await openFrontendWorld({ scale: 20 }, onTestFinished);
    const [before, after] = [website('one', 20), website('two', 20)];
    const first = await world.job(before).run('frontend', { ...INPUTS, version: 'v1' });
    expect(first.code, first.log).toBe(0);
    expect(first.outputs['uploaded']).toBe('2000');
    const begun = world.simulator.calls.length;
    const second = await world.job(after).run('frontend', { ...INPUTS, version: 'v2' });
    expect(second.code, second.log).toBe(0);
    expect(second.outputs).toMatchObject({ uploaded: '20', deleted: '0', 'previous-version': 'v1' });
    const calls = world.simulator.calls.slice(begun).map(({ operation }) => operation);
    expect(calls.length, calls.join(' ')).toBeLessThanOrEqual(30);
    expectServed(world, after);
    expect(world.seen('/')).toBe(after['index.html']);
    expectWhole(world, before, after);

    const idle = world.simulator.calls.length;
    const third = await world.job(after).run('frontend', { ...INPUTS });
    expect(third.outputs).toMatchObject({ outcome: 'unchanged', uploaded: '0', version: 'v2' });
    expect(
      world.simulator.calls
        .slice(idle)
        .map(({ operation }) => operation)
        .sort(),
    ).toEqual(['GetDistribution', 'GetObject']);
    console.log(
      `2,000 files: ${first.ms | 0} ms; 20 of them: ${second.ms | 0} ms, ${calls.length} calls; none: ${third.ms | 0} ms`,
    );

    const back = await world.job({}).run('rollback', BACK);
    expect(back.code, back.log).toBe(0);
    expect(back.outputs).toMatchObject({ outcome: 'rolled-back', version: 'v1', 'previous-version': 'v2' });
    expectServed(world, before);
    expect(world.seen('/')).toBe(before['index.html']);
    expect(world.seen('/pages/0/index.html')).toBe('page 0one');
    expect(world.simulator.bugs).toEqual([]);
  });
});

test.concurrent('names from stacks lead to the bucket, and a folder is what the origin puts before each path', async ({
  onTestFinished,
}) => {
  const stacks = { site: { Bucket: BUCKET, Distribution: DISTRIBUTION } };
  const world = await openFrontendWorld(
    { stacks, originPath: '/app', scale: 20, keeps: ['app/kept'] },
    onTestFinished,
  );
  const inputs = {
    directory: 'dist',
    bucket: 'cloudformation:site.Bucket',
    distribution: 'cloudformation:site.Distribution',
    prefix: 'app',
    grace: '0',
  };
  for (const release of ['one', 'two', 'three']) {
    const build = {
      'index.html': release,
      [`old-${release}.html`]: release,
      [`kept-${release}.txt`]: release,
    };
    const step = await world.job(build).run('frontend', inputs);
    expect(step.code, step.log).toBe(0);
    expect(world.seen('/')).toBe(release);
    if (release !== 'three') continue;
    expect(step.outputs).toMatchObject({ uploaded: '3', deleted: '1', invalidated: '6' });
    expect(step.log).toContain('::warning::1 old file could not be deleted, such as app/kept-one.txt');
  }
  expect(world.keys()).toEqual([
    'app/index.html',
    ...['one', 'three', 'two'].map((release) => `app/kept-${release}.txt`),
    ...['three', 'two'].map((release) => `app/old-${release}.html`),
  ]);
  const back = await world.job({}).run('rollback', {
    bucket: 'cloudformation:site.Bucket',
    distribution: 'cloudformation:site.Distribution',
    prefix: 'app',
  });
  expect(back.code, back.log).toBe(0);
  expect(world.seen('/')).toBe('two');
  expect(world.simulator.bugs).toEqual([]);
});

test.concurrent('a distribution of another bucket is refused before anything is changed, by a rollback too', async ({
  onTestFinished,
}) => {
  const world = await openFrontendWorld({ scale: 20 }, onTestFinished);
  const other = { ...INPUTS, bucket: 'shop-backend' };
  const release = await world.job(shop('one')).run('frontend', other);
  const back = await world.job({}).run('rollback', { ...BACK, bucket: 'shop-backend' });
  for (const { code, log } of [release, back]) {
    expect(code, log).toBe(1);
    expect(log).toContain(
      '::error::distribution: "E1A2B3C4D5E6F7" does not serve the bucket "shop-backend" but shop-frontend;',
    );
  }
  expect([...new Set(world.simulator.calls.map(({ operation }) => operation))]).toEqual(['GetDistribution']);
});

const shop = (release: string): Build => {
  const script = `start('${release}')`;
  const asset = hashed('app', script);
  return {
    'index.html': `<script src="${asset}"></script>`,
    'about.html': `about ${release}<script src="${asset}"></script>`,
    'robots.txt': release,
    [asset]: script,
  };
};

const open = (faults: readonly Fault[], finished: (end: () => Promise<void>) => void, onKill?: () => void) =>
  openFrontendWorld(
    { faults, scale: 20, objects: { 'photos/cat.jpg': { body: 'a cat' } }, ...(onKill && { onKill }) },
    finished,
  );

/** Calls of a release of the shop before it only waits. */
const CALLS = 11;

describe.concurrent('a second release', () => {
  test.for(Array.from({ length: CALLS }, (_, index) => [index + 1, index % 2 === 0] as const))(
    'whose runner dies at call %i (after its effect: %s) is brought to its end by the next attempt',
    async ([call, after], { onTestFinished }) => {
      let step: RunningStep | undefined;
      const world = await open([], onTestFinished, () => step?.process.kill('SIGKILL'));
      const [one, two] = [shop('one'), shop('two')];
      expect((await world.job(one).run('frontend', INPUTS)).code).toBe(0);
      world.simulator.faults.add({ kind: 'kill', nth: call, after });
      const job = world.job(two, { GITHUB_RUN_ID: '77' });
      step = job.start('frontend', INPUTS);
      expect((await step.done).signal).toBe('SIGKILL');
      expectWhole(world, one, two);
      const next = await world
        .job(two, { GITHUB_RUN_ID: '77', GITHUB_RUN_ATTEMPT: '2' })
        .run('frontend', INPUTS);
      expect(next.log).not.toContain('::error');
      expect(next.code).toBe(0);
      expectServed(world, two);
      expectWhole(world, one, two);
      const back = await world.job({}).run('rollback', BACK);
      expect(back.log).not.toContain('::error');
      expectServed(world, one);
      expect(world.seen('/about.html')).toBe(one['about.html']);
      expect(world.text('photos/cat.jpg')).toBe('a cat');
      expect(world.simulator.bugs).toEqual([]);
    },
  );

  const KINDS: readonly FaultKind[] = ['lost-answer', 'throttle', 'internal-error'];
  test.for(KINDS.flatMap((kind) => Array.from({ length: CALLS }, (_, index) => [kind, index + 1] as const)))(
    '%s at call %i changes nothing',
    async ([kind, call], { onTestFinished }) => {
      const world = await open([], onTestFinished);
      const [one, two] = [shop('one'), shop('two')];
      expect((await world.job(one).run('frontend', INPUTS)).code).toBe(0);
      world.simulator.faults.add({ kind, nth: call });
      const step = await world.job(two).run('frontend', INPUTS);
      expect(step.log).not.toContain('::error');
      expect(step.code).toBe(0);
      expectServed(world, two);
      expect(world.seen('/')).toBe(two['index.html']);
      expect(world.simulator.bugs).toEqual([]);
    },
  );

  test('that may not write says which permission is missing, and changes nothing', async ({
    onTestFinished,
  }) => {
    const world = await open([], onTestFinished);
    const one = shop('one');
    expect((await world.job(one).run('frontend', INPUTS)).code).toBe(0);
    world.simulator.faults.add({ kind: 'access-denied', service: 'S3', operation: 'PutObject' });
    const step = await world.job(shop('two')).run('frontend', INPUTS);
    expect(step.code).toBe(1);
    expect(step.log).toMatch(/::error::.*s3:PutObject.*/);
    expectServed(world, one);
  });

  test('that may not invalidate is brought to its end when it may', async ({ onTestFinished }) => {
    const world = await open([], onTestFinished);
    const two = shop('two');
    expect((await world.job(shop('one')).run('frontend', INPUTS)).code).toBe(0);
    world.simulator.faults.add({
      kind: 'access-denied',
      service: 'CloudFront',
      operation: 'CreateInvalidation',
      nth: 1,
    });
    const step = await world.job(two).run('frontend', INPUTS);
    expect(step.code).toBe(1);
    expect(step.log).toMatch(/::error::.*cloudfront:CreateInvalidation/);
    const next = await world.job(two).run('frontend', INPUTS);
    expect(next.code, next.log).toBe(0);
    // It has said that it goes no further: nobody waits for it.
    expect(next.log).not.toContain('Waiting for it');
    expect(world.seen('/about.html')).toBe(two['about.html']);
  });

  test('that is cancelled while CloudFront is at it leaves a version that is in service', async ({
    onTestFinished,
  }) => {
    const world = await open([], onTestFinished);
    const two = shop('two');
    expect((await world.job(shop('one')).run('frontend', INPUTS)).code).toBe(0);
    const step = world.job(two).start('frontend', INPUTS);
    await step.says('CloudFront forgets');
    const cancelled = await step.cancel();
    expect(cancelled.code).toBe(1);
    expect(cancelled.log).toContain('::error::The run was cancelled.');
    expectServed(world, two);
    const next = await world.job(two).run('frontend', INPUTS);
    expect(next.outputs['outcome']).toBe('unchanged');
  });

  test('waits for the first that is under way, and both come to their end', async ({ onTestFinished }) => {
    const world = await open([], onTestFinished);
    const [one, two, three] = [shop('one'), shop('two'), shop('three')];
    expect((await world.job(one).run('frontend', INPUTS)).code).toBe(0);
    const both = await Promise.all(
      [two, three].map((build) => world.job(build).run('frontend', { ...INPUTS, timeout: '30m' })),
    );
    expect(both.map(({ code, log }) => [code, /::error.*/.exec(log)?.[0]])).toEqual([
      [0, undefined],
      [0, undefined],
    ]);
    const last = world.text('robots.txt') === 'two' ? two : three;
    expectServed(world, last);
    expectWhole(world, one, two, three);
    const back = await world.job({}).run('rollback', BACK);
    expect(back.log).not.toContain('::error');
    expectServed(world, last === two ? three : two);
    expect(world.simulator.bugs).toEqual([]);
  });
});
