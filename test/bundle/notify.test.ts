import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { Job } from '../../src/runner/start-action.ts';

it('notify tells what it can, is green, and shows no secret but in its masks', async () => {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      heard.push(`${request.url} ${body}`);
      if (request.url === '/services/secret') response.end('ok');
      else response.writeHead(404).end('no_service at /workflows/secret');
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const job = new Job({ GITHUB_REPOSITORY: 'org/web', GITHUB_SHA: 'a'.repeat(40) });
  try {
    const step = await job.run('notify', {
      status: 'rolled-back',
      service: 'web',
      environment: 'production',
      reason: 'too many errors <!channel>',
      'slack-webhook-url': `http://${host}/services/secret`,
      'teams-webhook-url': `http://${host}/workflows/secret`,
    });
    expect(step.code, step.log).toBe(0);
    expect(step.outputs).toEqual({
      sent: '{"slack-webhook":"sent","teams":"failed: answered 404: no_service at ***"}',
      'slack-message': '',
    });
    expect(step.log).toContain('↩️ web was rolled back in production');
    expect(step.log).toContain(`✓ Slack (${host})`);
    expect(step.log).toContain(`::warning::The notification did not get to Teams (${host}): answered 404`);
    expect(step.log.replaceAll(/^::add-mask::.*$/gm, '')).not.toContain('secret');
    expect(heard).toHaveLength(2);
    expect(heard.join()).toContain('too many errors &lt;!channel&gt;');
  } finally {
    job.end();
    server.closeAllConnections();
    server.close();
  }
});
