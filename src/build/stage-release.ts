/**
 * Builds the tree that users get, from a clean checkout: `node src/build/stage-release.ts DIR [--repository OWNER/REPO]
 * [--version vX.Y.Z]`. `uses: OWNER/REPO/canary@v1` is joined literally by the runner, so every action stands at the
 * root of that tree, beside dist/; sources and tests are not in it. References between the actions name the version
 * itself, so that a pinned release refers to nothing else.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../..');

const fail = (message: string): never => {
  console.error(message);
  process.exit(1);
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { repository: { type: 'string' }, version: { type: 'string' } },
});
const [directory] = positionals;
if (directory === undefined || positionals.length > 1) {
  fail('say where to: npm run release:stage -- DIR [--repository OWNER/REPO] [--version vX.Y.Z]');
}
const target = resolve(directory ?? '');
if (existsSync(target) && readdirSync(target).length > 0)
  fail(`${directory} is not empty; name a new directory`);
const dirty = execFileSync('git', ['status', '--porcelain'], { cwd: ROOT, encoding: 'utf8' }).trim();
if (dirty !== '') fail(`a release is staged from a clean checkout; commit or remove first:\n${dirty}`);

const packageVersion = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string })
  .version;
const version = values.version ?? `v${packageVersion}`;
const repository = values.repository ?? (process.env['GITHUB_REPOSITORY'] || 'org/deploy-actions');
if (!/^v\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) fail(`--version ${version} is not a version such as v1.2.3`);
if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) fail(`--repository ${repository} is not OWNER/REPO`);

/** What was written for readers of the sources, as readers of the release need it. */
const released = (text: string): string =>
  text
    .replaceAll('../../dist/', '../dist/')
    .replace(/(uses:\s*)org\/deploy-actions(\/[\w-]+)?@v1\b/g, `$1${repository}$2@${version}`)
    .replaceAll('](actions/', '](');

mkdirSync(target, { recursive: true });
cpSync(join(ROOT, 'dist'), join(target, 'dist'), { recursive: true });
for (const file of ['action.yml', 'README.md', 'CHANGELOG.md', 'LICENSE']) {
  writeFileSync(join(target, file), released(readFileSync(join(ROOT, file), 'utf8')));
}
for (const action of readdirSync(join(ROOT, 'actions'))) {
  mkdirSync(join(target, action));
  for (const file of readdirSync(join(ROOT, 'actions', action))) {
    const text = readFileSync(join(ROOT, 'actions', action, file), 'utf8');
    writeFileSync(join(target, action, file), released(text));
  }
}
console.log(`${repository} ${version} is staged in ${directory}`);
