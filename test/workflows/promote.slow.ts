import { join } from 'node:path';
import type {
  DescribeTaskDefinitionResponse,
  RegisterTaskDefinitionRequest,
  RegisterTaskDefinitionResponse,
} from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { Job } from '../../src/runner/start-action.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import type { SimulatedWorld } from '../../src/simulator/world/world.ts';
import { ask, type Backstage } from '../bundle/picture.ts';
import type { GithubServer } from '../github/github-server.ts';
import { writeLayout } from '../images/layout.ts';
import { debianPrograms } from '../slow/tools.ts';
import { StagedRelease, type WorkflowRun, withSimulator } from './act.ts';
import { answering, call, onGithub } from './calling.ts';

type FromGithub = Pick<WorkflowRun, 'env' | 'secrets'>;

/** Somebody deploys a new revision to the service of that name, past the wire. */
async function deployAnother(service: string, backstage: Backstage): Promise<void> {
  const { taskDefinition: latest } = await ask<DescribeTaskDefinitionResponse>(
    backstage,
    'ECS',
    'DescribeTaskDefinition',
    { taskDefinition: service },
  );
  const { family, cpu, memory, networkMode, requiresCompatibilities, executionRoleArn, ...given } =
    latest ?? {};
  const containerDefinitions = given.containerDefinitions?.map((container) => ({
    ...container,
    environment: [{ name: 'TRY', value: 'another' }],
  }));
  const { taskDefinition } = await ask<RegisterTaskDefinitionResponse>(
    backstage,
    'ECS',
    'RegisterTaskDefinition',
    { family, cpu, memory, networkMode, requiresCompatibilities, executionRoleArn, containerDefinitions },
  );
  await ask(backstage, 'ECS', 'UpdateService', {
    cluster: 'prod',
    service,
    taskDefinition: taskDefinition?.taskDefinitionArn,
  });
}

let release: StagedRelease;

beforeAll(async () => {
  await debianPrograms({ jq: 'jq' });
  release = new StagedRelease();
});

afterAll(() => release.end());

describe('promote.yml', () => {
  const names = ['dev', 'staging', 'production'] as const;
  const forward = (targetGroup: string) => [{ targetGroup, weight: 1 }];
  const shop = webShop({ images: ['app:v1'] });
  const [group] = shop.targetGroups;
  const [definition] = shop.taskDefinitions;
  const [service] = shop.services;
  /** A service for each stage, behind a load balancer of its own. */
  const override = {
    loadBalancers: names.map((name) => ({ name, listeners: [{ port: 80, forward: forward(name) }] })),
    targetGroups: names.map((name) => ({ ...group, name })),
    taskDefinitions: names.map((family) => ({ containers: [], ...definition, family })),
    services: names.map((name) => ({
      cluster: 'prod',
      desiredCount: 4,
      ...service,
      name,
      taskDefinition: `${name}:1`,
      targetGroups: [{ name, container: 'web', port: 8080 }],
    })),
    traffic: names.map((name) => ({
      loadBalancer: name,
      port: 80,
      path: '/',
      rate: { perSecond: 20 },
      returning: 0.7,
      session: 600_000,
    })),
  };
  const repositories = { shop: {}, 'staging/shop': {}, 'production/shop': { immutable: true } };
  const stages = (url: string) =>
    JSON.stringify([
      { environment: 'dev', service: 'dev', 'smoke-test-url': url, 'monitor-for': '5m' },
      { environment: 'staging', service: 'staging', repository: 'staging/shop' },
      { environment: 'production', service: 'production', repository: 'production/shop' },
    ]);
  const images = ({ calls }: Pick<Simulator, 'calls'>) =>
    calls
      .filter(({ operation }) => operation === 'RegisterTaskDefinition')
      .map(({ input }) => {
        const { family, containerDefinitions } = input as RegisterTaskDefinitionRequest;
        return [family, containerDefinitions?.[0]?.image?.replace(/^[^/]+\//, '')];
      });

  it('brings one digest through three stages in their order, and no further than to the one that fails', async () => {
    const sha = '5d41402abc4b2a76b9719d911017c592ae5f1c3d';
    const layouts = { [sha]: join(release.home, 'v2'), next: join(release.home, 'v3') };
    const [digest, next] = Object.values(layouts).map((path) => writeLayout(path, { text: path }));
    const play = (github: GithubServer, event: FromGithub, good: string, bad: string) =>
      withSimulator({ repositories, override }, async (simulator) => {
        const builder = new Job(simulator.env());
        for (const [tags, layout] of Object.entries(layouts)) {
          await builder.run('ecr-push', { repository: 'shop', 'oci-layout': layout, tags });
        }
        builder.end();
        const inputs = { steps: '50% for 4m', repository: 'shop' };
        const promote = (tag: string, more: Readonly<Record<string, string>>) =>
          call(release, 'promote', { ...inputs, ...more }, simulator, {
            ...event,
            event: 'push',
            env: { ...event.env, SHA_REF: sha, GITHUB_REF: `refs/tags/${tag}` },
          });
        const { code, log, outputs } = await promote('v1.2.3', { stages: stages(good) });
        expect(code, log).toBe(0);
        expect(log).toContain('dev:2 has passed: ');
        expect(outputs).toMatchObject({ digest, version: 'v1.2.3', image: `ecr:shop@${digest}` });
        expect(images(simulator)).toEqual([
          ['dev', `shop@${digest}`],
          ['staging', `staging/shop@${digest}`],
          ['production', `production/shop@${digest}`],
        ]);
        const failed = await promote('v1.2.4', { image: 'ecr:shop:next', stages: stages(bad) });
        expect(failed.code).toBe(1);
        expect(failed.log).toContain('dev runs dev:2: 4 of 4 tasks');
        expect(images(simulator).slice(names.length)).toEqual([['dev', `shop@${next}`]]);
        const deployments = github.deployments.map(({ environment, task }) => `${environment} ${task}`);
        expect(deployments).toEqual([
          ...names.map((name) => `${name} deploy:prod/${name}`),
          'dev deploy:prod/dev',
          'dev rollback:prod/dev',
        ]);
        expect(simulator.bugs).toEqual([]);
      });
    await onGithub({}, (github, event) =>
      answering(200, (good) => answering(503, (bad) => play(github, event, good, bad))),
    );
  });

  it('does not go on from a stage to which somebody else deploys while it is watched', async () => {
    const play = async (event: FromGithub, simulator: Simulator<SimulatedWorld>, clock: Clock) => {
      const layout = join(release.home, 'watched');
      writeLayout(layout, { text: layout });
      const builder = new Job(simulator.env());
      await builder.run('ecr-push', { repository: 'shop', 'oci-layout': layout, tags: 'watched' });
      builder.end();
      const list = ['dev', 'staging', 'production'].map((name) => ({ environment: name, service: name }));
      const inputs = {
        stages: JSON.stringify(list),
        image: 'ecr:shop:watched',
        version: 'v2',
        steps: '50% for 4m',
        'monitor-for': '90m',
      };
      let over = false;
      const promoting = call(release, 'promote', inputs, simulator, event).finally(() => {
        over = true;
      });
      // Only a watch asks for metrics once the canary is gone.
      const isWatched = () => {
        const gone = simulator.calls.findIndex(({ operation }) => operation === 'DeleteTargetGroup');
        const since = gone === -1 ? [] : simulator.calls.slice(gone);
        return since.filter(({ operation }) => operation === 'GetMetricData').length >= 10;
      };
      while (!over && !isWatched()) await clock.sleep(30_000);
      await deployAnother('dev', { operations: simulator.world.services, now: () => clock.now() });

      const { code, log, jobs } = await promoting;
      expect(code, log).toBe(1);
      expect(log).toContain('Nothing is watched any more: dev runs dev:3, not dev:2');
      expect(log).toMatch(
        /staging was not begun: dev did not see .* \(superseded: dev runs dev:3, not dev:2/,
      );
      expect(jobs).toMatchObject({ monitor: 'succeeded', stopped: 'failed' });
      expect(images(simulator).map(([family]) => family)).toEqual(['dev']);
      expect(simulator.bugs).toEqual([]);
    };
    await onGithub({}, (_, event) =>
      withSimulator({ repositories, override }, (simulator, clock) => play(event, simulator, clock)),
    );
  });

  it.each([
    [
      '[{"environment": "production", "aproval-environment": "ops"}]',
      'the unknown key "aproval-environment"',
    ],
    ['[{"environment": "production"', 'is no JSON'],
  ])('does nothing with stages such as %s', async (wrong, problem) => {
    await withSimulator({ repositories }, async (simulator) => {
      const inputs = { stages: wrong, image: 'ecr:shop:next', version: 'v1' };
      const { code, log, jobs } = await call(release, 'promote', inputs, simulator);
      expect(code).toBe(1);
      expect(log).toContain(problem);
      expect(jobs['stages']).toBe('failed');
      expect(jobs).not.toHaveProperty('image');
      expect(simulator.calls).toEqual([]);
    });
  });
});
