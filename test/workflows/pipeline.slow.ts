import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeLayout } from '../images/layout.ts';
import { StagedRelease, withSimulator } from './act.ts';
import { answering, onGithub, use } from './calling.ts';

let release: StagedRelease;
let image: string;
let digest: string;

beforeAll(() => {
  release = new StagedRelease();
  image = join(release.home, 'image');
  digest = writeLayout(image, { text: 'v2' });
});

afterAll(() => release.end());

const SERVICE = { cluster: 'prod', service: 'web', steps: '50% for 4m' };

/** An image in place of a build. */
const built = () => `- { name: web, repository: shop, oci-layout: "${image}", tags: v2 }`;

let projects = 0;

/** A world in which tasks of the image are processes in the directory `project`. */
function whereTasksRun(scenario: object = {}) {
  const project = join(release.home, `project-${++projects}`);
  mkdirSync(project);
  const program = { directory: project };
  return {
    project,
    options: {
      repositories: { shop: { immutable: true, ...scenario } },
      override: {
        databases: { instances: { shop: { snapshotTime: 60_000 } } },
        programs: { 'app:v1': program, 'app:v2': program, [digest.slice('sha256:'.length)]: program },
      },
    },
  };
}

const PARTS = {
  ...SERVICE,
  'backup-db-instances': 'shop',
  'migrate-command': '["sh", "-c", "echo applied >> log"]',
};

describe('the root action', () => {
  it('builds, backs up, migrates, releases and tests, with one revision for all of it', async () => {
    const { project, options } = whereTasksRun();
    await onGithub({}, (github, event) =>
      answering(200, (url) =>
        withSimulator(
          options,
          async (simulator) => {
            const inputs = {
              ...PARTS,
              'build-images': built(),
              'migrate-compatible': 'true',
              environment: 'production',
              'smoke-test-url': url,
            };
            const { code, log, outputs } = await use(release, inputs, simulator, event);
            expect(code, log).toBe(0);
            // Not `outcome`, which act takes from the last part; composite.slow.ts looks at it.
            expect(outputs).toMatchObject({
              changed: 'true',
              'task-definition-arn': expect.stringMatching(/web:3$/),
              'previous-task-definition-arn': expect.stringMatching(/web:1$/),
              migration: 'migrated',
              'smoke-test': 'passed',
              'deployment-id': '5000',
              snapshots: expect.stringMatching(/^\{"shop":"shop-pre-deploy-20260105-\w+"\}$/),
              'restore-commands': expect.stringContaining('aws rds restore-db-instance-from-db-snapshot'),
            });
            expect(outputs['image']).toMatch(new RegExp(`/shop@${digest}$`));
            expect(outputs['reference']).toBe(`ecr:shop@${digest}`);
            const calls = simulator.calls.map(({ operation }) => operation);
            const order = ['CreateDBSnapshot', 'RunTask', 'CreateTargetGroup'];
            expect(calls.filter((operation) => order.includes(operation))).toEqual(order);
            expect(calls.filter((operation) => operation === 'RegisterTaskDefinition')).toHaveLength(1);
            expect(readFileSync(join(project, 'log'), 'utf8')).toBe('applied\n');
            expect(
              github.deployments.map(({ environment, statuses }) => [environment, statuses.at(-1)?.state]),
            ).toEqual([['production', 'success']]);
            expect(simulator.bugs).toEqual([]);
          },
          200,
        ),
      ),
    );
  });

  it('stops before the code when the migration fails, and before the migration when the scan finds something', async () => {
    const findings = [{ name: 'CVE-2026-0001', severity: 'CRITICAL', package: 'zlib', version: '1.2' }];
    const { project, options } = whereTasksRun({ scanning: 'on-push', scanTime: 30_000, findings });
    await withSimulator(
      options,
      async (simulator) => {
        const migration = {
          ...PARTS,
          image: 'app:v2',
          'migrate-command': '["sh", "-c", "echo half >> log; exit 3"]',
        };
        const failed = await use(release, migration, simulator);
        expect(failed.code).toBe(1);
        expect(failed.log).toContain('exit code 3');
        expect(failed.outputs).toMatchObject({ 'rollout-id': '', migration: 'failed', 'smoke-test': '' });
        expect(failed.outputs['snapshots']).toContain('shop-pre-deploy-');
        const found = await use(
          release,
          // The checklist does not keep the next migration from mending what this one has left.
          {
            ...PARTS,
            'build-images': built(),
            'fail-on': 'critical',
            'migrate-command': '["sh", "-c", "echo whole >> log"]',
          },
          simulator,
        );
        expect(found.code).toBe(1);
        expect(found.log).toContain('CVE-2026-0001');
        expect(found.outputs).toMatchObject({ 'rollout-id': '', snapshots: '', migration: '' });
        const calls = simulator.calls.map(({ operation }) => operation);
        expect(calls.filter((operation) => operation === 'RunTask')).toHaveLength(1);
        expect(calls).not.toContain('CreateTargetGroup');
        expect(calls).not.toContain('UpdateService');
        expect(readFileSync(join(project, 'log'), 'utf8')).toBe('half\n');
        expect(simulator.bugs).toEqual([]);
      },
      200,
    );
  });

  it('finds what is wrong with the rollout before it backs up and migrates, and changes nothing in a dry run', async () => {
    const { options } = whereTasksRun();
    await withSimulator(
      options,
      async (simulator) => {
        const wrong = await use(release, { ...PARTS, image: 'app:v2', gates: 'eror-rate < 1%' }, simulator);
        expect(wrong.code).toBe(1);
        expect(wrong.log).toContain('there is no measure "eror-rate"');
        const untestable = { ...PARTS, 'build-images': built(), 'smoke-test': '- nmae: health' };
        const early = await use(release, untestable, simulator);
        expect(early.code).toBe(1);
        expect(early.log).toContain('nmae');
        expect(early.outputs).toMatchObject({ image: '', changed: '' });
        const migration = { 'migrate-verify-command': 'alembic current', 'migrate-verify-matches': '(head' };
        const unmigratable = await use(release, { ...PARTS, ...migration, image: 'app:v2' }, simulator);
        expect(unmigratable.code).toBe(1);
        expect(unmigratable.log).toContain('verify-matches');
        const nowhere = { ...PARTS, 'build-images': built(), 'backup-db-instances': 'shpo' };
        const missing = await use(release, nowhere, simulator);
        expect(missing.code).toBe(1);
        expect(missing.log).toContain('"shpo"');
        expect(missing.outputs).toMatchObject({ image: '', changed: '' });
        const undecided = { ...PARTS, 'build-images': built(), 'on-smoke-test-failure': 'keeep' };
        const choice = await use(release, undecided, simulator);
        expect(choice.code).toBe(1);
        expect(choice.log).toContain('on-smoke-test-failure: "keeep" is neither roll-back nor keep');
        expect(choice.outputs).toMatchObject({ image: '', changed: '' });
        const dry = {
          ...PARTS,
          'build-images': built(),
          'smoke-test-url': 'http://127.0.0.1:9',
          'dry-run': true,
        };
        const { code, log, outputs } = await use(release, dry, simulator);
        expect(code, log).toBe(0);
        expect(outputs).toMatchObject({
          outcome: '',
          snapshots: '',
          image: '',
          migration: '',
          'smoke-test': '',
        });
        expect(
          simulator.calls.filter(({ operation }) => !/^(Describe|List|Get|Batch|Simulate)/.test(operation)),
        ).toEqual([]);
        expect(simulator.bugs).toEqual([]);
      },
      60,
    );
  });

  it('brings the former revision back when the smoke test fails after the promotion', async () => {
    await answering(503, (url) =>
      withSimulator({}, async (simulator) => {
        const inputs = { ...SERVICE, image: 'app:v2', 'smoke-test-url': url };
        const { code, log } = await use(release, inputs, simulator);
        expect(code, log).toBe(1);
        expect(log).toMatch(/web:2 is promoted[\s\S]*503[\s\S]*web runs web:1: 4 of 4 tasks/);
        expect(simulator.bugs).toEqual([]);
      }),
    );
  });
});
