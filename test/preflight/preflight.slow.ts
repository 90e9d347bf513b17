import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { canaryTargetGroupName } from '../../src/engine/names.ts';
import { type Entry, entryText } from '../../src/migrations/entry.ts';
import { lockParameter } from '../../src/migrations/lock.ts';
import { toTags } from '../../src/rollout/ledger.ts';
import type { ScenarioNetwork, ScenarioSecurityGroup } from '../../src/simulator/ec2/model.ts';
import { type PolicyDocument, USUAL_ROLES } from '../../src/simulator/iam/model.ts';
import type { Scenario } from '../../src/simulator/scenario/scenario.ts';
import { SIMULATED } from '../iam/account.ts';
import { actionPolicies, filled, list } from '../iam/policy.ts';
import { workspace } from '../images/run-here.ts';
import {
  NAMED,
  openShop,
  type PreflightShop,
  REGISTRY,
  type ShopOptions,
  START,
  secretArn,
} from './preflight-shop.ts';

const PASSING =
  'service task-definition image architecture scan secrets execution-role logs network health-check circuit-breaker alarms backup capacity';

test('passes where everything is right, and changes nothing', async () => {
  const shop = await openShop();
  const { log, outputs, told, summary } = await shop.look();
  expect(told).toBe('');
  expect(outputs).toMatchObject({ outcome: 'passed', failed: '[]', warned: '[]', overridden: '' });
  for (const check of PASSING.split(' ')) expect(log).toMatch(new RegExp(`^pass {2}${check} `, 'm'));
  expect(log).not.toMatch(/^(WARN|FAIL)/m);
  expect(summary).toContain('### ✅ Preflight passed: web in prod');
  expect(log + summary).not.toContain('hunter2');
  const writes = shop.simulator.calls.filter(
    ({ operation }) => !/^(Describe|Get|BatchGet|Simulate)/.test(operation),
  );
  expect(writes.map(({ operation }) => operation)).toEqual([]);
  expect(shop.simulator.bugs).toEqual([]);
});

interface Case {
  readonly why: string;
  readonly check: string;
  readonly level?: 'WARN' | 'FAIL';
  readonly shop: ShopOptions;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly before?: (shop: PreflightShop) => Promise<void> | void;
  readonly says: string | RegExp;
}

const secrets = (valueFrom: string) => ({ secrets: [{ name: 'PASSWORD', valueFrom }] });
const one = (secret: object) => ({ secrets: { db: secret } });
const hold = {
  id: 'h1',
  holder: 'https://github.com/org/shop/actions/runs/7/attempts/1',
  runKey: '7/deploy/migrate',
  since: START,
  cluster: 'prod',
  startedBy: 'deploy-actions-7',
  steps: [{ token: 't1' }],
  plan: { command: 'alembic upgrade head', backups: [] },
};

const executionRole = (...Statement: readonly object[]): Partial<Scenario> => ({
  rolePolicies: { ecsTaskExecutionRole: { policies: [{ Version: '2012-10-17', Statement }] } },
});
const freeAddresses = (first: number, second: number): Partial<Scenario> => ({
  network: {
    subnets: {
      'subnet-0a1b2c3d4e5f60718': { freeAddresses: first },
      'subnet-0b1b2c3d4e5f60718': { freeAddresses: second },
    },
  },
});
/** The tasks have a security group of their own. */
const ownGroup = (
  group: ScenarioSecurityGroup,
  others: NonNullable<ScenarioNetwork['securityGroups']> = {},
): ShopOptions => ({
  service: { network: { securityGroups: ['sg-0tasks'] } },
  scenario: { network: { securityGroups: { 'sg-0tasks': group, ...others } } },
});
/** What a task definition needs beside its containers. */
const FARGATE = {
  family: 'web',
  requiresCompatibilities: ['FARGATE'],
  networkMode: 'awsvpc',
  cpu: '256',
  memory: '512',
};

/** A run takes the lock of the database, and gives it back with a record where there is one. */
async function migrate({ ask, clock }: PreflightShop, lock: string, outcome?: 'failed'): Promise<void> {
  const write = async (entry: Partial<Entry>) => {
    ask('SSM', 'PutParameter', {
      Name: lockParameter(lock),
      Type: 'String',
      Overwrite: true,
      Value: entryText({ id: 'h1', after: '', hold, free: false, past: [], ...entry }),
    });
    // Reads lag behind writes, and one write follows another.
    await clock.sleep(10_000);
  };
  await write({});
  if (!outcome) return;
  const { holder, runKey, plan } = hold;
  const record = { ...plan, holder, runKey, at: START, outcome };
  await write({ id: 'h2', after: 'h1', free: true, record });
}

/** The target group of a canary whose ledger says that a rollout is under way. */
const rollout = (leaseUntil: number) => ({
  targetGroups: [
    { name: 'web', port: 8080, healthCheck: { path: '/health', interval: 10_000 } },
    {
      name: canaryTargetGroupName('prod', 'web', 'web'),
      port: 8080,
      tags: toTags({
        rolloutId: '9-1-abc',
        service: 'prod/web',
        holder: 'https://github.com/org/shop/actions/runs/9/attempts/1',
        leaseUntil,
        from: 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1',
        to: 'arn:aws:ecs:eu-west-1:123456789012:task-definition/web:2',
        phase: 'stepping',
        weight: 5,
      }),
    },
  ],
});

const CASES: readonly Case[] = [
  {
    why: 'the service is scaled to 0',
    check: 'service',
    shop: { tasks: 0 },
    says: 'web is scaled to 0 tasks',
  },
  {
    why: 'not all of its tasks run',
    check: 'service',
    shop: {},
    before: ({ ask }) => ask('ECS', 'UpdateService', { cluster: 'prod', service: 'web', desiredCount: 6 }),
    says: '4 of 6 tasks run',
  },
  {
    why: 'a deployment is under way',
    check: 'service',
    shop: {},
    before: ({ ask }) =>
      ask('ECS', 'UpdateService', { cluster: 'prod', service: 'web', forceNewDeployment: true }),
    says: 'a deployment of ECS is under way (web:1, web:1)',
  },
  {
    why: 'a rollout of another run is under way',
    check: 'service',
    shop: { scenario: rollout(START + 120_000) },
    says: 'a rollout of web:2 is under way (stepping), held by https://github.com/org/shop/actions/runs/9/attempts/1',
  },
  {
    why: 'a run that died has left a rollout',
    check: 'service',
    level: 'WARN',
    shop: { scenario: rollout(START - 60_000) },
    says: 'a rollout of web:2 has not ended (stepping); https://github.com/org/shop/actions/runs/9/attempts/1 has left it',
  },
  {
    why: 'the image was never pushed',
    check: 'image',
    shop: { container: { image: `${REGISTRY}/shop:1.5.0` } },
    says: `the image of web is not there: ${REGISTRY}/shop:1.5.0`,
  },
  {
    why: 'its tag may move',
    check: 'image',
    level: 'WARN',
    shop: { repository: { immutable: false } },
    says: 'may be another image when a task starts',
  },
  {
    why: 'it is made for another processor',
    check: 'architecture',
    shop: { images: { '1.4.0': { architecture: 'arm64' } } },
    says: 'is made for linux/arm64, and its tasks run on linux/amd64',
  },
  {
    why: 'an index has no image for the processor',
    check: 'architecture',
    shop: { images: { '1.4.0': { architecture: 'arm64', index: true } } },
    says: 'is made for linux/arm64, and its tasks run on linux/amd64',
  },
  {
    why: 'the scan found something critical',
    check: 'scan',
    shop: {
      repository: {
        findings: [{ name: 'CVE-2026-1', severity: 'CRITICAL', package: 'openssl', version: '3.0' }],
      },
    },
    says: 'has 1 at or above critical: CVE-2026-1 (critical)',
  },
  {
    why: 'a secret does not exist',
    check: 'secrets',
    shop: { container: secrets(secretArn('shop/none')) },
    says: 'web: PASSWORD: there is no secret shop/none-AbCdEf',
  },
  {
    why: 'a secret is being deleted',
    check: 'secrets',
    shop: { container: secrets(secretArn('db')), scenario: one({ value: 'x', deletedAgo: 86_400_000 }) },
    says: 'the secret db-AbCdEf is being deleted since 2026-01-04',
  },
  {
    why: 'a secret has no version of that label',
    check: 'secrets',
    shop: { container: secrets(`${secretArn('db')}::AWSPREVIOUS:`), scenario: one({ value: 'x' }) },
    says: 'the secret db-AbCdEf has no version labelled AWSPREVIOUS',
  },
  {
    why: 'a secret has no value yet',
    check: 'secrets',
    shop: { container: secrets(secretArn('db')), scenario: one({}) },
    says: 'the secret db-AbCdEf has no value yet',
  },
  {
    why: 'a member of the value is not there',
    check: 'secrets',
    shop: {
      container: secrets(`${secretArn('db')}:pasword::`),
      scenario: one({ value: { password: 'hunter2' } }),
    },
    says: 'has no member pasword',
  },
  {
    why: 'a value is no JSON',
    check: 'secrets',
    shop: { container: secrets(`${secretArn('db')}:password::`), scenario: one({ value: 'hunter2' }) },
    says: 'the value of the secret db-AbCdEf is no JSON object',
  },
  {
    why: 'a value may not be read by the job',
    check: 'secrets',
    level: 'WARN',
    shop: {
      container: secrets(`${secretArn('db')}:password::`),
      scenario: one({ value: { password: 'x' }, unreadable: 'policy' }),
    },
    says: 'Allow secretsmanager:GetSecretValue',
  },
  {
    why: 'a parameter does not exist',
    check: 'secrets',
    shop: { container: secrets('/shop/none') },
    says: 'there is no parameter /shop/none',
  },
  {
    why: 'the execution role may not read a secret',
    check: 'execution-role',
    shop: {
      scenario: executionRole(
        { Effect: 'Allow', Action: ['ecr:*', 'logs:*', 'kms:Decrypt'], Resource: '*' },
        {
          Effect: 'Allow',
          Action: 'secretsmanager:GetSecretValue',
          Resource: Array.from({ length: 19 }, (_, index) => secretArn(`shop/${index}`)),
        },
      ),
    },
    says: `ecsTaskExecutionRole may not do secretsmanager:GetSecretValue on ${secretArn('shop/19')}, and ECS reads the value of web: SECRET_19 with it`,
  },
  {
    why: 'the execution role may decrypt for another service only',
    check: 'execution-role',
    shop: {
      scenario: executionRole(
        { Effect: 'Allow', Action: ['ecr:*', 'logs:*', 'secretsmanager:GetSecretValue'], Resource: '*' },
        {
          Effect: 'Allow',
          Action: 'kms:Decrypt',
          Resource: '*',
          Condition: { StringEquals: { 'kms:ViaService': 'ssm.eu-west-1.amazonaws.com' } },
        },
      ),
    },
    level: 'WARN',
    says: 'may not do kms:Decrypt on arn:aws:kms:eu-west-1:123456789012:key/',
  },
  {
    why: 'the execution role does not exist',
    check: 'execution-role',
    shop: { scenario: { rolePolicies: { another: { policies: [] } } } },
    says: 'there is no role ecsTaskExecutionRole',
  },
  {
    why: 'the log group does not exist',
    check: 'logs',
    shop: { scenario: { logGroups: ['/ecs/web-old'] } },
    says: 'there is no log group /ecs/web in us-east-1',
  },
  {
    why: 'there are too few addresses',
    check: 'network',
    shop: { scenario: freeAddresses(2, 1) },
    says: 'have 3 free addresses',
  },
  {
    why: 'there are too few addresses for the end of a release',
    check: 'network',
    level: 'WARN',
    shop: { scenario: freeAddresses(3, 2) },
    says: 'enough for the 4 of the canary, and not for 4 more',
  },
  {
    why: 'the security group of the tasks lets the load balancer in on another port',
    check: 'network',
    shop: ownGroup({ inbound: [{ from: 8081, to: 8090, groups: ['sg-0a1b2c3d4e5f60718'] }] }),
    says: 'the security groups of the tasks (sg-0tasks) let nothing of the load balancer shop in on port 8080',
  },
  {
    why: 'the security group of the load balancer lets nothing out',
    check: 'network',
    shop: ownGroup(
      { inbound: [{ from: 8080, to: 8080, ranges: ['10.0.0.0/16'] }] },
      { 'sg-0a1b2c3d4e5f60718': { outbound: [{ from: 443, to: 443, ranges: ['0.0.0.0/0'] }] } },
    ),
    says: 'let nothing out to the tasks on port 8080',
  },
  {
    why: 'the tasks are in another VPC',
    check: 'network',
    shop: ownGroup({ vpc: 'vpc-0other' }),
    says: 'the load balancer shop is in vpc-0a1b2c3d4e5f60718, and sg-0tasks of the service in vpc-0other',
  },
  {
    why: 'a security group is gone',
    check: 'network',
    shop: {
      service: { network: { securityGroups: ['sg-0gone', 'sg-0a1b2c3d4e5f60718'] } },
      scenario: { network: { missing: ['sg-0gone'] } },
    },
    says: 'the security group sg-0gone of the service does not exist',
  },
  {
    why: 'the container has no health check',
    check: 'health-check',
    level: 'WARN',
    shop: { container: { healthCheck: undefined } },
    says: 'the container web has no health check',
  },
  {
    why: 'the target group finds a failing task late',
    check: 'health-check',
    level: 'WARN',
    shop: {
      scenario: {
        targetGroups: [
          {
            name: 'web',
            port: 8080,
            healthCheck: { path: '/health', interval: 60_000, unhealthyThreshold: 5 },
          },
        ],
      },
    },
    says: /finds a failing task after up to 5m\d*s? \(HTTP \/health every 60s, 5 times\)/,
  },
  {
    why: 'the circuit breaker does not take back',
    check: 'circuit-breaker',
    level: 'WARN',
    shop: { service: { circuitBreaker: { rollback: false } } },
    says: 'stops a deployment whose tasks do not start, and does not take it back',
  },
  {
    why: 'ECS may stop half of the tasks first',
    check: 'circuit-breaker',
    level: 'WARN',
    shop: { service: { minimumHealthyPercent: 50 } },
    says: 'minimumHealthyPercent is 50',
  },
  {
    why: 'an alarm fires',
    check: 'alarms',
    shop: { alarms: { 'web-5xx': 'ALARM' } },
    says: 'web-5xx is in ALARM since',
  },
  {
    why: 'an alarm knows nothing',
    check: 'alarms',
    level: 'WARN',
    shop: { alarms: { 'web-5xx': 'INSUFFICIENT_DATA' } },
    says: 'web-5xx has not enough data',
  },
  {
    why: 'an alarm does not exist',
    check: 'alarms',
    shop: { alarms: {} },
    says: 'there is no alarm "web-5xx"',
  },
  {
    why: 'the newest snapshot is old',
    check: 'backup',
    shop: {},
    inputs: { 'backup-max-age': '30m' },
    says: 'the newest snapshot of DB instance orders is 1h old (rds:orders-2026-01-05, which AWS has taken by itself), and backup-max-age is 30m',
  },
  {
    why: 'a cache was never backed up',
    check: 'backup',
    shop: { scenario: { caches: { replicationGroups: { sessions: {} } } } },
    inputs: { 'backup-replication-groups': 'sessions' },
    says: 'replication group sessions has no snapshot that is available',
  },
  {
    why: 'neither a cluster nor a serverless cache was backed up',
    check: 'backup',
    shop: { scenario: { databases: { clusters: { ledger: {} } }, caches: { serverless: { baskets: {} } } } },
    inputs: { 'backup-db-clusters': 'ledger', 'backup-serverless-caches': 'baskets' },
    says: 'serverless cache baskets has no snapshot that is available',
  },
  {
    why: 'a migration is under way',
    check: 'migrations',
    shop: { scale: 60 },
    before: (shop) => migrate(shop, 'prod/web'),
    says: /the lock prod\/web is held by https:\/\/github.com\/org\/shop\/actions\/runs\/7\/attempts\/1 for \S+: "alembic upgrade head"/,
  },
  {
    why: 'the last migration failed',
    check: 'migrations',
    level: 'WARN',
    shop: { scale: 60 },
    before: (shop) => migrate(shop, 'shopdb', 'failed'),
    inputs: { lock: 'shopdb' },
    says: 'the last migration failed (2026-01-05T12:00Z',
  },
  {
    why: 'the quota of Fargate is used up',
    check: 'capacity',
    shop: { scenario: { quotas: { 'fargate/L-3032A538': { value: 6, used: 5.5 } } } },
    says: 'a canary of 4 tasks takes 1 more',
  },
  {
    why: 'the account has the default quota, which is little',
    check: 'capacity',
    shop: {
      tasks: 30,
      // As in an account that was never given more.
      scenario: { quotas: { 'fargate/L-3032A538': { byDefault: 6, value: undefined } as never } },
    },
    says: 'the quota of Fargate On-Demand vCPU is 6',
  },
  {
    why: 'the autoscaler cannot grow',
    check: 'capacity',
    level: 'WARN',
    shop: { scenario: { scalableTargets: [{ service: 'prod/web', min: 2, max: 4 }] } },
    says: 'the service runs 4 tasks, and its autoscaler allows 4',
  },
  {
    why: 'the load balancer has as many target groups as it may',
    check: 'capacity',
    shop: { scenario: { balancingLimits: { 'target-groups-per-application-load-balancer': 1 } } },
    says: 'the limit of target groups of the load balancer shop is 1, of which 1 are used, and a canary takes 1 more',
  },
  {
    why: 'the container has another name than the load balancer knows',
    check: 'task-definition',
    shop: {},
    inputs: { 'task-definition': 'other.json' },
    says: 'it has no container "web", to which the load balancer sends its requests; it has api',
  },
  {
    why: 'nothing is deployed on Mondays',
    check: 'freeze',
    shop: {},
    inputs: {
      freeze: '- { days: [mon], from: "09:00", to: "18:00", timezone: Europe/Madrid, reason: stocktaking }',
    },
    says: 'nothing is to be deployed until Mon 2026-01-05 18:00 (mon 09:00 to 18:00, Europe/Madrid): stocktaking',
  },
];

test.each(CASES)('$check: $why', async ({ check, level = 'FAIL', shop: options, inputs, before, says }) => {
  const shop = await openShop(options);
  await before?.(shop);
  const directory = workspace();
  writeFileSync(
    join(directory, 'other.json'),
    JSON.stringify({
      ...FARGATE,
      containerDefinitions: [
        { name: 'api', image: `${REGISTRY}/shop:1.4.0`, portMappings: [{ containerPort: 8080 }] },
      ],
    }),
  );
  const { log, outputs, error, told } = await shop.look(inputs, { directory });
  const own = log
    .split('\n')
    .map((line, index, all) => (line.startsWith(level) ? `${line} ${all[index + 1]?.trim()}` : ''))
    .filter((line) => line.startsWith(`${level}  ${check} `))
    .join('\n');
  if (typeof says === 'string') expect(own, log + told).toContain(says);
  else expect(own, log + told).toMatch(says);
  expect(JSON.parse(outputs[level === 'FAIL' ? 'failed' : 'warned'] ?? '[]')).toContain(check);
  if (level === 'FAIL') expect(told).toContain(`${check}: `);
  else if (outputs['outcome'] === 'warned') expect(error).toBe(undefined);
  expect(told).not.toContain('DEFECT');
  expect(log + told).not.toContain('hunter2');
  expect(shop.simulator.bugs).toEqual([]);
});

test('tells one failing case whole', async () => {
  const shop = await openShop({
    service: { minimumHealthyPercent: 50 },
    alarms: { 'web-5xx': 'INSUFFICIENT_DATA', 'orders-connections': 'OK' },
    container: {
      image: `${REGISTRY}/shop:1.5.0`,
      healthCheck: undefined,
      secrets: [{ name: 'DB_PASSWORD', valueFrom: `${secretArn('shop/1')}:passwort::` }],
    },
    scenario: { logGroups: [] },
  });
  const { summary, outputs, told } = await shop.look({ checks: 'logs: warn\nscan: off' });
  expect(outputs).toMatchInlineSnapshot(`
    {
      "failed": "["image","secrets"]",
      "outcome": "failed",
      "overridden": "",
      "reason": "2 of 12 checks failed: image, secrets; 4 warned: logs, health-check, circuit-breaker, alarms",
      "warned": "["logs","health-check","circuit-breaker","alarms"]",
    }
  `);
  expect(summary).toMatchInlineSnapshot(`
    "### ❌ Preflight failed: web in prod

    | | Check | What is so | What to do |
    | --- | --- | --- | --- |
    | ✅ | service | 4 of 4 tasks run web:1, and nothing is under way |  |
    | ✅ | task-definition | web:1: ECS takes it, and the load balancer finds its container |  |
    | ❌ | image | the image of web is not there: ACCOUNT.dkr.ecr.eu-west-1.amazonaws.com/shop:1.5.0 | Push it first, or mend its tag; lifecycle rules of shop may have deleted it. Where this run builds it only later, checks takes "image: warn" (preflight-checks of the pipelines). |
    | ➖ | architecture | no image of ECR could be looked at |  |
    | ❌ | secrets | web: DB\\_PASSWORD: the value of the secret shop/1-AbCdEf has no member passwort | Did you mean password? Mend valueFrom. |
    | ✅ | execution-role | ecsTaskExecutionRole may do what ECS needs it for (secretsmanager:GetSecretValue, ecr:GetAuthorizationToken, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer, logs:CreateLogStream, logs:PutLogEvents) |  |
    | ⚠️ | logs | there is no log group /ecs/web in us-east-1, so no task with the container web starts | Make it: aws logs create-log-group --log-group-name /ecs/web --region us-east-1; or set awslogs-create-group, with logs:CreateLogGroup for the execution role. |
    | ✅ | network | the subnets have 480 free addresses, and a release needs 8 at most |  |
    | ✅ |  | the load balancer shop may reach the tasks on port 8080 |  |
    | ⚠️ | health-check | the container web has no health check: ECS takes a task for well as long as its process runs | Give each a healthCheck in the task definition, such as \\["CMD-SHELL", "curl -f http://localhost:8080/health \\|\\| exit 1"\\]. |
    | ✅ |  | the target group web finds a failing task within 25s (HTTP /health every 10s, 2 times) |  |
    | ⚠️ | circuit-breaker | minimumHealthyPercent is 50: ECS stops tasks before the new ones run, and users have fewer of them meanwhile | Set it to 100: aws ecs update-service --cluster prod --service web --deployment-configuration 'deploymentCircuitBreaker=\\{enable=true,rollback=true\\},maximumPercent=200,minimumHealthyPercent=100' |
    | ⚠️ | alarms | web-5xx has not enough data to say anything | Look whether its metric and dimensions exist; where nothing happened for long, that is no fault. |
    | ✅ | backup | the newest snapshot of DB instance orders is 1h old (rds:orders-2026-01-05, which AWS has taken by itself) |  |
    | ➖ | migrations | no migration was ever recorded as prod/web |  |
    | ✅ | capacity | the quota of Fargate On-Demand vCPU is 4000; what is used of it CloudWatch does not tell; a canary of 4 tasks takes 1 more |  |
    | ➖ | permissions | IAM does not know the role deploy of this job in this account |  |

    2 of 12 checks failed: image, secrets; 4 warned: logs, health-check, circuit-breaker, alarms.
    "
  `);
  expect(told).toMatchInlineSnapshot(`
    "Preflight of web in prod: 2 checks failed.
    image: the image of web is not there: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1.5.0
      Push it first, or mend its tag; lifecycle rules of shop may have deleted it. Where this run builds it only later, checks takes "image: warn" (preflight-checks of the pipelines).
    secrets: web: DB_PASSWORD: the value of the secret shop/1-AbCdEf has no member passwort
      Did you mean password? Mend valueFrom.
    Nothing was changed.
    Mend what is said above and run this step again; a check that does not matter here is set to warn or off by the input checks."
  `);
  expect(shop.simulator.bugs).toEqual([]);
});

test.each([
  ['DescribeServices', 'service'],
  ['DescribeTaskDefinition', 'task-definition'],
])(
  'fails with the permission where AWS does not allow %s, without which nothing is seen',
  async (operation, check) => {
    const shop = await openShop({ faults: [{ kind: 'access-denied', service: 'ECS', operation }] });
    const { log, outputs } = await shop.look();
    expect(outputs['outcome']).toBe('failed');
    expect(JSON.parse(outputs['failed'] ?? '')).toEqual([check]);
    expect(log).toContain(`Allow ecs:${operation} in the policy of the role that this job assumes.`);
    expect(log).toContain(`not looked at: see ${check}`);
    expect(log).not.toContain('assumed-role');
    expect(shop.simulator.bugs).toEqual([]);
  },
);

test.each([
  [
    'Elastic Load Balancing v2',
    'DescribeTargetGroups',
    'network',
    'elasticloadbalancing:DescribeTargetGroups',
  ],
  [
    'Elastic Load Balancing v2',
    'DescribeLoadBalancers',
    'network',
    'elasticloadbalancing:DescribeLoadBalancers',
  ],
  [
    'Elastic Load Balancing v2',
    'DescribeAccountLimits',
    'capacity',
    'elasticloadbalancing:DescribeAccountLimits',
  ],
  ['Elastic Load Balancing v2', 'DescribeListeners', 'capacity', 'elasticloadbalancing:DescribeListeners'],
  ['ECR', 'DescribeRepositories', 'image', 'ecr:DescribeRepositories'],
  ['ECR', 'GetAuthorizationToken', 'image', 'ecr:GetAuthorizationToken'],
  ['ECR', 'DescribeImageScanFindings', 'scan', 'ecr:DescribeImageScanFindings'],
  ['Secrets Manager', 'DescribeSecret', 'secrets', 'secretsmanager:DescribeSecret'],
  ['IAM', 'SimulatePrincipalPolicy', 'execution-role', 'iam:SimulatePrincipalPolicy'],
  ['CloudWatch Logs', 'DescribeLogGroups', 'logs', 'logs:DescribeLogGroups'],
  ['EC2', 'DescribeSubnets', 'network', 'ec2:DescribeSubnets'],
  ['EC2', 'DescribeSecurityGroups', 'network', 'ec2:DescribeSecurityGroups'],
  ['CloudWatch', 'DescribeAlarms', 'alarms', 'cloudwatch:DescribeAlarms'],
  ['RDS', 'DescribeDBSnapshots', 'backup', 'rds:DescribeDBSnapshots'],
  ['SSM', 'GetParameterHistory', 'migrations', 'ssm:GetParameterHistory'],
  ['Service Quotas', 'GetServiceQuota', 'capacity', 'servicequotas:GetServiceQuota'],
  [
    'Application Auto Scaling',
    'DescribeScalableTargets',
    'capacity',
    'application-autoscaling:DescribeScalableTargets',
  ],
] as const)(
  'warns with the permission where %s does not allow %s',
  async (service, operation, check, permission) => {
    const shop = await openShop({ faults: [{ kind: 'access-denied', service, operation }] });
    const { log, outputs, told } = await shop.look();
    expect(told).toBe('');
    expect(JSON.parse(outputs['warned'] ?? '')).toContain(check);
    expect(log).toContain(`Allow ${permission} in the policy of the role that this job assumes.`);
    // Who is denied it is not for a table that everybody reads.
    expect(log).not.toContain('assumed-role');
    expect(shop.simulator.bugs).toEqual([]);
  },
);

test('a denied check that has to be sure fails', async () => {
  const shop = await openShop({ faults: [{ kind: 'access-denied', operation: 'DescribeAlarms' }] });
  const { told, outputs } = await shop.look({ checks: 'alarms: fail' });
  expect(outputs['failed']).toBe('["alarms"]');
  expect(told).toContain('alarms: not looked at: AWS does not allow cloudwatch:DescribeAlarms');
});

test('sits a disturbance of AWS out', async () => {
  const shop = await openShop({
    scale: 20,
    faults: [
      { kind: 'throttle', service: 'Secrets Manager', operation: 'DescribeSecret', times: 5 },
      { kind: 'internal-error', operation: 'DescribeServices', times: 2 },
      { kind: 'lost-answer', operation: 'DescribeTargetGroups', times: 1 },
    ],
  });
  const { outputs, told } = await shop.look();
  expect(told).toBe('');
  expect(outputs['outcome']).toBe('passed');
  expect(shop.simulator.bugs).toEqual([]);
});

test('what does not answer for long is a warning of its check', async () => {
  const shop = await openShop({
    scale: 200,
    faults: [{ kind: 'internal-error', operation: 'DescribeLogGroups' }],
  });
  const { log, outputs, told } = await shop.look({ 'backup-max-age': '72h' });
  expect(told).toBe('');
  expect(JSON.parse(outputs['warned'] ?? '')).toContain('logs');
  expect(log).toContain('AWS does not answer');
});

test('a service that is not there fails one check, and the others say so', async () => {
  const shop = await openShop();
  const { log, outputs, told } = await shop.look({ service: 'api' });
  expect(outputs['failed']).toBe('["service"]');
  expect(told).toContain('service: there is no active service "api" in the cluster "prod"');
  expect(log).toMatch(/^skip {2}network +not looked at: see service$/m);
  expect(log).toMatch(/^pass {2}alarms/m);
});

test('an override lets a release through a freeze, and is on record', async () => {
  const shop = await openShop();
  const freeze = '- { from: 2026-01-01, to: 2026-01-06, reason: holidays }';
  const { summary, outputs, told } = await shop.look({
    freeze,
    'freeze-override': 'on call: the till is down',
  });
  expect(told).toBe('');
  expect(outputs).toMatchObject({ outcome: 'warned', overridden: 'on call: the till is down' });
  expect(summary).toContain('overridden: on call: the till is down');
});

/** Resolves once a call has reached AWS. */
async function called({ simulator }: PreflightShop): Promise<void> {
  while (simulator.calls.length === 0) await new Promise((settle) => setTimeout(settle, 5));
}

test('a cancelled run says that nothing was changed', async () => {
  const shop = await openShop({ faults: [{ kind: 'timeout', operation: 'DescribeServices' }] });
  const controller = new AbortController();
  const looking = shop.look({}, { cancelled: controller.signal });
  await called(shop);
  controller.abort(new Error('SIGINT'));
  const { told, outputs } = await looking;
  expect(told).toContain('The preflight was cancelled.\nNothing was changed.');
  expect(outputs['outcome']).toBe(undefined);
});

test('a process that is cancelled ends at once', async () => {
  const shop = await openShop({ faults: [{ kind: 'timeout', operation: 'DescribeServices' }] });
  const step = shop.job().start('preflight', { cluster: 'prod', service: 'web' });
  await called(shop);
  const { code, log, ms } = await step.cancel();
  expect(code).toBe(1);
  expect(log).toContain('::error::The preflight was cancelled.');
  // Sooner than the runner loses its patience.
  expect(ms).toBeLessThan(7_500);
});

test('looks at everything in few rounds, as many calls at a time as there are', async () => {
  const shop = await openShop();
  await shop.look();
  const calls = shop.simulator.calls.map(({ operation }) => operation);
  const count = (operation: string) => calls.filter((each) => each === operation).length;
  // One for each secret, which AWS tells in no other way; their values at once.
  expect(count('DescribeSecret')).toBe(20);
  expect(count('BatchGetSecretValue')).toBe(1);
  expect(calls.length).toBeLessThan(60);
});

/** The policy of canary for this account, without a statement. */
const canaryPolicy = (without?: string) => {
  const { Statement } = actionPolicies().get('canary') ?? { Statement: [] };
  const values = { ...SIMULATED, CLUSTER: 'prod', SERVICE: 'web', LOAD_BALANCER: 'shop', FAMILY: 'web' };
  const kept = Statement.filter(({ Sid }) => Sid !== without);
  const fill = (text: string | readonly string[]) => list(text).flatMap((each) => filled(each, values));
  return {
    Version: '2012-10-17',
    Statement: kept.map((statement) => ({
      ...(JSON.parse(filled(JSON.stringify(statement), { ...values, ORG: 'org' })[0] ?? '') as object),
      Resource: fill(statement.Resource),
    })),
  };
};
const roles = (policy: PolicyDocument) => ({
  rolePolicies: { ...USUAL_ROLES, deploy: { policies: [policy] } },
});

test("canary's own policy is enough for the role of the job where a revision has to be registered", async () => {
  const { look } = await openShop({ scenario: roles(canaryPolicy()) });
  const directory = workspace();
  const role = (name: string) => `arn:aws:iam::123456789012:role/${name}`;
  const container = {
    name: 'web',
    image: `${REGISTRY}/shop:1.4.0`,
    portMappings: [{ containerPort: 8080 }],
    healthCheck: { command: ['CMD-SHELL', 'true'] },
  };
  const definition = {
    ...FARGATE,
    executionRoleArn: role('ecsTaskExecutionRole'),
    containerDefinitions: [container],
  };
  writeFileSync(join(directory, 'web.json'), JSON.stringify(definition));
  const { log } = await look({ 'task-definition': 'web.json' }, { directory });
  expect(log).toMatch(/^pass {2}permissions +deploy may do what canary does$/m);
});

test("canary's own policy is enough for the role of the job, and without a part of it is not", async () => {
  const enough = await openShop({ scenario: roles(canaryPolicy()) });
  const passed = await enough.look();
  expect(passed.log).toMatch(/^pass {2}permissions +deploy may do what canary does$/m);
  const less = await openShop({ scenario: roles(canaryPolicy('ShiftTraffic')) });
  const { log, outputs } = await less.look();
  expect(outputs).toMatchObject({ outcome: 'warned', warned: '["permissions"]' });
  expect(log).toContain('may not do elasticloadbalancing:ModifyRule, with which canary shifts traffic');
  const scalableTargets = [{ service: 'prod/web', min: 2, max: 9 }];
  const scaled = await openShop({ scenario: { ...roles(canaryPolicy('HoldScaling')), scalableTargets } });
  expect((await scaled.look()).log).toContain('may not do application-autoscaling:RegisterScalableTarget');
  const strict = await less.look({ checks: 'permissions: fail' });
  expect(strict.outputs['failed']).toBe('["permissions"]');
});

test('names come from a stack', async () => {
  const stacks = { shop: { Cluster: 'prod', Service: 'web', Database: 'orders' } };
  const shop = await openShop({ scenario: { stacks } });
  const { outputs, told } = await shop.look({
    cluster: 'cloudformation:shop.Cluster',
    service: 'cloudformation:shop.Service',
    'backup-db-instances': 'cloudformation:shop.Database',
  });
  expect(told).toBe('');
  expect(outputs['outcome']).toBe('passed');
});

test('wrong inputs are told all at once, and AWS is not asked', async () => {
  const shop = await openShop();
  const { told } = await shop.look({
    cluster: '',
    checks: 'alarm: off',
    'backup-max-age': 'yesterday',
    'backup-db-clusters': 'shop.cluster-1.eu-west-1.rds.amazonaws.com',
    freeze: '- { days: [fry] }',
    'fail-on': 'severe',
    'allow-findings': 'CVE-1 until tomorrow',
    capacity: 'half',
    lock: 'a b',
  });
  const inputs = told.split('\n').map((line) => /^([\w -]+?)(?:, [\w ]+)?: /.exec(line)?.[1]);
  expect(inputs).toEqual([
    'cluster',
    'allow-findings line 1',
    'backup-db-clusters line 1',
    'backup-max-age',
    'freeze line 1',
    'checks line 1',
    'fail-on',
    'capacity',
    'lock',
  ]);
  expect(shop.simulator.calls).toEqual([]);
});

test('what is off is not asked for', async () => {
  const shop = await openShop();
  const off = [
    'image',
    'architecture',
    'scan',
    'secrets',
    'execution-role',
    'permissions',
    'network',
    'capacity',
  ];
  const { outputs } = await shop.look({ checks: off.map((check) => `${check}: off`).join('\n') });
  expect(outputs['outcome']).toBe('passed');
  const services = new Set(shop.simulator.calls.map(({ service }) => service));
  expect(
    [...services].filter((service) => /^(ECR|EC2|IAM|Secrets Manager|Service Quotas)$/.test(service)),
  ).toEqual([]);
});

test('takes less than three seconds for a service with twenty secrets, the start of the process included', async () => {
  const shop = await openShop();
  const times: number[] = [];
  for (let run = 0; run < 3; run++) {
    const step = await shop.job().run('preflight', NAMED);
    expect(step.code, step.log).toBe(0);
    times.push(step.ms);
  }
  // Other load only makes it slower.
  expect(Math.min(...times)).toBeLessThan(3_000);
});
