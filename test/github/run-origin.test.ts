import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { originOf } from '../../src/github/run-origin.ts';

const directory = mkdtempSync(join(tmpdir(), 'deploy-actions-origin-'));
afterAll(() => rmSync(directory, { recursive: true }));

const SHA = 'a'.repeat(40);
const ENV = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'org/web',
  GITHUB_RUN_ID: '7',
  GITHUB_WORKFLOW: 'Deploy',
  GITHUB_ACTOR: 'octocat',
  GITHUB_REF_NAME: 'main',
  GITHUB_SHA: SHA,
};

const originBy = (event: unknown, env: NodeJS.ProcessEnv = {}) => {
  const path = join(directory, 'event.json');
  writeFileSync(path, typeof event === 'string' ? event : JSON.stringify(event));
  return originOf({ ...ENV, GITHUB_EVENT_PATH: path, ...env });
};

it('tells the first line and the author of the commit that was pushed', async () => {
  const head_commit = { id: SHA, message: 'Sell more\r\n\r\nMuch more.', author: { name: 'Octo Cat' } };
  expect(await originBy({ head_commit })).toEqual({
    repository: 'org/web',
    ref: 'main',
    actor: 'octocat',
    workflow: 'Deploy',
    runUrl: 'https://github.com/org/web/actions/runs/7',
    commit: {
      sha: SHA,
      url: `https://github.com/org/web/commit/${SHA}`,
      subject: 'Sell more',
      author: 'Octo Cat',
    },
  });
});

it('tells nothing of a commit that is not the one of the run', async () => {
  const head_commit = { id: 'b'.repeat(40), message: 'Other', author: { name: 'Other' } };
  expect((await originBy({ head_commit })).commit).toMatchObject({
    sha: SHA,
    subject: undefined,
    author: undefined,
  });
});

it('tells of a pull request its branch, its head, its title and its author', async () => {
  const pull_request = { number: 3, title: 'More', user: { login: 'mona' }, head: { sha: 'c'.repeat(40) } };
  const { ref, commit } = await originBy(
    { pull_request },
    { GITHUB_HEAD_REF: 'more', GITHUB_REF_NAME: '3/merge' },
  );
  expect(ref).toBe('more');
  expect(commit).toMatchObject({ sha: 'c'.repeat(40), subject: 'More', author: 'mona' });
});

it('names who has started an attempt anew', async () => {
  expect((await originBy({}, { GITHUB_TRIGGERING_ACTOR: 'mona' })).actor).toBe('mona');
});

it.each([
  '',
  'no JSON',
  'null',
  '[]',
  '{"head_commit":null,"pull_request":null}',
  '{"head_commit":{"id":7}}',
])('does with what the run tells where the event is %j', async (event) => {
  expect((await originBy(event)).commit).toMatchObject({ sha: SHA, subject: undefined });
});

it('knows nothing outside of GitHub', async () => {
  const origin = await originOf({});
  expect(Object.values(origin).filter((each) => each !== undefined)).toEqual([]);
});
