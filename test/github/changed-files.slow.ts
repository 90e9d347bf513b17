import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { filesBetween, filesOfPullRequest, labelsOf } from '../../src/github/changed-files.ts';
import { check } from './description.ts';
import { startGithub } from './github-server.ts';

/** What the description asks of an answer, and nobody here reads. */
const UNREAD = /^GET \S+\/(pulls\/\{pull_number\}|compare\/\{basehead\}) 200: /;

test('changed files and labels are asked for as GitHub describes it', async () => {
  const files = Array.from({ length: 120 }, (_, index) => ({
    filename: `db/${index}.sql`,
    status: 'added' as const,
  }));
  const server = await startGithub({ files, labels: ['breaking-migration'], check });
  try {
    const access = {
      token: 'secret',
      env: { GITHUB_API_URL: server.url },
      clock: systemClock,
      signal: new AbortController().signal,
    };
    const place = { owner: 'org', repository: 'web' };
    const pullRequest = { ...place, number: 7, head: 'abc', fork: false };
    expect((await filesOfPullRequest(pullRequest, access)).paths).toHaveLength(120);
    expect((await filesBetween({ ...place, base: 'release/1', head: 'abc' }, access)).paths).toHaveLength(
      120,
    );
    expect(await labelsOf(pullRequest, access)).toEqual(['breaking-migration']);
    expect(server.problems.filter((problem) => !UNREAD.test(problem))).toEqual([]);
  } finally {
    await server.close();
  }
});
