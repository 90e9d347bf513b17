import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PUBLISHED_WORKFLOWS } from '../../../src/build/release/published.ts';

/** What a small repository of actions holds, as far as a release asks for it. */
export const FILES: Readonly<Record<string, string>> = {
  'action.yml': 'runs:\n  using: composite\n  steps:\n    - uses: org/deploy-actions/canary@v1\n',
  'README.md': '[canary](actions/canary/README.md), [how](CONTRIBUTING.md)\n',
  'CONTRIBUTING.md': 'How.\n',
  LICENSE: 'MIT\n',
  'actions/canary/action.yml': 'runs:\n  using: node24\n  main: ../../dist/canary/main.js\n',
  'actions/canary/README.md': 'Back to [all](../../README.md).\n',
  'dist/canary/main.js': 'run()\n',
  'src/main.ts': 'export {};\n',
  '.github/workflows/ci.yml': 'on: push\n',
  ...Object.fromEntries(
    PUBLISHED_WORKFLOWS.map((name) => [
      `.github/workflows/${name}.yml`,
      'jobs:\n  a:\n    uses: org/deploy-actions/.github/workflows/deploy.yml@v1\n',
    ]),
  ),
};

const changelog = (version: string): string =>
  `# Changelog\n\n## [Unreleased]\n\n## [${version}] - 2026-01-05\n\n- Something of ${version}.\n\n## [0.0.1] - 2025-01-05\n\n- The first.\n`;

/** A repository and its remote, both on this machine. */
export class Sources {
  readonly home = mkdtempSync(join(tmpdir(), 'release-test-'));
  readonly remote = join(this.home, 'org/deploy-actions.git');
  readonly root = join(this.home, 'sources');

  constructor(version?: string) {
    if (version === undefined) return;
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', this.remote]);
    execFileSync('git', ['clone', '--quiet', this.remote, this.root], { stdio: 'pipe' });
    this.change(FILES);
    this.name(version);
  }

  /** The same, somewhere else. */
  copy(): Sources {
    const copy = new Sources();
    cpSync(this.home, copy.home, { recursive: true });
    copy.git('remote', 'set-url', 'origin', copy.remote);
    return copy;
  }

  git(...args: readonly string[]): string {
    const who = ['-c', 'user.name=Test', '-c', 'user.email=test@localhost'];
    return execFileSync('git', [...who, ...args], { cwd: this.root, encoding: 'utf8', stdio: 'pipe' }).trim();
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      writeFileSync(join(this.root, path), text);
    }
  }

  /** Commits files on main, and pushes them. */
  change(files: Readonly<Record<string, string>>): void {
    this.write(files);
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', 'Change');
    this.git('push', '--quiet', 'origin', 'HEAD:main');
  }

  /** Says everywhere that the sources are those of a version. */
  name(version: string): void {
    const name = version.slice(1);
    this.change({
      'package.json': `${JSON.stringify({ version: name })}\n`,
      'CHANGELOG.md': changelog(name),
    });
  }

  /** The tags of the remote repository, by name. */
  tags(): Readonly<Record<string, string>> {
    const lines = this.git('ls-remote', '--tags', this.remote).split('\n').filter(Boolean);
    return Object.fromEntries(
      lines.map((line) => {
        const [commit = '', name = ''] = line.split('\t');
        return [name.replace('refs/tags/', ''), commit];
      }),
    );
  }

  end(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
