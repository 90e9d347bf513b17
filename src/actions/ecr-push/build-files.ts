import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Build } from '../../docker/build.ts';
import { ConfigError } from '../../errors.ts';

/** What docker takes for something that is fetched: a URL, a git repository, an image. */
const ELSEWHERE = /:\/\/|^[\w.-]+@[\w.-]+:|^github\.com\/|^-$/;

/**
 * Looks whether the directory and the Dockerfile of a build are there, in the order in which docker looks.
 *
 * @param name of the image, which stands before the input
 * @param workspace the directory that relative paths start from
 * @throws ConfigError naming the input that leads to nothing
 */
export async function requireBuildFiles(
  name: string,
  { context, file }: Pick<Build, 'context' | 'file'>,
  workspace: string,
): Promise<void> {
  if (ELSEWHERE.test(context)) return;
  const fail = async (input: string, message: string): Promise<never> => {
    const entries = await readdir(workspace).catch(() => []);
    const hint =
      entries.length === 0
        ? 'the workspace is empty; is actions/checkout missing before this step?'
        : 'paths start from the workspace';
    throw new ConfigError({ input: `${name}: ${input}`, message: `${message}; ${hint}` });
  };
  const directory = resolve(workspace, context);
  if (!(await isThere(directory))) await fail('context', `there is no directory ${directory} to build`);
  if (file === undefined) {
    const found = await Promise.all(
      ['Dockerfile', 'dockerfile'].map((each) => isThere(join(directory, each))),
    );
    if (!found.includes(true)) {
      const fix = 'name the Dockerfile by file, or the directory that holds it by context';
      await fail('file', `there is no Dockerfile in ${directory}; ${fix}`);
    }
  } else if (!ELSEWHERE.test(file) && !(await isThere(resolve(workspace, file)))) {
    const beside = (await isThere(join(directory, file))) ? `, and there is ${join(context, file)}` : '';
    await fail('file', `there is no Dockerfile ${resolve(workspace, file)}${beside}`);
  }
}

/** What cannot be looked at is docker's to complain about. */
const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT' && code !== 'ENOTDIR',
  );
