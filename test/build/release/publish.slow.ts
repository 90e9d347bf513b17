import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type Git, openGit } from '../../../src/build/release/git.ts';
import { prepare } from '../../../src/build/release/prepare.ts';
import { publish } from '../../../src/build/release/publish.ts';
import { openReleases, type Releases } from '../../../src/build/release/releases.ts';
import { scaledClock } from '../../../src/clock.ts';
import { check } from '../../github/description.ts';
import { type ReleasesOptions, type ReleasesServer, startReleases } from './releases-server.ts';
import { Sources } from './sources.ts';

const REPOSITORY = 'org/deploy-actions';
const ASSET = Buffer.from('what users get');

/** How a run is broken off: before the effect with that number, or right after it. */
interface Broken {
  readonly effect: number;
  readonly when: 'before' | 'after';
}

const ends: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const template = new Sources('v1.2.0');
afterAll(() => template.end());

/** The same sources each time, and so the same releases. */
async function start(options: ReleasesOptions = {}) {
  const sources = template.copy();
  const server = await startReleases({
    ...options,
    check,
    hasTag: (tag) => tag in sources.tags(),
  });
  ends.push(
    () => sources.end(),
    () => server.close(),
    () => expect(server.problems).toEqual([]),
  );
  return { sources, server };
}

interface Place {
  readonly sources: Sources;
  readonly server: ReleasesServer;
}

async function release({ sources, server }: Place, version = 'v1.2.0', broken?: Broken) {
  const said: string[] = [];
  const effects: string[] = [];
  /** Counts the calls that change something, and breaks off at one of them. */
  const breaking = <T extends object>(port: T, names: readonly (keyof T)[]): T =>
    new Proxy(port, {
      get(target, name) {
        const method = target[name as keyof T];
        if (!names.includes(name as keyof T) || typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          effects.push(String(name));
          const hit = broken?.effect === effects.length ? broken.when : undefined;
          if (hit === 'before') throw new Error('broken off');
          const answer = (method as (...args: unknown[]) => unknown).apply(target, args);
          if (hit !== 'after') return answer;
          if (!(answer instanceof Promise)) throw new Error('broken off');
          return answer.then(() => Promise.reject(new Error('broken off')));
        };
      },
    });
  const git = breaking<Git>(openGit(sources.root, sources.remote), ['push']);
  const releases = breaking<Releases>(
    openReleases(REPOSITORY, {
      token: 'secret',
      env: { GITHUB_API_URL: server.url },
      clock: scaledClock(Date.now(), Date.now(), 10_000),
      signal: new AbortController().signal,
    }),
    ['draft', 'upload', 'publish'],
  );
  const prepared = prepare(git, { root: sources.root, repository: REPOSITORY, version });
  await publish(prepared, { git, releases, asset: ASSET, say: (line) => said.push(line) });
  return { prepared, said, effects };
}

/** What users can see. */
const seen = ({ sources, server }: Place) => ({
  tags: sources.tags(),
  releases: server.releases.map(({ id: _, assets, ...rest }) => ({
    ...rest,
    assets: assets.map(({ name, content, state }) => ({ name, content: content.toString(), state })),
  })),
});

describe('a release', () => {
  it('is tagged, drafted, filled and published, and v1 follows it', async () => {
    const place = await start();
    const { prepared, effects } = await release(place);
    expect(effects).toEqual(['push', 'draft', 'upload', 'publish', 'push']);
    expect(place.sources.tags()).toEqual({ 'v1.2.0': prepared.commit, v1: prepared.commit });
    expect(seen(place).releases).toEqual([
      {
        tag: 'v1.2.0',
        target: prepared.commit,
        text: prepared.text,
        prerelease: false,
        draft: false,
        immutable: true,
        latest: true,
        assets: [{ name: 'deploy-actions-v1.2.0.tar.gz', content: 'what users get', state: 'uploaded' }],
      },
    ]);
    expect(prepared.text).toMatch(/^- Something of 1\.2\.0\.\n/);
    expect(prepared.text).toContain(`uses: org/deploy-actions/canary@${prepared.commit} # v1.2.0`);
  });

  it('holds what is published and nothing else, on top of its sources', async () => {
    const place = await start();
    const { prepared } = await release(place);
    const { sources } = place;
    expect(sources.git('rev-parse', `${prepared.commit}^`)).toBe(sources.git('rev-parse', 'HEAD'));
    expect(sources.git('ls-tree', '-r', '--name-only', prepared.commit).split('\n')).toEqual([
      '.github/workflows/deploy.yml',
      '.github/workflows/incident.yml',
      '.github/workflows/pr-check.yml',
      '.github/workflows/promote.yml',
      '.github/workflows/rollback.yml',
      'LICENSE',
      'README.md',
      'action.yml',
      'canary/action.yml',
      'dist/canary/main.js',
    ]);
    expect(sources.git('show', `${prepared.commit}:action.yml`)).toContain('canary@v1.2.0');
    expect(sources.git('status', '--porcelain')).toBe('');
  });

  const BREAKS = [1, 2, 3, 4, 5].flatMap((effect) =>
    (['before', 'after'] as const).map((when): Broken => ({ effect, when })),
  );
  it.each(BREAKS)('that breaks off $when effect $effect is finished by another run', async (broken) => {
    const whole = await start();
    const place = await start();
    const undisturbed = await release(whole);
    await expect(release(place, 'v1.2.0', broken)).rejects.toThrow('broken off');
    if (broken.effect === 5 && broken.when === 'after') {
      await expect(release(place)).rejects.toThrow('v1.2.0 is released');
    } else {
      const { prepared, effects } = await release(place);
      expect(prepared.commit).toBe(undisturbed.prepared.commit);
      expect(effects).toHaveLength(5 - broken.effect + (broken.when === 'before' ? 1 : 0));
    }
    expect(seen(place)).toEqual(seen(whole));
  });

  it.each([
    { method: 'POST', path: /\/releases$/, kind: 'lost-answer' },
    { method: 'POST', path: /\/releases$/, kind: 'outage' },
    { method: 'POST', path: /\/uploads\//, kind: 'lost-answer' },
    { method: 'POST', path: /\/uploads\//, kind: 'broken-upload' },
    { method: 'PATCH', path: /\/releases\/\d+$/, kind: 'lost-answer' },
    { method: 'GET', path: /\/releases$/, kind: 'outage' },
  ] as const)('goes on after $kind of $method $path', async (fault) => {
    const place = await start({ faults: [fault] });
    const { prepared } = await release(place);
    expect(place.server.faults).toEqual([]);
    expect(place.sources.tags()).toEqual({ 'v1.2.0': prepared.commit, v1: prepared.commit });
    expect(seen(place).releases).toMatchObject([
      { draft: false, immutable: true, assets: [{ content: 'what users get', state: 'uploaded' }] },
    ]);
  });

  it('replaces a file of its draft that is not the one it has built', async () => {
    const place = await start();
    await expect(release(place, 'v1.2.0', { effect: 4, when: 'before' })).rejects.toThrow('broken off');
    const [draft] = place.server.releases;
    if (draft?.assets[0]) draft.assets[0] = { ...draft.assets[0], content: Buffer.from('another') };
    await release(place);
    expect(seen(place).releases[0]?.assets.map(({ content }) => content)).toEqual(['what users get']);
  });
});

describe('a version that is there', () => {
  it('is refused when it is out, and nothing changes', async () => {
    const place = await start();
    await release(place);
    const before = seen(place);
    const { length } = place.server.changes;
    await expect(release(place)).rejects.toThrow(/v1\.2\.0 is released, https:.*name the next version/);
    expect(seen(place)).toEqual(before);
    expect(place.server.changes).toHaveLength(length);
  });

  it('is refused for other sources, also when it was not finished', async () => {
    const place = await start();
    await expect(release(place, 'v1.2.0', { effect: 1, when: 'after' })).rejects.toThrow('broken off');
    const before = seen(place);
    place.sources.change({ 'dist/canary/main.js': 'runElse()\n' });
    await expect(release(place)).rejects.toThrow('v1.2.0 is there, made from other sources');
    expect(seen(place)).toEqual(before);
  });

  it('is refused when a later one is there and it has no tag of its own', async () => {
    const place = await start();
    await release(place);
    place.sources.name('v1.1.9');
    await expect(release(place, 'v1.1.9')).rejects.toThrow('v1.1.9 comes before v1.2.0');
  });
});

describe('sources', () => {
  it.each([
    [
      'with a link that leads nowhere',
      { 'README.md': '[a](actions/none)\n' },
      'README.md: actions/none leads nowhere',
    ],
    ['with what is not committed', { 'dist/canary/main.js': 'else()\n' }, 'commit or remove first'],
  ])('%s are not released', async (_, files, said) => {
    const place = await start();
    if (said.startsWith('commit')) place.sources.write(files);
    else place.sources.change(files);
    await expect(release(place)).rejects.toThrow(said);
    expect(seen(place)).toEqual({ tags: {}, releases: [] });
  });

  it('without one of the workflows are not released', async () => {
    const place = await start();
    place.sources.git('rm', '--quiet', '.github/workflows/deploy.yml');
    place.sources.change({});
    await expect(release(place)).rejects.toThrow('.github/workflows/deploy.yml: is not there');
    expect(seen(place)).toEqual({ tags: {}, releases: [] });
  });
});

describe('the tag that follows releases', () => {
  it('goes from one release to the next', async () => {
    const place = await start();
    const first = await release(place);
    place.sources.name('v1.3.0');
    const second = await release(place, 'v1.3.0');
    expect(place.sources.tags()).toEqual({
      'v1.2.0': first.prepared.commit,
      'v1.3.0': second.prepared.commit,
      v1: second.prepared.commit,
    });
    expect(place.server.releases.filter(({ latest }) => latest).map(({ tag }) => tag)).toEqual(['v1.3.0']);
  });

  it('does not move for a version that is only to be tried', async () => {
    const place = await start();
    const { prepared } = await release(place);
    place.sources.name('v1.3.0-rc.1');
    await release(place, 'v1.3.0-rc.1');
    expect(place.sources.tags()['v1']).toBe(prepared.commit);
    expect(place.server.releases).toMatchObject([
      { tag: 'v1.3.0-rc.1', prerelease: true, latest: false },
      { tag: 'v1.2.0', latest: true },
    ]);
    await expect(release(place, 'v1.3.0-rc.1')).rejects.toThrow('v1.3.0-rc.1 is released');
  });

  it('is v0 before 1.0.0', async () => {
    const place = await start();
    place.sources.name('v0.1.0');
    const { prepared } = await release(place, 'v0.1.0');
    expect(place.sources.tags()).toEqual({ 'v0.1.0': prepared.commit, v0: prepared.commit });
  });

  it('stays at a later release when an earlier one is finished after it', async () => {
    const place = await start();
    await expect(release(place, 'v1.2.0', { effect: 4, when: 'before' })).rejects.toThrow('broken off');
    const earlier = place.sources.git('rev-parse', 'HEAD');
    place.sources.name('v1.3.0');
    const later = await release(place, 'v1.3.0');
    place.sources.git('checkout', '--quiet', earlier);
    const { said } = await release(place);
    expect(said).toContain('v1 stays at v1.3.0, which is later');
    expect(place.sources.tags()['v1']).toBe(later.prepared.commit);
    expect(place.server.releases.filter(({ latest }) => latest).map(({ tag }) => tag)).toEqual(['v1.3.0']);
  });

  it('is not moved away from what is no release', async () => {
    const place = await start();
    place.sources.git('push', '--quiet', 'origin', 'HEAD:refs/tags/v1');
    const before = seen(place);
    await expect(release(place)).rejects.toThrow(/v1 is on \w+, which is no release/);
    expect(seen(place)).toEqual(before);
  });

  it('is not moved when somebody else has just moved it', async () => {
    const { sources } = await start();
    const git = openGit(sources.root, sources.remote);
    const [first, second] = sources.git('log', '--format=%H').split('\n');
    git.push('v1', second ?? '', undefined);
    expect(() => git.push('v1', first ?? '', first)).toThrow(/the tag v1 was not pushed: .*stale info/);
    expect(() => git.push('v1', first ?? '', undefined)).toThrow('the tag v1 was not pushed');
    expect(sources.tags()).toEqual({ v1: second });
    git.push('v1', first ?? '', second);
    expect(sources.tags()).toEqual({ v1: first });
  });

  it('is not moved to a release that can still be changed', async () => {
    const place = await start({ immutable: false });
    await expect(release(place)).rejects.toThrow('its tag and its file can still be changed');
    expect(Object.keys(place.sources.tags())).toEqual(['v1.2.0']);
  });
});
