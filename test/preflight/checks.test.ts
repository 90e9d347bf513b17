import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkBackups } from '../../src/preflight/backup.ts';
import { checkCapacity } from '../../src/preflight/capacity.ts';
import { CHECKS } from '../../src/preflight/checks.ts';
import { contains } from '../../src/preflight/cidr.ts';
import { checkCircuitBreaker } from '../../src/preflight/circuit-breaker.ts';
import { checkExecutionRole, questionsFor, roleArn } from '../../src/preflight/execution-role.ts';
import { fail, pass, skip, warn } from '../../src/preflight/finding.ts';
import { checkHealthChecks } from '../../src/preflight/health-check.ts';
import { checkArchitecture, checkImages, platformOf } from '../../src/preflight/images.ts';
import { checkMigrations } from '../../src/preflight/migrations.ts';
import { checkNetwork } from '../../src/preflight/network.ts';
import { checkPermissions } from '../../src/preflight/permissions.ts';
import { secretReferences } from '../../src/preflight/references.ts';
import { checkScans } from '../../src/preflight/scan.ts';
import { readSecretReference } from '../../src/preflight/secret-reference.ts';
import { checkSecrets } from '../../src/preflight/secrets.ts';
import { checkService, type ServiceFacts } from '../../src/preflight/service.ts';
import { readSettings } from '../../src/preflight/settings.ts';
import { judge } from '../../src/preflight/verdict.ts';
import type { NetworkRule } from '../../src/preflight/vpc.ts';
import { preflightLines, preflightMarkdown } from '../../src/report/preflight.ts';
import type { TaskDefinition } from '../../src/taskdef/definition.ts';

const HOUR = 3_600_000;
const levels = (findings: readonly { readonly level: string }[]) => findings.map(({ level }) => level);
const DENIED = { unseen: 'AWS does not allow it', fix: 'Allow it.' };

describe('the settings of checks', () => {
  test('are read from lines, with the permissions only warned about', () => {
    const settings = readSettings('- alarms: warn\nscan: fail # no scan is no release\n\nbackup: off');
    expect(Object.fromEntries(settings)).toEqual({
      permissions: 'warn',
      alarms: 'warn',
      scan: 'fail',
      backup: 'off',
    });
  });

  test('are refused with the name that was meant, all at once', () => {
    expect(() =>
      readSettings('alarm: warn\nscan: wran\nbackups\nscan: warn\nscan: fail\nnothing: off'),
    ).toThrow(
      [
        'checks line 1: there is no check "alarm"; did you mean alarms?',
        'checks line 2: "wran" is not a setting; did you mean warn?',
        'checks line 3: "backups" is not NAME: fail, NAME: warn or NAME: off, such as alarms: warn',
        'checks line 5: scan has a line already; keep one of them',
        `checks line 6: there is no check "nothing"; there are ${CHECKS.join(', ')}`,
      ].join('\n'),
    );
  });
});

describe('the verdict', () => {
  const findings = [
    warn('alarms', 'too little data', 'wait'),
    pass('service', '2 of 2 tasks run'),
    pass('network', 'reachable'),
    fail('network', 'no addresses', 'free some'),
    skip('migrations', 'none'),
  ];

  test('has a row for each check in their order, the worst finding first', () => {
    const { outcome, rows, failed, warned, reason } = judge(findings, new Map());
    expect(rows.map(({ check, level }) => `${check} ${level}`)).toEqual([
      'service pass',
      'network fail',
      'alarms warn',
      'migrations skip',
    ]);
    expect(rows[1]?.findings.map(({ what }) => what)).toEqual(['no addresses', 'reachable']);
    expect({ outcome, failed, warned, reason }).toEqual({
      outcome: 'failed',
      failed: ['network'],
      warned: ['alarms'],
      reason: '1 of 3 checks failed: network; 1 warned: alarms',
    });
  });

  test('lets what may only warn warn, fails what must be sure, and leaves out what is off', () => {
    const milder = judge(findings, readSettings('network: warn'));
    expect(milder).toMatchObject({ outcome: 'warned', failed: [], warned: ['network', 'alarms'] });
    expect(milder.reason).toBe('nothing failed; 2 of 3 checks warned: network, alarms');
    const stricter = judge(findings, readSettings('alarms: fail\nnetwork: off'));
    expect(stricter.failed).toEqual(['alarms']);
    expect(stricter.rows.map(({ check }) => check)).not.toContain('network');
    expect(judge(findings, readSettings('alarms: off\nnetwork: off')).reason).toBe('1 check passed');
  });

  test('is told as a table in which no text becomes Markdown or a command', () => {
    const verdict = judge([fail('alarms', 'a|b @team\n::error::x', 'mend `it`')], new Map());
    const markdown = preflightMarkdown(verdict, 'web in prod');
    const row = markdown.split('\n').find((line) => line.startsWith('| ❌'));
    expect(row).toBe('| ❌ | alarms | a\\|b @<!-- -->team<br>::error::x | mend \\`it\\` |');
    expect(preflightLines(verdict)[0]).toMatch(/^FAIL {2}alarms {2}a\|b/);
  });

  test('shows ten findings of a check and counts the rest', () => {
    const many = Array.from({ length: 14 }, (_, index) => fail('secrets', `secret ${index}`, 'mend it'));
    const markdown = preflightMarkdown(judge(many, new Map()), 'web in prod');
    expect(markdown.match(/^\| ❌/gm)).toHaveLength(10);
    expect(markdown).toContain('4 more are told in the log');
  });
});

describe('a service', () => {
  const well: ServiceFacts = {
    name: 'web',
    cluster: 'prod',
    status: 'ACTIVE',
    desired: 2,
    running: 2,
    deployments: [{ primary: true, revision: 'web:1', state: 'completed' }],
    lastEvent: 'has reached a steady state',
    rollout: undefined,
  };
  const rollout = {
    to: 'web:2',
    phase: 'stepping',
    holder: 'https://github.com/o/r/actions/runs/1/attempts/1',
    leaseUntil: HOUR,
    own: false,
  };

  test.each([
    ['that is well passes', {}, ['pass']],
    ['that is drained fails', { status: 'DRAINING' }, ['fail']],
    ['that lacks a task fails', { running: 1 }, ['fail']],
    ['of which a task is being taken away passes', { running: 3 }, ['pass']],
    [
      'whose last deployment failed warns',
      { deployments: [{ primary: true, revision: 'web:1', state: 'failed' }] },
      ['warn'],
    ],
    ['in the hands of another run fails', { rollout }, ['fail']],
    ['that an earlier attempt of this run has left warns', { rollout: { ...rollout, own: true } }, ['warn']],
    ['that scales in passes', { running: 3 }, ['pass']],
    [
      'that an earlier attempt has left in the middle of its takeover warns',
      {
        rollout: { ...rollout, own: true },
        running: 1,
        deployments: [
          { primary: true, revision: 'web:2', state: 'in-progress' },
          { primary: false, revision: 'web:1', state: 'completed' },
        ],
      },
      ['warn', 'warn'],
    ],
    [
      'that has been left and lacks a task only warns, because its end decides',
      { rollout: { ...rollout, own: true }, running: 1 },
      ['warn', 'warn'],
    ],
    ['that a dead run has left warns', { rollout: { ...rollout, leaseUntil: 0 } }, ['warn']],
    [
      'that a dead run has left in the middle of its promotion warns',
      {
        rollout: { ...rollout, phase: 'promoting', own: true },
        running: 1,
        deployments: [
          { primary: true, revision: 'web:2', state: 'in-progress' },
          { primary: false, revision: 'web:1', state: 'completed' },
        ],
      },
      ['warn', 'warn'],
    ],
    ['of which a rollout has left parts warns', { rollout: { ...rollout, phase: 'done' } }, ['warn']],
  ] as const)('%s', (_, change, expected) => {
    expect(levels(checkService({ ...well, ...change } as ServiceFacts, 1_000))).toEqual(expected);
  });

  test('that crashes says how the release that mends it is let through', () => {
    expect(checkService({ ...well, running: 0 }, 1_000)[0]?.fix).toContain('checks: "service: warn"');
  });
});

describe('images', () => {
  const facts = { container: 'web', image: 'r/shop:1', repository: 'shop', tag: '1', pinned: false };
  const found = { digest: 'sha256:a', fixed: true };

  test('pass by a digest or a tag that stays, and are not looked at elsewhere', () => {
    const others = [{ container: 'proxy', image: 'nginx:1' }];
    const images = [
      { ...facts, found },
      { ...facts, pinned: true, found },
      { ...facts, found: { ...found, fixed: false } },
      { ...facts, found: undefined },
      { ...facts, found: DENIED },
    ];
    expect(levels(checkImages(images, others))).toEqual(['pass', 'pass', 'warn', 'fail', 'warn', 'skip']);
  });

  test('are held against the platform of the tasks', () => {
    const definition = (runtimePlatform?: object) =>
      ({
        family: 'web',
        containerDefinitions: [],
        ...(runtimePlatform && { runtimePlatform }),
      }) as TaskDefinition;
    expect(platformOf(definition())).toEqual({ os: 'linux', architecture: 'amd64' });
    const arm = platformOf(definition({ cpuArchitecture: 'ARM64' }));
    const index = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
    expect(levels(checkArchitecture([{ container: 'web', platforms: index }], arm))).toEqual(['pass']);
    const [finding] = checkArchitecture([{ container: 'web', platforms: index.slice(0, 1) }], arm);
    expect(finding).toMatchObject({
      level: 'fail',
      fix: 'Build it for linux/arm64 (platforms of ecr-push), or set runtimePlatform.cpuArchitecture to X86_64.',
    });
    const windows = platformOf(definition({ operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' }));
    expect(windows.os).toBe('windows');
  });

  test('with a finding that is let pass until a day pass until then', () => {
    const found = [{ id: 'CVE-1', severity: 'critical' as const }];
    const exceptions = [{ id: 'CVE-1', until: HOUR, day: '1970-01-01' }];
    const rules = { failOn: 'high', exceptions } as const;
    const scans = [{ container: 'web', scan: { kind: 'done', found } as const }];
    expect(levels(checkScans(scans, rules, 0))).toEqual(['pass']);
    expect(levels(checkScans(scans, rules, 2 * HOUR))).toEqual(['fail', 'warn']);
    expect(levels(checkScans([], { ...rules, failOn: 'none' }, 0))).toEqual(['skip']);
  });
});

describe('secrets', () => {
  const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf';

  test('are read from every place of a definition that takes a value', () => {
    const definition: TaskDefinition = {
      family: 'web',
      containerDefinitions: [
        {
          name: 'web',
          secrets: [
            { name: 'A', valueFrom: `${arn}:user:AWSPREVIOUS:` },
            { name: 'B', valueFrom: '/shop/b' },
          ],
          logConfiguration: {
            logDriver: 'splunk',
            secretOptions: [{ name: 'splunk-token', valueFrom: arn }],
          },
          repositoryCredentials: { credentialsParameter: 'registry' },
        },
      ],
    };
    expect(secretReferences(definition)).toEqual([
      {
        place: 'web: A',
        reference: {
          kind: 'secret',
          secret: arn,
          jsonKey: 'user',
          stage: 'AWSPREVIOUS',
          version: undefined,
        },
      },
      { place: 'web: B', reference: { kind: 'parameter', name: '/shop/b' } },
      { place: 'web: splunk-token of its log', reference: expect.objectContaining({ secret: arn }) },
      { place: 'web: its registry', reference: expect.objectContaining({ secret: 'registry' }) },
    ]);
  });

  test.each([
    ['', {}, ['pass']],
    [':user::', { keys: ['user'] }, ['pass']],
    [':user::', { keys: ['usr', 'password'] }, ['fail']],
    [':user::', { keys: DENIED }, ['warn']],
    [':user::', { keys: 'not-json' }, ['fail']],
    ['::AWSPREVIOUS:', {}, ['fail']],
    [':::v1', {}, ['pass']],
    ['::AWSPENDING:v1', {}, ['fail']],
    [':::v2', {}, ['fail']],
    ['', { there: DENIED }, ['warn']],
    ['', { there: undefined }, ['fail']],
  ])('valueFrom with "%s" and %j gives %j', (rest, change, expected) => {
    const there = { deletedAt: undefined, versions: new Map([['v1', ['AWSCURRENT']]]) };
    const facts = { there, keys: undefined, ...change } as Parameters<
      typeof checkSecrets
    >[0][number]['facts'];
    const reference = readSecretReference(`${arn}${rest}`);
    expect(levels(checkSecrets([{ place: 'web: A', reference, facts }]))).toEqual(expected);
  });
});

describe('the execution role', () => {
  const definition: TaskDefinition = {
    family: 'web',
    containerDefinitions: [
      {
        name: 'web',
        image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1',
        secrets: [{ name: 'A', valueFrom: '/shop/a' }],
        logConfiguration: {
          logDriver: 'awslogs',
          options: { 'awslogs-group': '/ecs/web', 'awslogs-create-group': 'true' },
        },
      },
    ],
  };
  const home = { partition: 'aws', region: 'eu-west-1', account: '123456789012' };
  const asked = (fargate: boolean) =>
    questionsFor(definition, secretReferences(definition), () => undefined, home, fargate).map(
      ({ action, resource }) => `${action} ${resource}`,
    );

  test('is asked for what ECS does with it, on Fargate also to pull and to log', () => {
    expect(asked(false)).toEqual(['ssm:GetParameters arn:aws:ssm:eu-west-1:123456789012:parameter/shop/a']);
    expect(asked(true).slice(1)).toEqual([
      'ecr:GetAuthorizationToken *',
      'ecr:BatchGetImage arn:aws:ecr:eu-west-1:123456789012:repository/shop',
      'ecr:GetDownloadUrlForLayer arn:aws:ecr:eu-west-1:123456789012:repository/shop',
      'logs:CreateLogGroup arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web:log-stream:',
      'logs:CreateLogStream arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web:log-stream:0123456789abcdef0123456789abcdef',
      'logs:PutLogEvents arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/web:log-stream:0123456789abcdef0123456789abcdef',
    ]);
  });

  test('is asked for the key of a secret by the way that it is used, and not for one that an alias hides', () => {
    const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf';
    const placed = { place: 'web: A', reference: readSecretReference(secret) };
    const empty = { ...definition, containerDefinitions: [] };
    const keys = (kmsKey: string) =>
      questionsFor(empty, [placed], () => ({ arn: secret, kmsKey }), home, true).slice(1);
    expect(keys('0a1b')).toEqual([
      {
        action: 'kms:Decrypt',
        resource: 'arn:aws:kms:eu-west-1:123456789012:key/0a1b',
        context: { 'kms:ViaService': 'secretsmanager.eu-west-1.amazonaws.com' },
        why: 'reads the value of web: A',
      },
    ]);
    expect(keys('alias/shop')).toEqual([]);
  });

  test('fails where there is none and it is needed, and tells each denial once', () => {
    const question = { action: 'ssm:GetParameters', resource: 'p', why: 'reads the value of web: A' };
    const questions = [question, question];
    expect(levels(checkExecutionRole({ role: undefined, questions: [], answers: undefined }))).toEqual([
      'skip',
    ]);
    expect(levels(checkExecutionRole({ role: undefined, questions, answers: undefined }))).toEqual(['fail']);
    expect(levels(checkExecutionRole({ role: 'r', questions: [], answers: [] }))).toEqual(['skip']);
    const role = roleArn('execution', home);
    expect(role).toBe('arn:aws:iam::123456789012:role/execution');
    const denied = checkExecutionRole({ role, questions, answers: ['denied', 'denied-explicitly'] });
    expect(denied).toHaveLength(1);
    expect(denied[0]?.fix).toBe(
      'Allow ssm:GetParameters on p in a policy of the role, and in its permissions boundary where it has one.',
    );
    expect(levels(checkPermissions({ role, questions, answers: ['denied', 'denied'] }))).toEqual(['fail']);
  });

  test('may use a key that its own policies do not tell of, which a Deny rules out', () => {
    const questions = [{ action: 'kms:Decrypt', resource: 'k', why: 'reads the value of web: A' }];
    const role = roleArn('execution', home);
    expect(levels(checkExecutionRole({ role, questions, answers: ['denied'] }))).toEqual(['warn']);
    expect(levels(checkExecutionRole({ role, questions, answers: ['denied-explicitly'] }))).toEqual(['fail']);
  });

  test('is asked for the streams of its container, whose prefix a policy may name', () => {
    const [container] = definition.containerDefinitions;
    const options = { 'awslogs-group': '/ecs/web', 'awslogs-stream-prefix': 'ecs' };
    const prefixed = {
      ...definition,
      containerDefinitions: [
        { ...container, name: 'web', logConfiguration: { logDriver: 'awslogs', options } },
      ],
    };
    const resources = questionsFor(prefixed, [], () => undefined, home, true).flatMap(({ resource }) =>
      resource.includes(':logs:') ? [resource.split(':log-stream:')[1]] : [],
    );
    expect(new Set(resources)).toEqual(new Set(['ecs/web/0123456789abcdef0123456789abcdef']));
  });
});

describe('blocks of addresses', () => {
  const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const text = (value: number) =>
    [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

  test('contain what lies in them, whatever the address in them that they are named by', () => {
    fc.assert(
      fc.property(address, fc.nat(32), fc.nat(32), (value, outer, inner) => {
        expect(contains([`${text(value)}/${outer}`], `${text(value)}/${inner}`)).toBe(outer <= inner);
      }),
    );
  });

  test('of IPv6 and what is none contain nothing of IPv4', () => {
    expect(contains(['::/0'], '10.0.0.0/24')).toBe(false);
    expect(contains(['10.0.0.0/8'], '2001:db8::/32')).toBe(false);
    expect(contains(['300.0.0.0/8'], '10.0.0.0/24')).toBe(false);
    expect(contains(['0.0.0.0/0'], '10.0.0.0/24')).toBe(true);
  });

  test('of which none contains all of another may do so together', () => {
    const halves = ['10.0.0.0/25', '10.0.0.128/25'];
    expect(contains(['10.0.0.128/26', '10.0.0.192/26', '10.0.0.0/25'], '10.0.0.0/24')).toBe(true);
    expect(contains(halves, '10.0.0.0/24')).toBe(true);
    expect(contains(halves, '10.0.0.0/23')).toBe(false);
    expect(contains(['10.0.0.0/25', '10.0.0.129/32'], '10.0.0.0/24')).toBe(false);
  });
});

describe('the network', () => {
  const rule = (given: Partial<NetworkRule>): NetworkRule => ({
    protocol: 'tcp',
    from: 8080,
    to: 8080,
    groups: [],
    ranges: [],
    prefixLists: [],
    ...given,
  });
  const ANY = rule({ protocol: '-1', ranges: ['0.0.0.0/0'] });
  const facts = (
    inbound: readonly NetworkRule[],
    outbound: readonly NetworkRule[] = [ANY],
    balancerGroups = ['sg-lb'],
  ) =>
    checkNetwork({
      tasks: { subnets: ['a'], securityGroups: ['sg-task'] },
      subnets: [
        { id: 'a', vpc: 'v', zone: 'z', freeAddresses: 9, ranges: ['10.0.0.0/24'] },
        { id: 'b', vpc: 'v', zone: 'z', freeAddresses: 9, ranges: ['10.0.1.0/24'] },
      ],
      groups: [
        { id: 'sg-task', vpc: 'v', inbound, outbound: [] },
        { id: 'sg-lb', vpc: 'v', inbound: [], outbound },
      ],
      ways: [
        {
          balancer: { name: 'shop', vpc: 'v', securityGroups: balancerGroups, subnets: ['b'] },
          ports: [8080, 8080],
        },
      ],
      need: { canary: 2, takeover: 2 },
    });
  const way = (...given: Parameters<typeof facts>) => levels(facts(...given).slice(1));

  test.each([
    ['by its group', [rule({ groups: ['sg-lb'] })], ['pass']],
    ['by its subnets', [rule({ ranges: ['10.0.1.0/24'] })], ['pass']],
    ['by everything', [ANY], ['pass']],
    ['not by another subnet', [rule({ ranges: ['10.0.0.0/24'] })], ['fail']],
    ['not by another protocol', [rule({ protocol: 'udp', ranges: ['0.0.0.0/0'] })], ['fail']],
    ['not by another port', [rule({ from: 80, to: 443, groups: ['sg-lb'] })], ['fail']],
    ['perhaps by a prefix list', [rule({ prefixLists: ['pl-1'] })], ['warn']],
    ['not without a rule', [], ['fail']],
  ] as const)('lets the load balancer in %s', (_, inbound, expected) => {
    expect(way(inbound)).toEqual(expected);
  });

  test('lets the load balancer out by the group or the subnets of the tasks', () => {
    expect(way([ANY], [rule({ groups: ['sg-task'] })])).toEqual(['pass']);
    expect(way([ANY], [rule({ ranges: ['10.0.0.0/16'] })])).toEqual(['pass']);
    expect(way([ANY], [rule({ groups: ['sg-other'] })])).toEqual(['fail']);
  });

  test('of a load balancer without groups is decided by its addresses', () => {
    expect(way([rule({ ranges: ['10.0.1.0/24'] })], [], [])).toEqual(['pass']);
  });

  test('of the default security group is not looked at', () => {
    const tasks = { subnets: ['a'], securityGroups: [] };
    const balancer = { name: 'shop', vpc: 'v', securityGroups: ['sg-lb'], subnets: ['a'] };
    const seen = checkNetwork({
      tasks,
      subnets: [{ id: 'a', vpc: 'v', zone: 'z', freeAddresses: 9, ranges: ['10.0.0.0/24'] }],
      groups: [{ id: 'sg-lb', vpc: 'v', inbound: [], outbound: [ANY] }],
      ways: [{ balancer, ports: [8080] }],
      need: { canary: 1, takeover: 1 },
    });
    expect(levels(seen)).toEqual(['pass', 'skip']);
  });

  test('of instances is not looked at, and what is denied is a warning', () => {
    const need = { canary: 1, takeover: 1 };
    expect(levels(checkNetwork({ tasks: undefined, subnets: [], groups: [], ways: [], need }))).toEqual([
      'skip',
    ]);
    const tasks = { subnets: ['a'], securityGroups: ['s'] };
    const denied = { tasks, subnets: DENIED, groups: DENIED, ways: DENIED, need };
    expect(levels(checkNetwork(denied))).toEqual(['warn', 'warn', 'warn']);
  });
});

describe('health checks', () => {
  const target = {
    enabled: true,
    protocol: 'HTTP',
    path: '/',
    intervalSeconds: 30,
    timeoutSeconds: 5,
    unhealthyThreshold: 2,
  };
  test.each([
    [{}, 'pass'],
    [{ intervalSeconds: 60 }, 'warn'],
    [{ enabled: false }, 'fail'],
    [{ intervalSeconds: 38, unhealthyThreshold: 3, timeoutSeconds: 6 }, 'pass'],
    [{ intervalSeconds: 38, unhealthyThreshold: 3, timeoutSeconds: 7 }, 'warn'],
  ])('with %j are a %s: two minutes is the limit', (change, expected) => {
    expect(levels(checkHealthChecks([], [{ name: 'web', healthCheck: { ...target, ...change } }]))).toEqual([
      expected,
    ]);
  });
});

describe('backups', () => {
  const backup = (at: number | undefined) =>
    checkBackups(
      [
        {
          kind: 'db-instance',
          id: 'orders',
          newest: { snapshot: at === undefined ? undefined : { id: 's', at, manual: true } },
        },
      ],
      HOUR,
      2 * HOUR,
    );
  test('are as young as was asked for', () => {
    expect(levels(backup(HOUR))).toEqual(['pass']);
    expect(levels(backup(HOUR - 1))).toEqual(['fail']);
    expect(levels(backup(undefined))).toEqual(['fail']);
    expect(levels(checkBackups([{ kind: 'db-cluster', id: 'x', newest: DENIED }], HOUR, 0))).toEqual([
      'warn',
    ]);
    expect(levels(checkBackups([], HOUR, 0))).toEqual(['skip']);
  });
});

describe('migrations', () => {
  const free = { lock: 'prod/web', known: true, unclear: undefined, held: undefined, last: undefined };
  const run = { holder: 'https://x', command: 'up', since: 0, at: 0 };
  test.each([
    ['none ever', { known: false }, ['skip']],
    ['a good one', { last: { ...run, outcome: 'migrated' } }, ['pass']],
    ['one that was undone', { last: { ...run, outcome: 'undone' } }, ['pass']],
    ['one that failed, which the next run may mend', { last: { ...run, outcome: 'failed' } }, ['warn']],
    ['one that broke off', { last: { ...run, outcome: 'unknown' } }, ['warn']],
    ['one under way', { held: { ...run, alive: true, own: false } }, ['fail']],
    ['one of a former attempt of this run', { held: { ...run, alive: true, own: true } }, ['warn']],
    ['one whose run is silent', { held: { ...run, alive: false, own: false } }, ['warn']],
    ['a log that nobody understands', { unclear: 'newer' }, ['warn']],
  ])('with %s', (_, change, expected) => {
    expect(levels(checkMigrations({ ...free, ...change }, HOUR))).toEqual(expected);
  });
});

test('a daemon is not asked to run twice on an instance', () => {
  const service = { name: 'agent', cluster: 'prod', controller: 'ECS', scheduling: 'DAEMON' };
  const facts = { enabled: true, rollback: true, maximumPercent: 100, minimumHealthyPercent: 0 };
  expect(levels(checkCircuitBreaker(service, facts))).toEqual(['pass']);
  expect(levels(checkCircuitBreaker({ ...service, scheduling: 'REPLICA' }, facts))).toEqual(['warn', 'warn']);
  const [off] = checkCircuitBreaker(service, { ...facts, enabled: false });
  expect(off?.fix).toMatch(/rollback=true}'$/);
});

describe('capacity', () => {
  const facts = {
    need: { canary: 4, takeover: 4 },
    cpuUnits: 1024,
    fargate: { spot: false, quota: { value: 10, used: 2 } },
    desired: 4,
    scaler: undefined,
    limits: [],
  } as const;
  test.each([
    ['that is enough', {}, ['pass']],
    [
      'that is enough for the canary alone',
      { fargate: { spot: false, quota: { value: 7, used: 2 } } },
      ['warn'],
    ],
    ['that is too little', { fargate: { spot: true, quota: { value: 5, used: 2 } } }, ['fail']],
    [
      'of which the use is not known',
      { fargate: { spot: false, quota: { value: 8, used: undefined } } },
      ['pass'],
    ],
    ['that may not be looked at', { fargate: { spot: false, quota: DENIED } }, ['warn']],
    ['of instances', { fargate: undefined }, ['skip']],
    ['with an autoscaler that can grow', { scaler: { max: 8 } }, ['pass', 'pass']],
    ['with an autoscaler at its end', { scaler: { max: 4 } }, ['pass', 'warn']],
  ])('%s', (_, change, expected) => {
    expect(levels(checkCapacity({ ...facts, ...change } as Parameters<typeof checkCapacity>[0]))).toEqual(
      expected,
    );
  });
});
