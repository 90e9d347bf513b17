import { randomUUID } from 'node:crypto';
import { DeployError } from '../../errors.ts';
import { originOf } from '../../github/run-origin.ts';
import { httpClient } from '../../http/client.ts';
import { withoutAccounts } from '../../notifications/accounts.ts';
import type { Notice } from '../../notifications/notice.ts';
import { headlineOf, LOOKS } from '../../notifications/status.ts';
import { Secrets } from '../../smoke-test/secrets.ts';
import { printable } from '../../taskdef/shape.ts';
import type { ActionContext } from '../action.ts';
import type { InputSource } from '../input-reader.ts';
import { deliver, type Outcome } from './deliver.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { publish } from './publish.ts';
import { httpTargets, type TargetName } from './targets.ts';

/** The inputs that are secrets as they stand. */
const SECRETS = ['slack-webhook-url', 'slack-token', 'teams-webhook-url', 'webhook-url', 'webhook-secret'];

/** Tells people how a deploy stands. What cannot be delivered is a warning: a deploy never fails by it. */
export async function run(context: ActionContext): Promise<void> {
  const { input, reporter, cancelled } = context;
  const secrets = secretsOf(input);
  for (const [, value] of secrets) reporter.mask(value);
  const inputs = readInputs(input);
  try {
    await notify(inputs, context, wordsWithout(secrets));
  } catch (cause) {
    if (!cancelled.aborted) throw cause;
    throw new DeployError('The notification was cancelled.', {
      state: 'Some of its targets may have got it.',
      cause,
    });
  }
}

async function notify(inputs: Inputs, context: ActionContext, safe: (text: string) => string): Promise<void> {
  const { clock, env, cancelled, reporter } = context;
  for (const idle of inputs.idle) reporter.warning(`${idle}: nothing is sent there.`);
  const started = clock.now();
  const delivery = { id: randomUUID(), at: started };
  const notice = await noticeOf(inputs, env);
  const tools = {
    client: httpClient(clock, env, cancelled),
    clock,
    cancelled,
    say: (line: string) => reporter.info(safe(line)),
    deadline: started + inputs.timeoutMs,
  };
  const { topic } = inputs;
  const sendings = [
    ...httpTargets(inputs, notice, delivery).map((target) => ({
      ...target,
      outcome: deliver(target, tools),
    })),
    ...(topic === undefined
      ? []
      : [{ ...topicPlace(topic), outcome: publish(topic, notice, delivery, tools) }]),
  ];
  if (sendings.length === 0) {
    reporter.info(
      'Nobody is told: no target is given, such as slack-webhook-url, slack-token, teams-webhook-url, webhook-url or sns-topic-arn.',
    );
  } else {
    reporter.info(`${LOOKS[notice.status].emoji} ${safe(notice.title)}`);
  }
  const outcomes = await Promise.all(
    sendings.map(async ({ name, place, outcome }) => ({ name, place, ...(await outcome) })),
  );
  cancelled.throwIfAborted();
  const results: Partial<Record<TargetName, string>> = {};
  for (const { name, place, ...outcome } of outcomes) {
    if (outcome.kind === 'sent') reporter.info(`✓ ${place}`);
    else reporter.warning(`The notification did not get to ${place}: ${safe(outcome.why)}`);
    results[name] = outcome.kind === 'sent' ? 'sent' : `failed: ${safe(outcome.why)}`;
  }
  reporter.output('sent', JSON.stringify(results));
  reporter.output('slack-message', messageOf(outcomes) ?? '');
}

const messageOf = (outcomes: readonly Outcome[]): string | undefined =>
  outcomes.flatMap((each) => (each.kind === 'sent' ? (each.message ?? []) : []))[0];

function topicPlace(arn: string): { readonly name: TargetName; readonly place: string } {
  const [, , , region, , topic] = arn.split(':');
  return { name: 'sns', place: `SNS topic ${topic} in ${region}` };
}

async function noticeOf(inputs: Inputs, env: NodeJS.ProcessEnv): Promise<Notice> {
  const origin = await originOf(env);
  const { status, service, version, environment } = inputs;
  const subject = { service, version, environment, repository: origin.repository };
  return withoutAccounts({ ...inputs, title: inputs.title ?? headlineOf(status, subject), origin });
}

/** Secrets by the name of their input. What of an address comes after its host is one on its own. */
const secretsOf = (input: InputSource): readonly (readonly [name: string, value: string])[] =>
  SECRETS.flatMap((name) => {
    const value = input(name).trim();
    const url = name.endsWith('-url') ? URL.parse(value) : null;
    const path = url ? `${url.pathname}${url.search}` : '';
    return [[name, value] as const, ...(path.length > 8 ? [[name, path] as const] : [])];
  });

/** What servers say may hold what they were sent. */
function wordsWithout(secrets: readonly (readonly [string, string])[]): (text: string) => string {
  const known = new Secrets();
  for (const [name, value] of secrets) known.add(value, name);
  return (text) => printable(known.redacted(text));
}
