import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { run } from '../../src/actions/preflight/run.ts';
import { type Clock, scaledClock } from '../../src/clock.ts';
import { Job } from '../../src/runner/start-action.ts';
import type { ScenarioRepository } from '../../src/simulator/ecr/model.ts';
import type { Fault, ServiceId } from '../../src/simulator/faults.ts';
import type { Scenario, ScenarioService } from '../../src/simulator/scenario/scenario.ts';
import { webShop } from '../../src/simulator/scenario/web-shop.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { createWorld, type SimulatedWorld } from '../../src/simulator/world/world.ts';
import { type RunHere, runHere } from '../images/run-here.ts';

/** A Monday noon. */
export const START = Date.UTC(2026, 0, 5, 12);
export const ACCOUNT = '123456789012';
const REGION = 'eu-west-1';
export const REGISTRY = `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`;
const KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9`;

export const secretArn = (name: string): string =>
  `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-AbCdEf`;

/** What is pushed as the image of the service, by its tag. */
export interface PushedImage {
  readonly architecture?: string;
  readonly index?: boolean;
}

export interface ShopOptions {
  /** Of the container `web`, beside or instead of what is right. */
  readonly container?: Readonly<Record<string, unknown>>;
  readonly service?: Partial<ScenarioService>;
  readonly scenario?: Partial<Scenario>;
  readonly repository?: ScenarioRepository;
  readonly images?: Readonly<Record<string, PushedImage>>;
  readonly tasks?: number;
  readonly faults?: readonly Fault[];
  readonly scale?: number;
  /** Alarms by name, and the state that each is in; `web-5xx` is OK if not given. */
  readonly alarms?: Readonly<Record<string, 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'>>;
}

/** How many variables the container takes from secrets, of which half are members of JSON. */
export const SECRETS = 20;

const names = Array.from({ length: SECRETS }, (_, index) => `shop/${index}`);

/** A service of which everything is right: `web` in `prod`, with twenty secrets, an image in ECR, a database and an alarm. */
export function shopScenario({ container, service, scenario, repository, tasks = 4 }: ShopOptions): Scenario {
  const shop = webShop({ tasks, circuitBreaker: { rollback: true }, rate: 0 });
  const [definition] = shop.taskDefinitions;
  const [model] = definition?.containers ?? [];
  const [web] = shop.services;
  if (!definition || !model || !web) throw new Error('the web shop has no service');
  return {
    ...shop,
    history: 600_000,
    consistencyLag: { min: 0, max: 0 },
    traffic: [],
    taskDefinitions: [
      {
        ...definition,
        containers: [
          {
            ...model,
            image: `${REGISTRY}/shop:1.4.0`,
            healthCheck: { command: ['CMD-SHELL', 'curl -f http://localhost:8080/health || exit 1'] },
            secrets: names.map((name, index) => ({
              name: `SECRET_${index}`,
              valueFrom: index % 2 === 0 ? secretArn(name) : `${secretArn(name)}:password::`,
            })),
            ...container,
          },
        ],
      },
    ],
    services: [{ ...web, ...service }],
    secrets: Object.fromEntries(
      names.map((name, index) => [
        name,
        { value: { username: 'shop', password: `hunter2-${index}` }, ...(index === 0 && { kmsKey: KEY }) },
      ]),
    ),
    repositories: { shop: { immutable: true, scanning: 'on-push', scanTime: 1, ...repository } },
    databases: {
      instances: { orders: {} },
      snapshots: { 'rds:orders-2026-01-05': { of: 'orders', ago: 3_600_000, type: 'automated' } },
    },
    ...scenario,
  };
}

const alarm = (AlarmName: string) => ({
  AlarmName,
  Namespace: 'AWS/ECS',
  MetricName: 'CPUUtilization',
  Dimensions: [
    { Name: 'ClusterName', Value: 'prod' },
    { Name: 'ServiceName', Value: 'web' },
  ],
  Statistic: 'Average',
  Period: 60,
  EvaluationPeriods: 1,
  Threshold: 90,
  ComparisonOperator: 'GreaterThanThreshold',
  TreatMissingData: 'notBreaching',
});

/** Inputs that name everything that can be looked at. */
export const NAMED = {
  cluster: 'prod',
  service: 'web',
  alarms: 'web-5xx',
  'backup-db-instances': 'orders',
};

/** With what the action file has where nothing is given. */
const INPUTS = { ...NAMED, image: 'unchanged', images: 'unchanged' };

export interface PreflightShop {
  readonly simulator: Simulator<SimulatedWorld>;
  readonly clock: Clock;
  look(
    inputs?: Readonly<Record<string, string>>,
    options?: {
      readonly env?: Readonly<Record<string, string>>;
      readonly cancelled?: AbortSignal;
      readonly directory?: string;
    },
  ): Promise<RunHere>;
  /** A job whose steps are processes. */
  job(): Job;
  /** What somebody else asks of AWS; it does not count among the calls. */
  ask(service: ServiceId, operation: string, input: object): void;
}

const ENV = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_REPOSITORY: 'org/shop',
  GITHUB_RUN_ID: '1001',
  GITHUB_RUN_ATTEMPT: '1',
};

export async function openShop(options: ShopOptions = {}): Promise<PreflightShop> {
  const { images = { '1.4.0': {} }, faults, scale = 1 } = options;
  const clock = scaledClock(Date.now(), START, scale);
  const simulator = await startSimulator({
    clock,
    seed: 1,
    region: REGION,
    metricDelay: 0,
    registry: true,
    world: (context) => createWorld(context, shopScenario(options)),
  });
  const jobs: Job[] = [];
  onTestFinished(async () => {
    for (const job of jobs) job.end();
    await simulator.close();
  });
  const backstage = simulator.cloudwatch.operations;
  const call = { now: clock.now(), region: REGION, accountId: ACCOUNT };
  for (const [name, StateValue] of Object.entries(options.alarms ?? { 'web-5xx': 'OK' })) {
    await backstage['PutMetricAlarm']?.(alarm(name) as never, call);
    const state = { AlarmName: name, StateValue, StateReason: 'set for the test' };
    await backstage['SetAlarmState']?.(state as never, call);
  }
  for (const [tag, image] of Object.entries(images)) await push(simulator, tag, image);
  for (const fault of faults ?? []) simulator.faults.add(fault);
  return {
    simulator,
    clock,
    look: (inputs = {}, { env = {}, ...rest } = {}) =>
      runHere(
        { simulator, clock },
        { name: 'preflight', run },
        { ...INPUTS, ...inputs },
        { env: { ...ENV, ...env }, ...rest },
      ),
    ask: (service, operation, input) => {
      const now = clock.now();
      simulator.world.services[service]?.[operation]?.(input as never, { ...call, now });
    },
    job: () => {
      const job = new Job({ ...simulator.env(), ...ENV });
      jobs.push(job);
      return job;
    },
  };
}

const digest = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Pushes an image of no layers, as Docker would. */
async function push(
  simulator: Simulator<SimulatedWorld>,
  tag: string,
  { architecture = 'amd64', index = false }: PushedImage,
): Promise<void> {
  const front = await simulator.registry();
  const place = { now: START, region: REGION, accountId: ACCOUNT };
  const answer = (await simulator.world.services['ECR']?.['GetAuthorizationToken']?.({} as never, place)) as
    | { readonly authorizationData: readonly { readonly authorizationToken: string }[] }
    | undefined;
  const login = { authorization: `Basic ${answer?.authorizationData[0]?.authorizationToken}` };
  const send = async (method: string, path: string, type: string, body: Buffer) => {
    const response = await fetch(`${front.url}/v2/shop/${path}`, {
      method,
      headers: { ...login, 'content-type': type },
      ...(body.length > 0 && { body: new Uint8Array(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  };
  const config = Buffer.from(
    JSON.stringify({ os: 'linux', architecture, rootfs: { type: 'layers', diff_ids: [] } }),
  );
  await send('POST', `blobs/uploads/?digest=${digest(config)}`, 'application/octet-stream', config);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: digest(config),
        size: config.length,
      },
      layers: [],
    }),
  );
  const type = 'application/vnd.oci.image.manifest.v1+json';
  await send('PUT', `manifests/${index ? digest(manifest) : tag}`, type, manifest);
  if (!index) return;
  const list = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          mediaType: type,
          digest: digest(manifest),
          size: manifest.length,
          platform: { os: 'linux', architecture },
        },
      ],
    }),
  );
  await send('PUT', `manifests/${tag}`, 'application/vnd.oci.image.index.v1+json', list);
}
