import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { COMMENT_LIMIT, type Kept, keepComment } from '../../src/github/comment.ts';
import {
  BOT,
  type Exchange,
  type GithubOptions,
  type GithubServer,
  PERSON,
  startGithub,
} from './github-server.ts';

const NOW = Date.UTC(2026, 0, 5, 12);

/** Time that passes only where somebody waits. */
function patientClock(): Clock & { readonly waited: () => number } {
  let now = NOW;
  return {
    scale: 1,
    now: () => now,
    async sleep(ms) {
      now += ms;
    },
    waited: () => now - NOW,
  };
}

/** What keeping a comment does, on a server whose every exchange `check` looks at. */
export function describeComments(check?: (exchange: Exchange) => readonly string[]): void {
  const onGithub = async (
    options: GithubOptions,
    play: (
      server: GithubServer,
      keep: (markdown: string, more?: { run?: number; key?: string; token?: string }) => Promise<Kept>,
      clock: ReturnType<typeof patientClock>,
    ) => Promise<void>,
  ): Promise<void> => {
    const server = await startGithub({ ...options, ...(check && { check }) });
    const clock = patientClock();
    const pullRequest = { owner: 'org', repository: 'web', number: 7, head: 'abc', fork: false };
    try {
      await play(
        server,
        (markdown, { run = 100, key = 'prod/web', token = 'secret' } = {}) =>
          keepComment(
            { pullRequest, key, markdown, run },
            { token, env: { GITHUB_API_URL: server.url }, clock, signal: new AbortController().signal },
          ),
        clock,
      );
      expect(server.problems).toEqual([]);
    } finally {
      await server.close();
    }
  };
  const kinds = (server: GithubServer) => server.calls.map((call) => call.split(' ')[0]);
  const changes = (server: GithubServer) => kinds(server).filter((kind) => /PATCH|DELETE/.test(kind ?? ''));

  describe.concurrent('a comment', () => {
    test('is made once, and brought up to date by later runs', async () => {
      await onGithub({}, async (server, keep) => {
        expect(await keep('one')).toEqual({
          kind: 'created',
          url: 'https://github.com/org/web/pull/7#issuecomment-1001',
        });
        expect(await keep('two', { run: 101 })).toMatchObject({ kind: 'updated' });
        expect(server.comments).toHaveLength(1);
        expect(server.comments[0]?.body).toMatch(/^<!-- .* -->\ntwo$/);
      });
    });

    test('may be as long as GitHub takes, under any title', async () => {
      await onGithub({}, async (server, keep) => {
        const key = '\u{20ac}'.repeat(100);
        expect(await keep('x'.repeat(COMMENT_LIMIT), { key })).toMatchObject({ kind: 'created' });
        expect(server.comments[0]?.body.length).toBeLessThanOrEqual(65_536);
      });
    });

    test('that says the same already is left alone', async () => {
      await onGithub({}, async (server, keep) => {
        await keep('one');
        for (const comment of server.comments) comment.body = comment.body.replaceAll('\n', '\r\n');
        expect(await keep('one')).toMatchObject({ kind: 'unchanged' });
        expect(changes(server)).toEqual([]);
      });
    });

    test('is found behind pages of others', async () => {
      await onGithub({}, async (server, keep) => {
        for (let index = 0; index < 120; index++) server.add(PERSON, `remark ${index}`);
        await keep('one');
        for (let index = 0; index < 120; index++) server.add(PERSON, `remark ${index}`);
        expect(await keep('two')).toMatchObject({ kind: 'updated' });
        expect(server.comments).toHaveLength(241);
      });
    });

    test('stands beside those with other keys, of which one begins as it does', async () => {
      await onGithub({}, async (server, keep) => {
        await keep('one', { key: 'prod/web' });
        await keep('two', { key: 'prod/web-admin' });
        await keep('three', { key: 'prod/web--> @all' });
        expect(await keep('four', { key: 'prod/web' })).toMatchObject({ kind: 'updated' });
        expect(server.comments.map(({ body }) => body.split('\n')[1])).toEqual(['four', 'two', 'three']);
        expect(server.comments[2]?.body.split('\n')[0]).not.toContain('@all');
      });
    });

    test('of somebody else is never touched, even with our mark in it', async () => {
      await onGithub({}, async (server, keep) => {
        await keep('one');
        const stolen = server.comments[0]?.body ?? '';
        server.add(PERSON, stolen);
        await keep('two');
        expect(server.comments.map(({ author, body }) => [author.login, body.split('\n')[1]])).toEqual([
          [BOT.login, 'two'],
          [PERSON.login, 'one'],
        ]);
      });
    });

    test('that quotes the mark further down is not the one', async () => {
      await onGithub({}, async (server, keep) => {
        await keep('one');
        const quoted = server.add(BOT, `> ${server.comments[0]?.body}`);
        await keep('two');
        expect(quoted.body).toContain('one');
      });
    });

    test('of a run that began later stands', async () => {
      await onGithub({}, async (server, keep) => {
        await keep('new', { run: 200 });
        expect(await keep('old', { run: 199 })).toMatchObject({ kind: 'stands' });
        expect(server.comments[0]?.body).toContain('new');
      });
    });

    test.each([
      ['before', 99, 'ours'],
      ['after', 101, 'other'],
    ])(
      'is one in the end when a run that began %s made its own at the same moment',
      async (_, other, stays) => {
        const before = (method: string, server: GithubServer) => {
          // Between our look and our comment.
          if (method === 'POST' && server.comments.length === 0) {
            server.add(BOT, `<!-- deploy-actions plan prod%2Fweb run=${other} -->\nother`);
          }
        };
        await onGithub({ before }, async (server, keep) => {
          expect(await keep('ours')).toMatchObject({ kind: stays === 'ours' ? 'created' : 'stands' });
          expect(server.comments.map(({ body }) => body.split('\n')[1])).toEqual([stays]);
        });
      },
    );

    test('gives way when a run that began later makes its own right after it', async () => {
      let done = false;
      const before = (method: string, server: GithubServer) => {
        if (method === 'GET' && server.comments.length === 1 && !done) {
          done = true;
          server.add(BOT, '<!-- deploy-actions plan prod%2Fweb run=101 -->\nother');
        }
      };
      await onGithub({ before }, async (server, keep) => {
        expect(await keep('ours')).toMatchObject({ kind: 'stands' });
        expect(server.comments.map(({ body }) => body.split('\n')[1])).toEqual(['other']);
      });
    });

    test('that is deleted while it is brought up to date is made anew', async () => {
      const before = (method: string, server: GithubServer) => {
        if (method === 'PATCH') (server.comments as unknown[]).length = 0;
      };
      await onGithub({ before }, async (server, keep) => {
        await keep('one');
        expect(await keep('two')).toMatchObject({ kind: 'created' });
        expect(server.comments).toHaveLength(1);
      });
    });
  });

  describe.concurrent('a token', () => {
    const tokens = {
      secret: BOT,
      reader: { ...BOT, may: 'read' },
      stranger: { ...BOT, may: 'nothing' },
    } as const;

    test.each([
      ['may only read', 'reader', 'Resource not accessible by integration'],
      ['does not see the repository', 'stranger', 'Not Found'],
      ['is none', 'wrong', 'Bad credentials'],
    ])('that %s gets no comment, and the reason', async (_, token, why) => {
      await onGithub({ tokens }, async (server, keep) => {
        const kept = await keep('one', { token });
        expect(kept).toMatchObject({ kind: 'refused', forbidden: true });
        expect(kept).toHaveProperty('why', expect.stringContaining(why));
        expect(server.comments).toEqual([]);
      });
    });
  });

  describe.concurrent('trouble with GitHub', () => {
    test.each([
      ['an outage while looking', 'GET', { kind: 'outage' }],
      ['an outage while writing', 'POST', { kind: 'outage' }],
      ['a broken connection', 'POST', { kind: 'cut' }],
      ['a rate limit that says when to come back', 'POST', { kind: 'retry-after', status: 429, seconds: 7 }],
      ['a rate limit that says so as 403', 'POST', { kind: 'retry-after', status: 403, seconds: 7 }],
      ['a rate limit that ends soon', 'GET', { kind: 'rate-limit', resetAt: NOW + 20_000 }],
    ] as const)('%s is waited out', async (_, method, fault) => {
      await onGithub({ faults: [[method, fault]] }, async (server, keep, clock) => {
        expect(await keep('one')).toMatchObject({ kind: 'created' });
        const least = fault.kind === 'retry-after' ? 7_000 : fault.kind === 'rate-limit' ? 20_000 : 1;
        expect(clock.waited()).toBeGreaterThanOrEqual(least);
        expect(server.comments).toHaveLength(1);
      });
    });

    test('an answer that is lost leads to no second comment', async () => {
      await onGithub({ faults: [['POST', { kind: 'lost-answer' }]] }, async (server, keep) => {
        await keep('one');
        expect(server.comments).toHaveLength(1);
      });
    });

    test('a rate limit that lasts long is not waited for', async () => {
      const faults = [['GET', { kind: 'rate-limit', resetAt: NOW + 3_600_000 }]] as const;
      await onGithub({ faults }, async (server, keep, clock) => {
        const kept = await keep('one');
        expect(kept).toMatchObject({ kind: 'refused', forbidden: false });
        expect(clock.waited()).toBe(0);
        expect(server.calls).toHaveLength(1);
      });
    });

    test('an outage that lasts ends in a reason, not in an error', async () => {
      const faults = Array.from({ length: 20 }, () => ['GET', { kind: 'outage' }] as const);
      await onGithub({ faults }, async (_server, keep, clock) => {
        expect(await keep('one')).toMatchObject({ kind: 'refused', forbidden: false });
        expect(clock.waited()).toBeLessThan(120_000);
      });
    });

    test('a conversation that is locked is no matter of the token', async () => {
      await onGithub({ faults: [['POST', { kind: 'locked' }]] }, async (server, keep) => {
        expect(await keep('one')).toMatchObject({ kind: 'refused', forbidden: false });
        expect(server.calls).toHaveLength(2);
      });
    });
  });
}
