import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Problem } from '../../errors.ts';
import { PUBLISHED_WORKFLOWS, publishedPath } from './published.ts';
import { type ReleaseIdentity, rewritten } from './rewrite.ts';

/**
 * Writes the tree that users get. What is in it follows from the commit, the repository and the version alone.
 *
 * @param root a clean checkout of the sources
 * @param target a directory that is empty or not there
 * @returns what is wrong with the tree, and keeps it from being released
 * @throws when something is in the way
 */
export function stage(
  root: string,
  target: string,
  { repository, version }: Omit<ReleaseIdentity, 'commit'>,
): readonly Problem[] {
  const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  if (existsSync(target) && readdirSync(target).length > 0) {
    throw new Error(`${target} is not empty; name a new directory`);
  }
  const dirty = git('status', '--porcelain').trim();
  if (dirty !== '') {
    throw new Error(`a release is staged from a clean checkout; commit or remove first:\n${dirty}`);
  }
  const commit = git('rev-parse', 'HEAD').trim();
  const paths = new Set(git('ls-files', '-z').split('\0').filter(Boolean));
  const problems: Problem[] = PUBLISHED_WORKFLOWS.map((name) => `.github/workflows/${name}.yml`)
    .filter((path) => !paths.has(path))
    .map((path) => ({ input: path, message: 'is not there' }));
  for (const path of paths) {
    const published = publishedPath(path);
    if (published === undefined) continue;
    const to = join(target, published);
    mkdirSync(dirname(to), { recursive: true });
    if (path.startsWith('dist/') || !/\.(md|ya?ml|json)$/.test(path)) copyFileSync(join(root, path), to);
    else {
      const text = readFileSync(join(root, path), 'utf8');
      const broken = (link: string) => problems.push({ input: path, message: `${link} leads nowhere` });
      writeFileSync(to, rewritten(text, path, paths, { repository, version, commit }, broken));
    }
  }
  return problems;
}
