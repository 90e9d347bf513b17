import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { loadScenario, parseScenario } from '../../src/simulator/scenario/read-scenario.ts';
import { open } from './world-under-test.ts';

const examples = fileURLToPath(new URL('../../src/simulator/scenario/examples/', import.meta.url));

const problemsOf = (yaml: string): string[] => {
  try {
    parseScenario(yaml);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ input, message }) => `${input}: ${message}`);
    throw error;
  }
  return [];
};

const MINIMAL = `
name: small
clusters: [prod]
`;

describe('the example scenarios', () => {
  it.each(readdirSync(examples))('%s begins with every service steady and every target healthy', (file) => {
    const scenario = loadScenario(`${examples}${file}`);
    const aws = open(scenario);
    for (const { name, desiredCount, targetGroups = [] } of scenario.services) {
      expect(aws.service(name)).toMatchObject({ desiredCount, runningCount: desiredCount });
      for (const group of targetGroups) expect(aws.inState('healthy', group.name)).toBe(desiredCount);
    }
    expect(aws.world.users.total().requests).toBeGreaterThan(0);
  });
});

describe('a scenario file', () => {
  it('reads metrics that nothing simulated writes', () => {
    const { metrics } = parseScenario(`${MINIMAL}
metrics:
  - { namespace: AWS/RDS, name: DatabaseConnections, dimensions: { DBInstanceIdentifier: shop-db }, value: 100, later: [{ after: 10m, value: 190 }] }
`);
    expect(metrics).toMatchObject([
      {
        dimensions: { DBInstanceIdentifier: 'shop-db' },
        value: 100,
        later: [{ after: 600_000, value: 190 }],
      },
    ]);
  });

  it('reads durations, shares, times and rates', () => {
    const scenario = parseScenario(`${MINIMAL}
start: 2026-11-02T09:00:00Z
history: 30m
consistencyLag: { max: 2s }
loadBalancers: [{ name: shop, listeners: [{ port: 80, forward: web, stickiness: 1h }] }]
targetGroups: [{ name: web, deregistrationDelay: 90 s }]
traffic:
  - loadBalancer: shop
    returning: 60%
    rate: { day: [{ at: "08:30", perSecond: 5 }], bursts: [{ from: 1m, until: 2m, perSecond: 50 }] }
behaviours:
  app:v2:
    errorRate: 2.5%
    latency: { p50: 80ms, p95: 0.2s }
    crash: onStart
    healthCheck: 503
    changes: [{ from: { share: 25%, age: 1m }, until: { age: 2m }, errorRate: 0.5 }]
  app:v3: { crash: { after: 90s, outOfMemory: true } }
`);
    expect(scenario).toMatchObject({
      start: Date.UTC(2026, 10, 2, 9),
      history: 1_800_000,
      consistencyLag: { min: 0, max: 2_000 },
      loadBalancers: [
        { listeners: [{ forward: [{ targetGroup: 'web', weight: 1 }], stickiness: 3_600_000 }] },
      ],
      targetGroups: [{ deregistrationDelay: 90_000 }],
      traffic: [{ port: 80, path: '/', returning: 0.6, rate: { perSecond: 0, day: [{ at: 30_600_000 }] } }],
      behaviours: {
        'app:v2': {
          errorRate: 0.025,
          latency: { p50: 80, p95: 200 },
          crash: { after: 0, exitCode: 1 },
          healthCheck: { kind: 'status', code: 503 },
          changes: [{ from: { share: 0.25, age: 60_000 }, until: { age: 120_000 }, errorRate: 0.5 }],
        },
        'app:v3': { crash: { after: 90_000, exitCode: 137 } },
      },
    });
  });

  it('is refused with every problem at once, unknown keys by name', () => {
    expect(
      problemsOf(`
name: 5
traffik: []
clusters: prod
behaviours:
  app:v2: { eroorRate: 5%, latency: { p50: fast, p95: 3s }, clientErrorRate: 120% }
services: [{ name: web, desiredCount: 1.5 }]
`),
    ).toEqual([
      expect.stringMatching(/^traffik: unknown key; known are name, start, history, /),
      'name: a text expected, got 5',
      'clusters: a list expected, got "prod"',
      'services[0].cluster: missing',
      'services[0].taskDefinition: missing',
      'services[0].desiredCount: a whole number expected, got 1.5',
      expect.stringMatching(/^behaviours.app:v2.eroorRate: unknown key; known are errorRate, /),
      'behaviours.app:v2.clientErrorRate: a share such as 5% or 0.05 expected, got "120%"',
      'behaviours.app:v2.latency.p50: a duration such as 80ms, 25s or 10m expected, got "fast"',
    ]);
  });

  it('is refused when it names what it does not have', () => {
    expect(
      problemsOf(`${MINIMAL}
loadBalancers:
  - name: shop
    listeners: [{ port: 80, forward: web, rules: [{ priority: 1, forward: [{ targetGroup: api, weight: 5 }] }] }]
targetGroups: [{ name: web }]
taskDefinitions: [{ family: web, containers: [{ name: web, image: app:v1 }] }]
services:
  - name: web
    cluster: dev
    taskDefinition: web:2
    desiredCount: 1
    targetGroups: [{ name: db, container: web, port: 80 }]
scalableTargets: [{ service: prod/api, min: 1, max: 2 }]
traffic: [{ loadBalancer: shop, port: 8080, rate: 1 }]
`),
    ).toEqual([
      'load balancer shop, port 80: there is no target group "api"',
      'load balancer shop, port 80, rule 1: a rule needs a path, host or header',
      'service web: there is no cluster "dev"',
      'service web: there is no task definition "web:2"',
      'service web: there is no target group "db"',
      'scalableTargets: there is no service "prod/api"',
      'traffic: there is no listener "shop:8080"',
    ]);
  });

  it('is refused when it is no YAML, no object or not there', () => {
    expect(problemsOf('a: [')[0]).toMatch(/^scenario: /);
    expect(problemsOf('[]')).toEqual(['scenario: an object expected, got []']);
    expect(() => loadScenario('/nowhere.yaml')).toThrow('/nowhere.yaml: the scenario cannot be read');
  });

  it('needs little', () => {
    expect(problemsOf(MINIMAL)).toEqual([]);
    const aws = open(parseScenario(MINIMAL));
    aws.pass(60);
    expect(aws.samples).toEqual([]);
  });
});

describe('the account of a scenario file', () => {
  it('says what secrets, parameters, roles, networks and limits there are', () => {
    const { secrets, parameters, rolePolicies, network, quotas, balancingLimits, loadBalancers } =
      parseScenario(`${MINIMAL}
secrets:
  shop/db: { value: { user: shop, port: 5432 }, previous: old, changedAgo: 3d, rotationTime: 20s }
  shop/old: { value: x, deletedAgo: 1h, kmsKey: alias/shop, unreadable: key }
parameters:
  /shop/motd: hello
  /shop/token: { value: abc, type: SecureString, changedAgo: 1d }
rolePolicies:
  pull: { policies: [{ Version: '2012-10-17', Statement: [] }] }
network:
  subnets: { subnet-1: { zone: c, freeAddresses: 3 } }
  securityGroups: { sg-1: { inbound: [{ from: 80, to: 80, groups: [sg-2] }] } }
  missing: [subnet-2]
quotas: { fargate/L-3032A538: { value: 100, used: 90.5 } }
balancingLimits: { target-groups: 10 }
loadBalancers: [{ name: shop, listeners: [], network: { securityGroups: [sg-2] } }]
`);
    expect({ secrets, parameters, network, quotas, balancingLimits }).toEqual({
      secrets: {
        'shop/db': {
          value: { user: 'shop', port: '5432' },
          previous: 'old',
          changedAgo: 3 * 86_400_000,
          rotationTime: 20_000,
        },
        'shop/old': { value: 'x', deletedAgo: 3_600_000, kmsKey: 'alias/shop', unreadable: 'key' },
      },
      parameters: {
        '/shop/motd': 'hello',
        '/shop/token': { value: 'abc', type: 'SecureString', changedAgo: 86_400_000 },
      },
      network: {
        subnets: { 'subnet-1': { zone: 'c', freeAddresses: 3 } },
        securityGroups: { 'sg-1': { inbound: [{ from: 80, to: 80, groups: ['sg-2'] }] } },
        missing: ['subnet-2'],
      },
      quotas: { 'fargate/L-3032A538': { value: 100, used: 90.5 } },
      balancingLimits: { 'target-groups': 10 },
    });
    expect(rolePolicies?.['pull']?.policies).toHaveLength(1);
    expect(loadBalancers[0]?.network).toEqual({ securityGroups: ['sg-2'] });
  });
});

describe('the programs of a scenario file', () => {
  it('say what tasks run for real, and in which log groups', () => {
    const { programs, logGroups, callsWithoutCapacity } = parseScenario(`${MINIMAL}
callsWithoutCapacity: 1
logGroups: [/ecs/app]
programs:
  app:v1: { directory: /srv, command: [alembic, upgrade, head], environment: { PGPORT: 5432 } }
  app:v2: { engine: 'unix:///var/run/docker.sock' }
`);
    expect(programs).toEqual({
      'app:v1': {
        directory: '/srv',
        command: ['alembic', 'upgrade', 'head'],
        environment: { PGPORT: '5432' },
      },
      'app:v2': { engine: 'unix:///var/run/docker.sock' },
    });
    expect({ logGroups, callsWithoutCapacity }).toEqual({ logGroups: ['/ecs/app'], callsWithoutCapacity: 1 });
  });

  it('are refused with what is wrong', () => {
    expect(problemsOf(`${MINIMAL}\nprograms: { app: { command: alembic, shell: bash } }`)).toEqual([
      expect.stringMatching(/^programs.app.shell: unknown key/),
      expect.stringMatching(/^programs.app.command: /),
    ]);
  });
});
