import fc from 'fast-check';
import type { ContainerDefinition, JsonObject, TaskDefinition } from '../../src/taskdef/definition.ts';

const ROLE = 'arn:aws:iam::123456789012:role/';
const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,14}$/);
const variable = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,11}$/);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const image = fc.oneof(
  fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8})?:[0-9]\.[0-9]{1,2}\.[0-9]$/),
  fc.stringMatching(/^123456789012\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/[a-z]{1,9}@sha256:[0-9a-f]{64}$/),
  fc.constant('registry.example.com:5000/team/app'),
);

const reference = fc.oneof(
  fc.stringMatching(/^arn:aws:secretsmanager:eu-west-1:123456789012:secret:[a-z]{1,9}-[A-Za-z0-9]{6}$/),
  fc.stringMatching(
    /^arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:[a-z]{1,9}:[a-z]{1,4}::$/,
  ),
  fc.stringMatching(/^arn:aws-cn:ssm:cn-north-1:123456789012:parameter\/[a-z]{1,9}\/[a-z]{1,9}$/),
  fc.stringMatching(/^\/?[a-z]{1,9}(\/[a-z]{1,9})?$/),
);

const awslogs = fc
  .record({ 'awslogs-group': name, 'awslogs-stream-prefix': name })
  .map((options) => ({ logDriver: 'awslogs', options: { ...options, 'awslogs-region': 'eu-west-1' } }));

const splunk = fc.record({
  logDriver: fc.constant('splunk'),
  options: fc.constant({ 'splunk-url': 'https://splunk.example.com' }),
  secretOptions: fc.tuple(fc.record({ name: fc.constant('splunk-token'), valueFrom: reference })),
});

const jsonFile = fc.constant({ logDriver: 'json-file', options: { 'max-size': '10m' } });

const healthCheck = fc.record(
  {
    command: fc.constantFrom(['CMD-SHELL', 'curl -f http://localhost/ || exit 1'], ['CMD', '/healthy']),
    interval: fc.integer({ min: 5, max: 300 }),
    timeout: fc.integer({ min: 2, max: 120 }),
    retries: fc.integer({ min: 1, max: 10 }),
    startPeriod: fc.integer({ min: 0, max: 300 }),
  },
  { requiredKeys: ['command'] },
);

/** What a container may have anywhere. */
const anywhere = {
  command: maybe(fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { maxLength: 3 })),
  entryPoint: maybe(fc.constant(['/entry'])),
  workingDirectory: maybe(fc.constant('/app')),
  user: maybe(fc.constantFrom('1000:1000', 'nobody')),
  environment: maybe(
    fc.uniqueArray(
      fc.record({
        // AWS refuses a name that stands among the secrets too.
        name: variable.map((word) => `V_${word}`),
        value: fc.string({ unit: 'grapheme', maxLength: 12 }),
      }),
      { selector: (entry) => entry.name, maxLength: 5 },
    ),
  ),
  secrets: maybe(
    fc.uniqueArray(fc.record({ name: variable.map((word) => `S_${word}`), valueFrom: reference }), {
      selector: (entry) => entry.name,
      maxLength: 3,
    }),
  ),
  healthCheck: maybe(healthCheck),
  dockerLabels: maybe(fc.dictionary(name, fc.string({ maxLength: 5 }), { maxKeys: 3 })),
  readonlyRootFilesystem: maybe(fc.boolean()),
  interactive: maybe(fc.boolean()),
  stopTimeout: maybe(fc.integer({ min: 2, max: 120 })),
  restartPolicy: maybe(
    fc.record(
      {
        enabled: fc.boolean(),
        ignoredExitCodes: fc.uniqueArray(fc.nat(255), { maxLength: 4 }),
        restartAttemptPeriod: fc.integer({ min: 60, max: 1800 }),
      },
      { requiredKeys: ['enabled'] },
    ),
  ),
  ulimits: maybe(
    fc.constantFrom(
      [{ name: 'nofile', softLimit: 1024, hardLimit: 65_535 }],
      [{ name: 'memlock', softLimit: -1, hardLimit: -1 }],
    ),
  ),
  systemControls: maybe(fc.constant([{ namespace: 'net.core.somaxconn', value: '1024' }])),
  versionConsistency: maybe(fc.constantFrom('enabled', 'disabled')),
};

/** What only EC2 has. */
const onHosts = {
  privileged: maybe(fc.boolean()),
  dnsServers: maybe(fc.constant(['10.0.0.2'])),
  dockerSecurityOptions: maybe(fc.constant(['no-new-privileges'])),
  linuxParameters: maybe(
    fc.constantFrom<JsonObject>(
      { initProcessEnabled: true, sharedMemorySize: 64 },
      { capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] }, maxSwap: 128, swappiness: 10 },
      { devices: [{ hostPath: '/dev/fuse' }], tmpfs: [{ containerPath: '/run', size: 64 }] },
    ),
  ),
};

const onFargate = {
  linuxParameters: maybe(
    fc.constantFrom<JsonObject>({ initProcessEnabled: true }, { capabilities: { add: ['SYS_PTRACE'] } }),
  ),
};

/** Choices that have to agree with those of other containers. */
const relations = fc.record({
  ports: fc.array(fc.constantFrom('tcp', 'udp', undefined), { maxLength: 3 }),
  sameHostPort: fc.boolean(),
  mounts: fc.boolean(),
  essential: maybe(fc.boolean()),
  waits: fc.boolean(),
  sized: fc.boolean(),
});

const SIZES = [
  ['256', '512'],
  ['.5 vCPU', '1 GB'],
  ['1024', '3072'],
  ['2 vCPU', '16 GB'],
  ['4096', '30720'],
  ['8192', '61440'],
  ['16384', '32768'],
] as const;

const VOLUMES: readonly JsonObject[] = [
  { name: 'scratch' },
  { name: 'empty', host: {} },
  { name: 'shared', efsVolumeConfiguration: { fileSystemId: 'fs-12345678', rootDirectory: '/data' } },
  {
    name: 'point',
    efsVolumeConfiguration: {
      fileSystemId: 'fs-12345678',
      transitEncryption: 'ENABLED',
      authorizationConfig: { accessPointId: 'fsap-0123456789abcdef0' },
    },
  },
];

const HOST_VOLUMES: readonly JsonObject[] = [
  { name: 'logs', host: { sourcePath: '/var/log' } },
  { name: 'docker', dockerVolumeConfiguration: { scope: 'task', driver: 'local' } },
];

/** Whole task definitions as teams write them, which AWS takes: for Fargate, for EC2 or for both. */
export const plausibleDefinition: fc.Arbitrary<TaskDefinition> = fc
  .record({ fargate: fc.boolean(), count: fc.integer({ min: 1, max: 4 }) })
  .chain(({ fargate, count }) =>
    fc.record({
      fargate: fc.constant(fargate),
      family: name,
      both: fc.boolean(),
      mode: fargate ? fc.constant('awsvpc') : fc.constantFrom(undefined, 'bridge', 'host', 'awsvpc', 'none'),
      size: fargate ? fc.constantFrom(...SIZES) : maybe(fc.constantFrom(...SIZES)),
      volumes: fc.subarray(fargate ? [...VOLUMES] : [...VOLUMES, ...HOST_VOLUMES]),
      tags: maybe(
        fc.uniqueArray(fc.record({ key: variable, value: name }), {
          selector: (tag) => tag.key,
          minLength: 1,
          maxLength: 3,
        }),
      ),
      taskRoleArn: fc.constantFrom(undefined, `${ROLE}app`, 'app'),
      runtimePlatform: maybe(
        fc.record({
          cpuArchitecture: fc.constantFrom('X86_64', 'ARM64'),
          operatingSystemFamily: fc.constant('LINUX'),
        }),
      ),
      ephemeralStorage: fargate
        ? maybe(fc.record({ sizeInGiB: fc.integer({ min: 21, max: 200 }) }))
        : fc.constant(undefined),
      names: fc.uniqueArray(name, { minLength: count, maxLength: count }),
      containers: fc.array(
        fc.record({
          relations,
          image,
          fields: fc.record({
            ...anywhere,
            ...(fargate ? onFargate : onHosts),
            logConfiguration: maybe(
              fargate ? fc.oneof(awslogs, splunk) : fc.oneof(awslogs, splunk, jsonFile),
            ),
          }),
        }),
        { minLength: count, maxLength: count },
      ),
    }),
  )
  .map(({ fargate, both, mode, size, names, containers, ...rest }) => {
    const { volumes } = rest;
    const definitions: ContainerDefinition[] = containers.map((container, index) => {
      const { ports, sameHostPort, mounts, essential, waits, sized } = container.relations;
      const previous = containers[index - 1];
      const previousEssential = index - 1 === 0 || previous?.relations.essential !== false;
      const portMappings = ports.map((protocol, at) => {
        const containerPort = 1000 + index * 100 + at;
        return {
          containerPort,
          ...(sameHostPort && { hostPort: containerPort }),
          ...(protocol && { protocol }),
        };
      });
      const condition = previous?.fields.healthCheck ? 'HEALTHY' : previousEssential ? 'START' : 'SUCCESS';
      return given({
        name: names[index] ?? '',
        image: container.image,
        ...container.fields,
        essential: index === 0 ? undefined : essential,
        portMappings: mode === 'none' || ports.length === 0 ? undefined : portMappings,
        ...(size ? sized && { cpu: 32, memoryReservation: 64, memory: 256 } : { memory: 256, cpu: 10 }),
        mountPoints: mounts
          ? volumes.map((volume) => ({
              sourceVolume: volume['name'],
              containerPath: `/mnt/${volume['name']}`,
            }))
          : undefined,
        dependsOn: waits && index > 0 ? [{ containerName: names[index - 1], condition }] : undefined,
      }) as ContainerDefinition;
    });
    const compatibilities = fargate ? (both ? ['EC2', 'FARGATE'] : ['FARGATE']) : both ? ['EC2'] : undefined;
    return given({
      ...rest,
      networkMode: mode,
      requiresCompatibilities: compatibilities,
      cpu: size?.[0],
      memory: size?.[1],
      executionRoleArn: `${ROLE}service-role/execution`,
      volumes: volumes.length > 0 ? volumes : undefined,
      containerDefinitions: definitions,
    }) as TaskDefinition;
  });

const given = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
