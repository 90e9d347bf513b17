import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Build, FrontendHere } from './frontend-here.ts';
import { MemoryBucket } from './memory-bucket.ts';

const DAY = 24 * 3_600_000;

const shop = (release: string): Build => ({
  'index.html': `<!-- ${release} -->`,
  'robots.txt': 'Allow: /',
  [`assets/app.${release}a1b2c3d4.js`]: release,
});

const open = () => ({ bucket: new MemoryBucket(), here: new FrontendHere() });

const keysOf = (bucket: MemoryBucket, prefix = '') =>
  [...bucket.objects.keys()]
    .filter((key) => key.startsWith(prefix) && !key.includes('.deploy-actions/'))
    .sort();

test('a version that is in service is told, also where CloudFront does not say how far it is', async () => {
  const { bucket, here } = open();
  await here.release(bucket.client(), shop('1'), { version: 'v1' });
  here.edge.answers = false;
  const unknown = (version: string, id: string) => ({
    message: 'CloudFront could not be asked whether it has forgotten the old files: Service Unavailable',
    state: expect.stringMatching(
      `^${version} is in service, and CloudFront has taken the invalidation ${id},.*Whether it has completed is not known`,
    ),
    next: expect.stringContaining(`get-invalidation --distribution-id E1 --id ${id}`),
  });
  await expect(here.release(bucket.client(), shop('2'), { version: 'v2' })).rejects.toMatchObject(
    unknown('v2', 'I2'),
  );
  expect(here.outputs).toMatchObject({
    outcome: 'deployed',
    version: 'v2',
    'previous-version': 'v1',
    'invalidation-id': 'I2',
  });
  const restored: unknown[] = [];
  const back = here.restore(bucket.client(), 'previous', '', (each) => restored.push(each));
  await expect(back).rejects.toMatchObject(unknown('v1', 'I3'));
  expect(restored).toEqual([{ outcome: 'rolled-back', version: 'v1', previousVersion: 'v2' }]);
});

describe('a release', () => {
  test('of what is in service already reads one object', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), shop('1'), { version: 'v1' });
    const client = bucket.client();
    await here.release(client, shop('1'), { version: 'v1' });
    expect(client.calls).toBe(1);
    expect(here.outputs).toMatchObject({ outcome: 'unchanged', version: 'v1', uploaded: '0' });
  });

  test('under a new name is a version of its own, without an upload', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), shop('1'), { version: 'v1' });
    await here.release(bucket.client(), shop('1'), { version: 'v2' });
    expect(here.outputs).toMatchObject({
      outcome: 'deployed',
      version: 'v2',
      'previous-version': 'v1',
      uploaded: '0',
      'invalidation-id': '',
    });
  });

  test('deletes what has served its time, and has the edge forget only what is no asset', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), { ...shop('1'), 'old.html': 'old', 'photo.jpg': 'mine' });
    await here.release(bucket.client(), shop('2'));
    expect(keysOf(bucket)).toContain('old.html');
    here.clock.pass(6 * DAY);
    await here.release(bucket.client(), shop('3'));
    expect(here.outputs['deleted']).toBe('0');
    here.clock.pass(1.5 * DAY);
    await here.release(bucket.client(), shop('3'));
    expect(here.outputs).toMatchObject({ outcome: 'deployed', uploaded: '0', deleted: '3' });
    expect(here.edge.invalidations.at(-1)).toEqual(['/old.html', '/photo.jpg']);
    expect(keysOf(bucket)).toEqual([
      'assets/app.2a1b2c3d4.js',
      'assets/app.3a1b2c3d4.js',
      'index.html',
      'robots.txt',
    ]);
  });

  test('tells what could not be deleted, and the next one tries again', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), { ...shop('1'), 'old.html': 'old' }, { grace: '0' });
    await here.release(bucket.client(), shop('2'), { grace: '0' });
    here.clock.pass(1);
    const client = bucket.client();
    client.bucket.delete = async (keys) => keys.map((key) => ({ key, reason: 'AccessDenied' }));
    await here.release(client, shop('3'), { grace: '0' });
    expect(here.outputs).toMatchObject({ outcome: 'deployed', deleted: '0' });
    expect(here.lines.join('\n')).toMatch(/warning: 2 old files could not be deleted, .*AccessDenied/);
    here.clock.pass(1);
    await here.release(bucket.client(), shop('3'), { grace: '0' });
    expect(keysOf(bucket)).not.toContain('old.html');
  });

  test('deletes no asset of a page that could not be deleted', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), { ...shop('1'), 'old.html': 'old' }, { grace: '0' });
    await here.release(bucket.client(), shop('2'), { grace: '0' });
    here.clock.pass(1);
    await here.release(bucket.client(undefined, ['old.html']), shop('3'), { grace: '0' });
    expect(keysOf(bucket)).toEqual(expect.arrayContaining(['old.html', 'assets/app.1a1b2c3d4.js']));
    here.clock.pass(1);
    await here.release(bucket.client(), shop('3'), { grace: '0' });
    expect(keysOf(bucket)).not.toContain('old.html');
    expect(keysOf(bucket)).not.toContain('assets/app.1a1b2c3d4.js');
  });

  test('keeps what an old page needs that a killed release was to overwrite, as long as the page', async () => {
    const { bucket, here } = open();
    const cart = { ...shop('1'), 'cart.html': 'names assets/app.1a1b2c3d4.js' };
    await here.release(bucket.client(), cart, { grace: '0' });
    await here.release(bucket.client(), shop('2'), { grace: '0' });
    const dying = bucket.client({ call: 3, after: false });
    const third = { ...shop('3'), 'cart.html': 'names assets/app.3a1b2c3d4.js' };
    await expect(here.release(dying, third)).rejects.toThrow();
    expect(bucket.text('cart.html')).toBe(cart['cart.html']);
    here.clock.pass(1);
    await here.release(bucket.client(), shop('4'), { grace: '0' });
    expect(keysOf(bucket)).toEqual(expect.arrayContaining(['cart.html', 'assets/app.1a1b2c3d4.js']));
    here.clock.pass(1);
    await here.release(bucket.client(), shop('5'), { grace: '0' });
    expect(keysOf(bucket)).not.toContain('cart.html');
    expect(keysOf(bucket)).not.toContain('assets/app.1a1b2c3d4.js');
  });

  test('keeps to its folder', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), shop('1'));
    await here.release(bucket.client(), shop('9'), { prefix: 'admin' });
    await here.release(bucket.client(), shop('2'), { grace: '0' });
    here.clock.pass(DAY);
    await here.release(bucket.client(), shop('3'), { grace: '0' });
    expect(keysOf(bucket, 'admin/')).toEqual([
      'admin/assets/app.9a1b2c3d4.js',
      'admin/index.html',
      'admin/robots.txt',
    ]);
    expect(here.edge.invalidations[1]).toEqual(['/admin/', '/admin/index.html', '/admin/robots.txt']);
  });

  test('of 2,000 files with 20 changed writes 20 of them, in 25 calls to the bucket', async () => {
    const { bucket, here } = open();
    const files = (release: string): Build =>
      Object.fromEntries(
        Array.from({ length: 2_000 }, (_, n) => [
          n === 0 ? 'index.html' : `data/${n}.json`,
          n < 20 ? release : 'same',
        ]),
      );
    await here.release(bucket.client(), files('one'));
    expect(here.edge.invalidations).toEqual([['/*']]);
    const client = bucket.client();
    await here.release(client, files('two'));
    expect(here.outputs['uploaded']).toBe('20');
    // What is in service, what is about to be, what goes back, the files, what is in service now.
    expect(client.calls).toBe(1 + 1 + 1 + 20 + 1);
    expect(here.edge.invalidations.at(-1)).toHaveLength(21);
  });

  test('that is cancelled before its first page changes none', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), shop('1'));
    const cancelled = AbortSignal.abort();
    await expect(here.release(bucket.client(), shop('2'), {}, cancelled)).rejects.toMatchObject({
      message: 'The run was cancelled.',
      state: '0 of 2 files are up, none of them a page: users see what they saw before.',
    });
    expect(bucket.text('index.html')).toBe('<!-- 1 -->');
    await here.release(bucket.client(), shop('3'));
    expect(bucket.text('index.html')).toBe('<!-- 3 -->');
    expect(here.lines.join('\n')).not.toContain('Waiting for it');
  });

  test('after one that was killed waits a minute for a sign of life', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), shop('1'));
    await expect(here.release(bucket.client({ call: 5, after: true }), shop('2'))).rejects.toThrow('died');
    const before = here.clock.now();
    await here.release(bucket.client(), shop('3'));
    expect(here.lines.join('\n')).toContain(
      'Another run changes the files: https://github.com/org/shop/actions/runs/2/',
    );
    expect(here.clock.now() - before).toBeGreaterThanOrEqual(60_000);
    expect(here.clock.now() - before).toBeLessThan(90_000);
  });

  test('that stood still while another took over changes nothing when it goes on', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), shop('1'));
    const client = bucket.client();
    const { write } = client.bucket;
    let goOn: () => void = () => undefined;
    const stands = new Promise<void>((begun) => {
      client.bucket.write = async (object, condition) => {
        const answer = await write(object, condition);
        if (!object.key.startsWith('assets/')) return answer;
        begun();
        await new Promise<void>((settle) => {
          goOn = settle;
        });
        return answer;
      };
    });
    const stalled = here.release(client, shop('2'));
    stalled.catch(() => undefined);
    await stands;
    await here.release(bucket.client(), shop('3'), { version: 'v3' });
    const { calls } = client;
    goOn();
    await expect(stalled).rejects.toThrow('this run could give no sign of life for too long');
    expect(client.calls).toBe(calls);
    expect(bucket.text('index.html')).toBe('<!-- 3 -->');
  });

  test('whose first word was heard late says at once that it is alive, and goes no further where it is not heard', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), shop('1'));
    const late = (others: () => void) => {
      const client = bucket.client();
      const { write } = client.bucket;
      let words = 0;
      client.bucket.write = async (object, condition) => {
        const answer = await write(object, condition);
        if (!object.key.endsWith('current.json') || words++ > 0) return answer;
        here.clock.pass(50_000);
        others();
        return answer;
      };
      return client;
    };
    await here.release(
      late(() => undefined),
      shop('2'),
    );
    expect(bucket.text('index.html')).toBe('<!-- 2 -->');
    const takenOver = late(() => {
      const body = bucket.objects.get('.deploy-actions/current.json')?.body ?? new Uint8Array();
      bucket.put({ key: '.deploy-actions/current.json', body, contentType: 'application/json' });
    });
    await expect(here.release(takenOver, shop('3'))).rejects.toThrow('no sign of life for too long');
    expect(bucket.text('index.html')).toBe('<!-- 2 -->');
    expect(keysOf(bucket)).not.toContain('assets/app.3a1b2c3d4.js');
  });

  test('that was killed leaves what it has put there to be deleted, and nothing that somebody else has', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), shop('1'));
    bucket.put({ key: 'photo.jpg', body: new TextEncoder().encode('theirs'), contentType: 'image/jpeg' });
    const build = { ...shop('2'), 'new.txt': 'new', 'photo.jpg': 'ours' };
    await expect(here.release(bucket.client(), build, {}, AbortSignal.abort())).rejects.toThrow('cancelled');
    await expect(here.release(bucket.client({ call: 5, after: true }), build)).rejects.toThrow('died');
    expect([bucket.text('new.txt'), bucket.text('photo.jpg')]).toEqual(['new', 'theirs']);
    for (const n of ['3', '4', '5']) {
      await here.release(bucket.client(), shop(n), { grace: '0' });
      here.clock.pass(1);
    }
    expect([bucket.text('new.txt'), bucket.text('photo.jpg')]).toEqual([undefined, 'theirs']);
  });

  test('has the edge forget what a killed one may have shown under a name that says that it never changes', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), shop('1'));
    const dying = bucket.client({ call: 4, after: true });
    await expect(here.release(dying, { ...shop('1'), 'lib.8f3a2b1c.js': 'one' })).rejects.toThrow('died');
    await here.release(bucket.client(), { ...shop('1'), 'lib.8f3a2b1c.js': 'two' });
    expect(here.edge.invalidations.at(-1)).toEqual(['/lib.8f3a2b1c.js']);
  });

  test('puts compressed variants beside the files, and does not make them twice', async () => {
    const { bucket, here } = open();
    const script = 'const words = "so many";\n'.repeat(100);
    const build = { 'index.html': '<p>', 'app.8f3a2b1c.js': script, 'tiny.js': '1', 'photo.png': script };
    await here.release(bucket.client(), build, { compress: 'gzip brotli' });
    expect(keysOf(bucket)).toEqual([
      'app.8f3a2b1c.js',
      'app.8f3a2b1c.js.br',
      'app.8f3a2b1c.js.gz',
      'index.html',
      'photo.png',
      'tiny.js',
    ]);
    const variant = bucket.objects.get('app.8f3a2b1c.js.br');
    expect(variant).toMatchObject({
      contentEncoding: 'br',
      contentType: 'text/javascript; charset=utf-8',
      cacheControl: 'public, max-age=31536000, immutable',
    });
    expect(brotliDecompressSync(variant?.body ?? new Uint8Array()).toString()).toBe(script);
    await here.release(bucket.client(), build, { compress: 'gzip brotli' });
    expect(here.outputs['outcome']).toBe('unchanged');
  });

  test('refuses a state that it has not written', async () => {
    const { bucket, here } = open();
    bucket.put({ key: '.deploy-actions/current.json', body: Uint8Array.of(0x7b, 0x7d), contentType: '' });
    await expect(here.release(bucket.client(), shop('1'))).rejects.toThrow(
      '.deploy-actions/current.json is not what this version of the action writes',
    );
  });
});

describe('a version comes back', () => {
  test('with files that were overwritten although their names say that they never are', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), { ...shop('1'), 'lib.8f3a2b1c.js': 'one' });
    await here.release(bucket.client(), { ...shop('1'), 'lib.8f3a2b1c.js': 'two' });
    expect(here.lines.join('\n')).toMatch(/warning: 1 file changed under names .*lib\.8f3a2b1c\.js/);
    expect(here.edge.invalidations.at(-1)).toEqual(['/lib.8f3a2b1c.js']);
    await here.restore(bucket.client());
    expect(bucket.text('lib.8f3a2b1c.js')).toBe('one');
  });

  test('with such files also where a killed release was to overwrite them first', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), { ...shop('1'), 'lib.8f3a2b1c.js': 'one' });
    const dying = bucket.client({ call: 3, after: false });
    await expect(here.release(dying, { ...shop('2'), 'lib.8f3a2b1c.js': 'two' })).rejects.toThrow('died');
    await here.release(bucket.client(), { ...shop('3'), 'lib.8f3a2b1c.js': 'three' });
    await here.restore(bucket.client());
    expect(bucket.text('lib.8f3a2b1c.js')).toBe('one');
  });

  test('with files that no longer count as such when they were overwritten', async () => {
    const { bucket, here } = open();
    const build = { ...shop('1'), 'lib.8f3a2b1c.js': 'one' };
    const immutable = 'assets/**';
    for (const rules of ['', '*.js: no-cache']) {
      await here.release(bucket.client(), build, { version: 'v1', 'cache-control': rules });
      await here.release(bucket.client(), build, { version: 'v2', immutable, 'cache-control': rules });
      expect(here.lines.join('\n')).not.toContain('changed under names');
      await here.release(bucket.client(), { ...build, 'lib.8f3a2b1c.js': 'two' }, { immutable });
      await here.restore(bucket.client(), 'v1');
      expect(bucket.text('lib.8f3a2b1c.js')).toBe('one');
    }
  });

  test('with large files, and with how they are handed out', async () => {
    const { bucket, here } = open();
    const large = new Uint8Array(1_500_000).fill(7);
    await here.release(
      bucket.client(),
      { ...shop('1'), 'film.mp4': large },
      { 'cache-control': '*.mp4: max-age=60' },
    );
    await here.release(bucket.client(), { ...shop('2'), 'film.mp4': 'none' });
    await here.restore(bucket.client());
    expect(bucket.objects.get('film.mp4')).toMatchObject({
      cacheControl: 'max-age=60',
      contentType: 'video/mp4',
    });
    expect(Buffer.compare(bucket.objects.get('film.mp4')?.body ?? large.subarray(1), large)).toBe(0);
  });

  test('by its name, and the one before it after that', async () => {
    const { bucket, here } = open();
    for (const n of ['1', '2', '3', '4']) await here.release(bucket.client(), shop(n), { version: `v${n}` });
    expect(await here.restore(bucket.client(), 'v3')).toMatchObject({ version: 'v3', previousVersion: 'v4' });
    expect(await here.restore(bucket.client())).toMatchObject({ version: 'v2', previousVersion: 'v3' });
    expect(bucket.text('index.html')).toBe('<!-- 2 -->');
    expect(await here.restore(bucket.client(), 'v2')).toMatchObject({ outcome: 'unchanged' });
    await here.release(bucket.client(), shop('5'), { version: 'v5' });
    expect(here.outputs['previous-version']).toBe('v2');
    expect(await here.restore(bucket.client())).toMatchObject({ version: 'v2' });
  });

  test('also where its release was killed: what was in service before it', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), shop('1'), { version: 'v1' });
    await here.release(bucket.client(), shop('2'), { version: 'v2' });
    await expect(here.release(bucket.client({ call: 5, after: true }), shop('3'))).rejects.toThrow('died');
    expect(bucket.text('index.html')).toBe('<!-- 3 -->');
    expect(await here.restore(bucket.client())).toMatchObject({ outcome: 'rolled-back', version: 'v2' });
    expect(bucket.text('index.html')).toBe('<!-- 2 -->');
  });

  test('also where a run was killed that was only to clear up: what was in service before the present one', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), shop('1'), { version: 'v1' });
    await here.release(bucket.client(), shop('2'), { version: 'v2' });
    await here.release(bucket.client(), shop('3'), { version: 'v3' });
    here.clock.pass(8 * DAY);
    const dying = bucket.client({ call: 3, after: false });
    await expect(here.release(dying, shop('3'), { version: 'v3' })).rejects.toThrow('died');
    expect(await here.restore(bucket.client())).toMatchObject({ version: 'v2', previousVersion: 'v3' });
    expect(bucket.text('index.html')).toBe('<!-- 2 -->');
  });

  test('however long it was before the present one, whose release was run again', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), { ...shop('1'), 'old.html': 'old' }, { version: 'v1' });
    await here.release(bucket.client(), shop('2'), { version: 'v2' });
    for (let day = 0; day < 3; day++) {
      here.clock.pass(8 * DAY);
      await here.release(bucket.client(), shop('2'), { version: 'v2' });
      expect(here.outputs).toMatchObject({ outcome: 'unchanged', 'previous-version': 'v1' });
    }
    expect(await here.restore(bucket.client())).toMatchObject({ version: 'v1', previousVersion: 'v2' });
    expect(bucket.text('index.html')).toBe('<!-- 1 -->');
    expect(bucket.text('old.html')).toBe('old');
  });

  test('only as long as it is kept, and the error says which are', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), shop('1'), { version: 'v1' });
    await here.release(bucket.client(), shop('2'), { version: 'v2' });
    here.clock.pass(8 * DAY);
    await here.release(bucket.client(), shop('3'), { version: 'v3' });
    await expect(here.restore(bucket.client(), 'v1')).rejects.toThrow(
      'to: there is no version "v1" of the files in s3://shop/; those that can be brought back are v3, v2',
    );
    expect(await here.restore(bucket.client())).toMatchObject({ version: 'v2' });
  });

  test('not where its files were taken away, and then nothing is changed', async () => {
    const { bucket, here } = open();
    await here.release(bucket.client(), shop('1'), { version: 'v1' });
    await here.release(bucket.client(), shop('2'));
    bucket.objects.delete([...bucket.objects.keys()].find((key) => key.includes('versions/')) ?? '');
    await expect(here.restore(bucket.client())).rejects.toThrow('v1 of the frontend cannot be brought back');
    expect(bucket.text('index.html')).toBe('<!-- 2 -->');
  });
});
