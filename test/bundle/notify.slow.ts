import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Job, type StepResult } from '../../src/runner/start-action.ts';
import { inWorld, type TestWorld } from './world.ts';

interface Heard {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: looked into by tests
  readonly body: any;
}

interface Answer {
  readonly status?: number;
  readonly body?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Says nothing. */
  readonly hang?: boolean;
}

const servers: Server[] = [];
const jobs: Job[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  for (const job of jobs.splice(0)) job.end();
});

/** A server that gives its answers one after the other, the last one again and again. */
async function receiver(...answers: readonly Answer[]): Promise<{ url: string; heard: Heard[] }> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const {
        status = 200,
        body = 'ok',
        headers = {},
        hang = false,
      } = answers[Math.min(heard.length, answers.length - 1)] ?? {};
      heard.push({ path: request.url ?? '', headers: request.headers, text, body: JSON.parse(text) });
      if (hang) return;
      response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  servers.push(server);
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

const EVENT = {
  head_commit: {
    id: 'b'.repeat(40),
    message: 'Sell <b>more</b> to <!channel> & @here\n\nThe rest is not told.',
    author: { name: 'Octo <Cat>', username: 'octocat' },
  },
};

function start(job: Job = new Job({})): Job {
  jobs.push(job);
  Object.assign(job.env, {
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: 'org/web',
    GITHUB_RUN_ID: '1001',
    GITHUB_WORKFLOW: 'Deploy',
    GITHUB_ACTOR: 'hubot',
    GITHUB_REF_NAME: 'main',
    GITHUB_SHA: EVENT.head_commit.id,
    GITHUB_EVENT_PATH: job.file('event.json', JSON.stringify(EVENT)),
  });
  return job;
}

const WEB = { status: 'promoted', service: 'web', environment: 'production', version: 'v1.4.0' };

const sentOf = (step: StepResult): Record<string, string> => JSON.parse(step.outputs['sent'] ?? '');

/** All that a step has said, without what registers secrets. */
const saidBy = (step: StepResult): string =>
  step.log.replaceAll(/^::add-mask::.*$/gm, '') + step.summary + JSON.stringify(step.outputs);

describe('notify', () => {
  it('tells all targets at once', async () => {
    const slow = { body: 'ok' };
    const [slack, teams, hook] = await Promise.all([
      receiver(slow),
      receiver({ status: 202, body: '' }),
      receiver({ status: 204, body: '' }),
    ]);
    const api = await receiver({ body: { ok: true, channel: 'C0123456789', ts: '1700000000.000100' } });
    const step = await start().run('notify', {
      ...WEB,
      reason: 'all gates passed',
      fields: 'Tasks: 4\nEmpty:',
      steps: JSON.stringify({
        image: { result: 'success', outputs: { token: 'not-told' } },
        backup: { result: 'skipped', outputs: {} },
      }),
      'slack-webhook-url': `${slack.url}/services/T0/B0/secret-slack`,
      'slack-token': 'xoxb-secret-token',
      'slack-channel': '#deploys',
      'slack-api-url': `${api.url}/api`,
      'teams-webhook-url': `${teams.url}/workflows/secret-teams?sig=secret-sig`,
      'webhook-url': `${hook.url}/hooks/secret-hook`,
      'webhook-secret': 'secret-key',
    });
    expect(step.code, step.log).toBe(0);
    expect(sentOf(step)).toEqual({
      slack: 'sent',
      'slack-webhook': 'sent',
      teams: 'sent',
      webhook: 'sent',
    });
    expect(step.outputs['slack-message']).toBe('C0123456789/1700000000.000100');
    expect(step.log).toContain('✅ web v1.4.0 was released in production');
    expect(step.log).toContain(`✓ Teams (${new URL(teams.url).host})`);
    expect(saidBy(step)).not.toContain('secret');

    expect(slack.heard[0]?.path).toBe('/services/T0/B0/secret-slack');
    expect(slack.heard[0]?.text).not.toMatch(/<!channel>|not-told/);
    expect(slack.heard[0]?.text).toContain('Sell &lt;b&gt;more&lt;/b&gt; to &lt;!channel&gt; &amp; @here>');
    expect(api.heard[0]).toMatchObject({
      path: '/api/chat.postMessage',
      headers: { authorization: 'Bearer xoxb-secret-token' },
      body: { channel: '#deploys', blocks: slack.heard[0]?.body.blocks },
    });
    expect(teams.heard[0]?.path).toBe('/workflows/secret-teams?sig=secret-sig');
    expect(teams.heard[0]?.body.attachments[0].contentType).toBe('application/vnd.microsoft.card.adaptive');
    expect(hook.heard[0]?.body).toMatchObject({
      format: 'deploy-actions/notification@1',
      status: 'promoted',
      reason: 'all gates passed',
      fields: [{ name: 'Tasks', value: '4' }],
      steps: [
        { name: 'image', result: 'success' },
        { name: 'backup', result: 'skipped' },
      ],
      run_url: 'https://github.com/org/web/actions/runs/1001',
      commit: { author: 'Octo <Cat>', subject: 'Sell <b>more</b> to <!channel> & @here' },
    });
  });

  it('signs what a webhook gets, each try anew and by one delivery', async () => {
    const hook = await receiver({ status: 503 }, { status: 200 });
    const step = await start().run('notify', {
      ...WEB,
      'webhook-url': `${hook.url}/hook`,
      'webhook-secret': 'key',
    });
    expect(sentOf(step)).toEqual({ webhook: 'sent' });
    expect(step.log).toContain('answered 503: ok; again in 500ms');
    const [first, second] = hook.heard;
    expect(hook.heard).toHaveLength(2);
    for (const { headers, text } of hook.heard) {
      const timestamp = headers['x-deploy-actions-timestamp'];
      expect(Math.abs(Number(timestamp) * 1000 - Date.now())).toBeLessThan(60_000);
      const digest = createHmac('sha256', 'key').update(`${timestamp}.${text}`).digest('hex');
      expect(headers['x-deploy-actions-signature-256']).toBe(`sha256=${digest}`);
    }
    const id = first?.headers['x-deploy-actions-delivery'];
    expect(id).toBe(first?.body.id);
    expect(second?.headers['x-deploy-actions-delivery']).toBe(id);
  });

  it('changes the message of an earlier step, and writes a new one where it is gone', async () => {
    const api = await receiver(
      { body: { ok: true, channel: 'C0123456789', ts: '1.2' } },
      { body: { ok: true, channel: 'C0123456789', ts: '1.2' } },
      { body: { ok: false, error: 'message_not_found' } },
      { body: { ok: true, channel: 'C0123456789', ts: '3.4' } },
    );
    const job = start();
    const bot = { ...WEB, 'slack-token': 'xoxb-a', 'slack-api-url': `${api.url}/api/` };
    const first = await job.run('notify', { ...bot, status: 'started', 'slack-channel': 'deploys' });
    const message = first.outputs['slack-message'] ?? '';
    expect(message).toBe('C0123456789/1.2');
    const second = await job.run('notify', { ...bot, 'slack-message': message });
    expect(second.outputs['slack-message']).toBe(message);
    const third = await job.run('notify', { ...bot, 'slack-channel': 'deploys', 'slack-message': message });
    expect(third.outputs['slack-message']).toBe('C0123456789/3.4');
    expect(third.log).toContain('Slack says message_not_found; a new message is written.');
    expect(api.heard.map(({ path, body: { channel, ts } }) => [path, channel, ts])).toEqual([
      ['/api/chat.postMessage', 'deploys', undefined],
      ['/api/chat.update', 'C0123456789', '1.2'],
      ['/api/chat.update', 'C0123456789', '1.2'],
      ['/api/chat.postMessage', 'deploys', undefined],
    ]);
  });

  it.each([
    [
      { body: { ok: false, error: 'channel_not_found' } },
      'Slack says channel_not_found; check slack-channel',
    ],
    [
      { body: { ok: false, error: 'missing_scope', needed: 'chat:write' } },
      'missing_scope (needed: chat:write); give',
    ],
    [{ body: { ok: false, error: 'invalid_auth' } }, 'Slack says invalid_auth; take the bot token'],
    [{ body: { ok: false, error: 'some_new_error' } }, 'Slack says some_new_error'],
    [{ body: '<html>Sign in</html>' }, 'not as Slack does; check slack-api-url'],
    [{ status: 302, headers: { location: '/elsewhere' } }, 'answered 302, a redirect'],
  ] as const)('warns where Slack answers %j, at once and green', async (answer, why) => {
    const api = await receiver(answer);
    const step = await start().run('notify', {
      ...WEB,
      'slack-token': 'xoxb-a',
      'slack-channel': 'deploys',
      'slack-api-url': api.url,
    });
    expect(step.code).toBe(0);
    expect(step.log).toMatch(/^::warning::The notification did not get to Slack's chat.postMessage/m);
    expect(sentOf(step)['slack']).toContain(why);
    expect(step.outputs['slack-message']).toBe('');
    expect(api.heard).toHaveLength(1);
  });

  it('waits as long as a rate limit asks, and not beyond its time', async () => {
    const limited = { status: 429, headers: { 'retry-after': '1' }, body: 'rate_limited' };
    const [patient, strict] = await Promise.all([
      receiver(limited, {}),
      receiver({ ...limited, headers: { 'retry-after': '60' } }),
    ]);
    const step = await start().run('notify', {
      ...WEB,
      timeout: '10s',
      'slack-webhook-url': patient.url,
      'teams-webhook-url': strict.url,
    });
    expect(step.code).toBe(0);
    expect(sentOf(step)).toEqual({
      'slack-webhook': 'sent',
      teams: 'failed: answered 429: rate_limited, and asks to wait for 1m; the time is up',
    });
    expect(patient.heard).toHaveLength(2);
    expect(step.ms).toBeGreaterThan(1_000);
    expect(step.ms).toBeLessThan(5_000);
  });

  it('gives up on what hangs or refuses when its time is up', async () => {
    const hanging = await receiver({ hang: true });
    const step = await start().run('notify', {
      ...WEB,
      timeout: '2s',
      'slack-webhook-url': `${hanging.url}/services/secret-slack`,
      'teams-webhook-url': 'http://127.0.0.1:9/workflows/secret-teams',
    });
    expect(step.code).toBe(0);
    expect(sentOf(step)['slack-webhook']).toMatch(/did not answer in time; the time is up$/);
    expect(sentOf(step)['teams']).toMatch(
      /refuses connections \(ECONNREFUSED\); the time is up \(\d tries\)$/,
    );
    expect(step.ms).toBeLessThan(5_000);
    expect(saidBy(step)).not.toContain('secret');
  });

  it('repeats no secret that a server sends back', async () => {
    const [slack, hook] = await Promise.all([
      receiver({ status: 404, body: 'no_service at /services/T0/secret-slack' }),
      receiver({ status: 400, body: 'wrong key secret-key\n::error::forged' }),
    ]);
    const step = await start().run('notify', {
      ...WEB,
      'slack-webhook-url': `${slack.url}/services/T0/secret-slack`,
      'webhook-url': hook.url,
      'webhook-secret': 'secret-key',
    });
    expect(step.code).toBe(0);
    expect(sentOf(step)).toEqual({
      'slack-webhook': 'failed: answered 404: no_service at ***',
      webhook: 'failed: answered 400: wrong key *** ::error::forged',
    });
    expect(saidBy(step)).not.toContain('secret');
    expect(step.log).not.toMatch(/^::error/m);
  });

  it('ends on a cancel', async () => {
    const hanging = await receiver({ hang: true });
    const running = start().start('notify', { ...WEB, 'slack-webhook-url': hanging.url });
    await running.says('was released');
    const step = await running.cancel();
    expect(step.code).toBe(1);
    expect(step.log).toContain('::error::The notification was cancelled.');
    expect(step.ms).toBeLessThan(5_000);
  });

  it('fails on wrong inputs, all at once and without any secret', async () => {
    const step = await start().run('notify', {
      status: 'done',
      'slack-webhook-url': 'hooks.slack.com/services/secret-slack',
      'slack-token': 'secret token',
      'teams-webhook-url': 'https://contoso.webhook.office.com/webhookb2/secret-teams',
      'webhook-url': 'http://hooks.example.com/secret-hook',
      'sns-topic-arn': 'arn:aws:sqs:eu-west-1:123456789012:deploys',
      timeout: '0',
    });
    expect(step.code).toBe(1);
    expect(step.log.match(/^::error::.*$/gm)).toEqual([
      expect.stringContaining('status: "done" is not one of started, success'),
      expect.stringContaining('slack-webhook-url: is not a URL'),
      expect.stringContaining('slack-token: is no token of Slack'),
      expect.stringContaining('teams-webhook-url: is one of a connector of Office 365'),
      expect.stringContaining('webhook-url: begins with http://'),
      expect.stringContaining(
        'sns-topic-arn: "arn:aws:sqs:eu-west-1:ACCOUNT:deploys" is not the ARN of a topic',
      ),
      expect.stringContaining('timeout: is no time at all'),
    ]);
    expect(saidBy(step)).not.toContain('secret-');
  });

  it('is green where nothing is given to tell it to', async () => {
    const step = await start().run('notify', { status: 'failure', 'slack-channel': 'deploys' });
    expect(step.code).toBe(0);
    expect(step.log).toContain(
      '::warning::slack-channel is given without slack-token: nothing is sent there.',
    );
    expect(step.log).toContain('Nobody is told');
    expect(step.outputs).toEqual({ sent: '{}', 'slack-message': '' });
  });
});

describe('notify by SNS', () => {
  const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:deploys';

  const publish = (world: TestWorld, inputs: Readonly<Record<string, string>> = {}) =>
    start(world.job()).run('notify', { ...WEB, 'sns-topic-arn': TOPIC, ...inputs });

  const inTopics = (work: (world: TestWorld) => Promise<void>) =>
    inWorld({ scale: 10, override: { topics: { deploys: {}, 'deploys.fifo': {} } } }, async (world) => {
      await work(world);
      return { runs: 'web:1' };
    });

  it('publishes sentences for persons and JSON for programs', async () => {
    await inTopics(async (world) => {
      const step = await publish(world, { title: '✅ Über 100 % 🚀', reason: `see ${TOPIC}` });
      expect(step.code, step.log).toBe(0);
      expect(sentOf(step)).toEqual({ sns: 'sent' });
      expect(step.log).toContain('✓ SNS topic deploys in eu-west-1');
      const [message] = world.simulator.world.topics.messages('deploys');
      expect(message).toMatchObject({
        subject: 'Uber 100 %',
        attributes: { status: 'promoted', service: 'web', environment: 'production' },
      });
      expect(message?.text).toContain('Reason: see arn:aws:sns:eu-west-1:ACCOUNT:deploys');
      expect(JSON.parse(message?.texts['sqs'] ?? '')).toMatchObject({
        status: 'promoted',
        version: 'v1.4.0',
      });
    });
  });

  it('publishes on a FIFO topic', async () => {
    await inTopics(async (world) => {
      const step = await publish(world, { 'sns-topic-arn': `${TOPIC}.fifo` });
      expect(sentOf(step)).toEqual({ sns: 'sent' });
      expect(world.simulator.world.topics.messages('deploys.fifo')).toMatchObject([{ group: 'web' }]);
    });
  });

  it('warns where the topic is missing, denied or out of order', async () => {
    await inTopics(async (world) => {
      const missing = await publish(world, { 'sns-topic-arn': `${TOPIC}s` });
      expect([missing.code, sentOf(missing)]).toEqual([
        0,
        { sns: 'failed: there is no such topic. Check the ARN.' },
      ]);
      world.simulator.faults.add({ kind: 'access-denied', operation: 'Publish', nth: 1 });
      const denied = await publish(world);
      expect(denied.code).toBe(0);
      expect(sentOf(denied)['sns']).toMatch(
        /^failed: AWS does not allow sns:Publish: .*Allow sns:Publish in the policy/,
      );
      expect(sentOf(denied)['sns']).not.toContain('123456789012');
      world.simulator.faults.add({ kind: 'internal-error', operation: 'Publish', nth: 1, times: 2 });
      expect(sentOf(await publish(world))).toEqual({ sns: 'sent' });
      world.simulator.faults.add({ kind: 'internal-error', operation: 'Publish' });
      const out = await publish(world, { timeout: '5s' });
      world.simulator.faults.clear();
      expect(out.code).toBe(0);
      expect(sentOf(out)['sns']).toMatch(/^failed: /);
    });
  });
});
