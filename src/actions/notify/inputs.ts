import { nameIn } from '../../arn.ts';
import { ConfigError } from '../../errors.ts';
import { type Given, readFields, readParts } from '../../notifications/given.ts';
import type { Notice } from '../../notifications/notice.ts';
import { readMessageId, type SlackMessageId } from '../../notifications/slack-api.ts';
import { STATUS_WORDS, statusOf } from '../../notifications/status.ts';
import { withoutAccountIds } from '../../report/account-ids.ts';
import { parseAddress } from '../../smoke-test/address.ts';
import { printable } from '../../taskdef/shape.ts';
import { InputReader, type InputSource } from '../input-reader.ts';

export interface SlackBot {
  /** The address that the names of methods are put below. */
  readonly api: URL;
  readonly token: string;
  /** At least one of both. */
  readonly channel: string | undefined;
  readonly message: SlackMessageId | undefined;
}

export interface Webhook {
  readonly url: URL;
  readonly secret: string | undefined;
}

/** The origin and, where none is given, the title come from the run. */
export interface Inputs extends Omit<Notice, 'title' | 'origin'> {
  readonly title: string | undefined;
  readonly slackWebhook: URL | undefined;
  readonly slackBot: SlackBot | undefined;
  readonly teamsWebhook: URL | undefined;
  readonly webhook: Webhook | undefined;
  /** Its ARN. */
  readonly topic: string | undefined;
  /** What was given and leads nowhere, because what belongs to it was not. */
  readonly idle: readonly string[];
  readonly timeoutMs: number;
}

/** @throws ConfigError with every problem of every input; none of them repeats a secret */
export function readInputs(input: InputSource): Inputs {
  const reader = new InputReader(input);
  reader.required('status', 'success');
  const inputs: Inputs = {
    status: statusOf(reader.oneOf('status', STATUS_WORDS, 'success')),
    title: reader.optional('title'),
    text: reader.optional('text'),
    reason: reader.optional('reason'),
    service: nameOf(reader, 'service'),
    cluster: nameOf(reader, 'cluster'),
    environment: reader.optional('environment'),
    version: reader.optional('version'),
    url: reader.parse('url', readUrl, undefined),
    fields: readList(reader, 'fields', readFields),
    parts: readList(reader, 'steps', readParts),
    slackWebhook: secretAddress(reader, 'slack-webhook-url'),
    slackBot: readBot(reader),
    teamsWebhook: readTeams(reader),
    webhook: readWebhook(reader),
    topic: reader.parse('sns-topic-arn', readTopic, undefined),
    idle: idleInputs(reader),
    timeoutMs: reader.parse('timeout', () => positive(reader), 30_000),
  };
  reader.finish();
  return inputs;
}

function nameOf(reader: InputReader, name: string): string | undefined {
  const text = reader.optional(name);
  return text === undefined ? undefined : nameIn(text) || undefined;
}

function positive(reader: InputReader): number {
  const ms = reader.duration('timeout', 1);
  if (ms > 0) return ms;
  throw new ConfigError({ input: 'timeout', message: 'is no time at all; write a duration such as 30s' });
}

function readUrl(text: string): string {
  const url = parseAddress(text);
  if (typeof url === 'string') throw new ConfigError({ input: 'url', message: url });
  return url.href;
}

function readList<T>(reader: InputReader, name: string, read: (text: string) => Given<T>): readonly T[] {
  const { found, problems } = read(reader.optional(name) ?? '');
  for (const problem of problems) reader.problem(name, problem);
  return found;
}

/**
 * Runs for pull requests of forks and of Dependabot get no secrets, and a deploy must not fail for that: the secret is
 * what says whether there is such a target.
 */
const idleInputs = (reader: InputReader): readonly string[] =>
  [
    ['slack-channel', 'slack-token'],
    ['slack-message', 'slack-token'],
    ['webhook-secret', 'webhook-url'],
  ].flatMap(([name = '', needed = '']) =>
    reader.optional(name) !== undefined && reader.optional(needed) === undefined
      ? [`${name} is given without ${needed}`]
      : [],
  );

function readBot(reader: InputReader): SlackBot | undefined {
  const token = reader.optional('slack-token');
  const channel = reader.optional('slack-channel');
  const message = reader.parse('slack-message', readMessage, undefined);
  const api = secretAddress(reader, 'slack-api-url') ?? new URL('https://slack.com/api/');
  if (token === undefined) return undefined;
  // It stands in a header.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    reader.problem('slack-token', 'is no token of Slack, which is one word and begins with xoxb-');
    return undefined;
  }
  if (channel === undefined && reader.optional('slack-message') === undefined) {
    reader.problem('slack-channel', 'is required with slack-token; for example slack-channel: C0123456789');
  }
  if (!api.pathname.endsWith('/')) api.pathname += '/';
  return { api, token, channel, message };
}

function readMessage(text: string): SlackMessageId {
  const message = readMessageId(text);
  if (message) return message;
  throw new ConfigError({
    input: 'slack-message',
    message: `"${printable(text)}" is not the output slack-message of an earlier notify, such as C0123456789/1700000000.123456`,
  });
}

function readTeams(reader: InputReader): URL | undefined {
  const url = secretAddress(reader, 'teams-webhook-url');
  if (!url || !/(^|\.)(webhook\.office\.com|outlook\.office(365)?\.com)$/.test(url.hostname)) return url;
  reader.problem(
    'teams-webhook-url',
    `is one of a connector of Office 365 (${url.hostname}), which Microsoft has retired; add the workflow "Send webhook alerts to a channel" to the channel and take its address`,
  );
  return undefined;
}

function readWebhook(reader: InputReader): Webhook | undefined {
  const url = secretAddress(reader, 'webhook-url');
  return url && { url, secret: reader.optional('webhook-secret') };
}

function readTopic(text: string): string {
  if (/^arn:aws[\w-]*:sns:[a-z]{2}[a-z0-9-]+-\d+:\d{12}:[\w-]{1,256}(\.fifo)?$/.test(text)) return text;
  throw new ConfigError({
    input: 'sns-topic-arn',
    message: `"${withoutAccountIds(printable(text))}" is not the ARN of a topic, arn:aws:sns:REGION:ACCOUNT:NAME`,
  });
}

/** The address of a webhook is a secret as a whole: who knows it may write. */
function secretAddress(reader: InputReader, name: string): URL | undefined {
  return reader.parse(
    name,
    (text) => {
      const url = URL.parse(text);
      const message = !url ? 'is not a URL, which begins with https://' : addressProblem(url);
      if (url && message === undefined) return url;
      throw new ConfigError({ input: name, message: message ?? '' });
    },
    undefined,
  );
}

function addressProblem({ protocol, hostname, host, username, password }: URL): string | undefined {
  if (username !== '' || password !== '') return 'has a user name or a password in it, which is not sent';
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  if (protocol === 'https:' || (protocol === 'http:' && loopback)) return undefined;
  if (protocol !== 'http:') return `begins with ${protocol}; write one that begins with https://`;
  return `begins with http://, by which everybody on the way can read it; write https://${host}/...`;
}
