import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkouts, committedAt } from '../../src/actions/commit.ts';

let workspace: string;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'deploy-actions-checkout-'));
});
afterEach(() => rmSync(workspace, { recursive: true }));

const git = (...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
    cwd: workspace,
    encoding: 'utf8',
  }).trim();

function commit(text: string): string {
  writeFileSync(join(workspace, 'file'), text);
  git('add', '.');
  git('commit', '--quiet', '--message', text);
  return git('rev-parse', 'HEAD');
}

const REF = 'refs/tags/v1.2.3';

describe('what is built is of', () => {
  it("the run's commit and tag where that is checked out, in every directory of it", async () => {
    git('init', '--quiet');
    const sha = commit('one');
    mkdirSync(join(workspace, 'api'));
    const told: string[] = [];
    const commitAt = checkouts({ GITHUB_SHA: sha, GITHUB_REF: REF }, workspace, (text) => told.push(text));
    expect(await commitAt('.')).toEqual({ sha, ref: REF });
    expect(await commitAt('api')).toEqual({ sha, ref: REF });
    expect(told).toEqual([]);
    expect(await committedAt(sha, workspace)).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('another commit where another one is checked out, and that is told once', async () => {
    git('init', '--quiet');
    const ours = commit('one');
    const theirs = commit('two');
    const told: string[] = [];
    const commitAt = checkouts({ GITHUB_SHA: ours, GITHUB_REF: REF }, workspace, (text) => told.push(text));
    expect(await commitAt('.')).toEqual({ sha: theirs, ref: '' });
    await commitAt('.');
    expect(told).toEqual([expect.stringContaining(`The checkout is commit ${theirs}`)]);
  });

  it("the run's commit where there is no checkout, no directory or an address", async () => {
    const commitAt = checkouts({ GITHUB_SHA: 'abc', GITHUB_REF: REF }, workspace, () => undefined);
    for (const directory of ['.', 'nowhere', 'https://github.com/org/shop.git#main']) {
      expect(await commitAt(directory)).toEqual({ sha: 'abc', ref: REF });
    }
    expect(await committedAt('abc', workspace)).toBeUndefined();
  });
});
