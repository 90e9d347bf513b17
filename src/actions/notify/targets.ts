import { type Judge, judgeByStatus, judgeSlackWebhook } from '../../notifications/answer.ts';
import { type Delivery, documentOf } from '../../notifications/document.ts';
import type { Notice } from '../../notifications/notice.ts';
import { slackMessage } from '../../notifications/slack.ts';
import { judgeSlackApi } from '../../notifications/slack-api.ts';
import { teamsMessage } from '../../notifications/teams.ts';
import type { HttpRequest } from '../../smoke-test/exchange.ts';
import type { Inputs, SlackBot, Webhook } from './inputs.ts';
import { DELIVERY, signature } from './signature.ts';

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

/** Receivers have room for that; texts that are longer are cut. */
const LONGEST_TEXT = 20_000;

export function httpTargets(inputs: Inputs, notice: Notice, delivery: Delivery): readonly HttpTarget[] {
  const { slackBot, slackWebhook, teamsWebhook, webhook } = inputs;
  return [
    ...(slackBot ? [botTarget(slackBot, notice)] : []),
    ...(slackWebhook ? [slackTarget(slackWebhook, notice)] : []),
    ...(teamsWebhook ? [teamsTarget(teamsWebhook, notice)] : []),
    ...(webhook ? [webhookTarget(webhook, notice, delivery)] : []),
  ];
}

function slackTarget(url: URL, notice: Notice): HttpTarget {
  const request = post(url, JSON.stringify(slackMessage(notice)));
  return {
    name: 'slack-webhook',
    place: `Slack (${url.host})`,
    request: () => request,
    judge: judgeSlackWebhook,
  };
}

/** https://docs.slack.dev/reference/methods/chat.postMessage and https://docs.slack.dev/reference/methods/chat.update */
function botTarget({ api, token, channel, message }: SlackBot, notice: Notice): HttpTarget {
  const call = (method: string, place: object): HttpTarget => {
    const body = JSON.stringify({ ...place, ...slackMessage(notice) });
    const request = post(new URL(method, api), body, [['Authorization', `Bearer ${token}`]]);
    return {
      name: 'slack',
      place: `Slack's ${method} (${api.host})`,
      request: () => request,
      judge: judgeSlackApi,
    };
  };
  const write = call('chat.postMessage', { channel: channel ?? message?.channel });
  return message ? { ...call('chat.update', message), instead: write } : write;
}

function teamsTarget(url: URL, notice: Notice): HttpTarget {
  const request = post(url, teamsMessage(notice));
  return { name: 'teams', place: `Teams (${url.host})`, request: () => request, judge: judgeByStatus };
}

function webhookTarget({ url, secret }: Webhook, notice: Notice, delivery: Delivery): HttpTarget {
  const body = JSON.stringify(documentOf(notice, delivery, LONGEST_TEXT));
  return {
    name: 'webhook',
    place: `Webhook (${url.host})`,
    request: (now) =>
      post(url, body, [
        [DELIVERY, delivery.id],
        ...(secret === undefined ? [] : signature(body, secret, now)),
      ]),
    judge: judgeByStatus,
  };
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
