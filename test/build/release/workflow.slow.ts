import { execFile, execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type ReleasesServer, startReleases } from './releases-server.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** As npm, but what takes minutes is done at once; `run build` changes dist when it is told to. */
const NPM = `#!/bin/sh
case "$1 $2" in
  'run build') test -z "$STALE" || echo stale >> dist/index.js ;;
  ci* | test* | 'run demo' | 'run test:slow' | 'run bench') ;;
  *) exec "$REAL_NPM" "$@" ;;
esac
`;

interface Workflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly run?: string; readonly env?: Variables }[] }>
  >;
}

type Variables = Readonly<Record<string, string>>;

interface Result {
  readonly code: number;
  readonly log: string;
}

let home: string;
let server: ReleasesServer;

const git = (directory: string, ...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: directory, encoding: 'utf8', stdio: 'pipe' }).trim();
const remote = () => join(home, 'server/org/deploy-actions.git');
const work = () => join(home, 'work');
const tags = () => git(remote(), 'tag', '--list').split('\n').filter(Boolean);

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'release-run-'));
  server = await startReleases({ hasTag: (tag) => tags().includes(tag) });
  mkdirSync(join(home, 'bin'));
  writeFileSync(join(home, 'bin/npm'), NPM, { mode: 0o755 });
  writeFileSync(join(home, 'output'), '');
  git(home, 'init', '--quiet', '--bare', '--initial-branch=main', remote());
  git(ROOT, 'push', '--quiet', remote(), 'HEAD:refs/heads/main');
  checkout();
});

afterEach(async () => {
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

/** As actions/checkout does it: one commit and no history. */
function checkout(): void {
  git(home, 'clone', '--quiet', '--depth=1', '--branch=main', `file://${remote()}`, work());
  symlinkSync(join(ROOT, 'node_modules'), join(work(), 'node_modules'));
  appendFileSync(join(work(), '.git/info/exclude'), 'node_modules\n');
}

async function run(command: string, env: Variables = {}): Promise<Result> {
  const given = {
    ...process.env,
    PATH: `${join(home, 'bin')}:${dirname(process.execPath)}:${process.env['PATH']}`,
    REAL_NPM: execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim(),
    RUNNER_TEMP: home,
    GITHUB_OUTPUT: join(home, 'output'),
    GITHUB_REPOSITORY: 'org/deploy-actions',
    GITHUB_SERVER_URL: `file://${join(home, 'server')}`,
    GITHUB_API_URL: server.url,
    GITHUB_REF: 'refs/heads/main',
    ...env,
  };
  const options = { cwd: work(), env: given };
  return await promisify(execFile)('bash', ['-e', '-o', 'pipefail', '-c', command], options).then(
    ({ stdout, stderr }) => ({ code: 0, log: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      log: error.stdout + error.stderr,
    }),
  );
}

/** Runs the commands of release.yml, one job after the other, until one fails. */
async function release(version: string, env: Variables = {}): Promise<Result> {
  const { jobs } = parse(readFileSync(join(work(), '.github/workflows/release.yml'), 'utf8')) as Workflow;
  const value = (expression: string): string => {
    const output = /^file=(.*)$/m.exec(readFileSync(join(home, 'output'), 'utf8'))?.[1];
    const known: Readonly<Record<string, string | undefined>> = {
      'inputs.version': version,
      'github.token': 'read-only',
      'steps.pack.outputs.file': output,
      'steps.app.outputs.token': 'secret',
    };
    const found = known[expression];
    if (found === undefined) throw new Error(`nothing is known of ${expression}`);
    return found;
  };
  let log = '';
  for (const { steps } of Object.values(jobs)) {
    for (const { run: command, env: variables = {} } of steps) {
      if (command === undefined) continue;
      const filled = Object.entries(variables).map(([name, text]) => [
        name,
        text.replace(/\$\{\{ (\S+) \}\}/g, (_, expression: string) => value(expression)),
      ]);
      const result = await run(command, { ...Object.fromEntries(filled), ...env });
      log += result.log;
      if (result.code !== 0) return { code: result.code, log };
    }
  }
  return { code: 0, log };
}

const VERSION = `v${(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version}`;

it('releases this checkout, and refuses to do it twice', async () => {
  const { code, log } = await release(VERSION);
  expect(code, log).toBe(0);
  const major = VERSION.split('.')[0] ?? '';
  expect(tags()).toEqual([major, VERSION]);
  expect(git(remote(), 'rev-parse', `${VERSION}^`)).toBe(git(ROOT, 'rev-parse', 'HEAD'));
  const [kept] = server.releases;
  expect(kept).toMatchObject({ tag: VERSION, draft: false, immutable: true });
  const [asset] = kept?.assets ?? [];
  // What users download is what the tag holds.
  const listed = execFileSync('tar', ['-tzf', '-'], { input: asset?.content ?? '', encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith('/'))
    .map((line) => line.replace(`deploy-actions-${VERSION}/`, ''));
  expect(listed.toSorted()).toEqual(
    git(remote(), 'ls-tree', '-r', '--name-only', VERSION).split('\n').toSorted(),
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
  const injected = await release('v1.0.0"; touch injected; "');
  expect(injected.log).toContain('is not a version');
  const branch = await release(VERSION, { GITHUB_REF: 'refs/heads/feature' });
  expect(branch.log).toContain('releases are made from main, not from refs/heads/feature');
  const stale = await release(VERSION, { STALE: 'yes' });
  expect(stale.log).toContain(
    'The build differs from what is committed; run npm run build and commit dist/:',
  );
  expect(stale.log).toContain(' M dist/index.js');
  expect([named, injected, branch, stale].map(({ code }) => code)).toEqual([1, 1, 1, 1]);
  expect(tags()).toEqual([]);
  expect(server.changes).toEqual([]);
});
