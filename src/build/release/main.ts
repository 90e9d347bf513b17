/**
 * The steps of .github/workflows/release.yml, in a checkout of the sources: `npm run release -- check | pack FILE |
 * publish FILE`. The version is in the variable VERSION, the repository in those of GitHub Actions. Only `publish`
 * changes something outside this machine; it takes its token from RELEASE_TOKEN, the others from GITHUB_TOKEN.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemClock } from '../../clock.ts';
import { ConfigError, DeployError } from '../../errors.ts';
import { openGit } from './git.ts';
import { prepare } from './prepare.ts';
import { lookAhead, publish } from './publish.ts';
import { openReleases } from './releases.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

const USAGE = 'npm run release -- check | pack FILE | publish FILE';

async function main([command = '', file, ...rest]: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const known = command === 'check' ? file === undefined : ['pack', 'publish'].includes(command) && file;
  if (!known || rest.length > 0) throw new ConfigError({ input: 'arguments', message: USAGE });
  const { VERSION: version = '', GITHUB_REPOSITORY: repository = '', GITHUB_REF: ref = '' } = env;
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) {
    throw new ConfigError({ input: 'GITHUB_REPOSITORY', message: `"${repository}" is not OWNER/REPO` });
  }
  if (ref !== 'refs/heads/main') {
    throw new ConfigError({ input: 'ref', message: `releases are made from main, not from ${ref}` });
  }
  const token = (command === 'publish' ? env['RELEASE_TOKEN'] : env['GITHUB_TOKEN']) ?? '';
  const server = env['GITHUB_SERVER_URL'] || 'https://github.com';
  const git = openGit(ROOT, `${server}/${repository}.git`, token);
  const prepared = prepare(git, { root: ROOT, repository, version });
  const path = resolve(file ?? '');
  if (command === 'pack') {
    git.archive(prepared.commit, `deploy-actions-${version}`, path);
    console.log(`${path} is ${version}, made from ${prepared.source}: ${prepared.commit}`);
    return;
  }
  const signal = new AbortController().signal;
  const releases = openReleases(repository, { token, env, clock: systemClock, signal });
  if (command === 'check') {
    await lookAhead(version, { git, releases });
    console.log(`${version} can be made from ${prepared.source}`);
  } else {
    await publish(prepared, { git, releases, asset: readFileSync(path), say: console.log });
  }
}

try {
  await main(process.argv.slice(2), process.env);
} catch (error) {
  const known = error instanceof ConfigError || error instanceof DeployError;
  console.error(known ? error.message : error);
  if (error instanceof DeployError) console.error([error.state, error.next].filter(Boolean).join(' '));
  process.exitCode = 1;
}
