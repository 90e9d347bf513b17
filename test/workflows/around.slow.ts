import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scenario } from '../../src/simulator/scenario/scenario.ts';
import { failuresIn } from '../bundle/failures.ts';
import { refreshShop, SECRET } from '../bundle/refresh-shop.ts';
import { StagedRelease, withSimulator } from './act.ts';
import { call, callToFail, onGithub, use } from './calling.ts';

let release: StagedRelease;

beforeAll(() => {
  release = new StagedRelease();
});

afterAll(() => release.end());

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 5, 12);
const QUICK = { steps: '50% for 4m', image: 'app:v2' };
/** Nothing is wrong with it until all the traffic is on it. */
const LEAKING: Scenario['behaviours'] = {
  'app:v2': { changes: [{ from: { age: 14 * MINUTE }, errorRate: 0.05 }] },
};

/** Each with a setting that the other does not know. */
const CONFIGS = { 'canary.yml': 'max-hold: 20m\n', 'monitor.yml': 'on-failure: roll-back\ndry-run: true\n' };

interface Told {
  readonly method: string;
  readonly ts?: string;
  readonly text: string;
}

/** Slack's API as far as a bot that writes one message needs it. */
async function onSlack<T>(visit: (url: string, told: readonly Told[]) => Promise<T>): Promise<T> {
  const told: Told[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { ts } = JSON.parse(body) as { ts?: string };
      told.push({ method: request.url?.slice(1) ?? '', ...(ts && { ts }), text: body });
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ok: true, channel: 'C0123456789', ts: ts ?? '1767614400.000100' }));
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  try {
    return await visit(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, told);
  } finally {
    server.close();
  }
}

/** A workflow of one step. */
const workflowOf = (step: string): string => `on: workflow_dispatch
jobs:
  it:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - id: it
        ${step.trim().replaceAll('\n', '\n        ')}
`;

describe('deploy.yml', () => {
  it('watches a release, takes it back, keeps the record, and incident.yml writes it up and closes it', async () => {
    await onGithub({}, (github, event) =>
      onSlack((url, told) =>
        withSimulator({ behaviours: LEAKING }, async (simulator) => {
          const on = {
            ...event,
            files: CONFIGS,
            variables: { SLACK_API_URL: url },
            secrets: { ...event.secrets, SLACK_TOKEN: 'xoxb-1-secret' },
          };
          const watched = {
            ...QUICK,
            'monitor-for': '30m',
            config: 'canary.yml',
            'monitor-config': 'monitor.yml',
            environment: 'production',
            notify: true,
            'slack-channel': 'C0123456789',
          };
          const { code, log, outputs, jobs } = await callToFail(release, 'deploy', watched, simulator, on);
          expect(code, log).toBe(1);
          expect(jobs).toMatchObject({ check: 'succeeded', canary: 'succeeded', monitor: 'failed' });
          expect(outputs, log).toMatchObject({
            outcome: 'rolled-back',
            monitor: 'rolled-back',
            reason: expect.stringContaining('error-rate'),
            record: expect.stringMatching(/^monitor-/),
            'task-definition': 'web:2',
            'previous-task-definition': 'web:1',
          });
          expect(told.map(({ method }) => method)).toEqual([
            'chat.postMessage',
            ...Array(3).fill('chat.update'),
          ]);
          expect(new Set(told.slice(1).map(({ ts }) => ts))).toEqual(new Set(['1767614400.000100']));
          expect(told.at(-1)?.text).toContain('rolled back');

          const { outcome = '', reason = '', record = '' } = outputs;
          const given = {
            outcome,
            reason,
            record,
            'task-definition': 'web:2',
            'previous-task-definition': 'web:1',
            environment: 'production',
          };
          const written = await call(release, 'incident', given, simulator, event);
          expect(written.code, written.log).toBe(0);
          expect(written.outputs).toMatchObject({ outcome: 'opened', 'issue-number': '40' });
          const [issue] = github.issues;
          expect(issue?.body).toContain('`web:2` was rolled back');
          expect(issue?.body).toMatch(/error-rate/);
          expect(issue?.body).not.toMatch(/123456789012|undefined/);

          const sound = await call(release, 'incident', { outcome: 'promoted' }, simulator, event);
          expect(sound.outputs, sound.log).toMatchObject({ outcome: 'resolved' });
          expect(github.issues.map(({ state }) => state)).toEqual(['closed']);
          expect(simulator.bugs).toEqual([]);
        }),
      ),
    );
  });

  it('deploys nothing while it is frozen, unless somebody says why', async () => {
    await withSimulator({}, async (simulator) => {
      const freeze = '- { from: 2026-01-01, to: 2026-01-31, reason: stocktaking }';
      const frozen = await callToFail(release, 'deploy', { ...QUICK, freeze }, simulator);
      expect(frozen.code).toBe(1);
      expect(frozen.log).toContain('stocktaking');
      expect(frozen.jobs).toEqual({ check: 'failed', after: 'succeeded' });
      const all = { ...QUICK, freeze, 'freeze-override': 'the basket is empty' };
      // act gives what a skipped job would have answered in place of what another one has.
      const { code, log, outputs } = await callToFail(release, 'deploy', all, simulator);
      expect(code, log).toBe(0);
      expect(log).toContain('the basket is empty');
      expect(outputs).toMatchObject({ outcome: 'promoted' });
      expect(simulator.bugs).toEqual([]);
    });
  });

  it('marks what it has released on the dashboard', async () => {
    await withSimulator({}, async (simulator) => {
      const files = {
        '.github/workflows/alarms.yml': `on: workflow_dispatch
jobs:
  alarms:
    runs-on: ubuntu-latest
    steps:
      - id: alarms
        uses: org/deploy-actions/alarms@v1
        with:
          cluster: prod
          service: web
          definition: |
            cpu: 80%
            http-5xx: 10 per 5m
            dashboard: true
`,
      };
      const put = await release.run({ files }, simulator);
      expect(put.code, put.log).toBe(0);
      const inputs = { ...QUICK, 'annotate-dashboard': true };
      const { code, log } = await call(release, 'deploy', inputs, simulator);
      expect(code, log).toBe(0);
      const bodies = simulator.calls.flatMap(({ operation, input }) =>
        operation === 'PutDashboard' ? [JSON.stringify(input)] : [],
      );
      expect(bodies).toHaveLength(2);
      expect(bodies[1]).toContain('annotations');
      expect(simulator.bugs).toEqual([]);
    });
  });
});

describe('the root action', () => {
  it('watches a release, takes it back, and writes it up', async () => {
    await onGithub({}, (github, event) =>
      withSimulator({ behaviours: LEAKING }, async (simulator) => {
        const inputs = {
          ...QUICK,
          cluster: 'prod',
          service: 'web',
          'monitor-for': '30m',
          incident: 'true',
          'github-token': 'writes',
        };
        const { code, log, outputs } = await use(release, inputs, simulator, event);
        expect(code, log).toBe(1);
        expect(outputs).toMatchObject({
          monitor: 'rolled-back',
          'issue-url': 'https://github.com/org/web/issues/40',
        });
        expect(log).toContain('web runs web:1: 4 of 4 tasks');
        expect(github.issues[0]?.body).toContain('`web:2` was rolled back');
        expect(simulator.bugs).toEqual([]);
      }),
    );
  });
});

describe('pr-check.yml', () => {
  it('says in its comment what is not as a deploy needs it', async () => {
    await onGithub({}, (github, event) =>
      withSimulator({}, async (simulator) => {
        const payload = {
          pull_request: { number: 7, head: { sha: 'a'.repeat(40), repo: { full_name: 'org/web' } } },
        };
        const inputs = {
          image: 'app:v2',
          preflight: true,
          'preflight-checks': 'image: fail',
          alarms: 'no-such-alarm',
        };
        const on = { ...event, event: 'pull_request', payload } as const;
        const { code, log } = await call(release, 'pr-check', inputs, simulator, on);
        expect(code, log).toBe(1);
        expect(github.comments[0]?.body).toContain('no-such-alarm');
        expect(simulator.bugs).toEqual([]);
      }),
    );
  });
});

describe('a workflow of its own', () => {
  it('starts the tasks of a service anew once its secret has changed, and not before', async () => {
    await withSimulator({ override: refreshShop() }, async (simulator, clock) => {
      const step = `uses: org/deploy-actions/refresh@v1
with:
  cluster: prod
  service: web
  steps: 50% for 4m
  only-if-rotated: true`;
      const files = { '.github/workflows/refresh.yml': workflowOf(step) };
      const before = await release.run({ files }, simulator);
      expect(before.code, before.log).toBe(0);
      expect(simulator.calls.map(({ operation }) => operation)).not.toContain('RegisterTaskDefinition');
      const secrets = new SecretsManagerClient({
        endpoint: simulator.url,
        region: 'eu-west-1',
        credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
      });
      await secrets.send(new PutSecretValueCommand({ SecretId: SECRET, SecretString: 'new' }));
      secrets.destroy();
      await clock.sleep(1_000);
      const after = await release.run({ files }, simulator);
      expect(after.code, after.log).toBe(0);
      expect(after.log).toContain('web:2 is promoted');
      expect(failuresIn(simulator, START)).toEqual([]);
      expect(simulator.bugs).toEqual([]);
    });
  });

  it('puts a frontend into its bucket, and rollback.yml brings the one before back', async () => {
    const override = {
      buckets: { shop: {} },
      distributions: { E1A2B3C4D5E6F7: { bucket: 'shop', defaultRootObject: 'index.html' } },
    };
    await withSimulator({ override }, async (simulator) => {
      const place = { bucket: 'shop', distribution: 'E1A2B3C4D5E6F7' };
      const step = (version: string) => `uses: org/deploy-actions/frontend@v1
with:
  directory: build
  version: ${version}
  bucket: ${place.bucket}
  distribution: ${place.distribution}`;
      for (const version of ['v1', 'v2']) {
        const files = {
          '.github/workflows/frontend.yml': workflowOf(step(version)),
          'build/index.html': `<h1>${version}</h1>`,
        };
        const { code, log } = await release.run(
          { files, workflow: '.github/workflows/frontend.yml' },
          simulator,
        );
        expect(code, log).toBe(0);
        expect(simulator.world.edge.get('/')?.body).toBe(`<h1>${version}</h1>`);
      }
      await call(release, 'deploy', { ...QUICK, preflight: false }, simulator);
      const { code, log, outputs } = await call(release, 'rollback', { ...place, timeout: '10m' }, simulator);
      expect(code, log).toBe(0);
      expect(outputs).toMatchObject({ outcome: 'rolled-back', 'task-definition': 'web:1' });
      expect(simulator.world.edge.get('/')?.body).toBe('<h1>v1</h1>');
      expect(simulator.bugs).toEqual([]);
    });
  });
});
