import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { entryText } from '../../src/migrations/entry.ts';
import { lockParameter } from '../../src/migrations/lock.ts';
import { workspace } from '../images/run-here.ts';
import { openShop, REGISTRY, type ShopOptions, START, secretArn } from './preflight-shop.ts';

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
  readonly says: string | RegExp;
}

const secrets = (valueFrom: string) => ({ secrets: [{ name: 'PASSWORD', valueFrom }] });
const one = (secret: object) => ({ secrets: { db: secret } });
const lock = (outcome: 'failed' | 'migrated' | undefined, at: number) => {
  const hold = {
    id: 'h1',
    holder: 'https://github.com/org/shop/actions/runs/7/attempts/1',
    runKey: '7/deploy/migrate',
    since: at,
    cluster: 'prod',
    startedBy: 'deploy-actions-7',
    steps: [{ token: 't1' }],
    plan: { command: 'alembic upgrade head', backups: [] },
  };
  const taken = { id: 'h1', after: '', hold, free: false, past: [] };
  const { command, backups } = hold.plan;
  const record = outcome && { command, backups, holder: hold.holder, runKey: hold.runKey, at, outcome };
  return entryText(record ? { ...taken, record, free: true } : taken);
};

const CASES: readonly Case[] = [
  {
    why: 'the service is scaled to 0',
    check: 'service',
    shop: { tasks: 0 },
    says: 'web is scaled to 0 tasks',
  },
  {
    why: 'its tasks do not start',
    check: 'service',
    shop: { service: { deployedAgo: 0 }, images: { '1.4.0': {} } },
    says: /0 of 4 tasks run|a deployment of ECS is under way/,
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
      scenario: {
        rolePolicies: {
          ecsTaskExecutionRole: {
            policies: [
              {
                Version: '2012-10-17',
                Statement: [
                  { Effect: 'Allow', Action: ['ecr:*', 'logs:*', 'kms:Decrypt'], Resource: '*' },
                  {
                    Effect: 'Allow',
                    Action: 'secretsmanager:GetSecretValue',
                    Resource: Array.from({ length: 19 }, (_, index) => secretArn(`shop/${index}`)),
                  },
                ],
              },
            ],
          },
        },
      },
    },
    says: `ecsTaskExecutionRole may not do secretsmanager:GetSecretValue on ${secretArn('shop/19')}, and ECS reads the value of web: SECRET_19 with it`,
  },
  {
    why: 'the execution role may decrypt for another service only',
    check: 'execution-role',
    shop: {
      scenario: {
        rolePolicies: {
          ecsTaskExecutionRole: {
            policies: [
              {
                Version: '2012-10-17',
                Statement: [
                  {
                    Effect: 'Allow',
                    Action: ['ecr:*', 'logs:*', 'secretsmanager:GetSecretValue'],
                    Resource: '*',
                  },
                  {
                    Effect: 'Allow',
                    Action: 'kms:Decrypt',
                    Resource: '*',
                    Condition: { StringEquals: { 'kms:ViaService': 'ssm.us-east-1.amazonaws.com' } },
                  },
                ],
              },
            ],
          },
        },
      },
    },
    says: 'may not do kms:Decrypt on arn:aws:kms:us-east-1:123456789012:key/',
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
    shop: {
      scenario: {
        network: {
          subnets: {
            'subnet-0a1b2c3d4e5f60718': { freeAddresses: 2 },
            'subnet-0b1b2c3d4e5f60718': { freeAddresses: 1 },
          },
        },
      },
    },
    says: 'have 3 free addresses',
  },
  {
    why: 'there are too few addresses for the end of a release',
    check: 'network',
    level: 'WARN',
    shop: {
      scenario: {
        network: {
          subnets: {
            'subnet-0a1b2c3d4e5f60718': { freeAddresses: 3 },
            'subnet-0b1b2c3d4e5f60718': { freeAddresses: 2 },
          },
        },
      },
    },
    says: 'enough for the 4 of the canary, and not for 4 more',
  },
  {
    why: 'the security group of the tasks lets the load balancer in on another port',
    check: 'network',
    shop: {
      service: { network: { securityGroups: ['sg-0tasks'] } },
      scenario: {
        network: {
          securityGroups: {
            'sg-0tasks': { inbound: [{ from: 8081, to: 8090, groups: ['sg-0a1b2c3d4e5f60718'] }] },
          },
        },
      },
    },
    says: 'the security groups of the tasks (sg-0tasks) let nothing of the load balancer shop in on port 8080',
  },
  {
    why: 'the security group of the load balancer lets nothing out',
    check: 'network',
    shop: {
      service: { network: { securityGroups: ['sg-0tasks'] } },
      scenario: {
        network: {
          securityGroups: {
            'sg-0tasks': { inbound: [{ from: 8080, to: 8080, ranges: ['10.0.0.0/16'] }] },
            'sg-0a1b2c3d4e5f60718': { outbound: [{ from: 443, to: 443, ranges: ['0.0.0.0/0'] }] },
          },
        },
      },
    },
    says: 'let nothing out to the tasks on port 8080',
  },
  {
    why: 'the tasks are in another VPC',
    check: 'network',
    shop: {
      service: { network: { securityGroups: ['sg-0tasks'] } },
      scenario: { network: { securityGroups: { 'sg-0tasks': { vpc: 'vpc-0other' } } } },
    },
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
    why: 'a migration is under way',
    check: 'migrations',
    shop: { scenario: { parameters: { [lockParameter('prod/web')]: lock(undefined, START) } } },
    says: /the lock prod\/web is held by https:\/\/github.com\/org\/shop\/actions\/runs\/7\/attempts\/1 for \S+: "alembic upgrade head"/,
  },
  {
    why: 'the last migration failed',
    check: 'migrations',
    shop: { scenario: { parameters: { [lockParameter('shop/db')]: lock('failed', START - 3_600_000) } } },
    inputs: { lock: 'shop/db' },
    says: 'the last migration failed (2026-01-05T11:00Z',
  },
  {
    why: 'the quota of Fargate is used up',
    check: 'capacity',
    shop: { scenario: { quotas: { 'fargate/L-3032A538': { value: 6, used: 5.5 } } } },
    says: 'a canary of 4 tasks takes 1 more',
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

test.each(CASES)('$check: $why', async ({ check, level = 'FAIL', shop: options, inputs, says }) => {
  const shop = await openShop(options);
  const directory = workspace();
  writeFileSync(
    join(directory, 'other.json'),
    JSON.stringify({
      family: 'web',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
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
  expect(own, log + told).toMatch(typeof says === 'string' ? new RegExp(RegExp.escape(says)) : says);
  expect(JSON.parse(outputs[level === 'FAIL' ? 'failed' : 'warned'] ?? '[]')).toContain(check);
  if (level === 'FAIL') expect(told).toContain(`${check}: `);
  else if (outputs['outcome'] === 'warned') expect(error).toBe(undefined);
  expect(told).not.toContain('DEFECT');
  expect(log + told).not.toContain('hunter2');
  expect(shop.simulator.bugs).toEqual([]);
});
