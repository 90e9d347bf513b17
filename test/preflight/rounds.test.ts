import { tmpdir } from 'node:os';
import { afterEach, expect, test, vi } from 'vitest';
import type { ActionContext } from '../../src/actions/action.ts';
import type { Inputs } from '../../src/actions/preflight/inputs.ts';
import { lookAtAll } from '../../src/actions/preflight/look.ts';
import type { Ports } from '../../src/actions/preflight/ports.ts';
import { openWorld } from '../../src/actions/preflight/world.ts';
import type { Clock } from '../../src/clock.ts';
import { judge } from '../../src/preflight/verdict.ts';
import { QUIET } from '../actions/quiet-reporter.ts';
import { soundService } from '../engine/sound-service.ts';

afterEach(() => vi.unstubAllGlobals());

/** Calls that are answered all together once nothing else happens: a round, as long as one call to AWS takes. */
class Rounds {
  readonly rounds: string[][] = [];
  #waiting: { readonly name: string; readonly answer: () => void }[] = [];

  call<Value>(name: string, value: Value): Promise<Value> {
    return new Promise((settle) => this.#waiting.push({ name, answer: () => settle(value) }));
  }

  async until<Value>(work: Promise<Value>): Promise<Value> {
    let over = false;
    const end = () => {
      over = true;
    };
    work.then(end, end);
    for (let idle = 0; !over && idle < 50; idle++) {
      await new Promise((settle) => setImmediate(settle));
      if (this.#waiting.length === 0 || idle < 5) continue;
      idle = 0;
      const answered = this.#waiting;
      this.#waiting = [];
      this.rounds.push(answered.map(({ name }) => name).sort());
      for (const { answer } of answered) answer();
    }
    return work;
  }
}

const REGISTRY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const secretArn = (index: number) => `arn:aws:secretsmanager:eu-west-1:123456789012:secret:s${index}-AbCdEf`;

const SERVICE = soundService({
  loadBalancers: [{ targetGroupArn: 'tg', containerName: 'web', containerPort: 8080 }],
  safeguards: {
    circuitBreaker: { enabled: true, rollback: true },
    maximumPercent: 200,
    minimumHealthyPercent: 100,
  },
});

const DEFINITION = {
  arn: 'web:1',
  family: 'web',
  revision: 1,
  active: true,
  definition: {
    family: 'web',
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    cpu: '256',
    memory: '512',
    executionRoleArn: 'arn:aws:iam::123456789012:role/execution',
    containerDefinitions: [
      {
        name: 'web',
        image: `${REGISTRY}/shop:1.4.0`,
        portMappings: [{ containerPort: 8080 }],
        healthCheck: { command: ['CMD', 'true'] },
        logConfiguration: {
          logDriver: 'awslogs',
          options: {
            'awslogs-group': '/ecs/web',
            'awslogs-region': 'eu-west-1',
            'awslogs-stream-prefix': 'web',
          },
        },
        secrets: Array.from({ length: 20 }, (_, index) => ({
          name: `S${index}`,
          valueFrom: `${secretArn(index)}:key::`,
        })),
      },
    ],
  },
};

const RULE = { protocol: '-1', from: 0, to: 65_535, groups: [], ranges: ['0.0.0.0/0'], prefixLists: [] };
const GROUP = { name: 'g', vpc: 'vpc', inbound: [RULE], outbound: [RULE] };

/** An account in which everything is right. */
const answers = {
  describe: (_cluster: string, names?: readonly string[]) =>
    names
      ? [SERVICE]
      : { arn: _cluster, name: 's', kmsKey: undefined, versions: new Map([['v', ['AWSCURRENT']]]) },
  ofService: () => ({
    cluster: 'prod',
    service: 'web',
    taskDefinition: 'web:1',
    placement: {
      launchType: 'FARGATE',
      network: { subnets: ['subnet-1'], securityGroups: ['sg-1'], publicIp: false },
    },
  }),
  find: (name: string, code?: string) =>
    name === 'web:1'
      ? DEFINITION
      : name === 'shop'
        ? { name, registryId: '123456789012', mutability: { immutable: true, except: [] } }
        : name === 'fargate'
          ? { name: code, value: 100, used: 1 }
          : { settings: '', scaleInHeld: false, max: 10 },
  targetGroups: () => [{ arn: 'tg', name: 'web', loadBalancerArns: ['lb'], protocol: 'HTTP' }],
  targetGroupsByName: () => [],
  loadBalancers: () => [
    {
      arn: 'lb',
      name: 'shop',
      type: 'application',
      vpc: 'vpc',
      securityGroups: ['sg-2'],
      subnets: ['subnet-2'],
    },
  ],
  healthCheck: () => ({
    enabled: true,
    protocol: 'HTTP',
    port: 'traffic-port',
    path: '/',
    intervalSeconds: 10,
    timeoutSeconds: 5,
    healthyThreshold: 2,
    unhealthyThreshold: 2,
  }),
  limits: () => new Map(),
  routes: () => [],
  jsonKeys: (places: readonly unknown[]) => places.map(() => ['key']),
  exists: () => true,
  subnets: (ids: readonly string[]) =>
    ids.map((id) => ({ id, vpc: 'vpc', zone: 'a', freeAddresses: 99, ranges: ['10.0.0.0/24'] })),
  securityGroups: (ids: readonly string[]) => ids.map((id) => ({ ...GROUP, id })),
  simulate: (_role: string, questions: readonly unknown[]) => questions.map(() => 'allowed'),
  alarms: () => [{ name: 'a', state: 'OK', reason: '', since: 0 }],
  history: () => [],
  of: () => [{ id: 'snap', status: 'available', beganAt: 0, manual: true }],
  login: () => ({
    endpoint: 'https://registry.test',
    username: 'AWS',
    password: 'p',
    expiresAt: Number.POSITIVE_INFINITY,
  }),
  scan: () => ({ kind: 'done', found: [] }),
  facts: () => new Map(),
  tags: () => new Map(),
};

test('looks at a service with twenty secrets in five rounds of calls', async () => {
  const rounds = new Rounds();
  const port = new Proxy(answers, {
    get: (target, name: keyof typeof answers) =>
      name in target
        ? (...given: never[]) => rounds.call(name, (target[name] as (...all: never[]) => unknown)(...given))
        : undefined,
  });
  const opened = async () => port;
  const ports = new Proxy(
    {},
    {
      get: (_, name) =>
        name === 'ownRole' ? () => rounds.call('ownRole', 'arn:aws:iam::123456789012:role/deploy') : opened,
    },
  ) as Ports;
  const config = { os: 'linux', architecture: 'amd64' };
  const manifest = { schemaVersion: 2, config: { mediaType: '', digest: 'config', size: 1 }, layers: [] };
  vi.stubGlobal('fetch', (url: string) => {
    const [name, body] = url.includes('blobs') ? ['blob', config] : ['manifest', manifest];
    return rounds.call(String(name), Response.json(body));
  });
  const clock: Clock = { now: () => 0, sleep: async () => undefined, scale: 1 };
  const context: ActionContext = {
    input: () => '',
    clock,
    env: { GITHUB_WORKSPACE: tmpdir() },
    cancelled: new AbortController().signal,
    reporter: QUIET,
  };
  const inputs: Inputs = {
    cluster: 'prod',
    service: 'web',
    render: {
      source: { kind: 'service', cluster: 'prod', service: 'web' },
      settings: { containers: [], task: {} },
      requireDigest: false,
      showValues: false,
      warnings: [],
    },
    alarms: ['a'],
    backups: [{ kind: 'db-instance', id: 'orders' }],
    backupMaxAgeMs: 1_000,
    freeze: undefined,
    freezeOverride: undefined,
    settings: new Map(),
    scan: { failOn: 'critical', exceptions: [] },
    capacity: { mode: 'auto', atLeast: 1 },
    lock: undefined,
  };
  const findings = await rounds.until(lookAtAll(openWorld(context, inputs, ports)));
  const told = findings.filter(({ level, check }) => level !== 'pass' && check !== 'migrations');
  expect(told.map(({ check, what }) => `${check}: ${what}`)).toEqual([]);
  expect(judge(findings, new Map()).rows.length).toBeGreaterThan(10);
  expect(rounds.rounds.length).toBeLessThanOrEqual(5);
  const round = rounds.rounds.find((each) => each.includes('jsonKeys')) ?? [];
  expect(round.filter((name) => name === 'describe')).toHaveLength(20);
});
