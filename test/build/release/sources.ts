import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PUBLISHED_WORKFLOWS } from '../../../src/build/release/published.ts';

/** What a small repository of actions holds, as far as a release asks for it. */
export const FILES: Readonly<Record<string, string>> = {
  'action.yml': 'runs:\n  using: composite\n  steps:\n    - uses: org/deploy-actions/canary@v1\n',
  'README.md': '[canary](actions/canary/README.md), [how](CONTRIBUTING.md)\n',
  'CONTRIBUTING.md': 'How.\n',
  'CHANGELOG.md': '# Changelog\n\n## [Unreleased]\n\n## [0.0.1] - 2025-01-05\n\n- The first.\n',
  'package.json': '{}\n',
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

/** A repository and its remote, both on this machine. */
export class Sources {
  readonly home = mkdtempSync(join(tmpdir(), 'release-test-'));
  readonly remote = join(this.home, 'org/deploy-actions.git');
  readonly root = join(this.home, 'sources');

  /** @param checkout whose last commit they hold, without what came before it; by default the small ones above */
  constructor(version?: string, checkout?: string) {
    if (version === undefined) return;
    execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', this.remote]);
    execFileSync('git', ['clone', '--quiet', this.remote, this.root], { stdio: 'pipe' });
    if (checkout !== undefined) this.#unpack(checkout);
    this.change(checkout === undefined ? FILES : {});
    this.name(version);
  }

  /** The same, somewhere else. */
  copy(): Sources {
    const copy = new Sources();
    cpSync(this.home, copy.home, { recursive: true });
    copy.git('remote', 'set-url', 'origin', copy.remote);
    return copy;
  }

  /** Not by fetching it: what CI has checked out has no history, and so git takes it from nobody. */
  #unpack(checkout: string): void {
    const archive = join(this.home, 'checkout.tar');
    execFileSync('git', ['archive', '--output', archive, 'HEAD'], { cwd: checkout });
    execFileSync('tar', ['-xf', archive], { cwd: this.root });
    rmSync(archive);
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

  /** Says everywhere that the sources are those of a version; what stands below `[Unreleased]` becomes a part of it. */
  name(version: string): void {
    const name = version.slice(1);
    const described = JSON.parse(this.#read('package.json')) as object;
    this.change({
      'package.json': `${JSON.stringify({ ...described, version: name }, undefined, 2)}\n`,
      'CHANGELOG.md': this.#belowUnreleased(`## [${name}] - 2026-01-05\n\n- Something of ${name}.`),
    });
  }

  /** Commits a change that no version tells of. */
  leaveUnreleased(): void {
    this.change({ 'CHANGELOG.md': this.#belowUnreleased('- Something of the next version.') });
  }

  #belowUnreleased(text: string): string {
    return this.#read('CHANGELOG.md').replace(/^## \[Unreleased\]$/m, (heading) => `${heading}\n\n${text}`);
  }

  #read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
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
