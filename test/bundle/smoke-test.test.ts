import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Job } from '../../src/runner/start-action.ts';
import { inWorld } from './world.ts';

/** A server on a port of its own, for as long as the work takes. */
async function serving(
  listener: RequestListener,
  work: (url: string, job: Job) => Promise<void>,
): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const job = new Job({});
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, job);
  } finally {
    job.end();
    server.closeAllConnections();
    server.close();
  }
}

describe.concurrent('smoke-test', () => {
  test('takes as long as the slowest of twenty requests', async () => {
    // One after the other, they would take 21 seconds.
    const listener: RequestListener = ({ url }, response) => {
      setTimeout(() => response.end('ok'), url === '/7' ? 2_000 : 1_000);
    };
    await serving(listener, async (url, job) => {
      const requests = Array.from({ length: 20 }, (_, index) => `- path: /${index}`).join('\n');
      const step = await job.run('smoke-test', { url, requests });
      expect(step.code, step.log).toBe(0);
      expect(step.outputs).toMatchObject({ outcome: 'passed', failed: '0' });
      expect(JSON.parse(step.outputs['results'] ?? '')).toHaveLength(20);
      expect(step.ms).toBeGreaterThan(2_000);
      expect(step.ms).toBeLessThan(8_000);
    });
  });

  test('logs in, fails on an order, and shows no secret anywhere but in its masks', async () => {
    const listener: RequestListener = ({ url, headers }, response) => {
      if (url === '/login') response.end('{"access_token":"tok-hunter2"}');
      else response.writeHead(500).end(`you are ${headers.authorization}, ${headers['x-api-key']}`);
    };
    await serving(listener, async (url, job) => {
      job.file(
        'smoke.yml',
        [
          '- name: login',
          '  path: /login',
          '  json: { user: smoke }',
          '  capture: { token: { json: access_token, secret: true } }',
          '- name: order',
          '  path: /orders',
          '  headers: { Authorization: "Bearer $' + '{token}" }',
          '  json: { sku: 7 }',
          '  expect: 201',
        ].join('\n'),
      );
      const step = await job.run('smoke-test', {
        url,
        requests: 'smoke.yml',
        headers: 'X-Api-Key: key-hunter2',
      });
      expect(step.code).toBe(1);
      expect(step.outputs).toMatchObject({ outcome: 'failed', failed: '1' });
      expect(step.log).toContain('    status: expected 201, got 500');
      expect(step.log).toContain(`-H 'X-Api-Key: '"$X_API_KEY" -H 'Authorization: Bearer '"$TOKEN"`);
      expect(step.summary).toContain('❌ Smoke test: 1 of 2 requests failed');
      const rest =
        step.log.replaceAll(/^::add-mask::.*$/gm, '') + step.summary + JSON.stringify(step.outputs);
      expect(rest).not.toContain('hunter2');
      expect(step.log).toContain('::add-mask::tok-hunter2');
    });
  });

  test('ends on a cancel', async () => {
    await serving(
      () => undefined,
      async (url, job) => {
        const running = job.start('smoke-test', {
          url: `${url}/health`,
          requests: '- path: /a\n- { path: /b, connect-to: "127.0.0.1:9" }',
        });
        await running.says('again in 30s');
        const step = await running.cancel();
        expect(step.code).toBe(1);
        expect(step.log).toContain('::error::The smoke test was cancelled.');
        expect(step.outputs).toEqual({});
        expect(step.ms).toBeLessThan(5_000);
      },
    );
  });

  test('waits until all tasks run and all targets are healthy before it asks', async () => {
    let asked = 0;
    const listener: RequestListener = (_, response) => {
      asked++;
      response.end('{"status":"UP"}');
    };
    await serving(listener, async (url) => {
      await inWorld({ scale: 60 }, async (world) => {
        const inputs = {
          url,
          cluster: 'prod',
          service: 'web',
          requests: '- { path: /health, expect: { json: { status: UP } } }',
        };
        const step = await world.job().run('smoke-test', inputs);
        expect(step.code, step.log).toBe(0);
        expect(step.log).toMatch(/web: (\d+)\/\1 tasks running, \1\/\1 targets of \S+ healthy/);
        expect(asked).toBe(1);
        const other = await world.job().run('smoke-test', { ...inputs, 'task-definition': 'web:2' });
        expect(other.code).toBe(1);
        expect(other.log).toContain('web runs web:1, and web:2 was to be tested');
        expect(other.outputs).toMatchObject({ outcome: 'failed', failed: '1' });
        expect(asked).toBe(1);
        await world.ask('ECS', 'UpdateService', {
          cluster: 'prod',
          service: 'web',
          taskDefinition: 'web:2',
          desiredCount: 3,
        });
        const again = await world
          .job()
          .run('smoke-test', { ...inputs, timeout: '20m', 'task-definition': 'web:2' });
        expect(again.code, again.log).toBe(0);
        expect(again.log).toContain('deployments under way');
        expect(again.log).toContain('web: 3/3 tasks running, 3/3 targets of ');
        const missing = await world.job().run('smoke-test', { ...inputs, service: 'gone' });
        expect(missing.log).toContain(
          '::error::service: there is no active service "gone" in the cluster "prod"',
        );
        return { runs: 'web:2', changedByOthers: true };
      });
    });
  });
});
