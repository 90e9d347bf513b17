import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeployError } from '../../errors.ts';

/** A tag of the remote repository. */
export interface RemoteTag {
  /** What the tag itself is, which a lease names. */
  readonly object: string;
  /** The commit that it leads to. */
  readonly commit: string;
}

export interface ReleaseCommit {
  /** A directory that holds the tree. */
  readonly tree: string;
  /** The commit of the sources, its parent. */
  readonly source: string;
  readonly version: string;
}

/** What a release asks of git. */
export interface Git {
  head(): string;
  remoteTags(): ReadonlyMap<string, RemoteTag>;
  /** Makes a commit, the same one each time: its time is that of the sources. */
  commit(release: ReleaseCommit): string;
  /** Packs the tree of a commit as `.tar.gz`. */
  archive(commit: string, prefix: string, file: string): void;
  /**
   * Puts a tag of the remote repository on a commit.
   *
   * @param expected what it is on now; `undefined` when it is not there. It stays as it is when that is not so.
   */
  push(tag: string, commit: string, expected: string | undefined): void;
}

/** Who makes the commits and tags: GitHub's own account for workflows. */
const AUTHOR = {
  NAME: 'github-actions[bot]',
  EMAIL: '41898282+github-actions[bot]@users.noreply.github.com',
};

/**
 * Git in a checkout.
 *
 * @param remote the address of the remote repository, or its path
 * @param token of GitHub; handed on in the environment, where no list of processes shows it
 */
export function openGit(root: string, remote: string, token?: string): Git {
  const access = token && remote.startsWith('https://') ? credentials(remote, token) : {};
  const git = (args: readonly string[], env: NodeJS.ProcessEnv = {}): string =>
    execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  return {
    head: () => git(['rev-parse', 'HEAD']).trim(),

    remoteTags() {
      const tags = new Map<string, RemoteTag>();
      for (const line of git(['ls-remote', '--tags', remote], access).split('\n')) {
        const [, object, name, peeled] = /^(\w+)\trefs\/tags\/(.+?)(\^\{\})?$/.exec(line) ?? [];
        if (object === undefined || name === undefined) continue;
        tags.set(name, { object: (peeled && tags.get(name)?.object) || object, commit: object });
      }
      return tags;
    },

    commit({ tree, source, version }) {
      const scratch = mkdtempSync(join(tmpdir(), 'release-index-'));
      try {
        const index = { GIT_INDEX_FILE: join(scratch, 'index') };
        // Bytes as they are, whatever this machine's own settings say.
        const plain = ['-c', 'core.autocrlf=false', '-c', 'core.fileMode=true'];
        git([...plain, '--work-tree', tree, 'add', '--all', '--force', '.'], index);
        const id = git(['write-tree'], index).trim();
        const date = git(['show', '--no-patch', '--format=%ct', source]).trim();
        const by = Object.fromEntries(
          ['AUTHOR', 'COMMITTER'].flatMap((role) => [
            ...Object.entries(AUTHOR).map(([key, value]) => [`GIT_${role}_${key}`, value]),
            [`GIT_${role}_DATE`, `${date} +0000`],
          ]),
        );
        const message = `Release ${version}\n\nWhat users of ${version} get, staged from the sources at ${source}.`;
        return git(['commit-tree', id, '-p', source, '-m', message], by).trim();
      } finally {
        rmSync(scratch, { recursive: true });
      }
    },

    archive(commit, prefix, file) {
      git(['archive', '--format=tar.gz', `--prefix=${prefix}/`, `--output=${file}`, commit]);
    },

    push(tag, commit, expected) {
      const reference = `refs/tags/${tag}`;
      const lease = `--force-with-lease=${reference}:${expected ?? ''}`;
      try {
        git(['push', '--quiet', lease, remote, `${commit}:${reference}`], access);
      } catch (error) {
        throw new DeployError(`the tag ${tag} was not pushed: ${said(error)}`, { cause: error });
      }
    },
  };
}

/** As actions/checkout hands a token to git. */
function credentials(remote: string, token: string): NodeJS.ProcessEnv {
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${new URL(remote).origin}/.extraheader`,
    GIT_CONFIG_VALUE_0: `AUTHORIZATION: basic ${basic}`,
  };
}

const said = (error: unknown): string => {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return text.trim().replace(/\s*\n\s*/g, '; ');
};
