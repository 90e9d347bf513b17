import { DeployError } from '../../errors.ts';
import { originOf } from '../../github/run-origin.ts';
import { httpClient } from '../../http/client.ts';
import type { Notice } from '../../notifications/notice.ts';
import { headlineOf } from '../../notifications/status.ts';
import type { ActionContext } from '../action.ts';
import { deliver, type Tools } from './deliver.ts';
import { type Inputs, readInputs } from './inputs.ts';
import { httpTargets } from './targets.ts';

/** The inputs that are secrets as they stand. */
const SECRETS = ['slack-webhook-url', 'slack-token', 'teams-webhook-url', 'webhook-url', 'webhook-secret'];

/** Tells people how a deploy stands. What cannot be delivered is a warning: a deploy never fails by it. */
export async function run(context: ActionContext): Promise<void> {
  const { input, reporter, cancelled } = context;
  for (const name of SECRETS) reporter.mask(input(name).trim());
  const inputs = readInputs(input);
  try {
    await notify(inputs, context);
  } catch (cause) {
    if (!cancelled.aborted) throw cause;
    throw new DeployError('The notification was cancelled.', {
      state: 'Some of its targets may have got it.',
      cause,
    });
  }
}

async function notify(inputs: Inputs, { clock, env, cancelled, reporter }: ActionContext): Promise<void> {
  const notice = await noticeOf(inputs, env);
  const targets = httpTargets(inputs, notice);
  const tools: Tools = {
    client: httpClient(clock, env, cancelled),
    clock,
    cancelled,
    say: reporter.info,
    deadline: clock.now() + inputs.timeoutMs,
  };
  const deliveries = await Promise.all(
    targets.map(async (target) => ({ target, delivery: await deliver(target, tools) })),
  );
  for (const { target, delivery } of deliveries) {
    if (delivery.kind === 'sent') reporter.info(`✓ ${target.place}`);
    else reporter.warning(`${target.place} did not get the notification: ${delivery.why}`);
  }
  reporter.output(
    'sent',
    JSON.stringify(
      Object.fromEntries(
        deliveries.map(({ target: { name }, delivery }) => [
          name,
          delivery.kind === 'sent' ? 'sent' : `failed: ${delivery.why}`,
        ]),
      ),
    ),
  );
}

async function noticeOf(inputs: Inputs, env: NodeJS.ProcessEnv): Promise<Notice> {
  const origin = await originOf(env);
  const { status, service, version, environment } = inputs;
  const subject = { service, version, environment, repository: origin.repository };
  return { ...inputs, title: inputs.title ?? headlineOf(status, subject), origin };
}
