import { describe, expect, test } from 'vitest';
import { commitIn } from '../../src/incidents/commit-tags.ts';
import { type Past, sidesOf, timesOf, withEcs } from '../../src/incidents/from-ecs.ts';
import { boundedExcerpt, withoutValues } from '../../src/incidents/log-lines.ts';
import { entryMark, issueMark, readEntry } from '../../src/incidents/marks.ts';
import { readRecord } from '../../src/incidents/recorded.ts';

describe('the commit of an image', () => {
  const SHA = '5d41402abc4b2a76b9719d911017c592ae5f1c3d';
  test.each([
    [['latest', SHA], SHA],
    [[`api-${SHA}`, '1.2.3'], SHA],
    [['sha-5d41402'], '5d41402'],
    [['1.2', '1.2.3', 'latest'], 'v1.2.3'],
    [['api-1.2.3-rc.1'], 'v1.2.3-rc.1'],
    [['20260105', 'deadbeef', 'latest', 'main'], undefined],
    [[], undefined],
  ])('with the tags %j is %s', (tags, commit) => {
    expect(commitIn(tags)).toBe(commit);
  });
});

describe('which revision failed', () => {
  const past: Past = {
    runs: 'web:1',
    history: [
      { runs: 'web:1', status: 'SUCCESSFUL', startedAt: 3_000 },
      { runs: 'web:2', status: 'SUCCESSFUL', startedAt: 2_000 },
      { runs: 'web:1', status: 'SUCCESSFUL', startedAt: 1_000 },
    ],
    events: [
      { at: 3_500, text: '(service web) (deployment ecs-svc/2) deployment completed.' },
      { at: 1_500, text: '(service web) (deployment ecs-svc/1) deployment completed.' },
    ],
  };
  const nobody = { failed: undefined, good: undefined };

  test('is the one before the one that runs, after a rollback', () => {
    expect(sidesOf('rolled-back', nobody, past)).toEqual({ failed: 'web:2', good: 'web:1' });
    expect(timesOf('rolled-back', past, 'web:2', [])).toEqual({ at: 3_000, atIs: 'known', backAt: 3_500 });
  });

  test('is the one that runs, where nothing was rolled back', () => {
    const still = { ...past, runs: 'web:2', history: past.history.slice(1) };
    expect(sidesOf('failed', nobody, still)).toEqual({ failed: 'web:2', good: 'web:1' });
    expect(timesOf('failed', still, 'web:2', []).at).toBeUndefined();
  });

  test('is not told of a canary, nor when it was taken back: that was no deployment of the service', () => {
    const forward = {
      ...past,
      runs: 'web:2',
      history: past.history.slice(1),
    };
    expect(sidesOf('rolled-back', nobody, forward)).toEqual({ failed: undefined, good: 'web:2' });
    const times = (tasks: Parameters<typeof timesOf>[3]) => timesOf('rolled-back', forward, 'web:3', tasks);
    expect(times([])).toEqual({ at: undefined, atIs: 'about', backAt: undefined });
    expect(times([{ createdAt: 70_000, stoppedAt: 80_000 }, { createdAt: 71_000 }])).toEqual({
      at: 80_000,
      atIs: 'about',
      backAt: undefined,
    });
  });

  test('when a canary of a revision was taken back is not when the service was, earlier', () => {
    const tasks = [{ createdAt: 90_000, stoppedAt: 95_000 }];
    expect(timesOf('rolled-back', past, 'web:2', tasks)).toMatchObject({ at: 95_000, atIs: 'about' });
    const refreshed = {
      ...past,
      history: [{ runs: 'web:1', status: 'SUCCESSFUL', startedAt: 99_000 }, ...past.history],
    };
    expect(timesOf('rolled-back', refreshed, 'web:2', []).at).toBe(3_000);
  });

  test('is the one that ECS has taken back by itself, without a deployment of its own for that', () => {
    const byEcs = {
      ...past,
      history: [
        { runs: 'web:2', status: 'ROLLBACK_SUCCESSFUL', startedAt: 2_000 },
        { runs: 'web:1', status: 'SUCCESSFUL', startedAt: 1_000 },
      ],
    };
    expect(sidesOf('rolled-back', nobody, byEcs)).toEqual({ failed: 'web:2', good: 'web:1' });
    expect(timesOf('rolled-back', byEcs, 'web:2', []).at).toBeUndefined();
  });

  test('is the other one, where the outputs of rollback were given as they are called', () => {
    expect(sidesOf('rolled-back', { failed: 'web:1', good: 'web:2' }, past)).toEqual({
      failed: 'web:2',
      good: 'web:1',
    });
  });

  test('is what was said, where ECS says nothing', () => {
    expect(sidesOf('rolled-back', { failed: 'web:9', good: undefined }, undefined)).toEqual({
      failed: 'web:9',
      good: undefined,
    });
  });

  test('ECS tells what happened where no record does, and only what was near', () => {
    const moments = withEcs([], [], { ...past, history: past.history }, 10_000_000);
    expect(moments).toEqual([]);
    const near = withEcs([], [], past, 3_000).map(({ text }) => text);
    expect(near).toContain('ECS began to deploy web:2 (successful)');
    expect(withEcs([{ at: 1, text: 'recorded' }], [], past, 3_000)).toEqual([{ at: 1, text: 'recorded' }]);
  });
});

describe('log lines', () => {
  const definition = {
    family: 'web',
    containerDefinitions: [
      {
        name: 'web',
        image: 'web',
        environment: [
          { name: 'DATABASE_URL', value: 'postgres://web:hunter22@db/web' },
          { name: 'PASSWORD', value: 'hunter22' },
          { name: 'NODE_ENV', value: 'production' },
          { name: 'PORT', value: '8080' },
        ],
      },
    ],
  };

  test('are told without the values of variables, and with ordinary words', () => {
    const hide = withoutValues([definition]);
    expect(hide('connect to postgres://web:hunter22@db/web with hunter22 in production on 8080')).toBe(
      'connect to *** with *** in production on 8080',
    );
  });

  test.each([
    // A value of several lines is printed line by line, and in JSON and addresses it is written in another way.
    ['of the second line', 'MIIEvQIBADANBgkqh', '***'],
    ['as JSON', '{"key":"-----BEGIN KEY-----\\nMIIEvQIBADANBgkqh"}', '{"key":"***"}'],
    ['in an address', 'GET /?p=p%C3%A4ss%20word', 'GET /?p=***'],
  ])('are told without a value %s', (_, line, told) => {
    const value = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqh';
    const environment = [
      { name: 'KEY', value },
      { name: 'PASS', value: 'päss word' },
    ];
    expect(
      withoutValues([{ family: 'web', containerDefinitions: [{ name: 'web', environment }] }])(line),
    ).toBe(told);
  });

  test.each([
    ['connect postgres://web:s3cr/et@x', 'connect postgres://web:s3cr/et@x'],
    [
      'connect to postgres://web:p@ss!@db.example:5432/web',
      'connect to postgres://web:***@db.example:5432/web',
    ],
    ['redis://:hunter2@cache:6379', 'redis://:***@cache:6379'],
    ['authorization: Bearer abcdefgh.12345', 'authorization: Bearer ***'],
    ['key AKIAIOSFODNN7EXAMPLE and ghp_0123456789abcdef', 'key *** and ***'],
    ['jwt eyJhbGciOi.eyJzdWIiOiIx.c2ln', 'jwt ***'],
    ['{"password":"hunter22","user":"web"}', '{"password":"***","user":"web"}'],
    ['password: hunter22', 'password: ***'],
    ['?client_secret=hunter22&x=1', '?client_secret=***&x=1'],
    [
      'Unexpected token } in JSON at https://example.com:8080/a',
      'Unexpected token } in JSON at https://example.com:8080/a',
    ],
    ['invalid token: expired', 'invalid token: expired'],
  ])('are told without credentials: %s', (line, told) => {
    expect(withoutValues([])(line)).toBe(told);
  });

  test('keep the names of the service, which stand in its variables as well', () => {
    const environment = [{ name: 'APP_NAME', value: 'webshop' }];
    const named = { family: 'webshop', containerDefinitions: [{ name: 'webshop', environment }] };
    expect(withoutValues([named])('webshop has started')).toBe('webshop has started');
  });

  test('of many megabytes are dealt with in no time', () => {
    const text = `${'a://b'.repeat(40_000)}${'password'.repeat(20_000)}`;
    expect(withoutValues([])(text).length).toBeLessThanOrEqual(20_000);
  });

  test('are few, short and harmless', () => {
    const lines = Array.from({ length: 100 }, (_, at) => ({
      at,
      text: `${at} ${'x'.repeat(5_000)}\u0007\n`,
    }));
    const kept = boundedExcerpt({ task: '1', container: 'web', lines }, []).lines;
    expect(kept.length).toBeLessThanOrEqual(20);
    expect(kept.at(-1)?.text).toMatch(/^99 x+…$/);
    expect(kept.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(4_500);
  });
});

describe('marks', () => {
  const entry = {
    run: 7,
    at: 1_767_614_400_000,
    outcome: 'rolled-back',
    failed: 'web:2',
    reason: '--> @all 💥',
  } as const;

  test('are read as they were written', () => {
    expect(readEntry(entryMark(entry))).toEqual(entry);
    expect(readEntry(`text\n${entryMark(entry)}\nmore`)).toEqual(entry);
  });

  test('cannot be ended by what stands in them', () => {
    const cut = entryMark({ ...entry, reason: `${'x'.repeat(199)}💥-->` });
    expect(cut.match(/-->/g)).toHaveLength(1);
    expect(readEntry(cut)?.reason).toHaveLength(200);
    expect(issueMark({ region: 'r', cluster: 'c-->', service: 's' })).toBe(
      '<!-- deploy-actions incident r/c--%3E/s -->',
    );
  });

  test.each([
    '',
    'text',
    entryMark(entry).replace('rolled-back', 'eaten'),
    entryMark(entry).replace('at=1767614400000', 'at=99999999999999999999'),
    entryMark(entry).replace(/%7B.*%7D/, '%7B%7D'),
    entryMark(entry).replace(/%7B.*%7D/, '%zz'),
  ])('that are not ours are none: %s', (text) => {
    expect(readEntry(text)).toBeUndefined();
  });
});

test.each([
  '',
  '{',
  'null',
  '[]',
  '{"version":2}',
  '{"version":1,"service":"web","entries":{}}',
  '{"version":1,"service":"web","entries":[{"kind":"observation"}]}',
])('what is no record is none: %s', (text) => {
  expect(readRecord(text)).toBeUndefined();
});

describe('the record of a watch', () => {
  const arn = (name: string) => `arn:aws:ecs:eu-west-1:123456789012:task-definition/${name}`;
  const fail = { gate: 'error-rate < 0.1%', verdict: 'abort', text: '9 of 700 requests', warnOnly: false };
  const minute = (start: number, requests: number, errors5xx: number) => ({ start, requests, errors5xx });
  const record = {
    version: 1,
    kind: 'watch',
    rolloutId: '1',
    cluster: 'prod',
    service: 'web',
    startedAt: 1_000,
    watch: { deployedAt: 500 },
    endedAt: 90_000,
    outcome: 'rolled-back',
    reason: 'error-rate < 0.1%: 9 of 700 requests',
    rollout: { from: '', to: arn('web:2') },
    entries: [
      { at: 2_000, kind: 'metrics', canary: [minute(0, 300, 0)], stable: [] },
      { at: 2_000, kind: 'observation', observation: { evidence: { crashes: [] }, lines: {} } },
      { at: 2_000, kind: 'decision', decision: 'watching', findings: [{ ...fail, verdict: 'pass' }] },
      { at: 60_000, kind: 'metrics', canary: [minute(0, 400, 2), minute(60_000, 300, 7)], stable: [] },
      { at: 60_000, kind: 'decision', decision: 'failed', findings: [fail] },
      { at: 61_000, kind: 'call', operation: 'ecs:UpdateService', ms: 9, outcome: 'ok' },
    ],
  };

  test('tells what all users have had, what decided, and when the former revision was back', () => {
    expect(readRecord(JSON.stringify(record))).toMatchObject({
      failed: arn('web:2'),
      good: undefined,
      decidedAt: 60_000,
      backAt: 90_000,
      impact: { share: 100, ms: 89_500, answers: { requests: 700, errors5xx: 9, from: 0, to: 120_000 } },
      gates: [{ verdict: 'abort' }],
      timeline: [
        { at: 500, text: 'ECS began to deploy web:2' },
        { at: 1_000, text: 'The watch of web:2 began, with all of the traffic' },
        { at: 60_000, text: 'Gate error-rate < 0.1% says abort: 9 of 700 requests' },
        { at: 90_000, text: 'The service ran the former revision again, and the watch ended' },
      ],
    });
  });

  test('that was broken off tells what it has', () => {
    const { endedAt: _, outcome: __, reason: ___, ...rest } = record;
    const recorded = readRecord(JSON.stringify({ ...rest, entries: rest.entries.slice(0, 3) }));
    expect(recorded).toMatchObject({ outcome: undefined, decidedAt: undefined, backAt: undefined });
  });
});
