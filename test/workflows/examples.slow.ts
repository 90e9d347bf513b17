import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScenarioRepository } from '../../src/simulator/ecr/model.ts';
import type { Scenario, ScenarioBehaviour } from '../../src/simulator/scenario/scenario.ts';
import type { WebShopOptions } from '../../src/simulator/scenario/web-shop.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import type { SimulatedWorld } from '../../src/simulator/world/world.ts';
import { ask } from '../bundle/picture.ts';
import { BOT, type GithubOptions, type GithubServer, startGithub } from '../github/github-server.ts';
import { type DockerEngine, dockerEngine } from '../slow/docker/engine.ts';
import { StagedRelease, type WorkflowResult, withSimulator } from './act.ts';
import { SETUP_ACTIONS, writeSetupAction, writeTools } from './example-tools.ts';
import { type ExampleService, worldOf } from './example-worlds.ts';

/** The examples as their teams would run them: the workflows of `examples/`, the staged release, the simulator. */

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const DOCKERFILE = 'FROM scratch\nCOPY Dockerfile /app\nENTRYPOINT ["/app"]\n';

let release: StagedRelease;
let engine: DockerEngine;
let site: Server;
let address: string;
/** What the service's address answers: all is well, or nothing is. */
let siteWorks = true;

beforeAll(async () => {
  release = new StagedRelease();
  writeTools(join(release.home, 'tools'));
  writeSetupAction(join(release.home, 'setup'));
  engine = await dockerEngine();
  site = createServer((request, response) => {
    request.resume();
    const created = request.method === 'POST' && request.url !== '/redeem';
    response.writeHead(siteWorks ? (created ? 201 : 200) : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status: 'UP', code: 'SMOKE-1' }));
  });
  await new Promise<void>((settle) => site.listen(0, '127.0.0.1', settle));
  address = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
});

afterAll(async () => {
  site?.close();
  await engine?.stop();
  release?.end();
});

/** Everything of an example, with the project's own files beside it. */
function project(name: string, files: Readonly<Record<string, string>>): Record<string, string> {
  const own = readdirSync(join(EXAMPLES, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const texts = own.map((path) => [
    path.slice(join(EXAMPLES, name).length + 1),
    readFileSync(path, 'utf8').replaceAll(/https:\/\/[a-z.]+\.example\.com/g, address),
  ]);
  return { ...(Object.fromEntries(texts) as Record<string, string>), ...files };
}

interface Started {
  readonly workflow: string;
  readonly event: 'push' | 'pull_request' | 'workflow_dispatch';
  readonly files?: Readonly<Record<string, string>>;
  readonly tag?: string;
  readonly inputs?: Readonly<Record<string, string>>;
}

interface Place {
  readonly simulator: Simulator<SimulatedWorld>;
  readonly github: GithubServer;
  readonly run: (started: Started) => Promise<WorkflowResult & { readonly calls: readonly string[] }>;
  /** What a service runs at the end: its revision, and the image of it. */
  readonly runs: (service: ExampleService) => Promise<{ revision: string; image: string }>;
}

interface World {
  readonly services: readonly ExampleService[];
  readonly repositories: Readonly<Record<string, ScenarioRepository>>;
  readonly behaviours?: Readonly<Record<string, ScenarioBehaviour>>;
  readonly shop?: WebShopOptions;
  readonly override?: Partial<Scenario>;
  /** Names of alarms, which are fine. */
  readonly alarms?: readonly string[];
  readonly stacks?: (registry: string) => Required<Scenario>['stacks'];
  /** Whether migrations fail. */
  readonly broken?: boolean;
  readonly files: Readonly<Record<string, string>>;
  readonly before?: Readonly<Record<string, string>>;
  readonly github?: GithubOptions;
}

const VARIABLES = {
  DEPLOY_ROLE: 'arn:aws:iam::123456789012:role/deploy',
  BUILD_ROLE: 'arn:aws:iam::123456789012:role/build',
  PR_ROLE: 'arn:aws:iam::123456789012:role/check',
  FRONTEND_ROLE: 'arn:aws:iam::123456789012:role/frontend',
  FRONTEND_BUCKET: 'rides-frontend',
  FRONTEND_DISTRIBUTION: 'E1ABCDEFGHIJK',
  AWS_REGION: 'us-east-1',
};

let places = 0;

/** An account and a repository in which an example runs. */
async function at(name: string, world: World, use: (place: Place) => Promise<void>): Promise<void> {
  siteWorks = true;
  const home = mkdtempSync(join(release.home, `${name}-`));
  const migrated = join(home, 'migrated');
  const github = await startGithub({ tokens: { writes: BOT }, ...world.github });
  const repositories = Object.keys(world.repositories);
  const program = {
    directory: home,
    environment: {
      PATH: `${join(release.home, 'tools')}:${process.env['PATH']}`,
      MIGRATED: migrated,
      ...(world.broken && { BROKEN: 'yes' }),
    },
  };
  const stacks = {};
  const override = {
    stacks,
    ...worldOf(world.services, world.shop),
    programs: Object.fromEntries(repositories.map((repository) => [repository, program])),
    behaviours: world.behaviours ?? {},
    ...world.override,
  };
  try {
    await withSimulator(
      { repositories: world.repositories, override },
      async (simulator, clock) => {
        Object.assign(stacks, world.stacks?.((await simulator.registry()).host));
        const run: Place['run'] = async ({ workflow, event, files = {}, tag, inputs }) => {
          const calls = join(home, `calls-${++places}`);
          writeFileSync(calls, '');
          const head = { sha: 'a'.repeat(40), repo: { full_name: 'org/example', fork: false } };
          const base = { ref: 'main', sha: 'migrated' };
          const payload =
            event === 'pull_request'
              ? { number: 7, pull_request: { number: 7, head, base } }
              : { ref: tag === undefined ? 'refs/heads/main' : `refs/tags/${tag}`, inputs };
          const result = await release.run(
            {
              files: project(name, { ...world.files, ...files }),
              before: { README: 'before', ...world.before },
              workflow: `.github/workflows/${workflow}.yml`,
              event,
              payload,
              ...(inputs && { inputs }),
              variables: { ...VARIABLES, SERVICE_URL: address },
              secrets: { GITHUB_TOKEN: 'writes' },
              tools: join(release.home, 'tools'),
              actions: Object.fromEntries(
                SETUP_ACTIONS.map((reference) => [reference, join(release.home, 'setup')]),
              ),
              env: {
                DOCKER_HOST: engine.host,
                CALLS: calls,
                GITHUB_API_URL: github.url,
                GITHUB_REPOSITORY: 'org/example',
              },
            },
            simulator,
          );
          const lines = readFileSync(calls, 'utf8').trim().split('\n');
          return { ...result, calls: lines.filter((line) => line !== '') };
        };
        const operations = { ...simulator.world.services, CloudWatch: simulator.cloudwatch.operations };
        const backstage = { operations, now: () => clock.now() };
        for (const AlarmName of world.alarms ?? []) {
          await ask(backstage, 'CloudWatch', 'PutMetricAlarm', {
            AlarmName,
            Namespace: 'Shop',
            MetricName: 'Trouble',
            Statistic: 'Sum',
            Period: 60,
            EvaluationPeriods: 1,
            Threshold: 1,
            ComparisonOperator: 'GreaterThanThreshold',
            TreatMissingData: 'notBreaching',
          });
        }
        const runs: Place['runs'] = async ({ cluster, service }) => {
          const { services } = await ask<{ services: readonly { taskDefinition: string }[] }>(
            backstage,
            'ECS',
            'DescribeServices',
            { cluster, services: [service] },
          );
          const arn = services[0]?.taskDefinition ?? '';
          const { taskDefinition } = await ask<{
            taskDefinition: { containerDefinitions: readonly { image: string }[] };
          }>(backstage, 'ECS', 'DescribeTaskDefinition', { taskDefinition: arn });
          const image = taskDefinition.containerDefinitions[0]?.image ?? '';
          return {
            revision: arn.slice(arn.lastIndexOf('/') + 1),
            image: image.slice(image.indexOf('/') + 1),
          };
        };
        await use({ simulator, github, run, runs });
        expect(simulator.bugs).toEqual([]);
      },
      700,
    );
  } finally {
    await github.close();
  }
}

/** Ends of jobs by their names; those that were skipped are missing. */
const ends = ({ log }: WorkflowResult): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...log.matchAll(/^\[(?:.*\/)?(\S+?)\s*\] 🏁 {2}Job (\w+)$/gmu)].map(([, job, end]) => [
      job ?? '',
      end ?? '',
    ]),
  );

const finding = { name: 'CVE-2026-0001', severity: 'HIGH', package: 'openssl', version: '3.0.1' } as const;

describe('tickets', () => {
  const [dev, prod] = (['tickets-dev', 'tickets-prod'] as const).map((stack) => ({
    stack,
    cluster: `${stack}-cluster`,
    service: `${stack}-service`,
  })) as [ExampleService & { stack: string }, ExampleService & { stack: string }];
  const world: World = {
    services: [dev, prod],
    repositories: {
      'tickets-dev': { immutable: true, scanning: 'on-push' },
      'tickets-prod': { immutable: true },
      'tickets-pull-requests': { immutable: true, scanning: 'on-push' },
    },
    override: {
      databases: { instances: { 'tickets-prod-database': { snapshotTime: 60_000 } } },
    },
    alarms: ['tickets-prod-high-cpu', 'tickets-prod-http-errors'],
    stacks: (registry) =>
      Object.fromEntries(
        [dev, prod].map(({ stack, cluster, service }) => [
          stack,
          {
            ClusterName: cluster,
            ServiceName: service,
            EcrRepositoryUri: `${registry}/${stack}`,
            ServiceUrl: address,
          },
        ]),
      ),
    files: {
      Dockerfile: DOCKERFILE,
      'src/main/resources/db/migration/V2__note.sql':
        'CREATE TABLE notes (id int);\nALTER TABLE tickets DROP COLUMN note;',
    },
  };

  it('go to development, by a tag to production as the same image, and back', async () => {
    await at('tickets', world, async ({ run, runs, simulator }) => {
      const deployed = await run({ workflow: 'deploy', event: 'push' });
      expect(deployed.code, deployed.log).toBe(0);
      expect(deployed.calls).toContain('mvn --batch-mode verify');
      const inDev = await runs(dev);
      expect(inDev.image).toMatch(/^tickets-dev@sha256:/);
      expect((await runs(prod)).revision).toBe('tickets-prod-service:1');

      const promoted = await run({ workflow: 'promote', event: 'push', tag: 'v1.2.3' });
      expect(promoted.code, promoted.log).toBe(0);
      const inProd = await runs(prod);
      expect(inProd.image).toBe(inDev.image.replace('tickets-dev', 'tickets-prod'));
      expect(promoted.log).toMatch(/tickets-prod-database-pre-deploy-20260105-\w+/);
      const order = simulator.calls.map(({ operation }) => operation);
      expect(order.lastIndexOf('CreateDBSnapshot')).toBeLessThan(order.lastIndexOf('RunTask'));
      expect(order.lastIndexOf('RunTask')).toBeLessThan(order.lastIndexOf('ModifyRule'));

      const inputs = { stack: 'tickets-prod', version: 'previous', reason: 'too slow', compatible: 'true' };
      const back = await run({ workflow: 'rollback', event: 'workflow_dispatch', inputs });
      expect(back.code, back.log).toBe(0);
      expect(await runs(prod)).toEqual({ revision: 'tickets-prod-service:1', image: 'app:v1' });
    });
  });

  it('stop before the new code when the migration fails', async () => {
    await at('tickets', { ...world, broken: true }, async ({ run, runs }) => {
      const { code, log } = await run({ workflow: 'deploy', event: 'push' });
      expect(code).toBe(1);
      expect(log).toContain('ERROR: relation orders does not exist');
      expect(ends({ code, log, workspace: '' })).not.toHaveProperty('canary');
      expect(await runs(dev)).toEqual({ revision: 'tickets-dev-service:1', image: 'app:v1' });
    });
  });

  it('get one comment on a pull request, which fails for a migration that breaks', async () => {
    const files = [{ filename: 'src/main/resources/db/migration/V2__note.sql', status: 'added' }] as const;
    await at('tickets', { ...world, github: { files } }, async ({ run, github }) => {
      const { code, log } = await run({ workflow: 'pr-check', event: 'pull_request' });
      expect(code, log).toBe(1);
      expect(github.comments).toHaveLength(1);
      const [{ body } = { body: '' }] = github.comments;
      expect(body).toContain('📦 `tickets`: a new revision');
      expect(body).toContain('| 10% | at once | 5m |');
      expect(body).toContain('These migrations break the code that runs');
      expect(body).toMatch(/### Images[\s\S]*### Scan/);
      expect(body).not.toContain('123456789012');
    });
  });
});

describe('rides', () => {
  const backend = { cluster: 'rides-cluster', service: 'rides-backend' };
  const world: World = {
    services: [backend],
    repositories: {
      'rides-backend': { immutable: true, scanning: 'on-push' },
      'rides-backend-pull-requests': { immutable: true, scanning: 'on-push' },
    },
    override: {
      buckets: { 'rides-frontend': {} },
      distributions: { E1ABCDEFGHIJK: { bucket: 'rides-frontend' } },
    },
    before: { revision: 'b1' },
    files: {
      Dockerfile: DOCKERFILE,
      revision: 'b2',
      'new.sql': 'SET lock_timeout = 1000;\nALTER TABLE trips ADD COLUMN fare int;',
      'frontend/package.json': '{}',
    },
  };

  it('go to all users step by step, and then the frontend that needs them', async () => {
    await at('rides', world, async ({ run, runs, simulator }) => {
      const { code, log, calls } = await run({ workflow: 'deploy', event: 'push' });
      expect(code, log).toBe(0);
      for (const share of [5, 25, 50]) expect(log).toContain(`Shift ${share}% of the traffic`);
      expect((await runs(backend)).image).toMatch(/^rides-backend@sha256:/);
      expect(calls.filter((call) => /^(aws|gh) /.test(call)).map((call) => call.split(' --')[0])).toEqual([
        'gh api',
      ]);
      const bucket = simulator.world.buckets.get('rides-frontend');
      expect(bucket?.keys().filter((key) => !key.startsWith('.deploy-actions/'))).toEqual([
        'index.html',
        'main-ABCDEFGH.js',
      ]);
      expect(bucket?.get('main-ABCDEFGH.js')?.cacheControl).toContain('immutable');
      expect(simulator.world.edge.get('/').body).toContain('main-ABCDEFGH.js');
      const order = simulator.calls.map(({ operation }) => operation);
      expect(order.lastIndexOf('ModifyRule')).toBeLessThan(order.indexOf('PutObject'));
    });
  });

  it('are taken back with 5% errors, and the frontend stays; the tag of what is migrated moves', async () => {
    const behaviours = { 'rides-backend': { errorRate: 0.05 } };
    await at('rides', { ...world, behaviours }, async ({ run, runs }) => {
      const { code, log, calls } = await run({ workflow: 'deploy', event: 'push' });
      expect(code).toBe(1);
      expect(log).toMatch(/was taken back: error-rate < 1%25 abort > 2%25/);
      expect(calls.filter((call) => /^(aws|gh) /.test(call)).map((call) => call.split(' ')[0])).toEqual([
        'gh',
      ]);
      expect((await runs(backend)).image).toBe('app:v1');
    });
  });

  it('get one comment on a pull request, and come back by hand', async () => {
    await at('rides', world, async ({ run, runs, github }) => {
      const checked = await run({ workflow: 'pr-check', event: 'pull_request' });
      expect(checked.code, checked.log).toBe(0);
      expect(github.comments).toHaveLength(1);
      const [{ body } = { body: '' }] = github.comments;
      expect(body).toContain('📦 `rides-cluster/rides-backend`: a new revision');
      expect(body).toContain('gate `latency-p95 < 300ms abort > 500ms`');
      expect(body).toContain('The code that runs works with the database after these migrations');
      const inputs = { version: 'last-good', reason: '', compatible: '' };
      const back = await run({ workflow: 'rollback', event: 'workflow_dispatch', inputs });
      expect(back.code, back.log).toBe(0);
      expect((await runs(backend)).image).toBe('app:v1');
    });
  });
});

describe('coupons', () => {
  const api = {
    cluster: 'coupons-production',
    service: 'coupons-api-service',
    container: 'coupons-backend',
  };
  const world: World = {
    services: [api],
    repositories: {
      'coupons-api': { immutable: true, scanning: 'on-push' },
      'coupons-api-pull-requests': { immutable: true, scanning: 'on-push' },
    },
    shop: { tasks: 2 },
    override: {
      databases: { instances: { 'coupons-db': { snapshotTime: 60_000 } } },
      caches: { replicationGroups: { 'coupons-redis': { snapshotTime: 60_000 } } },
    },
    alarms: ['coupons-high-cpu', 'coupons-db-connections-high'],
    files: {
      Dockerfile: DOCKERFILE,
      'src/migrations/1-notes.ts':
        'exports.Notes1 = class { async up(queryRunner) { await queryRunner.query(`ALTER TABLE "coupons" DROP COLUMN "note"`); } };\n',
    },
  };

  it('are backed up, migrated, released and tested in one step, and come back by hand', async () => {
    await at('coupons', world, async ({ run, runs, simulator }) => {
      const deployed = await run({ workflow: 'deploy', event: 'push' });
      expect(deployed.code, deployed.log).toBe(0);
      expect(deployed.log).toMatch(/coupons-db-pre-deploy-20260105-\w+/);
      expect(deployed.log).toMatch(/coupons-redis-pre-deploy-20260105-\w+/);
      const order = simulator.calls.map(({ operation }) => operation);
      expect(order.lastIndexOf('CreateSnapshot')).toBeLessThan(order.indexOf('RunTask'));
      expect(order.lastIndexOf('RunTask')).toBeLessThan(order.indexOf('ModifyRule'));
      expect((await runs(api)).image).toMatch(/^coupons-api@sha256:/);
      const inputs = { version: 'previous', reason: '' };
      const back = await run({ workflow: 'rollback', event: 'workflow_dispatch', inputs });
      expect(back.code, back.log).toBe(0);
      expect((await runs(api)).image).toBe('app:v1');
    });
  });

  it('go back to the former revision when the smoke test fails', async () => {
    await at('coupons', world, async ({ run, runs }) => {
      siteWorks = false;
      const { code, log } = await run({ workflow: 'deploy', event: 'push' });
      expect(code).toBe(1);
      expect(log).toContain('coupons-api-service:2 is promoted');
      expect(log).toMatch(/aws rds restore-db-instance-from-db-snapshot/);
      expect((await runs(api)).image).toBe('app:v1');
    });
  });

  it('get one comment on a pull request, with what the SQL of TypeORM would break', async () => {
    const before = { 'src/other.ts': '' };
    await at('coupons', { ...world, before }, async ({ run, github }) => {
      const { code, log } = await run({ workflow: 'pr-check', event: 'pull_request' });
      expect(code, log).toBe(1);
      expect(log).toMatch(/drop-column: /);
      expect(github.comments.map(({ body }) => body)).toEqual([
        expect.stringMatching(/a new revision[\s\S]*These migrations break[\s\S]*### Images/),
      ]);
    });
  });
});

describe('auctions', () => {
  const names = ['api', 'client', 'backoffice'];
  const services = names.map((name) => ({ cluster: 'auctions-production', service: `auctions-${name}` }));
  const files = {
    ...Object.fromEntries(
      names.flatMap((name) => [
        [`apps/${name}/Dockerfile`, DOCKERFILE],
        [`apps/${name}/app`, name],
      ]),
    ),
  };
  const world: World = {
    services,
    repositories: {
      auctions: { immutable: true, scanning: 'on-push' },
      'auctions-pull-requests': { immutable: true, scanning: 'on-push' },
    },
    shop: { images: ['auctions:api-v1.2.2'], tasks: 2 },
    files,
  };

  it('are three images, released by a tag one after the other, and the API goes back to a version', async () => {
    await at('auctions', world, async ({ run, runs }) => {
      const built = await run({ workflow: 'build', event: 'push' });
      expect(built.code, built.log).toBe(0);
      const deployed = await run({ workflow: 'deploy', event: 'push', tag: 'v1.2.3' });
      expect(deployed.code, deployed.log).toBe(0);
      for (const service of services) expect((await runs(service)).image).toMatch(/^auctions@sha256:/);
      const inputs = { service: 'api', version: 'v1.2.2', reason: '' };
      const back = await run({ workflow: 'rollback', event: 'workflow_dispatch', inputs });
      expect(back.code, back.log).toBe(0);
      expect((await runs({ cluster: 'auctions-production', service: 'auctions-api' })).image).toBe(
        'auctions:api-v1.2.2',
      );
    });
  });

  it('are not built where one of them has a weakness', async () => {
    const scanned = {
      immutable: true,
      scanning: 'on-push',
      findings: [{ ...finding, tag: 'client-*' }],
    } as const;
    const repositories = { auctions: scanned, 'auctions-pull-requests': scanned };
    await at('auctions', { ...world, repositories }, async ({ run, github }) => {
      const built = await run({ workflow: 'build', event: 'push' });
      expect(built.code).toBe(1);
      expect(built.log).toContain('client: CVE-2026-0001 (high) in openssl 3.0.1');
      const checked = await run({ workflow: 'pr-check', event: 'pull_request' });
      expect(checked.code).toBe(1);
      const bodies = github.comments.map(({ body }) => body);
      expect(bodies).toHaveLength(3);
      expect(bodies.filter((body) => body.includes('CVE-2026-0001'))).toEqual([
        expect.stringContaining('`client`'),
      ]);
    });
  });
});
