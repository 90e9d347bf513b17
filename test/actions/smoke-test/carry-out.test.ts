import { describe, expect, test } from 'vitest';
import { carryOut } from '../../../src/actions/smoke-test/carry-out.ts';
import { readInputs } from '../../../src/actions/smoke-test/inputs.ts';
import { Report } from '../../../src/actions/smoke-test/report.ts';
import { scaledClock } from '../../../src/clock.ts';
import type { HttpAnswer, HttpFailure, HttpRequest } from '../../../src/smoke-test/exchange.ts';
import { SafeWords } from '../../../src/smoke-test/safe-words.ts';
import { Secrets } from '../../../src/smoke-test/secrets.ts';

/** Intervals of half a minute take 3 ms. */
const SCALE = 10_000;

type Reply = Partial<Omit<HttpAnswer, 'headers'>> & { readonly headers?: Readonly<Record<string, string>> };
type Server = (request: HttpRequest, nth: number) => Reply | HttpFailure | Promise<Reply>;

const down: HttpFailure = { kind: 'not-reached', message: 'it refuses connections', ms: 1 };

const isFailure = (reply: Reply | HttpFailure): reply is HttpFailure => 'kind' in reply;

/** Makes the requests of a list, and tells what came of it and what was sent. */
async function run(
  requests: string,
  server: Server,
  given: Readonly<Record<string, string>> = {},
  env: NodeJS.ProcessEnv = {},
  cancelled = new AbortController().signal,
) {
  const all: Readonly<Record<string, string>> = {
    url: 'https://shop.example.com',
    timeout: '50h',
    requests,
    ...given,
  };
  const inputs = await readInputs((name) => all[name] ?? '', '/', env);
  const clock = scaledClock(Date.now(), 0, SCALE);
  const words = new SafeWords(new Secrets(), inputs.secretHeaders);
  for (const [name, value] of inputs.environment) words.secrets.add(value, name);
  const sent: HttpRequest[] = [];
  const lines: string[] = [];
  const masks: string[] = [];
  const counts = new Map<string, number>();
  const results = await carryOut(inputs, {
    client: {
      async send(request) {
        cancelled.throwIfAborted();
        sent.push(request);
        const nth = (counts.get(request.url.href) ?? 0) + 1;
        counts.set(request.url.href, nth);
        const reply = await server(request, nth);
        cancelled.throwIfAborted();
        if (isFailure(reply)) return reply;
        const headers = new Map(Object.entries(reply.headers ?? {}).map(([name, value]) => [name, [value]]));
        return { status: 200, body: '', cut: false, ms: 5, remoteAddress: '192.0.2.1', ...reply, headers };
      },
    },
    clock,
    cancelled,
    words,
    mask: (secret) => masks.push(secret),
    say: (line) => lines.push(line),
    deadline: clock.now() + inputs.timeoutMs,
  });
  const report = new Report(results, words);
  const details = results.flatMap((result) => report.details(result));
  return {
    ends: results.map(({ request, outcome, attempts }) => `${request.name} ${outcome} ${attempts}`),
    sent,
    masks,
    details,
    report,
    /** All that anybody may read. */
    said: [...lines, ...details, report.results(), report.summary(undefined)].join('\n'),
  };
}

const order = (sent: readonly HttpRequest[]) => sent.map(({ method, url }) => `${method} ${url.pathname}`);

describe('a request', () => {
  test('is made again until it is answered as expected', async () => {
    const server: Server = (_, nth) => (nth < 3 ? { status: 503 } : { body: '{"status":"UP"}' });
    const { ends, said } = await run(
      '- name: health\n  path: /h\n  expect: { json: { status: UP } }',
      server,
    );
    expect(ends).toEqual(['health passed 3']);
    expect(said).toContain('health: attempt 1 of 10: status: expected 2xx, got 503; again in 30s');
  });

  test('is made no more often than is said', async () => {
    const { ends } = await run('- { name: a, path: /a, attempts: 3 }', () => ({ status: 500 }));
    expect(ends).toEqual(['a failed 3']);
  });

  test('is made no longer than the time for all of it', async () => {
    const given = { timeout: '100s', interval: '30s' };
    const { ends, details } = await run('- { name: a, path: /a }', () => down, given);
    expect(ends[0]).toMatch(/^a failed [1-4]$/);
    expect(details[0]).toContain(
      'not made again, because the time for all of it is up before the next attempt',
    );
  });

  test('with a wrong certificate is not made again', async () => {
    const server: Server = () => ({
      kind: 'certificate',
      message: 'shop.example.com has a certificate that has expired',
      ms: 1,
    });
    const { ends, details } = await run('- { name: a, path: /a }', server);
    expect(ends).toEqual(['a failed 1']);
    expect(details[0]).toContain('a wrong certificate does not mend itself');
    expect(details[1]).toBe('    request: shop.example.com has a certificate that has expired');
  });

  const POST = '- { name: a, path: /a, json: {}, retry: RETRY }';

  test.each<[string, Server, string]>([
    ['an answer that is not expected', () => ({ status: 500 }), 'a failed 1'],
    [
      'a connection that broke',
      () => ({ kind: 'unanswered', message: 'it closed the connection', ms: 1 }),
      'a failed 1',
    ],
    ['a refused connection', (_, nth) => (nth === 1 ? down : {}), 'a passed 2'],
  ])('that may not be idempotent ends with %s', async (_, server, end) => {
    expect((await run(POST.replace(', retry: RETRY', ''), server)).ends).toEqual([end]);
  });

  test('does as its retry says', async () => {
    const server: Server = (_, nth) => (nth === 1 ? { status: 500 } : {});
    expect((await run(POST.replace('RETRY', 'true'), server)).ends).toEqual(['a passed 2']);
    expect((await run('- { name: a, path: /a, retry: false }', server)).ends).toEqual(['a failed 1']);
  });

  test('with a redirected POST has reached a server, whatever the next one does', async () => {
    const server: Server = ({ url }) =>
      url.pathname === '/a' ? { status: 307, headers: { location: '/b' } } : down;
    expect((await run(POST.replace(', retry: RETRY', ''), server)).ends).toEqual(['a failed 1']);
  });
});

describe('requests', () => {
  test('that need nothing of each other are made side by side', async () => {
    let waiting = 0;
    const all = Promise.withResolvers<Reply>();
    const server: Server = () => {
      waiting++;
      if (waiting === 20) all.resolve({});
      return all.promise;
    };
    const list = Array.from({ length: 20 }, (_, index) => `- path: /${index}`).join('\n');
    const { ends } = await run(list, server);
    expect(ends).toHaveLength(20);
    expect(ends.every((end) => end.endsWith('passed 1'))).toBe(true);
  });

  test('are never more than fifty at once', async () => {
    let [now, most] = [0, 0];
    const server: Server = async () => {
      now++;
      most = Math.max(most, now);
      await new Promise((settle) => setImmediate(settle));
      now--;
      return {};
    };
    const list = Array.from({ length: 120 }, (_, index) => `- path: /${index}`).join('\n');
    expect((await run(list, server)).ends).toHaveLength(120);
    expect(most).toBe(50);
  });

  const LOGIN = `
- name: order
  path: /orders/\${id}?t=\${token}
  headers: { Authorization: "Bearer \${token}" }
  json: { id: "\${id}", note: "for \${id}" }
  expect: { status: 201, json: { id: "\${id}" } }
- name: login
  path: /login
  form: { user: me, password: "\${env.SMOKE_TEST_PASSWORD}" }
  capture:
    token: { json: access_token, secret: true }
    id: { json: user.id }
- name: after
  path: /after
  after: order
`;

  test('wait for the values of others, which come in with their types and encoded', async () => {
    const server: Server = ({ url, body = '' }) =>
      url.pathname === '/login'
        ? { body: '{"access_token":"t/k n","user":{"id":7}}' }
        : { status: url.pathname === '/after' ? 200 : 201, body };
    const { ends, sent, masks, said } = await run(LOGIN, server, {}, { SMOKE_TEST_PASSWORD: 'hunter2' });
    expect(ends).toEqual(['order passed 1', 'login passed 1', 'after passed 1']);
    expect(order(sent)).toEqual(['POST /login', 'POST /orders/7', 'GET /after']);
    expect(sent[0]?.body).toBe('user=me&password=hunter2');
    expect(sent[1]).toMatchObject({ body: '{"id":7,"note":"for 7"}' });
    expect(sent[1]?.url.search).toBe('?t=t%2Fk%20n');
    expect(sent[1]?.headers).toContainEqual(['Authorization', 'Bearer t/k n']);
    expect(masks).toContain('t/k n');
    expect(said).not.toMatch(/hunter2|t\/k n|t%2Fk/);
  });

  test('are left out when those that they need have failed, and no other is made again', async () => {
    const server: Server = ({ url }) => (url.pathname === '/login' ? { status: 401 } : { status: 503 });
    const { ends, details } = await run(
      `${LOGIN.replace('form:', 'attempts: 1\n  form:')}- { name: other, path: /other }\n`,
      server,
      {},
      { SMOKE_TEST_PASSWORD: 'hunter2' },
    );
    expect(ends.slice(0, 3)).toEqual(['order skipped 0', 'login failed 1', 'after skipped 0']);
    expect(ends[3]).toBe('other failed 1');
    expect(details).toContain(
      '✗ after (GET /after): not made, because it needs "order", which was not made either',
    );
    expect(details.join('\n')).toContain('not made again, because another request has failed for good');
  });

  test('end at once when the run is cancelled', async () => {
    const cancel = new AbortController();
    const server: Server = () => {
      cancel.abort();
      return { status: 503 };
    };
    const running = run('- { path: /a, interval: 10h }\n- { path: /b }', server, {}, {}, cancel.signal);
    await expect(running).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  });
});

describe('a redirect', () => {
  const to =
    (location: string, status = 302): Server =>
    ({ url }) =>
      url.pathname === '/a' ? { status, headers: { location } } : {};

  test('is followed on its host, with what was sent', async () => {
    const given = { headers: 'Authorization: Bearer hunter2' };
    const { ends, sent } = await run('- { name: a, path: /a }', to('/b'), given);
    expect(ends).toEqual(['a passed 1']);
    expect(sent[1]?.headers).toEqual([['Authorization', 'Bearer hunter2']]);
  });

  test('to another host is not followed, or only without secrets where that is asked for', async () => {
    const given = { headers: 'Authorization: Bearer hunter2\nX-Plain: 1', attempts: '1' };
    const list = '- { name: a, path: /a }';
    const { ends, details } = await run(list, to('https://evil.example.com/b'), given);
    expect(ends).toEqual(['a failed 1']);
    expect(details[2]).toBe(
      '    redirect: leads to https://evil.example.com/b, another host; follow-redirects: always follows it, without secrets',
    );
    const always = await run(list, to('https://evil.example.com/b'), {
      ...given,
      'follow-redirects': 'always',
    });
    expect(always.ends).toEqual(['a passed 1']);
    expect(always.sent[1]?.headers).toEqual([['X-Plain', '1']]);
  });

  test.each([
    ['https://evil.example.com/b', [['X-Plain', '1']]],
    [
      'https://shop.example.com/b',
      [
        ['Authorization', 'Bearer hunter2'],
        ['X-Plain', '1'],
      ],
    ],
  ])(
    'that a list follows itself, to %s, takes the secrets of all requests only to their host',
    async (next, headers) => {
      const list = `
- { name: a, path: /a, capture: { next: { json: next } } }
- { name: b, url: "\${next}" }
`;
      const given = { headers: 'Authorization: Bearer hunter2\nX-Plain: 1' };
      const { ends, sent } = await run(list, () => ({ body: JSON.stringify({ next }) }), given);
      expect(ends).toEqual(['a passed 1', 'b passed 1']);
      expect(sent[1]?.url.href).toBe(next);
      expect(sent[1]?.headers).toEqual(headers);
    },
  );

  test('that goes in a circle is left at last', async () => {
    const circle: Server = () => ({ status: 302, headers: { location: '/a' } });
    const { sent, details } = await run('- { name: a, path: /a, attempts: 1 }', circle);
    expect(sent).toHaveLength(6);
    expect(details[2]).toContain('after 5 redirects before it; more are not followed');
  });

  test('that is expected is the answer', async () => {
    const { ends, sent } = await run('- { name: a, path: /a, expect: 302 }', to('/b'));
    expect([ends, sent.length]).toEqual([['a passed 1'], 1]);
  });
});

describe('a failure', () => {
  test('shows what differs, what was answered, and how to ask again', async () => {
    const list = `
- name: order
  path: /orders
  json: { sku: "it's" }
  headers: { X-Api-Key: hunter2 }
  expect: { status: 201, json: { "items[0].id": 3 } }
`;
    const body = '{"items":[{"id":"3"}],"you sent":"hunter2"}\n::error::no command';
    const { details, report } = await run(list, () => ({
      status: 500,
      body,
      headers: { 'content-type': 'text/x' },
    }));
    expect(details).toEqual([
      '✗ order (POST https://shop.example.com/orders): failed after 1 attempt; not made again, because the server may have done already what POST asks for; retry: true makes it again',
      '    status: expected 201, got 500',
      '    body: is not JSON',
      expect.stringMatching(/^ {4}answer: 500 from 192\.0\.2\.1 in \S+, text\/x$/),
      '    body: {"items":[{"id":"3"}],"you sent":"***"} ::error::no command',
      `    again: curl -sS -i -g --compressed --max-time 10 -H 'X-Api-Key: '"$X_API_KEY" -H 'Content-Type: application/json' --data-raw '{"sku":"it'\\''s"}' https://shop.example.com/orders`,
    ]);
    expect(JSON.parse(report.results())).toMatchObject([
      {
        name: 'order',
        outcome: 'failed',
        attempts: 1,
        status: 500,
        problems: ['status: expected 201, got 500', 'body: is not JSON'],
      },
    ]);
  });

  test('to find a secret hides the whole answer', async () => {
    const list = `
- name: login
  path: /login
  attempts: 1
  expect: { json: { state: ok } }
  capture: { token: { json: token, secret: true } }
`;
    const body = '{"access_token":"hunter2","state":"hunter2"}';
    const { said } = await run(list, () => ({ body }));
    expect(said).toContain('capture token: the answer has no token');
    expect(said).toContain('body: not shown, because it may hold the secret that was not found');
    expect(said).not.toContain('hunter2');
  });

  test('of a header that is a secret does not show it', async () => {
    const list = '- { path: /a, attempts: 1, expect: { headers: { Set-Cookie: a, X-Own: b } } }';
    const reply = { headers: { 'set-cookie': 'sid=hunter2', 'x-own': 'hunter2' } };
    const { said } = await run(list, () => reply, { 'secret-headers': 'x-own' });
    expect(said).toContain('header X-Own: is not as expected; its value is a secret, and is not shown');
    expect(said).not.toContain('hunter2');
  });

  test('never shows half of a secret where a long value is cut', async () => {
    const secret = 'hunter2'.repeat(100);
    const list = `- { path: /a, attempts: 1, headers: { X-Token: ${secret} }, expect: { json: { a: x } } }`;
    const { said } = await run(list, () => ({ body: JSON.stringify({ a: secret }) }));
    expect(said).not.toContain('hunter');
  });

  test('to use a captured value is told', async () => {
    const list = `
- name: first
  path: /first
  capture: { next: { header: Location } }
- name: second
  url: \${next}
`;
    const { details } = await run(list, () => ({ headers: { location: 'ftp://x' } }));
    expect(details[1]).toBe('    request: is ftp://, which is not asked; write https:// or http://');
  });
});
