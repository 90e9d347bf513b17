import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PUBLISHED_WORKFLOWS } from '../../src/build/release/published.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { writeLayout } from '../images/layout.ts';
import { actionlint } from '../slow/tools.ts';
import { NOT_IN_ACT, StagedRelease, withSimulator } from './act.ts';
import { answering, call, callToFail, onGithub, VARIABLES } from './calling.ts';

let release: StagedRelease;
let image: string;
let digest: string;

beforeAll(() => {
  release = new StagedRelease();
  image = join(release.home, 'image');
  digest = writeLayout(image, { text: 'v2' });
});

afterAll(() => release.end());

const SHORT = { steps: '50% for 4m' };

const built = () => `- { name: web, repository: shop, oci-layout: "${image}", tags: v2 }`;

const operations = ({ calls }: Pick<Simulator, 'calls'>) => calls.map(({ operation }) => operation);

let projects = 0;

/** A world in which tasks are processes in the directory `project`. */
function whereTasksRun() {
  const project = join(release.home, `project-${++projects}`);
  mkdirSync(project);
  const program = { directory: project };
  const override = {
    databases: { instances: { shop: { snapshotTime: 60_000 } } },
    programs: { 'app:v1': program, 'app:v2': program, [digest.slice('sha256:'.length)]: program },
  };
  return { project, override };
}

it('has workflows that actionlint finds nothing wrong with', () => {
  const workflows = join(release.tree, '.github/workflows');
  const files = readdirSync(workflows);
  expect(files.toSorted()).toEqual(PUBLISHED_WORKFLOWS.map((name) => `${name}.yml`).toSorted());
  execFileSync(
    actionlint(),
    files.map((file) => join(workflows, file)),
  );
});

describe('deploy.yml', () => {
  it('brings an image through check, backup, migration and canary to a test, and answers what it did', async () => {
    const { project, override } = whereTasksRun();
    await onGithub({}, (github, event) =>
      answering(200, (url) =>
        withSimulator(
          { repositories: {}, override },
          async (simulator) => {
            const inputs = {
              ...SHORT,
              environment: 'production',
              'environment-url': 'https://shop.example.com',
              'approval-environment': 'production-approval',
              'build-images': built(),
              'create-repository': true,
              'container-name': 'web',
              'backup-db-instances': 'shop',
              'migrate-command': '["sh", "-c", "echo applied >> log"]',
              'smoke-test-url': url,
            };
            const { code, log, outputs, jobs } = await call(release, 'deploy', inputs, simulator, event);
            expect(code, log).toBe(0);
            const succeeded = ['check', 'image', 'approve', 'backup', 'migrate', 'canary', 'verify'];
            expect(Object.keys(jobs)).toEqual([...succeeded, 'after']);
            // act gives what the watch, which was skipped, would have answered as the outcome; GitHub does not.
            expect(outputs).toMatchObject({
              image: `ecr:shop@${digest}`,
              'task-definition': 'web:3',
              'previous-task-definition': 'web:1',
              'deployment-id': '5000',
              migration: 'migrated',
              'smoke-test': 'passed',
            });
            expect(outputs['snapshots']).toContain('shop-pre-deploy-');
            const order = ['CreateDBSnapshot', 'RegisterTaskDefinition', 'RunTask', 'CreateTargetGroup'];
            const calls = operations(simulator).filter((operation) => order.includes(operation));
            expect(calls).toEqual(order);
            expect(readFileSync(join(project, 'log'), 'utf8')).toBe('applied\n');
            const [deployment] = github.deployments;
            expect(deployment?.statuses.at(-1)).toMatchObject({
              state: 'success',
              environment_url: 'https://shop.example.com',
            });
            expect(simulator.bugs).toEqual([]);
          },
          200,
        ),
      ),
    );
  });

  it('tells all that is wrong in one run, before anything is built or changed', async () => {
    await withSimulator(
      {},
      async (simulator) => {
        const wrong = {
          ...SHORT,
          'build-images': built(),
          gates: 'eror-rate < 1%',
          'backup-db-instances': 'shpo',
          'migrate-verify-command': 'alembic current',
          'migrate-verify-matches': '(head',
          'migrate-command': 'migrate',
          'smoke-test': '- nmae: health',
          'on-smoke-test-failure': 'keeep',
        };
        const { code, log, jobs } = await call(release, 'deploy', wrong, simulator);
        expect(code).toBe(1);
        for (const part of [
          '"eror-rate"',
          '"shpo"',
          'verify-matches',
          'nmae',
          '"keeep" is neither roll-back nor keep',
        ])
          expect(log).toContain(part);
        expect(jobs['check']).toBe('failed');
        expect(jobs).not.toHaveProperty('image');
        expect(simulator.bugs).toEqual([]);
      },
      60,
    );
  });

  it.each(['deploy', 'rollback', 'promote', 'pr-check'] as const)(
    '%s.yml without a role or a region names the inputs and the variables',
    async (workflow) => {
      await withSimulator({}, async (simulator) => {
        const stages = JSON.stringify([{ environment: 'production' }]);
        const inputs = workflow === 'promote' ? { stages, image: 'app:v2' } : { environment: 'production' };
        const variables = { DEPLOY_ROLE: '', PR_ROLE: '', AWS_REGION: '' };
        const variable = workflow === 'pr-check' ? 'PR_ROLE' : 'DEPLOY_ROLE';
        const { code, log } = await call(release, workflow, inputs, simulator, { variables });
        expect(code).toBe(1);
        const where = 'in the environment production or the repository';
        expect(log).toMatch(
          new RegExp(`The input role is empty: give it, or set the variable ${variable} ${where}`),
        );
        expect(log).toContain(`The input region is empty: give it, or set the variable AWS_REGION ${where}`);
        expect(log).not.toContain('credentials of');
        expect(simulator.calls).toEqual([]);
      });
    },
  );

  it('stops before the code when the migration fails', async () => {
    const { override } = whereTasksRun();
    await withSimulator(
      { override },
      async (simulator) => {
        const inputs = { ...SHORT, image: 'app:v2', 'migrate-command': '["sh", "-c", "exit 3"]' };
        const { code, outputs, jobs } = await callToFail(release, 'deploy', inputs, simulator);
        expect(code).toBe(1);
        expect(jobs).toEqual({ check: 'succeeded', migrate: 'failed', after: 'succeeded' });
        expect(outputs).toMatchObject({ outcome: '', migration: 'failed' });
        expect(operations(simulator)).not.toContain('CreateTargetGroup');
        expect(simulator.bugs).toEqual([]);
      },
      200,
    );
  });

  it('stops before the migration when the scan finds something', async () => {
    const findings = [
      { name: 'CVE-2026-0001', severity: 'CRITICAL', package: 'zlib', version: '1.2' },
    ] as const;
    const shop = { immutable: true, scanning: 'on-push', scanTime: 30_000, findings } as const;
    await withSimulator({ repositories: { shop } }, async (simulator) => {
      const inputs = {
        ...SHORT,
        'build-images': built(),
        'fail-on': 'critical',
        'migrate-command': 'migrate',
      };
      const { code, log, outputs, jobs } = await callToFail(release, 'deploy', inputs, simulator);
      expect(code).toBe(1);
      expect(log).toContain('CVE-2026-0001');
      expect(jobs).toEqual({ check: 'succeeded', image: 'failed', after: 'succeeded' });
      expect(outputs).toMatchObject({ outcome: '', migration: '' });
      expect(operations(simulator)).not.toContain('RunTask');
      expect(simulator.bugs).toEqual([]);
    });
  });

  it('takes a bad release back by its gates, and a promoted one when the test fails', async () => {
    await withSimulator({ behaviours: { 'app:v2': { errorRate: 0.2 } } }, async (simulator) => {
      const bad = await callToFail(release, 'deploy', { steps: '50% for 6m', image: 'app:v2' }, simulator);
      expect(bad.code).toBe(1);
      expect(bad.jobs).toEqual({ check: 'succeeded', canary: 'failed', after: 'succeeded' });
      expect(bad.outputs).toMatchObject({ outcome: 'rolled-back', 'smoke-test': '' });
      expect(bad.outputs['reason']).toContain('error-rate');
      expect(simulator.bugs).toEqual([]);
    });
    await onGithub({}, (github, event) =>
      answering(503, (url) =>
        withSimulator({}, async (simulator) => {
          const inputs = { ...SHORT, image: 'app:v2', 'smoke-test-url': url, environment: 'staging' };
          const { code, log, outputs, jobs } = await callToFail(release, 'deploy', inputs, simulator, event);
          expect(code, log).toBe(1);
          expect(jobs).toMatchObject({ canary: 'succeeded', verify: 'failed' });
          expect(outputs).toMatchObject({
            outcome: 'rolled-back',
            reason: expect.stringContaining('smoke test'),
            'smoke-test': 'failed',
            'task-definition': 'web:2',
            'previous-task-definition': 'web:1',
          });
          expect(log).toContain('web runs web:1: 4 of 4 tasks');
          const ends = github.deployments.map(({ task, statuses }) => [task, statuses.at(-1)?.state]);
          expect(ends).toEqual([
            ['deploy:prod/web', 'inactive'],
            ['rollback:prod/web', 'success'],
          ]);
          expect(simulator.bugs).toEqual([]);
        }),
      ),
    );
  });
});

describe('rollback.yml', () => {
  it('started by hand with a version, finds its image by the tag in the registry', async () => {
    const digests = { 'v1.2.3': `sha256:${'a'.repeat(64)}`, 'v1.3.0': `sha256:${'b'.repeat(64)}` };
    const address = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop';
    const images = [`${address}@${digests['v1.2.3']}`, `${address}@${digests['v1.3.0']}`];
    await withSimulator({ images, repositories: { shop: digests } }, async (simulator) => {
      const cluster = { cluster: 'prod', service: 'web', steps: '50% for 4m' };
      await call(release, 'deploy', { ...cluster, image: images[1] ?? '' }, simulator);
      const path = '.github/workflows/rollback.yml';
      const { code, log } = await release.run(
        {
          files: { [path]: readFileSync(join(release.tree, path), 'utf8').replaceAll(NOT_IN_ACT, '') },
          inputs: { version: 'v1.2.3', reason: 'the basket is empty', environment: '' },
          variables: VARIABLES,
        },
        simulator,
      );
      expect(code, log).toBe(0);
      expect(log).toContain('web runs web:1: 4 of 4 tasks');
      const called = await call(release, 'rollback', { version: 'web:2', timeout: '10m' }, simulator);
      expect(called.outputs).toMatchObject({
        outcome: 'rolled-back',
        'task-definition': 'web:2',
        'previous-task-definition': 'web:1',
      });
      expect(simulator.bugs).toEqual([]);
    });
  });
});

describe('pr-check.yml', () => {
  const head = { sha: '5d41402abc4b2a76b9719d911017c592ae5f1c3d' };
  const payload = (full_name = 'org/web') => ({
    pull_request: { number: 7, head: { ...head, repo: { full_name } } },
  });
  const inputs = { migrations: 'migrations/*.sql', 'task-definition': 'task-definition.json' };
  const definition = (image: string) =>
    JSON.stringify({
      family: 'web',
      cpu: '256',
      memory: '512',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      containerDefinitions: [{ name: 'web', image, portMappings: [{ containerPort: 8080 }] }],
    });
  const files = (sql: string) => ({
    'migrations/1_note.sql': sql,
    'task-definition.json': definition('app:v2'),
  });

  it('says in one comment what all of it has found, and keeps that comment up to date', async () => {
    const changed = [{ filename: 'migrations/1_note.sql', status: 'added' }] as const;
    const findings = [
      { name: 'CVE-2026-0001', severity: 'CRITICAL', package: 'zlib', version: '1.2', tag: 'pr-7-*' },
    ] as const;
    const shop = { immutable: true, scanning: 'on-push', scanTime: 30_000, findings } as const;
    await onGithub({ files: changed }, (github, event) =>
      withSimulator({ repositories: { shop } }, async (simulator) => {
        const run = { ...event, event: 'pull_request', payload: payload() } as const;
        const images = `- { name: web, repository: shop, oci-layout: "${image}" }`;
        const all = { ...inputs, 'build-images': images };
        const bad = await call(release, 'pr-check', all, simulator, {
          ...run,
          files: files('ALTER TABLE orders DROP COLUMN note;'),
        });
        expect(bad.code, bad.log).toBe(1);
        const first = github.comments[0]?.body ?? '';
        for (const text of ['`prod/web`: a new revision', 'DROP COLUMN', 'CVE-2026-0001'])
          expect(first).toContain(text);

        const good = await call(release, 'pr-check', inputs, simulator, {
          ...run,
          files: files('ALTER TABLE orders ADD COLUMN note text;'),
        });
        expect(good.code, good.log).toBe(0);
        expect(good.outputs).toMatchObject({ compatible: 'true', changed: 'true' });
        expect(github.comments).toHaveLength(1);
        expect(github.comments[0]?.body).not.toContain('CVE-2026-0001');
        expect(
          simulator.calls.filter(({ operation }) => !/^(Describe|List|Get|Batch)/.test(operation)),
        ).toEqual([]);
        expect(simulator.bugs).toEqual([]);
      }),
    );
  });

  it('does what it can for a pull request from a fork, which gets no credentials', async () => {
    const changed = [{ filename: 'migrations/1_note.sql', status: 'added' }] as const;
    await onGithub({ files: changed }, (github, event) =>
      withSimulator({}, async (simulator) => {
        const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...env } = simulator.env();
        const { code, log, outputs } = await call(
          release,
          'pr-check',
          inputs,
          { env: () => env },
          {
            env: { ...event.env, AWS_EC2_METADATA_DISABLED: 'true' },
            secrets: { GITHUB_TOKEN: 'reads' },
            event: 'pull_request',
            payload: payload('somebody/web'),
            files: files('ALTER TABLE orders ADD COLUMN note text;'),
          },
        );
        expect(code, log).toBe(0);
        expect(log).not.toContain('credentials of');
        expect(outputs).toMatchObject({ compatible: 'true', changed: '', 'comment-url': '' });
        expect(github.comments).toEqual([]);
        expect(simulator.calls).toEqual([]);
      }),
    );
  });
});
