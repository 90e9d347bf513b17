import { describe, expect, it } from 'vitest';
import { type Judge, judgeByStatus, judgeSlackWebhook } from '../../src/notifications/answer.ts';
import { judgeSlackApi, readMessageId } from '../../src/notifications/slack-api.ts';
import type { HttpAnswer } from '../../src/smoke-test/exchange.ts';

const NOW = Date.UTC(2026, 0, 5, 12);

const answer = (status: number, body = '', headers: Readonly<Record<string, string>> = {}): HttpAnswer => ({
  status,
  headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
  body,
  cut: false,
  ms: 1,
  remoteAddress: undefined,
});

const judged = (judge: Judge, ...given: Parameters<typeof answer>) => judge(answer(...given), NOW);

describe('by status', () => {
  it.each([200, 202, 204])('%i is sent', (status) => {
    expect(judged(judgeByStatus, status)).toEqual({ kind: 'sent' });
  });

  it.each([408, 425, 429, 500, 503])('%i is tried again', (status) => {
    expect(judged(judgeByStatus, status, 'busy')).toEqual({
      kind: 'again',
      why: `answered ${status}: busy`,
      afterMs: undefined,
    });
  });

  it.each([301, 400, 403, 404, 410])('%i has failed', (status) => {
    expect(judged(judgeByStatus, status).kind).toBe('failed');
  });

  it.each([
    ['7', 7_000],
    ['0', 0],
    ['Mon, 05 Jan 2026 12:00:30 GMT', 30_000],
    ['Mon, 05 Jan 2026 11:00:00 GMT', 0],
    ['soon', undefined],
  ])('Retry-After: %s', (header, afterMs) => {
    expect(judged(judgeByStatus, 429, '', { 'retry-after': header })).toMatchObject({ afterMs });
  });

  it('repeats a word or two of a server, on one line, and no page of HTML', () => {
    expect(judged(judgeByStatus, 400, `a\nb${'c'.repeat(300)}`)).toEqual({
      kind: 'failed',
      why: `answered 400: a b${'c'.repeat(196)}…`,
    });
    expect(judged(judgeByStatus, 400, 'no', { 'content-type': 'text/html' })).toMatchObject({
      why: 'answered 400',
    });
  });

  it('tries again what was not answered, and not with a wrong certificate', () => {
    const message = 'a.example did not answer in time';
    expect(judgeByStatus({ kind: 'unanswered', message, ms: 1 }, NOW)).toMatchObject({
      kind: 'again',
      why: message,
    });
    expect(judgeByStatus({ kind: 'certificate', message, ms: 1 }, NOW)).toEqual({
      kind: 'failed',
      why: message,
    });
  });
});

describe("Slack's webhooks", () => {
  it('tell what to do about what they say', () => {
    expect(judged(judgeSlackWebhook, 404, 'no_service')).toEqual({
      kind: 'failed',
      why: 'answered 404: no_service; the webhook was disabled or removed; make a new webhook in the settings of the Slack app',
    });
    expect(judged(judgeSlackWebhook, 403, 'other')).toEqual({ kind: 'failed', why: 'answered 403: other' });
  });
});

describe("Slack's API", () => {
  const says = (body: object, headers = {}) => judged(judgeSlackApi, 200, JSON.stringify(body), headers);

  it('names the message that it has written', () => {
    expect(says({ ok: true, channel: 'C1', ts: '1.2' })).toEqual({ kind: 'sent', message: 'C1/1.2' });
    expect(readMessageId('C1/1.2')).toEqual({ channel: 'C1', ts: '1.2' });
    for (const text of ['C1', '#c/1.2', 'C1/1.2/3', 'C1/1']) expect(readMessageId(text)).toBeUndefined();
  });

  it('is asked again where it is busy or out of order', () => {
    expect(says({ ok: false, error: 'ratelimited' }, { 'retry-after': '3' })).toEqual({
      kind: 'again',
      why: 'Slack says ratelimited',
      afterMs: 3_000,
    });
    expect(says({ ok: false, error: 'internal_error' }).kind).toBe('again');
  });

  it('says that a message is gone', () => {
    for (const error of ['message_not_found', 'cant_update_message', 'edit_window_closed']) {
      expect(says({ ok: false, error })).toEqual({ kind: 'gone', why: `Slack says ${error}` });
    }
  });

  it('has failed for everything else', () => {
    expect(says({ ok: false, error: 'not_in_channel' })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('invite the bot into the channel'),
    });
    expect(says({}).kind).toBe('failed');
    expect(judged(judgeSlackApi, 200, 'null').kind).toBe('failed');
  });
});
