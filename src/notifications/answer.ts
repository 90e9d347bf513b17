import { bounded } from '../report/bounded.ts';
import { type HttpAnswer, type HttpFailure, isAnswer } from '../smoke-test/exchange.ts';
import { printable } from '../taskdef/shape.ts';

/** What a target has made of a message. */
export type Verdict =
  | { readonly kind: 'sent'; readonly message?: string }
  /** Another try may help, after that time where the target names one. */
  | { readonly kind: 'again'; readonly why: string; readonly afterMs: number | undefined }
  | { readonly kind: 'failed'; readonly why: string }
  /** The message that was to be changed is not there, or not to be changed any more. */
  | { readonly kind: 'gone'; readonly why: string };

/** Reads an answer, or why there is none. `now` is in ms since the Unix epoch, for dates in `Retry-After`. */
export type Judge = (end: HttpAnswer | HttpFailure, now: number) => Verdict;

/** How much of what a server says is repeated. */
const EXCERPT = 200;

/** Any 2xx is good; 408, 425, 429 and 5xx are worth another try. */
export const judgeByStatus: Judge = (end, now) => {
  if (!isAnswer(end)) return unanswered(end);
  const { status } = end;
  if (status >= 200 && status <= 299) return { kind: 'sent' };
  const why = `answered ${status}${said(end)}`;
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return { kind: 'again', why, afterMs: retryAfter(end, now) };
  }
  return { kind: 'failed', why: status >= 300 && status <= 399 ? `answered ${status}, a redirect` : why };
};

const unanswered = ({ kind, message }: HttpFailure): Verdict =>
  kind === 'certificate'
    ? { kind: 'failed', why: message }
    : { kind: 'again', why: message, afterMs: undefined };

/** Incoming webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors */
export const judgeSlackWebhook: Judge = (end, now) => {
  const verdict = judgeByStatus(end, now);
  if (verdict.kind !== 'failed' || !isAnswer(end)) return verdict;
  const fix = WEBHOOK_FIXES[end.body.trim()];
  return fix === undefined ? verdict : { ...verdict, why: `${verdict.why}; ${fix}` };
};

const ANOTHER_WEBHOOK = 'make a new webhook in the settings of the Slack app';
const WEBHOOK_FIXES: Readonly<Record<string, string>> = {
  no_service: `the webhook was disabled or removed; ${ANOTHER_WEBHOOK}`,
  no_team: `the workspace is gone; ${ANOTHER_WEBHOOK}`,
  no_active_hooks: `the webhook was disabled; ${ANOTHER_WEBHOOK}`,
  invalid_token: `the address is not the one of a webhook; ${ANOTHER_WEBHOOK}`,
  channel_not_found: `its channel is gone; ${ANOTHER_WEBHOOK}`,
  channel_is_archived: `its channel is archived; ${ANOTHER_WEBHOOK}`,
  action_prohibited: 'an administrator of the workspace does not allow it',
  posting_to_general_channel_denied: 'an administrator lets only some write to #general',
};

/** The header in seconds or as a date: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after */
export function retryAfter({ headers }: HttpAnswer, now: number): number | undefined {
  const text = headers.get('retry-after')?.[0]?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const date = text === '' ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** What the server says where it is a word or two; pages of HTML say nothing. */
function said({ body, headers }: HttpAnswer): string {
  const text = printable(body).trim();
  const html = /html/i.test(headers.get('content-type')?.[0] ?? '') || text.startsWith('<');
  return text === '' || html ? '' : `: ${bounded(text, EXCERPT)}`;
}
