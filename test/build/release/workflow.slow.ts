import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { act } from '../../slow/tools.ts';
import { writeLingering } from '../../workflows/act.ts';
import { type ReleasesServer, startReleases } from './releases-server.ts';
import { Sources } from './sources.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
/** Its own: what this checkout is called, and what its changelog says, is another thing with every change. */
const VERSION = 'v7.0.0';
const WORKFLOW = '.github/workflows/release.yml';

/** As npm, but what takes minutes is done at once; `run build` changes dist when it is told to. */
const NPM = `#!/bin/sh
case "$1 $2" in
  ci*) ln -sfn ${join(ROOT, 'node_modules')} node_modules ;;
  'run build') test -z "$STALE" || echo stale >> dist/index.js ;;
  test* | 'run demo' | 'run test:slow' | 'run bench') ;;
  *) exec "$REAL_NPM" "$@" ;;
esac
`;

/** In place of others' actions, which speak to GitHub: they say what they were given. */
const STAND_INS: Readonly<Record<string, string>> = {
  'actions/setup-node': `name: Node
inputs: { node-version: {}, package-manager-cache: {} }
runs: { using: composite, steps: [{ shell: bash, run: 'true' }] }
`,
  'actions/attest': `name: Attest
inputs: { subject-path: {} }
runs:
  using: composite
  steps:
    - shell: bash
      env:
        FILE: \${{ inputs.subject-path }}
      run: echo "attested sha256:$(sha256sum < "$FILE" | cut -d' ' -f1)"
`,
  'actions/create-github-app-token': `name: Token
inputs: { client-id: {}, private-key: {}, permission-contents: {}, permission-workflows: {} }
outputs:
  token:
    value: \${{ steps.token.outputs.token }}
runs:
  using: composite
  steps:
    - id: token
      shell: bash
      env:
        GIVEN: \${{ inputs.client-id }} \${{ inputs.private-key }} \${{ inputs.permission-contents }} \${{ inputs.permission-workflows }}
      run: test "$GIVEN" = 'Iv1.app key write write' && echo token=secret >> "$GITHUB_OUTPUT"
`,
};

const template = new Sources(VERSION, ROOT);
afterAll(() => template.end());

let home: string;
let sources: Sources;
let server: ReleasesServer;

const work = () => join(home, 'work');
const tags = () => Object.keys(sources.tags());

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'release-run-'));
  sources = template.copy();
  server = await startReleases({ hasTag: (tag) => tags().includes(tag) });
  writeLingering(join(home, 'bin'));
  writeFileSync(join(home, 'bin/npm'), NPM, { mode: 0o755 });
  checkOut();
  for (const [name, text] of Object.entries(STAND_INS)) {
    mkdirSync(join(home, name), { recursive: true });
    writeFileSync(join(home, name, 'action.yml'), text);
  }
});

afterEach(async () => {
  await server.close();
  sources.end();
  rmSync(home, { recursive: true, force: true });
});

/** As actions/checkout does it: one commit and no history. */
function checkOut(): void {
  rmSync(work(), { recursive: true, force: true });
  sources.git('clone', '--quiet', '--depth=1', '--branch=main', `file://${sources.remote}`, work());
  writeFileSync(join(work(), '.git/info/exclude'), 'node_modules\n');
}

/** Runs release.yml with act, against a repository and an API on this machine. */
async function release(version: string, { ref = 'refs/heads/main', env = {} } = {}) {
  const url = `file://${sources.home}`;
  const event = join(home, 'event.json');
  writeFileSync(event, JSON.stringify({ ref, inputs: { version } }));
  const uses = readFileSync(join(work(), WORKFLOW), 'utf8').matchAll(/uses: (actions\/[\w-]+)(@\w+)/g);
  const local = [...uses].flatMap(([, name = '', at]) =>
    name in STAND_INS ? ['--local-repository', `${url}/${name}${at}=${join(home, name)}`] : [],
  );
  const variables = {
    GITHUB_SERVER_URL: url,
    GITHUB_API_URL: server.url,
    GITHUB_REPOSITORY: 'org/deploy-actions',
    GITHUB_REF: ref,
    REAL_NPM: execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim(),
    ...env,
  };
  const flags = [
    ...['-W', WORKFLOW, '-e', event, '--input', `version=${version}`],
    ...['-P', 'ubuntu-latest=-self-hosted', '--no-cache-server', ...local],
    ...['--var', 'RELEASE_APP_CLIENT_ID=Iv1.app', '-s', 'RELEASE_APP_PRIVATE_KEY=key'],
    ...['-s', 'GITHUB_TOKEN=read-only'],
    ...Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
  ];
  const path = [join(home, 'bin'), dirname(process.execPath), process.env['PATH']].join(':');
  const child = spawn(act(), ['workflow_dispatch', ...flags], {
    cwd: work(),
    env: { ...process.env, PATH: path },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  const code = await new Promise<number | null>((settle) => child.on('close', settle));
  return { code, log };
}

it('releases this checkout, and refuses to do it twice', async () => {
  const { code, log } = await release(VERSION);
  expect(code, log).toBe(0);
  expect(tags()).toEqual(['v7', VERSION]);
  sources.git('fetch', '--quiet', '--tags');
  expect(sources.git('rev-parse', `${VERSION}^`)).toBe(sources.git('rev-parse', 'HEAD'));
  const [kept] = server.releases;
  expect(kept).toMatchObject({ tag: VERSION, draft: false, immutable: true });
  const [{ content } = { content: Buffer.from('') }] = kept?.assets ?? [];
  expect(log).toContain(`attested sha256:${createHash('sha256').update(content).digest('hex')}`);
  // What users download is what the tag holds.
  const listed = execFileSync('tar', ['-tzf', '-'], { input: content, encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith('/'))
    .map((line) => line.replace(`deploy-actions-${VERSION}/`, ''));
  expect(listed.toSorted()).toEqual(
    sources.git('ls-tree', '-r', '--name-only', VERSION).split('\n').toSorted(),
  );
  expect(listed).toContain('canary/action.yml');
  expect(server.problems).toEqual([]);

  const { length } = server.changes;
  const again = await release(VERSION);
  expect(again.code).toBe(1);
  expect(again.log).toContain(`${VERSION} is released`);
  // Before the tests have run for nothing.
  expect(again.log).not.toContain('can be made');
  expect(server.changes).toHaveLength(length);
});

it('is stopped before anything is changed by a name, a branch, or a dist that is not of these sources', async () => {
  const named = await release('v9.9.9');
  expect(named.log).toContain('package.json: says');
  const marker = join(home, 'injected');
  const injected = await release(`v1.0.0"; touch ${marker}; "`);
  expect(injected.log).toContain('is not a version');
  expect(existsSync(marker)).toBe(false);
  const branch = await release(VERSION, { ref: 'refs/heads/feature' });
  expect(branch.log).toContain('releases are made from main, not from refs/heads/feature');
  const stale = await release(VERSION, { env: { STALE: 'yes' } });
  expect(stale.log).toContain(
    'The build differs from what is committed; run npm run build and commit dist/:',
  );
  expect(stale.log).toContain(' M dist/index.js');
  expect([named, injected, branch, stale].map(({ code }) => code)).toEqual([1, 1, 1, 1]);
  expect(tags()).toEqual([]);
  expect(server.changes).toEqual([]);
});

it('is stopped by a change that no version tells of', async () => {
  sources.leaveUnreleased();
  checkOut();
  const { code, log } = await release(VERSION);
  expect(code).toBe(1);
  expect(log).toContain('has changes below [Unreleased], which would be released; move them to [7.0.0]');
  expect(log).not.toContain('can be made');
  expect(tags()).toEqual([]);
  expect(server.changes).toEqual([]);
});
