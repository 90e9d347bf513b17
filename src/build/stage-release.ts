/**
 * Builds the tree that users get, from a clean checkout: `node src/build/stage-release.ts DIR [--repository OWNER/REPO]
 * [--version vX.Y.Z]`. Every action stands at the root of that tree, beside dist/; sources and tests are not in it.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { stage } from './release/stage.ts';
import { isVersion } from './release/version.ts';

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
const packageVersion = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string })
  .version;
const version = values.version ?? `v${packageVersion}`;
const repository = values.repository ?? (process.env['GITHUB_REPOSITORY'] || 'org/deploy-actions');
if (!isVersion(version)) fail(`--version ${version} is not a version such as v1.2.3`);
if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) fail(`--repository ${repository} is not OWNER/REPO`);

try {
  const problems = stage(ROOT, resolve(directory ?? ''), { repository, version });
  for (const { input, message } of problems) console.error(`${input}: ${message}`);
  console.log(`${repository} ${version} is staged in ${directory}`);
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
