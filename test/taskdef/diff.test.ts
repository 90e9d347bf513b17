import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeDifference, differenceMarkdown } from '../../src/report/definition-diff.ts';
import type { JsonObject, TaskDefinition } from '../../src/taskdef/definition.ts';
import { type DiffOptions, diff } from '../../src/taskdef/diff.ts';
import { sameDefinition } from '../../src/taskdef/equal.ts';
import { anyDefinition, reordered, WEB } from './definitions.ts';

const one = (container: JsonObject, rest: JsonObject = {}): TaskDefinition => ({
  family: 'web',
  networkMode: 'awsvpc',
  ...rest,
  containerDefinitions: [{ ...container, name: 'app' }],
});

/** The difference as the log has it. */
const lines = (from: TaskDefinition, to: TaskDefinition, options?: DiffOptions) =>
  describeDifference(diff(from, to, options));

const nothingTold = ({ task, containers }: ReturnType<typeof diff>): boolean =>
  task.length === 0 && containers.length === 0;

describe('diff', () => {
  it('says that something changed exactly where AWS would see another definition, and what', () => {
    fc.assert(
      fc.property(anyDefinition, anyDefinition, (from, to) => {
        const difference = diff(from, to);
        expect(difference.changed).toBe(!sameDefinition(from, to));
        expect(nothingTold(difference)).toBe(!difference.changed);
      }),
    );
  });

  it('tells one changed field of a definition that is otherwise the same', () => {
    const pair = anyDefinition.chain((from) => fc.tuple(fc.constant(from), reordered(from)));
    fc.assert(
      fc.property(pair, fc.constantFrom('user', 'workingDirectory', 'future'), ([from, other], field) => {
        const [first, ...others] = other.containerDefinitions;
        if (!first) throw new Error('a definition has a container');
        const to = { ...other, containerDefinitions: [{ ...first, [field]: 'x' }, ...others] };
        expect(lines(from, other)).toEqual([]);
        expect(lines(from, to)).toEqual([
          field === 'future' ? `${first.name}: future added (not shown)` : `${first.name}: ${field} added: x`,
        ]);
      }),
    );
  });

  it('never holds a value that may be a secret, unless it is asked for', () => {
    const secret = 'hunter2';
    const from = one({ image: 'web:1' });
    const to = one(
      {
        image: 'web:1',
        environment: [{ name: 'A', value: secret }],
        secrets: [{ name: 'B', valueFrom: `arn:${secret}` }],
        command: ['run', secret],
        entryPoint: [secret],
        healthCheck: { command: ['CMD-SHELL', `curl -u ${secret} localhost`] },
        dockerLabels: { auth: secret },
        logConfiguration: {
          logDriver: 'splunk',
          options: { 'splunk-token': secret },
          secretOptions: [{ name: 'x', valueFrom: secret }],
        },
        firelensConfiguration: { type: 'fluentbit', options: { password: secret } },
        repositoryCredentials: { credentialsParameter: secret },
        credentialSpecs: [`credentialspec:${secret}`],
        dockerSecurityOptions: [`credentialspec:${secret}`],
        future: secret,
      },
      {
        volumes: [
          { name: 'v', dockerVolumeConfiguration: { driver: 'cifs', driverOpts: { o: secret } } },
          {
            name: 'fsx',
            fsxWindowsFileServerVolumeConfiguration: {
              fileSystemId: 'fs-1',
              authorizationConfig: { credentialsParameter: secret, domain: 'd' },
            },
          },
        ],
        tags: [{ key: 'token', value: secret }],
        proxyConfiguration: { containerName: 'app', properties: [{ name: 'P', value: secret }] },
        future: { deep: [secret] },
      },
    );
    for (const [left, right] of [
      [from, to],
      [to, from],
      [one({}, { containerDefinitions: [] }), to],
    ] as const) {
      expect(JSON.stringify(diff(left, right))).not.toContain(secret);
    }
    const told = diff(from, to, { showValues: true });
    expect(describeDifference(told)).toContain('app: variable A added: "hunter2"');
    expect(describeDifference(told)).toContain('app: command added: ["run","hunter2"]');
    const ofReferences = told.containers[0]?.fields.filter(({ path }) =>
      /repositoryCredentials|secretOptions/.test(path),
    );
    expect(JSON.stringify(ofReferences)).not.toContain(secret);
    const fsx = told.task.filter(({ path }) => path.startsWith('volumes.fsx'));
    expect(fsx).not.toEqual([]);
    expect(JSON.stringify(fsx)).not.toContain(secret);
    expect(JSON.stringify(told.containers[0]?.variables)).not.toContain(`arn:${secret}`);
  });

  it('tells images, variables and secrets by their names', () => {
    const to: TaskDefinition = {
      ...WEB,
      containerDefinitions: [
        {
          ...WEB.containerDefinitions[0],
          name: 'app',
          image: 'web:2',
          environment: [
            { name: 'LOG_LEVEL', value: 'debug' },
            { name: 'DB_PASSWORD', value: 'local' },
            { name: 'NEW', value: 'x' },
          ],
          secrets: [],
        },
      ],
    };
    expect(lines(WEB, to)).toEqual([
      'app: image 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1 -> web:2',
      'app: variable DB_PASSWORD takes the place of the secret of that name',
      'app: variable LOG_LEVEL changed',
      'app: variable NEW added',
      'app: variable PORT removed',
      'proxy: container removed',
    ]);
    expect(lines(WEB, to, { showValues: true }).slice(1, 5)).toEqual([
      'app: variable DB_PASSWORD takes the place of the secret of that name ("local")',
      'app: variable LOG_LEVEL "info" -> "debug"',
      'app: variable NEW added: "x"',
      'app: variable PORT removed, was "8080"',
    ]);
    expect(lines(to, WEB)[1]).toBe(
      'app: secret DB_PASSWORD takes the place of the plain variable of that name',
    );
  });

  it('tells of an added container what it has beyond the defaults', () => {
    const to = {
      ...WEB,
      containerDefinitions: [
        ...WEB.containerDefinitions,
        { name: 'log', image: 'log:1', cpu: 64, essential: true },
      ],
    };
    expect(lines(WEB, to)).toEqual(['log: container added', 'log: image added: log:1', 'log: cpu 0 -> 64']);
  });

  it.each<[string, JsonObject, JsonObject, string]>([
    ['cpu', { cpu: '256' }, { cpu: '1 vCPU' }, 'task: cpu 256 -> 1024'],
    [
      'tags',
      { tags: [{ key: 'a', value: '1' }] },
      { tags: [{ key: 'a', value: '2' }] },
      'task: tags.a changed (not shown)',
    ],
    ['a new tag', {}, { tags: [{ key: 'a', value: '1' }] }, 'task: tags.a added (not shown)'],
    ['a role', { taskRoleArn: 'a' }, { taskRoleArn: 'b' }, 'task: taskRoleArn a -> b'],
    [
      'the platform',
      { requiresCompatibilities: ['FARGATE'] },
      { requiresCompatibilities: ['FARGATE'], runtimePlatform: { cpuArchitecture: 'ARM64' } },
      'task: runtimePlatform.cpuArchitecture X86_64 -> ARM64',
    ],
    [
      'a volume',
      { volumes: [{ name: 'v', efsVolumeConfiguration: { fileSystemId: 'fs-1' } }] },
      { volumes: [{ name: 'v', efsVolumeConfiguration: { fileSystemId: 'fs-2' } }] },
      'task: volumes.v.efsVolumeConfiguration.fileSystemId fs-1 -> fs-2',
    ],
  ])('tells %s of the task', (_what, from, to, line) => {
    expect(lines(one({}, from), one({}, to))).toEqual([line]);
  });

  it.each<[string, JsonObject, JsonObject, readonly string[]]>([
    [
      'ports by number and protocol',
      { portMappings: [{ containerPort: 80 }] },
      {
        portMappings: [
          { containerPort: 80, name: 'web' },
          { containerPort: 53, protocol: 'udp' },
        ],
      },
      [
        'app: portMappings.53/udp added: {"containerPort":53,"hostPort":53,"protocol":"udp"}',
        'app: portMappings.80/tcp.name added: web',
      ],
    ],
    [
      'a health check, but for its command',
      { healthCheck: { command: ['CMD', 'a'], interval: 10 } },
      { healthCheck: { command: ['CMD', 'b'] } },
      ['app: healthCheck.command changed (not shown)', 'app: healthCheck.interval 10 -> 30'],
    ],
    [
      'logging',
      { logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'a', other: '1' } } },
      { logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'b', other: '2' } } },
      [
        'app: logConfiguration.options.awslogs-group a -> b',
        'app: logConfiguration.options.other changed (not shown)',
      ],
    ],
    [
      'the order of a list where it matters',
      { environmentFiles: [{ value: 'a' }, { value: 'b' }] },
      { environmentFiles: [{ value: 'b' }, { value: 'a' }] },
      ['app: environmentFiles [{"value":"a"},{"value":"b"}] -> [{"value":"b"},{"value":"a"}]'],
    ],
  ])('tells %s', (_what, from, to, expected) => {
    expect(lines(one(from), one(to))).toEqual(expected);
  });
});

describe('a difference as text', () => {
  const hostile = 'a`b``\n::error::c <img src=x> [x](y) @team | #1';
  const difference = diff(one({ image: 'web:1' }), one({ image: hostile }));

  it('is a Markdown list in which texts of others stay in code spans', () => {
    expect(differenceMarkdown(difference)).toBe(
      '- Container `app`\n  - image `web:1` -> ```a`b`` ::error::c <img src=x> [x](y) @team | #1```',
    );
  });

  it('stays on its line in the log, where a line end could start a command to the runner', () => {
    expect(describeDifference(difference)).toEqual([
      'app: image web:1 -> a`b`` ::error::c <img src=x> [x](y) @team | #1',
    ]);
  });

  it('cuts what is too long to read', () => {
    const [line] = lines(one({ image: 'web:1' }), one({ image: 'x'.repeat(1000) }));
    expect(line).toBe(`app: image web:1 -> ${'x'.repeat(300)}...`);
  });

  it('says it when nothing changes', () => {
    expect(differenceMarkdown(diff(WEB, WEB))).toBe('Nothing changes.');
    expect(describeDifference(diff(WEB, WEB))).toEqual([]);
  });
});
