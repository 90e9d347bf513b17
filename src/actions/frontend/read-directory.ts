import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { ConfigError, DeployError, type Problem } from '../../errors.ts';
import { ENTRY_PAGE } from '../../frontend/entry.ts';
import { judge } from '../../frontend/publishable.ts';
import { inParallel } from '../../registry/in-parallel.ts';

/** One file of the build folder. */
export interface BuiltFile {
  /** Below the folder, with `/` between directories. */
  readonly path: string;
  /** Of its bytes, in hex. */
  readonly sha256: string;
  readonly size: number;
}

/** What is to be published, and what stays where it is. */
export interface Inventory {
  /** In the order of their paths. */
  readonly files: readonly BuiltFile[];
  readonly skipped: readonly string[];
  /** Of those, what looks like a secret. */
  readonly secrets: readonly string[];
  /** The bytes of a file, by its path. */
  read(path: string): Promise<Uint8Array>;
}

/** Files that are read side by side. */
const WIDTH = 32;
/** Node.js reads no file into memory that is larger. */
const LARGEST = 2 ** 31 - 1;
const MOST_PROBLEMS = 10;

/**
 * Everything in a build folder with the hash of its content; times of files play no part.
 *
 * @param prefix below which it goes
 * @throws ConfigError where there is no such folder in the workspace, it has no index.html, or something in it cannot
 *   be read or published
 */
export async function readDirectory(workspace: string, name: string, prefix: string): Promise<Inventory> {
  const directory = resolve(workspace, name);
  // By its name: the folder may be a link to where the build tool keeps its files.
  if (relative(workspace, directory).split(sep)[0] === '..') {
    throw wrong(`"${name}" is outside of the workspace; give the folder of the build, such as dist`);
  }
  const root = await realpath(directory).catch(() => undefined);
  if (root === undefined || !(await stat(root)).isDirectory()) {
    throw wrong(`there is no folder "${name}" in the workspace; the build has to run before this step`);
  }
  const problems: Problem[] = [];
  const found: string[] = [];
  const skipped: string[] = [];
  const secrets: string[] = [];
  const walk = async (below: string): Promise<void> => {
    const entries = await readable(below || name, () => readdir(join(root, below), { withFileTypes: true }));
    for (const entry of entries) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      const judgement = judge(path, prefix);
      if (judgement.kind === 'skip') {
        (judgement.secret ? secrets : skipped).push(path);
        continue;
      }
      const why =
        judgement.kind === 'refuse'
          ? judgement.why
          : entry.isSymbolicLink()
            ? await linkProblem(root, path)
            : undefined;
      if (why !== undefined)
        problems.push({ input: 'directory', message: `${JSON.stringify(path)}: ${why}` });
      else if (entry.isDirectory()) await walk(path);
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(path);
      else skipped.push(path);
    }
  };
  await walk('');
  if (problems.length > 0) throw new ConfigError(problems.slice(0, MOST_PROBLEMS));
  if (found.length === 0) throw wrong(`the folder "${name}" is empty; the build has to run before this step`);
  if (!found.includes(ENTRY_PAGE)) {
    throw wrong(
      `the folder "${name}" has no ${ENTRY_PAGE}, and ${found.length} other ${found.length === 1 ? 'file' : 'files'}; give the folder that has it, such as dist/app/browser`,
    );
  }
  const files: BuiltFile[] = [];
  await inParallel(found, WIDTH, async (path) => {
    const { size } = await readable(path, () => stat(join(root, path)));
    if (size > LARGEST)
      throw wrong(`"${path}" is larger than 2 GiB; put such a file into the bucket by itself`);
    files.push({ path, size, sha256: await readable(path, () => hashOf(join(root, path), size)) });
  });
  return {
    files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    skipped,
    secrets,
    read: (path) =>
      readFile(join(root, path)).catch((cause: unknown) => {
        const why = `${JSON.stringify(path)} of "${name}" could be read before, and cannot any more: ${codeOf(cause)}`;
        throw new DeployError(why, { cause });
      }),
  };
}

/** Files that are larger are not read whole only to be hashed. */
const LARGE = 16 * 1024 * 1024;

async function hashOf(file: string, size: number): Promise<string> {
  const hash = createHash('sha256');
  if (size <= LARGE) hash.update(await readFile(file));
  else for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

/** @throws ConfigError that names the file, where the system does not let it be read */
async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const fix = 'the user that this job runs as has to be able to read all of the folder';
    const message = `${JSON.stringify(path)} cannot be read: ${codeOf(cause)}; ${fix}`;
    throw new ConfigError({ input: 'directory', message }, { cause });
  }
}

/** Such as `EACCES`; the rest of the message tells the machine's paths. */
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

const wrong = (message: string): ConfigError => new ConfigError({ input: 'directory', message });

/** A link to a file of the folder stands for it; any other leads to what was not built. */
async function linkProblem(root: string, path: string): Promise<string | undefined> {
  const target = await realpath(join(root, path)).catch(() => undefined);
  if (target === undefined) return 'is a link that leads nowhere';
  if (relative(root, target).split(sep)[0] === '..' || !target.startsWith(root + sep))
    return 'is a link out of the folder; put the file itself there';
  const inside = relative(root, target).split(sep).join('/');
  if (judge(inside, '').kind !== 'publish') return 'is a link to a file that is not published';
  return (await stat(target)).isDirectory() ? 'is a link to a directory; put the files there' : undefined;
}
