import { createServer } from 'node:http';
import { type AddressInfo, createServer as createListener } from 'node:net';
import { expect, test } from 'vitest';
import { type GithubAccess, openGithub, patiently } from '../../src/github/api.ts';
import { isForbidden, noAnswer, pauseAfter, wordsOf } from '../../src/github/api-failure.ts';
import { keepComment } from '../../src/github/comment.ts';

/** A port of this machine that nobody listens on. */
async function closedPort(): Promise<number> {
  const listener = createListener();
  await new Promise<void>((listening) => void listener.listen(0, '127.0.0.1', listening));
  const { port } = listener.address() as AddressInfo;
  await new Promise((closed) => void listener.close(closed));
  return port;
}

const waits: number[] = [];
const accessTo = (url: string, signal = new AbortController().signal): GithubAccess => ({
  token: 'secret',
  env: { GITHUB_API_URL: url },
  clock: {
    scale: 1,
    now: () => 0,
    sleep: async (ms) => void waits.push(ms),
  },
  signal,
});

const failureOf = (access: GithubAccess): Promise<unknown> =>
  openGithub(access)
    .request('GET /repos/{owner}/{repo}', { owner: 'org', repo: 'web' })
    .then(
      () => undefined,
      (error: unknown) => error,
    );

test('a refused connection is told as that, and tried again as before', async () => {
  const port = await closedPort();
  const access = accessTo(`http://127.0.0.1:${port}`);
  const error = await failureOf(access);
  expect(wordsOf(error)).toBe(`no answer from GitHub: connect ECONNREFUSED 127.0.0.1:${port}`);
  expect(pauseAfter(error, 1, 0, false)).toBe(1_000);
  expect(isForbidden(error)).toBe(false);
  waits.length = 0;
  await expect(patiently(access, () => openGithub(access).request('GET /user'))).rejects.toThrow(
    'no answer from GitHub: connect ECONNREFUSED',
  );
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
});

test('a comment that could not be kept says why, without a status that nobody has answered', async () => {
  const port = await closedPort();
  const pullRequest = { owner: 'org', repository: 'web', number: 7, head: 'abc', fork: false };
  const kept = await keepComment(
    { pullRequest, key: 'prod/web', markdown: 'plan', run: 1 },
    accessTo(`http://127.0.0.1:${port}`),
  );
  expect(kept).toEqual({
    kind: 'refused',
    forbidden: false,
    why: `no answer from GitHub: connect ECONNREFUSED 127.0.0.1:${port}`,
  });
});

test('a connection that breaks off is told as that; an answer has its status', async () => {
  const server = createServer((request, answer) => {
    if (request.url === '/cut/repos/org/web') request.socket.destroy();
    else answer.writeHead(502, { 'content-type': 'application/json' }).end('{"message":"Server Error"}');
  });
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(wordsOf(await failureOf(accessTo(`${url}/cut`)))).toBe('no answer from GitHub: other side closed');
  expect(wordsOf(await failureOf(accessTo(url)))).toBe('Server Error (502)');
  server.close();
});

test('a run that ends is no missing answer', async () => {
  const ended = await failureOf(
    accessTo(`http://127.0.0.1:${await closedPort()}`, AbortSignal.abort(new Error('SIGINT'))),
  );
  expect(wordsOf(ended)).toBe('SIGINT');
});

test.each([
  // Node.js tries each address of a name; the error of all of them has no message.
  [
    new TypeError('fetch failed', {
      cause: new AggregateError([
        new Error('connect ECONNREFUSED ::1:443'),
        new Error('connect ECONNREFUSED 127.0.0.1:443'),
      ]),
    }),
    'connect ECONNREFUSED ::1:443, connect ECONNREFUSED 127.0.0.1:443',
  ],
  [
    new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND api.github.com') }),
    'getaddrinfo ENOTFOUND api.github.com',
  ],
  [
    new DOMException('The operation was aborted due to timeout', 'TimeoutError'),
    'The operation was aborted due to timeout',
  ],
  ['offline', 'offline'],
])('the reason of no answer stands in its causes: %s', (error, reason) => {
  expect(noAnswer(error)).toBe(`no answer from GitHub: ${reason}`);
});
