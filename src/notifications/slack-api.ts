import { type HttpAnswer, isAnswer } from '../smoke-test/exchange.ts';
import { isObject, type Json, type JsonObject } from '../taskdef/definition.ts';
import { printable } from '../taskdef/shape.ts';
import { type Judge, judgeByStatus, retryAfter, type Verdict } from './answer.ts';

/** A message that the bot has written: Slack finds it by its channel's id and its time. */
export interface SlackMessageId {
  readonly channel: string;
  readonly ts: string;
}

/** Reads what `writeMessageId` has written; undefined for anything else. */
export function readMessageId(text: string): SlackMessageId | undefined {
  const [, channel, ts] = /^([A-Z][A-Z0-9]+)\/(\d+\.\d+)$/.exec(text) ?? [];
  return channel === undefined || ts === undefined ? undefined : { channel, ts };
}

export const writeMessageId = ({ channel, ts }: SlackMessageId): string => `${channel}/${ts}`;

/** Slack's own troubles, which pass: https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const PASSING = new Set([
  'ratelimited',
  'rate_limited',
  'message_limit_exceeded',
  'fatal_error',
  'internal_error',
  'service_unavailable',
  'request_timeout',
]);

/** The message cannot be changed, and a new one can be written. */
const GONE = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

const NO_BOT = 'take the bot token of an app that is installed in the workspace, which begins with xoxb-';
const FIXES: Readonly<Record<string, string>> = {
  not_authed: NO_BOT,
  invalid_auth: NO_BOT,
  account_inactive: NO_BOT,
  token_revoked: NO_BOT,
  token_expired: NO_BOT,
  not_allowed_token_type: NO_BOT,
  channel_not_found: 'check slack-channel, and invite the bot where the channel is a private one',
  not_in_channel: 'invite the bot into the channel, or give it the scope chat:write.public',
  is_archived: 'the channel is archived; name another in slack-channel',
  restricted_action: 'an administrator of the workspace does not let the bot write there',
  missing_scope: 'give the app the scope and install it again',
};

/**
 * Reads answers of Slack's Web API, which says `ok: false` with the status 200.
 * https://docs.slack.dev/apis/web-api#responses
 */
export const judgeSlackApi: Judge = (end, now) => {
  const verdict = judgeByStatus(end, now);
  if (verdict.kind !== 'sent' || !isAnswer(end)) return verdict;
  const body = readObject(end);
  if (!body) return { kind: 'failed', why: 'answered 200, and not as Slack does; check slack-api-url' };
  if (body['ok'] === true) return sent(body);
  const error = typeof body['error'] === 'string' ? printable(body['error']) : 'no reason';
  const why = `Slack says ${error}${scopes(body)}`;
  if (PASSING.has(error)) return { kind: 'again', why, afterMs: retryAfter(end, now) };
  if (GONE.has(error)) return { kind: 'gone', why };
  const fix = FIXES[error];
  return { kind: 'failed', why: fix === undefined ? why : `${why}; ${fix}` };
};

function sent({ channel, ts }: JsonObject): Verdict {
  return typeof channel === 'string' && typeof ts === 'string'
    ? { kind: 'sent', message: writeMessageId({ channel, ts }) }
    : { kind: 'sent' };
}

/** Slack tells which scope is missing. */
const scopes = ({ needed }: JsonObject): string =>
  typeof needed === 'string' ? ` (needed: ${printable(needed)})` : '';

function readObject({ body }: HttpAnswer): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
