import { type Judge, judgeSlackWebhook } from '../../notifications/answer.ts';
import type { Notice } from '../../notifications/notice.ts';
import { slackMessage } from '../../notifications/slack.ts';
import type { HttpRequest } from '../../smoke-test/exchange.ts';
import type { Inputs } from './inputs.ts';

/** As the output `sent` names them. */
export type TargetName = 'slack' | 'slack-webhook' | 'teams' | 'webhook' | 'sns';

/** Where the notice goes by a request. */
export interface HttpTarget {
  readonly name: TargetName;
  /** What people call it, with its host and nothing else of its address. */
  readonly place: string;
  /** @param now the time of this try, in ms */
  readonly request: (now: number) => HttpRequest;
  readonly judge: Judge;
  /** What is done where the message that was to be changed is not there any more. */
  readonly instead?: HttpTarget;
}

export function httpTargets({ slackWebhook }: Inputs, notice: Notice): readonly HttpTarget[] {
  const targets: HttpTarget[] = [];
  if (slackWebhook) {
    const request = post(slackWebhook, JSON.stringify(slackMessage(notice)));
    const place = `Slack (${slackWebhook.host})`;
    targets.push({ name: 'slack-webhook', place, request: () => request, judge: judgeSlackWebhook });
  }
  return targets;
}

const post = (url: URL, body: string, headers: HttpRequest['headers'] = []): HttpRequest => ({
  method: 'POST',
  url,
  headers: [
    ['Content-Type', 'application/json; charset=utf-8'],
    ['User-Agent', 'deploy-actions-notify'],
    ...headers,
  ],
  body,
});
